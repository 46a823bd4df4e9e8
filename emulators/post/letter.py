"""A letter: what the sender orders, what becomes of it, and what it looks like where it arrives."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import datetime
from enum import IntEnum, StrEnum
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, field_validator

# Six lines of 80 characters: the address zone of DIN 5008 and the limits of the E-POSTBUSINESS API.
Line = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=80)]
Page = Annotated[str, StringConstraints(min_length=1, max_length=20_000)]

_PLACE = re.compile(r"[0-9]{5} \S.*")
# A code is a word with a digit in it, or six and more capitals and digits, with or without hyphens.
_CODE = re.compile(r"\S*[0-9]\S*|\b[A-ZÄÖÜ][A-ZÄÖÜ-]{5,}")
SMUDGE = "▒"


class LetterOrder(BaseModel):
    """What the sender submits. The last recipient line is `12345 City`, the one before it street and number."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    reference: Line
    sender: tuple[Line, ...] = Field(min_length=1, max_length=6)
    recipient: tuple[Line, ...] = Field(min_length=3, max_length=6)
    pages: tuple[Page, ...] = Field(min_length=1, max_length=50)
    registered: bool = False

    @field_validator("recipient")
    @classmethod
    def _ends_with_a_place(cls, lines: tuple[str, ...]) -> tuple[str, ...]:
        if not _PLACE.fullmatch(lines[-1]):
            raise ValueError("the last line must be five digits, a blank and the city")
        return lines


class LetterStatus(IntEnum):
    """How far the print partner is; it never tells whether a letter has arrived. Source: E-POSTBUSINESS statusID."""

    ACCEPTED = 1
    PROCESSED = 2
    AT_PRINT_CENTRE = 3
    POSTED = 4
    FAILED = 99


class Tracking(StrEnum):
    """Codes of registered mail. Source: E-POSTBUSINESS registeredLetterStatus."""

    ANNOUNCED = "ANNOUNCED"
    POSTED = "POSTED"
    DELIVERED = "DELIVERED"
    RETURNED_TO_SENDER = "RETURNED_TO_SENDER"


@dataclass(eq=False)
class Letter:
    """One letter on its way. `pages` is what is printed, which a fault may have smudged."""

    letter_id: str
    order: LetterOrder
    pages: tuple[str, ...]
    milestones: tuple[tuple[datetime, LetterStatus], ...]
    tracking_number: str | None = None
    delivered_at: datetime | None = None
    returned: str | None = None
    opened: bool = field(default=False)

    @property
    def reference(self) -> str:
        return self.order.reference

    @property
    def text(self) -> str:
        """All pages as one text, as the recipient reads it."""
        return "\n\n".join(self.pages)

    @property
    def posted_at(self) -> datetime:
        """When the print centre hands the letter over (or would have)."""
        return self.milestones[-1][0]

    def status(self, now: datetime) -> LetterStatus:
        """The last milestone passed by `now`."""
        return max((m for m in self.milestones if m[0] <= now), default=self.milestones[0])[1]

    def tracking(self, now: datetime) -> Tracking:
        if self.returned is not None:
            return Tracking.RETURNED_TO_SENDER
        if self.delivered_at is not None:
            return Tracking.DELIVERED
        return Tracking.POSTED if self.status(now) is LetterStatus.POSTED else Tracking.ANNOUNCED


def smudged(page: str) -> str:
    """The page with every code made unreadable, character by character; words without digits stay."""
    return _CODE.sub(lambda code: SMUDGE * len(code[0]), page)


def tracking_number(serial: int) -> str:
    """A number for registered mail: `RT`, eight digits, check digit, `DE`. Source: UPU S10, check digit modulo 11."""
    digits = f"{serial:08d}"
    rest = 11 - sum(int(d) * w for d, w in zip(digits, (8, 6, 4, 2, 3, 5, 9, 7), strict=True)) % 11
    return f"RT{digits}{({10: 0, 11: 5}).get(rest, rest)}DE"
