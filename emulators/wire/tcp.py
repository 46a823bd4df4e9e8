"""A sans-IO session on a socket: it is told what comes in, and speaks through a wire whenever it has something to say.

What a session sends while it answers leaves in one write, and in another what the world has to say to it once it has
settled; what it sends at other times (from a timer of the world, on any thread) is handed over to the loop.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from threading import Lock
from typing import Any, Protocol, cast

from emulators.core.emulator import Loop

from .http import Refusal
from .line import Ending, Line, Sender, reset

WAITING_LIMIT = 4 << 20
"""Octets that may wait for a peer that does not read; with more the connection is dropped."""


class Wire(Protocol):
    """A session's way out. May be used from any thread and at any time; once the connection is gone it does nothing."""

    def send(self, data: bytes) -> None:
        """Send `data` after all that was sent before."""

    def close(self) -> None:
        """End the connection once all is sent."""

    def reset(self) -> None:
        """Send what was sent before as far as the peer takes it at once, then break the connection off (RST)."""

    def over(self, line: Line) -> AbstractContextManager[None]:
        """What is sent within the block goes over `line`, after all that was sent before; only while it receives.

        Where nothing can follow on that line, what is sent later is dropped, and the session is told no more than that
        the connection is gone, once it is.
        """


class Session(Protocol):
    """One connection's worth of a protocol. It knows no socket; it may speak first, in its factory."""

    def receive(self, data: bytes) -> None:
        """Take bytes as they come, whole messages or not. Raising `Refusal` breaks the connection off."""

    def lost(self, why: str) -> None:
        """The connection is gone. `why` is empty if either side just ended it, else what went wrong."""


class TcpDoor:
    """A fresh session for each connection. `lock` is held while a session works: a world's own.

    `settle` is called on the door's loop after each piece of input, without the lock: there the world lets happen what
    is due (`Physics.happen`). Never wait for this door while holding `lock`: its loop would wait for you.
    `host` and `port` say where to listen, `scheme` what the address begins with.
    """

    def __init__(
        self,
        name: str,
        session_factory: Callable[[Wire], Session],
        lock: AbstractContextManager[Any],
        *,
        settle: Callable[[], object] | None = None,
        scheme: str = "tcp",
        host: str = "127.0.0.1",
        port: int = 0,
        waiting_limit: int = WAITING_LIMIT,
    ) -> None:
        self.name = name
        self._session_factory = session_factory
        self._lock = lock
        self._settle = settle
        self._scheme = scheme
        self._at = host, port
        self._waiting_limit = waiting_limit
        self._connections: set[_Connection] = set()
        self._open: tuple[Loop, asyncio.Server] | None = None

    def open(self, loop: Loop) -> str:
        """Serve at the port asked for, or one chosen by the system; returns `tcp://127.0.0.1:PORT`.

        Raises `RuntimeError` if the door is open already, `OSError` if the port is taken.
        """
        if self._open is not None:
            raise RuntimeError(f"the door '{self.name}' is open already")
        server = loop.run(self._listen())
        self._open = loop, server
        its: Any = server  # the sockets of asyncio's server are in a tuple, those of uvloop's in a list
        host, port = its.sockets[0].getsockname()[:2]
        return f"{self._scheme}://{f'[{host}]' if ':' in host else host}:{port}"

    def close(self) -> None:
        """Stop to listen and drop all connections."""
        if self._open is not None:
            (loop, server), self._open = self._open, None
            loop.run(self._hang_up(server))

    async def _listen(self) -> asyncio.Server:
        return await asyncio.get_running_loop().create_server(self._connect, *self._at)

    def _connect(self) -> _Connection:
        return _Connection(self._session_factory, self._lock, self._settle, self._waiting_limit, self._connections)

    async def _hang_up(self, server: asyncio.Server) -> None:
        server.close()
        leaving = list(self._connections)
        for connection in leaving:
            connection.abort()
        await asyncio.gather(*(connection.gone for connection in leaving))
        await server.wait_closed()


@dataclass(slots=True)
class _Bent:
    """What goes over a line of its own, and what is to go before."""

    before: bytes
    octets: bytes
    line: Line


class _Connection(asyncio.Protocol):
    """The wire of one session. `_guard` protects what other threads leave here for the loop."""

    _transport: asyncio.Transport

    def __init__(
        self,
        session_factory: Callable[[Wire], Session],
        lock: AbstractContextManager[Any],
        settle: Callable[[], object] | None,
        waiting_limit: int,
        connections: set[_Connection],
    ) -> None:
        self._session_factory = session_factory
        self._session: Session | None = None
        self._lock = lock
        self._settle = settle
        self._waiting_limit = waiting_limit
        self._connections = connections
        self._loop = asyncio.get_running_loop()
        self._guard = Lock()
        self._waiting: list[bytes] = []
        self._bent: deque[_Bent] = deque()  # goes out before what is waiting
        self._sender: Sender | None = None  # while it is at work, all else waits
        self._weight = 0
        self._flush_is_due = False
        self._end: Callable[[], None] | None = None
        self._ended = False
        self._why = ""
        self.gone: asyncio.Future[None] = self._loop.create_future()

    # -- Wire: any thread -------------------------------------------------------------------------------------------

    def send(self, data: bytes) -> None:
        with self._guard:
            if self._ended or self._end is not None:
                return
            self._waiting.append(data)
            self._weight += len(data)
            if self._weight > self._waiting_limit:  # somebody moves the world on faster than the loop can write
                self._why, self._end = _too_slow(self._weight), self.abort
            if not self._flush_is_due:
                self._call_for_flush()

    def close(self) -> None:
        self._finish(lambda: self._transport.close())

    def reset(self) -> None:
        self._finish(self._break)

    @contextmanager
    def over(self, line: Line) -> Iterator[None]:
        with self._guard:
            before, self._waiting = self._waiting, []
        yield
        with self._guard:
            self._bent.append(_Bent(b"".join(before), b"".join(self._waiting), line))
            self._waiting = []
            if not self._flush_is_due:
                self._call_for_flush()

    def _finish(self, end: Callable[[], None]) -> None:
        with self._guard:
            if not self._ended and self._end is None:
                self._end = end
                if not self._flush_is_due:
                    self._call_for_flush()

    def _call_for_flush(self) -> None:
        self._flush_is_due = True
        self._loop.call_soon_threadsafe(self._flush)

    # -- the loop's thread ------------------------------------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        transport = cast(asyncio.Transport, transport)  # uvloop's is one, but does not say so by its type
        self._transport = transport
        self._connections.add(self)
        self._flush_is_due = True
        try:
            with self._lock:
                self._session = self._session_factory(self)
        except BaseException:
            self.abort()  # nobody would ever answer the peer
            raise
        self._flush()

    def data_received(self, data: bytes) -> None:
        session = self._session
        if session is None or self._ended or self._transport.is_closing():
            return
        self._flush_is_due = True  # it comes at the end of this
        try:
            with self._lock:
                session.receive(data)
        except Refusal:
            self.abort()
            return
        if self._settle is not None:
            self._flush()  # the peer can go on with the answer while the world settles
            self._flush_is_due = True
            self._settle()
        self._flush()

    def _flush(self) -> None:
        with self._guard:
            self._flush_is_due = False
            if self._sender is not None:
                if self._why:
                    self.abort()
                return
            bent = self._bent.popleft() if self._bent else None
            if bent is None:
                waiting, self._waiting, self._weight = self._waiting, [], 0
            else:
                waiting = [bent.before]
                self._weight -= len(bent.before) + len(bent.octets)
            end = self._end
        if self._transport.is_closing():
            return
        if waiting:
            self._transport.write(b"".join(waiting))
        left = self._transport.get_write_buffer_size()
        if left > self._waiting_limit:
            self._why = _too_slow(left)
            self.abort()
        elif bent is not None:
            self._send_over(bent)
        elif end is not None:
            end()

    def _send_over(self, bent: _Bent) -> None:
        if bent.line.ending is not Ending.KEPT:
            self._ended = True
        self._sender = Sender(self._transport, self._loop)
        self._sender.send(bent.octets, bent.line, self._sent_over)

    def _sent_over(self) -> None:
        self._sender = None
        self._flush()

    def connection_lost(self, exc: Exception | None) -> None:
        self._connections.discard(self)
        with self._guard:
            self._ended = True
            self._waiting.clear()
            self._bent.clear()
        if self._sender is not None:
            self._sender.stop()
        try:
            if self._session is not None:
                with self._lock:
                    self._session.lost(self._why or (str(exc) if exc is not None else ""))
        finally:  # whatever the session says: the door waits for this
            if not self.gone.done():
                self.gone.set_result(None)

    def abort(self) -> None:
        self._transport.abort()

    def _break(self) -> None:
        reset(self._transport)


def _too_slow(waiting: int) -> str:
    return f"the peer does not read: {waiting} octets wait for it"
