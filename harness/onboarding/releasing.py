"""The time that a release of account and card may take, and the day on which it was done."""

from __future__ import annotations

from datetime import datetime, time, timedelta

from emulators.core.clock import BERLIN

from .rows import Deviation
from .situation import Account, Situation


def end_of_workday(situation: Situation, moment: datetime) -> datetime:
    """The last moment of the working day by which a release must be done whose cause was at `moment` (REL-01)."""
    day = situation.workdays.add(moment.astimezone(BERLIN).date(), situation.profile.release_workdays)
    return datetime.combine(day, time(23, 59, 59), BERLIN)


def release_overdue(situation: Situation, moment: datetime) -> datetime:
    """The first moment at which a release of what was proved at `moment` is too late."""
    return datetime.combine(end_of_workday(situation, moment).date() + timedelta(days=1), time(), BERLIN)


def released(situation: Situation, account: Account, at: datetime) -> list[Deviation]:
    """Account and card are released: seen in the view, or by the PIN letter that follows.

    It may have been at any moment since `pending` was seen last. An insurer that releases on working days only has
    done wrong if there was none of them meanwhile.
    """
    if account.state["release"] != "pending":
        return []
    account.state["release"] = "released"
    account.releases += 1
    account.card.released = account.card.released or account.card_shown
    since, until = ((moment or at).astimezone(BERLIN).date() for moment in (account.release_pending_at, at))
    if situation.profile.release_days == "any" or situation.workdays.add(since, 0) <= until:
        return []
    return [Deviation(f"a release between {since} and {until}", "on a working day", ("REL-05", "REL-01"))]
