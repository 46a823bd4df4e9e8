"""What can go wrong on the air between a program and a Bluetooth reader."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Annotated, ClassVar

from pydantic import Field

from emulators.core.faults import Fault

DEFAULT_MTU = 23  # ATT_MTU that every device has to support (Bluetooth Core 5.4, vol. 3, part G, 5.2.1)
LARGEST_MTU = 517


class LinkLost(Fault):
    """The link breaks at the next packet, before or after the reader has got it."""

    point: ClassVar[str] = "packet"
    delivered: bool = False


class When(StrEnum):
    """Where in the life of an APDU the link breaks."""

    BEFORE = "before"
    INSIDE = "inside"
    AFTER = "after"


class ApduInterrupted(Fault):
    """The link breaks at the next APDU: before the card sees it, before its answer is sent, or right after that."""

    point: ClassVar[str] = "apdu"
    when: When = When.INSIDE


class SmallMtu(Fault):
    """The next connection stays at a small MTU, by default the smallest there is."""

    point: ClassVar[str] = "connect"
    mtu: Annotated[int, Field(ge=DEFAULT_MTU, le=LARGEST_MTU)] = DEFAULT_MTU


class LostNotification(Fault):
    """The next notification of the reader does not arrive."""

    point: ClassVar[str] = "notification"


FAULTS: Mapping[str, type[Fault]] = {
    "link_lost": LinkLost,
    "apdu_interrupted": ApduInterrupted,
    "small_mtu": SmallMtu,
    "lost_notification": LostNotification,
}
