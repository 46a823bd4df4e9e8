"""One world behind shared doors: how its time runs, who waits for what in it, and settling it after each visit."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from enum import StrEnum

from emulators.core.clock import MonotonicPace
from emulators.core.journal import Entry
from emulators.world import World

from .waiting import Match, Wait


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

    # -- time -----------------------------------------------------------------------------------------------------

    def follow(self, mode: Mode, rate: float, monotonic: Callable[[], float]) -> None:
        """Let time run in another way from now on; `rate` is virtual seconds a second and counts for `PACED`."""
        with self.world.physics.lock:
            self.world.clock.tick()
            self.mode, self.rate = mode, {Mode.STEPPED: 0.0, Mode.REAL: 1.0}.get(mode, rate)
            self.world.clock.follow(MonotonicPace(monotonic, self.rate) if self.rate else None)
        self._nudge()

    def tick(self) -> None:
        """Move on to what the pace has made; a stepped world stays where it is."""
        if self.mode is not Mode.STEPPED:
            with self.world.physics.lock:
                self.world.clock.tick()
            self.world.happen()

    def due_in(self) -> float | None:
        """Real seconds until the next event of a world whose time runs, `None` if there is none."""
        with self.world.physics.lock:
            due = self.world.clock.next_due
            if due is None or not self.rate:
                return None
            return max(0.0, (due - self.world.clock.now).total_seconds() / self.rate)

    def advance_to(self, when: datetime, until: Callable[[], bool] = lambda: False) -> bool:
        """Move on event by event to `when`, with each errand at its own moment; stops early once `until()` is true.

        Returns whether `until` stopped it. Raises `ValueError` for a moment that has passed, `Ended`.
        """
        physics, clock = self.world.physics, self.world.clock
        if when < clock.now:
            raise ValueError(f"{when:%Y-%m-%d %H:%M} has passed, it is {clock.now:%Y-%m-%d %H:%M}")
        with physics.journal.apart():  # doors go on meanwhile: their causes are not ours
            while True:
                physics.happen()
                if self.ended is not None:
                    raise Ended(self.ended)
                if until():
                    return True
                with physics.lock:
                    due = clock.next_due
                    there = due is None or due > when
                    target = when if due is None else min(due, when)
                    clock.advance_to(max(target, clock.now))
                if there:
                    return until()

    def settle(self) -> None:
        """After a visit through a door: let happen what is due now. Call it without the world's lock."""
        self.world.happen()
        if self.mode is not Mode.STEPPED:
            self._nudge()

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
