"""Work that may wait long, for a lock or for somebody outside, on a thread of its own beside the control loop.

The framework's own threads are few and shared by all who call: one who waits there makes others wait.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import Future
from threading import Thread
from typing import TypeVar

T = TypeVar("T")


def apart(work: Callable[[], T]) -> asyncio.Future[T]:
    """Begin `work`, for a coroutine to wait for what it returns or raises. It goes on if nobody waits any more."""
    done: Future[T] = Future()
    done.set_running_or_notify_cancel()  # whoever stops to wait leaves it as it is

    def run() -> None:
        try:
            result = work()
        except BaseException as error:
            done.set_exception(error)
        else:
            done.set_result(result)

    told = asyncio.wrap_future(done)
    Thread(target=run, name="apart", daemon=True).start()
    return told
