"""What can go wrong with a mail once it has been accepted: on its way to the mailbox."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Annotated, ClassVar, Literal

from pydantic import Field, StringConstraints

from emulators.core.faults import Fault


class Lost(Fault):
    """The mail is accepted but never arrives, and nobody is told."""

    point: ClassVar[str] = "delivery"


class Late(Fault):
    """The mail arrives `minutes` late."""

    point: ClassVar[str] = "delivery"
    minutes: int = Field(default=60, gt=0)


class Duplicated(Fault):
    """The mail arrives more than once."""

    point: ClassVar[str] = "delivery"
    copies: int = Field(default=2, ge=2, le=10)


class Overtaken(Fault):
    """The mail arrives only after the next one to the same mailbox, or after `minutes` if none comes."""

    point: ClassVar[str] = "delivery"
    minutes: int = Field(default=60, gt=0)


class Returned(Fault):
    """The mail is accepted, then comes back: a delivery status notification goes to the envelope's sender."""

    point: ClassVar[str] = "delivery"
    status: Annotated[str, StringConstraints(pattern=r"^5\.\d{1,3}\.\d{1,3}$")] = "5.1.1"
    reply: Annotated[str, StringConstraints(pattern=r"^5\d\d [ -~]{1,400}$")] = "550 5.1.1 User unknown"
    minutes: int = Field(default=0, ge=0)


class Spam(Fault):
    """The mail lands in the folder for spam."""

    point: ClassVar[str] = "delivery"


class MangledLink(Fault):
    """The links are changed on the way: a line break, escaped once too often, `&amp;` for `&`, or a click tracker."""

    point: ClassVar[str] = "delivery"
    how: Literal["line_break", "escaped", "ampersand", "tracked"] = "line_break"


class TextOnly(Fault):
    """Only one part of the mail arrives: the text without the HTML, or (`part: html`) the other way round."""

    point: ClassVar[str] = "delivery"
    part: Literal["text", "html"] = "text"


class ImagesBlocked(Fault):
    """The person's mail program loads no image, or (`which: remote`) only those within the mail.

    In its place stands its alternative text; a link that was nothing but an image without one cannot be clicked.
    """

    point: ClassVar[str] = "delivery"
    which: Literal["all", "remote"] = "all"


class PlusStripped(Fault):
    """What follows a plus in the recipient's local part is cut off on the way."""

    point: ClassVar[str] = "delivery"


class Scanner(Fault):
    """A mail scanner opens every link before the person can."""

    point: ClassVar[str] = "delivery"


DELIVERY_FAULTS: Mapping[str, type[Fault]] = MappingProxyType(
    {
        "lost": Lost,
        "late": Late,
        "duplicated": Duplicated,
        "overtaken": Overtaken,
        "returned": Returned,
        "spam": Spam,
        "mangled_link": MangledLink,
        "text_only": TextOnly,
        "images_blocked": ImagesBlocked,
        "plus_stripped": PlusStripped,
        "scanner": Scanner,
    }
)
