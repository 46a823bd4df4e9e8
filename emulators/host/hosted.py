"""One world behind shared doors: how its time runs, who waits for what in it, and settling it after each visit."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import nullcontext
from datetime import datetime, timedelta
from enum import StrEnum

from emulators.core.clock import MonotonicPace, elapsed
from emulators.core.courier import must_not_wait
from emulators.core.faults import Armed
from emulators.core.journal import Entry
from emulators.sms.smpp.account import SmppAccount
from emulators.world import World

from .waiting import Match, Wait

LAST_YEAR = 2100
"""No world's clock runs beyond it."""


class Mode(StrEnum):
    """How time runs: only when told to, at a multiple of real time, or as real time does."""

    STEPPED = "stepped"
    PACED = "paced"
    REAL = "real"


class Ended(RuntimeError):
    """The world was dropped, or the host is ending."""


class Hosted:
    """A world with a name. Everything that moves it holds `world.physics.lock`."""

    def __init__(self, name: str, world: World, nudge: Callable[[], object]) -> None:
        self.name = name
        self.world = world
        self.mode = Mode.STEPPED
        self.rate = 0.0
        self.ended: str | None = None
        self._nudge = nudge
        self._waits: list[Wait] = []
        self._stop_listening: Callable[[], None] | None = None  # the journal costs less while nobody does

    @property
    def keys(self) -> dict[str, str]:
        """Keys and secrets of the doors; with Twilio's account also its messaging service. TEST ONLY."""
        keys = self.world.keys
        sid = keys.pop("sms_sid")
        return {"sms_sid": sid, "sms_service_sid": self.world.sms.credentials.messaging_service_sid, **keys}

    @property
    def smpp_account(self) -> SmppAccount:
        """The account that SMPP sessions bind to; after each visit they let this world settle."""
        account = self.world.sms.smpp_account
        account.settle = self.settle
        return account

    # -- time -----------------------------------------------------------------------------------------------------

    def follow(self, mode: Mode, rate: float, monotonic: Callable[[], float]) -> None:
        """Let time run in another way from now on; `rate` is virtual seconds a second and counts for `PACED`.

        What fell due until now happens. Call it without the world's lock.
        """
        with self.world.physics.lock:
            self.world.clock.tick()
            self.mode, self.rate = mode, {Mode.STEPPED: 0.0, Mode.REAL: 1.0}.get(mode, rate)
            self.world.clock.follow(MonotonicPace(monotonic, self.rate) if self.rate else None)
        self._happen()
        self._nudge()

    def tick(self) -> None:
        """Move on to what the pace has made; a stepped world stays where it is."""
        if self.mode is not Mode.STEPPED:
            with self.world.physics.lock:
                self.world.clock.tick()
            self._happen()

    def due_in(self) -> float | None:
        """Real seconds until the next event of a world whose time runs, `None` if there is none."""
        with self.world.physics.lock:
            due = self.world.clock.next_due
            if due is None or not self.rate:
                return None
            return max(0.0, elapsed(self.world.clock.now, due).total_seconds() / self.rate)

    def advance_to(self, when: datetime | None, until: Callable[[], bool] = lambda: False) -> bool:
        """Move on event by event to `when`, with each errand at its own moment; stops early once `until()` is true.

        `None` stands for the moment at which nothing is due any more but upkeep. Returns whether `until` stopped it; it
        is asked with the world's lock held, and nothing moves once it was true. Raises `Ended`, `ValueError` for a
        moment that has passed.
        """
        physics, clock = self.world.physics, self.world.clock
        if when is not None and clock.has_passed(when):
            raise ValueError(f"{when:%Y-%m-%d %H:%M} has passed, it is {clock.now:%Y-%m-%d %H:%M}")
        with physics.journal.apart():  # doors go on meanwhile: their causes are not ours
            while True:
                physics.happen()
                with physics.lock:
                    if self.ended is not None:
                        raise Ended(self.ended)
                    if until():
                        return True
                    target = _within_reach(clock.next_deed) if when is None else _sooner(clock.next_due, when)
                    if target is not None and not clock.has_passed(target):  # a running clock moves on by itself too
                        clock.advance_to(target)
                    if target is None or target is when:
                        return until()

    def settle(self) -> None:
        """After a visit through a door: let happen what is due now. Call it without the world's lock."""
        self._happen()
        if self.mode is not Mode.STEPPED:
            self._nudge()

    def _happen(self) -> None:
        # On a thread that runs errands itself, doors go on meanwhile: their causes are not ours.
        with nullcontext() if must_not_wait() else self.world.journal.apart():
            self.world.happen()

    def disarm(self) -> list[Armed]:
        """Take back all faults that wait to strike, and return them."""
        with self.world.physics.lock:
            waiting = self.world.faults.armed
            taken = list(waiting)
            waiting.clear()
            for armed in taken:
                self.world.journal.write("fault", "disarmed", emulator=armed.emulator, kind=armed.kind)
            return taken

    # -- waiting --------------------------------------------------------------------------------------------------

    def wait(self, match: Match, after: int, within: timedelta | None, tell: Callable[[], object]) -> Wait:
        """Wait for an entry of the journal beyond the first `after`; `tell` is called when it ends, on any thread.

        It ends with the entry, or without one when the world's clock has moved on by `within`, or the world ends.
        """
        with self.world.physics.lock:
            wait = Wait(match, tell)
            for entry in self.world.journal.since(after):
                if match.fits(entry):
                    wait.end(entry)
                    return wait
            if self.ended is not None:
                wait.end(None, self.ended)
                return wait
            self._waits.append(wait)
            self._listen()
            if within is not None:
                wait.timer = self.world.clock.after(within, lambda: self.leave(wait, "virtual time is up"), Wait.LABEL)
                self._nudge()
            return wait

    def leave(self, wait: Wait, reason: str) -> None:
        """End a wait without an entry; one that has ended stays as it is."""
        with self.world.physics.lock:
            if wait in self._waits:
                self._waits.remove(wait)
                self._listen()
            wait.end(None, reason)

    def end(self, reason: str) -> None:
        """Let all who wait here go."""
        with self.world.physics.lock:
            self.ended = reason
            for wait in tuple(self._waits):
                self.leave(wait, reason)

    def _listen(self) -> None:
        """To the journal as long as somebody waits."""
        if self._waits and self._stop_listening is None:
            self._stop_listening = self.world.journal.listen(self._told)
        elif not self._waits and self._stop_listening is not None:
            self._stop_listening()
            self._stop_listening = None

    def _told(self, entry: Entry) -> None:
        for wait in tuple(self._waits):
            if wait.match.fits(entry):
                self._waits.remove(wait)
                wait.end(entry)
        self._listen()


def _sooner(due: datetime | None, when: datetime) -> datetime:
    """The next moment to move to on the way to `when`: that itself, if nothing is due until then."""
    return when if due is None or elapsed(due, when) < timedelta(0) else due


def _within_reach(due: datetime | None) -> datetime | None:
    return None if due is None or due.year >= LAST_YEAR else due
