"""Faults of the line for HTTP: a layer around an ASGI app, the same on a socket and in process."""

from __future__ import annotations

from starlette.middleware import Middleware
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from emulators.core.physics import Physics

from .http import Refusal
from .line import Line, struck


class LineFaults:
    """Strikes `line` once for each request to the emulator `name`; put around an app by `line_faults`.

    What travels badly is told to whoever serves the app by the key `line` of the message `http.response.start`, or,
    where the request is not even carried out, by a `Refusal`. Servers of others know neither and send the whole answer.
    """

    def __init__(self, app: ASGIApp, physics: Physics, name: str) -> None:
        self._app = app
        self._physics = physics
        self._name = name

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        hit = struck(self._physics, self._name)
        if hit is None:
            await self._app(scope, receive, send)
            return
        with self._physics.bent_by(hit.armed):
            self._physics.journal.write(
                self._name, hit.armed.kind, method=scope["method"], path=scope["path"], processed=hit.processed
            )
            if not hit.processed:
                raise Refusal(f"{hit.armed.name}: no answer", hit.line)
            await self._app(scope, receive, _bending(send, hit.line))


def line_faults(physics: Physics, name: str) -> Middleware:
    """For `Starlette(middleware=[line_faults(physics, name)])`; its owner lists `LINE_FAULTS` among its faults."""
    return Middleware(LineFaults, physics=physics, name=name)


def _bending(send: Send, line: Line) -> Send:
    async def bending(message: Message) -> None:
        await send({**message, "line": line} if message["type"] == "http.response.start" else message)

    return bending
