"""Fidesmo's apdu-over-ble 0.2 (MIT), both ends: a card behind one GATT service, APDUs cut into packets.

The client writes the packets of a command, is notified that the response is ready, and reads its packets. A packet
is how many there are and which one it is, from 1, two octets each, little-endian, and then its piece. The link has to
be encrypted (security mode 1, level 2); on the air in memory that is taken for granted, for nobody listens there.
Source: github.com/fidesmo/apdu-over-ble, spec/apdu-service-spec.md, and the packets of its Android prototype.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Mapping
from datetime import timedelta
from enum import IntEnum

from emulators.core.clock import Timer
from emulators.core.physics import Physics

from ..vpcd import InsertableCard
from .radio import LONGEST_VALUE, NOTIFY, READ, UNLIKELY, WRITE, GattRefused, Line

SERVICE = "8e790d52-bb90-4967-a4a5-3f21aa9e05eb"
COMMAND = "8e79ecae-bb90-4967-a4a5-3f21aa9e05eb"
READY = "8e795e92-bb90-4967-a4a5-3f21aa9e05eb"
RESPONSE = "8e7927a7-bb90-4967-a4a5-3f21aa9e05eb"
FINISHED = "8e798746-bb90-4967-a4a5-3f21aa9e05eb"

_HEADER = 4
_LONGEST_APDU = 4 + 3 + 0xFFFF + 2  # header, extended Lc, data, extended Le (ISO 7816-4)
_RESEND_AFTER = timedelta(seconds=1)  # "SHOULD re-send the notification until" the response is read
_RESEND_TIMES = 10


class ReadyCode(IntEnum):
    """What the notification says, four octets, big-endian."""

    READY = 0
    SECURE_ELEMENT_ERROR = 1
    PROTOCOL_ERROR = 2

    def to_octets(self) -> bytes:
        return self.to_bytes(4, "big")


class PacketsBroken(ValueError):
    """A packet is too short, or not the one whose turn it is."""


def packets(apdu: bytes, payload: int) -> Iterator[bytes]:
    """An APDU in packets of at most `payload` octets, headers included. Raises `ValueError` if it cannot fit."""
    room = min(payload, LONGEST_VALUE) - _HEADER
    total = -(-max(len(apdu), 1) // room) if room > 0 else 0x10000
    if total > 0xFFFF:
        raise ValueError(f"an APDU of {len(apdu)} octets does not fit in packets of {payload}")
    for index in range(total):
        piece = apdu[index * room : (index + 1) * room]
        yield total.to_bytes(2, "little") + (index + 1).to_bytes(2, "little") + piece


class Reassembly:
    """Packets in, the APDU out with the last one. One out of turn raises `PacketsBroken`, and all begins anew."""

    def __init__(self) -> None:
        self._apdu, self._count = bytearray(), 0

    def add(self, packet: bytes) -> bytes | None:
        apdu, count = self._apdu, self._count
        self._apdu, self._count = bytearray(), 0
        if len(packet) < _HEADER:
            raise PacketsBroken(f"a packet of {len(packet)} octets has no header")
        total, number = int.from_bytes(packet[:2], "little"), int.from_bytes(packet[2:4], "little")
        if number != count + 1 or number > total:
            raise PacketsBroken(f"packet {number} of {total} after {count}")
        apdu += packet[_HEADER:]
        if len(apdu) > _LONGEST_APDU:
            raise PacketsBroken(f"no APDU is longer than {_LONGEST_APDU} octets")
        if number == total:
            return bytes(apdu)
        self._apdu, self._count = apdu, number
        return None


class FidesmoReader:
    """The peripheral: a card with a radio, or a phone that has the card at its antenna."""

    name = "Pruefstand Fidesmo TEST ONLY"
    service = SERVICE
    pairing = True
    characteristics: Mapping[str, tuple[str, ...]] = {
        COMMAND: (WRITE,),
        READY: (NOTIFY,),
        RESPONSE: (READ,),
        FINISHED: (WRITE,),
    }

    def __init__(self, physics: Physics, card: InsertableCard) -> None:
        self._physics = physics
        self._card = card
        self._powered = False
        self._line: Line | None = None
        self._command = Reassembly()
        self._response: deque[bytes] = deque()
        self._again: Timer | None = None

    def connected(self, line: Line) -> None:
        self._begin(line)

    def disconnected(self) -> None:
        self._power_down()
        self._begin(None)

    def read(self, uuid: str) -> bytes:
        self._stop_resending()
        if self._line is None or not self._response:
            raise GattRefused(UNLIKELY)
        packet = self._response.popleft()
        if not self._response:
            self._line.answered()
        return packet

    def write(self, uuid: str, value: bytes) -> None:
        if uuid == FINISHED:
            self._power_down()
            return
        try:
            command = self._command.add(value)
        except PacketsBroken:
            self._tell(ReadyCode.PROTOCOL_ERROR)
            return
        if command is not None and self._line is not None:
            self._answer(self._line, command)

    def _answer(self, line: Line, command: bytes) -> None:
        if not self._powered:
            self._card.power_on()
            self._powered = True
        try:
            response = line.exchange(self._card, command)
        except OSError:  # a real card in a real reader may be gone
            self._tell(ReadyCode.SECURE_ELEMENT_ERROR)
            return
        self._response = deque(packets(response, line.room()))
        self._tell(ReadyCode.READY, _RESEND_TIMES)

    def _tell(self, code: ReadyCode, times: int = 0) -> None:
        """Notify; and again and again, by the world's clock, until the response is read."""
        self._stop_resending()
        if times:
            self._again = self._physics.later(_RESEND_AFTER, lambda: self._tell(code, times - 1), "ble: ready again")
        if self._line is not None:
            self._line.notify(READY, code.to_octets())

    def _stop_resending(self) -> None:
        if self._again is not None:
            self._again.cancel()
            self._again = None

    def _power_down(self) -> None:
        self._stop_resending()
        self._powered = False
        self._card.reset()

    def _begin(self, line: Line | None) -> None:
        self._line = line
        self._command = Reassembly()
        self._response.clear()
        self._powered = False
