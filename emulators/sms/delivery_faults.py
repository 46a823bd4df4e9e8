"""What can go wrong between the gateway and the handset: the network, the SIM, the device, the receipts.

Each kind strikes one message as it sets out. `emulators/sms/bends.py` has what each of them does.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import ClassVar, Literal, Self

from pydantic import ConfigDict, Field, model_validator

from emulators.core.faults import Fault

from .delay import Delay, Fixed, Lognormal, Point, Until
from .message import Status


class DeliveryFault(Fault):
    """Strikes a message on its way to the handset."""

    point: ClassVar[str] = "delivery"


class Lost(DeliveryFault):
    """The message is taken but never reaches the handset; the gateway learns it (undelivered, 30003)."""


class Vanished(DeliveryFault):
    """The message is taken and sent, never arrives, and no final state is ever reported."""


class Late(DeliveryFault):
    """The message comes `minutes` late, or by a lognormal delay (`median_minutes`, `sigma`), or only at `until`.

    Said in one of these ways; 15 minutes if in none. `sigma` is the deviation of the delay's natural logarithm. `until`
    is a time of day (`18:00`, the next one) or a moment (`2021-03-23 18:00`), Europe/Berlin: a network that is
    congested till then. No delay is longer than 30 days.
    """

    model_config = ConfigDict(
        json_schema_extra={
            "dependentRequired": {"median_minutes": ["sigma"], "sigma": ["median_minutes"]},
            "not": {
                "anyOf": [
                    {"required": ["minutes", "median_minutes"]},
                    {"required": ["minutes", "until"]},
                    {"required": ["median_minutes", "until"]},
                ]
            },
        }
    )

    minutes: int | None = Field(default=None, gt=0, le=43200)
    median_minutes: float | None = Field(default=None, gt=0, le=43200, allow_inf_nan=False)
    sigma: float | None = Field(default=None, gt=0, le=5, allow_inf_nan=False)
    until: Point | None = None

    @model_validator(mode="before")
    @classmethod
    def _said_or_usual(cls, given: object) -> object:
        return {"minutes": 15} if given == {} else given

    @model_validator(mode="after")
    def _said_once(self) -> Self:
        if (self.median_minutes is None) != (self.sigma is None):
            raise ValueError("a lognormal delay needs both median_minutes and sigma")
        ways = [name for name in ("minutes", "median_minutes", "until") if getattr(self, name) is not None]
        if len(ways) != 1:
            said = " and ".join(ways) or "none of them"
            raise ValueError(f"say in one way how late: minutes, median_minutes with sigma, or until; not {said}")
        return self

    @property
    def delay(self) -> Delay:
        """How late, as what can be asked for a message."""
        if self.until is not None:
            return Until(self.until)
        if self.median_minutes is not None and self.sigma is not None:
            return Lognormal(self.median_minutes, self.sigma)
        return Fixed(self.minutes or 0)


class Duplicate(DeliveryFault):
    """The handset gets the message twice, the second time `minutes` after the first."""

    minutes: int = Field(default=0, ge=0)


class Overtaken(DeliveryFault):
    """The next message to the same number arrives before this one; without one, this arrives `minutes` late."""

    minutes: int = Field(default=60, gt=0)


class Undeliverable(DeliveryFault):
    """The network gives the message up: `code` is the gateway's, `network_error` the one of SMPP receipts."""

    code: ClassVar[int]
    network_error: ClassVar[int] = 0
    status: ClassVar[Status] = Status.UNDELIVERED


class Absent(Undeliverable):
    """The subscriber is not registered in any cell (30003, network error 001)."""

    code, network_error = 30003, 1


class Unassigned(Undeliverable):
    """Nobody has the number (30005, network error 005)."""

    code, network_error = 30005, 5


class Landline(Undeliverable):
    """The number turns out to be a landline (30006, network error 007: no SMS teleservice)."""

    code, network_error = 30006, 7


class Ported(Undeliverable):
    """The number has moved to another network, but the routing still points to the former one (30008, 005)."""

    code, network_error = 30008, 5


class ContentFiltered(Undeliverable):
    """A filter takes the message for spam or fraud (30007)."""

    code = 30007


class Blocked(Undeliverable):
    """The carrier blocks the message or the handset refuses the sender (30004, network error 009)."""

    code, network_error = 30004, 9


class Suspended(Undeliverable):
    """The account is suspended after the message was taken, which does not leave the gateway (failed, 30002)."""

    code = 30002
    status = Status.FAILED


class SenderRewritten(DeliveryFault):
    """A network replaces the sender; an alphanumeric one becomes `sender`."""

    sender: str = Field(default="+491713920099", pattern=r"^[A-Za-z0-9+ ]{1,16}$")


class QuestionMarks(DeliveryFault):
    """A network without UCS-2: each character outside the GSM 7-bit alphabet arrives as a question mark."""


class Truncated(DeliveryFault):
    """Only the first `characters` characters arrive."""

    characters: int = Field(default=30, ge=1)


class Flash(DeliveryFault):
    """The message arrives as a flash message (class 0): shown at once, not stored."""


class SegmentMissing(DeliveryFault):
    """Segment `number` never arrives (the last one, if there are fewer): nothing is shown and no receipt comes."""

    number: int = Field(default=2, ge=1)


class SegmentsReordered(DeliveryFault):
    """The segments of a long message arrive the last one first; the handset joins them in order."""


class SegmentLate(DeliveryFault):
    """Segment `number` (the last one, if there are fewer) comes `minutes` late; only then the message is shown."""

    number: int = Field(default=2, ge=1)
    minutes: int = Field(default=10, gt=0)


class SwitchedOff(DeliveryFault):
    """The handset is off for `hours`; what waits comes at once when it is on, or expires with its validity."""

    hours: int = Field(default=12, gt=0)


class MemoryFull(DeliveryFault):
    """The handset's memory is full for `hours` (network error 002); what waits comes at once after that."""

    hours: int = Field(default=12, gt=0)


class Roaming(DeliveryFault):
    """The handset is abroad: the message comes `minutes` late, or never though it is charged and reported."""

    minutes: int = Field(default=30, gt=0)
    arrives: bool = True


class SimSwapped(DeliveryFault):
    """The number now answers on the handset of `holder`, for good; the person's handset gets nothing any more."""

    holder: Literal["fraudster", "next_subscriber"] = "fraudster"


class WrongDevice(DeliveryFault):
    """This one message goes to another device of the same number, such as a watch with a second SIM."""


class OptsOut(DeliveryFault):
    """The recipient answers STOP once it arrives: later messages from that sender are refused (21610)."""


class NeverShown(DeliveryFault):
    """The receipt says delivered, but the handset never shows the message."""


class ReceiptMissing(DeliveryFault):
    """The message arrives, but no final state is ever reported."""


class ReceiptLate(DeliveryFault):
    """The message arrives at once, its receipt `minutes` later."""

    minutes: int = Field(default=15, gt=0)


class ReceiptContradicts(DeliveryFault):
    """The message arrives, yet the receipt says undelivered (30008)."""


DELIVERY_FAULTS: Mapping[str, type[Fault]] = MappingProxyType(
    {
        "lost": Lost,
        "vanished": Vanished,
        "late": Late,
        "duplicate": Duplicate,
        "overtaken": Overtaken,
        "absent": Absent,
        "unassigned": Unassigned,
        "landline": Landline,
        "ported": Ported,
        "content_filtered": ContentFiltered,
        "blocked": Blocked,
        "suspended": Suspended,
        "sender_rewritten": SenderRewritten,
        "question_marks": QuestionMarks,
        "truncated": Truncated,
        "flash": Flash,
        "segment_missing": SegmentMissing,
        "segments_reordered": SegmentsReordered,
        "segment_late": SegmentLate,
        "switched_off": SwitchedOff,
        "memory_full": MemoryFull,
        "roaming": Roaming,
        "sim_swapped": SimSwapped,
        "wrong_device": WrongDevice,
        "opts_out": OptsOut,
        "never_shown": NeverShown,
        "receipt_missing": ReceiptMissing,
        "receipt_late": ReceiptLate,
        "receipt_contradicts": ReceiptContradicts,
    }
)
