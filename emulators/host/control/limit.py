"""A limit to the bodies that the control API takes, kept while they come in and not after."""

from __future__ import annotations

from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

MOST_OCTETS = 1024 * 1024


class TooLarge(HTTPException):
    """A body of more octets than are taken. Answered 413."""

    def __init__(self) -> None:
        super().__init__(
            413, f"a body has at most {MOST_OCTETS} octets here; the longest that anything needs is far below"
        )


class Limit:
    """Hands a request on, with a body that ends in `TooLarge` as soon as it has too many octets.

    One that says so beforehand (Content-Length) does so before any of it is read.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        octets, announced = 0, _announced(scope)

        async def counted() -> Message:
            nonlocal octets
            if announced > MOST_OCTETS:
                raise TooLarge
            message = await receive()
            octets += len(message.get("body", b""))
            if octets > MOST_OCTETS:
                raise TooLarge
            return message

        await self._app(scope, counted, send)


def _announced(scope: Scope) -> int:
    length = next((value for name, value in scope["headers"] if name == b"content-length"), b"")
    return int(length[:20]) if length.isdigit() else 0
