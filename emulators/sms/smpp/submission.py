"""From a submission's fields to an order for the gateway, and from the gateway's answers to SMPP's numbers."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from functools import lru_cache

from ..message import Message, SmsOrder, Status
from .bodies import Malformed, ShortMessage, find
from .codes import (
    ALPHANUMERIC,
    INTERNATIONAL,
    NATIONAL,
    NUMBERING_PLANS,
    TYPES_OF_NUMBER,
    EsmClass,
    MessageState,
    Tag,
)
from .codes import Status as Esme
from .text import content
from .times import parse

# Codes of the gateway's dictionary in SMPP's words; what is not here is ESME_RSUBMITFAIL.
REFUSALS: dict[int, Esme] = {
    20003: Esme.RINVPASWD,
    20404: Esme.RINVMSGID,
    20429: Esme.RTHROTTLED,
    20503: Esme.RSYSERR,
    21211: Esme.RINVDSTADR,
    21212: Esme.RINVSRCADR,
    21408: Esme.RINVDSTADR,
    21602: Esme.RINVMSGLEN,
    21603: Esme.RINVSRCADR,
    21604: Esme.RINVDSTADR,
    21606: Esme.RINVSRCADR,
    21611: Esme.RMSGQFUL,
    21612: Esme.RINVDSTADR,
    21614: Esme.RINVDSTADR,
    21617: Esme.RINVMSGLEN,
    21635: Esme.RINVDSTADR,
}

_STATES: dict[Status, MessageState] = {
    Status.ACCEPTED: MessageState.ENROUTE,
    Status.QUEUED: MessageState.ENROUTE,
    Status.SCHEDULED: MessageState.SCHEDULED,
    Status.SENT: MessageState.ENROUTE,
    Status.DELIVERED: MessageState.DELIVRD,
    Status.UNDELIVERED: MessageState.UNDELIV,
    Status.FAILED: MessageState.REJECTD,
    Status.CANCELED: MessageState.DELETED,
}

# The network's errors where the gateway gives a code of its own only. Source: Twilio, SMPP error codes.
_NETWORK_ERRORS: dict[int | None, int] = {30003: 1, 30004: 9, 30005: 5, 30006: 7, 30036: 1}
_SYSTEM_FAILURE = 12
_REMEMBERED = 4096  # addresses


def state_of(message: Message) -> MessageState:
    """A state that SMPP has no word for is UNKNOWN."""
    return MessageState.EXPIRED if message.expired else _STATES.get(message.status, MessageState.UNKNOWN)


def network_error_of(message: Message) -> int:
    """`err` of the receipt: 0 for none."""
    if message.network_error or message.error_code is None:
        return message.network_error
    return _NETWORK_ERRORS.get(message.error_code, _SYSTEM_FAILURE)


def order_of(sm: ShortMessage, now: datetime, listener: Callable[[Message], None]) -> SmsOrder:
    """Raises `Malformed` with the status that says which field is wrong."""
    payload = find(sm.tlvs, Tag.MESSAGE_PAYLOAD) if sm.tlvs else None
    if payload is not None and sm.short_message:
        raise Malformed(Esme.RINVMSGLEN, "both short_message and message_payload carry text")
    octets = sm.short_message if payload is None else payload
    body, octets, udh, part = content(octets, sm.data_coding, bool(sm.esm_class & EsmClass.UDHI), sm.tlvs)
    send_at = _moment(sm.schedule_delivery_time, now, Esme.RINVSCHED) if sm.schedule_delivery_time else None
    until = _moment(sm.validity_period, now, Esme.RINVEXPIRY) if sm.validity_period else None
    begin = send_at or now
    if until is not None and until <= begin:
        raise Malformed(Esme.RINVEXPIRY, f"validity_period ends {sm.validity_period}, before the message sets out")
    to = destination(sm.dest_addr_ton, sm.dest_addr_npi, sm.destination_addr)
    sender = source(sm.source_addr_ton, sm.source_addr_npi, sm.source_addr)
    validity = None if until is None else until - begin
    return SmsOrder(
        to, sender, body, None, "smpp", None, validity, send_at, udh, sm.data_coding, octets, part, listener
    )


@lru_cache(_REMEMBERED)
def destination(ton: int, npi: int, address: str) -> str:
    """The E.164 number meant: with TON 0 as written, or in German writing. Raises `Malformed` (0x50, 0x51)."""
    if ton not in TYPES_OF_NUMBER:
        raise Malformed(Esme.RINVDSTTON, f"dest_addr_ton {ton} is not one of 0 to 6")
    if npi not in NUMBERING_PLANS:
        raise Malformed(Esme.RINVDSTNPI, f"dest_addr_npi {npi} is not a numbering plan of SMPP")
    return _e164(ton, address)


@lru_cache(_REMEMBERED)
def source(ton: int, npi: int, address: str) -> str:
    """The sender: a number, or with TON 5 a name. Raises `Malformed` (0x48, 0x49)."""
    if ton not in TYPES_OF_NUMBER:
        raise Malformed(Esme.RINVSRCTON, f"source_addr_ton {ton} is not one of 0 to 6")
    if npi not in NUMBERING_PLANS:
        raise Malformed(Esme.RINVSRCNPI, f"source_addr_npi {npi} is not a numbering plan of SMPP")
    return _e164(ton, address) if ton in (INTERNATIONAL, NATIONAL) else address


def _e164(ton: int, address: str) -> str:
    if ton == ALPHANUMERIC or not address or address[0] == "+":
        return address
    if address.startswith("00"):
        return f"+{address[2:]}"
    if ton == NATIONAL or address[0] == "0":
        return f"+49{address.removeprefix('0')}"
    return f"+{address}"


def _moment(text: str, now: datetime, status: Esme) -> datetime:
    try:
        moment = parse(text, now)
    except (ValueError, OverflowError) as error:
        raise Malformed(status, str(error)) from None
    if moment < now:
        raise Malformed(status, f"{text} has passed")
    return moment
