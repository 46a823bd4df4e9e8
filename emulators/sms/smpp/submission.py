"""From a submission's fields to an order for the gateway, and from the gateway's answers to SMPP's numbers."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

from emulators.core.clock import elapsed

from ..errors import VALIDITY_EXPIRED
from ..message import Message, Replacement, SmsOrder, Status
from .bodies import Malformed, ReplaceSm, ShortMessage, Tlvs, find
from .codes import MessageState, Tag
from .codes import Status as Esme
from .envelope import Envelope, check_registered_delivery
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
    send_at, validity = _times(envelope.sm, now) if envelope.has_times else (None, None)
    to, sender = envelope.to, envelope.sender
    order = SmsOrder(to, sender, body, None, "smpp", None, validity, send_at, udh, coding, octets, part, listener)
    return order._replace(coding=coding_carried(octets, coding, part)) if coding else order


def replacement_of(new: ReplaceSm, envelope: Envelope, message: Message, now: datetime) -> Replacement:
    """What is to take the place of a message, in the coding it was submitted in. Raises `Malformed`."""
    if new.schedule_delivery_time and message.sent is not None:
        raise Malformed(Esme.RREPLACEFAIL, "it has set out: schedule_delivery_time cannot be another one")
    check_registered_delivery(new.registered_delivery)
    coding, part = envelope.data_coding, message.part
    body, octets, _, _ = content(new.short_message, coding, envelope.has_header, ())
    send_at, validity = _times(new, now, message)
    carried = coding_carried(octets, coding, part) if coding else None
    return Replacement(body, send_at, validity, octets, carried)


def _times(
    sm: ShortMessage | ReplaceSm, now: datetime, former: Message | None = None
) -> tuple[datetime | None, timedelta | None]:
    """When the message sets out, and how long it is valid from then on, as far as that is said.

    What is not said stays as it was of `former`: also the moment up to which that is valid. Raises `Malformed` (0x61,
    0x62).
    """
    send_at = _moment(sm.schedule_delivery_time, now, Esme.RINVSCHED) if sm.schedule_delivery_time else None
    if sm.validity_period:
        until = _moment(sm.validity_period, now, Esme.RINVEXPIRY)
    elif send_at is not None and former is not None and former.order.validity is not None:
        until = former.expires
    else:
        return send_at, None
    sets_out = send_at or (former.sent or former.order.send_at if former is not None else None) or now
    validity = elapsed(sets_out, until)
    if validity <= timedelta(0):
        raise Malformed(Esme.RINVEXPIRY, f"it would be valid until {until:%Y-%m-%d %H:%M}, and set out after that")
    return send_at, validity


def _moment(text: str, now: datetime, status: Esme) -> datetime:
    try:
        moment = parse(text, now)
    except (ValueError, OverflowError) as error:
        raise Malformed(status, str(error)) from None
    if elapsed(now, moment) < timedelta(0):
        raise Malformed(status, f"{text} has passed")
    return moment
