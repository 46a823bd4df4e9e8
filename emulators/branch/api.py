"""Appointments for the insurer's app. JSON, key in `X-Api-Key`."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import date
from typing import TYPE_CHECKING, Annotated

from pydantic import BaseModel, ConfigDict, StringConstraints, ValidationError
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from .appointments import Appointment, NoFreeSlot
from .faults import Outage

if TYPE_CHECKING:
    from .office import BranchOffices

Handler = Callable[["BranchOffices", Request], Awaitable[Response]]


class Wish(BaseModel):
    """Who wants to come, and perhaps when and where."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    kvnr: Annotated[str, StringConstraints(pattern=r"^[A-Z][0-9]{9}$")]
    day: date | None = None
    branch: str | None = None


def guarded(handle: Handler) -> Callable[[Request], Awaitable[Response]]:
    """Faults of the line first, then the key, then the shape of the body."""

    async def endpoint(request: Request) -> Response:
        offices: BranchOffices = request.app.state.offices
        hit = offices.physics.faults.strike(offices.name, "request")
        with offices.physics.bent_by(hit):
            match hit and hit.fault:
                case Outage():
                    offices.physics.journal.write(
                        offices.name, "request.failed", path=request.scope["path"], status=503
                    )
                    return _error(503, "unavailable")
        if request.headers.get("x-api-key") != offices.api_key:
            return _error(401, "unauthorised")
        try:
            return await handle(offices, request)
        except ValidationError as error:
            problems = [{"field": ".".join(map(str, e["loc"])), "problem": e["msg"]} for e in error.errors()]
            return _error(400, "bad_request", problems=problems)

    return endpoint


async def book(offices: BranchOffices, request: Request) -> Response:
    wish = Wish.model_validate_json(await request.body())
    if wish.branch is not None and wish.branch not in offices.books:
        return _error(404, "unknown_branch", known=list(offices.books))
    try:
        return JSONResponse(_shown(offices.book(wish.kvnr, wish.day, wish.branch)), 201)
    except NoFreeSlot:
        return _error(409, "no_slot")


async def look_up(offices: BranchOffices, request: Request) -> Response:
    appointment = offices.appointments.get(request.path_params["appointment_id"])
    return _error(404, "not_found") if appointment is None else JSONResponse(_shown(appointment))


async def refuse_as_json(request: Request, error: Exception) -> Response:
    status = error.status_code if isinstance(error, HTTPException) else 500
    return _error(status, {404: "not_found", 405: "method_not_allowed"}.get(status, "error"))


ROUTES = (
    Route("/api/appointments", guarded(book), methods=["POST"]),
    Route("/api/appointments/{appointment_id}", guarded(look_up), methods=["GET"]),
)


def build(offices: BranchOffices) -> Starlette:
    app = Starlette(routes=ROUTES, exception_handlers={HTTPException: refuse_as_json})
    app.state.offices = offices
    return app


def _shown(appointment: Appointment) -> dict[str, object]:
    return {
        "appointment_id": appointment.appointment_id,
        "kvnr": appointment.kvnr,
        "branch": appointment.branch,
        "at": appointment.at.isoformat(timespec="minutes"),
    }


def _error(status: int, error: str, **details: object) -> Response:
    return JSONResponse({"error": error, **details}, status)
