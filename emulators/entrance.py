"""How a world is reached: in process, where it answers `requests`, or over sockets, each with its address."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import ExitStack
from threading import RLock

import responses
from requests.adapters import HTTPAdapter
from starlette.types import ASGIApp

from emulators.core.emulator import Door, Emulator
from emulators.wire.http import HttpDoor, mount
from emulators.wire.loop import BackgroundLoop


class Entrance:
    """The open doors of one world. `addresses` tells who is where, by name."""

    def __init__(self, addresses: dict[str, str]) -> None:
        self.addresses = addresses
        self._mock: responses.RequestsMock | None = None
        self._answers: object = None
        self._loops: dict[str, BackgroundLoop] = {}
        self._open = ExitStack()  # doors, then the loops they are on

    @property
    def in_process(self) -> bool:
        """Whether it is open, and not on sockets."""
        return self._mock is not None

    def open(self, emulators: Iterable[Emulator], *, sockets: bool) -> None:
        """Make all doors reachable. In process `requests` is answered by the entrance that was opened last.

        Raises `RuntimeError` if they are open already, `OSError` if one cannot listen: then none is left open.
        """
        if self._mock is not None or self._loops:
            raise RuntimeError("this world is open already")
        if not sockets:
            self._open_in_process(emulators)
            return
        try:
            for emulator in emulators:
                for door in emulator.doors():
                    self.addresses[door.name] = self._serve("doors", door)
        except BaseException:
            self.close()
            raise

    def _open_in_process(self, emulators: Iterable[Emulator]) -> None:
        self._mock = responses.RequestsMock(assert_all_requests_are_fired=False)
        self._mock.start()
        self._answers = HTTPAdapter.send
        for emulator in emulators:
            if (app := getattr(emulator, "app", None)) is not None:
                self.publish(emulator.name, app)

    def publish(self, name: str, app: ASGIApp) -> str:
        """Make a further app reachable; returns its base URL. On a socket it has a loop of its own."""
        if self._mock is not None:
            self.addresses[name] = f"http://{name}.test"
            mount(self._mock, self.addresses[name], app)
        else:
            self.addresses[name] = self._serve(name, HttpDoor(name, app, RLock()))
        return self.addresses[name]

    def _serve(self, name: str, door: Door) -> str:
        loop = self._loops.get(name)
        if loop is None:
            loop = self._loops[name] = BackgroundLoop(name)
            self._open.callback(loop.stop)
        address = door.open(loop)
        self._open.callback(door.close)
        return address

    def close(self) -> None:
        """Shut all doors, also those after one that cannot be shut; none open is no error.

        Raises what a door raises, and `RuntimeError` in process if a world that was opened later is still open.
        """
        if self._mock is not None and HTTPAdapter.send is not self._answers:
            raise RuntimeError("a world that was opened later is still open in this process; close that one first")
        if self._mock is not None:
            self._mock.stop(allow_assert=False)
        self._loops, self._mock = {}, None
        self._open.close()
