"""Working days, per Land, with the public holidays of the `holidays` library.

Whether Saturday counts is a setting: in law a "Werktag" includes it, an insurer's office does not work on it
(reference: decision A18).
"""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from functools import cache

import holidays

from .clock import BERLIN

LAENDER = ("BW", "BY", "BE", "BB", "HB", "HH", "HE", "MV", "NI", "NW", "RP", "SL", "SN", "ST", "SH", "TH")


@cache
def _holidays(land: str | None, year: int) -> frozenset[date]:
    return frozenset(holidays.country_holidays("DE", subdiv=land, years=year))


class Workdays:
    """A calendar of working days. `land` is the two-letter code (`NW`), `None` stands for nationwide holidays only."""

    def __init__(self, land: str | None = None, *, saturday: bool = False) -> None:
        if land is not None and land not in LAENDER:
            raise ValueError(f"no Land '{land}'; known: {', '.join(LAENDER)}")
        self.land = land
        self.saturday = saturday

    def is_workday(self, day: date) -> bool:
        last = 5 if self.saturday else 4
        return day.weekday() <= last and day not in _holidays(self.land, day.year)

    def add(self, day: date, count: int) -> date:
        """The `count`-th working day after `day`; 0 gives `day` itself, or the next working day if it is none.

        Raises `ValueError` for a negative count.
        """
        if count < 0:
            raise ValueError(f"working days are counted forwards: {count}")
        if count == 0:
            while not self.is_workday(day):
                day += timedelta(days=1)
            return day
        for _ in range(count):
            day += timedelta(days=1)
            while not self.is_workday(day):
                day += timedelta(days=1)
        return day

    def add_to(self, moment: datetime, count: int, at: time | None = None) -> datetime:
        """The same hour (or the hour `at`) on the `count`-th working day after `moment`, in Europe/Berlin."""
        local = moment.astimezone(BERLIN)
        return datetime.combine(self.add(local.date(), count), at or local.timetz().replace(tzinfo=None), BERLIN)
