"""What both APIs do with a request first: the faults that strike it as such, and the PDF in its body."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Awaitable, Callable, Mapping
from typing import TYPE_CHECKING, Annotated

from pydantic import Field, ValidationError
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from emulators.core.transport_faults import Outage, RefusedConnection
from emulators.wire.http import Refusal

from .faults import RateLimited

if TYPE_CHECKING:
    from .office import PostOffice


# `pdf_in` checks it: a pattern would be matched against 50 MB, and what is too large has an answer of its own.
Base64Pdf = Annotated[
    str,
    Field(
        json_schema_extra={
            "contentEncoding": "base64",
            "contentMediaType": "application/pdf",
            "pattern": "^([A-Za-z0-9+/]{4})*([A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$",
        }
    ),
]

_DIGITS = 9

Endpoint = Callable[[Request], Awaitable[Response]]


class TooLarge(ValueError):
    """A PDF of more bytes than the API takes."""


class Resource:
    """What answers at one path, whatever the method: one that it does not have is told all those that it has.

    `wrong_method` gives the text of that 405 the shape of the API.
    """

    def __init__(self, by_method: Mapping[str, Endpoint], wrong_method: Callable[[str], Response]) -> None:
        self._by_method = by_method
        self._wrong_method = wrong_method

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        endpoint = self._by_method.get("GET" if scope["method"] == "HEAD" else scope["method"])
        if endpoint is not None:
            answer = await endpoint(Request(scope, receive))
        else:
            allowed = ", ".join(self._by_method)
            answer = self._wrong_method(allowed)
            answer.headers["allow"] = allowed
        await answer(scope, receive, send)


def number_in_path(request: Request) -> int | None:
    """The number of a letter that the path names; `None` if it is none that a letter can have."""
    text: str = request.path_params["number"]
    return int(text) if text.isascii() and text.isdigit() and len(text) <= _DIGITS else None


def struck(office: PostOffice, request: Request) -> int | None:
    """The HTTP status with which a fault ends the request, `None` if none strikes.

    Raises `Refusal` if nothing answers at all.
    """
    hit = office.physics.faults.strike(office.name, "request")
    statuses: Mapping[type, int | None] = {Outage: 503, RateLimited: 429, RefusedConnection: None}
    if hit is None or type(hit.fault) not in statuses:
        return None
    status = statuses[type(hit.fault)]
    with office.physics.bent_by(hit):
        office.physics.journal.write(office.name, "request.failed", path=request.scope["path"], status=status)
    if status is None:
        raise Refusal("the post office does not answer")
    return status


def pdf_in(text: str, most: int) -> bytes:
    """The bytes of a PDF in base64. Raises `ValueError` for anything else and `TooLarge` above `most` bytes."""
    if len(text) > (most + 2) // 3 * 4 + 4:
        raise TooLarge(f"more than {most} bytes")
    try:
        data = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError) as error:
        raise ValueError(f"no base64: {error}") from error
    if len(data) > most:
        raise TooLarge(f"{len(data)} bytes, at most {most}")
    return data


def problems_of(error: ValidationError) -> str:
    """Place and kind of each mistake in a body, in one line; at most ten of them."""
    found = [f"{'.'.join(map(str, e['loc'])) or 'body'}: {e['msg']}" for e in error.errors()[:10]]
    return "; ".join(found)
