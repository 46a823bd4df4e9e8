"""From a submission's fields to an order for the gateway, and from the gateway's answers to SMPP's numbers."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from functools import lru_cache

from ..errors import VALIDITY_EXPIRED
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


_UNKNOWN = MessageState.UNKNOWN


def state_of(message: Message) -> MessageState:
    """A state that SMPP has no word for is UNKNOWN."""
    if message.error_code == VALIDITY_EXPIRED:
        return MessageState.EXPIRED
    return _STATES.get(message.status, _UNKNOWN)


def network_error_of(message: Message) -> int:
    """`err` of the receipt: 0 for none."""
    if message.network_error or message.error_code is None:
        return message.network_error
    return _NETWORK_ERRORS.get(message.error_code, _SYSTEM_FAILURE)


def order_of(sm: ShortMessage, now: datetime, listener: Callable[[Message], None]) -> SmsOrder:
    """Raises `Malformed` with the status that says which field is wrong."""
    octets, tlvs, data_coding = sm.short_message, sm.tlvs, sm.data_coding
    payload = find(tlvs, Tag.MESSAGE_PAYLOAD) if tlvs else None
    if payload is not None:
        if octets:
            raise Malformed(Esme.RINVMSGLEN, "both short_message and message_payload carry text")
        octets = payload
    body, octets, udh, part = content(octets, data_coding, bool(sm.esm_class & EsmClass.UDHI), tlvs)
    send_at = validity = None
    if sm.schedule_delivery_time or sm.validity_period:
        send_at, validity = _times(sm, now)
    to, sender = destination(*sm[4:7]), source(*sm[1:4])
    return SmsOrder(to, sender, body, None, "smpp", None, validity, send_at, udh, data_coding, octets, part, listener)


def _times(sm: ShortMessage, now: datetime) -> tuple[datetime | None, timedelta | None]:
    """When the message sets out, and how long it is valid from then on."""
    send_at = _moment(sm.schedule_delivery_time, now, Esme.RINVSCHED) if sm.schedule_delivery_time else None
    if not sm.validity_period:
        return send_at, None
    begin, until = send_at or now, _moment(sm.validity_period, now, Esme.RINVEXPIRY)
    if until <= begin:
        raise Malformed(Esme.RINVEXPIRY, f"validity_period ends {sm.validity_period}, before the message sets out")
    return send_at, until - begin


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
