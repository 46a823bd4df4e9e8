"""How the octets of an answer travel: whole, in drips, cut off, or not at all; and what becomes of the connection.

A `Line` is a plan, a `Sender` carries it out on a socket. For a protocol of one's own: strike the point `line` with
`struck` before a message is handled; if there is a plan, hand the reply and the plan to `Sender.send` instead of
writing it (for `processed` false: an empty reply, and do not handle the message). HTTP does so by `LineFaults`, a
session behind a `TcpDoor` by `Wire.over`.
"""

from __future__ import annotations

import asyncio
import os
import socket
import struct
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum

from emulators.core.faults import Armed
from emulators.core.physics import Physics
from emulators.core.transport_faults import LINE, LineDribbled, LineReset, LineStalled, LineTruncated

_RESET_ON_CLOSE = struct.pack("ii", 1, 0)  # SO_LINGER on, 0 seconds: RST instead of FIN


class Ending(Enum):
    """What becomes of the connection once the octets have gone out."""

    KEPT = "kept"
    CLOSED = "closed"
    RESET = "reset"
    SILENT = "silent"  # open, but nothing more comes


@dataclass(frozen=True, slots=True)
class Line:
    """A plan: at most `cut_after` octets get through, `piece` at a time, `pause` real seconds apart; then `ending`."""

    cut_after: int | None = None
    piece: int | None = None
    pause: float = 0.0
    ending: Ending = Ending.KEPT


WHOLE = Line()
LAST = Line(ending=Ending.CLOSED)
BROKEN_OFF = Line(cut_after=0, ending=Ending.CLOSED)
RESET = Line(cut_after=0, ending=Ending.RESET)


@dataclass(frozen=True, slots=True)
class Struck:
    """A fault of the line that has struck: its plan, and whether the message is to be carried out all the same."""

    armed: Armed
    line: Line
    processed: bool


def struck(physics: Physics, name: str) -> Struck | None:
    """The fault of the line whose turn it is for the emulator `name`; the caller notes it in the journal."""
    hit = physics.faults.strike(name, LINE)
    if hit is None:
        return None
    match hit.fault:
        case LineReset(processed=processed):
            return Struck(hit, RESET, processed)
        case LineStalled(processed=processed):
            return Struck(hit, Line(cut_after=0, ending=Ending.SILENT), processed)
        case LineTruncated(octets=octets):
            return Struck(hit, Line(cut_after=octets, ending=Ending.CLOSED), processed=True)
        case LineDribbled(octets=octets, pause_ms=pause):
            return Struck(hit, Line(piece=octets, pause=pause / 1000), processed=True)
        case other:
            raise TypeError(f"{type(other).__name__} strikes at '{LINE}' but is no fault of the line")


class Sender:
    """Sends octets over one connection as a `Line` has it, one answer at a time."""

    def __init__(self, transport: asyncio.Transport, loop: asyncio.AbstractEventLoop) -> None:
        self._transport = transport
        self._loop = loop
        self._next: asyncio.Handle | None = None

    def send(self, octets: bytes, line: Line, then: Callable[[], None]) -> None:
        """`then` is called once all has gone out over a line that is kept; after any other ending it is not."""
        whole = memoryview(octets)[: line.cut_after]
        self._drip(whole, line.piece or max(len(whole), 1), line, then)

    def _done(self, then: Callable[[], None]) -> None:
        self._next = None
        then()

    def stop(self) -> None:
        """Send nothing more."""
        if self._next is not None:
            self._next.cancel()
            self._next = None

    def _drip(self, rest: memoryview, piece: int, line: Line, then: Callable[[], None]) -> None:
        self._next = None
        if self._transport.is_closing():
            return
        if rest:
            self._transport.write(bytes(rest[:piece]))
        if len(rest) > piece:
            self._next = self._loop.call_later(line.pause, self._drip, rest[piece:], piece, line, then)
            return
        match line.ending:
            case Ending.KEPT:
                self._next = self._loop.call_soon(self._done, then)  # not at once: thousands may be waiting
            case Ending.CLOSED:
                self._transport.close()
            case Ending.RESET:
                reset(self._transport)
            case Ending.SILENT:
                pass


def reset(transport: asyncio.Transport) -> None:
    """Close with RST: the peer's next read fails with `ECONNRESET`."""
    own: socket.socket | None = transport.get_extra_info("socket")
    if own is not None:
        with socket.socket(fileno=os.dup(own.fileno())) as same:  # uvloop's own stand-in sets no options
            same.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET_ON_CLOSE)
    transport.abort()
