"""Frames and blocks of ACS's ACR1255U-J1, and what becomes of them under a session key.

A frame is 05, two octets of length, a body, a check octet, 0A, sent in as many packets as it takes. The body is a
block, much like CCID's: type, two octets of length, slot, sequence, parameter, checksum, data. After authentication
the body is the block filled up with FF to whole 16 octets and encrypted by AES-128 in CBC mode with an initial vector
of zero, each frame for itself. Authentication and hardware errors stay in plain.
Source: ACS, ACR1255U-J1 Reference Manual V1.01, 5.2 to 5.7. That 5.6 is encrypted is in 5.7; how, in its words for a
sister model (ACR3901U-S1 Reference Manual V1.09, 6.1.6.5), and three independent programs for the ACR1255U-J1 do
just that (obniz.js, FIDOk, a mini program for WeChat), one with replies of a real reader in it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from enum import IntEnum
from functools import reduce
from operator import xor
from typing import NamedTuple

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

_START, _STOP = 0x05, 0x0A
_BLOCK_HEADER = 7
_FRAME = 5  # octets around a body
_AES_BLOCK = 16
_FILLER = b"\xff"


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


class CardStatus(IntEnum):
    """The parameter of a notification that a card has come or gone.

    As in CCID, and as programs for the reader take it; the table in 5.6.5 of V1.01 has the two the other way round.
    """

    GONE = 2
    PRESENT = 3


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
        if len(raw) < _BLOCK_HEADER or len(raw) != _length(raw):
            raise Malformed(HardwareError.DATA, f"a block of {len(raw)} octets is not as long as it says")
        if _check(raw):  # the XOR of all, the checksum itself included, is nought
            raise Malformed(HardwareError.CHECKSUM, "the checksum of the block is wrong")
        return cls(raw[0], raw[_BLOCK_HEADER:], raw[5], raw[4])

    @property
    def in_plain(self) -> bool:
        """Whether it is never encrypted: a hardware error (5.7.6) or a step of authentication (5.7.2 to 5.7.5)."""
        steps = self.kind in (Kind.ESCAPE, Kind.ESCAPED) and self.data[:4] in _AUTHENTICATION
        return steps or self.kind == Kind.HARDWARE_ERROR


_AUTHENTICATION = tuple(bytes((direction, 0, 0, step)) for direction in (0xE0, 0xE1) for step in (0x45, 0x46))


def _length(block: bytes) -> int:
    return _BLOCK_HEADER + int.from_bytes(block[1:3], "big")


def _check(octets: bytes) -> int:
    return reduce(xor, octets, 0)


def frame(body: bytes) -> bytes:
    """Start ‖ length ‖ body ‖ check ‖ stop. Raises `OverflowError` for a body beyond 65,535 octets."""
    checked = len(body).to_bytes(2, "big") + body
    return bytes((_START,)) + checked + bytes((_check(checked), _STOP))


def packets(octets: bytes, payload: int) -> Iterator[bytes]:
    """A frame in packets of at most `payload` octets."""
    return (octets[at : at + payload] for at in range(0, len(octets), payload))


def cbc(key: bytes) -> Cipher[modes.CBC]:
    return Cipher(algorithms.AES(key), modes.CBC(bytes(_AES_BLOCK)))


def encrypt(key: bytes, octets: bytes) -> bytes:
    """AES-128, CBC, initial vector zero, for whole blocks of 16 octets."""
    return cbc(key).encryptor().update(octets)


def decrypt(key: bytes, octets: bytes) -> bytes:
    return cbc(key).decryptor().update(octets)


class Bodies:
    """Between blocks and bodies of frames: in plain until there is a session key. The same on both ends."""

    def __init__(self) -> None:
        self.key: bytes | None = None

    def seal(self, block: Block) -> bytes:
        """Raises `OverflowError` for data beyond 65,535 octets."""
        raw = block.to_bytes()
        if self.key is None or (block.in_plain and len(raw) % _AES_BLOCK):
            return raw
        return encrypt(self.key, raw + _FILLER * (-len(raw) % _AES_BLOCK))

    def open(self, body: bytes) -> Block:
        """Raises `Malformed`, also for a block in plain that ought to be encrypted.

        What is encrypted has whole 16 octets, what stays in plain never has: errors carry no data, and the steps of
        authentication have 5, 21 or 37 octets of it. The filler is not looked at.
        """
        if self.key is None:
            return Block.parse(body)
        if body and not len(body) % _AES_BLOCK:
            raw = decrypt(self.key, body)
            if len(raw) - _length(raw) not in range(_AES_BLOCK):
                raise Malformed(HardwareError.DATA, "what was decrypted is no block: another key, or not encrypted")
            return Block.parse(raw[: _length(raw)])
        block = Block.parse(body)
        if not block.in_plain:
            raise Malformed(HardwareError.DATA, "after authentication blocks are encrypted; this one is in plain")
        return block


class Deframer:
    """Packets in, blocks out. A broken frame raises `Malformed` and is dropped with all that came with it."""

    def __init__(self, open_body: Callable[[bytes], Block] = Block.parse) -> None:
        self._open = open_body
        self._buffer = bytearray()

    def feed(self, packet: bytes) -> Iterator[Block]:
        """At most one frame, 65,540 octets, is kept waiting for its rest."""
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
            yield self._open(raw[3:-2])
