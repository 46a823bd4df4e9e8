"""The form fields of Twilio's Messages resource: each is taken, or refused with an error that names it.

Source: Twilio's OpenAPI description `twilio_api_v2010`, CreateMessage.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from math import isfinite
from typing import TYPE_CHECKING, NamedTuple, get_args

from emulators.core.numbers import PHONE_NUMBERS

from .admission import MAX_BODY, MAX_VALIDITY, SENDER, check_schedule
from .coding import smart_encode
from .errors import Rejected
from .message import SmsOrder, Status
from .rest_shape import SERVICE_SID, Outcome

if TYPE_CHECKING:
    from .gateway import SmsGateway

_BOOLEAN = {"true": True, "false": False, "": False}
_OFF = frozenset({"", "false"})
_LONGEST = int(MAX_VALIDITY.total_seconds())

Schema = Mapping[str, object]


def order_of(gateway: SmsGateway, form: Mapping[str, str]) -> SmsOrder:
    """The order that a form asks for. Raises `Rejected` for a field that cannot be honoured."""
    for name in form.keys() - _READ_HERE:
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
    if not text.isascii() or not text.isdigit() or len(text) > 6 or not 1 <= int(text) <= _LONGEST:
        raise Rejected.because(21624, f"ValidityPeriod is a number of seconds from 1 to {_LONGEST}")
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


def check_update(form: Mapping[str, str]) -> None:
    """Raises `Rejected` (20001) for a change that no message can have."""
    _hold(form, UPDATE, "cannot be changed")


def outcome_of(form: Mapping[str, str]) -> Outcome:
    """The outcome that a feedback tells. Raises `Rejected` (20001) for another, and for another field."""
    _hold(form, FEEDBACK, "is not a parameter of Feedback")
    return "confirmed" if form.get("Outcome") == "confirmed" else "unconfirmed"


def _hold(form: Mapping[str, str], to: Mapping[str, Field], else_: str) -> None:
    """Hold a form to its fields. Raises `Rejected` (20001) for a wrong value, and for one that is none of them."""
    for name, value in form.items():
        field = to.get(name)
        if field is None:
            raise Rejected.because(20001, f"{name[:40]} {else_}")
        if field.check is not None:
            field.check(name, value)


Check = Callable[[str, str], None]


class Field(NamedTuple):
    """A field of a form: what it may be, as a JSON schema, and the check that holds it to that.

    Without a check it is `order_of` that reads it, or the gateway that admits it.
    """

    schema: Schema
    check: Check | None = None


def _taken(about: str) -> Field:
    """Nothing depends on it here."""
    return Field({"type": "string", "description": f"{about}; taken, without effect"}, lambda _, __: None)


def _boolean(about: str) -> Field:
    def check(name: str, value: str) -> None:
        if value.lower() not in _BOOLEAN:
            raise Rejected.because(20001, f"{name} is true or false")

    return Field({"type": "boolean", "description": about}, check)


def _number(about: str, kind: str = "number") -> Field:
    def check(name: str, value: str) -> None:
        try:
            fits = isfinite(float(value or "0")) and (kind == "number" or float(value or "0").is_integer())
        except ValueError:
            fits = False
        if not fits:
            raise Rejected.because(20001, f"{name} is {'an integer' if kind == 'integer' else 'a number'}")

    return Field({"type": kind, "description": f"{about}; taken, without effect"}, check)


def _one_of(about: str, *words: str, empty: bool = True) -> Field:
    def check(name: str, value: str) -> None:
        if value not in words and not (empty and not value):
            raise Rejected.because(20001, f"{name} is {' or '.join(words)}")

    return Field({"type": "string", "enum": [*words, *([""] if empty else [])], "description": about}, check)


def _not_here(reason: str, harmless: frozenset[str] = frozenset({""})) -> Field:
    def check(name: str, value: str) -> None:
        if value.lower() not in harmless:
            raise Rejected.because(20001, f"{name} is not supported by this gateway: {reason}")

    return Field({"type": "string", "enum": sorted(harmless), "description": f"not supported: {reason}"}, check)


def _must_be_empty(name: str, value: str) -> None:
    if value:
        raise Rejected.because(20001, f"{name} can only be made empty")


def _recipients() -> str:
    """A pattern of the mobile numbers that the gateway knows."""
    blocks = (f"{block.prefix[1:]}[0-9]{{{block.digits}}}" for block in PHONE_NUMBERS.mobile_blocks)
    return rf"^\+({'|'.join((*(number[1:] for number in PHONE_NUMBERS.mobile_singles), *blocks))})$"


_PORT = "[1-9][0-9]{0,3}|[1-5][0-9]{4}|6[0-4][0-9]{3}|65[0-4][0-9]{2}|655[0-2][0-9]|6553[0-5]"

_NO_TEXT_MESSAGE = _not_here("it sends text messages only")
_NO_TEMPLATES = _not_here("it has no content templates")

CREATE: Mapping[str, Field] = {
    "To": Field(
        {
            "type": "string",
            "pattern": _recipients(),
            "description": "a mobile number in E.164, of the Bundesnetzagentur's numbers for fiction; with the test "
            "credentials any number, and Twilio's magic numbers give their errors",
        }
    ),
    "From": Field(
        {
            "type": "string",
            "pattern": f"^({SENDER.pattern})?$",
            "description": "a number, a short code, or up to eleven letters and digits; this or a messaging service",
        }
    ),
    "MessagingServiceSid": Field(
        {"type": "string", "pattern": f"{SERVICE_SID}|^$", "description": "the account's own"}
    ),
    "Body": Field({"type": "string", "minLength": 1, "maxLength": MAX_BODY}),
    "StatusCallback": Field(
        {
            "type": "string",
            "pattern": f"^(https?://[A-Za-z0-9.-]+(:({_PORT}))?([/?#][!-~]*)?)?$",
            "description": "where each state is posted to, signed with `X-Twilio-Signature`",
        }
    ),
    "ValidityPeriod": Field({"type": "integer", "minimum": 1, "maximum": _LONGEST, "description": "seconds"}),
    "SendAt": Field(
        {
            "type": "string",
            "format": "date-time",
            "description": "15 minutes to 35 days from now; needs `ScheduleType` and `MessagingServiceSid`",
        }
    ),
    "ScheduleType": Field({"type": "string", "enum": ["fixed"], "description": "needs `SendAt`"}),
    "SmartEncoded": _boolean("replace characters that would make it Unicode"),
    "ContentRetention": _one_of("`discard`: the resource does not show the body", "retain", "discard"),
    "AddressRetention": _one_of("`obfuscate`: nor the end of the number", "retain", "obfuscate"),
    "ForceDelivery": _boolean("taken, without effect"),
    "ProvideFeedback": _boolean("taken, without effect"),
    "MaxPrice": _number("the most it may cost"),
    "Attempt": _number("how many times it was tried", "integer"),
    "TrafficType": _one_of("taken, without effect", "free"),
    "RiskCheck": _one_of("taken, without effect", "enable", "disable"),
    "FallbackFrom": _taken("another sender"),
    "MediaUrl": _NO_TEXT_MESSAGE,
    "SendAsMms": _not_here("it sends text messages only", _OFF),
    "PersistentAction": _NO_TEXT_MESSAGE,
    "ContentSid": _NO_TEMPLATES,
    "ContentVariables": _NO_TEMPLATES,
    "ShortenUrls": _not_here("it has no link shortener", _OFF),
    "ApplicationSid": _not_here("it has no applications; use StatusCallback"),
}
"""The fields of a new message."""

UPDATE: Mapping[str, Field] = {
    "Body": Field(
        {"type": "string", "enum": [""], "description": "empty: redacts a message that has come to its end"},
        _must_be_empty,
    ),
    "Status": _one_of("takes a scheduled message back", Status.CANCELED.value, empty=False),
}
"""What can be changed of a message."""

FEEDBACK: Mapping[str, Field] = {
    "Outcome": _one_of("whether the message did its work, such as a code that was entered", *get_args(Outcome))
}
"""What a sender tells of a message."""

_READ_HERE = frozenset(name for name, field in CREATE.items() if field.check is None)
_CHECKS: Mapping[str, Check] = {name: field.check for name, field in CREATE.items() if field.check is not None}
