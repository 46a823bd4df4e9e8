"""Branches: booking a visit, and judging what the clerk reports."""

from __future__ import annotations

import hmac
from datetime import date, datetime, tzinfo
from typing import Literal

from pydantic import BaseModel, ConfigDict

from emulators.core.person import Person
from harness.profile import InsurerProfile
from harness.reference.declined import Declined

from .accounts import Accounts
from .agenda import Agenda, age_on
from .names import is_same_person
from .outside import BranchClient, Rejected, Unavailable
from .register import Appointment, Insured, Register
from .release import Releases

ADVISED_TO_WAIT = "advised_to_wait"


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")


class ShownCard(_Part):
    iccsn: str
    kvnr: str


class ShownDocument(_Part):
    given_names: str
    family_name: str
    birth_date: date
    valid_until: date

    def is_of(self, person: Person) -> bool:
        return is_same_person(person, self.given_names, self.family_name, self.birth_date)


class Report(_Part):
    """What the clerk has entered."""

    purpose: Literal["verify", "create_record"]
    insured_kvnr: str
    card: ShownCard | None = None
    document: ShownDocument | None = None


class Branches:
    """The insurer's side of its branches."""

    def __init__(
        self,
        agenda: Agenda,
        calendar: BranchClient,
        register: Register,
        accounts: Accounts,
        releases: Releases,
        profile: InsurerProfile,
        terminal_key: str,
    ) -> None:
        self._agenda = agenda
        self._calendar = calendar
        self._register = register
        self._accounts = accounts
        self._releases = releases
        self._profile = profile
        self._terminal_key = terminal_key

    def book(self, kvnr: str) -> tuple[str, ...]:
        """Book the next free appointment; returns notes for the person. Raises `Declined`."""
        try:
            answer = self._calendar.book(kvnr)
            appointment = Appointment(str(answer["appointment_id"]), _moment(answer["at"], self._agenda.now.tzinfo))
        except Rejected as error:
            raise Declined("no_slot" if error.status == 409 else "branch_unavailable") from error
        except (Unavailable, KeyError, ValueError) as error:
            raise Declined("branch_unavailable") from error
        self._register[kvnr].appointments.append(appointment)
        until = self._profile.visits_advised_against_until
        advised = self._profile.visits_need_appointment and until is not None and appointment.at.date() <= until
        return (ADVISED_TO_WAIT,) if advised else ()

    def is_terminal(self, key: str) -> bool:
        return hmac.compare_digest(key.encode(), self._terminal_key.encode())

    def judge(self, report: Report) -> None:
        """Take a clerk's report and act on it. Raises `Declined`."""
        insured = self._register.get(report.insured_kvnr)
        if insured is None:
            raise Declined("insured_unknown")
        today = self._agenda.now.date()
        if self._profile.visits_need_appointment and not any(a.at.date() == today for a in insured.appointments):
            raise Declined("appointment_needed")
        card = _right_card(insured, report.card)
        self._require_document(insured, report.document, today)
        account = self._accounts.of(insured.kvnr)
        if report.purpose == "create_record":
            insured.record.create_without_app()
        elif account is None or account.status != "active":
            raise Declined("account_missing")
        insured.identity = "passed"
        self._releases.begin(insured, card.iccsn)

    def _require_document(self, insured: Insured, document: ShownDocument | None, today: date) -> None:
        """Raises `Declined` unless it is the valid document of who has to show one."""
        if document is None:
            raise Declined("document_missing")
        if document.valid_until < today:
            raise Declined("document_expired")
        person = insured.person
        if age_on(person.birth_date, today) >= self._profile.age_of_consent:
            if not document.is_of(person):
                raise Declined("wrong_person")
        elif document.is_of(person):
            raise Declined("deputy_needed")
        elif person.guardian is None or not document.is_of(person.guardian):
            raise Declined("deputy_not_entitled")


def _right_card(insured: Insured, card: ShownCard | None) -> ShownCard:
    if card is None:
        raise Declined("card_missing")
    if card.kvnr != insured.kvnr or card.iccsn not in insured.cards:
        raise Declined("wrong_card")
    return card


def _moment(text: object, zone: tzinfo | None) -> datetime:
    """An ISO moment; raises `ValueError`."""
    moment = datetime.fromisoformat(str(text))
    return moment.astimezone(zone) if moment.tzinfo else moment.replace(tzinfo=zone)
