"""A program's end of a Bluetooth reader, through `bleak`: the same for readers on our air and for real ones.

`FidesmoHost` and `Acr1255Host` are for programs with an event loop; `BluetoothCard` gives them the three methods
of a card for those without.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from random import Random, SystemRandom
from typing import Any, Protocol, TypeVar

from emulators.core.emulator import Loop

from . import acr1255, fidesmo
from .acr1255 import Block, HostProof, Kind
from .radio import LONGEST_VALUE

try:
    from bleak import BleakClient
    from bleak.backends.characteristic import BleakGATTCharacteristic
    from bleak.exc import BleakError
except ImportError as error:
    raise ImportError(f"this needs bleak ({error}): pip install 'pruefstand[ble]'", name="bleak") from error

T = TypeVar("T")
PATIENCE = 5.0  # seconds of real time that a reader has for an answer
NO_ATS = bytes.fromhex("3B80800101")
"""The ATR that PC/SC part 3 gives a contactless card without historical octets."""


class ReaderLost(ConnectionError):
    """The link is gone, the reader refuses, or it says nothing for too long."""


class Host(Protocol):
    """One reader, connected or not yet."""

    async def power_on(self) -> bytes: ...
    async def transmit(self, command: bytes) -> bytes: ...
    async def close(self) -> None: ...


class _Radio:
    """A `BleakClient`, and what one characteristic has notified of."""

    def __init__(self, address: str, characteristic: str, patience: float, bleak: dict[str, Any]) -> None:
        self._characteristic = characteristic
        self._patience = patience
        self._heard: deque[bytes] = deque()
        self._news = asyncio.Event()
        self._broken = False
        self.client = BleakClient(address, disconnected_callback=self._lost, **bleak)

    async def connect(self) -> None:
        self._broken = False
        self._heard.clear()
        await self.ask(self.client.connect)
        await self.ask(lambda: self.client.start_notify(self._characteristic, self._notified))

    async def ask(self, deed: Callable[[], Awaitable[T]]) -> T:
        """Raises `ReaderLost` for whatever bleak raises."""
        try:
            return await deed()
        except (BleakError, FileNotFoundError) as error:  # the latter: no D-Bus, thus no Bluetooth
            raise ReaderLost(str(error) or "no Bluetooth on this machine") from error

    async def write(self, characteristic: str, value: bytes) -> None:
        await self.ask(lambda: self.client.write_gatt_char(characteristic, value, response=True))

    async def notification(self) -> bytes:
        """The next one. Raises `ReaderLost` if there is none in time, or the link breaks."""
        while not self._heard:
            if self._broken:
                raise ReaderLost("the link to the reader is gone")
            self._news.clear()
            try:
                await asyncio.wait_for(self._news.wait(), self._patience)
            except TimeoutError:
                raise ReaderLost(f"the reader has said nothing for {self._patience:g} s") from None
        return self._heard.popleft()

    def forget(self) -> None:
        """Drop what came late."""
        self._heard.clear()

    @property
    def payload(self) -> int:
        """Octets that one packet carries."""
        return min(self.client.mtu_size - 3, LONGEST_VALUE)

    async def close(self) -> None:
        await self.ask(self.client.disconnect)

    def _notified(self, _: BleakGATTCharacteristic, value: bytearray) -> None:
        self._heard.append(bytes(value))
        self._news.set()

    def _lost(self, _: BleakClient) -> None:
        self._broken = True
        self._news.set()


class FidesmoHost:
    """A card behind apdu-over-ble. `bleak` are settings for `BleakClient`, for example its back end."""

    def __init__(self, address: str, *, patience: float = PATIENCE, **bleak: Any) -> None:
        self._radio = _Radio(address, fidesmo.READY, patience, bleak)

    async def power_on(self) -> bytes:
        """The profile has no ATR; the card loses its power, and gets it again with the next command."""
        if not self._radio.client.is_connected:
            await self._radio.connect()
        await self._radio.write(fidesmo.FINISHED, bytes(4))
        return NO_ATS

    async def transmit(self, command: bytes) -> bytes:
        """Raises `ReaderLost`."""
        self._radio.forget()
        for packet in fidesmo.packets(command, self._radio.payload):
            await self._radio.write(fidesmo.COMMAND, packet)
        code = int.from_bytes(await self._radio.notification(), "big")
        if code != fidesmo.ReadyCode.READY:
            raise ReaderLost(f"the reader reports error {code}")
        response = fidesmo.Reassembly()
        while True:
            read = await self._radio.ask(lambda: self._radio.client.read_gatt_char(fidesmo.RESPONSE))
            try:
                whole = response.add(bytes(read))
            except fidesmo.PacketsBroken as error:
                raise ReaderLost(str(error)) from error
            if whole is not None:
                return whole

    async def close(self) -> None:
        await self._radio.close()


class Acr1255Host:
    """An ACR1255U-J1: proves that it knows the key, then powers the card and exchanges APDUs."""

    def __init__(
        self,
        address: str,
        *,
        key: bytes = acr1255.FACTORY_KEY,
        random: Random | None = None,
        patience: float = PATIENCE,
        **bleak: Any,
    ) -> None:
        self._radio = _Radio(address, acr1255.ANSWER, patience, bleak)
        self._key = key
        self._random = random or SystemRandom()
        self._sequence = 0

    async def power_on(self) -> bytes:
        """The card's ATR. Raises `ReaderLost`, also when the reader is empty or does not know the key."""
        if not self._radio.client.is_connected:
            await self._radio.connect()
            self._deframer = acr1255.Deframer()
            await self._authenticate()
        else:
            await self._exchange(Kind.POWER_OFF)
        atr = await self._exchange(Kind.POWER_ON)
        if not atr.data:
            raise ReaderLost("there is no card in the reader")
        return atr.data

    async def transmit(self, command: bytes) -> bytes:
        """Raises `ReaderLost`."""
        answer = await self._exchange(Kind.APDU, command)
        if len(answer.data) < 2:
            raise ReaderLost("the card in the reader is gone, or has no power")
        return answer.data

    async def close(self) -> None:
        await self._radio.close()

    async def _authenticate(self) -> None:
        proof = HostProof(self._key, self._random)
        challenge = await self._exchange(Kind.ESCAPE, proof.opening())
        answer = await self._exchange(Kind.ESCAPE, proof.prove(challenge.data))
        if not proof.check(answer.data):
            raise ReaderLost("the reader does not know the customer master key")

    async def _exchange(self, kind: Kind, data: bytes = b"") -> Block:
        self._sequence = (self._sequence + 1) & 0xFF
        request = acr1255.frame(Block(kind, data, sequence=self._sequence))
        for packet in acr1255.packets(request, self._radio.payload):
            await self._radio.write(acr1255.REQUEST, packet)
        while True:
            for block in self._blocks(await self._radio.notification()):
                if block.kind == Kind.HARDWARE_ERROR:
                    raise ReaderLost(f"the reader reports {acr1255.HardwareError(block.parameter).name}")
                if block.kind != Kind.CARD_STATUS:
                    return block

    def _blocks(self, packet: bytes) -> list[Block]:
        try:
            return list(self._deframer.feed(packet))
        except acr1255.Malformed as error:
            raise ReaderLost(str(error)) from error


class BluetoothCard:
    """A card in a Bluetooth reader with the methods of an emulated one, for programs without an event loop."""

    def __init__(self, loop: Loop, host: Callable[[], Host]) -> None:
        self._loop = loop
        self._host = loop.run(_made(host))

    def power_on(self) -> bytes:
        return self._loop.run(self._host.power_on())

    def reset(self) -> None:
        self.power_on()

    def transmit(self, command: bytes) -> bytes:
        """Response data ‖ status word. Raises `ReaderLost`."""
        return self._loop.run(self._host.transmit(command))

    def close(self) -> None:
        self._loop.run(self._host.close())


async def _made(host: Callable[[], Host]) -> Host:
    return host()
