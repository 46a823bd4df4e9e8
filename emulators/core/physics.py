"""What every emulator is given: the clock, the calendar, the journal, the faults, and its own randomness."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from random import Random
from threading import RLock

from .clock import DEFAULT_START, Clock, Timer
from .faults import Armed, Faults
from .journal import Journal
from .workdays import Workdays


class Physics:
    """The physics of one world. Two worlds with the same seed and the same deeds have the same journal.

    `lock` guards the world against doors that are open on sockets. A call to the outside (a webhook) is an
    errand: it is run while the lock is free, for whoever is called may well come back in through a door.
    """

    def __init__(self, seed: int = 0, start: datetime = DEFAULT_START, workdays: Workdays | None = None) -> None:
        self.seed = seed
        self.clock = Clock(start)
        self.journal = Journal(self.clock)
        self.faults = Faults(self.journal)
        self.workdays = workdays or Workdays()
        self.lock = RLock()
        self._errands: deque[Callable[[], object]] = deque()

    def randomness(self, name: str) -> Random:
        """A source of its own for each part, so that one more draw here changes nothing there."""
        return Random(f"{self.seed}/{name}")

    def later(self, delay: timedelta, what: Callable[[], object], label: str) -> Timer:
        """Like `Clock.after`, but what happens then keeps the cause that is in force now."""
        return self.at(self.clock.later(delay), what, label)

    def at(self, when: datetime, what: Callable[[], object], label: str) -> Timer:
        """Like `Clock.at`, with the present cause carried along."""
        cause = self.journal.cause

        def run() -> None:
            with self.journal.because(cause):
                what()

        return self.clock.at(when, run, label)

    def send_out(self, errand: Callable[[], object]) -> None:
        """Leave a call to the outside to be made as soon as the world is unlocked, with the present cause."""
        cause = self.journal.cause

        def run() -> None:
            with self.journal.because(cause):
                errand()

        self._errands.append(run)

    def happen(self) -> None:
        """Let all happen that is due now: events of the clock and errands, until neither is left."""
        while True:
            with self.lock:
                self.clock.settle()
            try:
                errand = self._errands.popleft()
            except IndexError:
                return
            errand()

    def advance_to(self, when: datetime) -> None:
        """Move on to `when`, event by event, so that each errand is run at its own moment."""
        self.happen()
        while self._advance_towards(when):
            self.happen()

    def _advance_towards(self, when: datetime) -> bool:
        """Move on to the next moment at which something is due, at most to `when`; false once that is reached."""
        with self.lock:
            due = self.clock.next_due
            self.clock.advance_to(when if due is None else min(due, when))
            return due is not None and due <= when

    @contextmanager
    def bent_by(self, armed: Armed | None) -> Iterator[None]:
        """Within the block, the journal names the fault (if one struck) as part of the cause."""
        if armed is None:
            yield
            return
        with self.journal.because(replace(self.journal.cause, fault=armed.name)):
            yield
