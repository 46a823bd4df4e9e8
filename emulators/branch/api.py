"""Appointments for the insurer's app. JSON, key in `X-Api-Key`."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Annotated

from pydantic import BaseModel, ConfigDict, StringConstraints
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from emulators.wire.json_api import error, guarded, json_app

from .appointments import Appointment, NoFreeSlot

if TYPE_CHECKING:
    from .office import BranchOffices


class Wish(BaseModel):
    """Who wants to come, and perhaps when and where."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    kvnr: Annotated[str, StringConstraints(pattern=r"^[A-Z][0-9]{9}$")]
    day: date | None = None
    branch: str | None = None


async def book(offices: BranchOffices, request: Request) -> Response:
    wish = Wish.model_validate_json(await request.body())
    if wish.branch is not None and wish.branch not in offices.books:
        return error(404, "unknown_branch", known=list(offices.books))
    try:
        return JSONResponse(_shown(offices.book(wish.kvnr, wish.day, wish.branch)), 201)
    except NoFreeSlot:
        return error(409, "no_slot")


async def look_up(offices: BranchOffices, request: Request) -> Response:
    appointment = offices.appointments.get(request.path_params["appointment_id"])
    return error(404, "not_found") if appointment is None else JSONResponse(_shown(appointment))


ROUTES = (
    Route("/api/appointments", guarded(book), methods=["POST"]),
    Route("/api/appointments/{appointment_id}", guarded(look_up), methods=["GET"]),
)


def build(offices: BranchOffices) -> Starlette:
    return json_app(offices, ROUTES, "the branch")


def _shown(appointment: Appointment) -> dict[str, object]:
    return {
        "appointment_id": appointment.appointment_id,
        "kvnr": appointment.kvnr,
        "branch": appointment.branch,
        "at": appointment.at.isoformat(timespec="minutes"),
    }
