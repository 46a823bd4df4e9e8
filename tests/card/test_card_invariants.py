"""What no sequence of commands may bring about: data without their rule, signatures without the PIN, tries that come
back unearned. The model beside the card knows only which secrets were sent to it, right or wrong."""

from __future__ import annotations

from random import Random
from typing import ClassVar

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from emulators.card import HealthCard, Interface, brainpool
from emulators.card.access import Enforcement
from emulators.card.apdu import CommandApdu, MalformedApdu, parse
from emulators.card.brainpool import GENERATOR as BASE_POINT
from emulators.card.cos import INSTRUCTIONS
from emulators.card.passwords import PasswordState, TransportState, pin_block
from emulators.card.terminal import CardError, Terminal
from tests.card.conftest import CLARA, PRACTICE, TODAY, authenticate

PIN, PUK = "123456", "12345678"
RIGHT = "the right one"
GUESSES = st.sampled_from([RIGHT, RIGHT, RIGHT, "000000", "1234567"])
NEW_PINS = st.sampled_from([PIN, "654321", "1234567"])
PUKS = st.sampled_from([PUK, PUK, "00000000"])
REFERENCES = st.sampled_from([0x02, 0x02, 0x02, 0x01, 0x05])
CHANNELS = st.sampled_from([0, 0, 0, 1, 1, 2, 3])
HCA, ESIGN = bytes.fromhex("D27600000102"), bytes.fromhex("A000000167455349474E")
FOLDERS = st.sampled_from([b"", HCA, ESIGN, bytes.fromhex("D27600014407"), b"\xde\xad\xbe\xef\x00"])
# Where a command that needs MRPIN.home for the cardholder lies, and the command.
PROTECTED = {
    "EF.C.CH.AUTN.E256": (ESIGN, CommandApdu(0, 0xB0, 0x8B, 0, b"", 256)),
    "EF.C.CH.ENCV.E256": (ESIGN, CommandApdu(0, 0xB0, 0x8C, 0, b"", 256)),
    "EF.GVD": (HCA, CommandApdu(0, 0xB0, 0x83, 0, b"", 256)),
    "EF.Verweis": (HCA, CommandApdu(0, 0xB2, 1, 0x4C, b"", 256)),
}
GENERATOR = brainpool.encode(BASE_POINT)
ENCIPHER = b"\x86\x80"  # for a key in the command: needs no right
_DEPUTY = 0x0D  # PIN.AMTS_REP counts for itself
_WITH_SECRET = (0x20, 0x24, 0x26, 0x28)
_HEADERS = st.sampled_from(sorted(INSTRUCTIONS))
_P2 = st.sampled_from(
    [0, 1, 2, 4, 5, 9, 0x0C, 0x0D, 0x80, 0x82, 0x84, 0x86, 0x9A, 0xA4, 0xB6, 0xB8, 0xBE]
) | st.integers(0, 255)
_BODIES = st.sampled_from(
    [
        b"",
        pin_block("000000"),
        pin_block("000000") * 2,
        b"\x84\x01\x84\x80\x01\x00",
        b"\x83\x01\x13\x80\x01\x54",
        b"\x84\x01\x09\x80\x01\x54",  # for the authentication by CV certificates: choose, open, close
        bytes.fromhex("7C0EC30C") + PRACTICE,
        bytes.fromhex("7C438541") + GENERATOR,
        bytes.fromhex("A05D80010B06092B24030302080101077F49438641") + GENERATOR + b"\x80\x07message",  # PSO ENCIPHER
    ]
) | st.binary(max_size=40)
COMMANDS = st.builds(
    lambda header, p1, p2, body, ne: CommandApdu(header[0], header[1], p1, p2, body, ne).to_bytes(),
    _HEADERS,
    st.sampled_from([0, 1, 2, 4, 0x10, 0x20, 0x40, 0x41, 0x80, 0x81, 0x84, 0x86, 0x9E, 0xC0, 0xC1, 0xF3])
    | st.integers(0, 255),
    _P2,
    _BODIES,
    st.sampled_from([0, 1, 8, 16, 256]),
)
ANYTHING = st.binary(max_size=60) | COMMANDS


class CardUnderFire(RuleBasedStateMachine):
    """One card on its contacts, up to four channels, an adversary who may know the secrets or not."""

    enforcement: ClassVar[Enforcement] = Enforcement.CONTACT_RULES_EVERYWHERE

    @initialize(transport=st.sampled_from([TransportState.REGULAR, TransportState.REGULAR, TransportState.EMPTY_PIN]))
    def issue(self, transport: TransportState) -> None:
        self.card = HealthCard.personalised(CLARA, today=TODAY, transport=transport, enforcement=self.enforcement)
        self.pin: str | None = None if transport is TransportState.EMPTY_PIN else PIN
        self.proved: set[tuple[int, int]] = set()  # channel and reference
        self.place: dict[int, bytes | None] = {0: b""}
        self.last = self.card.password

    # -- what the adversary does -----------------------------------------------------------------------------------

    def say(self, command: CommandApdu, channel: int = 0) -> bytes:
        return self.raw(command._replace(cla=command.cla | channel).to_bytes())

    def raw(self, octets: bytes) -> bytes:
        before = self.card.password
        answer = self.card.transmit(octets)
        assert len(answer) >= 2
        assert answer[-2] in (0x90, *range(0x62, 0x70)), answer.hex()
        self.check_counters(octets, before, self.card.password, answer)
        return answer

    def meant(self, guess: str) -> str:
        return (self.pin or PIN) if guess == RIGHT else guess

    @rule(reference=REFERENCES, guess=GUESSES, channel=CHANNELS)
    def verify(self, reference: int, guess: str, channel: int) -> None:
        pin = self.meant(guess)
        blocked = self.card.password.tries == 0
        answer = self.say(CommandApdu(0, 0x20, 0, reference, pin_block(pin)), channel)
        if channel not in self.place:
            assert answer == b"\x68\x81"
        elif answer == b"\x90\x00":
            assert pin == self.pin
            assert not blocked
            self.proved.add((channel, reference))
        else:
            assert pin != self.pin or blocked
            if answer[0] == 0x63:
                self.proved.discard((channel, reference))

    @rule(reference=REFERENCES, guess=GUESSES, new=NEW_PINS, channel=CHANNELS)
    def change(self, reference: int, guess: str, new: str, channel: int) -> None:
        old = self.meant(guess)
        answer = self.say(CommandApdu(0, 0x24, 0, reference, pin_block(old) + pin_block(new)), channel)
        if answer == b"\x90\x00":
            assert old == self.pin
            self.pin = new
        elif answer[0] == 0x63:
            self.proved.discard((channel, reference))

    @rule(new=NEW_PINS)
    def set_first(self, new: str) -> None:
        if self.say(CommandApdu(0, 0x24, 1, 2, pin_block(new))) == b"\x90\x00":
            assert self.pin is None
            self.pin = new

    @rule(reference=REFERENCES, puk=PUKS, new=st.none() | NEW_PINS, channel=CHANNELS)
    def unblock(self, reference: int, puk: str, new: str | None, channel: int) -> None:
        body = pin_block(puk) + (b"" if new is None else pin_block(new))
        answer = self.say(CommandApdu(0, 0x2C, 0 if new else 1, reference, body), channel)
        if channel in self.place:
            self.proved.discard((channel, reference))
        if answer == b"\x90\x00":
            assert puk == PUK
            self.pin = new or self.pin

    @rule(folder=FOLDERS, channel=CHANNELS)
    def select(self, folder: bytes, channel: int) -> None:
        if self.say(CommandApdu(0, 0xA4, 4, 0x0C, folder), channel) == b"\x90\x00":
            self.place[channel] = folder

    @rule()
    def open_channel(self) -> None:
        answer = self.say(CommandApdu(0, 0x70, 0, 0, b"", 1))
        if answer[-2:] == b"\x90\x00":
            assert answer[0] not in self.place
            self.place[answer[0]] = b""

    @rule(channel=CHANNELS, close=st.booleans())
    def leave_channel(self, channel: int, close: bool) -> None:
        if self.say(CommandApdu(0, 0x70, 0x80 if close else 0x40, 0), channel) != b"\x90\x00":
            return
        self.proved = {proof for proof in self.proved if proof[0] != channel}
        if close:
            del self.place[channel]
        else:
            self.place[channel] = b""

    @rule()
    def reset(self) -> None:
        self.card.reset()
        self.proved.clear()
        self.place = {0: b""}

    @rule(name=st.sampled_from(sorted(PROTECTED)), channel=CHANNELS)
    def read(self, name: str, channel: int) -> None:
        folder, command = PROTECTED[name]
        self.select(folder, channel)
        answer = self.say(command, channel)
        assert (answer[-2:] == b"\x90\x00") == ((channel, 0x02) in self.proved), (name, answer.hex())

    @rule(channel=CHANNELS)
    def sign(self, channel: int) -> None:
        self.select(ESIGN, channel)
        self.say(CommandApdu(0, 0x22, 0x41, 0xB6, bytes.fromhex("840184800100")), channel)
        answer = self.say(CommandApdu(0, 0x2A, 0x9E, 0x9A, bytes(32), 256), channel)
        assert (len(answer) == 66) == ((channel, 0x02) in self.proved)

    @precondition(lambda self: len(self.proved) == 0)
    @rule(octets=ANYTHING)
    def try_anything(self, octets: bytes) -> None:
        """Only while nothing is proved, and none of it holds a secret: then the answers have nothing to give away."""
        answer = self.raw(octets)
        if len(octets) > 1 and octets[1] == 0x2A:
            needs_nothing = octets[2:3] == b"\x00" or octets[2:4] == ENCIPHER
            assert answer[-2:] != b"\x90\x00" or needs_nothing
        self.card.reset()
        self.place = {0: b""}

    # -- what must hold --------------------------------------------------------------------------------------------

    def check_counters(self, octets: bytes, before: PasswordState, after: PasswordState, answer: bytes) -> None:
        command = _parsed(octets)
        ins = command.ins if command else 0
        with_puk = command is not None and command.data.startswith(pin_block(PUK)) and ins == 0x2C
        with_pin = command is not None and ins in _WITH_SECRET and before.tries > 0
        assert after.puk_uses <= before.puk_uses
        assert before.puk_uses - after.puk_uses <= (ins == 0x2C)
        shared = command is not None and command.cla < 0x80 and command.p2 != _DEPUTY
        missed = answer[0] == 0x63 and ins in _WITH_SECRET and shared
        assert after.tries == before.tries - 1 if missed else after.tries >= before.tries
        if after.tries > before.tries:
            assert answer == b"\x90\x00"
            assert with_puk or with_pin
        if before.tries == 0 and after.tries > 0:
            assert with_puk
        if before.transport is TransportState.REGULAR:
            assert after.transport is TransportState.REGULAR

    @invariant()
    def the_status_shown_is_what_was_proved(self) -> None:
        if not hasattr(self, "card"):
            return
        for channel in self.place:
            shown = self.card.transmit(bytes((0x80 | channel, 0x20, 0, 2)))
            if shown == b"\x90\x00":
                assert (channel, 2) in self.proved
            elif (channel, 2) in self.proved:
                assert self.card.password.tries == 0


def _parsed(octets: bytes) -> CommandApdu | None:
    try:
        return parse(octets)
    except MalformedApdu:
        return None


TestCardUnderFire = CardUnderFire.TestCase
TestCardUnderFire.settings = settings(deadline=None, max_examples=80, stateful_step_count=40)


READABLE_IN_PLAIN = {0x1D, 0x1C, 0x11}  # EF.ATR, EF.CardAccess, EF.Version2


@settings(deadline=None, max_examples=300)
@given(st.lists(ANYTHING, max_size=12))
def test_in_plain_over_the_air_nothing_is_proved_and_nothing_changes(commands: list[bytes]) -> None:
    card = HealthCard.personalised(CLARA, today=TODAY, enforcement=Enforcement.AS_SPECIFIED)
    before = card.password
    for octets in commands:
        answer = card.transmit(octets, Interface.CONTACTLESS)
        assert answer[-2] in (0x90, *range(0x62, 0x70))
    assert card.password == before


@pytest.mark.parametrize("sfid", range(1, 31))
def test_in_plain_over_the_air_the_root_gives_away_three_files(sfid: int) -> None:
    card = HealthCard.personalised(CLARA, today=TODAY, enforcement=Enforcement.AS_SPECIFIED)
    answer = card.transmit(bytes((0x00, 0xB0, 0x80 | sfid, 0, 0)), Interface.CONTACTLESS)
    assert (answer[-2:] == b"\x90\x00") == (sfid in READABLE_IN_PLAIN)


@settings(deadline=None, max_examples=300)
@given(st.lists(ANYTHING, max_size=12), st.sampled_from(["egk-g2.0", "egk-g2.1-contact"]))
def test_cards_of_all_kinds_answer_anything(commands: list[bytes], system: str) -> None:
    card = HealthCard.personalised(CLARA, today=TODAY, system=system)
    for octets in commands:
        assert card.transmit(octets)[-2] in (0x90, *range(0x62, 0x70))
        assert card.describe(octets)


ALL_ROLES = range(2, 56)  # 0 and 1 are a CA's


@settings(deadline=None, max_examples=150)
@given(st.lists(COMMANDS | ANYTHING, max_size=10), st.sampled_from(["egk-g2.0", "egk-g2.1"]))
def test_a_card_that_allows_everything_still_answers_anything(commands: list[bytes], system: str) -> None:
    card = HealthCard.personalised(CLARA, today=TODAY, system=system)

    def reader(command: str) -> str:
        return card.transmit(bytes.fromhex(command)).hex().upper()

    authenticate(reader, *ALL_ROLES)
    for reference in (0x01, 0x02):
        reader(f"002000{reference:02X}08{pin_block(PIN).hex()}")
    for octets in commands:
        answer = card.transmit(octets)
        assert answer[-2] in (0x90, *range(0x62, 0x70))


@settings(deadline=None, max_examples=25)
@given(st.lists(COMMANDS, max_size=10), st.sampled_from(sorted(PROTECTED)))
def test_the_can_alone_opens_neither_protected_data_nor_the_key(commands: list[bytes], name: str) -> None:
    card = HealthCard.personalised(CLARA, today=TODAY, enforcement=Enforcement.AS_SPECIFIED)
    folder, reading = PROTECTED[name]
    sign = [
        CommandApdu(0, 0x22, 0x41, 0xB6, bytes.fromhex("840184800100")),
        CommandApdu(0, 0x2A, 0x9E, 0x9A, bytes(32), 256),
    ]
    terminal = Terminal(card.transmit_contactless, Random(1))
    terminal.open_pace("123123")
    before = card.password
    try:
        for octets in commands:
            terminal.exchange(parse(octets))
        terminal.exchange(CommandApdu(0, 0xA4, 4, 0x0C, folder))
        assert terminal.exchange(reading).sw != 0x9000
        terminal.exchange(CommandApdu(0, 0xA4, 4, 0x0C, ESIGN))
        assert [terminal.exchange(command).sw for command in sign][1] != 0x9000
    except CardError:  # MANAGE CHANNEL has ended the session
        assert card.transmit_contactless(reading.to_bytes())[-2:] != b"\x90\x00"
    assert card.password.puk_uses >= before.puk_uses - len(commands)
    assert card.password.tries >= before.tries - len(commands)
