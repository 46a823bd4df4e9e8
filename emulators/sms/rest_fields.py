"""The form fields of Twilio's Messages resource: each is taken, or refused with an error that names it.

Source: Twilio's OpenAPI description `twilio_api_v2010`, CreateMessage.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from .admission import MAX_VALIDITY, check_schedule
from .coding import smart_encode
from .errors import Rejected
from .message import SmsOrder

if TYPE_CHECKING:
    from .gateway import SmsGateway

_BOOLEAN = {"true": True, "false": False, "": False}


def order_of(gateway: SmsGateway, form: Mapping[str, str]) -> SmsOrder:
    """The order that a form asks for. Raises `Rejected` for a field that cannot be honoured."""
    for name in form.keys() - _PLAIN_FIELDS:
        check = _CHECKS.get(name)
        if check is None:
            raise Rejected.because(20001, f"{name[:40]} is not a parameter of Messages")
        check(name, form[name])
    service = form.get("MessagingServiceSid") or None
    if service is not None and service != gateway.credentials.messaging_service_sid:
        raise Rejected.because(21701, service[:40])
    body = form.get("Body", "")
    return SmsOrder(
        form.get("To", ""),
        form.get("From", ""),
        smart_encode(body) if _BOOLEAN.get(form.get("SmartEncoded", "").lower()) else body,
        status_callback=form.get("StatusCallback") or None,
        validity=_validity(form.get("ValidityPeriod", "")),
        send_at=_send_at(gateway, form, service),
        service_sid=service,
        discard_body=form.get("ContentRetention") == "discard",
        obfuscate_address=form.get("AddressRetention") == "obfuscate",
    )


def _validity(text: str) -> timedelta | None:
    if not text:
        return None
    longest = int(MAX_VALIDITY.total_seconds())
    if not text.isascii() or not text.isdigit() or len(text) > 6 or not 1 <= int(text) <= longest:
        raise Rejected.because(21624, f"ValidityPeriod is a number of seconds from 1 to {longest}")
    return timedelta(seconds=int(text))


def _send_at(gateway: SmsGateway, form: Mapping[str, str], service: str | None) -> datetime | None:
    """When a scheduled message sets out. `SendAt` needs `ScheduleType` and a messaging service, and the reverse."""
    text, kind = form.get("SendAt", ""), form.get("ScheduleType", "")
    if not text and not kind:
        return None
    if kind != "fixed":
        raise Rejected.because(20001, "a message with SendAt needs ScheduleType=fixed")
    if service is None:
        raise Rejected.because(35118)
    try:
        send_at = datetime.fromisoformat(text)
    except ValueError:
        raise Rejected.because(35114, repr(text[:40])) from None
    send_at = send_at if send_at.tzinfo else send_at.replace(tzinfo=UTC)
    check_schedule(send_at, gateway.physics.clock.now)
    return send_at


def _taken(_: str, __: str) -> None:
    """Nothing depends on it here."""


def _boolean(name: str, value: str) -> None:
    if value.lower() not in _BOOLEAN:
        raise Rejected.because(20001, f"{name} is true or false")


def _number(name: str, value: str) -> None:
    try:
        float(value or "0")
    except ValueError:
        raise Rejected.because(20001, f"{name} is a number") from None


def _one_of(*words: str) -> Callable[[str, str], None]:
    def check(name: str, value: str) -> None:
        if value and value not in words:
            raise Rejected.because(20001, f"{name} is {' or '.join(words)}")

    return check


def _not_here(reason: str, harmless: frozenset[str] = frozenset({""})) -> Callable[[str, str], None]:
    def check(name: str, value: str) -> None:
        if value.lower() not in harmless:
            raise Rejected.because(20001, f"{name} is not supported by this gateway: {reason}")

    return check


_NO_TEXT_MESSAGE = _not_here("it sends text messages only")
_OFF = frozenset({"", "false"})

# Fields that `order_of` reads itself.
_PLAIN_FIELDS = frozenset(
    {"To", "From", "Body", "StatusCallback", "MessagingServiceSid", "ValidityPeriod", "SendAt", "ScheduleType"}
)
_CHECKS: Mapping[str, Callable[[str, str], None]] = {
    "SmartEncoded": _boolean,
    "ContentRetention": _one_of("retain", "discard"),
    "AddressRetention": _one_of("retain", "obfuscate"),
    "ForceDelivery": _boolean,
    "ProvideFeedback": _boolean,
    "MaxPrice": _number,
    "Attempt": _number,
    "TrafficType": _one_of("free"),
    "RiskCheck": _one_of("enable", "disable"),
    "FallbackFrom": _taken,
    "MediaUrl": _NO_TEXT_MESSAGE,
    "SendAsMms": _not_here("it sends text messages only", _OFF),
    "PersistentAction": _NO_TEXT_MESSAGE,
    "ContentSid": _not_here("it has no content templates"),
    "ContentVariables": _not_here("it has no content templates"),
    "ShortenUrls": _not_here("it has no link shortener", _OFF),
    "ApplicationSid": _not_here("it has no applications; use StatusCallback"),
}
