"""When a process that serves worlds looks for garbage: in moments in which little happens.

Python looks after each 700 objects made, in the midst of whatever is going on. But what is made here is a journal and
messages, which are kept for as long as their world is: looking through them takes a fifth of the time of an SMS and
finds nothing. What is to be found are circles: a connection that has ended, a world that was dropped.
"""

from __future__ import annotations

import gc
import time
from collections.abc import Callable
from threading import Event, Thread

_EVERY = 0.25  # seconds of real time between two looks, or more:
_SHARE = 20  # so many times as long as the last one took
_LITTLE = 0.1  # of the time between two looks this process has worked: then little happens
_ENOUGH = 10_000  # objects kept since the last look that are worth one
_TOO_MANY = 200_000  # then it is time whatever happens; the pause is about a tenth of a second
_OLD = 1_000_000  # objects that have outlived a look: then all are looked at; the pause is about a second
_DROPS = 100  # worlds dropped: then too, whatever happens
_NEVER = 1_000_000


class Garbage:
    """Between `start` and `stop` a thread takes a `look` now and then. What was there at the start is left alone.

    `worked` tells the seconds of processor time that this process has taken, `now` those of the clock.
    """

    def __init__(
        self, worked: Callable[[], float] = time.process_time, now: Callable[[], float] = time.perf_counter
    ) -> None:
        self._worked, self._now = worked, now
        self._before = worked(), now()
        self._outlived = 0
        self._drops = 0
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

    def dropped(self) -> None:
        """A world was dropped: the next look is at everything."""
        self._drops += 1

    def look(self) -> bool:
        """Look for garbage if little has happened since the last time; returns whether it did."""
        (worked, now), (worked_before, before) = (self._worked(), self._now()), self._before
        self._before = worked, now
        if worked - worked_before > _LITTLE * (now - before) and self._drops < _DROPS:
            return False
        young = gc.get_count()[0]
        if self._drops or self._outlived > _OLD:
            self._drops = self._outlived = 0
            gc.collect()
        elif young > _ENOUGH:
            self._outlived += young
            gc.collect(1)
        else:
            return False
        self._before = self._worked(), self._now()  # to look is work too
        return True

    def _look_now_and_then(self) -> None:
        pause = _EVERY
        while not self._ended.wait(pause):
            began = time.perf_counter()
            self.look()
            pause = max(_EVERY, _SHARE * (time.perf_counter() - began))
