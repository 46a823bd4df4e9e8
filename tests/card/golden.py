"""The golden session: a card and a terminal whose ephemeral keys are those of the BSI's worked example."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from random import Random
from typing import NamedTuple

from emulators.card import CardIssuer, HealthCard
from emulators.card.apdu import CommandApdu
from emulators.card.pace import CardEphemerals, SessionKeys, TerminalEphemerals
from emulators.card.passwords import pin_block
from emulators.card.secure_messaging import TerminalChannel
from emulators.card.terminal import (
    ESIGN,
    Terminal,
)
from emulators.core.person import CardData
from emulators.core.physics import Physics
from tests.card_holder import holder

TODAY = date(2021, 3, 23)
CARD = CardData("80276883110000152715", "123456", "123456", "12345678")
ANNA = holder("Anna", card=CARD)
TRANSCRIPTS = Path(__file__).parent / "transcripts"

# The BSI worked example (reference card.md 3.3).
EPHEMERALS = CardEphemerals(
    bytes.fromhex("7D98C00FC6C9E9543BBF94A87073A123"),
    0x19C428715663DE745D1824B855D2B967890C99D68ED5FEEE9DCDF8D7BBA289D2,
    0x15872C56908C144002177994CFAAEDD5467CE150853C44535051FF24183039D8,
)
TERMINAL_EPHEMERALS = TerminalEphemerals(
    0x752287F5B02DE3C4BC3E17945118C51B23C97278E4CD748048AC56BA5BDC3D46,
    0x9D9A32DF93A57CCE33CA3CDD3457E33A976F293546C73550F397259C93BE0120,
)
KEYS = SessionKeys(bytes.fromhex("68406B4162100563D9C901A6154D2901"), bytes.fromhex("73FF268784F72AF833FDC9464049AFC9"))
X1 = (
    "043DD29BBE5907FD21A152ADA4895FAAE7ACC55F5E50EFBFDE5AB0C6EB54F198D6"
    "15913635F0FDF5BEB383E00355F82D3C41ED0DF2E28363433DFB73856A15DC9F"
)
Y1 = (
    "049CFCF7582AC986D0DD52FA53123414C3E1B96B4D00ABA8E574679B70EFB5BC3B"
    "45D2F13729CC2AE178E7E241B443213533B77DBB44649A815DDC4A2384BA422A"
)
X2 = (
    "04518BC4E532AD2A9BD6527804D5D665ABD51041037A0CC8AA922804EB501C222B"
    "3427388599AFAAE9FBACE2DF93E13C3C4979CD12F0AE3E3C0126028391554582"
)
Y2 = (
    "04282CF38073036AFAC216AF135BD994DA0C357F10BD4C34AFEA1042B2EB0FD680"
    "4DF3658B835AC2E7133F13691184542BB50B109963A4662ABDC08B9763AF4B5B"
)


class Exchange(NamedTuple):
    command: str
    response: str


MSE_PACE = "0022C1A40F800A04007F00070202040202830102"
AGREEMENT = (
    Exchange(MSE_PACE, "9000"),
    Exchange("108600000000027C000000", "7C128010CE834CDE69FFBB1D1EB21585CD709F189000"),
    Exchange(f"108600000000457C438141{X1}0000", f"7C438241{Y1}9000"),
    Exchange(f"108600000000457C438341{X2}0000", f"7C438441{Y2}9000"),
    Exchange("0086000000000C7C0A8508A27AE7B36573C1D90000", "7C0A8608A2658C2F38600B0F9000"),
)
SELECT_ROOT = CommandApdu(0x00, 0xA4, 0x04, 0x0C)
# Reference card.md 3.5, with the plain command of each exchange.
SECURED: tuple[tuple[CommandApdu, Exchange], ...] = (
    (SELECT_ROOT, Exchange("0CA4040C0A8E08D002C2A964434AE600", "990290008E08A89570A68664A7D69000")),
    (
        CommandApdu(0x80, 0x20, 0x00, 0x02),
        Exchange("8C2000020A8E082B410162B51ED4B100", "990263C38E08444817FE134142C463C3"),
    ),
    (
        CommandApdu(0x00, 0x20, 0x00, 0x02, pin_block("654321")),
        Exchange(
            "0C2000021D871101D4EE3468E674D30F300A994FB839283F8E080E39B4AF1AD2827200", "990263C28E0863D6A711283B6C4D63C2"
        ),
    ),
    (
        CommandApdu(0x00, 0x20, 0x00, 0x02, pin_block("123456")),
        Exchange(
            "0C2000021D8711010F24EF00862020EA8A39FED867B7919F8E08BDE5D3283D0CF7C800", "990290008E08A7F7F042EBD092339000"
        ),
    ),
    (
        CommandApdu(0x00, 0xA4, 0x04, 0x0C, ESIGN),
        Exchange(
            "0CA4040C1D871101DAF30D506205E8C9FE1594674DF31B288E0858C548A12DE2EDF100", "990290008E087D47C45B27DEDB5C9000"
        ),
    ),
    (
        CommandApdu(0x00, 0x22, 0x41, 0xB6, bytes.fromhex("840184800100")),
        Exchange(
            "0C2241B61D871101C36CF167F2E0E4DD78C0FCE040B7C4388E08C76632BCE20BBA6800", "990290008E08FC84E6AB892709FE9000"
        ),
    ),
    (SELECT_ROOT, Exchange("0CA4040C0A8E089376CF6F25BB5AB100", "990290008E08595C11F0CDECF1F79000")),
    (
        CommandApdu(0x00, 0xB0, 0x82, 0x00, b"", 256),
        Exchange(
            "0CB082000D9701008E084761F50D10A02BFB00",
            "871101224FACF63BB2ADECE45B9D5151EDAFBC990290008E08CA66049DA0FC17579000",
        ),
    ),
    (
        CommandApdu(0x00, 0xB0, 0x82, 0x0C, b"", 256),
        Exchange("0CB0820C0D9701008E0841BEFDBE7647BD6000", "99026B008E08A852F0E52B8A05216B00"),
    ),
)
GOLDEN = AGREEMENT + tuple(exchange for _, exchange in SECURED)
assert len(GOLDEN) == 14


def a_physics() -> Physics:
    physics = Physics(seed=1)
    physics.faults.declare("card", CardIssuer.faults)
    return physics


def golden_card(physics: Physics | None = None) -> HealthCard:
    """The card of the golden session."""
    return HealthCard.personalised(ANNA, today=TODAY, physics=physics, ephemerals=lambda: EPHEMERALS)


def in_session() -> tuple[HealthCard, TerminalChannel]:
    """A card with which the keys of the worked example are agreed, and the terminal's end."""
    card = golden_card()
    for command, _ in AGREEMENT:
        card.transmit_contactless(bytes.fromhex(command))
    return card, TerminalChannel(KEYS)


def say(card: HealthCard, command: str) -> str:
    return card.transmit_contactless(bytes.fromhex(command)).hex().upper()


def open_terminal(card: HealthCard, *, extended_length: bool = True) -> Terminal:
    terminal = Terminal(card.transmit_contactless, Random(7), extended_length=extended_length)
    terminal.open_pace(card.person.card.can)
    return terminal
