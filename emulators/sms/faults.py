"""What can go wrong with a text message, on the way into the gateway and on the way to the handset."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import ClassVar

from pydantic import Field, field_validator

from emulators.core.faults import Fault
from emulators.core.transport_faults import Outage, RefusedConnection

from .message import REFUSALS


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


class Lost(Fault):
    """The message is taken but never reaches the handset; the gateway learns it (undelivered, 30003)."""

    point: ClassVar[str] = "delivery"


class Late(Fault):
    """The message reaches the handset `minutes` late."""

    point: ClassVar[str] = "delivery"
    minutes: int = Field(default=15, gt=0)


class Duplicate(Fault):
    """The handset gets the message twice, the second time `minutes` after the first."""

    point: ClassVar[str] = "delivery"
    minutes: int = Field(default=0, ge=0)


FAULTS: Mapping[str, type[Fault]] = MappingProxyType(
    {
        "lost": Lost,
        "late": Late,
        "duplicate": Duplicate,
        "rejected": Rejected,
        "outage": Outage,
        "refused_connection": RefusedConnection,
        "throttled": Throttled,
    }
)
