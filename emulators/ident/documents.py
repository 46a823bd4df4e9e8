"""What the camera and the microphone take, and how the check judges it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from typing import Final, Literal, Protocol

from emulators.core.person import CardData, IdentityDocument

from .names import same_family_name, same_given_names
from .order import CaseOrder

Side = Literal["front", "back"]


class Visible(Protocol):
    """A person as the camera sees one: whoever has these data has this face. `Person` is one."""

    @property
    def given_names(self) -> str: ...
    @property
    def family_name(self) -> str: ...
    @property
    def birth_name(self) -> str: ...
    @property
    def birth_date(self) -> date: ...


@dataclass(frozen=True, slots=True)
class Face:
    """A face told in words, as it comes over HTTP."""

    given_names: str
    family_name: str
    birth_date: date
    birth_name: str = ""


@dataclass(frozen=True, slots=True)
class FilmedCard:
    """A health card before the camera: the number on its back and the insured person's number on its front."""

    iccsn: str
    kvnr: str

    @classmethod
    def of(cls, card: CardData, kvnr: str) -> FilmedCard:
        return cls(card.iccsn, kvnr)


@dataclass
class Evidence:
    """What has been taken in one attempt, by side."""

    documents: dict[Side, IdentityDocument] = field(default_factory=dict)
    cards: dict[Side, FilmedCard] = field(default_factory=dict)
    face: Visible | None = None


class Finding(StrEnum):
    """How the check ends, worst first."""

    REJECTED = "rejected"
    RETRY = "retry"
    REVIEW = "review"
    PASSED = "passed"
    PASSED_WITH_CHANGES = "passed_with_changes"


@dataclass(frozen=True, slots=True)
class Verdict:
    finding: Finding
    reasons: tuple[str, ...] = ()


def shows(document: IdentityDocument, person: Visible) -> bool:
    """Whether the photo on the document is this person's; an old document may bear the birth name."""
    return (
        document.birth_date == person.birth_date
        and same_given_names(document.given_names, person.given_names)
        and any(same_family_name(document.family_name, n) for n in (person.family_name, person.birth_name) if n)
    )


def has_expired(evidence: Evidence, order: CaseOrder, today: date) -> bool:
    return any(not document.is_valid_on(today) for document in evidence.documents.values())


def is_unsupported(evidence: Evidence, order: CaseOrder, today: date) -> bool:
    return any(document.kind.value not in order.documents for document in evidence.documents.values())


def is_damaged(evidence: Evidence, order: CaseOrder, today: date) -> bool:
    return any(document.damaged for document in evidence.documents.values())


def is_other_name(evidence: Evidence, order: CaseOrder, today: date) -> bool:
    """Neither the name asked for nor the birth name stands on the document."""
    wanted = order.shows_document
    return any(
        not same_given_names(document.given_names, wanted.given_name)
        or not any(same_family_name(document.family_name, n) for n in (wanted.family_name, wanted.birth_name) if n)
        for document in evidence.documents.values()
    )


def is_other_birth_date(evidence: Evidence, order: CaseOrder, today: date) -> bool:
    return any(document.birth_date != order.shows_document.birth_date for document in evidence.documents.values())


def is_wrong_card(evidence: Evidence, order: CaseOrder, today: date) -> bool:
    wanted = FilmedCard(order.health_card.iccsn, order.subject.kvnr)
    return any(card != wanted for card in evidence.cards.values())


def differs_by_side(evidence: Evidence, order: CaseOrder, today: date) -> bool:
    return len(set(evidence.documents.values())) > 1


def is_other_face(evidence: Evidence, order: CaseOrder, today: date) -> bool:
    face = evidence.face
    return face is None or not any(shows(document, face) for document in evidence.documents.values())


def bears_birth_name(evidence: Evidence, order: CaseOrder, today: date) -> bool:
    wanted = order.shows_document
    return any(not same_family_name(d.family_name, wanted.family_name) for d in evidence.documents.values())


def is_spelt_otherwise(evidence: Evidence, order: CaseOrder, today: date) -> bool:
    wanted = (order.shows_document.given_name, order.shows_document.family_name)
    return any((d.given_names, d.family_name) != wanted for d in evidence.documents.values())


Check = Callable[[Evidence, CaseOrder, date], bool]

# Which finding each fact leads to; of several, the worst counts. Codes: fault catalogue of the contract.
CHECKS: Final[tuple[tuple[str, Finding, Check], ...]] = (
    ("doc.unsupported", Finding.REJECTED, is_unsupported),
    ("doc.expired", Finding.REJECTED, has_expired),
    ("doc.damaged", Finding.REJECTED, is_damaged),
    ("data.name_mismatch", Finding.REJECTED, is_other_name),
    ("data.birthdate_mismatch", Finding.REJECTED, is_other_birth_date),
    ("egk.wrong_card", Finding.REJECTED, is_wrong_card),
    ("doc.front_back_mismatch", Finding.RETRY, differs_by_side),
    ("face.mismatch", Finding.RETRY, is_other_face),
    ("data.birth_name", Finding.REVIEW, bears_birth_name),
    ("data.name_changed", Finding.PASSED_WITH_CHANGES, is_spelt_otherwise),
)


def judge(evidence: Evidence, order: CaseOrder, today: date) -> Verdict:
    """The finding and the codes that led to it."""
    found = [(finding, code) for code, finding, holds in CHECKS if holds(evidence, order, today)]
    worst = next((f for f in Finding if any(f is finding for finding, _ in found)), Finding.PASSED)
    reasons = () if worst is Finding.PASSED_WITH_CHANGES else tuple(code for f, code in found if f is worst)
    return Verdict(worst, reasons)
