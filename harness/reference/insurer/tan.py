"""The smsTAN: one at a time, to the number on file, for some minutes, for some tries."""

from __future__ import annotations

import hmac
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Literal

from harness.profile import InsurerProfile
from harness.reference.declined import Declined

from .accounts import Account
from .agenda import Agenda, digits
from .outside import Rejected, SmsClient, Unavailable


@dataclass(eq=False, slots=True)
class Tan:
    """A TAN on its way or arrived. `sid` is the gateway's number of the message."""

    code: str
    expires: datetime
    tries_left: int
    sid: str
    undelivered: bool = False


class Tans:
    """Sends TANs and checks what is typed."""

    def __init__(self, agenda: Agenda, sms: SmsClient, profile: InsurerProfile, random: Random) -> None:
        self._agenda = agenda
        self._sms = sms
        self._profile = profile
        self._random = random
        self._sent: dict[str, Tan] = {}

    def request(self, account: Account, callback: str) -> None:
        """Send a new TAN; only then is the earlier one void. Raises `Declined`."""
        if account.mobile is None:
            raise Declined("mobile_missing")
        if not account.mobile_acknowledged:
            raise Declined("mobile_unconfirmed")
        code = digits(self._random, self._profile.tan_digits)
        minutes = self._profile.tan_minutes
        text = f"{self._profile.name}: Ihre TAN lautet {code}. Sie gilt {minutes} Minuten. Geben Sie sie nicht weiter."
        try:
            sid = self._sms.send(account.mobile, text, callback)
        except Unavailable as error:
            raise Declined("sms_unavailable") from error
        except Rejected as error:
            raise Declined("sms_rejected") from error
        expires = self._agenda.now.astimezone(UTC) + timedelta(minutes=minutes)  # in UTC: true time
        account.tan = self._sent[sid] = Tan(code, expires, self._profile.tan_tries, sid)

    def pending(self, account: Account) -> Tan:
        """The TAN that can be entered now. Raises `Declined`."""
        tan = account.tan
        if tan is None:
            raise Declined("no_tan")
        if tan.tries_left == 0:
            raise Declined("tan_locked")
        if self._agenda.now >= tan.expires:
            raise Declined("tan_expired")
        return tan

    def enter(self, account: Account, code: str) -> None:
        """Check a TAN and use it up. Raises `Declined`."""
        tan = self.pending(account)
        if not hmac.compare_digest(code.strip().encode(), tan.code.encode()):
            tan.tries_left -= 1
            raise Declined("tan_wrong")
        account.tan = None
        account.mobile_confirmed = True

    def report(self, sid: str, status: str) -> None:
        """The gateway's word on a message; an unknown one is nobody's business here.

        Reports come twice and in any order: what has failed stays so, whatever earlier state is told later.
        """
        if sid in self._sent and status in ("undelivered", "failed"):
            self._sent[sid].undelivered = True


def tan_state(account: Account) -> Literal["none", "sent", "undelivered"]:
    """What the app shows about the TAN."""
    tan = account.tan
    if tan is None or tan.tries_left == 0:
        return "none"
    return "undelivered" if tan.undelivered else "sent"
