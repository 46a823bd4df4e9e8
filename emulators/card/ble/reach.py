"""A Bluetooth reader by its name or address, and the card in it for programs without an event loop."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from random import Random
from typing import Any

from emulators.core.emulator import Loop
from emulators.wire.loop import BackgroundLoop

from ..connection import NoSuchReader
from . import acr1255, fidesmo
from .acr1255_proof import FACTORY_KEY
from .host import Acr1255Host, FidesmoHost, Host, Radio, asked, shown

try:
    from bleak import BleakScanner
    from bleak.backends.device import BLEDevice
    from bleak.backends.scanner import AdvertisementData, BaseBleakScanner
except ImportError as error:
    raise ImportError(f"this needs bleak ({error}): pip install 'pruefstand[ble]'", name="bleak") from error

SEARCH = 5.0  # seconds of real time for which readers are looked for


async def found(
    name: str,
    *,
    search: float = SEARCH,
    scanner: type[BaseBleakScanner] | None = None,
    key: bytes = FACTORY_KEY,
    random: Random | None = None,
    **radio: Any,
) -> Host:
    """The reader with that address, or that name or any part of it that no other has; connected.

    `scanner` is a back end for `BleakScanner`; `radio` are settings of `Radio`, for example `backend`.
    Raises `NoSuchReader`, `ReaderLost`.
    """
    device = await asked(lambda: _sought(name, search, scanner))
    line = Radio(device, **radio)
    await line.connect()
    if line.has(fidesmo.READY):
        return FidesmoHost(line)
    if line.has(acr1255.ANSWER):
        return Acr1255Host(line, key=key, random=random)
    await line.close()
    raise NoSuchReader(f"{shown(device)} has neither apdu-over-ble nor the service of an ACR1255U-J1")


async def _sought(name: str, search: float, scanner: type[BaseBleakScanner] | None) -> BLEDevice:
    """The device as soon as one has just that address or name; else what has been heard when the time is over."""
    wanted = name.casefold()
    heard: dict[str, BLEDevice] = {}
    exact = asyncio.Event()

    def hear(device: BLEDevice, _: AdvertisementData) -> None:
        heard[device.address] = device
        if name and wanted in _names(device):
            exact.set()

    where: dict[str, Any] = {"backend": scanner} if scanner else {}
    async with BleakScanner(hear, **where):
        with suppress(TimeoutError):
            await asyncio.wait_for(exact.wait(), search)
    fitting = [d for d in heard.values() if wanted in _names(d)] or [
        d for d in heard.values() if wanted in _names(d)[1]
    ]
    if name and len(fitting) == 1:
        return fitting[0]
    problem = "several devices are" if name and fitting else "no device is"
    told = ", ".join(map(shown, heard.values())) or "none"
    raise NoSuchReader(f"{problem} called '{name}'; heard on Bluetooth: {told}")


def _names(device: BLEDevice) -> tuple[str, str]:
    return device.address.casefold(), (device.name or "").casefold()


class BluetoothCard:
    """A card in a Bluetooth reader with the methods of an emulated one, for programs without an event loop."""

    def __init__(
        self, loop: Loop, host: Callable[[], Awaitable[Host]], let_go: Callable[[], object] | None = None
    ) -> None:
        """`host` is called on the loop. `let_go` is called once all is closed: for a loop of the card's own."""
        self._loop = loop
        self._let_go = let_go or (lambda: None)
        self._closed = False
        self._host = loop.run(_made(host))
        self.reader = self._host.reader

    def power_on(self) -> bytes:
        """The ATR. Raises `NoCard`, `ReaderLost`."""
        return self._loop.run(self._host.power_on())

    def reset(self) -> None:
        self.power_on()

    def transmit(self, command: bytes) -> bytes:
        """Response data ‖ status word. Raises `NoCard`, `ReaderLost`."""
        return self._loop.run(self._host.transmit(command))

    def close(self) -> None:
        """Hang up. Closing again is no error."""
        if self._closed:
            return
        self._closed = True
        try:
            self._loop.run(self._host.close())
        finally:
            self._let_go()


async def _made(host: Callable[[], Awaitable[Host]]) -> Host:
    return await host()


def connected(name: str, *, loop: Loop | None = None, **settings: Any) -> BluetoothCard:
    """The card in the reader of that name or address, powered; `settings` are those of `found`.

    Without `loop` an event loop is run for the card alone. Raises `NoSuchReader`, `NoCard`, `ReaderLost`.
    """
    own = BackgroundLoop("bluetooth")
    try:
        card = BluetoothCard(loop or own, lambda: found(name, **settings), own.stop)
    except BaseException:
        own.stop()
        raise
    try:
        card.power_on()
    except BaseException:
        card.close()
        raise
    return card
