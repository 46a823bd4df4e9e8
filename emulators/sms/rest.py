"""The gateway's REST surface, in the shape of Twilio's Messages resource (2010-04-01).

Form in, JSON out, Basic auth with account SID and token. Creating (also scheduled), listing, fetching, redacting,
cancelling, deleting, feedback and the empty media list are spoken; MMS and content templates are refused by name.
Source: Twilio's OpenAPI description `twilio_api_v2010`.
"""

from __future__ import annotations

import hmac
import re
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime
from email.utils import format_datetime
from functools import lru_cache
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from . import magic
from .callback import API_VERSION
from .coding import coding_of
from .errors import Rejected
from .message import Message, Status
from .rest_fields import order_of
from .store import Query
from .surface import BODY_LIMIT, Malformed, Reply, Request, basic_of, refusal_noted, trouble

if TYPE_CHECKING:
    from .gateway import SmsGateway

_PAGE_SIZE, _MAX_PAGE_SIZE = 50, 1000
_PREFIX = f"/{API_VERSION}/Accounts/"
_MESSAGES = re.compile(r"/(?P<account>[^/]+)/Messages(?:/(?P<sid>[^/]+?)(?:/(?P<part>Media|Feedback))?)?(?:\.json)?\Z")

Handler = Callable[["SmsGateway", Request, str], Reply]


def respond(gateway: SmsGateway, request: Request) -> Reply:
    """Answer one request: faults first, then the credentials, then the handler; a `Rejected` becomes its answer.

    Raises `Refusal` if a fault breaks the connection.
    """
    try:
        found = trouble(gateway.physics, gateway.name)
        if found is not None:
            return _refusal(found.refused, found.headers)
        shape = _MESSAGES.match(request.path, len(_PREFIX) - 1) if request.path.startswith(_PREFIX) else None
        if shape is None:
            raise Rejected.because(20404, request.path[:200])
        live = _authenticate(gateway, request, shape["account"])
        if len(request.body) > BODY_LIMIT:
            raise Rejected.because(20413, f"the limit is {BODY_LIMIT} bytes")
        kind = shape["part"] or ("Message" if shape["sid"] else "Messages")
        handler = (_LIVE if live else _TEST).get((kind, request.method))
        if handler is None:
            allowed = sorted(method for each, method in _LIVE if each == kind)
            return _refusal(Rejected.because(20004, request.method), ((b"allow", ", ".join(allowed).encode()),))
        return handler(gateway, request, shape["sid"] or "")
    except Rejected as refused:
        return _refusal(refused)
    except Malformed as malformed:
        return _refusal(Rejected.because(20001, str(malformed)))


def _authenticate(gateway: SmsGateway, request: Request, account: str) -> bool:
    """Whether it is the live account. Raises `Rejected` 20003 (wrong or no credentials), 20404 (another account)."""
    keys = gateway.credentials
    user, password = basic_of(request.header(b"authorization"))
    for sid, token in ((keys.account_sid, keys.auth_token), (keys.test_account_sid, keys.test_auth_token)):
        if user == sid and hmac.compare_digest(password.encode(), token.encode()):
            if account != sid:
                raise Rejected.because(20404, request.path[:200])
            return sid == keys.account_sid
    refused = Rejected.because(20003)
    refusal_noted(gateway.physics, gateway.name, refused)
    raise refused


# -- handlers ---------------------------------------------------------------------------------------------------------


def _create(gateway: SmsGateway, request: Request, _: str) -> Reply:
    return Reply.of(201, resource(gateway, gateway.submit(order_of(gateway, request.form()))))


def _create_nothing(gateway: SmsGateway, request: Request, _: str) -> Reply:
    """With the test credentials: the answer, and nothing behind it."""
    order = order_of(gateway, request.form())
    magic.check(order.to, order.sender, order.body)
    now = gateway.physics.clock.now
    account = gateway.credentials.test_account_sid
    coding = coding_of(order.body)
    message = Message(gateway.new_sid(), account, order, order.sender, order.body, coding, now, now)
    return Reply.of(201, resource(gateway, message))


def _fetch(gateway: SmsGateway, _: Request, sid: str) -> Reply:
    return Reply.of(200, resource(gateway, gateway.message(sid)))


def _update(gateway: SmsGateway, request: Request, sid: str) -> Reply:
    """`Body=` redacts a message at its end, `Status=canceled` takes a scheduled one back."""
    form = request.form()
    message = gateway.message(sid)
    unknown = sorted(form.keys() - {"Body", "Status"})
    if unknown:
        raise Rejected.because(20001, f"{unknown[0][:40]} cannot be changed")
    if form.get("Body"):
        raise Rejected.because(20001, "Body can only be made empty")
    if form.get("Status", "canceled") != "canceled":
        raise Rejected.because(20001, "Status can only become canceled")
    if "Status" in form:
        if message.status is not Status.SCHEDULED:
            raise Rejected.because(20409, f"only a scheduled message can be canceled, {sid} is {message.status.value}")
        gateway.cancel(sid)
    if "Body" in form:
        gateway.redact(sid)
    return Reply.of(200, resource(gateway, message))


def _delete(gateway: SmsGateway, _: Request, sid: str) -> Reply:
    gateway.delete(sid)
    return Reply(204)


def _media(gateway: SmsGateway, request: Request, sid: str) -> Reply:
    gateway.message(sid)
    ends = {"uri": request.path, "first_page_uri": request.path, "next_page_uri": None, "previous_page_uri": None}
    return Reply.of(200, {"media_list": [], "page": 0, "page_size": _PAGE_SIZE, "start": 0, "end": 0, **ends})


def _feedback(gateway: SmsGateway, request: Request, sid: str) -> Reply:
    """The sender tells whether the message did its work, such as a code that was entered."""
    message = gateway.message(sid)
    outcome = request.form().get("Outcome", "unconfirmed")
    if outcome not in ("confirmed", "unconfirmed"):
        raise Rejected.because(20001, "Outcome is confirmed or unconfirmed")
    gateway.physics.journal.write(gateway.name, "feedback", sid=sid, outcome=outcome)
    now = _rfc2822(gateway.physics.clock.now)
    uri = f"{_uri(message)}/Feedback.json"
    known = {"account_sid": message.account_sid, "message_sid": sid, "outcome": outcome}
    return Reply.of(201, {**known, "date_created": now, "date_updated": now, "uri": uri})


def _list_nothing(gateway: SmsGateway, request: Request, _: str) -> Reply:
    return Reply.of(200, _page_body(gateway, request, (), 0, _PAGE_SIZE, {}, {}))


def _list(gateway: SmsGateway, request: Request, _: str) -> Reply:
    """The newest first, a page at a time; `To`, `From` and `DateSent` narrow the list.

    A page token stands for a place among the messages, so messages that come meanwhile do not shift the pages.
    """
    asked = request.parameters()
    size = min(max(_number(asked.get("PageSize"), _PAGE_SIZE), 1), _MAX_PAGE_SIZE)
    number = _number(asked.get("Page"), 0)
    below, above = _place(asked.get("PageToken", ""))
    skip = 0 if below or above else number * size
    page = gateway.store.page(_query(asked), size, skip=skip, below=below, above=above, day=_day)
    first, last = (page.messages[0].position, page.messages[-1].position) if page.messages else (0, 0)
    older = {"Page": number + 1, "PageToken": f"PA{last:x}"} if page.older and page.messages else {}
    newer = {"Page": max(number - 1, 0), "PageToken": f"PB{first:x}"} if page.newer and page.messages else {}
    return Reply.of(200, _page_body(gateway, request, page.messages, number, size, older, newer))


def _page_body(
    gateway: SmsGateway,
    request: Request,
    messages: tuple[Message, ...],
    number: int,
    size: int,
    older: Mapping[str, object],
    newer: Mapping[str, object],
) -> dict[str, object]:
    asked = request.parameters()
    kept = {key: asked[key] for key in _FILTERS if key in asked} | {"PageSize": str(size)}

    def uri(place: Mapping[str, object]) -> str:
        return f"{request.path}?{urlencode({**kept, **place})}"

    start = number * size
    return {
        "messages": [resource(gateway, message) for message in messages],
        "page": number,
        "page_size": size,
        "start": start,
        "end": start + max(len(messages) - 1, 0),
        "uri": uri({"Page": number}),
        "first_page_uri": uri({"Page": 0}),
        "next_page_uri": uri(older) if older else None,
        "previous_page_uri": uri(newer) if newer else None,
    }


_FILTERS = ("To", "From", "DateSent", "DateSent<", "DateSent>")


def _query(asked: Mapping[str, str]) -> Query:
    exact = _date(asked, "DateSent")
    since, until = _date(asked, "DateSent>"), _date(asked, "DateSent<")
    return Query(asked.get("To") or None, asked.get("From") or None, exact or since, exact or until)


def _date(asked: Mapping[str, str], name: str) -> date | None:
    """A day (or a moment, of which the day counts) in UTC. Raises `Rejected` (20001)."""
    text = asked.get(name, "")
    if not text:
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise Rejected.because(20001, f"{name} is a day such as 2021-03-23, not {text[:40]!r}") from None
    return (moment.astimezone(UTC) if moment.tzinfo else moment).date()


def _place(token: str) -> tuple[int | None, int | None]:
    """The position below or above which the page lies. Raises `Rejected` (20001) for a token that is none."""
    if not token:
        return None, None
    shape = re.fullmatch(r"P([AB])([0-9a-f]{1,12})", token)
    if shape is None:
        raise Rejected.because(20001, "PageToken is not one that this list gave")
    position = int(shape[2], 16)
    return (position, None) if shape[1] == "A" else (None, position)


_LIVE: Mapping[tuple[str, str], Handler] = {
    ("Messages", "POST"): _create,
    ("Messages", "GET"): _list,
    ("Message", "GET"): _fetch,
    ("Message", "POST"): _update,
    ("Message", "DELETE"): _delete,
    ("Media", "GET"): _media,
    ("Feedback", "POST"): _feedback,
}
_TEST: Mapping[tuple[str, str], Handler] = {("Messages", "POST"): _create_nothing, ("Messages", "GET"): _list_nothing}


# -- what is answered -------------------------------------------------------------------------------------------------


def resource(gateway: SmsGateway, message: Message) -> dict[str, object]:
    """The message as the published resource has it; numbers of segments and media are strings there."""
    uri = _uri(message)
    order = message.order
    price = None
    if message.sent is not None and not message.inbound:
        price = f"-{gateway.price_per_segment * message.coding.segments:.5f}"
    return {
        "body": "" if order.discard_body else message.body,
        "num_segments": str(message.coding.segments),
        "direction": "inbound" if message.inbound else "outbound-api",
        "from": message.sender,
        "date_updated": _rfc2822(message.updated),
        "price": price,
        "error_message": message.error_message,
        "uri": f"{uri}.json",
        "account_sid": message.account_sid,
        "num_media": "0",
        "to": f"{message.to[:-4]}XXXX" if order.obfuscate_address else message.to,
        "date_created": _rfc2822(message.created),
        "status": message.status.value,
        "sid": message.sid,
        "date_sent": _rfc2822(message.sent),
        "messaging_service_sid": order.service_sid,
        "error_code": message.error_code,
        "price_unit": "USD",
        "api_version": API_VERSION,
        "subresource_uris": {"media": f"{uri}/Media.json"},
    }


def _uri(message: Message) -> str:
    return f"{_PREFIX}{message.account_sid}/Messages/{message.sid}"


def _refusal(refused: Rejected, headers: tuple[tuple[bytes, bytes], ...] = ()) -> Reply:
    content = {
        "code": refused.code,
        "message": refused.text,
        "more_info": f"https://www.twilio.com/docs/errors/{refused.code}",
        "status": refused.status,
    }
    challenge = ((b"www-authenticate", b'Basic realm="Messages"'),) if refused.status == 401 else ()
    return Reply.of(refused.status, content, (*challenge, *headers))


def _day(message: Message) -> date | None:
    return None if message.sent is None else message.sent.astimezone(UTC).date()


def _rfc2822(moment: datetime | None) -> str | None:
    # `fold` is a key of its own: the two hours 2 o'clock in October are equal to Python, and not in UTC.
    return None if moment is None else _formatted(moment, moment.fold)


@lru_cache(maxsize=256)  # in a stepped world many messages have the same moment, and conversion is dear
def _formatted(moment: datetime, _: int) -> str:
    return format_datetime(moment.astimezone(UTC))


def _number(text: str | None, default: int) -> int:
    """A number of at most six digits; anything else counts as not given."""
    return int(text) if text is not None and text.isascii() and text.isdigit() and len(text) <= 6 else default
