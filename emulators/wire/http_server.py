"""An ASGI app on a socket: a connection for each client, `http.answer` for the app."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any

from starlette.types import ASGIApp, Scope

from .http import Answer, WouldSuspend, answer, problem
from .http_connection import Connection, Limits, Room

BODY_LIMIT = Limits().body
"""Octets of a request's body unless a door sets its own; a longer one is answered 413."""

_log = logging.getLogger(__name__)

_PARTING = 1.0  # seconds of real time to send what is on its way
_BACKLOG = 1024  # clients that may knock at once


class HttpServer:
    """Has the app answer each whole request under the lock, sends the answer, then lets the world settle."""

    def __init__(
        self,
        app: ASGIApp,
        lock: AbstractContextManager[Any],
        settle: Callable[[], object] | None = None,
        limits: Limits | None = None,
    ) -> None:
        self._app = app
        self._lock = lock
        self._settle = settle
        self._room = Room(limits or Limits())
        self._server: asyncio.Server | None = None

    async def start(self, host: str = "127.0.0.1", port: int = 0) -> str:
        """Listen; returns the address. What goes wrong while starting is raised, an `OSError` for a port in use."""
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(self._connect, host, port, backlog=_BACKLOG)
        bound: tuple[Any, ...] = self._server.sockets[0].getsockname()
        return f"http://[{host}]:{bound[1]}" if ":" in host else f"http://{host}:{bound[1]}"

    async def stop(self) -> None:
        """Stop to listen and drop all connections, within 2 seconds."""
        if self._server is None:
            return
        self._server.close()
        for connection in list(self._room.connections):
            connection.hang_up()
        if leaving := [connection.lost for connection in self._room.connections]:
            await asyncio.wait(leaving, timeout=_PARTING)
        for connection in list(self._room.connections):
            connection.abort()
        await self._server.wait_closed()

    def _connect(self) -> Connection:
        return Connection(self._room, self._respond, self._let_settle if self._settle else None)

    def _let_settle(self) -> None:
        assert self._settle is not None
        try:
            self._settle()
        except Exception:  # of the world, not of this client, who has its answer
            _log.exception("what was due after a request failed")

    def _respond(self, scope: Scope, body: bytes) -> Answer:
        try:
            with self._lock:
                return answer(self._app, scope, body)
        except WouldSuspend as error:
            return problem(500, "WouldSuspend", str(error))
