"""The way in from outside: the senders' APIs on a socket."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from starlette.responses import Response
from starlette.types import ASGIApp, Scope

from emulators.core.emulator import Door
from emulators.core.physics import Physics
from emulators.wire.http import Answer, HttpDoor, problem

from . import epost, letterxpress

if TYPE_CHECKING:
    from emulators.wire.http_connection import Limits

_API = re.compile(r"(?:/worlds/[^/]+)?/(api|v3)/")
_TOO_LONG: Mapping[str, Callable[[], Response]] = {"api": epost.too_long, "v3": letterxpress.too_long}


def doors(name: str, app: ASGIApp, physics: Physics) -> tuple[Door, ...]:
    return (HttpDoor(name, app, physics.lock, limits=limits()),)


def limits() -> Limits:
    """What a door to these APIs takes: E-POST's longest request, and meanwhile what a door holds otherwise."""
    # A world that stays in process never pays for loading a server.
    from emulators.wire.http_connection import Limits

    return Limits(body=epost.MAX_REQUEST, held=epost.MAX_REQUEST + Limits().held, too_long=_too_long)


def _too_long(scope: Scope, limit: int) -> Answer:
    """The 413 in the shape of the API that was asked."""
    api = _API.match(scope["path"])
    if api is None:
        return problem(413, "PayloadTooLarge", f"the limit of a body is {limit} octets")
    answer = _TOO_LONG[api[1]]()
    return Answer(answer.status_code, answer.headers.items(), bytes(answer.body))
