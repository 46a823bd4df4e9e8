"""Coverage-guided fuzzing of the card: `make fuzz`. Never part of the tests; what it finds becomes one.

An input is a little story: one octet for the card and the way to it, then commands, each with an octet for how it is
sent and one for its length. `STORIES` teach the fuzzer what a command, a PACE run and a protected command look like.
Replay a finding with `python -m tests.fuzz.fuzz_card FILE`.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from datetime import date
from enum import IntEnum
from importlib import import_module
from pathlib import Path
from random import Random

atheris = import_module("atheris")  # has no types; `make fuzz` installs it

with atheris.instrument_imports(include=["emulators.card"]):
    from emulators.card import HealthCard, Interface, TransportState
    from emulators.card.access import CHAT_OIDS, Chat, flag_bits
    from emulators.card.apdu import CommandApdu, MalformedApdu, Response, parse
    from emulators.card.cos import INSTRUCTIONS, CardOs
    from emulators.card.pace import CardEphemerals, CardSide, TerminalEphemerals, TerminalSide
    from emulators.card.passwords import Secret, pin_block
    from emulators.card.secure_messaging import CardChannel, SecureMessagingError, TerminalChannel
    from emulators.card.status import StatusWord
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
_SYSTEMS = ("egk-g2.1", "egk-g2.1", "egk-g2.1-contact", "egk-g2.0")
_TRANSPORT = (TransportState.REGULAR, TransportState.REGULAR, TransportState.EMPTY_PIN, TransportState.TRANSPORT_PIN)
_TO_THE_END = 0xFF  # as length of a command: all that is left
_MOST_COMMANDS = 24
_WITH_PIN, _WITH_PUK = (0x20, 0x24, 0x26, 0x28), 0x2C


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
    "00460400" + "0000",
    "0070000001",
    "01A4040C",
    "00708001",
    "00E80000",
    "00FE0000",
    "00B0820000",
)
_WAYS: tuple[int, ...] = (Sent.AS_IT_IS, Sent.PROTECTED, Sent.DAMAGED | 0x48, Sent.POSING)


class Broken(AssertionError):
    """The card did what no card may."""


def _ephemerals() -> CardEphemerals:
    return CardEphemerals.draw(Random(7))


def _agreed() -> tuple[CardChannel, TerminalChannel]:
    return CardChannel(_KEYS), TerminalChannel(_KEYS)


def _run_pace() -> TerminalSide:
    card = CardSide(CAN, _ephemerals())
    terminal = TerminalSide(CAN, TerminalEphemerals.draw(Random(8)))
    data: bytes | None = terminal.opening()
    while data is not None:
        data = terminal.receive(card.answer(data))
    return terminal


_keys = _run_pace().keys
assert _keys is not None
_KEYS = _keys


class Story:
    """A card fresh from the envelope, and what is sent to it."""

    def __init__(self, setting: int) -> None:
        self.card = HealthCard.personalised(
            PERSON,
            today=TODAY,
            system=_SYSTEMS[setting & 3],
            transport=_TRANSPORT[setting >> 2 & 3],
            ephemerals=_ephemerals,
        )
        self._interface = Interface.CONTACTLESS if setting & Setting.CONTACTLESS else Interface.CONTACT
        self._os = CardOs(self.card.chip)
        self._terminal: TerminalChannel | None = None
        self._authorised = bool(setting & Setting.AUTHORISED)
        self._bare = bool(setting & (Setting.SECURED | Setting.AUTHORISED))
        if self._authorised:
            self._os.session.security.roles.extend(Chat(oid, flag_bits(*range(56))) for oid in CHAT_OIDS.values())
        if setting & Setting.SECURED:
            self._os.session.secure_channel, self._terminal = _agreed()
            self._os.session.session_key = "SK.CAN"

    def tell(self, how: int, octets: bytes) -> None:
        """Send one command and look at what has come of it. Raises `Broken`."""
        sent, wrapped = self._as_sent(Sent(how & 3), how >> 2, octets)
        before = _Look(self.card.chip.secret, authorised=self._authorised)
        answer = self._transmit(sent)
        if len(answer) < 2 or answer[-2] not in (0x90, *range(0x61, 0x70)):
            raise Broken(f"{sent.hex()} was answered with {answer.hex() or 'nothing'}")
        self._hear(answer, wrapped=wrapped, intact=how & 3 == Sent.PROTECTED)
        before.compare(self.card.chip.secret, (octets, sent))
        self.card.describe(sent)

    def _transmit(self, octets: bytes) -> bytes:
        if self._bare:
            return self._os.transmit(octets, self._interface).to_bytes()
        return self.card.transmit(octets, self._interface)

    def _as_sent(self, kind: Sent, where: int, octets: bytes) -> tuple[bytes, bool]:
        """The octets that go to the card, and whether the terminal's end of the session wrapped them."""
        if kind is Sent.POSING and octets:
            return bytes((octets[0] | 0x0C,)) + octets[1:], False
        if kind in (Sent.AS_IT_IS, Sent.POSING) or self._terminal is None:
            return octets, False
        try:
            wrapped = bytearray(self._terminal.wrap(parse(octets)).to_bytes())
        except MalformedApdu:
            self._terminal = None
            return octets, False
        if kind is Sent.DAMAGED:
            wrapped[where % len(wrapped)] ^= 1 << (where >> 3)
        return bytes(wrapped), True

    def _hear(self, answer: bytes, *, wrapped: bool, intact: bool) -> None:
        """The terminal's end of the session: it ends where the card's does."""
        if self._terminal is None or not wrapped:
            return
        if self._os.session.secure_channel is None or not intact:
            self._terminal = None
            return
        try:
            self._terminal.unwrap(Response(answer[:-2], StatusWord.from_bytes(answer[-2:], "big")))
        except SecureMessagingError as error:
            raise Broken(f"a session goes on that the terminal cannot follow: {error}; {answer.hex()}") from error


class _Look:
    """Into the chip, before a command."""

    def __init__(self, secret: Secret, *, authorised: bool) -> None:
        self._authorised = authorised  # to reset the counter without the PUK
        self._state, self._pin, self._puk = secret.state, secret.pin, secret.puk

    def compare(self, secret: Secret, told: tuple[bytes, ...]) -> None:
        """Raises `Broken` for tries or a new PIN that no right secret among what was told has earned."""
        before, after = self._state, secret.state
        resets = [octets for octets in told if octets[1:2] == bytes((_WITH_PUK,))]
        puk = any(self._authorised or pin_block(self._puk) in octets for octets in resets)
        first = before.transport is TransportState.EMPTY_PIN and any(o[1:3] == b"\x24\x01" for o in told)
        pin = any(len(o) > 1 and o[1] in _WITH_PIN and pin_block(self._pin) in o for o in told)
        earned = puk or (before.tries > 0 and (pin or first))
        if after.tries > before.tries and not earned:
            raise Broken(f"tries rose from {before.tries} to {after.tries} unearned")
        if secret.pin != self._pin and not earned:
            raise Broken("the PIN changed without the old one or the PUK")
        if before.tries - after.tries > 1 or before.puk_uses - after.puk_uses not in (0, 1):
            raise Broken(f"counters jumped from {before} to {after}")
        if before.transport is TransportState.REGULAR and after.transport is not TransportState.REGULAR:
            raise Broken("transport protection came back")


def commands(told: bytes) -> Iterator[tuple[int, bytes]]:
    """How each command is sent, and its octets."""
    at = 0
    for _ in range(_MOST_COMMANDS):
        if len(told) < at + 2:
            return
        how, size = told[at : at + 2]
        end = len(told) if size == _TO_THE_END else at + 2 + size
        yield how, told[at + 2 : end]
        at = end


def play(told: bytes) -> None:
    """One input of the fuzzer."""
    story = Story(told[0] if told else 0)
    for how, octets in commands(told[1:]):
        story.tell(how, octets)


def _login() -> list[bytes]:
    """What a terminal sends from PACE to the signature; the card's ephemeral keys are the same in every story."""
    card = HealthCard.personalised(PERSON, today=TODAY, ephemerals=_ephemerals)
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
    parts = (bytes((how, len(octets))) + octets for how, octets in told if len(octets) < _TO_THE_END)
    return bytes((setting,)) + b"".join(parts)


def main(arguments: list[str]) -> None:
    """Options are libFuzzer's. The folder named first gets the stories; a file is played and that is all."""
    corpus = next((Path(a) for a in arguments[1:] if not a.startswith("-")), None)
    if corpus is not None and corpus.is_dir():
        for number, story in enumerate(stories()):
            (corpus / f"story-{number:04}").write_bytes(story)
    atheris.Setup(arguments, play)
    atheris.Fuzz()


if __name__ == "__main__":
    main(sys.argv)
