"""The control API put together: routes, who may call, and a page about it that loads nothing from elsewhere."""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError, version
from typing import Any

from fastapi import FastAPI
from fastapi.responses import HTMLResponse
from pydantic.json_schema import models_json_schema
from starlette.types import ASGIApp

from ..host import Host
from . import events, phones, views, worlds
from .gate import OPEN, Gate
from .limit import Limit
from .models import Invalid, Problem, TimedOut
from .page import page
from .problems import handle

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
