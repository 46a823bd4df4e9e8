"""The stories that teach the fuzzer: what commands, a PACE run and protected commands look like.

An input is one octet for the card and the way to it, then commands, each with an octet for how it is sent and one for
its length.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from enum import IntEnum
from random import Random

from emulators.card import HealthCard
from emulators.card.apdu import CommandApdu
from emulators.card.cos import INSTRUCTIONS
from emulators.card.pace import CardEphemerals
from emulators.card.passwords import pin_block
from emulators.card.terminal import ESIGN, Terminal
from emulators.core.person import Address, CardData, Person

TODAY = date(2021, 3, 23)
CAN, PIN, PUK = "123123", "123456", "12345678"
PERSON = Person(
    "",
    "Fritzi",
    "Prüferin",
    "Prüferin",
    date(1990, 1, 1),
    "W",
    "X110359890",
    "109500969",
    Address("Teststraße", "7", "42285", "Wuppertal", "NW"),
    "fritzi@example.org",
    "+491713920002",
    "fritzi",
    "geheim",
    CardData("80276883110000152715", CAN, PIN, PUK),
    (),
)
TO_THE_END = 0xFF  # as length of a command: all that is left


class Setting(IntEnum):
    """Bits of the first octet; the object system is in the lowest two, the transport state in the next two."""

    CONTACTLESS = 0x10
    SECURED = 0x20
    AUTHORISED = 0x40  # as if every role of both flag lists had been proved: what else is out of the fuzzer's reach


class Sent(IntEnum):
    """How a command is sent, modulo four. The upper bits of `DAMAGED` say where."""

    AS_IT_IS = 0
    PROTECTED = 1
    DAMAGED = 2
    POSING = 3  # a plain command whose class byte claims protection


_SETTINGS = (
    (0, Sent.AS_IT_IS),
    (Setting.AUTHORISED, Sent.AS_IT_IS),
    (Setting.AUTHORISED | 3, Sent.AS_IT_IS),
    (Setting.SECURED | Setting.CONTACTLESS, Sent.PROTECTED),
)

_GENERATOR = (
    "048BD2AEB9CB7E57CB2C4B482FFC81B7AFB9DE27E1E3BD23C23A4453BD9ACE3262"
    "547EF835C3DAC4FD97F8461A14611DC9C27745132DED8E545C1D54C72F046997"
)
_ENCIPHER = "A06280010B06092B24030302080101077F49438641" + _GENERATOR + "800C" + b"to be sealed".hex()

# What needs a place or a right: in DF.HCA files and records, keys, random numbers, channels, the ends of life.
_DEEDS = (
    "00A4040C06D27600000102",
    "0020000208" + pin_block(PIN).hex(),
    "00B0830000",
    "00D683000401020304",
    "000E8300",
    "800E8300",
    "00B2014C00",
    "00DC014C0401020304",
    "00A2044C020102",
    "00E2004C020102",
    "000C014C",
    "0006014C",
    "0008014C",
    "00040000",
    "00440000",
    "80CA0100000000",
    "8084000010",
    "80FA000008" + "01" * 8 + "00",
    "0046840400",
    "0046C08400",
    # The authentication by CV certificates, as far as it goes without a certificate; PSO ENCIPHER, and its neighbour.
    "002241A406840109800154",
    "10860000107C0EC30C" + "000A80276883119999999999" + "00",
    "00860000457C438541" + _GENERATOR,
    "002A868064" + _ENCIPHER + "00",
    "002241B80684018580010B",
    "002A86B864" + _ENCIPHER + "00",
    "40A4040C",
    "0070000001",
    "01A4040C",
    "00708001",
    "00E80000",
    "00FE0000",
    "00B0820000",
)
_WAYS: tuple[int, ...] = (Sent.AS_IT_IS, Sent.PROTECTED, Sent.DAMAGED | 0x48, Sent.POSING)


def ephemerals() -> CardEphemerals:
    return CardEphemerals.draw(Random(7))


def _login() -> list[bytes]:
    """What a terminal sends from PACE to the signature; the card's ephemeral keys are the same in every story."""
    card = HealthCard.personalised(PERSON, today=TODAY, ephemerals=ephemerals)
    heard: list[bytes] = []

    def transmit(octets: bytes) -> bytes:
        heard.append(octets)
        return card.transmit_contactless(octets)

    terminal = Terminal(transmit, Random(9))
    terminal.open_pace(CAN)
    terminal.verify(PIN)
    terminal.select(ESIGN, with_fcp=True)
    terminal.sign(bytes(32))
    return heard


def stories() -> Iterator[bytes]:
    """Each command of the card in plain and protected, a login over the air, and one with the PIN on the contacts."""
    bodies = (b"", pin_block(PIN), pin_block(PUK) + pin_block("654321"), bytes.fromhex("840184800100"), ESIGN)
    for cla, ins in INSTRUCTIONS:
        for p1, p2 in ((0, 0), (0, 2), (1, 4), (4, 4), (0x41, 0xB6), (0x82, 0), (0x9E, 0x9A)):
            octets = [CommandApdu(cla, ins, p1, p2, body, ne).to_bytes() for body in bodies for ne in (0, 256)]
            for setting, how in _SETTINGS:
                yield _written(setting, [(how, command) for command in octets])
    login = _login()
    yield _written(Setting.CONTACTLESS, [(Sent.AS_IT_IS, command) for command in login])
    for setting in (
        0,
        3,
        8,
        12,
        Setting.AUTHORISED,
        Setting.AUTHORISED | Setting.SECURED,
        Setting.SECURED | Setting.CONTACTLESS,
    ):
        for way in _WAYS[:2]:
            yield _written(setting, [(way, octets) for octets in _secrets()])
            yield _written(setting, [(way, bytes.fromhex(command)) for command in _DEEDS])
    unlocked = [
        CommandApdu(0, 0x20, 0, 2, pin_block(PIN)),
        CommandApdu(0, 0xA4, 4, 0x04, ESIGN, 256),
        CommandApdu(0, 0x22, 0x41, 0xB6, bytes.fromhex("840184800100")),
        CommandApdu(0, 0x2A, 0x9E, 0x9A, bytes(32), 256),
    ]
    for setting in (0, 1, 2, 3, 8, 12, Setting.SECURED, Setting.SECURED | Setting.CONTACTLESS):
        for way in _WAYS:
            yield _written(setting, [(way, command.to_bytes()) for command in unlocked])


def _secrets() -> Iterator[bytes]:
    """All that is done with PIN and PUK: wrong ones until both count down, right ones, new ones."""
    wrong, right, new, puk = (pin_block(digits) for digits in ("000000", PIN, "654321", PUK))
    told = (
        (0x20, 0, wrong),
        (0x2C, 0, puk + new),
        (0x24, 0, new + right),
        (0x24, 1, right),
        *((0x20, 0, wrong),) * 4,
        (0x2C, 0, wrong + new),
        (0x2C, 1, puk),
        (0x26, 0, right),
        (0x28, 0, right),
        (0x20, 0, right),
        (0x2C, 2, new),
        (0x2C, 3, b""),
    )
    for ins, p1, body in told:
        yield CommandApdu(0, ins, p1, 2, body).to_bytes()


def _written(setting: int, told: list[tuple[int, bytes]]) -> bytes:
    parts = (bytes((how, len(octets))) + octets for how, octets in told if len(octets) < TO_THE_END)
    return bytes((setting,)) + b"".join(parts)
