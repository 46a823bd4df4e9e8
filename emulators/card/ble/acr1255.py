"""ACS's ACR1255U-J1, the peripheral: a reader for contactless cards behind a mutual authentication.

Before a host has proved that it knows the customer master key, the reader answers everything with 51, unauthorised;
from then on blocks are encrypted. It sees a card only while it polls for one, which the host asks for.
Source: ACS, ACR1255U-J1 Reference Manual V1.01, 5.2 to 5.7, and V1.07, 5.6.7.1, for polling. The UUIDs in full are
those that obniz.js, FIDOk and others use with real readers; the manual prints four digits of them. Not known and
thus not built: what comes after too many wrong proofs, and APDUs in several blocks.
"""

from __future__ import annotations

from collections.abc import Mapping
from random import Random

from ..vpcd import InsertableCard
from .acr1255_frames import (
    Block,
    Bodies,
    CardStatus,
    Deframer,
    HardwareError,
    Kind,
    Malformed,
    Slot,
    frame,
    packets,
)
from .acr1255_proof import FACTORY_KEY, ReaderProof
from .radio import NOTIFY, READ_NOT_PERMITTED, UNLIKELY, WRITE, WRITE_WITHOUT_RESPONSE, GattRefused, Line

SERVICE, REQUEST, ANSWER = (f"3c4afff{number}-4783-3de5-a983-d348718ef133" for number in range(3))
NAME = "ACR1255U-J1"
"""How its name begins on the air."""

_POLLING = {bytes((0xE0, 0, 0, 0x40, on)): bool(on) for on in (0, 1)}
POLL = bytes.fromhex("E000004001")


class Acr1255Reader:
    """The peripheral. `card = None` is an empty reader."""

    name = f"{NAME} TEST ONLY"
    service = SERVICE
    pairing = False
    characteristics: Mapping[str, tuple[str, ...]] = {REQUEST: (WRITE, WRITE_WITHOUT_RESPONSE), ANSWER: (NOTIFY,)}

    def __init__(self, card: InsertableCard | None, random: Random, key: bytes = FACTORY_KEY) -> None:
        self._card = card
        self._random = random
        self._key = key
        self._visit: _Visit | None = None

    def lay(self, card: InsertableCard | None) -> None:
        """Lay a card on the reader, or take it away with `None`; a host that has the reader poll is told."""
        if self._visit is not None:
            self._visit.power_off()
        self._card = card
        if self._visit is not None:
            self._visit.tell_of_card()

    def connected(self, line: Line) -> None:
        self._visit = _Visit(self, line)

    def disconnected(self) -> None:
        if self._visit is not None:
            self._visit.power_off()
        self._visit = None

    def read(self, uuid: str) -> bytes:
        raise GattRefused(READ_NOT_PERMITTED)

    def write(self, uuid: str, value: bytes) -> None:
        if self._visit is None:
            raise GattRefused(UNLIKELY)
        self._visit.hear(value)

    @property
    def card(self) -> InsertableCard | None:
        return self._card

    @property
    def polled(self) -> bool:
        """Whether a host has it look for cards."""
        return self._visit is not None and self._visit.polling

    def proof(self) -> ReaderProof:
        return ReaderProof(self._key, self._random)


class _Visit:
    """One connection to the reader: what it forgets when the host hangs up."""

    def __init__(self, reader: Acr1255Reader, line: Line) -> None:
        self._reader, self._line = reader, line
        self._bodies = Bodies()
        self._deframer = Deframer(self._bodies.open)
        self._proof = reader.proof()
        self._powered = self.polling = False

    def hear(self, packet: bytes) -> None:
        while True:
            try:
                for block in self._deframer.feed(packet):
                    self._send(self._answer(block))
                    self._after(block)
            except Malformed as error:
                self._send(Block(Kind.HARDWARE_ERROR, parameter=error.fault))
                packet = b""  # what came after the broken frame
            else:
                return

    def tell_of_card(self) -> None:
        if self.polling:
            status = CardStatus.GONE if self._reader.card is None else CardStatus.PRESENT
            self._send(Block(Kind.CARD_STATUS, parameter=status))

    def power_off(self) -> None:
        if self._powered and self._reader.card is not None:
            self._reader.card.reset()
        self._powered = False

    def _answer(self, block: Block) -> Block:
        if block.kind == Kind.ESCAPE and (reply := self._proof.answer(block.data)) is not None:
            self._bodies.key = self._proof.session_key
            return Block(Kind.ESCAPED, reply, self._slot, block.sequence)
        if self._proof.session_key is None:
            return Block(Kind.HARDWARE_ERROR, parameter=HardwareError.UNAUTHORISED, sequence=block.sequence)
        card = self._reader.card if self.polling else None
        match block.kind:
            case Kind.ESCAPE if block.data in _POLLING:
                self._poll(_POLLING[block.data])
                return Block(Kind.ESCAPED, b"\xe1" + block.data[1:], self._slot, block.sequence)
            case Kind.POWER_ON if card is not None:
                self._powered = True
                return Block(Kind.DATA, card.power_on(), Slot.ACTIVE, block.sequence)
            case Kind.POWER_OFF:
                self.power_off()
                return Block(Kind.STATUS, b"", self._slot, block.sequence)
            case Kind.SLOT_STATUS:
                return Block(Kind.STATUS, b"", self._slot, block.sequence)
            case Kind.APDU if card is not None and self._powered:
                return Block(Kind.DATA, self._line.exchange(card, block.data), Slot.ACTIVE, block.sequence)
            case Kind.POWER_ON | Kind.APDU:
                return Block(Kind.DATA, b"", self._slot, block.sequence)
            case _:
                return Block(Kind.HARDWARE_ERROR, parameter=HardwareError.COMMAND, sequence=block.sequence)

    def _after(self, block: Block) -> None:
        """What comes of a block once it is answered."""
        if block.kind == Kind.APDU:
            self._line.answered()
        elif block.data == POLL and self._reader.card is not None:
            self.tell_of_card()

    def _poll(self, on: bool) -> None:
        if not on:
            self.power_off()
        self.polling = on

    @property
    def _slot(self) -> Slot:
        if self._reader.card is None or not self.polling:
            return Slot.ABSENT
        return Slot.ACTIVE if self._powered else Slot.INACTIVE

    def _send(self, block: Block) -> None:
        for packet in packets(frame(self._bodies.seal(block)), self._line.room()):
            self._line.notify(ANSWER, packet)
