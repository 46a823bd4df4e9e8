"""What a request to seven.io's API asks for: its parameters, read into orders, and the codes for what is wrong.

Source: seven.io, js-client (SmsParams, ErrorCode) and SMS API documentation.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta

from .admission import is_http_url
from .header import part_of
from .message import Message, SmsOrder
from .surface import BODY_LIMIT, Malformed, Request

SENT, PARTLY_SENT = 100, 101
NO_KEY, BAD_KEY = 300, 900
NO_RECIPIENT, NO_TEXT, BAD_URL, UNREADABLE, TOO_LONG, LOCKED = 301, 305, 307, 400, 401, 402

# Source: seven.io, ErrorCode of the js-client.
CODES: Mapping[int, str] = {
    SENT: "SMS has been accepted",
    PARTLY_SENT: "Sending to at least one recipient failed",
    201: "Sender invalid",
    202: "Recipient number invalid",
    300: "Authentication missing",
    301: "Parameter to not set",
    305: "Parameter text not set",
    306: "Sender invalid",
    307: "A given URL is invalid",
    400: "Invalid type, or a parameter that cannot be read",
    401: "Parameter text is too long",
    402: "Reload lock: the same text went to this recipient within the last 180 seconds",
    403: "Maximum limit for this number per day reached",
    500: "Too little credit available",
    600: "Carrier delivery failed",
    900: "Authentication failed",
    901: "Unknown message id",
}

MAX_TEXT = 1520  # characters
MAX_RECIPIENTS = 1000

_DEFAULT_SENDER = "SMS"

_LABEL = re.compile(r"[A-Za-z0-9._@-]{0,100}")

_FLAG: Mapping[str, object] = {"type": "string", "enum": ["0", "1", ""]}

# What can be asked for, as JSON schemas. What is wrong is told by a code, and what is not known is passed over.
SMS: Mapping[str, Mapping[str, object]] = {
    "to": {
        "type": "string",
        "minLength": 1,
        "description": f"numbers with commas between, {MAX_RECIPIENTS} at most: +49…, 0049…, 49…, 0…; of the "
        "Bundesnetzagentur's numbers for fiction",
        "examples": ["+491713920000", "0049 171 3920001,01713920002"],
    },
    "text": {"type": "string", "minLength": 1, "maxLength": MAX_TEXT, "examples": ["Ihre TAN lautet 123456."]},
    "from": {
        "type": "string",
        "maxLength": 16,
        "description": "a number, or up to eleven letters and digits",
        "default": _DEFAULT_SENDER,
    },
    "delay": {"type": "string", "description": "a Unix time stamp, or YYYY-MM-DD hh:mm in German time"},
    "flash": {**_FLAG, "description": "shown at once, not stored"},
    "ttl": {"type": "string", "pattern": "^([1-9][0-9]{0,5})?$", "description": "minutes that it is tried for"},
    "udh": {"type": "string", "pattern": "^([0-9a-fA-F]{2})*$", "description": "user data header"},
    "label": {
        "type": "string",
        "pattern": f"^{_LABEL.pattern}$",
        "description": "what the sender's statistics have it under; comes back with the answer",
    },
    "foreign_id": {"type": "string", "description": "comes back in delivery reports"},
    "delivery_report": {"type": "string", "format": "uri", "description": "the webhook that each state is posted to"},
    "json": {**_FLAG, "description": "answer in JSON, as with `Accept: application/json`"},
    "details": {**_FLAG, "description": "in plain text, price and text below the code"},
    "return_msg_id": {**_FLAG, "description": "in plain text, the ids below the code"},
}
STATUS: Mapping[str, Mapping[str, object]] = {
    "msg_id": {"type": "string", "pattern": "^[0-9]{1,39}$", "description": "the id of a message"},
    "json": {**_FLAG, "description": "answer in JSON, as with `Accept: application/json`"},
}

_FLASH = 0x10  # data_coding of class 0


class Wrong(Exception):
    """A request that comes to no message; `code` is seven.io's."""

    def __init__(self, code: int) -> None:
        super().__init__(CODES[code])
        self.code = code


def fields_of(request: Request) -> dict[str, str]:
    """Parameters from the query and the body, whatever the body is; the body wins. Raises `Malformed`."""
    if len(request.body) > BODY_LIMIT:
        raise Malformed(f"the limit is {BODY_LIMIT} bytes")
    fields = request.parameters()
    if not request.body:
        return fields
    if request.header(b"content-type").partition(";")[0].strip().lower() != "application/json":
        return fields | request.form()
    try:
        content = json.loads(request.body)
    except (ValueError, RecursionError):
        raise Malformed("the body is not JSON") from None
    if not isinstance(content, dict):
        raise Malformed("the body is not a JSON object")
    fields |= {str(key): _text(value) for key, value in content.items() if value is not None}
    try:
        "".join(fields.values()).encode()
    except UnicodeEncodeError:
        raise Malformed("half of a surrogate pair is no character") from None
    return fields


def _text(value: object) -> str:
    match value:
        case bool():
            return "1" if value else "0"
        case list():
            return ",".join(map(str, value))
        case _:
            return str(value)


def orders_of(
    fields: Mapping[str, str], now: datetime, hook: str | None, report: Callable[[str], Callable[[Message], None]]
) -> list[SmsOrder]:
    """One order for each recipient. Reports go to the `delivery_report` of the fields, else to `hook`.

    `report` makes the listener for a URL. Raises `Wrong`.
    """
    text = fields.get("text", "")
    recipients = recipients_of(fields)
    if not recipients:
        raise Wrong(NO_RECIPIENT)
    if not text:
        raise Wrong(NO_TEXT)
    if len(text) > MAX_TEXT:
        raise Wrong(TOO_LONG)
    if len(recipients) > MAX_RECIPIENTS:
        raise Wrong(202)
    hook = fields.get("delivery_report") or hook
    if hook is not None and not is_http_url(hook):
        raise Wrong(BAD_URL)
    try:
        udh = bytes.fromhex(fields.get("udh", ""))
        part = part_of(udh)
    except ValueError:
        raise Wrong(UNREADABLE) from None
    return [
        SmsOrder(
            recipient,
            fields.get("from") or _DEFAULT_SENDER,
            text,
            channel="seven",
            reference=fields.get("foreign_id") or None,
            validity=_ttl(fields.get("ttl", "")),
            send_at=_delay(now, fields.get("delay", "")),
            udh=udh,
            part=part,
            data_coding=_FLASH if truth(fields.get("flash", "")) else None,
            listener=report(hook) if hook else None,
            label=_label(fields.get("label", "")),
        )
        for recipient in recipients
    ]


def recipients_of(fields: Mapping[str, str]) -> list[str]:
    """The numbers in `to`, in E.164 as far as they are numbers."""
    return [_e164(each.strip()) for each in fields.get("to", "").split(",") if each.strip()]


def _e164(number: str) -> str:
    """seven.io takes German numbers in every usual form: +49…, 0049…, 49…, 0…"""
    bare = "".join(char for char in number if char not in " -/()")
    for prefix, instead in (("+", "+"), ("00", "+"), ("0", "+49")):
        if bare.startswith(prefix):
            return instead + bare.removeprefix(prefix)
    return f"+{bare}"


def _label(text: str) -> str | None:
    """Source: seven.io, SMS API: at most 100 letters, digits and .-_@. Raises `Wrong`."""
    if not _LABEL.fullmatch(text):
        raise Wrong(UNREADABLE)
    return text or None


def _ttl(text: str) -> timedelta | None:
    """Validity in minutes, at most six digits. Raises `Wrong`."""
    if not text:
        return None
    if not (text.isascii() and text.isdigit() and len(text) <= 6 and int(text) >= 1):
        raise Wrong(UNREADABLE)
    return timedelta(minutes=int(text))


def _delay(now: datetime, text: str) -> datetime | None:
    """A Unix time stamp, or `YYYY-MM-DD hh:mm` in German time. Raises `Wrong`."""
    if not text:
        return None
    try:
        if text.isdigit():
            return datetime.fromtimestamp(int(text), UTC)
        moment = datetime.fromisoformat(text)
    except (ValueError, OverflowError, OSError):
        raise Wrong(UNREADABLE) from None
    return moment if moment.tzinfo else moment.replace(tzinfo=now.tzinfo)


def truth(text: str) -> bool:
    return text.lower() in ("1", "true", "yes")
