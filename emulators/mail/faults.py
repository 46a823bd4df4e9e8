"""What can go wrong with a mail: at the connection, for a recipient, with its content, on the way."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import ClassVar, Literal

from pydantic import Field

from emulators.core.faults import Fault


class Outage(Fault):
    """The server greets the connection with 421 and closes it."""

    point: ClassVar[str] = "connect"


class Bounced(Fault):
    """The recipient is refused for good (550 at RCPT)."""

    point: ClassVar[str] = "recipient"


class Greylisted(Fault):
    """The recipient is refused for now (451 at RCPT); the next try passes."""

    point: ClassVar[str] = "recipient"


class Filtered(Fault):
    """The content is refused after its last dot (554 at DATA)."""

    point: ClassVar[str] = "data"


class Lost(Fault):
    """The mail is accepted but never arrives, and nobody is told."""

    point: ClassVar[str] = "delivery"


class Late(Fault):
    """The mail arrives `minutes` late."""

    point: ClassVar[str] = "delivery"
    minutes: int = Field(default=60, gt=0)


class Spam(Fault):
    """The mail lands in the folder for spam."""

    point: ClassVar[str] = "delivery"


class MangledLink(Fault):
    """The links in the mail are broken on the way: by a line break, or escaped once too often."""

    point: ClassVar[str] = "delivery"
    how: Literal["line_break", "escaped"] = "line_break"


class Scanner(Fault):
    """A mail scanner opens every link before the person can."""

    point: ClassVar[str] = "delivery"


FAULTS: Mapping[str, type[Fault]] = MappingProxyType(
    {
        "lost": Lost,
        "late": Late,
        "bounced": Bounced,
        "outage": Outage,
        "greylisted": Greylisted,
        "filtered": Filtered,
        "spam": Spam,
        "mangled_link": MangledLink,
        "scanner": Scanner,
    }
)
