"""The time of the insurer's server and its scheduled work, as it needs them; the world's physics offers just that."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, time, timedelta
from random import Random
from typing import Protocol


class Agenda(Protocol):
    """A server's clock and scheduler."""

    @property
    def now(self) -> datetime: ...

    def at(self, when: datetime, what: Callable[[], None], label: str) -> object:
        """Do `what` at that moment."""

    def later(self, delay: timedelta, what: Callable[[], None], label: str) -> object:
        """Do `what` once `delay` has passed."""

    def send_out(self, errand: Callable[[], None]) -> None:
        """Do a call to the outside as soon as no request is being answered: who is called may call back."""


class Workdays(Protocol):
    """The insurer's working days."""

    def add_to(self, moment: datetime, count: int, at: time | None = None) -> datetime: ...


def digits(random: Random, count: int) -> str:
    """A number of `count` decimal digits, leading zeros included."""
    return f"{random.randrange(10**count):0{count}}"


def age_on(born: date, day: date) -> int:
    """Completed years; who is born on 29 February completes them on 1 March (§ 188 BGB)."""
    return day.year - born.year - ((day.month, day.day) < (born.month, born.day))
