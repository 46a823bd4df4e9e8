"""Garbage is looked for in quiet moments, and found."""

from __future__ import annotations

import gc
import time
from collections.abc import Iterator
from weakref import ref

import pytest

from emulators.host.garbage import Garbage
from emulators.host.host import Host


class Circle:
    """Refers to itself, so that only a look finds it."""

    def __init__(self) -> None:
        self.itself = self


@pytest.fixture
def garbage() -> Iterator[Garbage]:
    """Without its thread; Python's own looking is off."""
    gc.collect()
    gc.disable()
    yield Garbage()
    gc.enable()


def test_it_waits_until_little_happens(garbage: Garbage) -> None:
    lost = ref(Circle())
    made = [[one] for one in range(20_000)]
    assert not garbage.look()
    assert lost() is not None
    assert garbage.look()
    assert lost() is None
    assert len(made) == 20_000


def test_a_few_objects_are_not_worth_a_look(garbage: Garbage) -> None:
    lost = ref(Circle())
    assert (garbage.look(), garbage.look()) == (False, False)
    assert lost() is not None


def test_what_has_outlived_a_look_is_found_once_much_is_expected(garbage: Garbage) -> None:
    host = Host()
    world = ref(host.create("main").world)
    host.on_drop(lambda _: garbage.expect_much())
    gc.collect()
    host.drop("main")
    garbage.look()
    garbage.look()
    assert world() is None


def test_a_thread_looks_by_itself_and_everything_is_as_before_in_the_end() -> None:
    before = gc.get_threshold()
    garbage = Garbage()
    garbage.start()
    try:
        assert gc.get_threshold() > before
        lost = ref(Circle())
        garbage.expect_much()
        ended = time.monotonic() + 10
        while lost() is not None and time.monotonic() < ended:
            time.sleep(0.01)
        assert lost() is None
    finally:
        garbage.stop()
    assert (gc.get_threshold(), gc.get_freeze_count()) == (before, 0)
