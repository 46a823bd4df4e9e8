"""An insured person as the world knows one: data only, no behaviour beyond what follows from the data."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum


class DocumentKind(StrEnum):
    IDENTITY_CARD = "identity_card"
    PASSPORT = "passport"


@dataclass(frozen=True, slots=True)
class Address:
    street: str
    house_number: str
    postcode: str
    city: str
    land: str  # two-letter code of the Land, e.g. NW

    def lines(self) -> tuple[str, str]:
        return f"{self.street} {self.house_number}", f"{self.postcode} {self.city}"


@dataclass(frozen=True, slots=True)
class IdentityDocument:
    """An identity card or passport. `valid_until` is the last day on which it is valid."""

    kind: DocumentKind
    number: str
    given_names: str
    family_name: str
    birth_date: date
    valid_until: date
    damaged: bool = False

    def is_valid_on(self, day: date) -> bool:
        return day <= self.valid_until


@dataclass(frozen=True, slots=True)
class CardData:
    """What is printed on a health card and what its letters say. PIN and PUK are digits, TEST ONLY."""

    iccsn: str  # 20 digits, printed on the back as the card's number
    can: str  # 6 digits, printed on the front; empty on a card without NFC
    pin: str  # 6 to 8 digits, sent by letter
    puk: str  # 8 digits
    nfc: bool = True


@dataclass(frozen=True, slots=True)
class Person:
    """An insured person. `family_name` is written as on documents, particle and all (`von der Heide`)."""

    title: str
    given_names: str
    family_name: str
    birth_name: str
    birth_date: date
    sex: str  # M, W, X, D as in the VSDM schema
    kvnr: str
    ik: str  # the insurer's institution code
    address: Address
    email: str
    mobile: str  # E.164, from the Bundesnetzagentur's numbers for fiction
    user_name: str
    password: str
    card: CardData
    documents: tuple[IdentityDocument, ...]
    replacement: CardData | None = None  # the card that comes when a new one is ordered
    guardian: Person | None = None  # for a child: the family member through whom it is insured

    @property
    def full_name(self) -> str:
        return " ".join(part for part in (self.title, self.given_names, self.family_name) if part)

    def document(self, kind: DocumentKind) -> IdentityDocument:
        """The person's document of that kind; raises `LookupError` if there is none."""
        for document in self.documents:
            if document.kind is kind:
                return document
        raise LookupError(f"{self.full_name} has no {kind.value}")

    def age_on(self, day: date) -> int:
        """Completed years of life; who is born on 29 February completes them on 1 March (§ 188 BGB)."""
        years = day.year - self.birth_date.year
        return years if day >= birthday(self.birth_date, day.year) else years - 1


def birthday(born: date, year: int) -> date:
    """The day in `year` on which a year of life has been completed."""
    try:
        return born.replace(year=year)
    except ValueError:
        return date(year, 2, 28) + timedelta(days=1)
