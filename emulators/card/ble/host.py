"""A program's end of a Bluetooth reader, through `bleak`: the same for readers on our air and for real ones.

`FidesmoHost` and `Acr1255Host` are for programs with an event loop; `reach` finds readers by name, and is for programs
without one.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from contextlib import suppress
from random import Random, SystemRandom
from typing import Any, Protocol, TypeVar

from ..connection import NoCard
from . import acr1255, fidesmo
from .acr1255_frames import Block, Bodies, CardStatus, Deframer, HardwareError, Kind, Malformed, frame, packets
from .acr1255_proof import FACTORY_KEY, HostProof
from .radio import LONGEST_VALUE

try:
    from bleak import BleakClient
    from bleak.backends.characteristic import BleakGATTCharacteristic
    from bleak.backends.device import BLEDevice
    from bleak.exc import BleakError
except ImportError as error:
    raise ImportError(f"this needs bleak ({error}): pip install 'pruefstand[ble]'", name="bleak") from error

T = TypeVar("T")
PATIENCE = 5.0  # seconds of real time that a reader has for an answer
NO_ATS = bytes.fromhex("3B80800101")
"""The ATR that PC/SC part 3 gives a contactless card without historical octets."""


class ReaderLost(NoCard):
    """The link is gone, the reader refuses, or it says nothing for too long."""


class ReaderSilent(ReaderLost):
    """The link is there, but no answer."""


class Host(Protocol):
    """One reader, connected or not yet."""

    @property
    def reader(self) -> str: ...
    async def power_on(self) -> bytes: ...
    async def transmit(self, command: bytes) -> bytes: ...
    async def close(self) -> None: ...


async def asked(deed: Callable[[], Awaitable[T]]) -> T:
    """Raises `ReaderLost` for whatever bleak raises."""
    try:
        return await deed()
    except (BleakError, FileNotFoundError, TimeoutError) as error:  # the second: no D-Bus, thus no Bluetooth
        raise ReaderLost(str(error) or "no Bluetooth on this machine") from error


def shown(device: BLEDevice) -> str:
    return f"{device.name or 'without a name'} ({device.address})"


class Radio:
    """A `BleakClient`, and what one characteristic has notified of. `bleak` are settings for the client."""

    def __init__(self, where: BLEDevice | str, *, patience: float = PATIENCE, **bleak: Any) -> None:
        self.name = where if isinstance(where, str) else shown(where)
        self._patience = patience
        self._heard: deque[bytes] = deque()
        self._news = asyncio.Event()
        self._listening = self._broken = False
        self.client = BleakClient(where, disconnected_callback=self._lost, **bleak)

    async def connect(self) -> None:
        self._listening = False
        await asked(self.client.connect)
        self._broken = False  # not before: the end of the last link may be told only now
        self._heard.clear()

    async def listen(self, characteristic: str, *, pair: bool = False) -> bool:
        """Connect, with `pair` over an encrypted link, and hear notifications; false if that is so already."""
        if self._listening and self.client.is_connected:
            return False
        if not self.client.is_connected:
            await self.connect()
        if pair:
            with suppress(NotImplementedError):  # macOS pairs by itself, once it is refused something
                await asked(self.client.pair)
        await asked(lambda: self.client.start_notify(characteristic, self._notified))
        self._listening = True
        return True

    def has(self, characteristic: str) -> bool:
        """Whether the reader, once connected, has that characteristic."""
        return self.client.services.get_characteristic(characteristic) is not None

    async def write(self, characteristic: str, value: bytes) -> None:
        await asked(lambda: self.client.write_gatt_char(characteristic, value, response=True))

    async def read(self, characteristic: str) -> bytes:
        return bytes(await asked(lambda: self.client.read_gatt_char(characteristic)))

    async def notification(self) -> bytes:
        """The next one. Raises `ReaderSilent` if there is none in time, `ReaderLost` if the link breaks."""
        while not self._heard:
            if self._broken:
                raise ReaderLost("the link to the reader is gone")
            self._news.clear()
            try:
                await asyncio.wait_for(self._news.wait(), self._patience)
            except TimeoutError:
                raise ReaderSilent(f"the reader has said nothing for {self._patience:g} s") from None
        return self._heard.popleft()

    def forget(self) -> None:
        """Drop what came late."""
        self._heard.clear()

    @property
    def payload(self) -> int:
        """Octets that one packet carries. Raises `ReaderLost`."""
        if not self.client.is_connected:
            raise ReaderLost("the link to the reader is gone")
        return min(self.client.mtu_size - 3, LONGEST_VALUE)

    async def close(self) -> None:
        await asked(self.client.disconnect)

    def _notified(self, _: BleakGATTCharacteristic, value: bytearray) -> None:
        self._heard.append(bytes(value))
        self._news.set()

    def _lost(self, _: BleakClient) -> None:
        self._broken = True
        self._news.set()


class FidesmoHost:
    """A card behind apdu-over-ble."""

    def __init__(self, radio: Radio) -> None:
        self._radio = radio

    @property
    def reader(self) -> str:
        return self._radio.name

    async def power_on(self) -> bytes:
        """The profile has no ATR; the card loses its power, and gets it again with the next command."""
        await self._radio.listen(fidesmo.READY, pair=True)
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
            read = await self._radio.read(fidesmo.RESPONSE)
            try:
                whole = response.add(read)
            except fidesmo.PacketsBroken as error:
                raise ReaderLost(str(error)) from error
            if whole is not None:
                return whole

    async def close(self) -> None:
        await self._radio.close()


class Acr1255Host:
    """An ACR1255U-J1: proves that it knows the key, has it poll for a card, powers that and exchanges APDUs."""

    def __init__(self, radio: Radio, *, key: bytes = FACTORY_KEY, random: Random | None = None) -> None:
        self._radio = radio
        self._key = key
        self._random = random or SystemRandom()
        self._sequence = 0
        self._bodies = Bodies()

    @property
    def reader(self) -> str:
        return self._radio.name

    async def power_on(self) -> bytes:
        """The card's ATR. A card may be laid on while the reader is patient.

        Raises `NoCard`, and `ReaderLost`, also when the reader does not know the key.
        """
        if await self._radio.listen(acr1255.ANSWER):
            await self._authenticate()
            await self._exchange(Kind.ESCAPE, acr1255.POLL)
        else:
            await self._exchange(Kind.POWER_OFF)
        atr = await self._exchange(Kind.POWER_ON)
        if not atr.data:
            await self._card_comes()
            atr = await self._exchange(Kind.POWER_ON)
        if not atr.data:
            raise NoCard("there is no card on the reader")
        return atr.data

    async def transmit(self, command: bytes) -> bytes:
        """Raises `ReaderLost`, `NoCard`."""
        answer = await self._exchange(Kind.APDU, command)
        if len(answer.data) < 2:
            raise NoCard("the card in the reader is gone, or has no power")
        return answer.data

    async def close(self) -> None:
        await self._radio.close()

    async def _authenticate(self) -> None:
        self._bodies.key = None
        proof = HostProof(self._key, self._random)
        challenge = await self._exchange(Kind.ESCAPE, proof.opening())
        try:
            answer = await self._exchange(Kind.ESCAPE, proof.prove(challenge.data))
        except Malformed as error:
            raise ReaderLost(str(error)) from error
        if not proof.check(answer.data):
            raise ReaderLost("the reader does not know the customer master key")
        self._bodies.key = proof.session_key

    async def _exchange(self, kind: Kind, data: bytes = b"") -> Block:
        """The answer to a block, told by its sequence; what came late for an earlier one is dropped."""
        self._radio.forget()
        self._deframer = Deframer(self._bodies.open)
        self._sequence = (self._sequence + 1) & 0xFF
        request = frame(self._bodies.seal(Block(kind, data, sequence=self._sequence)))
        for packet in packets(request, self._radio.payload):
            await self._radio.write(acr1255.REQUEST, packet)
        while True:
            for block in await self._blocks():
                if block.kind != Kind.CARD_STATUS and block.sequence == self._sequence:
                    return block

    async def _card_comes(self) -> None:
        """Wait until the reader tells of a card, or has been silent for too long."""
        with suppress(ReaderSilent):
            blocks = await self._blocks()
            while not any((b.kind, b.parameter) == (Kind.CARD_STATUS, CardStatus.PRESENT) for b in blocks):
                blocks = await self._blocks()

    async def _blocks(self) -> list[Block]:
        try:
            blocks = list(self._deframer.feed(await self._radio.notification()))
        except Malformed as error:
            raise ReaderLost(str(error)) from error
        for block in blocks:
            if block.kind == Kind.HARDWARE_ERROR:
                raise ReaderLost(f"the reader reports {_named(block.parameter)}")
        return blocks


def _named(error: int) -> str:
    try:
        return HardwareError(error).name
    except ValueError:
        return f"the unknown error {error:02X}"
