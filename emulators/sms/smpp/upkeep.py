"""Looking after a session, on its world's clock: is the client still there, has it been silent for too long?"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Protocol

from emulators.core.clock import elapsed

from .account import SmppAccount


class Kept(Protocol):
    """A session that is looked after; `heard_at` is when its client last said something."""

    heard_at: datetime

    @property
    def closed(self) -> bool: ...

    def enquire(self) -> None:
        """Ask the client whether it is there."""

    def give_up(self, silent: timedelta) -> None:
        """End the session, for its client has been silent for so long."""


def look_after(session: Kept, account: SmppAccount) -> None:
    """From now on, as far as the account's rules have it."""
    enquire_later(session, account)
    if account.rules.idle_after is not None:
        session.heard_at = account.physics.clock.now
        _end_once_idle(session, account, account.rules.idle_after, account.rules.idle_after)


def enquire_later(session: Kept, account: SmppAccount) -> None:
    """Once only: the next one comes so long after the client has answered this one."""

    def enquire() -> None:
        if not session.closed:
            session.enquire()

    if account.rules.enquire_every is not None:
        account.physics.later(account.rules.enquire_every, enquire, "smpp enquire_link", upkeep=True)


def _end_once_idle(session: Kept, account: SmppAccount, delay: timedelta, limit: timedelta) -> None:
    def look() -> None:
        silent = elapsed(session.heard_at, account.physics.clock.now)
        if session.closed:
            return
        if silent < limit:
            _end_once_idle(session, account, limit - silent, limit)
        else:
            session.give_up(silent)

    account.physics.later(delay, look, "smpp session looked after", upkeep=True)
