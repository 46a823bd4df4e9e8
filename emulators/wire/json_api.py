"""What the JSON APIs for partners have in common: the key in `X-Api-Key`, faults of the line, errors as JSON.

An error is `{"error": code, …details}`, also for a path or a method that does not exist.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import Protocol, TypeVar

from pydantic import ValidationError
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from emulators.core.physics import Physics
from emulators.core.transport_faults import Outage, RefusedConnection

from .http import Refusal
from .line_faults import line_faults


class Owner(Protocol):
    """Whoever offers an API."""

    physics: Physics

    @property
    def name(self) -> str:
        """Channel in the journal and emulator of the faults."""

    @property
    def api_key(self) -> str:
        """What partners send as `X-Api-Key`."""


OwnerT = TypeVar("OwnerT", bound=Owner)
Endpoint = Callable[[Request], Awaitable[Response]]


def json_app(owner: Owner, routes: Sequence[Route], called: str) -> Starlette:
    """The API as an ASGI app; handlers find its owner in `app.state.owner`. `called` is its name in sentences.

    The faults of the line strike here, if the owner lists them among its faults.
    """
    app = Starlette(
        routes=routes,
        exception_handlers={HTTPException: refuse_as_json},
        middleware=[line_faults(owner.physics, owner.name)],
    )
    app.state.owner = owner
    app.state.called = called
    return app


def guarded(handle: Callable[[OwnerT, Request], Awaitable[Response]]) -> Endpoint:
    """Let a request in: faults of the line first (503, or `Refusal`), then the key (401), then the body (400)."""

    async def endpoint(request: Request) -> Response:
        owner: OwnerT = request.app.state.owner
        failure = _struck(owner, request)
        if failure is not None:
            return failure
        if request.headers.get("x-api-key") != owner.api_key:
            return error(401, "unauthorised")
        try:
            return await handle(owner, request)
        except ValidationError as problem:
            return not_understood(problem)

    return endpoint


def error(status: int, code: str, **details: object) -> Response:
    return JSONResponse({"error": code, **details}, status)


def not_understood(problem: ValidationError) -> Response:
    """400 with the place and the kind of each mistake in the body."""
    problems = [{"field": ".".join(map(str, e["loc"])), "problem": e["msg"]} for e in problem.errors()]
    return error(400, "bad_request", problems=problems)


async def refuse_as_json(_: Request, problem: Exception) -> Response:
    """A problem's status and headers (a 405 has `Allow`, RFC 9110, 15.5.6), and in JSON its error."""
    if not isinstance(problem, HTTPException):
        return error(500, "error")
    answer = error(problem.status_code, {404: "not_found", 405: "method_not_allowed"}.get(problem.status_code, "error"))
    answer.headers.update(problem.headers or {})
    return answer


def _struck(owner: Owner, request: Request) -> Response | None:
    """The answer of a fault that strikes the request as such. Raises `Refusal` if nothing answers at all."""
    hit = owner.physics.faults.strike(owner.name, "request")
    with owner.physics.bent_by(hit):
        match hit and hit.fault:
            case Outage():
                _note_failure(owner, request, 503)
                return error(503, "unavailable")
            case RefusedConnection():
                _note_failure(owner, request, None)
                raise Refusal(f"{request.app.state.called} does not answer")
            case _:
                return None


def _note_failure(owner: Owner, request: Request, status: int | None) -> None:
    owner.physics.journal.write(owner.name, "request.failed", path=request.scope["path"], status=status)
