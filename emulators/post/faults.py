"""What can go wrong with the post.

Points: `line` and `request` (a call of the API), `check` (each letter whose PDF is in order), `queue` (each letter
that goes into production), `print` and `insert` (each letter in the print centre), `insert.pages` (a letter of several
sheets), `insert.same` and `insert.other` (a letter while another one to the same or to another recipient is still in
the centre), `insert.foreign` (a letter after one to another recipient), `transit` (each letter on its way),
`transit.behind` (a letter while an earlier one to the same recipient is on its way).
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import ClassVar, Literal

from pydantic import Field

from emulators.core.faults import Fault
from emulators.core.transport_faults import LINE_FAULTS, Outage, RefusedConnection

from .paper import Spoilt

# Information classes of Premiumadress (moved, refused, deceased…) and the notes printed on returned letters.
Reason = Literal[
    "moved",
    "unknown",
    "refused",
    "deceased",
    "not_collected",
    "no_letterbox",
    "box_full",
    "inaccessible",
    "po_box_closed",
    "incomplete_address",
    "dissolved",
]

# What the check can hold against a PDF. Source: the error codes of the E-POSTBUSINESS API.
Rejection = Literal["E301", "E302", "E306", "E308", "E315", "E323"]


class Lost(Fault):
    """The letter is lost on the way; nobody is told."""

    point: ClassVar[str] = "transit"


class Late(Fault):
    """The letter arrives `workdays` working days later than usual."""

    point: ClassVar[str] = "transit"
    workdays: int = Field(default=5, ge=1, le=250)


class Returned(Fault):
    """The letter goes back to the sender, `after_workdays` working days after the attempt to deliver it."""

    point: ClassVar[str] = "transit"
    reason: Reason = "unknown"
    after_workdays: int = Field(default=2, ge=0, le=60)


class Misdelivered(Fault):
    """The letter lands in another household's letterbox; where there is none, it is lost."""

    point: ClassVar[str] = "transit"


class Forwarded(Fault):
    """The recipient has moved and left a forwarding order: the letter follows, `workdays` working days later."""

    point: ClassVar[str] = "transit"
    workdays: int = Field(default=2, ge=1, le=60)


class ForwardedToOldAddress(Fault):
    """A forwarding order that ought to have ended sends the letter to an address where the recipient lived before."""

    point: ClassVar[str] = "transit"
    workdays: int = Field(default=2, ge=1, le=60)


class Strike(Fault):
    """The carriers are on strike: for `workdays` working days from the day of posting no letter is delivered."""

    point: ClassVar[str] = "transit"
    workdays: int = Field(default=5, ge=1, le=60)


class Opened(Fault):
    """The letter arrives opened: somebody has read the code."""

    point: ClassVar[str] = "transit"


class Scanned(Fault):
    """A carer opens the letter and scans it: the recipient gets a grey copy of `dpi`, `workdays` working days later.

    The carer has read the code. On a copy of less than 50 dpi nobody can read the print; a camera finds a QR code as
    long as its modules can be told apart. With `pin_field_open` the field over a PIN was rubbed open for the scan.
    """

    point: ClassVar[str] = "transit"
    dpi: int = Field(default=150, ge=10, le=600)
    workdays: int = Field(default=1, ge=0, le=60)
    pin_field_open: bool = False


class Overtaken(Fault):
    """The letter arrives just before an earlier one to the same recipient, in reverse order."""

    point: ClassVar[str] = "transit.behind"


class Damaged(Fault):
    """The print is smudged: every code (`codes`), half of each printed one (`part`), or the QR codes only (`qr`)."""

    point: ClassVar[str] = "print"
    what: Spoilt = "codes"


class PdfRejected(Fault):
    """The check rejects a PDF that is in order, with `code`: status 99 after 1, nothing is printed."""

    point: ClassVar[str] = "check"
    code: Rejection = "E301"


class Backlog(Fault):
    """The print centre has more to do than it can: the letter leaves it `workdays` working days later than usual."""

    point: ClassVar[str] = "queue"
    workdays: int = Field(default=2, ge=1, le=60)


class PrintError(Fault):
    """The print centre rejects the job: status 99, no letter is posted."""

    point: ClassVar[str] = "print"


class PrintedTwice(Fault):
    """The letter is printed and posted twice: two copies arrive."""

    point: ClassVar[str] = "insert"


class PinFieldOpen(Fault):
    """The field that covers a PIN is rubbed open already when the letter arrives."""

    point: ClassVar[str] = "insert"


class Parted(Fault):
    """Each sheet goes into an envelope of its own, the later ones a working day behind each other."""

    point: ClassVar[str] = "insert.pages"


class Combined(Fault):
    """The letter travels in the envelope of another one to the same recipient: PIN and PUK together, say."""

    point: ClassVar[str] = "insert.same"


class DoubleFeed(Fault):
    """Two letters are drawn in as one: this one ends up in the envelope of another recipient, and nowhere else."""

    point: ClassVar[str] = "insert.other"


class WrongInsert(Fault):
    """A sheet of another recipient's earlier letter is put into this envelope as well: a breach of data protection."""

    point: ClassVar[str] = "insert.foreign"


class RateLimited(Fault):
    """The API answers one request with 429 and does nothing."""

    point: ClassVar[str] = "request"


FAULTS: Mapping[str, type[Fault]] = MappingProxyType(
    {
        "lost": Lost,
        "late": Late,
        "returned": Returned,
        "misdelivered": Misdelivered,
        "damaged": Damaged,
        "pdf_rejected": PdfRejected,
        "backlog": Backlog,
        "print_error": PrintError,
        "opened": Opened,
        "scanned": Scanned,
        "forwarded": Forwarded,
        "forwarded_to_old_address": ForwardedToOldAddress,
        "strike": Strike,
        "overtaken": Overtaken,
        "printed_twice": PrintedTwice,
        "pin_field_open": PinFieldOpen,
        "parted": Parted,
        "combined": Combined,
        "double_feed": DoubleFeed,
        "wrong_insert": WrongInsert,
        "outage": Outage,
        "refused_connection": RefusedConnection,
        **LINE_FAULTS,
        "rate_limited": RateLimited,
    }
)
