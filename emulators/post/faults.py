"""What can go wrong with the post."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import ClassVar, Literal

from pydantic import Field

from emulators.core.faults import Fault
from emulators.core.transport_faults import Outage, RefusedConnection

# Information classes of Premiumadress (moved, refused, deceased…) and the notes printed on returned letters.
Reason = Literal["unknown", "moved", "refused", "deceased", "not_collected", "no_letterbox"]


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


class Opened(Fault):
    """The letter arrives opened: somebody has read the code."""

    point: ClassVar[str] = "transit"


class Damaged(Fault):
    """The print is smudged: every code in the letter is unreadable."""

    point: ClassVar[str] = "print"


class PrintError(Fault):
    """The print centre rejects the job: status 99, no letter is posted."""

    point: ClassVar[str] = "print"


FAULTS: Mapping[str, type[Fault]] = MappingProxyType(
    {
        "lost": Lost,
        "late": Late,
        "returned": Returned,
        "misdelivered": Misdelivered,
        "damaged": Damaged,
        "print_error": PrintError,
        "opened": Opened,
        "outage": Outage,
        "refused_connection": RefusedConnection,
    }
)
