"""The mail server's ways in and out: SMTP on a socket, and the links that a scanner opens."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING
from weakref import WeakSet

from aiosmtpd.smtp import SMTP

from emulators.core.emulator import Loop
from emulators.wire.http import deliver

if TYPE_CHECKING:
    from .server import MailHandler

_SCAN_TIMEOUT = 5.0  # seconds of real time


class SmtpDoor:
    """SMTP on loopback, without STARTTLS and AUTH. The address is `smtp://127.0.0.1:PORT`."""

    def __init__(self, name: str, handler: MailHandler, hostname: str, max_bytes: int) -> None:
        self.name = name
        self._handler = handler
        self._hostname = hostname
        self._max_bytes = max_bytes
        self._loop: Loop | None = None
        self._listening: asyncio.Server | None = None
        self._connections: WeakSet[SMTP] = WeakSet()

    def open(self, loop: Loop) -> str:
        """Raises `RuntimeError` if the door is open already."""
        if self._listening is not None:
            raise RuntimeError(f"the door '{self.name}' is open already")
        self._loop = loop
        return loop.run(self._listen())

    def close(self) -> None:
        if self._loop is not None and self._listening is not None:
            self._loop.run(self._stop(self._listening))
            self._listening = None

    async def _listen(self) -> str:
        running = asyncio.get_running_loop()
        self._listening = await running.create_server(lambda: self._connected(running), "127.0.0.1", 0)
        port: int = self._listening.sockets[0].getsockname()[1]
        return f"smtp://127.0.0.1:{port}"

    async def _stop(self, listening: asyncio.Server) -> None:
        listening.close()
        for connection in list(self._connections):
            if connection.transport is not None:
                connection.transport.close()
        await listening.wait_closed()

    def _connected(self, running: asyncio.AbstractEventLoop) -> asyncio.BaseProtocol:
        greeting = self._handler.greet()
        if not greeting.startswith("2"):
            return _Closed(greeting)
        connection = SMTP(
            self._handler,
            hostname=self._hostname,
            ident="ESMTP TEST ONLY",
            data_size_limit=self._max_bytes,
            enable_SMTPUTF8=True,
            loop=running,
        )
        self._connections.add(connection)
        return connection


class _Closed(asyncio.Protocol):
    """A connection that is greeted with a refusal and closed; aiosmtpd itself always greets with 220."""

    def __init__(self, greeting: str) -> None:
        self._greeting = greeting

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.WriteTransport)
        transport.write(f"{self._greeting}\r\n".encode())
        transport.close()


def open_link(link: str) -> int | None:
    """GET a link as a mail scanner does; returns the HTTP status, or `None` if nobody answered."""
    return deliver("GET", link, {}, b"", _SCAN_TIMEOUT)
