"""The release: account and card, within the time that the profile leaves, with a message and a PIN letter."""

from __future__ import annotations

from datetime import datetime, time, timedelta
from functools import partial

from harness.profile import InsurerProfile
from harness.reference.declined import Declined

from .agenda import Agenda, Workdays
from .letters import Letters
from .register import Insured

OFFICE_OPENS = time(8, 0)
LAST_MINUTE = time(23, 59)
AT_ONCE = timedelta(minutes=1)
RETRY = timedelta(hours=1)


class Releases:
    """Releases to come and done."""

    def __init__(self, agenda: Agenda, workdays: Workdays, letters: Letters, profile: InsurerProfile) -> None:
        self._agenda = agenda
        self._workdays = workdays
        self._letters = letters
        self._profile = profile
        self._pending: set[tuple[str, str]] = set()

    def begin(self, insured: Insured, iccsn: str) -> None:
        """An identity check was passed with that card. One that waits for its release already is not released twice."""
        if (insured.kvnr, iccsn) in self._pending:
            return
        self._pending.add((insured.kvnr, iccsn))
        insured.release = "pending"
        due = self._due()
        self._agenda.at(due, partial(self._release, insured, iccsn), f"release of {insured.kvnr}")

    def _due(self) -> datetime:
        if self._profile.release_when == "at_once":
            return self._agenda.now + AT_ONCE
        if self._profile.release_when == "last_minute":
            return self._workdays.add_to(self._agenda.now, self._profile.release_workdays, LAST_MINUTE)
        return self._workdays.add_to(self._agenda.now, self._profile.release_workdays, OFFICE_OPENS)

    def withdraw(self, insured: Insured, iccsn: str) -> None:
        """The check turned out to be void: what has not been released yet is not."""
        if (insured.kvnr, iccsn) in self._pending:
            self._pending.discard((insured.kvnr, iccsn))
            insured.release = "released" if insured.released_cards else "none"

    def _release(self, insured: Insured, iccsn: str) -> None:
        if (insured.kvnr, iccsn) not in self._pending:
            return
        self._pending.discard((insured.kvnr, iccsn))
        insured.released_cards.add(iccsn)
        insured.release = "pending" if any(kvnr == insured.kvnr for kvnr, _ in self._pending) else "released"
        insured.inbox.append("released")
        self._agenda.send_out(partial(self._send_pin, insured, iccsn))

    def _send_pin(self, insured: Insured, iccsn: str) -> None:
        try:
            self._letters.send_pin(insured.person, insured.cards[iccsn])
        except Declined:
            again = partial(self._agenda.send_out, partial(self._send_pin, insured, iccsn))
            self._agenda.later(RETRY, again, f"PIN letter to {insured.kvnr}")
