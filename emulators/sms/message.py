"""An order to send a message, and the message on its way through the gateway."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Literal, NamedTuple

from emulators.core.clock import moment_after

from .coding import Coding
from .errors import UNDELIVERED, VALIDITY_EXPIRED, Rejected

__all__ = ["Channel", "Message", "Part", "Rejected", "Replacement", "SmsOrder", "Status"]

Channel = Literal["rest", "smpp", "seven"]

# The SMSC keeps a message for an unreachable handset this long, unless the order says less. An assumption.
DEFAULT_VALIDITY = timedelta(hours=48)


class Status(StrEnum):
    """The states of Twilio's message resource that a message passes here.

    A message whose validity ended is `UNDELIVERED` with error code 30036 (`Message.expired`).
    """

    ACCEPTED = "accepted"
    SCHEDULED = "scheduled"
    QUEUED = "queued"
    SENT = "sent"
    DELIVERED = "delivered"
    UNDELIVERED = "undelivered"
    FAILED = "failed"
    CANCELED = "canceled"
    RECEIVED = "received"

    final: bool  # whether it is the end of the way


for _status in Status:
    _status.final = _status in (Status.DELIVERED, Status.UNDELIVERED, Status.FAILED, Status.CANCELED, Status.RECEIVED)


class Part(NamedTuple):
    """Which part of a long message: `number` counts from 1 to `total`; `reference` joins the parts.

    A reference of 16 bits is `wide`, and never the same as one of 8. Source: 3GPP TS 23.040, 9.2.3.24.8.
    """

    reference: int
    number: int
    total: int
    wide: bool = False


class SmsOrder(NamedTuple):
    """What a client wants sent, whatever protocol it speaks.

    `to` and `sender` are as the client wrote them, `body` is the text. With `part`, the order is one part of a long
    message and the handset joins them. `udh`, `data_coding` and `payload` are what SMPP carried; a message class in
    `data_coding` counts (class 0 is a flash message), and `coding` is how the text travels if that is not the cheapest
    way. `validity` counts from the moment the message sets out. `listener` is called, with the world locked, at each
    change of the message's status. With `discard_body` and `obfuscate_address`, the gateway's resource does not show
    the text and the end of the number. `label` is what the sender's statistics have it under.
    """

    to: str
    sender: str
    body: str
    status_callback: str | None = None
    channel: Channel = "rest"
    reference: str | None = None
    validity: timedelta | None = None
    send_at: datetime | None = None
    udh: bytes = b""
    data_coding: int | None = None
    payload: bytes | None = None
    part: Part | None = None
    listener: Callable[[Message], None] | None = None
    service_sid: str | None = None
    discard_body: bool = False
    obfuscate_address: bool = False
    coding: Coding | None = None
    label: str | None = None

    @property
    def flash(self) -> bool:
        """Whether it has message class 0: shown at once, not stored. Source: 3GPP TS 23.038, section 4."""
        coding = self.data_coding
        if coding is None:
            return False
        return (coding & 0xD3 == 0x10) or (coding & 0xF3 == 0xF0)


class Replacement(NamedTuple):
    """What takes the place of a message's text, and of its times if they are given; see `SmsOrder`."""

    body: str
    send_at: datetime | None = None
    validity: timedelta | None = None
    payload: bytes | None = None
    coding: Coding | None = None


@dataclass(eq=False, slots=True)
class Message:
    """A message of the account; `status`, `updated`, `sent` and the errors change as it travels.

    `network_error` is the error a network gives in an SMPP receipt (001 absent subscriber, 002 memory full, 005
    unknown subscriber…), 0 for none. `position` counts the messages of the gateway. `arrived` says whether the handset
    has it, or some of it, whatever the gateway knows of that.
    """

    sid: str
    account_sid: str
    order: SmsOrder
    sender: str
    body: str
    coding: Coding
    created: datetime
    updated: datetime
    position: int = 0
    sent: datetime | None = None
    status: Status = Status.QUEUED
    error_code: int | None = None
    network_error: int = 0
    arrived: bool = False

    @property
    def to(self) -> str:
        return self.order.to

    @property
    def pending(self) -> bool:
        """Whether something can still be done about it: it has neither arrived nor come to its end."""
        return not (self.arrived or self.status.final)

    @property
    def status_callback(self) -> str | None:
        return self.order.status_callback

    @property
    def part(self) -> Part | None:
        return self.order.part

    @property
    def inbound(self) -> bool:
        """Whether it came from a handset to the account."""
        return self.status is Status.RECEIVED

    @property
    def error_message(self) -> str | None:
        return None if self.error_code is None else UNDELIVERED[self.error_code]

    @property
    def expired(self) -> bool:
        """Whether its validity ended before it could be delivered."""
        return self.error_code == VALIDITY_EXPIRED

    @property
    def expires(self) -> datetime:
        """When the SMSC gives up: the validity counts from the moment it set out."""
        return moment_after(self.sent or self.order.send_at or self.created, self.order.validity or DEFAULT_VALIDITY)
