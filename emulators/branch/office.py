"""The branches: appointments for the insurer's app, and visits.

Not covered: opening hours within a day, queues, several clerks.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import date
from functools import cached_property
from typing import ClassVar

from starlette.applications import Starlette

from emulators.core.emulator import Door
from emulators.core.faults import Fault
from emulators.core.outcome import Outcome, Refused
from emulators.core.person import CardData, IdentityDocument, Person
from emulators.core.physics import Physics
from emulators.core.workdays import Workdays

from . import doors
from .api import build
from .appointments import Appointment, Book, NoFreeSlot
from .clerk import Purpose, Report, Visit, look, report, understand
from .faults import FAULTS, CardForgotten, Closed, DocumentForgotten, NoSlot, TerminalDown


class BranchOffices:
    """All branches. The first one is where those go who do not choose."""

    name: ClassVar[str] = "branch"
    faults: ClassVar[Mapping[str, type[Fault]]] = FAULTS

    def __init__(self, physics: Physics, branches: Mapping[str, Workdays] | None = None) -> None:
        self.physics = physics
        self.api_key = physics.credential("TEST-ONLY-branch-key")
        workdays = branches or {"Musterstadt": physics.workdays}
        self.books = {branch: Book(branch, days) for branch, days in workdays.items()}
        self.appointments: dict[str, Appointment] = {}
        self._insurer: tuple[str, str] | None = None

    @cached_property
    def app(self) -> Starlette:
        """The appointment API as an ASGI app."""
        return build(self)

    @property
    def default_branch(self) -> str:
        return next(iter(self.books))

    def doors(self) -> Iterable[Door]:
        return doors.doors(self.name, self.app, self.physics)

    def connect(self, url: str, key: str) -> None:
        """Where the clerks' terminals report to, and the key they show in `X-Terminal-Key`."""
        self._insurer = (url, key)

    def book(self, kvnr: str, day: date | None = None, branch: str | None = None) -> Appointment:
        """The next free slot after today, or on `day`. Raises `NoFreeSlot`, `LookupError` for an unknown branch."""
        book = self.books[branch or self.default_branch]
        hit = self.physics.faults.strike(self.name, "appointment")
        with self.physics.bent_by(hit):
            try:
                match hit and hit.fault:
                    case NoSlot():
                        raise NoFreeSlot("none is to be had")
                at = book.take(self.physics.clock.now.date(), day)
            except NoFreeSlot:
                self.physics.journal.write(self.name, "appointment.refused", kvnr=kvnr, branch=book.branch)
                raise
        appointment = Appointment(f"A{len(self.appointments) + 1:06d}", kvnr, book.branch, at)
        self.appointments[appointment.appointment_id] = appointment
        self.physics.journal.write(
            self.name,
            "appointment.booked",
            appointment_id=appointment.appointment_id,
            kvnr=kvnr,
            branch=book.branch,
            at=at.isoformat(timespec="minutes"),
        )
        return appointment

    def visit(
        self,
        *,
        visitor: Person,
        insured: Person,
        purpose: Purpose,
        card: CardData | None,
        card_kvnr: str | None,
        document: IdentityDocument | None,
        appointment_id: str | None,
    ) -> Outcome:
        """Go to a branch with what is in the pocket.

        Refused with `closed`, `document_damaged`, `not_the_holder`, `core_system_down`, `report_rejected` or the
        insurer's reason. Raises `RuntimeError` before `connect()`. Do not call it while holding the world's lock:
        the insurer may want to come in through another door before it answers.
        """
        visit = Visit(visitor, insured, purpose, card, card_kvnr, document, appointment_id)
        hit = self.physics.faults.strike(self.name, "visit")
        with self.physics.bent_by(hit):
            match hit and hit.fault:
                case Closed():
                    return self._ended(visit, Refused("closed"))
                case CardForgotten():
                    visit = replace(visit, card=None, card_kvnr=None)
                case DocumentForgotten():
                    visit = replace(visit, document=None)
            if not self._is_open(visit):
                return self._ended(visit, Refused("closed"))
            if objection := look(visit):
                return self._ended(visit, Refused(objection))
            return self._ended(visit, self._report(report(visit)))

    def _is_open(self, visit: Visit) -> bool:
        """On working days of the branch that the appointment is in."""
        appointment = self.appointments.get(visit.appointment_id or "")
        book = self.books[appointment.branch if appointment else self.default_branch]
        return book.workdays.is_workday(self.physics.clock.now.date())

    def _report(self, facts: Report) -> Outcome:
        if self._insurer is None:
            raise RuntimeError("no insurer is connected to the clerks' terminals; call connect(url, key) first")
        self.physics.journal.write(self.name, "visit.reported", **facts.model_dump(mode="json"))
        hit = self.physics.faults.strike(self.name, "report")
        with self.physics.bent_by(hit):
            match hit and hit.fault:
                case TerminalDown():
                    return Refused("core_system_down")
        url, key = self._insurer
        answer = doors.ask(url, key, facts.model_dump_json().encode())
        return Refused("core_system_down") if answer is None else understand(*answer)

    def _ended(self, visit: Visit, outcome: Outcome) -> Outcome:
        self.physics.journal.write(
            self.name,
            "visit.ended",
            purpose=visit.purpose,
            visitor=visit.visitor.full_name,
            insured_kvnr=visit.insured.kvnr,
            appointment_id=visit.appointment_id,
            outcome=str(outcome),
        )
        return outcome
