"""The sender's API: submit letters, ask what became of them. JSON, key in `X-Api-Key`.

The resources are ours; status numbers and tracking codes are those of the E-POSTBUSINESS API.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

from pydantic import ValidationError
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from emulators.wire.http import Refusal

from .faults import Outage, RefusedConnection
from .letter import Letter, LetterOrder

if TYPE_CHECKING:
    from .office import PostOffice

Handler = Callable[["PostOffice", Request], Awaitable[Response]]


def guarded(handle: Handler) -> Callable[[Request], Awaitable[Response]]:
    """Faults of the line first, then the key, then the shape of the body."""

    async def endpoint(request: Request) -> Response:
        office: PostOffice = request.app.state.office
        hit = office.physics.faults.strike(office.name, "request")
        with office.physics.bent_by(hit):
            match hit and hit.fault:
                case Outage():
                    office.physics.journal.write(office.name, "request.failed", path=request.scope["path"], status=503)
                    return _error(503, "unavailable")
                case RefusedConnection():
                    office.physics.journal.write(office.name, "request.failed", path=request.scope["path"], status=None)
                    raise Refusal("the post office does not answer")
        if request.headers.get("x-api-key") != office.api_key:
            return _error(401, "unauthorised")
        try:
            return await handle(office, request)
        except ValidationError as error:
            problems = [{"field": ".".join(map(str, e["loc"])), "problem": e["msg"]} for e in error.errors()]
            return _error(400, "bad_request", problems=problems)

    return endpoint


async def submit(office: PostOffice, request: Request) -> Response:
    letter = office.submit(LetterOrder.model_validate_json(await request.body()))
    return JSONResponse(_shown(office, letter), 201)


async def look_up(office: PostOffice, request: Request) -> Response:
    letter = office.letters.get(request.path_params["letter_id"])
    return _error(404, "not_found") if letter is None else JSONResponse(_shown(office, letter))


async def search(office: PostOffice, request: Request) -> Response:
    """All letters, or with `returned=true|false` those that have come back or have not."""
    wanted = request.query_params.get("returned")
    if wanted not in (None, "true", "false"):
        return _error(400, "bad_request", problems=[{"field": "returned", "problem": "must be true or false"}])
    chosen = (le for le in office.letters.values() if wanted is None or (le.returned is not None) == (wanted == "true"))
    return JSONResponse({"letters": [_shown(office, letter) for letter in chosen]})


async def refuse_as_json(request: Request, error: Exception) -> Response:
    status = error.status_code if isinstance(error, HTTPException) else 500
    return _error(status, {404: "not_found", 405: "method_not_allowed"}.get(status, "error"))


ROUTES = (
    Route("/api/letters", guarded(submit), methods=["POST"]),
    Route("/api/letters", guarded(search), methods=["GET"]),
    Route("/api/letters/{letter_id}", guarded(look_up), methods=["GET"]),
)


def build(office: PostOffice) -> Starlette:
    app = Starlette(routes=ROUTES, exception_handlers={HTTPException: refuse_as_json})
    app.state.office = office
    return app


def _shown(office: PostOffice, letter: Letter) -> dict[str, object]:
    now = office.physics.clock.now
    tracking = {"number": letter.tracking_number, "status": letter.tracking(now)}
    return {
        "letter_id": letter.letter_id,
        "reference": letter.reference,
        "status": letter.status(now),
        **({"tracking": tracking} if letter.tracking_number else {}),
        "returned": letter.returned,
    }


def _error(status: int, error: str, **details: object) -> Response:
    return JSONResponse({"error": error, **details}, status)
