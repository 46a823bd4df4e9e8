"""The mail server's ways in and out: SMTP and the read API on sockets, and the links that a scanner opens."""

from __future__ import annotations

import asyncio
import ssl
from tempfile import NamedTemporaryFile
from typing import TYPE_CHECKING
from weakref import WeakSet

from emulators.core.emulator import Loop
from emulators.wire.http import HttpDoor, deliver
from emulators.wire.line import BROKEN_OFF

from .certificates import Certificates, Credential, Kind
from .conversation import Broken, Conversation, Route, Settle

if TYPE_CHECKING:
    from .connection import SmtpConnection
    from .server import MailServer

_SCAN_TIMEOUT = 5.0  # seconds of real time


class SmtpDoor:
    """SMTP on loopback, for one world or for many. The address is `smtp://127.0.0.1:PORT`.

    `route` says whose server a session is for; `settle` is called, without any lock, after each mail that was taken.
    """

    def __init__(
        self,
        name: str,
        route: Route,
        certificates: Certificates,
        settle: Settle | None = None,
        *,
        host: str = "127.0.0.1",
        port: int = 0,
    ) -> None:
        self.name = name
        self._at = host, port
        self._route = route
        self._settle = settle
        self._certificates = certificates
        self._contexts: dict[Kind, ssl.SSLContext] = {}
        self._loop: Loop | None = None
        self._listening: asyncio.Server | None = None
        self._connections: WeakSet[SmtpConnection] = WeakSet()

    def open(self, loop: Loop) -> str:
        """Raises `RuntimeError` if the door is open already, `OSError` if the port is taken."""
        if self._listening is not None:
            raise RuntimeError(f"the door '{self.name}' is open already")
        self._loop = loop
        return loop.run(self._listen())

    def close(self) -> None:
        """Stop to listen and drop all connections."""
        if self._loop is not None and self._listening is not None:
            self._loop.run(self._stop(self._listening))
            self._listening = None

    async def _listen(self) -> str:
        self._listening = await asyncio.get_running_loop().create_server(self._connected, *self._at)
        host, port = self._listening.sockets[0].getsockname()[:2]
        return f"smtp://{f'[{host}]' if ':' in host else host}:{port}"

    async def _stop(self, listening: asyncio.Server) -> None:
        listening.close()
        for connection in list(self._connections):
            connection.abort()
        await listening.wait_closed()

    def _connected(self) -> asyncio.BaseProtocol:
        # A world that stays in process never pays for loading a server.
        from .connection import SmtpConnection, TurnedAway

        conversation = Conversation(self._route, self._settle)
        try:
            greeting = conversation.greet()
        except Broken:
            return TurnedAway("", BROKEN_OFF)
        if not greeting.startswith("2"):
            return TurnedAway(greeting)
        hit = conversation.line("connect")
        connection = SmtpConnection(conversation, self._context, hit.line if hit else None)
        self._connections.add(connection)
        return connection

    def _context(self, kind: Kind) -> ssl.SSLContext:
        if kind not in self._contexts:
            self._contexts[kind] = server_context(self._certificates.of(kind))
        return self._contexts[kind]


def api_door(server: MailServer) -> HttpDoor:
    """The read API on a socket."""
    return HttpDoor("mail_api", server.app, server.physics.lock)


def server_context(credential: Credential) -> ssl.SSLContext:
    """A context that shows this certificate. The library reads keys from files only: one that is gone at once."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    with NamedTemporaryFile(suffix=".pem") as file:
        file.write(credential.chain + credential.key)
        file.flush()
        context.load_cert_chain(file.name)
    return context


def open_link(link: str) -> int | None:
    """GET a link as a mail scanner does; returns the HTTP status, or `None` if nobody answered."""
    return deliver("GET", link, {}, b"", _SCAN_TIMEOUT)
