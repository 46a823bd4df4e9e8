"""SMPP's times: `YYMMDDhhmmsstnnp`, absolute with tenths and quarters of an hour from UTC, or relative with `R`.

Source: SMPP v3.4, 7.1.1.
"""

from __future__ import annotations

import re
from datetime import datetime, timedelta, timezone

from emulators.core.clock import moment_after

_TIME = re.compile(r"(\d{2})(\d{2})(\d{2})(\d{2})(\d{2})(\d{2})(\d)(\d{2})([+\-R])", re.ASCII)
_QUARTER = timedelta(minutes=15)


def parse(text: str, now: datetime) -> datetime:
    """The moment meant. A relative time counts years of 365 and months of 30 days. Raises `ValueError`."""
    found = _TIME.fullmatch(text)
    if found is None:
        raise ValueError(f"{text!r} is not of the form YYMMDDhhmmsstnnp")
    year, month, day, hour, minute, second, tenth, quarters = map(int, found.groups()[:8])
    if found[9] == "R":
        days = 365 * year + 30 * month + day
        return moment_after(now, timedelta(days=days, hours=hour, minutes=minute, seconds=second))
    if quarters > 48:
        raise ValueError(f"{text!r} is {quarters} quarters of an hour from UTC, more than 48")
    offset = quarters * _QUARTER if found[9] == "+" else -quarters * _QUARTER
    return datetime(2000 + year, month, day, hour, minute, second, 100_000 * tenth, timezone(offset))


def format_absolute(moment: datetime) -> str:
    """An aware moment with its own distance from UTC."""
    offset = moment.utcoffset() or timedelta(0)
    quarters = abs(offset) // _QUARTER
    sign = "-" if offset < timedelta(0) else "+"
    return f"{moment:%y%m%d%H%M%S}{moment.microsecond // 100_000}{quarters:02}{sign}"
