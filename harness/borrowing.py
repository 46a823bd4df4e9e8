"""A card in a reader in place of the emulated one: what is asked of the tester, and which rows spare such a card."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import Path

from cryptography import x509

from emulators.card.borrowed import BorrowedCard, UnfitCard
from emulators.card.connection import MissingExtra, NoCard, NoSuchReader, connect
from emulators.world import World
from harness.actions import AuthorisePractice, LogInWithCard
from harness.errors import BenchError
from harness.options import CAN_VARIABLE, PIN_VARIABLE
from harness.scenario.steps import Act, ArmFault, Row
from harness.scenario.vocabulary import vocabulary

_TRIES = 3
_RIGHT = "from-letter"
_COUNTED = ("pin_wrong", "pin_blocked")
_TEARS = {"tear_off": "before", "presence_race": "after", "no_answer": "after"}  # and when, unless it is told


@dataclass(frozen=True, slots=True)
class Borrowed:
    """The card that every row's person holds, and whom it is trusted by."""

    card: BorrowedCard
    anchors: tuple[x509.Certificate, ...] = field(default=())

    def lend_to(self, world: World) -> None:
        """Put it in the person's hand, with all its tries. Raises `BenchError` if it cannot be used any more."""
        try:
            self.card.give_tries_back()
        except (UnfitCard, NoCard) as error:
            raise BenchError(f"the card cannot be used: {error}") from error
        world.trust(*self.anchors)
        world.lend("person", self.card)

    def __str__(self) -> str:
        certificate = self.card.certificate
        return (
            f"{self.card.card.reader}: card {self.card.iccsn} of {self.card.kvnr}, "
            f"by {'contact' if self.card.by_contact else 'air'}, "
            f"{'with' if self.card.nfc else 'without'} CAN, certificate valid from "
            f"{certificate.not_valid_before_utc:%Y-%m-%d} to {certificate.not_valid_after_utc:%Y-%m-%d}, "
            f"issued by {certificate.issuer.rfc4514_string()}"
        )


def borrow(address: str, ca: Path | None = None) -> Borrowed:
    """The card at `address` (`pcsc:READER`, `ble:NAME`), with CAN and PIN from the environment.

    `ca` is a PEM file with the certificates that vouch for the card, beside the test PKI. Raises `BenchError`.
    """
    pin, can = os.environ.get(PIN_VARIABLE, ""), os.environ.get(CAN_VARIABLE, "")
    if not pin:
        raise BenchError(f"whoever lends a card has to say its PIN: set {PIN_VARIABLE}, and {CAN_VARIABLE} for its CAN")
    try:
        anchors = tuple(x509.load_pem_x509_certificates(ca.read_bytes())) if ca else ()
    except (OSError, ValueError) as error:
        raise BenchError(f"{ca}: no certificates in PEM: {error}") from error
    try:
        card = connect(address)
        try:
            return Borrowed(BorrowedCard.introduced(card, pin=pin, can=can), anchors)
        except BaseException:
            card.close()
            raise
    except (ValueError, NoSuchReader, NoCard, MissingExtra) as error:
        raise BenchError(f"no card to borrow: {error}") from error


def unfit_for(row: Row, card: BorrowedCard) -> str:
    """Why this row cannot be played with a card in a reader, or nothing if it can."""
    persona = vocabulary(row.scenario.file).personas[row.persona]
    if (persona.nfc and row.choices.get("card") != "no_nfc") != card.nfc:
        return "the row's person has a card " + ("without NFC" if card.nfc else "with NFC")
    missed, torn = 0, False
    for step in row.steps:
        match step:
            case Act(action=AuthorisePractice()) if not card.by_contact:
                return "a practice's terminal needs the card in a reader with contacts"
            case ArmFault(emulator="card"):
                return f"the fault card.{step.kind} strikes emulated cards only"
            case ArmFault(emulator="phone", kind="tear_off") if step.parameters.get("when") == "inside":
                return "what a card keeps when torn away in the midst of a command, a reader cannot show"
            case ArmFault(emulator="phone"):
                torn = step.kind in _TEARS and step.parameters.get("when", _TEARS[step.kind]) != "before"
            case Act(action=LogInWithCard() | AuthorisePractice() as action) if _is_own(action):
                counted = not set(_COUNTED).isdisjoint(step.refused) or (torn and action.pin != _RIGHT)
                missed = missed + 1 if counted else missed if step.refused else 0
                torn = False
        if missed >= _TRIES:
            return "it would block the card's PIN"
    return ""


def _is_own(action: LogInWithCard | AuthorisePractice) -> bool:
    return action.by == "person" and getattr(action, "card", "person") == "person"
