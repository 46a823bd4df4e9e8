"""The Bluetooth protocol of ACS's ACR1255U-J1, both ends: frames, blocks, mutual authentication.

A frame is 05, two octets of length, a block, a check octet, 0A, sent in as many packets as it takes. A block is
much like CCID's: type, two octets of length, slot, sequence, parameter, checksum, data. Before a host has proved
that it knows the customer master key, the reader answers everything with 51, unauthorised.
Source: ACS, ACR1255U-J1 Reference Manual V1.01, 5.2 to 5.7. What it says of encryption under the session key is
not enough to build it (no padding, no example): blocks stay in plain after authentication, and a real reader that
encrypts them cannot be spoken to. The initial vector is zero, an assumption.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from enum import IntEnum
from functools import reduce
from operator import xor
from random import Random
from typing import NamedTuple

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from ..vpcd import InsertableCard
from .radio import NOTIFY, READ_NOT_PERMITTED, WRITE, WRITE_WITHOUT_RESPONSE, GattRefused, Notify


def _uuid(number: int) -> str:
    """A 16-bit UUID in full (Bluetooth base UUID)."""
    return f"0000{number:04x}-0000-1000-8000-00805f9b34fb"


SERVICE, REQUEST, ANSWER = _uuid(0xFFF0), _uuid(0xFFF1), _uuid(0xFFF2)
"""The manual names the two pipes; that their service is FFF0 is an assumption, and no host needs it."""
FACTORY_KEY = b"ACR1255U-J1 Auth"
"""The customer master key as delivered."""

_START, _STOP = 0x05, 0x0A
_BLOCK_HEADER = 7
_FRAME = 5  # octets around a block


class Kind(IntEnum):
    """Types of blocks: up to 6F from the host, the others from the reader."""

    POWER_ON = 0x62
    POWER_OFF = 0x63
    SLOT_STATUS = 0x65
    ESCAPE = 0x6B
    APDU = 0x6F
    CARD_STATUS = 0x50
    HARDWARE_ERROR = 0x51
    DATA = 0x80
    STATUS = 0x81
    ESCAPED = 0x83


class HardwareError(IntEnum):
    """The parameter of a hardware error."""

    CHECKSUM = 1
    TIMEOUT = 2
    COMMAND = 3
    UNAUTHORISED = 4
    UNDEFINED = 5
    DATA = 6


class Slot(IntEnum):
    """The parameter of a status."""

    ACTIVE = 0
    INACTIVE = 1
    ABSENT = 2


class Malformed(ValueError):
    """The octets are no frame, or no block; `fault` is what the reader says about it."""

    def __init__(self, fault: HardwareError, text: str) -> None:
        super().__init__(text)
        self.fault = fault


class Block(NamedTuple):
    kind: int
    data: bytes = b""
    parameter: int = 0
    sequence: int = 0

    def to_bytes(self) -> bytes:
        """Raises `OverflowError` for data beyond 65,535 octets."""
        head = bytes((self.kind, *len(self.data).to_bytes(2, "big"), 0, self.sequence, self.parameter))
        return head + bytes((_check(head + self.data),)) + self.data

    @classmethod
    def parse(cls, raw: bytes) -> Block:
        """Raises `Malformed`."""
        if len(raw) < _BLOCK_HEADER or len(raw) - _BLOCK_HEADER != int.from_bytes(raw[1:3], "big"):
            raise Malformed(HardwareError.DATA, f"a block of {len(raw)} octets is not as long as it says")
        if _check(raw):  # the XOR of all, the checksum itself included, is nought
            raise Malformed(HardwareError.CHECKSUM, "the checksum of the block is wrong")
        return cls(raw[0], raw[_BLOCK_HEADER:], raw[5], raw[4])


def _check(octets: bytes) -> int:
    return reduce(xor, octets, 0)


def frame(block: Block) -> bytes:
    """Start ‖ length ‖ block ‖ check ‖ stop."""
    body = block.to_bytes()
    checked = len(body).to_bytes(2, "big") + body
    return bytes((_START,)) + checked + bytes((_check(checked), _STOP))


def packets(octets: bytes, payload: int) -> Iterator[bytes]:
    """A frame in packets of at most `payload` octets."""
    return (octets[at : at + payload] for at in range(0, len(octets), payload))


class Deframer:
    """Packets in, blocks out. A broken frame raises `Malformed` and is dropped with all that came with it."""

    def __init__(self) -> None:
        self._buffer = bytearray()

    def feed(self, packet: bytes) -> Iterator[Block]:
        self._buffer += packet
        while len(self._buffer) >= _FRAME:
            end = _FRAME + int.from_bytes(self._buffer[1:3], "big")
            if self._buffer[0] == _START and len(self._buffer) < end:
                return
            raw = bytes(self._buffer[:end])
            if raw[0] != _START or raw[-1] != _STOP:
                self._buffer.clear()
                raise Malformed(HardwareError.DATA, "a frame begins with 05 and ends with 0A")
            del self._buffer[:end]
            if _check(raw[1:-1]):
                raise Malformed(HardwareError.CHECKSUM, "the check octet of the frame is wrong")
            yield Block.parse(raw[3:-2])


def _cbc(key: bytes) -> Cipher[modes.CBC]:
    return Cipher(algorithms.AES(key), modes.CBC(bytes(16)))


def _encrypt(key: bytes, octets: bytes) -> bytes:
    return _cbc(key).encryptor().update(octets)


def _decrypt(key: bytes, octets: bytes) -> bytes:
    return _cbc(key).decryptor().update(octets)


_ASK, _PROVE = bytes.fromhex("E000004500"), bytes.fromhex("E000004600")
_ASKED, _PROVED = bytes.fromhex("E100004500"), bytes.fromhex("E100004600")
_RANDOM = 16


class ReaderProof:
    """The reader's side of the mutual authentication."""

    def __init__(self, key: bytes, random: Random) -> None:
        self._key = key
        self._random = random
        self._challenge: bytes | None = None
        self.session_key: bytes | None = None

    def answer(self, request: bytes) -> bytes | None:
        """The data of the reply to an escape; `None` for one that is wrong or no authentication at all."""
        if request == _ASK:
            self.session_key = None
            self._challenge = self._random.randbytes(_RANDOM)
            return _ASKED + _encrypt(self._key, self._challenge)
        challenge, self._challenge = self._challenge, None
        proof = request[len(_PROVE) :]
        if challenge is None or not request.startswith(_PROVE) or len(proof) != 2 * _RANDOM:
            return None
        both = _encrypt(self._key, proof)
        theirs, ours = both[:_RANDOM], both[_RANDOM:]
        if ours != challenge:
            return None
        self.session_key = ours[:8] + theirs[:8]
        return _PROVED + _encrypt(self._key, theirs)


class HostProof:
    """The host's side: send `opening()`, then what `prove` makes of the reply, then let `check` see the last one."""

    def __init__(self, key: bytes, random: Random) -> None:
        self._key = key
        self._ours = random.randbytes(_RANDOM)
        self._theirs = b""
        self.session_key: bytes | None = None

    def opening(self) -> bytes:
        return _ASK

    def prove(self, reply: bytes) -> bytes:
        """Raises `Malformed` for a reply that is none."""
        if not reply.startswith(_ASKED) or len(reply) != len(_ASKED) + _RANDOM:
            raise Malformed(HardwareError.DATA, "the reader has sent no challenge")
        self._theirs = _decrypt(self._key, reply[len(_ASKED) :])
        return _PROVE + _decrypt(self._key, self._ours + self._theirs)

    def check(self, reply: bytes) -> bool:
        """Whether the reader knows the key."""
        if reply != _PROVED + _encrypt(self._key, self._ours):
            return False
        self.session_key = self._theirs[:8] + self._ours[:8]
        return True


class Acr1255Reader:
    """The peripheral. `card = None` is an empty reader."""

    name = "ACR1255U-J1 TEST ONLY"
    service = SERVICE
    characteristics: Mapping[str, tuple[str, ...]] = {REQUEST: (WRITE, WRITE_WITHOUT_RESPONSE), ANSWER: (NOTIFY,)}

    def __init__(self, card: InsertableCard | None, random: Random, key: bytes = FACTORY_KEY) -> None:
        self._card = card
        self._random = random
        self._key = key
        self._begin(20, lambda uuid, value: None)

    def connected(self, payload: int, notify: Notify) -> None:
        self._begin(payload, notify)

    def disconnected(self) -> None:
        self._power_off()

    def read(self, uuid: str) -> bytes:
        raise GattRefused(READ_NOT_PERMITTED)

    def write(self, uuid: str, value: bytes) -> None:
        try:
            for block in self._deframer.feed(value):
                self._send(self._answer(block))
        except Malformed as error:
            self._send(Block(Kind.HARDWARE_ERROR, parameter=error.fault))

    def _answer(self, block: Block) -> Block:
        if block.kind == Kind.ESCAPE:
            reply = self._proof.answer(block.data)
            if reply is not None:
                return Block(Kind.ESCAPED, reply, self._slot, block.sequence)
        if self._proof.session_key is None:
            return Block(Kind.HARDWARE_ERROR, parameter=HardwareError.UNAUTHORISED, sequence=block.sequence)
        card = self._card
        match block.kind:
            case Kind.POWER_ON if card is not None:
                self._powered = True
                return Block(Kind.DATA, card.power_on(), Slot.ACTIVE, block.sequence)
            case Kind.POWER_OFF:
                self._power_off()
                return Block(Kind.STATUS, b"", self._slot, block.sequence)
            case Kind.SLOT_STATUS:
                return Block(Kind.STATUS, b"", self._slot, block.sequence)
            case Kind.APDU if card is not None and self._powered:
                return Block(Kind.DATA, card.transmit(block.data), Slot.ACTIVE, block.sequence)
            case Kind.POWER_ON | Kind.APDU:
                return Block(Kind.DATA, b"", self._slot, block.sequence)
            case _:
                return Block(Kind.HARDWARE_ERROR, parameter=HardwareError.COMMAND, sequence=block.sequence)

    @property
    def _slot(self) -> Slot:
        if self._card is None:
            return Slot.ABSENT
        return Slot.ACTIVE if self._powered else Slot.INACTIVE

    def _send(self, block: Block) -> None:
        for packet in packets(frame(block), self._payload):
            self._notify(ANSWER, packet)

    def _power_off(self) -> None:
        self._powered = False
        if self._card is not None:
            self._card.reset()

    def _begin(self, payload: int, notify: Notify) -> None:
        self._payload, self._notify = payload, notify
        self._deframer = Deframer()
        self._proof = ReaderProof(self._key, self._random)
        self._powered = False
