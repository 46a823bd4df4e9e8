"""When a process that serves worlds looks for garbage: in moments in which little happens.

Python looks after each 700 objects made, in the midst of whatever is going on. But what is made here is a journal and
messages, which are kept for as long as their world is: looking through them takes a fifth of the time of an SMS and
finds nothing. What is to be found are circles: a connection that has ended, a world that was dropped.
"""

from __future__ import annotations

import gc
import time
from threading import Event, Thread

_EVERY = 0.25  # seconds of real time between two looks, or more:
_SHARE = 20  # so many times as long as the last one took
_FEW = 1_000  # objects made meanwhile, no more: little happens
_ENOUGH = 10_000  # objects made since the last look that are worth one
_TOO_MANY = 200_000  # then it is time whatever happens; the pause is about a tenth of a second
_OLD = 1_000_000  # objects that have outlived a look: then all are looked at
_NEVER = 1_000_000


class Garbage:
    """Between `start` and `stop` a thread takes a `look` now and then. What was there at the start is left alone."""

    def __init__(self) -> None:
        self._seen = 0
        self._outlived = 0
        self._expects_much = False
        self._ended = Event()
        self._thresholds = gc.get_threshold()

    def start(self) -> None:
        gc.collect()
        gc.freeze()
        gc.set_threshold(_TOO_MANY, _NEVER, _NEVER)
        Thread(target=self._look_now_and_then, name="garbage", daemon=True).start()

    def stop(self) -> None:
        """As it was before."""
        self._ended.set()
        gc.set_threshold(*self._thresholds)
        gc.unfreeze()

    def expect_much(self) -> None:
        """A world was dropped: the next look is at everything."""
        self._expects_much = True

    def look(self) -> bool:
        """Look for garbage if little has happened since the last time; returns whether it did."""
        young = gc.get_count()[0]
        made, self._seen = young - self._seen, young
        if made > _FEW or not (self._expects_much or young > _ENOUGH):
            return False
        if self._expects_much or self._outlived > _OLD:
            self._expects_much, self._outlived = False, 0
            gc.collect()
        else:
            self._outlived += young
            gc.collect(1)
        self._seen = gc.get_count()[0]
        return True

    def _look_now_and_then(self) -> None:
        pause = _EVERY
        while not self._ended.wait(pause):
            began = time.perf_counter()
            self.look()
            pause = max(_EVERY, _SHARE * (time.perf_counter() - began))
