"""A letter on its way: what has become of it so far, and what the one who opens it holds in hand."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import Enum, IntEnum, StrEnum

from emulators.core.clock import elapsed
from emulators.core.person import Address

from .order import LetterOrder, Problem
from .paper import Sheet


class LetterStatus(IntEnum):
    """How far the print partner is; it never tells whether a letter has arrived. Source: E-POSTBUSINESS statusID."""

    ACCEPTED = 1
    PROCESSED = 2
    AT_PRINT_CENTRE = 3
    POSTED = 4
    FAILED = 99


class Tracking(StrEnum):
    """Codes of registered mail. Source: E-POSTBUSINESS registeredLetterStatus, of whose 28 these four occur here."""

    ANNOUNCED = "ANNOUNCED"
    POSTED = "POSTED"
    DELIVERED = "DELIVERED"
    RETURNED_TO_SENDER = "RETURNED_TO_SENDER"


class QueueAnswer(Enum):
    """What became of the wish to cancel or release a letter that is queued."""

    DONE = "done"
    UNKNOWN = "unknown"
    NOT_QUEUED = "not queued"
    IN_PRODUCTION = "in production"


Milestone = tuple[datetime, LetterStatus]


@dataclass(frozen=True, slots=True)
class Feedback:
    """What Premiumadress tells the sender of a letter that did not go where it was sent. `told_at` is when."""

    reason: str
    told_at: datetime
    new_address: Address | None = None


@dataclass(eq=False)
class Letter:
    """One letter. `recipient` are the lines in its window, `sheets` what is in the envelope, damage and all.

    `number` counts the orders of this post office, from 1; `letter_id` is the name in the journal.
    """

    number: int
    order: LetterOrder
    recipient: tuple[str, ...]
    sheets: tuple[Sheet, ...]
    milestones: tuple[Milestone, ...]
    letter_id: str
    problems: tuple[Problem, ...] = ()
    tracking_number: str | None = None
    due: datetime | None = None
    delivered_at: datetime | None = None
    returned: str | None = None
    returned_at: datetime | None = None
    feedback: Feedback | None = None
    queued: bool = False
    canceled: bool = False
    opened: bool = False
    pin_field_open: bool = False
    inside: str | None = None  # the letter in whose envelope this one travels
    enclosed: list[Letter] = field(default_factory=list)

    @property
    def reference(self) -> str:
        """The sender's name of the letter: its file name."""
        return self.order.file_name

    @property
    def pages(self) -> tuple[str, ...]:
        """The text of each sheet, as the recipient reads it."""
        return tuple(sheet.text for sheet in self.sheets)

    @property
    def text(self) -> str:
        """All pages as one text."""
        return "\n\n".join(self.pages)

    @property
    def codes(self) -> tuple[str, ...]:
        """What a camera reads off the QR codes of all sheets."""
        return tuple(code for sheet in self.sheets for code in sheet.codes())

    def preview(self, page: int = 1, dpi: int = 100, *, overlay: bool = False) -> bytes:
        """A page, counted from 1, as PNG. Raises `IndexError` if the letter has no such page."""
        if not 1 <= page <= len(self.sheets):
            raise IndexError(f"letter {self.letter_id} has {len(self.sheets)} pages, not a page {page}")
        return self.sheets[page - 1].picture(dpi, overlay=overlay)

    @property
    def created_at(self) -> datetime:
        """When the order came in."""
        return self.milestones[0][0]

    @property
    def posted_at(self) -> datetime:
        """When the print centre hands the letter over (or would have)."""
        return self.milestones[-1][0]

    def status(self, now: datetime) -> LetterStatus:
        """The last milestone passed by `now`."""
        passed = [(at.timestamp(), status) for at, status in self.milestones if _has_come(at, now)]
        return max(passed)[1] if passed else self.milestones[0][1]

    def reached(self, status: LetterStatus, now: datetime) -> datetime | None:
        """When the letter had that status, or `None` if it has not had it by `now`."""
        return next((at for at, what in self.milestones if what is status and _has_come(at, now)), None)

    def tracking(self, now: datetime) -> Tracking:
        if self.returned is not None:
            return Tracking.RETURNED_TO_SENDER
        if self.delivered_at is not None:
            return Tracking.DELIVERED
        return Tracking.POSTED if self.status(now) is LetterStatus.POSTED else Tracking.ANNOUNCED

    def told(self, now: datetime) -> Feedback | None:
        """The feedback of Premiumadress, once it is there."""
        return self.feedback if self.feedback is not None and _has_come(self.feedback.told_at, now) else None


def _has_come(moment: datetime, now: datetime) -> bool:
    return elapsed(moment, now) >= timedelta(0)


def tracking_number(serial: int) -> str:
    """A number for registered mail: `RT`, eight digits, check digit, `DE`. Source: UPU S10, check digit modulo 11."""
    digits = f"{serial:08d}"
    rest = 11 - sum(int(d) * w for d, w in zip(digits, (8, 6, 4, 2, 3, 5, 9, 7), strict=True)) % 11
    return f"RT{digits}{({10: 0, 11: 5}).get(rest, rest)}DE"
