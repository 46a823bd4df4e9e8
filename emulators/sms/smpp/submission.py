"""From a submission's fields to an order for the gateway, and from the gateway's answers to SMPP's numbers."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

from emulators.core.clock import elapsed

from ..errors import VALIDITY_EXPIRED
from ..message import Message, SmsOrder, Status
from .bodies import Malformed, ReplaceSm, ShortMessage, Tlvs, find
from .codes import MessageState, Tag
from .codes import Status as Esme
from .envelope import Envelope
from .text import coding_carried, content
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
    Status.SCHEDULED: MessageState.ENROUTE,  # SCHEDULED is of SMPP 5.0
    Status.SENT: MessageState.ENROUTE,
    Status.DELIVERED: MessageState.DELIVRD,
    Status.UNDELIVERED: MessageState.UNDELIV,
    Status.FAILED: MessageState.REJECTD,
    Status.CANCELED: MessageState.DELETED,
}

# The network's errors where the gateway gives a code of its own only. Source: Twilio, SMPP error codes.
_NETWORK_ERRORS: dict[int | None, int] = {30003: 1, 30004: 9, 30005: 5, 30006: 7, 30036: 1}
_SYSTEM_FAILURE = 12


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


def order_of(
    envelope: Envelope, octets: bytes, tlvs: Tlvs, now: datetime, listener: Callable[[Message], None]
) -> SmsOrder:
    """What the gateway is to send. Raises `Malformed` with the status that says which field is wrong."""
    payload = find(tlvs, Tag.MESSAGE_PAYLOAD) if tlvs else None
    if payload is not None:
        if octets:
            raise Malformed(Esme.RINVMSGLEN, "both short_message and message_payload carry text")
        octets = payload
    coding = envelope.data_coding
    body, octets, udh, part = content(octets, coding, envelope.has_header, tlvs)
    send_at, validity = times_of(envelope.sm, now, now) if envelope.has_times else (None, None)
    to, sender = envelope.to, envelope.sender
    order = SmsOrder(to, sender, body, None, "smpp", None, validity, send_at, udh, coding, octets, part, listener)
    return order._replace(coding=coding_carried(octets, coding, part)) if coding else order


def times_of(
    sm: ShortMessage | ReplaceSm, now: datetime, sets_out: datetime
) -> tuple[datetime | None, timedelta | None]:
    """When the message sets out, and how long it is valid from then on, as far as that is said.

    If the first is not said it sets out, or has set out, at `sets_out`. Raises `Malformed` (0x61, 0x62).
    """
    send_at = _moment(sm.schedule_delivery_time, now, Esme.RINVSCHED) if sm.schedule_delivery_time else None
    if not sm.validity_period:
        return send_at, None
    validity = elapsed(send_at or sets_out, _moment(sm.validity_period, now, Esme.RINVEXPIRY))
    if validity <= timedelta(0):
        raise Malformed(Esme.RINVEXPIRY, f"validity_period ends {sm.validity_period}, before the message sets out")
    return send_at, validity


def _moment(text: str, now: datetime, status: Esme) -> datetime:
    try:
        moment = parse(text, now)
    except (ValueError, OverflowError) as error:
        raise Malformed(status, str(error)) from None
    if elapsed(now, moment) < timedelta(0):
        raise Malformed(status, f"{text} has passed")
    return moment
