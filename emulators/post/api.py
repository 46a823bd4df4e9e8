"""The sender's API: submit letters, ask what became of them. JSON, key in `X-Api-Key`.

The resources are ours; status numbers and tracking codes are those of the E-POSTBUSINESS API.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from emulators.wire.json_api import error, guarded, json_app

from .letter import Letter, LetterOrder

if TYPE_CHECKING:
    from .office import PostOffice


async def submit(office: PostOffice, request: Request) -> Response:
    letter = office.submit(LetterOrder.model_validate_json(await request.body()))
    return JSONResponse(_shown(office, letter), 201)


async def look_up(office: PostOffice, request: Request) -> Response:
    letter = office.letters.get(request.path_params["letter_id"])
    return error(404, "not_found") if letter is None else JSONResponse(_shown(office, letter))


async def search(office: PostOffice, request: Request) -> Response:
    """All letters, or with `returned=true|false` those that have come back or have not."""
    wanted = request.query_params.get("returned")
    if wanted not in (None, "true", "false"):
        return error(400, "bad_request", problems=[{"field": "returned", "problem": "must be true or false"}])
    chosen = (le for le in office.letters.values() if wanted is None or (le.returned is not None) == (wanted == "true"))
    return JSONResponse({"letters": [_shown(office, letter) for letter in chosen]})


ROUTES = (
    Route("/api/letters", guarded(submit), methods=["POST"]),
    Route("/api/letters", guarded(search), methods=["GET"]),
    Route("/api/letters/{letter_id}", guarded(look_up), methods=["GET"]),
)


def build(office: PostOffice) -> Starlette:
    return json_app(office, ROUTES, "the post office")


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
