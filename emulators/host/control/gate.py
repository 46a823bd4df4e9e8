"""Who may call: with the token, or where there is none, from this machine."""

from __future__ import annotations

import hmac
from base64 import b64decode
from collections.abc import Collection
from html import escape
from ipaddress import ip_address
from urllib.parse import urlsplit

from starlette.types import ASGIApp, Receive, Scope, Send

from .problems import problem

OPEN = frozenset({"/healthz", "/openapi.json", "/"})
"""Paths of the control API that need no token: they tell nothing of any world."""


class Gate:
    """Lets a caller in: with the token, or where there is none, from this machine and by a name of this machine.

    The token is a bearer's (RFC 6750), or the password of whatever user (RFC 7617), as a browser sends it. The name is
    looked at because a web page elsewhere can make a browser call 127.0.0.1 under a name of its own.
    """

    def __init__(
        self, app: ASGIApp, token: str | None, *, realm: str = "control", free: Collection[str] = OPEN
    ) -> None:
        self._app = app
        self._token = token
        self._realm = realm
        self._free = free

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and (refusal := self._refuses(scope)) is not None:
            status, detail = refusal
            answer = problem(status, detail)
            if status == 401:
                answer.headers.append("www-authenticate", f'Bearer realm="{self._realm}"')
                answer.headers.append("www-authenticate", f'Basic realm="{self._realm}"')
            await answer(scope, receive, send)
            return
        await self._app(scope, receive, send)

    def _refuses(self, scope: Scope) -> tuple[int, str] | None:
        headers = {name: value.decode("latin-1") for name, value in scope["headers"]}
        if self._token is not None:
            given = _token_in(headers.get(b"authorization", ""))
            if scope["path"] in self._free or hmac.compare_digest(given.encode(), self._token.encode()):
                return None
            return 401, "this needs the token that `pruefstand serve` printed: Authorization: Bearer …"
        if not is_loopback((scope.get("client") or ("",))[0]):
            return 403, "without a token the control API answers this machine only; start it with --token"
        if not is_loopback(_host_name(headers.get(b"host", ""))):
            return (
                403,
                f"called as {escape(headers.get(b'host', ''))!r}; without a token only as 127.0.0.1 or localhost",
            )
        return None


def is_loopback(name: str) -> bool:
    """Whether an address or name is one of this machine's own."""
    if name == "localhost":
        return True
    try:
        return ip_address(name).is_loopback
    except ValueError:
        return False


def _host_name(host: str) -> str:
    try:
        return urlsplit(f"//{host}").hostname or ""
    except ValueError:
        return ""


def _token_in(authorization: str) -> str:
    scheme, _, given = authorization.partition(" ")
    match scheme.lower():
        case "bearer":
            return given.strip()
        case "basic":
            try:
                return b64decode(given, validate=True).decode("utf-8").partition(":")[2]
            except ValueError:
                return ""
        case _:
            return ""
