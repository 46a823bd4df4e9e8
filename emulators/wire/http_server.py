"""An ASGI app on a socket: uvicorn for the protocol, `http.answer` for the app."""

from __future__ import annotations

import asyncio
import socket
from contextlib import AbstractContextManager
from typing import Any

import uvicorn
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from uvicorn.protocols.http.h11_impl import H11Protocol

from .http import Answer, Refusal, WouldSuspend, answer, problem

BODY_LIMIT = 16 * 1024 * 1024
"""Bytes of a request's body; a longer one is answered 413."""

Address = tuple[str, int]


class HttpServer:
    """Reads a whole request, has the app answer it under the lock, sends the answer."""

    def __init__(self, app: ASGIApp, lock: AbstractContextManager[Any]) -> None:
        self._app = app
        self._lock = lock
        self._connections: dict[Address, asyncio.Transport] = {}
        self._task: asyncio.Task[None] | None = None
        config = uvicorn.Config(
            self._serve,
            interface="asgi3",
            http=_noting(self._connections),
            ws="none",
            lifespan="off",
            access_log=False,
            log_config=None,
            proxy_headers=False,
            server_header=False,
            date_header=False,  # the day outside the world is nobody's business
            timeout_graceful_shutdown=1,
        )
        self._server = uvicorn.Server(config)

    async def start(self) -> str:
        """Listen; returns the address. What goes wrong while starting is raised."""
        listening = socket.create_server(("127.0.0.1", 0))
        port: int = listening.getsockname()[1]
        self._task = asyncio.create_task(self._run(listening))
        while not self._server.started:
            if self._task.done():
                self._task.result()
            await asyncio.sleep(0)
        return f"http://127.0.0.1:{port}"

    async def stop(self) -> None:
        """Drop all connections and stop to listen."""
        self._server.should_exit = True
        if self._task is not None:
            await self._task

    async def _run(self, listening: socket.socket) -> None:
        try:
            await self._server.serve(sockets=[listening])
        except asyncio.CancelledError:
            await self._server.shutdown(sockets=[listening])
            raise
        finally:
            listening.close()

    async def _serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            reply = await self._answer(scope, receive)
        except Refusal:
            # Closed without a byte; once uvicorn has noticed, it has nothing to add.
            self._connections[_client(scope)].abort()
            while (await receive())["type"] != "http.disconnect":
                pass
            return
        if reply is not None:
            headers = [(k.encode("latin-1"), v.encode("latin-1")) for k, v in reply.headers]
            await send({"type": "http.response.start", "status": reply.status, "headers": headers})
            await send({"type": "http.response.body", "body": reply.body})

    async def _answer(self, scope: Scope, receive: Receive) -> Answer | None:
        body = bytearray()
        length = 0
        more = True
        while more:
            message: Message = await receive()
            if message["type"] == "http.disconnect":
                return None
            chunk = message.get("body", b"")
            length += len(chunk)
            if length <= BODY_LIMIT:
                body += chunk
            # What is too long is still read to its end: a client in the middle of sending would not see the answer.
            more = message.get("more_body", False)
        if length > BODY_LIMIT:
            return problem(413, "PayloadTooLarge", f"{length} bytes, the limit is {BODY_LIMIT}")
        try:
            with self._lock:
                return answer(self._app, scope, bytes(body))
        except WouldSuspend as error:
            return problem(500, "WouldSuspend", str(error))


def _client(scope: Scope) -> Address:
    host, port = scope["client"]
    return host, port


def _noting(connections: dict[Address, asyncio.Transport]) -> type[H11Protocol]:
    """uvicorn's protocol, keeping the transport of each client, for an ASGI app has no way to close its connection."""

    class Noting(H11Protocol):
        def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn has it
            self.peer: Address = transport.get_extra_info("peername")[:2]
            connections[self.peer] = transport
            super().connection_made(transport)

        def connection_lost(self, exc: Exception | None) -> None:
            connections.pop(self.peer, None)
            super().connection_lost(exc)

    return Noting
