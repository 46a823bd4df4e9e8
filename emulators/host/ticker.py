"""Moves the worlds whose time runs by itself: each at its next due moment, none oftener than need be."""

from __future__ import annotations

import asyncio
import logging
from weakref import WeakSet

from .host import Host
from .hosted import Hosted

LONGEST = 1.0
"""Real seconds after which a running world is looked at even if nothing is due: its clock is never staler than that."""
SHORTEST = 0.001
"""Real seconds between two looks, however much is due: doors share the loop."""

_log = logging.getLogger(__name__)


class Ticker:
    """`step` is the deed, without time or loop; between `start` and `stop` a loop repeats it."""

    def __init__(self, host: Host) -> None:
        self._host = host
        self._loop: asyncio.AbstractEventLoop | None = None
        self._next: asyncio.TimerHandle | None = None
        self._nudged = False
        self._troubled: WeakSet[Hosted] = WeakSet()
        host.on_change(self._nudge)

    def step(self) -> float | None:
        """Move every running world on to what its pace has made.

        Returns real seconds until the next one has something due, at most `LONGEST`; `None` if no world runs.
        """
        waits = []
        for hosted in self._host:
            if not hosted.rate:
                continue
            due = self._step(hosted)
            waits.append(LONGEST if due is None else min(max(due, SHORTEST), LONGEST))
        return min(waits, default=None)

    def _step(self, hosted: Hosted) -> float | None:
        """Move one world on; its trouble is told in the log, once until it is over, and is not that of the others."""
        try:
            hosted.tick()
            due = hosted.due_in()
        except Exception:
            if hosted not in self._troubled:
                _log.exception("the world '%s' failed while its time ran", hosted.name)
            self._troubled.add(hosted)
            return None
        self._troubled.discard(hosted)
        return due

    async def start(self) -> None:
        """Go on by itself on the loop that runs this."""
        self._loop = asyncio.get_running_loop()
        self._turn()

    async def stop(self) -> None:
        """Rest, until started again."""
        self._loop = None
        if self._next is not None:
            self._next.cancel()

    def _turn(self) -> None:
        self._nudged = False
        if self._next is not None:
            self._next.cancel()
            self._next = None
        if self._loop is not None and (pause := self.step()) is not None:
            self._next = self._loop.call_later(pause, self._turn)

    def _nudge(self) -> None:
        """Something may be due earlier than thought; called on any thread."""
        loop = self._loop
        if loop is not None and not self._nudged:
            self._nudged = True
            loop.call_soon_threadsafe(self._turn)
