"""The control API put together: routes, who may call, and a page about it that loads nothing from elsewhere."""

from __future__ import annotations

import hmac
from html import escape
from importlib.metadata import PackageNotFoundError, version
from ipaddress import ip_address
from typing import Any
from urllib.parse import urlsplit

from fastapi import FastAPI
from fastapi.responses import HTMLResponse
from pydantic.json_schema import models_json_schema
from starlette.types import ASGIApp, Receive, Scope, Send

from ..host import Host
from . import events, phones, views, worlds
from .limit import Limit
from .models import Invalid, Problem, TimedOut
from .page import page
from .problems import handle, problem

OPEN = frozenset({"/healthz", "/openapi.json", "/"})
"""Paths that need no token: they tell nothing of any world."""

ABOUT = """Worlds, people, faults, time and journal of a test bench. All that lives in it is fictitious, TEST ONLY.

Every answer that is an error is a problem detail (RFC 9457). A token, where one is asked for, goes into
`Authorization: Bearer …`."""


def control_app(host: Host, token: str | None = None) -> ASGIApp:
    """The API as an ASGI app. Without a token it answers callers on this machine only."""
    app = FastAPI(
        title="Prüfstand: control",
        description=ABOUT,
        version=_version(),
        docs_url=None,  # FastAPI's own pages load scripts from elsewhere
        redoc_url=None,
        responses={},
        separate_input_output_schemas=False,
    )
    app.state.host = host
    for router in (worlds.router, events.router, views.router, phones.router):
        app.include_router(router)
    handle(app)
    description = _described(app, token is not None)
    app.openapi = lambda: description  # type: ignore[method-assign]  # FastAPI's documented way

    @app.get("/", include_in_schema=False)
    async def listing() -> HTMLResponse:
        return HTMLResponse(page(description))

    return Gate(Limit(app), token)


class Gate:
    """Lets a caller in: with the token, or where there is none, from this machine and by a name of this machine.

    The name is looked at because a web page elsewhere can make a browser call 127.0.0.1 under a name of its own.
    """

    def __init__(self, app: ASGIApp, token: str | None) -> None:
        self._app = app
        self._token = token

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and (refusal := self._refuses(scope)) is not None:
            status, detail = refusal
            answer = problem(status, detail)
            if status == 401:
                answer.headers["www-authenticate"] = 'Bearer realm="control"'
            await answer(scope, receive, send)
            return
        await self._app(scope, receive, send)

    def _refuses(self, scope: Scope) -> tuple[int, str] | None:
        headers = {name: value.decode("latin-1") for name, value in scope["headers"]}
        if self._token is not None:
            scheme, _, given = headers.get(b"authorization", "").partition(" ")
            if scope["path"] in OPEN:
                return None
            if scheme.lower() == "bearer" and hmac.compare_digest(given.strip().encode(), self._token.encode()):
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


def _described(app: FastAPI, needs_token: bool) -> dict[str, Any]:
    """FastAPI's description with the problem details, which no route returns as a model."""
    described: dict[str, Any] = FastAPI.openapi(app)
    _, problems = models_json_schema(
        [(model, "serialization") for model in (Problem, Invalid, TimedOut)],
        ref_template="#/components/schemas/{model}",
    )
    components = described.setdefault("components", {})
    schemas = {**components.get("schemas", {}), **problems["$defs"]}
    for unused in ("HTTPValidationError", "ValidationError"):
        schemas.pop(unused, None)
    components["schemas"] = schemas
    if needs_token:
        components["securitySchemes"] = {"token": {"type": "http", "scheme": "bearer"}}
        for path, operations in described["paths"].items():
            for operation in operations.values():
                operation["security"] = [] if path in OPEN else [{"token": []}]
    return described


def _version() -> str:
    try:
        return version("pruefstand")
    except PackageNotFoundError:
        return "0"
