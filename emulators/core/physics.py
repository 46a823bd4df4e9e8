"""What every emulator is given: the clock, the calendar, the journal, the faults, and its own randomness."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from random import Random
from threading import RLock

from .clock import DEFAULT_START, Clock, Timer, elapsed
from .courier import Courier, must_not_wait
from .faults import Armed, Faults
from .journal import Cause, Journal
from .workdays import Workdays

_NOTHING = timedelta(0)


class Physics:
    """The physics of one world. Two worlds with the same seed and the same deeds have the same journal.

    `lock` guards the world against doors that are open on sockets. A call to the outside (a webhook) is an
    errand: it is run while the lock is free, for whoever is called may well come back in through a door.
    `realm` is empty for a world by itself; worlds behind shared doors have one each, which their credentials tell.
    """

    def __init__(
        self, seed: int = 0, start: datetime = DEFAULT_START, workdays: Workdays | None = None, *, realm: str = ""
    ) -> None:
        self.seed = seed
        self.realm = realm
        self.clock = Clock(start)
        self.journal = Journal(self.clock)
        self.faults = Faults(self.journal)
        self.workdays = workdays or Workdays()
        self.lock = RLock()
        self._errands: deque[tuple[Cause, Callable[[], object]]] = deque()
        self._out = RLock()  # held by whoever runs errands: they go out one after the other
        self._courier = Courier(self._run_errands_apart)

    def randomness(self, name: str) -> Random:
        """A source of its own for each part, so that one more draw here changes nothing there."""
        return Random(f"{self.seed}/{name}")

    def secrets(self, name: str) -> Random:
        """Like `randomness`, for what clients log in with: another source in each realm, TEST ONLY.

        So two worlds of one seed differ in their credentials and in nothing else.
        """
        return Random(f"{self.realm or self.seed}/{name}")

    def secret(self, kind: str, digits: int = 32) -> str:
        """So many hex digits for a key or a name that clients log in with, TEST ONLY; see `secrets`."""
        return f"{self.secrets(kind).getrandbits(4 * digits):0{digits}x}"

    def credential(self, alone: str) -> str:
        """A key of a door, TEST ONLY: `alone` in a world by itself, with 16 hex digits of its own in a realm."""
        return f"{alone}-{self.secret(alone, 16)}" if self.realm else alone

    def later(self, delay: timedelta, what: Callable[[], object], label: str, *, upkeep: bool = False) -> Timer:
        """Like `Clock.after`, but what happens then keeps the cause that is in force now."""
        return self.clock.after(delay, self._kept(what), label, upkeep=upkeep)

    def soon(self, what: Callable[[], object], label: str) -> Timer:
        """Like `Clock.soon`, with the present cause carried along."""
        return self.clock.soon(self._kept(what), label)

    def at(self, when: datetime, what: Callable[[], object], label: str) -> Timer:
        """Like `Clock.at`, with the present cause carried along."""
        return self.clock.at(when, self._kept(what), label)

    def _kept(self, what: Callable[[], object]) -> Callable[[], None]:
        journal, cause = self.journal, self.journal.cause

        def run() -> None:
            if journal.cause is cause:  # as a rule, and `because` costs more than many an event
                what()
                return
            with journal.because(cause):
                what()

        return run

    def send_out(self, errand: Callable[[], object]) -> None:
        """Leave a call to the outside to be made as soon as the world is unlocked, with the present cause."""
        self._errands.append((self.journal.cause, errand))

    def happen(self) -> None:
        """Let all happen that is due now: events of the clock and errands, until neither is left.

        Returns when all errands have been made, in order, also those that another thread is busy with. Only on the
        thread of an event loop (a door that lets its world settle) it does not wait: there a courier makes them, on
        a thread of its own, for the call may take its time, and may come back in over the very same loop. Never to be
        called while holding `lock`: who is waited for may need it.
        """
        with self.lock:
            self.clock.settle()
        if not must_not_wait():
            self._run_errands()
        elif self._errands:
            self._courier.wake()

    def _run_errands(self) -> None:
        with self._out:
            while self._errands:
                cause, errand = self._errands.popleft()
                with self.journal.because(cause):
                    errand()
                with self.lock:
                    self.clock.settle()

    def _run_errands_apart(self) -> None:
        """On the courier's thread, while doors and others go on: its causes are not theirs."""
        with self.journal.apart():
            self._run_errands()

    def advance_to(self, when: datetime) -> None:
        """Move on to `when`, event by event, so that each errand is run at its own moment."""
        self.happen()
        while self._advance_towards(when):
            self.happen()

    def _advance_towards(self, when: datetime) -> bool:
        """Move on to the next moment at which something is due, at most to `when`; false once that is reached."""
        with self.lock:
            due = self.clock.next_due
            on_the_way = due is not None and elapsed(due, when) >= _NOTHING
            self.clock.advance_to(due if due is not None and on_the_way else when)
            return on_the_way

    @contextmanager
    def bent_by(self, armed: Armed | None) -> Iterator[None]:
        """Within the block, the journal names the fault (if one struck) as part of the cause."""
        if armed is None:
            yield
            return
        with self.journal.because(self.journal.cause._replace(fault=armed.name)):
            yield
