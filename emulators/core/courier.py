"""A thread that makes calls to the outside where the thread at hand must not wait: that of an event loop.

It lives while there is something to do and a little longer, so worlds that are let go of leave no thread behind.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from contextlib import AbstractContextManager, ExitStack
from contextvars import ContextVar
from threading import Condition, Thread
from typing import Any, TypeVar

T = TypeVar("T")

_LINGER = 1.0  # seconds of real time that the thread waits for more, keeping its connections

_log = logging.getLogger(__name__)
_bag: ContextVar[Bag | None] = ContextVar("bag", default=None)


class Bag:
    """What a courier keeps from one errand to the next, such as open connections. Closed when its thread ends."""

    def __init__(self) -> None:
        self._kept: dict[str, Any] = {}
        self._closing = ExitStack()

    def keep(self, name: str, make: Callable[[], AbstractContextManager[T]]) -> T:
        """What `make` made when it was first asked for under that name."""
        if name not in self._kept:
            self._kept[name] = self._closing.enter_context(make())
        kept: T = self._kept[name]
        return kept

    def close(self) -> None:
        self._closing.close()


def bag_at_hand() -> Bag | None:
    """The bag of the courier on whose thread this is called; `None` on any other thread."""
    return _bag.get()


def must_not_wait() -> bool:
    """Whether this is the thread of an event loop that is running: who waits here stalls everyone on it."""
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return False
    return True


class Courier:
    """Does `work` on a thread of its own each time it is woken. What `work` raises is logged, and it goes on."""

    def __init__(self, work: Callable[[], object]) -> None:
        self._work = work
        self._woken = False
        self._news = Condition()
        self._thread: Thread | None = None

    def wake(self) -> None:
        """Returns at once. Woken while it works, it works once more."""
        with self._news:
            self._woken = True
            if self._thread is None:
                self._thread = Thread(target=self._run, name="courier", daemon=True)
                self._thread.start()
            else:
                self._news.notify()

    def _run(self) -> None:
        bag = Bag()
        _bag.set(bag)  # a thread has a context of its own
        try:
            while self._has_more():
                try:
                    self._work()
                except Exception:
                    _log.exception("an errand failed")
                    self.wake()  # for those behind it
        finally:
            bag.close()

    def _has_more(self) -> bool:
        with self._news:
            if not self._woken:
                self._news.wait(_LINGER)
            if not self._woken:
                self._thread = None
                return False
            self._woken = False
            return True
