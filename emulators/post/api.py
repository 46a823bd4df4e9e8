"""The senders' two APIs as one ASGI app: E-POSTBUSINESS below `/api`, LetterXpress below `/v3`.

Each describes itself in OpenAPI at its `openapi.json`, and says in its own shape that a path does not exist.
Made after the public contracts of both; this project is affiliated with neither.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from emulators.wire.json_api import json_app, refuse_as_json

from . import epost, letterxpress

if TYPE_CHECKING:
    from .office import PostOffice

_NOT_THERE: Mapping[str, Callable[[], Response]] = {"/api/": epost.not_there, "/v3/": letterxpress.not_there}


def build(office: PostOffice) -> Starlette:
    app = json_app(office, (*epost.ROUTES, *letterxpress.ROUTES), "the post office")
    app.add_exception_handler(HTTPException, _refuse)
    return app


async def _refuse(request: Request, problem: Exception) -> Response:
    """A path that is in neither table; what has the wrong method is refused by `Resource`."""
    path = request.scope["path"]
    answer = next((answer for base, answer in _NOT_THERE.items() if path.startswith(base)), None)
    return answer() if answer is not None else await refuse_as_json(request, problem)
