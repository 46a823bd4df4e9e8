"""How late a message comes: by a fixed time, by a drawn one, or at a point of time."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, time, timedelta
from math import exp, log
from random import Random
from typing import Annotated

from pydantic import AfterValidator, StringConstraints

from emulators.core.clock import BERLIN

LONGEST = timedelta(days=30)


def _is_point(text: str) -> str:
    _read(text)
    return text


Point = Annotated[
    str,
    StringConstraints(pattern=r"^(\d{4}-\d{2}-\d{2}[ T])?\d{2}:\d{2}(:\d{2})?$"),
    AfterValidator(_is_point),
]
"""A time of day (`18:00`) or a moment (`2021-03-23 18:00`), each with seconds if wanted; Europe/Berlin."""


@dataclass(frozen=True, slots=True)
class Fixed:
    """Late by so many minutes."""

    minutes: int

    def of(self, now: datetime, random: Random) -> timedelta:
        return timedelta(minutes=self.minutes)


@dataclass(frozen=True, slots=True)
class Lognormal:
    """Late by a time whose logarithm is normally distributed: half of the messages are later than the median.

    Delays of SMS have a long tail, which is what a fixed time lacks.
    """

    median_minutes: float
    sigma: float

    def of(self, now: datetime, random: Random) -> timedelta:
        """Whole seconds, at least one and at most `LONGEST`."""
        longest = LONGEST.total_seconds()
        exponent = min(random.normalvariate(log(self.median_minutes * 60), self.sigma), log(longest))
        return timedelta(seconds=min(max(1, round(exp(exponent))), longest))


@dataclass(frozen=True, slots=True)
class Until:
    """Late until a time of day, the next one, or until a moment; what has passed is no delay."""

    point: str

    def of(self, now: datetime, random: Random) -> timedelta:
        """True time, as the clock counts it. At most `LONGEST`."""
        point = _read(self.point)
        until = _next(point, now) if isinstance(point, time) else point
        # Two moments of one time zone would be subtracted as the clock on the wall shows them.
        seconds = until.timestamp() - now.timestamp()
        return min(max(timedelta(0), timedelta(seconds=seconds)), LONGEST)


Delay = Fixed | Lognormal | Until


def _read(text: str) -> time | datetime:
    """Raises `ValueError`."""
    try:
        return time.fromisoformat(text) if text[2] == ":" else datetime.fromisoformat(text).replace(tzinfo=BERLIN)
    except ValueError as error:
        raise ValueError(f"no time of day such as '18:00' and no moment such as '2021-03-23 18:00': {error}") from None


def _next(of_day: time, now: datetime) -> datetime:
    """When it is that time of day, from now on: once at the change to summer time, twice at the change back."""
    days = (now.date(), now.date() + timedelta(days=1))
    moments = (datetime.combine(day, of_day.replace(fold=fold), BERLIN) for day in days for fold in (0, 1))
    return next(moment for moment in moments if moment.timestamp() >= now.timestamp())
