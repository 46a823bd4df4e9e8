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
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from . import magic
from .coding import coding_of
from .errors import Rejected
from .message import Message, Status
from .rest_fields import check_update, order_of, outcome_of
from .rest_shape import MAX_PAGE, MAX_PAGE_SIZE, PAGE_SIZE, PREFIX, MediaList, MessageList, error, feedback, resource
from .store import Query
from .surface import BODY_LIMIT, Malformed, Reply, Request, basic_of, refusal_noted, trouble

if TYPE_CHECKING:
    from .gateway import SmsGateway

_MESSAGES = re.compile(r"/(?P<account>[^/]+)/Messages(?:/(?P<sid>[^/]+?)(?:/(?P<part>Media|Feedback))?)?(?:\.json)?\Z")

PATHS: Mapping[str, str] = {
    "Messages": f"{PREFIX}{{AccountSid}}/Messages.json",
    "Message": f"{PREFIX}{{AccountSid}}/Messages/{{Sid}}.json",
    "Media": f"{PREFIX}{{AccountSid}}/Messages/{{MessageSid}}/Media.json",
    "Feedback": f"{PREFIX}{{AccountSid}}/Messages/{{MessageSid}}/Feedback.json",
}
"""Where each resource is, as the description says it; `_MESSAGES` also knows them without `.json`."""

Handler = Callable[["SmsGateway", Request, str], Reply]


def sid_in(path: str) -> str | None:
    """The message that a path names."""
    shape = _MESSAGES.match(path, len(PREFIX) - 1) if path.startswith(PREFIX) else None
    return shape["sid"] if shape is not None else None


def respond(gateway: SmsGateway, request: Request) -> Reply:
    """Answer one request: faults first, then the credentials, then the handler; a `Rejected` becomes its answer.

    Raises `Refusal` if a fault breaks the connection.
    """
    try:
        found = trouble(gateway.physics, gateway.name)
        if found is not None:
            return _refusal(found.refused, found.headers)
        shape = _MESSAGES.match(request.path, len(PREFIX) - 1) if request.path.startswith(PREFIX) else None
        if shape is None:
            raise Rejected.because(20404, request.path[:200])
        live = _authenticate(gateway, request, shape["account"])
        if len(request.body) > BODY_LIMIT:
            raise Rejected.because(20413, f"the limit is {BODY_LIMIT} bytes")
        kind = shape["part"] or ("Message" if shape["sid"] else "Messages")
        handler = (LIVE if live else TEST).get((kind, request.method))
        if handler is None:
            if not live:
                raise Rejected.because(20008)
            allowed = sorted(method for each, method in LIVE if each == kind)
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
    check_update(form)
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
    none: MediaList = {
        "media_list": [],
        "page": 0,
        "page_size": PAGE_SIZE,
        "start": 0,
        "end": 0,
        "uri": request.path,
        "first_page_uri": request.path,
        "next_page_uri": None,
        "previous_page_uri": None,
    }
    return Reply.of(200, none)


def _feedback(gateway: SmsGateway, request: Request, sid: str) -> Reply:
    """The sender tells whether the message did its work, such as a code that was entered."""
    message = gateway.message(sid)
    outcome = outcome_of(request.form())
    gateway.physics.journal.write(gateway.name, "feedback", sid=sid, outcome=outcome)
    return Reply.of(201, feedback(message, outcome, gateway.physics.clock.now))


def _list(gateway: SmsGateway, request: Request, _: str) -> Reply:
    """The newest first, a page at a time; `To`, `From` and `DateSent` narrow the list.

    A page token stands for a place among the messages, so messages that come meanwhile do not shift the pages.
    """
    asked = request.parameters()
    size = _number(asked, "PageSize", PAGE_SIZE, 1, MAX_PAGE_SIZE)
    number = _number(asked, "Page", 0, 0, MAX_PAGE)
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
) -> MessageList:
    asked = request.parameters()
    kept = {key: asked[key] for key in FILTERS if key in asked} | {"PageSize": str(size)}

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


FILTERS = ("To", "From", "DateSent", "DateSent<", "DateSent>")


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
    try:
        return (moment.astimezone(UTC) if moment.tzinfo else moment).date()
    except OverflowError:  # at one of the ends of the calendar
        return moment.date()


def _place(token: str) -> tuple[int | None, int | None]:
    """The position below or above which the page lies. Raises `Rejected` (20001) for a token that is none."""
    if not token:
        return None, None
    shape = re.fullmatch(r"P([AB])([0-9a-f]{1,12})", token)
    if shape is None:
        raise Rejected.because(20001, "PageToken is not one that this list gave")
    position = int(shape[2], 16)
    return (position, None) if shape[1] == "A" else (None, position)


LIVE: Mapping[tuple[str, str], Handler] = {
    ("Messages", "POST"): _create,
    ("Messages", "GET"): _list,
    ("Message", "GET"): _fetch,
    ("Message", "POST"): _update,
    ("Message", "DELETE"): _delete,
    ("Media", "GET"): _media,
    ("Feedback", "POST"): _feedback,
}
TEST: Mapping[tuple[str, str], Handler] = {("Messages", "POST"): _create_nothing}
"""All that the test credentials can. Source: Twilio, Test Credentials, "Supported Resources"."""


# -- refusals and small parts --------------------------------------------------------------------------------------


def _refusal(refused: Rejected, headers: tuple[tuple[bytes, bytes], ...] = ()) -> Reply:
    challenge = ((b"www-authenticate", b'Basic realm="Messages"'),) if refused.status == 401 else ()
    return Reply.of(refused.status, error(refused), (*challenge, *headers))


def _day(message: Message) -> date | None:
    return None if message.sent is None else message.sent.astimezone(UTC).date()


def _number(asked: Mapping[str, str], name: str, default: int, least: int, most: int) -> int:
    """Raises `Rejected` (20001) for what is no number, and for one outside the bounds."""
    text = asked.get(name, "")
    if not text:
        return default
    if not (text.isascii() and text.isdigit() and len(text) <= len(str(most)) and least <= int(text) <= most):
        raise Rejected.because(20001, f"{name} is a number from {least} to {most}")
    return int(text)
