"""The register of the insured, and what the insurer keeps about each of them apart from an account."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime
from itertools import cycle
from typing import Literal

from emulators.core.person import CardData, Person
from harness.reference.declined import Declined

from .records import Record

Identity = Literal["none", "running", "passed", "refused"]
Release = Literal["none", "pending", "released"]

_KVNR = re.compile(r"[A-Z][0-9]{9}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Appointment:
    """A visit to a branch that the insurer has booked."""

    appointment_id: str
    at: datetime


@dataclass(eq=False, slots=True)
class Insured:
    """One insured person. `cards` holds every card issued, by ICCSN; the released ones are in `released_cards`."""

    person: Person
    cards: dict[str, CardData]
    released_cards: set[str] = field(default_factory=set)
    identity: Identity = "none"
    release: Release = "none"
    inbox: list[str] = field(default_factory=list)
    appointments: list[Appointment] = field(default_factory=list)
    record: Record = field(default_factory=Record)

    @property
    def kvnr(self) -> str:
        return self.person.kvnr

    def issue(self, card: CardData) -> None:
        self.cards[card.iccsn] = card

    def require_released(self, iccsn: str) -> None:
        """Raises `Declined` unless that card has been released, i.e. an identity check was done with it."""
        if iccsn not in self.released_cards:
            raise Declined("card_not_released")


class Register:
    """All insured people by insurance number."""

    def __init__(self, people: Iterable[Person]) -> None:
        self._insured = {person.kvnr: Insured(person, {person.card.iccsn: person.card}) for person in people}

    def __getitem__(self, kvnr: str) -> Insured:
        """Raises `KeyError` for a number nobody has."""
        return self._insured[kvnr]

    def get(self, kvnr: str) -> Insured | None:
        return self._insured.get(kvnr)

    def holder_of(self, iccsn: str) -> Insured | None:
        """Whose card has that number."""
        return next((insured for insured in self._insured.values() if iccsn in insured.cards), None)

    def find(self, given_names: str, family_name: str, birth_date: str, kvnr: str) -> Insured | None:
        """The person of whom all four are on file; `birth_date` in ISO form. Upper and lower case do not matter."""
        found = self._insured.get(kvnr)
        if found is None:
            return None
        person = found.person
        typed = _plain(given_names), _plain(family_name), birth_date.strip()
        on_file = _plain(person.given_names), _plain(person.family_name), person.birth_date.isoformat()
        return found if typed == on_file else None


def is_kvnr(text: str) -> bool:
    """A capital letter, 8 digits, and the check digit (letter as two digits, weights 1-2, digit sums, modulo 10)."""
    if not _KVNR.fullmatch(text):
        return False
    stem = f"{ord(text[0]) - ord('A') + 1:02}{text[1:9]}"
    products = [int(digit) * weight for digit, weight in zip(stem, cycle((1, 2)), strict=False)]
    return sum(product // 10 + product % 10 for product in products) % 10 == int(text[9])


def parse_date(text: object) -> date | None:
    """An ISO date, or `None` for anything else."""
    try:
        return date.fromisoformat(text) if isinstance(text, str) else None
    except ValueError:
        return None


def _plain(name: str) -> str:
    return " ".join(unicodedata.normalize("NFC", name).casefold().split())
