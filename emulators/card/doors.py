"""The card's way out of the process: into vsmartcard's virtual reader, where any program on the machine finds it.

The driver listens, the card connects: that is putting it in; hanging up is pulling it out. One driver port a slot.
"""

from __future__ import annotations

import asyncio
import os
import socket
import struct
import time
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from typing import Any, Final

from emulators.core.emulator import Loop

from .virtual_reader import NoVirtualReader, OpenToTheNetwork, SlotTaken, port_of, warn_if_exposed
from .vpcd import STARCOS, InsertableCard, VpcdSession

__all__ = ["NoVirtualReader", "OpenToTheNetwork", "SlotTaken", "VpcdDoor", "insert", "port_of"]

_HOST = "127.0.0.1"
# Debian's driver sends the length and the APDU apart. Nagle holds the second back until the first is acknowledged,
# and Linux puts that off by 40 ms unless told otherwise (vsmartcard, commit 76e2679). It forgets what it was told when
# something is sent: telling it once after each answer does, while nobody waits for us. Before each receive it would
# cost a third of the exchange.
_QUICKACK: Final[int | None] = getattr(socket, "TCP_QUICKACK", None)
_ROOM = 4096  # octets taken at once; what is longer comes in turns
_LOOK_OUT = 300e-6  # seconds after an answer; pcscd's own look at an idle card, 2.5 times a second, costs no more
_LOOK_UP = 0.1  # seconds between two looks at `stop`
# Seconds before a dropped card is put in again. pcscd looks every 0.4 s and has to see the empty slot: a card that
# has forgotten everything must not pass for the one that was there.
_PUT_BACK_AFTER = 0.6
_SEND_TIMEOUT = 5  # seconds
PATIENCE = 10.0
"""Seconds of silence that tell a taken slot: pcscd asks a card that it has for the ATR several times a second."""


def insert(
    card: InsertableCard,
    slot: int = 0,
    atr: bytes | None = STARCOS,
    stop: Callable[[], bool] = lambda: False,
    *,
    host: str = _HOST,
) -> None:
    """Keep `card` in a slot of the virtual reader until `stop()` says so, looked at ten times a second.

    Blocks; no thread, no event loop. The driver drops a card that it has trouble with (an APDU of 64 KiB or more),
    and pcscd may be started anew: the card is put in again each time. `atr=None` shows the card's own ATR.
    Raises `NoVirtualReader` when there is none to begin with, `SlotTaken`, `ValueError` for a slot that is not there.
    """
    port = port_of(slot)
    sock: socket.socket | None = _connected(host, port)
    warn_if_exposed(port)
    heard = False
    while not stop():
        if sock is None:
            time.sleep(_PUT_BACK_AFTER)
            sock = _reconnected(host, port)
            continue
        with sock:
            heard |= _serve(sock, VpcdSession(card, atr), stop, slot if not heard else None)
        sock = None


def _serve(sock: socket.socket, session: VpcdSession, stop: Callable[[], bool], unheard: int | None) -> bool:
    """Answer until the driver hangs up or `stop()`; returns whether it said anything.

    `unheard` is the slot to name in `SlotTaken` if nothing at all is heard.
    """
    line = _Line(sock, session)
    patience = int(PATIENCE / _LOOK_UP)
    while not stop() and line.serve():
        if not line.heard and unheard is not None:
            patience -= 1
            if not patience:
                raise SlotTaken(unheard)
    return line.heard


class _Line:
    """A connection to the driver."""

    def __init__(self, sock: socket.socket, session: VpcdSession) -> None:
        self._sock = sock
        self._session = session
        self._answered = False
        self.heard = False

    def serve(self) -> bool:
        """Wait a moment for what comes next, and answer it. False once the driver has hung up."""
        return self._take(self._soon)

    def serve_whole(self) -> bool:
        """What is there already, without a wait: of a message that comes in pieces also the second one."""
        return self._take(self._at_once) and (not self._session.amid or self._take(self._at_once))

    def _soon(self) -> bytes:
        """Right after an answer the next command is often some microseconds away. Looking out for it, and giving way to
        whoever else is ready, is cheaper for both sides than waking a core that has gone to sleep."""
        if self._answered:
            self._answered = False
            until = time.perf_counter() + _LOOK_OUT
            while time.perf_counter() < until:
                try:
                    return self._at_once()
                except BlockingIOError:
                    os.sched_yield()
        return self._sock.recv(_ROOM)

    def _at_once(self) -> bytes:
        return self._sock.recv(_ROOM, socket.MSG_DONTWAIT)

    def _take(self, receive: Callable[[], bytes]) -> bool:
        try:
            data = receive()
        except BlockingIOError:
            return True
        except OSError:
            return False
        if not data:
            return False
        self.heard = True
        if reply := self._session.receive(data):
            try:
                self._sock.sendall(reply)
                _acknowledge_at_once(self._sock)
            except OSError:
                return False
            self._answered = True
        return True


def _acknowledge_at_once(sock: socket.socket) -> None:
    if _QUICKACK is not None:
        sock.setsockopt(socket.IPPROTO_TCP, _QUICKACK, 1)


def _connected(host: str, port: int) -> socket.socket:
    try:
        sock = socket.create_connection((host, port), timeout=5)
    except OSError as error:
        raise NoVirtualReader(host, port) from error
    sock.settimeout(None)
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    # The kernel's own timeouts: with Python's, each receive would cost a poll() more.
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, struct.pack("ll", 0, int(_LOOK_UP * 1_000_000)))
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, struct.pack("ll", _SEND_TIMEOUT, 0))
    _acknowledge_at_once(sock)
    return sock


def _reconnected(host: str, port: int) -> socket.socket | None:
    """As long as pcscd is away, the card waits beside the reader."""
    try:
        return _connected(host, port)
    except NoVirtualReader:
        return None


class VpcdDoor:
    """A slot of the virtual reader, served on the world's loop. The address is `vpcd://127.0.0.1:PORT`.

    Cards come and go while the door is open: `insert`, `remove`, `swap`. `lock` is held while a card works.
    """

    def __init__(
        self,
        name: str,
        card: InsertableCard | None = None,
        *,
        slot: int = 0,
        atr: bytes | None = STARCOS,
        lock: AbstractContextManager[Any] | None = None,
        host: str = _HOST,
    ) -> None:
        self.name = name
        self._card = card
        self._host, self._port = host, port_of(slot)
        self._atr = atr
        self._lock: AbstractContextManager[Any] = lock if lock is not None else nullcontext()
        self._loop: Loop | None = None
        self._inserted: _Inserted | None = None

    def open(self, loop: Loop) -> str:
        """Put the card in, if the door has one.

        Raises `RuntimeError` if open already, `NoVirtualReader` if there is a card and nothing to put it in.
        """
        if self._loop is not None:
            raise RuntimeError(f"the door '{self.name}' is open already")
        warn_if_exposed(self._port)
        self._loop = loop
        if self._card is not None:
            try:
                self.insert(self._card)
            except NoVirtualReader:
                self._loop = None
                raise
        return f"vpcd://{self._host}:{self._port}"

    def close(self) -> None:
        self.remove()
        self._loop = None

    def insert(self, card: InsertableCard) -> None:
        """Put `card` in. Raises `RuntimeError` if another is in, or the door is closed; `NoVirtualReader`."""
        if self._loop is None:
            raise RuntimeError(f"the door '{self.name}' is closed")
        if self._inserted is not None:
            raise RuntimeError(f"the door '{self.name}' has a card in its slot; remove or swap it")
        self._card = card
        inserted = _Inserted(card, self._atr, self._lock, (self._host, self._port))
        self._loop.run(inserted.arrive())
        self._inserted = inserted

    def remove(self) -> None:
        """Pull the card out, if there is one."""
        inserted, self._inserted = self._inserted, None
        if inserted is not None and self._loop is not None:
            self._loop.run(inserted.leave())

    def swap(self, card: InsertableCard) -> None:
        """Pull the card out and put another in. A program sees a removal only if it looks in between."""
        self.remove()
        self.insert(card)


class _Inserted:
    """One card in a slot, on an asyncio loop: connects, answers, connects again when the driver drops it."""

    def __init__(
        self,
        card: InsertableCard,
        atr: bytes | None,
        lock: AbstractContextManager[Any],
        where: tuple[str, int],
    ) -> None:
        self._card, self._atr, self._lock, self._where = card, atr, lock, where
        self._sock: socket.socket | None = None
        self._again: asyncio.TimerHandle | None = None

    async def arrive(self) -> None:
        self._listen(_connected(*self._where))

    async def leave(self) -> None:
        if self._again is not None:
            self._again.cancel()
        self._hang_up()

    def _listen(self, sock: socket.socket) -> None:
        self._sock = sock
        self._line = _Line(sock, VpcdSession(self._card, self._atr))
        # Only receiving waits for the loop: the driver reads an answer at once, so sending may block.
        asyncio.get_running_loop().add_reader(sock, self._ready)

    def _ready(self) -> None:
        with self._lock:
            goes_on = self._line.serve_whole()
        if not goes_on:
            self._hang_up()
            self._come_back_later()

    def _hang_up(self) -> None:
        sock, self._sock = self._sock, None
        if sock is not None:
            asyncio.get_running_loop().remove_reader(sock)
            sock.close()

    def _come_back_later(self) -> None:
        self._again = asyncio.get_running_loop().call_later(_PUT_BACK_AFTER, self._come_back)

    def _come_back(self) -> None:
        sock = _reconnected(*self._where)
        if sock is None:
            self._come_back_later()
        else:
            self._listen(sock)
