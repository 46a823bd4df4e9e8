"""The gateway's REST surface, in the shape of Twilio's Messages resource (2010-04-01).

Form in, JSON out, Basic auth with account SID and token. Of the resource, creating, fetching and listing are
spoken; updating, deleting, media and scheduling are not.
Source: Twilio's OpenAPI description `twilio_api_v2010`.
"""

from __future__ import annotations

import hmac
from base64 import b64decode
from collections.abc import Callable, Coroutine, Mapping
from datetime import UTC, datetime
from email.utils import format_datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, urlencode

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from emulators.core.transport_faults import Outage, RefusedConnection
from emulators.wire.http import Refusal

from .callback import API_VERSION
from .faults import Throttled
from .message import Message, Rejected

if TYPE_CHECKING:
    from .gateway import SmsGateway

_PAGE_SIZE, _MAX_PAGE_SIZE = 50, 1000

Handler = Callable[["SmsGateway", Request, Mapping[str, str]], Response]
Endpoint = Callable[[Request], Coroutine[Any, Any, Response]]


def app(gateway: SmsGateway) -> Starlette:
    """The surface as an ASGI app."""
    starlette = Starlette(routes=ROUTES, exception_handlers={404: _no_such_path, 405: _no_such_method})
    starlette.state.gateway = gateway
    return starlette


def _guarded(handler: Handler) -> Endpoint:
    """Let a request in: faults first, then the credentials, then the handler; a `Rejected` becomes its answer."""

    async def endpoint(request: Request) -> Response:
        gateway: SmsGateway = request.app.state.gateway
        body = await request.body()
        try:
            struck = _struck(gateway)
            if struck is not None:
                return struck
            _authenticate(gateway, request)
            form = dict(parse_qsl(body.decode(errors="replace"), keep_blank_values=True))
            return handler(gateway, request, form)
        except Rejected as refused:
            return _refusal(refused)

    return endpoint


def _create(gateway: SmsGateway, _: Request, form: Mapping[str, str]) -> Response:
    message = gateway.submit(
        form.get("To", ""), form.get("From", ""), form.get("Body", ""), form.get("StatusCallback") or None
    )
    return JSONResponse(_resource(message), 201)


def _fetch(gateway: SmsGateway, request: Request, _: Mapping[str, str]) -> Response:
    return JSONResponse(_resource(gateway.message(request.path_params["message_sid"])))


def _list(gateway: SmsGateway, request: Request, _: Mapping[str, str]) -> Response:
    """The newest first, a page at a time; `To` and `From` narrow the list."""
    query = request.query_params
    found = [
        message
        for message in reversed(gateway.messages)
        if query.get("To", message.to) == message.to and query.get("From", message.sender) == message.sender
    ]
    size = min(max(_number(query.get("PageSize"), _PAGE_SIZE), 1), _MAX_PAGE_SIZE)
    page = _number(query.get("Page"), 0)
    shown = found[page * size : (page + 1) * size]
    kept = {key: query[key] for key in ("To", "From") if key in query}

    def uri(number: int) -> str:
        return f"{request.url.path}?{urlencode({**kept, 'PageSize': size, 'Page': number})}"

    return JSONResponse(
        {
            "messages": [_resource(message) for message in shown],
            "page": page,
            "page_size": size,
            "start": page * size,
            "end": page * size + max(len(shown) - 1, 0),
            "uri": uri(page),
            "first_page_uri": uri(0),
            "next_page_uri": uri(page + 1) if (page + 1) * size < len(found) else None,
            "previous_page_uri": uri(page - 1) if page > 0 else None,
        }
    )


def _struck(gateway: SmsGateway) -> Response | None:
    """The answer of a fault that strikes the request as such. Raises `Refusal` if nothing answers at all."""
    physics = gateway.physics
    hit = physics.faults.strike(gateway.name, "request")
    if hit is None:
        return None
    with physics.bent_by(hit):
        match hit.fault:
            case RefusedConnection():
                physics.journal.write(gateway.name, "request.broken")
                raise Refusal("the SMS gateway does not answer")
            case Throttled(retry_after=seconds):
                return _refuse_request(gateway, Rejected.because(20429), {"Retry-After": str(seconds)})
            case Outage():
                return _refuse_request(gateway, Rejected.because(20503))
            case _:
                return None


def _authenticate(gateway: SmsGateway, request: Request) -> None:
    """Basic auth; raises `Rejected` 20003 (wrong or none), 20404 (another account's path)."""
    scheme, _, credentials = request.headers.get("authorization", "").partition(" ")
    expected = f"{gateway.account_sid}:{gateway.auth_token}".encode()
    if scheme.lower() != "basic" or not hmac.compare_digest(_from_base64(credentials), expected):
        refused = Rejected.because(20003)
        _refuse_request(gateway, refused)
        raise refused
    if request.path_params["account_sid"] != gateway.account_sid:
        raise Rejected.because(20404, request.url.path)


def _refuse_request(gateway: SmsGateway, refused: Rejected, headers: Mapping[str, str] | None = None) -> Response:
    gateway.physics.journal.write(
        gateway.name, "request.refused", code=refused.code, status=refused.status, text=refused.text
    )
    return _refusal(refused, headers)


def _refusal(refused: Rejected, headers: Mapping[str, str] | None = None) -> Response:
    content = {
        "code": refused.code,
        "message": refused.text,
        "more_info": f"https://www.twilio.com/docs/errors/{refused.code}",
        "status": refused.status,
    }
    challenge = {"WWW-Authenticate": 'Basic realm="Messages"'} if refused.status == 401 else {}
    return JSONResponse(content, refused.status, {**challenge, **(headers or {})})


def _resource(message: Message) -> dict[str, object]:
    """The message as the published resource has it; numbers of segments and media are strings there."""
    uri = f"/{API_VERSION}/Accounts/{message.account_sid}/Messages/{message.sid}"
    return {
        "body": message.body,
        "num_segments": str(message.coding.segments),
        "direction": "outbound-api",
        "from": message.sender,
        "date_updated": _rfc2822(message.updated),
        "price": None,
        "error_message": message.error_message,
        "uri": f"{uri}.json",
        "account_sid": message.account_sid,
        "num_media": "0",
        "to": message.to,
        "date_created": _rfc2822(message.created),
        "status": message.status.value,
        "sid": message.sid,
        "date_sent": _rfc2822(message.sent),
        "messaging_service_sid": None,
        "error_code": message.error_code,
        "price_unit": "USD",
        "api_version": API_VERSION,
        "subresource_uris": {"media": f"{uri}/Media.json"},
    }


def _rfc2822(moment: datetime | None) -> str | None:
    return None if moment is None else format_datetime(moment.astimezone(UTC))


def _from_base64(text: str) -> bytes:
    try:
        return b64decode(text, validate=True)
    except ValueError:
        return b""


def _number(text: str | None, default: int) -> int:
    """A number of at most six digits; anything else counts as not given."""
    return int(text) if text is not None and text.isascii() and text.isdigit() and len(text) <= 6 else default


async def _no_such_path(request: Request, _: Exception) -> Response:
    return _refusal(Rejected.because(20404, request.url.path))


async def _no_such_method(request: Request, _: Exception) -> Response:
    return _refusal(Rejected.because(20004, request.method))


_MESSAGES = f"/{API_VERSION}/Accounts/{{account_sid}}/Messages"
ROUTES = (
    Route(f"{_MESSAGES}.json", _guarded(_create), methods=["POST"]),
    Route(f"{_MESSAGES}.json", _guarded(_list), methods=["GET"]),
    Route(f"{_MESSAGES}/{{message_sid}}.json", _guarded(_fetch), methods=["GET"]),
)
