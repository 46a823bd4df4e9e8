"""A sans-IO session on a socket: bytes in, bytes out, nothing else."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any, Protocol

from emulators.core.emulator import Loop

from .http import Refusal


class Session(Protocol):
    """One connection's worth of a protocol. It knows no socket."""

    @property
    def closed(self) -> bool:
        """Whether the session has ended; what it answered last is still sent."""

    def receive(self, data: bytes) -> bytes:
        """Take bytes as they come, whole messages or not, and return what to send, perhaps nothing.

        Raising `Refusal` breaks the connection off.
        """


class TcpDoor:
    """A fresh session for each connection. `lock` is held while a session works: a world's own.

    Never wait for this door while holding `lock`: its loop would wait for you.
    """

    def __init__(self, name: str, session_factory: Callable[[], Session], lock: AbstractContextManager[Any]) -> None:
        self.name = name
        self._session_factory = session_factory
        self._lock = lock
        self._connections: set[_Connection] = set()
        self._open: tuple[Loop, asyncio.Server] | None = None

    def open(self, loop: Loop) -> str:
        """Serve on 127.0.0.1 at a port chosen by the system; returns `tcp://127.0.0.1:PORT`.

        Raises `RuntimeError` if the door is open already.
        """
        if self._open is not None:
            raise RuntimeError(f"the door '{self.name}' is open already")
        server = loop.run(self._listen())
        self._open = loop, server
        return f"tcp://127.0.0.1:{server.sockets[0].getsockname()[1]}"

    def close(self) -> None:
        """Stop to listen and drop all connections."""
        if self._open is not None:
            (loop, server), self._open = self._open, None
            loop.run(self._hang_up(server))

    async def _listen(self) -> asyncio.Server:
        return await asyncio.get_running_loop().create_server(self._connect, "127.0.0.1", 0)

    def _connect(self) -> _Connection:
        return _Connection(self._session_factory, self._lock, self._connections)

    async def _hang_up(self, server: asyncio.Server) -> None:
        server.close()
        leaving = list(self._connections)
        for connection in leaving:
            connection.abort()
        await asyncio.gather(*(connection.lost for connection in leaving))
        await server.wait_closed()


class _Connection(asyncio.Protocol):
    def __init__(
        self,
        session_factory: Callable[[], Session],
        lock: AbstractContextManager[Any],
        connections: set[_Connection],
    ) -> None:
        self._session_factory = session_factory
        self._lock = lock
        self._connections = connections
        self.lost: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._connections.add(self)
        with self._lock:
            self._session = self._session_factory()

    def data_received(self, data: bytes) -> None:
        if self._transport.is_closing():
            return
        try:
            with self._lock:
                reply, closed = self._session.receive(data), self._session.closed
        except Refusal:
            self.abort()
            return
        self._transport.write(reply)
        if closed:
            self._transport.close()

    def connection_lost(self, exc: Exception | None) -> None:
        self._connections.discard(self)
        if not self.lost.done():
            self.lost.set_result(None)

    def abort(self) -> None:
        self._transport.abort()
