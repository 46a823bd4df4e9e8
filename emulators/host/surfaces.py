"""The HTTP surfaces that all worlds share, and what a request says about the world it means.

A table: whose app answers, what credentials a world has there, where a request shows them. Each surface also takes a
world's name in front of its paths, `/worlds/NAME/…`, for callers that have no credentials to show.
"""

from __future__ import annotations

import json
import re
from base64 import b64decode
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from types import MappingProxyType
from urllib.parse import parse_qs, parse_qsl

from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Scope

from emulators.post.credentials import account_of as post_account_of
from emulators.sms.gateway import SmsGateway
from emulators.sms.message import Rejected
from emulators.sms.surface import account_of as sms_account_of
from emulators.world import World

from .hosted import Hosted

_MESSAGES = re.compile(r"/2010-04-01/Accounts/([^/.]+)(?:/Messages/([^/.]+))?")


@dataclass(frozen=True, slots=True)
class Seen:
    """A request as far as it may say which world is meant. Header names are in lower case."""

    scope: Scope
    headers: Mapping[str, str]
    body: bytes

    @classmethod
    def of(cls, scope: Scope, body: bytes) -> Seen:
        headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
        return cls(scope, headers, body)

    @property
    def path(self) -> str:
        path: str = self.scope["path"]
        return path

    @property
    def query(self) -> str:
        query: bytes = self.scope.get("query_string", b"")
        return query.decode("latin-1")

    @property
    def basic_user(self) -> str | None:
        """The user of Basic authentication (RFC 7617), if there is one that can be read."""
        scheme, _, credentials = self.headers.get("authorization", "").partition(" ")
        if scheme.lower() != "basic":
            return None
        try:
            user, colon, _ = b64decode(credentials, validate=True).decode(errors="replace").partition(":")
        except ValueError:
            return None
        return user if colon else None


Shown = Callable[[Seen], Iterable[str | None]]
Choice = Callable[[Sequence[Hosted], Seen], Hosted]


def first(worlds: Sequence[Hosted], _: Seen) -> Hosted:
    """Of worlds that share an account the one that had it first."""
    return worlds[0]


def _knows_nothing(_: World, __: Seen) -> bool:
    return False


@dataclass(frozen=True, slots=True)
class Surface:
    """One HTTP door. `shown` are the credentials in a request, the likeliest first; `choose` decides among sharers."""

    name: str
    app: Callable[[World], ASGIApp]
    accounts: Callable[[World], Iterable[str]]
    shown: Shown
    choose: Choice = first
    knows: Callable[[World, Seen], bool] = _knows_nothing
    """Whether a request without credentials speaks of something that only this world has."""
    stranger: ASGIApp | None = None
    """What answers a caller whom no world knows, where a world's own app would not ask for credentials."""


def _api_key(seen: Seen) -> Iterator[str | None]:
    yield seen.headers.get("x-api-key")


def _sms_accounts(gateway: SmsGateway) -> tuple[str, ...]:
    keys = gateway.credentials
    return keys.account_sid, keys.test_account_sid, keys.seven_key


def _sms_account(seen: Seen) -> Iterator[str | None]:
    yield sms_account_of(seen.scope)


def _by_recipient(worlds: Sequence[Hosted], seen: Seen) -> Hosted:
    """Whose message it is, or else who has the recipient's number."""
    found = _MESSAGES.match(seen.path)
    if found and found[2]:
        return next((h for h in worlds if _has_message(h.world, found[2])), worlds[0])
    numbers = (number.strip() for field in _recipients(seen) for number in field.split(","))
    return next((h for number in numbers for h in worlds if h.world.has_number(number)), worlds[0])


def _recipients(seen: Seen) -> Iterator[str]:
    """The fields `To` (Twilio) and `to` (seven.io) of query, form or JSON."""
    yield from parse_qs(seen.query).get("to", ())
    text = seen.body.decode(errors="replace")
    kind = seen.headers.get("content-type", "")
    if kind.startswith("application/x-www-form-urlencoded"):
        form = parse_qs(text)
        yield from (*form.get("To", ()), *form.get("to", ()))
    elif kind.startswith("application/json"):
        with suppress(ValueError, RecursionError):
            fields = json.loads(text)
            to = fields.get("to") if isinstance(fields, dict) else None
            yield from [to] if isinstance(to, str) else []


def _has_message(world: World, sid: str) -> bool:
    try:
        world.sms.message(sid)
    except Rejected:
        return False
    return True


def _has_case(world: World, seen: Seen) -> bool:
    parts = seen.path.split("/")
    return any(part in world.ident.cases or part in world.ident.sessions for part in parts)


def _mail_user(seen: Seen) -> Iterator[str | None]:
    yield seen.basic_user


def _post_account(seen: Seen) -> Iterator[str | None]:
    yield post_account_of(seen.headers, seen.path, dict(parse_qsl(seen.query)), seen.body)


SURFACES: tuple[Surface, ...] = (
    Surface("sms", lambda w: w.sms.app, lambda w: _sms_accounts(w.sms), _sms_account, _by_recipient),
    Surface(
        "mail_api",
        lambda w: w.mail.app,
        lambda w: (w.mail.smtp_user,),
        _mail_user,
        stranger=PlainTextResponse(
            "whose mail? put /worlds/NAME in front of the path, or log in (Basic) as the world's mail user\n", 404
        ),
    ),
    Surface("post", lambda w: w.post.app, lambda w: w.post.credentials.accounts, _post_account),
    Surface("ident", lambda w: w.ident.app, lambda w: (w.ident.api_key,), _api_key, knows=_has_case),
    Surface("branch", lambda w: w.branch.app, lambda w: (w.branch.api_key,), _api_key),
)

ACCOUNTS: Mapping[str, Callable[[World], Iterable[str]]] = MappingProxyType(
    {
        **{surface.name: surface.accounts for surface in SURFACES},
        "smpp": lambda w: (w.sms.credentials.smpp_system_id,),
        "mail": lambda w: (w.mail.smtp_user,),
        "mail_domain": lambda w: (w.mail_domain,),
    }
)
"""What a world is found by at each surface; SMTP knows it by the user or by the recipient's domain."""
