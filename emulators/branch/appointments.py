"""The book of appointments: half-hour slots from ten to four on working days, one visitor at a time."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Final

from emulators.core.clock import BERLIN
from emulators.core.workdays import Workdays

_SLOTS: Final = tuple(time(hour, minute) for hour in range(10, 16) for minute in (0, 30))
# How far ahead one can book.
_HORIZON: Final = 60


class NoFreeSlot(LookupError):
    """Nothing is free, or not on the day that was asked for."""


@dataclass(frozen=True, slots=True)
class Appointment:
    appointment_id: str
    kvnr: str
    branch: str
    at: datetime


class Book:
    """The appointments of one branch."""

    def __init__(self, branch: str, workdays: Workdays) -> None:
        self.branch = branch
        self.workdays = workdays
        self._taken: set[datetime] = set()

    def take(self, today: date, day: date | None) -> datetime:
        """The next free slot after today, or the first on `day`. Raises `NoFreeSlot`."""
        for slot in self._slots(today, day):
            if slot not in self._taken:
                self._taken.add(slot)
                return slot
        raise NoFreeSlot(f"no slot in {self.branch}" + (f" on {day}" if day else ""))

    def _slots(self, today: date, day: date | None) -> Iterator[datetime]:
        for chosen in self._days(today) if day is None else (day,):
            if chosen > today and chosen - today <= timedelta(days=365) and self.workdays.is_workday(chosen):
                yield from (datetime.combine(chosen, slot, BERLIN) for slot in _SLOTS)

    def _days(self, today: date) -> Iterator[date]:
        for _ in range(_HORIZON):
            today = self.workdays.add(today, 1)
            yield today
