"""What can go wrong with a text message: at the request, at the submission, on the way, in the reports."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import ClassVar

from pydantic import Field, field_validator

from emulators.core.faults import Fault
from emulators.core.transport_faults import LINE_FAULTS, Outage, RefusedConnection

from .delivery_faults import DELIVERY_FAULTS
from .errors import REFUSALS
from .smpp.faults import FAULTS as SMPP_FAULTS


class Throttled(Fault):
    """The gateway answers the request with 429, code 20429, and names the seconds to wait."""

    point: ClassVar[str] = "request"
    retry_after: int = Field(default=1, ge=0)


class Rejected(Fault):
    """The gateway refuses the message with `code` (21610: the recipient has opted out)."""

    point: ClassVar[str] = "submit"
    code: int = 21610

    @field_validator("code")
    @classmethod
    def _is_in_the_dictionary(cls, code: int) -> int:
        if code not in REFUSALS:
            raise ValueError(f"no refusal {code}; known: {', '.join(map(str, REFUSALS))}")
        return code


class CreditExhausted(Fault):
    """The account has no credit left for this message (20005; seven.io: 500)."""

    point: ClassVar[str] = "submit"


class QueueFull(Fault):
    """The sender's queue is full (21611)."""

    point: ClassVar[str] = "submit"


class CallbackLost(Fault):
    """A status callback is never sent."""

    point: ClassVar[str] = "callback"


class CallbackTwice(Fault):
    """A status callback is sent twice, with the same idempotency token."""

    point: ClassVar[str] = "callback"


class CallbackLate(Fault):
    """A status callback is sent `minutes` late, so it comes after those of later states: out of order."""

    point: ClassVar[str] = "callback"
    minutes: int = Field(default=1, gt=0)


class CallbackWronglySigned(Fault):
    """A status callback carries a signature that somebody without the token made."""

    point: ClassVar[str] = "callback"


FAULTS: Mapping[str, type[Fault]] = MappingProxyType(
    {
        **DELIVERY_FAULTS,
        "rejected": Rejected,
        "credit_exhausted": CreditExhausted,
        "queue_full": QueueFull,
        "outage": Outage,
        "refused_connection": RefusedConnection,
        "throttled": Throttled,
        **LINE_FAULTS,
        **SMPP_FAULTS,
        "callback_lost": CallbackLost,
        "callback_twice": CallbackTwice,
        "callback_late": CallbackLate,
        "callback_wrongly_signed": CallbackWronglySigned,
    }
)
