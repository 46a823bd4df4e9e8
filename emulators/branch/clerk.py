"""What the clerk sees with the bare eye, and the report typed into the insurer's system.

The clerk does not judge: whether a document is still valid, an appointment was needed or a card is missing, the
insurer's system decides from the facts in the report.
"""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from datetime import date
from typing import Final, Literal

from pydantic import BaseModel, ConfigDict, ValidationError

from emulators.core.outcome import Accepted, Outcome, Refused
from emulators.core.person import CardData, IdentityDocument, Person

Purpose = Literal["verify", "create_record", "pin"]

# Transcriptions in passports: MUELLER is Müller to a clerk's eye.
_GERMAN: Final = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue"})


@dataclass(frozen=True, slots=True)
class Visit:
    """Who comes for whom, what for, and what is laid on the desk."""

    visitor: Person
    insured: Person
    purpose: Purpose
    card: CardData | None
    card_kvnr: str | None
    document: IdentityDocument | None
    appointment_id: str | None


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")


class Visitor(_Part):
    given_names: str
    family_name: str
    birth_date: date


class PresentedCard(_Part):
    iccsn: str
    kvnr: str


class PresentedDocument(Visitor):
    kind: str
    number: str
    valid_until: date


class Report(_Part):
    """What the clerk enters: the body of the POST to the insurer."""

    appointment_id: str | None
    purpose: Purpose
    insured_kvnr: str
    visitor: Visitor
    card: PresentedCard | None
    document: PresentedDocument | None


class Answer(_Part):
    """What the insurer's system shows the clerk."""

    accepted: bool
    reason: str | None = None
    notes: tuple[str, ...] = ()


def look(visit: Visit) -> str | None:
    """What the clerk objects to before entering anything: `document_damaged`, `not_the_holder`, or nothing."""
    if visit.document is None:
        return None
    if visit.document.damaged:
        return "document_damaged"
    return None if _is_holder(visit.visitor, visit.document) else "not_the_holder"


def report(visit: Visit) -> Report:
    """The facts of the visit. A card whose insured person's number is not given is the insured person's own."""
    visitor, document, card = visit.visitor, visit.document, visit.card
    return Report(
        appointment_id=visit.appointment_id,
        purpose=visit.purpose,
        insured_kvnr=visit.insured.kvnr,
        visitor=Visitor(
            given_names=visitor.given_names, family_name=visitor.family_name, birth_date=visitor.birth_date
        ),
        card=PresentedCard(iccsn=card.iccsn, kvnr=visit.card_kvnr or visit.insured.kvnr) if card else None,
        document=PresentedDocument(
            kind=document.kind.value,
            number=document.number,
            given_names=document.given_names,
            family_name=document.family_name,
            birth_date=document.birth_date,
            valid_until=document.valid_until,
        )
        if document
        else None,
    )


def understand(status: int, body: bytes) -> Outcome:
    """What the visitor is told. 5xx is `core_system_down`, any other odd answer `report_rejected`."""
    if status >= 500:
        return Refused("core_system_down")
    try:
        answer = Answer.model_validate_json(body)
    except ValidationError:
        return Refused("report_rejected", (f"http_{status}",))
    if status != 200:
        return Refused("report_rejected", (f"http_{status}",))
    return Accepted(answer.notes) if answer.accepted else Refused(answer.reason or "refused", answer.notes)


def _is_holder(person: Person, document: IdentityDocument) -> bool:
    """Whether name and birth date are the visitor's; a document from before a marriage bears the birth name."""
    names = {_plain(name) for name in (person.family_name, person.birth_name) if name}
    return (
        document.birth_date == person.birth_date
        and _plain(document.given_names) == _plain(person.given_names)
        and _plain(document.family_name) in names
    )


def _plain(name: str) -> str:
    spelt = unicodedata.normalize("NFC", name).casefold().translate(_GERMAN)
    return "".join(c for c in unicodedata.normalize("NFD", spelt) if c.isalpha())
