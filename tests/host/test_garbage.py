"""Garbage is looked for in quiet moments, and found."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from weakref import ref

import pytest

from emulators.host.garbage import Garbage
from emulators.host.host import Host
from tests.until import until


class Circle:
    """Refers to itself, so that only a look finds it."""

    def __init__(self) -> None:
        self.itself = self


class Meter:
    """A second passes at each look; how much of it was work is up to the test."""

    def __init__(self) -> None:
        self.work = self.seconds = 0.0

    def worked(self) -> float:
        return self.work

    def now(self) -> float:
        self.seconds += 1.0
        return self.seconds


@pytest.fixture
def meter() -> Meter:
    return Meter()


@pytest.fixture
def garbage(meter: Meter) -> Iterator[Garbage]:
    """Without its thread; Python's own looking is off."""
    gc.collect()
    gc.disable()
    yield Garbage(meter.worked, meter.now)
    gc.enable()


def test_it_waits_until_little_happens(garbage: Garbage, meter: Meter) -> None:
    lost = ref(Circle())
    made = [[one] for one in range(20_000)]
    meter.work += 0.5
    assert not garbage.look()
    assert lost() is not None
    meter.work += 0.05
    assert garbage.look()
    assert lost() is None
    assert len(made) == 20_000


def test_a_few_objects_are_not_worth_a_look(garbage: Garbage) -> None:
    lost = ref(Circle())
    assert (garbage.look(), garbage.look()) == (False, False)
    assert lost() is not None


def test_a_world_that_was_dropped_is_found_though_it_has_outlived_looks(garbage: Garbage) -> None:
    host = Host()
    world = ref(host.create("main").world)
    host.on_drop(lambda _: garbage.dropped())
    gc.collect()
    host.drop("main")
    assert garbage.look()
    assert world() is None


def test_many_worlds_dropped_are_not_kept_for_want_of_a_quiet_moment(garbage: Garbage, meter: Meter) -> None:
    for look in (False,) * 99 + (True,):
        meter.work += 10.0
        garbage.dropped()
        assert garbage.look() is look


def test_a_thread_looks_by_itself_and_everything_is_as_before_in_the_end() -> None:
    before = gc.get_threshold()
    garbage = Garbage()
    garbage.start()
    try:
        assert gc.get_threshold() > before
        lost = ref(Circle())
        garbage.dropped()
        until(lambda: lost() is None)
    finally:
        garbage.stop()
    assert (gc.get_threshold(), gc.get_freeze_count()) == (before, 0)
