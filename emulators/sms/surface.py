"""The gateway's HTTP surfaces as one ASGI app: Twilio's Messages resource, and seven.io's API below /api/.

Each describes itself in OpenAPI, see `openapi`.
A bare ASGI app, for this path is hot: a request is read into a value, a surface gives a `Reply`.
"""

from __future__ import annotations

import json
from base64 import b64decode
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import unquote_plus

from starlette.types import ASGIApp, Receive, Scope, Send

from emulators.core.physics import Physics
from emulators.core.transport_faults import Outage, RefusedConnection
from emulators.wire.http import Refusal

from .errors import Rejected
from .faults import Throttled

if TYPE_CHECKING:
    from .gateway import SmsGateway

BODY_LIMIT = 1024 * 1024
"""Bytes of a request; no form of an SMS is near that."""

SEVEN = "/api/"
"""Where seven.io's paths begin; all others are Twilio's."""

_MAX_FIELDS = 1000


class Malformed(ValueError):
    """The body or query is not what it says it is; the text says why."""


@dataclass(frozen=True, slots=True)
class Request:
    """One HTTP request. Header names are in lower case."""

    method: str
    path: str
    query: bytes
    headers: Mapping[bytes, bytes]
    body: bytes

    @classmethod
    def of(cls, scope: Scope, body: bytes) -> Request:
        return cls(scope["method"], scope["path"], scope["query_string"], dict(scope["headers"]), body)

    def header(self, name: bytes) -> str:
        return self.headers.get(name, b"").decode("latin-1")

    def parameters(self) -> dict[str, str]:
        """The query; of a field that comes twice the last one counts."""
        return _fields(self.query.decode("ascii", "replace"))

    def form(self) -> dict[str, str]:
        """The body as a form. Raises `Malformed` for anything else."""
        kind = self.header(b"content-type").partition(";")[0].strip().lower()
        if kind not in ("", "application/x-www-form-urlencoded"):
            raise Malformed(f"the body is {kind!r}, not application/x-www-form-urlencoded")
        try:
            return _fields(self.body.decode())
        except UnicodeDecodeError as error:
            raise Malformed(f"the body is not UTF-8: {error.reason} at byte {error.start}") from None


@dataclass(frozen=True, slots=True)
class Reply:
    """Status, body and what else the header says."""

    status: int
    body: bytes = b""
    kind: bytes = b"application/json"
    headers: tuple[tuple[bytes, bytes], ...] = ()

    @classmethod
    def of(cls, status: int, content: object, headers: Iterable[tuple[bytes, bytes]] = ()) -> Reply:
        return cls(status, json.dumps(content, ensure_ascii=False).encode("utf-8", "replace"), headers=tuple(headers))


Respond = Callable[["SmsGateway", Request], Reply]


def app(gateway: SmsGateway) -> ASGIApp:
    """The surfaces as an ASGI app."""
    from . import openapi, rest, seven

    async def surfaces(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        request = Request.of(scope, await _read(receive))
        if request.path in openapi.PATHS:
            reply = openapi.respond(request, scope.get("root_path", ""))
        else:
            respond: Respond = seven.respond if request.path.startswith(SEVEN) else rest.respond
            reply = respond(gateway, request)
        headers = [(b"content-length", b"%d" % len(reply.body)), *reply.headers]
        if reply.body:
            headers.append((b"content-type", reply.kind))
        await send({"type": "http.response.start", "status": reply.status, "headers": headers})
        await send({"type": "http.response.body", "body": reply.body})

    return surfaces


async def _read(receive: Callable[[], Awaitable[Mapping[str, object]]]) -> bytes:
    """The whole body, or its first bytes up to one more than the limit."""
    body = bytearray()
    while True:
        message = await receive()
        chunk = message.get("body", b"")
        if isinstance(chunk, bytes) and len(body) <= BODY_LIMIT:
            body += chunk[: BODY_LIMIT + 1 - len(body)]
        if not message.get("more_body", False):
            return bytes(body)


def account_of(scope: Scope) -> str | None:
    """Whose request it is, told by what a client sends anyway: an account SID or seven.io's API key.

    For a server that has many gateways behind one address; the gateway itself still checks the credentials.
    """
    headers = dict(scope["headers"])
    path: str = scope["path"]
    if path.startswith(SEVEN):
        try:
            return seven_key_of(Request("GET", path, scope["query_string"], headers, b"")) or None
        except Malformed:
            return None
    parts = path.split("/")
    if len(parts) > 3 and parts[2] == "Accounts":
        return parts[3].removesuffix(".json")
    return basic_of(headers.get(b"authorization", b"").decode("latin-1"))[0] or None


def seven_key_of(request: Request, fields: Mapping[str, str] | None = None) -> str:
    """The API key: header `X-Api-Key`, or the older `Authorization: basic KEY`, or the parameter `p`."""
    given = request.header(b"x-api-key")
    if given:
        return given
    scheme, _, key = request.header(b"authorization").partition(" ")
    if scheme.lower() in ("basic", "bearer") and key:
        return key.strip()
    return (fields or request.parameters()).get("p", "")


def basic_of(authorization: str) -> tuple[str, str]:
    """User and password of Basic auth, both empty where there is none."""
    scheme, _, credentials = authorization.partition(" ")
    if scheme.lower() != "basic":
        return "", ""
    try:
        user, _, password = b64decode(credentials, validate=True).decode("utf-8", "replace").partition(":")
    except ValueError:
        return "", ""
    return user, password


@dataclass(frozen=True, slots=True)
class Trouble:
    """What a fault of the request as such makes of it: the refusal and the header fields that go with it."""

    refused: Rejected
    headers: tuple[tuple[bytes, bytes], ...] = ()


def trouble(physics: Physics, channel: str) -> Trouble | None:
    """The fault that strikes the request, noted in the journal. Raises `Refusal` if nothing answers at all."""
    hit = physics.faults.strike(channel, "request")
    if hit is None:
        return None
    with physics.bent_by(hit):
        match hit.fault:
            case RefusedConnection():
                physics.journal.write(channel, "request.broken")
                raise Refusal("the SMS gateway does not answer")
            case Throttled(retry_after=seconds):
                found = Trouble(Rejected.because(20429), ((b"retry-after", b"%d" % seconds),))
            case Outage():
                found = Trouble(Rejected.because(20503))
            case _:
                return None
        refusal_noted(physics, channel, found.refused)
        return found


def refusal_noted(physics: Physics, channel: str, refused: Rejected) -> None:
    """A request was refused before it came to a message."""
    physics.journal.write(channel, "request.refused", code=refused.code, status=refused.status, text=refused.text)


def _fields(text: str) -> dict[str, str]:
    """The fields of a query or form, as `parse_qsl` gives them, at half its cost: most need no unquoting."""
    pairs = text.split("&")
    if len(pairs) > _MAX_FIELDS:
        raise Malformed(f"more than {_MAX_FIELDS} fields")
    fields = {}
    for pair in pairs:
        if pair:
            name, _, value = pair.partition("=")
            fields[_unquoted(name)] = _unquoted(value)
    return fields


def _unquoted(text: str) -> str:
    if "%" not in text and "+" not in text:
        return text
    try:
        return unquote_plus(text, errors="strict")
    except UnicodeDecodeError:
        raise Malformed("a field is not UTF-8") from None
