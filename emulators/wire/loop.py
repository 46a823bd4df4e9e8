"""One asyncio loop on a thread of its own, for all doors of a world."""

from __future__ import annotations

import asyncio
import warnings
from collections.abc import Coroutine
from threading import Lock, Thread, current_thread
from types import TracebackType
from typing import Any, TypeVar

T = TypeVar("T")


class BackgroundLoop:
    """Runs coroutines for synchronous callers. It starts by itself at the first `run`.

    `start` and `stop` may be called in any order and any number of times; a stopped loop can start again.
    Close the doors that were opened on it before stopping it: `stop` cancels whatever still runs, and closes what
    still listens with a `ResourceWarning`.
    """

    def __init__(self, name: str = "doors") -> None:
        self.name = name
        self._guard = Lock()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: Thread | None = None

    def start(self) -> None:
        self._started()

    def run(self, coroutine: Coroutine[Any, Any, T]) -> T:
        """Run `coroutine` on the loop, wait for it and return its result or raise what it raises.

        Raises `RuntimeError` when called on the loop's own thread, which would wait for itself.
        """
        if current_thread() is self._thread:
            coroutine.close()
            raise RuntimeError(f"the loop '{self.name}' cannot wait for itself; await instead")
        return asyncio.run_coroutine_threadsafe(coroutine, self._started()).result()

    def stop(self) -> None:
        with self._guard:
            loop, thread, self._loop, self._thread = self._loop, self._thread, None, None
        if loop is None or thread is None:
            return
        asyncio.run_coroutine_threadsafe(_cancel_the_rest(), loop).result()
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        self._close(loop)

    def _close(self, loop: asyncio.AbstractEventLoop) -> None:
        """Close `loop`, and only then warn of what it had to close itself.

        A warning that is made an error would end uvloop's closing half way, and it would wait for the rest for ever.
        """
        with warnings.catch_warnings(record=True) as unclosed:
            warnings.simplefilter("always", ResourceWarning)
            loop.close()
        for told in unclosed:
            text = f"the loop '{self.name}' was stopped before what is on it was closed: {told.message}"
            warnings.warn(text, told.category, stacklevel=3)

    def __enter__(self) -> BackgroundLoop:
        self.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.stop()

    def _started(self) -> asyncio.AbstractEventLoop:
        with self._guard:
            if self._loop is None:
                self._loop = _new_event_loop()
                self._thread = Thread(target=self._loop.run_forever, name=self.name, daemon=True)
                self._thread.start()
            return self._loop


def _new_event_loop() -> asyncio.AbstractEventLoop:
    """uvloop's where there is one: it is twice as fast. Loaded late, for worlds without doors do not need it."""
    try:
        import uvloop
    except ImportError:  # Windows
        return asyncio.new_event_loop()
    return uvloop.new_event_loop()


async def _cancel_the_rest() -> None:
    rest = asyncio.all_tasks() - {asyncio.current_task()}
    for task in rest:
        task.cancel()
    await asyncio.gather(*rest, return_exceptions=True)
    await asyncio.get_running_loop().shutdown_asyncgens()
