"""Errors of the control API as problem details (RFC 9457), in answers and in the description."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel
from starlette.exceptions import HTTPException
from starlette.routing import compile_path

from emulators.core.faults import UnknownFault
from emulators.core.people import UnknownPersona
from emulators.phone.catalogue import UnknownDevice

from ..host import NameTaken, NoSuchWorld
from ..hosted import Ended
from .models import Invalid, Mistake, Problem

MEDIA_TYPE = "application/problem+json"

_TOLD: dict[type[Exception], int] = {
    NoSuchWorld: 404,
    NameTaken: 409,
    Ended: 410,
    UnknownFault: 422,
    UnknownPersona: 404,
    UnknownDevice: 404,
}


class TooLate(ValueError):
    """A moment that the world's clock has passed, or will not reach. Answered 409."""


class RoleTaken(ValueError):
    """Somebody plays that role already. Answered 409."""


class Missing(LookupError):
    """What a path names does not exist. Answered 404."""


def answers(*codes: int, **models: type[BaseModel]) -> dict[int | str, dict[str, Any]]:
    """The `responses` of a route: problem details for each code."""
    return {
        code: {
            "description": HTTPStatus(code).phrase,
            "content": {MEDIA_TYPE: {"schema": {"$ref": f"#/components/schemas/{_model(code, models).__name__}"}}},
        }
        for code in codes
    }


def _model(code: int, models: dict[str, type[BaseModel]]) -> type[BaseModel]:
    return models.get(f"on_{code}", Invalid if code == 422 else Problem)


def problem(status: int, detail: str, **more: Any) -> JSONResponse:
    content = {"type": "about:blank", "title": HTTPStatus(status).phrase, "status": status, "detail": detail, **more}
    return JSONResponse(content, status, media_type=MEDIA_TYPE)


def _methods(request: Request) -> set[str]:
    """The methods of a path, as described."""
    paths = request.app.openapi()["paths"]
    found = (operations for path, operations in paths.items() if compile_path(path)[0].match(request.url.path))
    return {method.upper() for operations in found for method in operations}


async def _http(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, HTTPException)
    answer = problem(error.status_code, str(error.detail))
    answer.headers.update(error.headers or {})
    if error.status_code == 405:  # the framework names the methods of one route; there may be several with this path
        answer.headers["allow"] = ", ".join(sorted(_methods(request)))
    return answer


async def _invalid(_: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, RequestValidationError)
    mistakes = [
        Mistake(field=".".join(map(str, e["loc"])), problem=e["msg"].removeprefix("Value error, "))
        for e in error.errors()
    ]
    detail = "; ".join(f"{mistake.field}: {mistake.problem}" for mistake in mistakes)
    return problem(422, detail, errors=[mistake.model_dump() for mistake in mistakes])


def handle(app: FastAPI) -> None:
    """Answer every error of the API with problem details."""
    app.add_exception_handler(HTTPException, _http)
    app.add_exception_handler(RequestValidationError, _invalid)
    for kind, status in {**_TOLD, TooLate: 409, UnicodeError: 422, Missing: 404, RoleTaken: 409}.items():
        app.add_exception_handler(kind, _telling(status))


def _telling(status: int) -> Any:
    async def tell(_: Request, error: Exception) -> JSONResponse:
        return problem(status, str(error), **({"errors": []} if status == 422 else {}))

    return tell
