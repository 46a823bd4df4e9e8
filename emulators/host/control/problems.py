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

from ..host import FaultWaits, NameTaken, NoSuchWorld
from ..hosted import Ended
from ..journals import NotWhole
from .models import Invalid, Mistake, Problem

MEDIA_TYPE = "application/problem+json"
_LISTED = "GET / lists all that there is"

_TOLD: dict[type[Exception], int] = {
    NoSuchWorld: 404,
    NameTaken: 409,
    FaultWaits: 409,
    Ended: 410,
    UnknownFault: 422,
    UnknownPersona: 404,
    UnknownDevice: 404,
    NotWhole: 500,
}


class TooLate(ValueError):
    """A moment that the world's clock has passed, or will not reach. Answered 409."""


class RoleTaken(ValueError):
    """Somebody plays that role already. Answered 409."""


class InVain(ValueError):
    """What could have no effect here, such as a fault that never strikes. Answered 409."""


class NotNow(ValueError):
    """What a person cannot do as things are. Answered 409."""


class Missing(LookupError):
    """What a path names does not exist. Answered 404."""


_OWN: dict[type[Exception], int] = {
    TooLate: 409,
    RoleTaken: 409,
    InVain: 409,
    NotNow: 409,
    Missing: 404,
    UnicodeError: 422,
}


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


def _methods(request: Request) -> list[str]:
    """The methods of a path, as described."""
    paths = request.app.openapi()["paths"]
    found = (operations for path, operations in paths.items() if compile_path(path)[0].match(request.url.path))
    return sorted({method.upper() for operations in found for method in operations})


async def _http(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, HTTPException)
    status, path, detail = error.status_code, request.url.path, str(error.detail)
    headers = dict(error.headers or {})
    if status == 404:
        detail = f"there is no {path} here; {_LISTED}"
    elif status == 405:  # the framework names the methods of one route; there may be several with this path
        headers["allow"] = ", ".join(_methods(request)) or headers.get("allow", "")
        detail = f"{request.method} is not for {path}, which has {headers['allow']}; {_LISTED}"
    answer = problem(status, detail)
    answer.headers.update(headers)
    return answer


async def _invalid(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, RequestValidationError)
    not_json = isinstance(error.body, bytes)  # the framework has left it as it came
    mistakes = [
        Mistake(
            field=".".join(map(str, e["loc"])),
            problem=_needs_type(request)
            if not_json and e["loc"] == ("body",)
            else e["msg"].removeprefix("Value error, "),
        )
        for e in error.errors()
    ]
    detail = "; ".join(f"{mistake.field}: {mistake.problem}" for mistake in mistakes)
    return problem(422, detail, errors=[mistake.model_dump() for mistake in mistakes])


async def _unforeseen(_: Request, error: Exception) -> JSONResponse:
    return problem(500, f"the bench itself has failed: {type(error).__name__}: {error}")


def _needs_type(request: Request) -> str:
    given = request.headers.get("content-type")
    came = f"'Content-Type: {given[:100]}'" if given else "no Content-Type"
    return f"is taken as JSON with the header 'Content-Type: application/json'; it came with {came}"


def handle(app: FastAPI) -> None:
    """Answer every error of the API with problem details."""
    app.add_exception_handler(HTTPException, _http)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(Exception, _unforeseen)
    for kind, status in {**_TOLD, **_OWN}.items():
        app.add_exception_handler(kind, _telling(status))


def _telling(status: int) -> Any:
    async def tell(_: Request, error: Exception) -> JSONResponse:
        return problem(status, str(error), **({"errors": []} if status == 422 else {}))

    return tell
