"""A world's doors are opened and shut as one, whatever a single one of them does."""

from __future__ import annotations

import socket
from collections.abc import Iterable
from threading import RLock, enumerate
from types import SimpleNamespace
from typing import Any
from urllib.parse import urlsplit

import pytest

from emulators.entrance import Entrance
from emulators.wire.http import HttpDoor


async def app(*_: object) -> None:
    raise AssertionError("nobody asks")


class Stuck(HttpDoor):
    """A door that shuts, but not without complaint."""

    def close(self) -> None:
        super().close()
        raise LookupError(f"{self.name} is stuck")


def door(name: str, kind: type[HttpDoor] = HttpDoor, port: int = 0) -> HttpDoor:
    return kind(name, app, RLock(), port=port)


def behind(*doors: HttpDoor) -> Iterable[Any]:
    return [SimpleNamespace(name="emulator", doors=lambda: doors)]


def is_open(address: str) -> bool:
    at = urlsplit(address)
    try:
        socket.create_connection((at.hostname or "", at.port or 0), timeout=10).close()
    except ConnectionRefusedError:
        return False
    return True


def test_a_door_that_cannot_listen_leaves_none_open() -> None:
    entrance = Entrance({})
    with socket.create_server(("127.0.0.1", 0)) as other:
        with pytest.raises(OSError, match="in use"):
            entrance.open(behind(door("one"), door("two", port=other.getsockname()[1])), sockets=True)
        assert not is_open(entrance.addresses["one"])
    assert not [thread for thread in enumerate() if thread.name == "doors"]
    entrance.open(behind(door("one")), sockets=True)  # it can be tried again
    entrance.close()


def test_a_door_that_cannot_be_shut_keeps_no_other_open() -> None:
    entrance = Entrance({})
    entrance.open(behind(door("one"), door("two", Stuck), door("three")), sockets=True)
    with pytest.raises(LookupError, match="two is stuck"):
        entrance.close()
    assert not any(map(is_open, entrance.addresses.values()))
    entrance.close()
