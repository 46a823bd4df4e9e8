"""A card of somebody else's, in a reader, that takes the place of the emulated one in a person's hand.

Scenarios then run on real hardware. One reader serves both ways to a card: what the emulated phone sends over the air
goes through the same reader as what a practice's terminal sends. A borrowed card is not used up: it is refused when
its PIN has been missed before, and every story begins with all its tries given back.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from random import SystemRandom

from cryptography import x509
from cryptography.x509.oid import NameOID

from .connection import ConnectedCard
from .cos import describe
from .object_system import G21, G21_CONTACT, object_system
from .terminal import ESIGN, ApduError, CardError, Terminal

_ROOT = bytes.fromhex("D2760001448000")
_GDO, _CERTIFICATE = 0x02, 0x04  # short file identifiers (gemSpec_eGK_ObjSys_G2.1)
_KVNR = re.compile(r"[A-Z][0-9]{9}", re.ASCII)
_SPARE_TRIES = 2  # a PIN mistyped on the command line must not be the one that blocks the card


class UnfitCard(ValueError):
    """A card that cannot stand in; the text says why and what to do."""


@dataclass(frozen=True, slots=True)
class BorrowedCard:
    """What a world needs of a card in a hand, from the one in a reader. `iccsn` and `kvnr` are what it says of itself.

    `transmit` and `reset` raise `NoCard` when the card is gone from its reader.
    """

    card: ConnectedCard
    pin: str = field(repr=False)
    can: str = field(repr=False)  # empty on a card without NFC
    iccsn: str
    kvnr: str
    certificate: x509.Certificate
    by_contact: bool  # whether the reader touches the card; over the air nothing is to be had before PACE

    @classmethod
    def introduced(cls, card: ConnectedCard, *, pin: str, can: str = "") -> BorrowedCard:
        """Ask the card who it is, and show it its PIN. `can` is that of a card with NFC.

        Raises `UnfitCard`, also for a card whose PIN has one try left, which is not touched; `NoCard`.
        """
        with _at(card) as terminal:
            by_contact = _is_readable(terminal)
            if can:
                terminal.open_pace(can)
            terminal.select(_ROOT)
            iccsn = terminal.read_binary(_GDO)[2:12].hex()
            terminal.select(ESIGN)
            certificate = x509.load_der_x509_certificate(terminal.read_file(_CERTIFICATE))
        borrowed = cls(card, pin, can, iccsn, _kvnr_of(certificate), certificate, by_contact)
        borrowed.give_tries_back(at_least=_SPARE_TRIES)
        return borrowed

    @property
    def nfc(self) -> bool:
        return bool(self.can)

    def power_on(self) -> bytes:
        return self.card.power_on()

    def reset(self) -> None:
        self.card.reset()

    def transmit(self, command: bytes) -> bytes:
        return self.card.transmit(command)

    def transmit_contactless(self, command: bytes) -> bytes:
        return self.card.transmit(command)

    def describe(self, command: bytes) -> str:
        return describe(command, object_system(G21 if self.nfc else G21_CONTACT))

    def give_tries_back(self, at_least: int = 1) -> None:
        """Show the right PIN, which gives back the tries that wrong ones took.

        Raises `UnfitCard` if fewer than `at_least` are left, with the card untouched, or the PIN is not the card's.
        """
        with _at(self.card) as terminal:
            if self.can:
                terminal.open_pace(self.can)
            terminal.select(_ROOT)
            left = terminal.pin_status().tries_left or 0
            if left < at_least:
                raise UnfitCard(f"{left} tries of the PIN are left: unblock the card, or show it the right PIN, first")
            try:
                terminal.verify(self.pin)
            except ApduError as error:
                raise UnfitCard(f"the PIN is not the card's: {error}") from error


@contextmanager
def _at(card: ConnectedCard) -> Iterator[Terminal]:
    """A session with the card, which forgets it in the end. What goes wrong is told with the reader's name."""
    card.reset()
    try:
        yield Terminal(card.transmit, SystemRandom())
    except (UnfitCard, CardError, ValueError) as error:
        raise UnfitCard(f"{card.reader}: {error}") from error
    card.reset()


def _is_readable(terminal: Terminal) -> bool:
    try:
        terminal.select(_ROOT)
        terminal.read_binary(_GDO)
    except ApduError:
        return False
    return True


def _kvnr_of(certificate: x509.Certificate) -> str:
    units = certificate.subject.get_attributes_for_oid(NameOID.ORGANIZATIONAL_UNIT_NAME)
    found = next((str(unit.value) for unit in units if _KVNR.fullmatch(str(unit.value))), "")
    if not found:
        raise UnfitCard(f"the certificate of {certificate.subject.rfc4514_string()} names no insurance number (KVNR)")
    return found
