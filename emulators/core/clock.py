"""The world's only clock: virtual, Europe/Berlin, moved by explicit steps.

Inside, time is a whole number of microseconds since the epoch, so adding three days across the change to
summer time adds exactly 72 hours; shown to the outside it is an aware datetime in Europe/Berlin.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from heapq import heapify, heappop, heappush, nsmallest
from itertools import count
from operator import itemgetter
from typing import Protocol
from zoneinfo import ZoneInfo

BERLIN = ZoneInfo("Europe/Berlin")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)

# Tuesday, the date of the source page, at the hour an office opens.
DEFAULT_START = datetime(2021, 3, 23, 9, 0, tzinfo=BERLIN)


_DEAD_AT_LEAST = 100  # cancelled timers in a heap before it is worth while to take them out


class Timer:
    """Something due at a moment. `cancel()` takes it back; a fired timer cannot be cancelled any more.

    `upkeep` is what goes on for ever and brings nothing about that anybody would wait for.
    """

    __slots__ = ("_dead", "cancelled", "label", "upkeep", "what")

    def __init__(self, dead: _Dead, label: str, what: Callable[[], object], upkeep: bool = False) -> None:
        self._dead = dead
        self.label = label
        self.what = what
        self.upkeep = upkeep
        self.cancelled = False

    def cancel(self) -> None:
        if not self.cancelled:
            self.cancelled = True
            self.what = _nothing  # what it would have done is kept no longer
            self._dead.one_more()


class _Dead:
    """The cancelled timers of a heap: they are taken out together once they are most of it."""

    def __init__(self, heap: list[tuple[int, int, Timer]]) -> None:
        self._heap = heap
        self._count = 0  # no less than lie there: some were cancelled after they had fired, or have left since

    def one_more(self) -> None:
        self._count += 1
        if self._count > max(_DEAD_AT_LEAST, len(self._heap) // 2):
            self._heap[:] = [entry for entry in self._heap if not entry[2].cancelled]  # in place: it may be in use
            heapify(self._heap)
            self._count = 0


def _nothing() -> None:
    """What a cancelled timer does."""


class Pace(Protocol):
    """How far the world may have moved on by itself; `None` stands for purely virtual time."""

    def elapsed(self) -> timedelta:
        """Virtual time that has passed since the pace was taken up."""


class MonotonicPace:
    """`rate` virtual seconds for each second of `monotonic` (1.0 is real time)."""

    def __init__(self, monotonic: Callable[[], float], rate: float = 1.0) -> None:
        if rate <= 0:
            raise ValueError(f"the pace must be a positive number of virtual seconds a second, not {rate}")
        self._monotonic = monotonic
        self._rate = rate
        self._began = monotonic()

    def elapsed(self) -> timedelta:
        return timedelta(seconds=(self._monotonic() - self._began) * self._rate)


class Clock:
    """A heap of due events and the present moment.

    Events due at the same moment run in the order in which they were asked for. An event may ask for further
    events; those due before the end of the running step still run within it. What is due after the end of Python's
    calendar never runs.
    `now` is the present moment, aware, in Europe/Berlin; nobody but the clock sets it.
    """

    def __init__(self, start: datetime = DEFAULT_START) -> None:
        self._now = _to_micros(start)
        self.now = start.astimezone(BERLIN)  # asked for more often than anything else of a world
        self._heap: list[tuple[int, int, Timer]] = []
        self._dead = _Dead(self._heap)
        self._order: Iterator[int] = count()
        self._pace: Pace | None = None
        self._paced = 0

    @property
    def next_due(self) -> datetime | None:
        """When the next event is due, or `None` if nothing is pending."""
        self._drop_cancelled()
        return _from_micros(self._heap[0][0]) if self._heap else None

    @property
    def next_deed(self) -> datetime | None:
        """When the next event is due that is more than upkeep, or `None` if nothing is pending but that."""
        deeds = (due for due, _, timer in self._heap if not (timer.cancelled or timer.upkeep))
        first = min(deeds, default=None)
        return None if first is None else _from_micros(first)

    def upcoming(self, count: int) -> list[tuple[datetime, str]]:
        """When the next `count` events are due and what they are, in order; moves nothing."""
        alive = (entry for entry in self._heap if not entry[2].cancelled)
        return [(_from_micros(due), timer.label) for due, _, timer in nsmallest(count, alive, key=itemgetter(0, 1))]

    def at(self, when: datetime, what: Callable[[], object], label: str = "") -> Timer:
        """Run `what` at `when`; a moment already past is due at once, on the next step."""
        return self._put(max(_to_micros(when), self._now), what, label)

    def after(self, delay: timedelta, what: Callable[[], object], label: str = "", *, upkeep: bool = False) -> Timer:
        """Run `what` once `delay` of true (not wall-clock) time has passed."""
        return self._put(max(self._now + delay // _MICROSECOND, self._now), what, label, upkeep)

    def soon(self, what: Callable[[], object], label: str = "") -> Timer:
        """Run `what` at this very moment, on the next step, after all that is due already."""
        timer = Timer(self._dead, label, what)
        heappush(self._heap, (self._now, next(self._order), timer))
        return timer

    def _put(self, due: int, what: Callable[[], object], label: str, upkeep: bool = False) -> Timer:
        timer = Timer(self._dead, label, what, upkeep)
        heappush(self._heap, (min(due, _END), next(self._order), timer))
        return timer

    def later(self, delay: timedelta) -> datetime:
        """The moment `delay` from now, counted in true time."""
        return _from_micros(self._now + delay // _MICROSECOND)

    def advance(self, delta: timedelta) -> None:
        """Move on by `delta` of true time and run all that falls due on the way, in order.

        Raises `ValueError` for a step backwards, or beyond Python's calendar.
        """
        if delta < timedelta(0):
            raise ValueError(f"time does not run backwards: {delta}")
        self._run_until(_within_the_calendar(self._now + delta // _MICROSECOND))

    def advance_to(self, when: datetime) -> None:
        """Move on to `when`. Raises `ValueError` for a moment that has passed, or is beyond Python's calendar."""
        if self.has_passed(when):
            raise ValueError(f"{when:%Y-%m-%d %H:%M} has passed, it is {self.now:%Y-%m-%d %H:%M}")
        self._run_until(_within_the_calendar(_to_micros(when)))

    def has_passed(self, when: datetime) -> bool:
        """Whether it is later than `when`, in true time."""
        return _to_micros(when) < self._now

    def settle(self) -> None:
        """Run what is due at this very moment, without moving on."""
        self._run_until(self._now)

    def follow(self, pace: Pace | None) -> None:
        """From now on let time run by itself at `pace` whenever `tick()` is called; `None` stops that."""
        self._pace = pace
        self._paced = pace.elapsed() // _MICROSECOND if pace else 0

    def tick(self) -> None:
        """Move on by what the pace has made since the last tick; steps taken in between come on top."""
        if self._pace is not None:
            before, self._paced = self._paced, self._pace.elapsed() // _MICROSECOND
            self._run_until(min(self._now + max(0, self._paced - before), _END - 1))

    def _run_until(self, target: int) -> None:
        heap = self._heap
        while heap and heap[0][0] <= target:
            due, _, timer = heappop(heap)
            if due > self._now:
                self._move_on(due)
            if not timer.cancelled:
                timer.what()
        if target > self._now:
            self._move_on(target)

    def _move_on(self, to: int) -> None:
        self._now, self.now = to, _from_micros(to)

    def _drop_cancelled(self) -> None:
        while self._heap and self._heap[0][2].cancelled:
            heappop(self._heap)


# What is due later than this counts as due then, and never is: Python's calendar ends a day later, in some zones
# earlier than in others.
_END = (datetime(9999, 12, 30, tzinfo=UTC) - _EPOCH) // _MICROSECOND


def elapsed(since: datetime, until: datetime) -> timedelta:
    """The true time between two aware moments, negative if `until` is the earlier one.

    Python subtracts and compares two moments of one time zone as the clock on the wall shows them, which is an hour
    wrong across a change to or from summer time.
    """
    return (_to_micros(until) - _to_micros(since)) * _MICROSECOND


def moment_after(moment: datetime, delay: timedelta) -> datetime:
    """The moment `delay` of true time after an aware moment, in Europe/Berlin."""
    return (moment.astimezone(UTC) + delay).astimezone(BERLIN)


def _within_the_calendar(micros: int) -> int:
    if micros >= _END:
        raise ValueError("the calendar ends here with the year 9999")
    return micros


def _to_micros(moment: datetime) -> int:
    offset = moment.utcoffset()
    if offset is None:
        raise ValueError(f"{moment.isoformat()} has no time zone; the world's time is Europe/Berlin")
    return (moment.replace(tzinfo=UTC) - _EPOCH - offset) // _MICROSECOND


def _from_micros(micros: int) -> datetime:
    return (_EPOCH + timedelta(microseconds=micros)).astimezone(BERLIN)
