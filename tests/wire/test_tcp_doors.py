import socket
from collections.abc import Iterator
from threading import RLock
from urllib.parse import urlsplit

import pytest

from emulators.core.emulator import Door
from emulators.wire.http import Refusal
from emulators.wire.loop import BackgroundLoop
from emulators.wire.tcp import TcpDoor


class Lines:
    """Answers each line in capitals; `bye` ends the session, `break` breaks it off."""

    def __init__(self) -> None:
        self.closed = False
        self._rest = b""

    def receive(self, data: bytes) -> bytes:
        *lines, self._rest = (self._rest + data).split(b"\n")
        if b"break" in lines:
            raise Refusal
        self.closed = b"bye" in lines
        return b"".join(line.upper() + b"\n" for line in lines)


@pytest.fixture
def loop() -> Iterator[BackgroundLoop]:
    with BackgroundLoop() as loop:
        yield loop


@pytest.fixture
def door() -> TcpDoor:
    return TcpDoor("lines", Lines, RLock())


@pytest.fixture
def address(door: TcpDoor, loop: BackgroundLoop) -> Iterator[str]:
    yield door.open(loop)
    door.close()


def dial(address: str) -> socket.socket:
    parts = urlsplit(address)
    assert parts.scheme == "tcp"
    return socket.create_connection((parts.hostname or "", parts.port or 0), timeout=5)


def test_a_tcp_door_is_what_the_world_calls_a_door(door: TcpDoor) -> None:
    assert isinstance(door, Door)


def test_a_session_answers_however_the_bytes_are_cut(address: str) -> None:
    with dial(address) as line:
        line.sendall(b"hel")
        line.sendall(b"lo\nthere\n")
        assert line.makefile("rb").read(12) == b"HELLO\nTHERE\n"


def test_each_connection_has_a_session_of_its_own(address: str) -> None:
    with dial(address) as one, dial(address) as other:
        one.sendall(b"half a ")
        other.sendall(b"whole\n")
        assert other.recv(100) == b"WHOLE\n"
        one.sendall(b"line\n")
        assert one.recv(100) == b"HALF A LINE\n"


def test_the_last_words_of_a_session_are_sent_before_it_closes(address: str) -> None:
    with dial(address) as line:
        line.sendall(b"bye\n")
        assert line.makefile("rb").read() == b"BYE\n"


def test_a_refusal_breaks_the_connection_without_an_answer(address: str) -> None:
    with dial(address) as line:
        line.sendall(b"hello\nbreak\n")
        assert line.recv(100) == b""


def test_closing_the_door_drops_its_connections(door: TcpDoor, loop: BackgroundLoop) -> None:
    address = door.open(loop)
    with pytest.raises(RuntimeError, match="open already"):
        door.open(loop)
    with dial(address) as line:
        line.sendall(b"hello\n")
        assert line.recv(100) == b"HELLO\n"
        door.close()
        door.close()
        assert line.recv(100) == b""
    with pytest.raises(ConnectionRefusedError):
        dial(address)
