"""The gateway's other REST surface, in the shape of seven.io (formerly sms77): /api/sms.

Parameters in the query, a form or JSON; the answer is a bare code such as `100`, or JSON with details. Reports go
to the `delivery_report` URL of the order, or to the gateway's `seven_hook`, as webhook `dlr`.
Source: seven.io, js-client (SmsParams, SmsJsonResponse, ErrorCode, SmsStatusChangePayload) and SMS API documentation.
"""

from __future__ import annotations

import hmac
import json
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING
from urllib.parse import urldefrag

from emulators.core.clock import elapsed
from emulators.wire.outside import as_sent

from .callback import Target
from .coding import Encoding
from .errors import Rejected
from .message import Message, SmsOrder, Status
from .seven_fields import (
    BAD_KEY,
    BAD_URL,
    CODES,
    LOCKED,
    NO_KEY,
    NO_RECIPIENT,
    NO_TEXT,
    PARTLY_SENT,
    SENT,
    TOO_LONG,
    UNREADABLE,
    Wrong,
    fields_of,
    orders_of,
    truth,
)
from .seven_shape import DlrStatus, Refused, Report, Sent, SentMessage
from .surface import Malformed, Reply, Request, refusal_noted, seven_key_of, trouble

if TYPE_CHECKING:
    from .gateway import SmsGateway

Handler = Callable[["SmsGateway", Request, Mapping[str, str]], Reply]

RELOAD_LOCK = timedelta(seconds=180)

# A report waits five seconds for its answer. Where there is none it is tried once more, at once: seven.io's own plan,
# over three days, is not spoken. Source: seven.io, Webhooks, "Delivery & retries".
_PATIENCE = 5.0
_TRIED_AGAIN = frozenset({"ct", "rt"})

# What a refusal of the gateway is in seven.io's codes; anything else is the carrier's fault (600).
_CODE_OF: Mapping[int, int] = {
    20005: 500, 21211: 202, 21212: 306, 21602: NO_TEXT, 21603: 306, 21604: NO_RECIPIENT, 21606: 306, 21609: BAD_URL,
    21611: 403, 21614: 202, 21617: TOO_LONG, 21635: 202,
}  # fmt: skip
_DLR: Mapping[Status, DlrStatus] = {
    Status.ACCEPTED: "ACCEPTED",
    Status.SCHEDULED: "ACCEPTED",
    Status.QUEUED: "ACCEPTED",
    Status.SENT: "TRANSMITTED",
    Status.DELIVERED: "DELIVERED",
    Status.UNDELIVERED: "NOTDELIVERED",
    Status.FAILED: "FAILED",
    Status.CANCELED: "REJECTED",
}


def respond(gateway: SmsGateway, request: Request) -> Reply:
    """Answer one request: faults first, then path and method, then the key.

    Raises `Refusal` if a fault breaks the connection.
    """
    found = trouble(gateway.physics, gateway.name)
    if found is not None:
        return Reply(found.refused.status, str(found.refused.text).encode(), b"text/plain", found.headers)
    by_method = HANDLERS.get(request.path.rstrip("/"))
    if by_method is None:
        return Reply(404, b"Not found", b"text/plain")
    handler = by_method.get(request.method)
    if handler is None:
        return Reply(405, b"Method not allowed", b"text/plain", ((b"allow", ", ".join(by_method).encode()),))
    try:
        fields = fields_of(request)
    except Malformed as malformed:
        return Reply(400, f"{UNREADABLE}\n{malformed}".encode(), b"text/plain")
    try:
        _authenticate(gateway, request, fields)
        return handler(gateway, request, fields)
    except Wrong as wrong:
        refused = Rejected(wrong.code, 200, str(wrong))
        refusal_noted(gateway.physics, gateway.name, refused)
        nothing: Refused = {"success": str(wrong.code), "messages": []}
        return _plain_or_json(request, fields, str(wrong.code), nothing)


def _send(gateway: SmsGateway, request: Request, fields: Mapping[str, str]) -> Reply:
    orders = orders_of(fields, gateway.physics.clock.now, gateway.seven_hook, lambda url: _reporter(gateway, url))
    results = [(order, *_submitted(gateway, order)) for order in orders]
    codes = [code for _, _, code in results]
    sent = codes.count(SENT)
    code = SENT if sent == len(codes) else PARTLY_SENT if sent else codes[0]
    taken = [message for _, message, _ in results if message is not None]
    lines = [str(code)]
    if truth(fields.get("return_msg_id", "")):
        lines += [_id(message) for message in taken]
    if truth(fields.get("details", "")):
        lines += [f"Verbucht: {_price(gateway, taken)}", f"Preis: {_price(gateway, taken)}"]
        lines += [f"Text: {orders[0].body}", "SMS-Typ: direct", f"Flash-SMS: {str(orders[0].flash).lower()}"]
    detail: Sent = {
        "success": str(code),
        "total_price": _price(gateway, taken),
        "balance": gateway.seven_balance,
        "debug": "false",
        "sms_type": "direct",
        "messages": [_detail(gateway, *result) for result in results],
    }
    return _plain_or_json(request, fields, "\n".join(lines), detail)


def _submitted(gateway: SmsGateway, order: SmsOrder) -> tuple[Message | None, int]:
    """Submit one order, unless the reload lock holds it; the message and seven.io's code."""
    now = gateway.physics.clock.now
    for message in reversed(gateway.store.to(order.to)):
        if elapsed(message.created, now) > RELOAD_LOCK:
            break
        if message.order.channel == "seven" and message.order.body == order.body:
            data = {"to": order.to, "from": order.sender}
            gateway.physics.journal.write(gateway.name, "refused", **data, code=LOCKED, status=200, text=CODES[LOCKED])
            return None, LOCKED
    try:
        return gateway.submit(order), SENT
    except Rejected as refused:
        return None, _CODE_OF.get(refused.code, 600)


def _status(gateway: SmsGateway, request: Request, fields: Mapping[str, str]) -> Reply:
    """The last report on a message: its status and when."""
    wanted = fields.get("msg_id", "")
    message = gateway.store.get(sid_of(wanted) or "")
    if message is None:
        raise Wrong(901)
    report: Report = {"id": wanted, "status": dlr_status(message), "status_time": _local(message.updated)}
    return _plain_or_json(request, fields, f"{report['status']}\n{report['status_time']}", report)


STATUS_PATH = "/api/status"
HANDLERS: Mapping[str, Mapping[str, Handler]] = {
    "/api/sms": {"GET": _send, "POST": _send},
    STATUS_PATH: {"GET": _status, "POST": _status},
}


def dlr_status(message: Message) -> DlrStatus:
    """The word of seven.io's delivery reports for the state of a message."""
    if message.expired:
        return "EXPIRED"
    return _DLR.get(message.status, "UNKNOWN")


def _reporter(gateway: SmsGateway, hook: str) -> Callable[[Message], None]:
    target = Target(as_sent(urldefrag(hook)[0]), policy=_TRIED_AGAIN, read=_PATIENCE)

    def report(message: Message) -> None:
        data = {"msg_id": _id(message), "status": dlr_status(message), "timestamp": _local(message.updated)}
        if message.order.reference is not None:
            data["foreign_id"] = message.order.reference
        at = gateway.physics.clock.now.astimezone(UTC).isoformat()
        body = json.dumps({"data": data, "webhook_event": "dlr", "webhook_timestamp": at}).encode()
        gateway.reports.send("callback", message, target, lambda _: ({"Content-Type": "application/json"}, body))

    return report


def _authenticate(gateway: SmsGateway, request: Request, fields: Mapping[str, str]) -> None:
    key = seven_key_of(request, fields)
    if not key:
        raise Wrong(NO_KEY)
    if not hmac.compare_digest(key.encode(), gateway.seven_key.encode()):
        raise Wrong(BAD_KEY)


# -- answering --------------------------------------------------------------------------------------------------------


def _plain_or_json(request: Request, fields: Mapping[str, str], plain: str, detail: object) -> Reply:
    wants_json = truth(fields.get("json", "")) or "application/json" in request.header(b"accept").lower()
    return Reply.of(200, detail) if wants_json else Reply(200, plain.encode(), b"text/plain; charset=utf-8")


def _detail(gateway: SmsGateway, order: SmsOrder, message: Message | None, code: int) -> SentMessage:
    failed = message is None
    return {
        "id": None if message is None else _id(message),
        "sender": order.sender,
        "recipient": order.to.removeprefix("+"),
        "text": order.body,
        "encoding": "ucs2" if message is not None and message.coding.encoding is Encoding.UCS2 else "gsm",
        "label": order.label,
        "parts": 0 if message is None else message.coding.segments,
        "udh": order.udh.hex() or None,
        "is_binary": False,
        "price": 0.0 if message is None else _price(gateway, [message]),
        "success": not failed,
        "error": str(code) if failed else None,
        "error_text": CODES[code] if failed else None,
    }


def _price(gateway: SmsGateway, messages: list[Message]) -> float:
    return round(gateway.price_per_segment * sum(message.coding.segments for message in messages), 4)


# seven.io's message ids are numbers: the hexadecimal digits of ours, read as one.
def _id(message: Message) -> str:
    return str(int(message.sid[2:], 16))


def sid_of(number: str) -> str | None:
    """The SID of the message with that id, `None` for what is no id."""
    return f"SM{int(number):032x}" if number.isascii() and number.isdigit() and len(number) < 40 else None


def _local(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%d %H:%M:%S.%f")[:-3]
