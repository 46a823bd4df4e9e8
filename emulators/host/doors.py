"""All doors of a host: one for each protocol, whichever worlds there are."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, nullcontext
from types import MappingProxyType

import uvicorn
from starlette.types import ASGIApp

from emulators.core.emulator import Door, Loop
from emulators.mail.doors import SmtpDoor
from emulators.sms.smpp.doors import smpp_door
from emulators.wire.http import HttpDoor
from emulators.wire.loop import BackgroundLoop

from .control.app import control_app
from .control.gate import Gate, is_loopback
from .host import Host
from .router import Router, mail_route, mail_settle, smpp_accounts
from .surfaces import SURFACES
from .ticker import Ticker

LOOPBACK = "127.0.0.1"

DOORS = ("control", "sms", "smpp", "mail", "mail_api", "post", "ident", "branch")
"""All doors, in the order in which ports are counted from a base."""

_ALL_ADDRESSES = frozenset({"0.0.0.0", "::", ""})
_PARTING = 0.5  # seconds of real time for answers that are on their way


class PortTaken(OSError):
    """Something else listens there; the text names the door and says what helps."""


class ControlDoor:
    """The control API on a socket. Unlike other doors its handlers may wait, so uvicorn serves it."""

    name = "control"

    def __init__(self, app: ASGIApp, host: str = LOOPBACK, port: int = 0) -> None:
        self._app = app
        self._at = host, port
        self._open: tuple[Loop, uvicorn.Server, asyncio.Task[None]] | None = None

    def open(self, loop: Loop) -> str:
        """Raises `RuntimeError` if the door is open already, `OSError` if the port is taken."""
        if self._open is not None:
            raise RuntimeError("the door 'control' is open already")
        family = socket.AF_INET6 if ":" in self._at[0] else socket.AF_INET
        listening = socket.create_server(self._at, family=family)
        self._open = (loop, *loop.run(self._start(listening)))
        host, port = listening.getsockname()[:2]
        return f"http://{f'[{host}]' if ':' in host else host}:{port}"

    def close(self) -> None:
        """Stop to listen; answers on their way are given half a second."""
        if self._open is not None:
            (loop, server, task), self._open = self._open, None
            loop.run(self._stop(server, task))

    async def _start(self, listening: socket.socket) -> tuple[uvicorn.Server, asyncio.Task[None]]:
        config = uvicorn.Config(
            self._app,
            lifespan="off",
            http="h11",  # uvicorn's httptools loses the body of a client that asks for HTTP/2, as Java's does
            ws="none",
            log_level="error",
            access_log=False,
            log_config=None,
            server_header=False,
            proxy_headers=False,
            timeout_graceful_shutdown=1,
        )
        server = uvicorn.Server(config)
        task = asyncio.create_task(_serve(server, listening))
        while not server.started:
            if task.done():
                task.result()
            await asyncio.sleep(0)
        return server, task

    async def _stop(self, server: uvicorn.Server, task: asyncio.Task[None]) -> None:
        server.should_exit = True
        await asyncio.wait([task], timeout=_PARTING)
        server.force_exit = True
        await asyncio.wait([task], timeout=_PARTING)
        if not task.done():
            task.cancel()
            await asyncio.wait([task], timeout=_PARTING)


async def _serve(server: uvicorn.Server, listening: socket.socket) -> None:
    try:
        # Not `serve()`: that would take over the signals of the process.
        await server._serve([listening])
    finally:
        listening.close()


class Building:
    """A host with its doors open. Close it, or use it as a context manager."""

    def __init__(
        self,
        host: Host,
        *,
        address: str = LOOPBACK,
        ports: Mapping[str, int] = MappingProxyType({}),
        token: str | None = None,
        announce: str | None = None,
    ) -> None:
        """`ports` by door; what is not given is chosen by the system. `announce` is the name or address by which
        clients call, if that is not `address`; where that is all addresses of this machine, it is the machine's name.

        Raises `ValueError` for a door that there is not, an empty token, and an address beyond this machine without a
        token.
        """
        if unknown := sorted(set(ports) - set(DOORS)):
            raise ValueError(f"no door '{unknown[0]}'; known: {', '.join(DOORS)}")
        if token is not None and not token.strip():
            raise ValueError("the token is empty: that lets everybody in; give one, 'auto' for a new one, or none")
        if token is None and not is_loopback(address):
            raise ValueError(f"listening on {address} lets others in: that needs a token")
        self.host = host
        self.token = token
        self._address = address
        self._announced = announce or (socket.gethostname() if address in _ALL_ADDRESSES else None)
        self._ports = ports
        self._loops = {"doors": BackgroundLoop("doors"), "control": BackgroundLoop("control")}
        self._open = ExitStack()  # the ticker, then the doors, then the loops they are on
        self._ticker = Ticker(host)

    def open(self) -> Building:
        """Open all doors; `host.addresses` then maps them to URLs. Raises `PortTaken`, and no door is left open."""
        for loop in self._loops.values():
            self._open.callback(loop.stop)
        try:
            for door in self._all():
                try:
                    self.host.addresses[door.name] = self._as_announced(door.open(self._loop_of(door)))
                except OSError as error:
                    port = self._ports.get(door.name, 0)
                    raise PortTaken(
                        f"the door '{door.name}' cannot listen on {self._address}:{port} ({error.strerror or error}); "
                        f"choose another with --port {door.name}=PORT, or leave it out and the system chooses"
                    ) from error
                self._open.callback(door.close)
        except BaseException:
            self.close()
            raise
        self._loops["doors"].run(self._ticker.start())
        self._open.callback(lambda: self._loops["doors"].run(self._ticker.stop()))
        return self

    def close(self) -> None:
        """Let go all who wait, shut all doors, also those after one that cannot be shut. Twice is no error."""
        self.host.end()
        self._open.close()

    def __enter__(self) -> Building:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _as_announced(self, address: str) -> str:
        if self._announced is None:
            return address
        scheme, _, at = address.partition("://")
        name = f"[{self._announced}]" if ":" in self._announced else self._announced
        return f"{scheme}://{name}:{at.rpartition(':')[2]}"

    def _guarded(self, app: ASGIApp) -> ASGIApp:
        """Nothing but a world's name is needed to read its mails: beyond this machine the token as well."""
        return app if is_loopback(self._address) else Gate(app, self.token, realm="mail", free=())

    def _all(self) -> Iterator[Door]:
        yield ControlDoor(control_app(self.host, self.token), self._address, self._ports.get("control", 0))
        for surface in SURFACES:
            router = Router(self.host, surface)
            port = self._ports.get(surface.name, 0)
            app = self._guarded(router) if surface.name == "mail_api" else router
            yield HttpDoor(
                surface.name,
                app,
                nullcontext(),
                settle=router.settle,
                limits=surface.limits,
                host=self._address,
                port=port,
            )

        yield smpp_door("smpp", smpp_accounts(self.host), host=self._address, port=self._ports.get("smpp", 0))
        yield SmtpDoor(
            "mail",
            mail_route(self.host),
            self.host.certificates,
            mail_settle(self.host),
            host=self._address,
            port=self._ports.get("mail", 0),
        )

    def _loop_of(self, door: Door) -> BackgroundLoop:
        return self._loops["control" if door.name == "control" else "doors"]
