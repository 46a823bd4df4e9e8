"""pcscd waits for the virtual reader's ports if connections of this machine happen to have them."""

from __future__ import annotations

import socket
import struct
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from emulators.card.pcscd import Pcscd, PcscdMissing, await_free
from emulators.card.virtual_reader import free


@pytest.fixture
def connection() -> Iterator[socket.socket]:
    """A client's connection; Linux gave it a port of its own, as it may give it the reader's."""
    with closing(socket.create_server(("127.0.0.1", 0))) as server:
        client = socket.create_connection(server.getsockname())
        accepted, _ = server.accept()
        with accepted, client:
            # Reset rather than closed at the end: a closed one would keep the port for a minute more.
            client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            yield client


def port_of(connection: socket.socket) -> int:
    return int(connection.getsockname()[1])


def test_the_port_of_a_connection_is_not_free(connection: socket.socket) -> None:
    port = port_of(connection)
    assert not free(port)
    connection.close()
    assert free(port)


def test_a_closed_connection_keeps_its_port(connection: socket.socket) -> None:
    port = port_of(connection)
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 0, 0))
    connection.close()
    assert not free(port)


def test_a_port_that_stays_taken_is_named(connection: socket.socket) -> None:
    with pytest.raises(PcscdMissing, match=f"port {port_of(connection)} of the virtual reader is taken"):
        await_free([port_of(connection)], deadline=time.monotonic())


def test_a_port_that_becomes_free_is_waited_for(connection: socket.socket, monkeypatch: pytest.MonkeyPatch) -> None:
    pauses: list[float] = []

    def pause(seconds: float) -> None:
        pauses.append(seconds)
        connection.close()

    monkeypatch.setattr("emulators.card.pcscd.time.sleep", pause)
    await_free([port_of(connection)], deadline=time.monotonic() + 30)
    assert pauses


def test_pcscd_is_not_started_while_a_port_is_taken(
    connection: socket.socket, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The program is none that could be started: whoever tried would fail in another way."""
    for name, value in {
        "_GUARD": tmp_path / "guard",
        "RUN": tmp_path,
        "SLOTS": (0,),
        "port_of": lambda _: port_of(connection),
        "listens": lambda _: False,
        "missing": lambda: "",
        "_PORTS_FREE_WITHIN": 0.0,
        "_path": lambda: str(tmp_path),
    }.items():
        monkeypatch.setattr(f"emulators.card.pcscd.{name}", value)
    with pytest.raises(PcscdMissing, match="is taken by another connection"):
        Pcscd(tmp_path / "log.txt").__enter__()
