import asyncio
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from queue import Queue
from threading import current_thread

import pytest

from emulators.core.courier import Courier, bag_at_hand, must_not_wait

PATIENCE = 10.0  # seconds until a thread that never reports counts as stuck


def test_the_work_is_done_on_another_thread_each_time_it_is_asked_for() -> None:
    seen = Queue[str]()
    courier = Courier(lambda: seen.put(current_thread().name))
    for _ in range(3):
        courier.wake()
        assert seen.get(timeout=PATIENCE) == "courier"


def test_work_that_fails_is_logged_and_what_is_behind_it_gets_done(caplog: pytest.LogCaptureFixture) -> None:
    errands, done = [1, 2, 3], Queue[int]()

    def work() -> None:
        while errands:
            errand = errands.pop(0)
            if errand == 2:
                raise LookupError("nobody lives there")
            done.put(errand)

    with caplog.at_level(logging.ERROR):
        Courier(work).wake()
        assert [done.get(timeout=PATIENCE), done.get(timeout=PATIENCE)] == [1, 3]
    assert "nobody lives there" in caplog.text


def test_only_a_courier_has_a_bag_and_it_is_closed_when_the_courier_goes_home() -> None:
    told = Queue[str]()

    @contextmanager
    def connection() -> Iterator[str]:
        told.put("opened")
        yield "line"
        told.put("closed")

    def work() -> None:
        bag = bag_at_hand()
        assert bag is not None
        told.put(bag.keep("line", connection))
        told.put(bag.keep("line", connection))

    assert bag_at_hand() is None
    Courier(work).wake()
    assert [told.get(timeout=PATIENCE) for _ in range(4)] == ["opened", "line", "line", "closed"]


def test_who_must_not_wait_is_the_thread_of_a_running_loop() -> None:
    async def ask() -> bool:
        return must_not_wait()

    assert (must_not_wait(), asyncio.run(ask())) == (False, True)
