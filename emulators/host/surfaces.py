"""The HTTP surfaces that all worlds share, and what a request says about the world it means.

A table: whose app answers, what credentials a world has there, where a request shows them. Each surface also takes a
world's name in front of its paths, `/worlds/NAME/…`, for callers that have no credentials to show.
"""

from __future__ import annotations

from base64 import b64decode
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from urllib.parse import parse_qsl

from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Scope

from emulators.post.credentials import account_of as post_account_of
from emulators.post.doors import limits as post_limits
from emulators.sms.gateway import SmsGateway
from emulators.sms.subject import subject_of
from emulators.sms.surface import Request
from emulators.sms.surface import account_of as sms_account_of
from emulators.wire.http_connection import Limits
from emulators.world import World

from .hosted import Hosted


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
Choice = Callable[[Sequence[Hosted], Seen], "Hosted | ASGIApp"]


def first(worlds: Sequence[Hosted], _: Seen) -> Hosted:
    """Of worlds that share an account the one that had it first."""
    return worlds[0]


def _knows_nothing(_: World, __: Seen) -> bool:
    return False


@dataclass(frozen=True, slots=True)
class Surface:
    """One HTTP door. `shown` are the credentials in a request, the likeliest first; `choose` decides among
    sharers, or refuses."""

    name: str
    app: Callable[[World], ASGIApp]
    accounts: Callable[[World], Iterable[str]]
    shown: Shown
    choose: Choice = first
    knows: Callable[[World, Seen], bool] = _knows_nothing
    """Whether a request without credentials speaks of something that only this world has."""
    stranger: ASGIApp | None = None
    """What answers a caller whom no world knows, where a world's own app would not ask for credentials."""
    limits: Limits | None = None


def _api_key(seen: Seen) -> Iterator[str | None]:
    yield seen.headers.get("x-api-key")


def _sms_accounts(gateway: SmsGateway) -> tuple[str, ...]:
    keys = gateway.credentials
    return keys.account_sid, keys.test_account_sid, keys.seven_key


def _sms_account(seen: Seen) -> Iterator[str | None]:
    yield sms_account_of(seen.scope)


def _by_recipient(worlds: Sequence[Hosted], seen: Seen) -> Hosted | ASGIApp:
    """Whose message it is, or else who has the recipients' numbers; numbers that nobody has decide nothing.

    A list that says no recipient is the first world's: each world has a time of its own, so there is no order in which
    the messages of several could stand in one list.
    """
    subject = subject_of(Request.of(seen.scope, seen.body))
    if (sid := subject.sid) is not None:
        return next((hosted for hosted in worlds if hosted.world.sms.store.get(sid) is not None), worlds[0])
    numbers = [number for number in subject.numbers if any(hosted.world.has_number(number) for hosted in worlds)]
    for hosted in worlds:
        if all(map(hosted.world.has_number, numbers)):
            return hosted
    return _OF_SEVERAL_WORLDS


_OF_SEVERAL_WORLDS = PlainTextResponse(
    "400\nthe recipients are of several worlds that share this account: send to those of each world by themselves\n",
    400,
)


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
    Surface("post", lambda w: w.post.app, lambda w: w.post.credentials.accounts, _post_account, limits=post_limits()),
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
