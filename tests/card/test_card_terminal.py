"""A card and a terminal together: the golden session, transcripts of a real card, sessions that end, any octets."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path
from random import Random
from typing import NamedTuple

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed, encode_dss_signature
from hypothesis import given, settings
from hypothesis import strategies as st

from emulators.card import CardIssuer, HealthCard, Interface, brainpool
from emulators.card.apdu import CommandApdu
from emulators.card.pace import CardEphemerals, SessionKeys, TerminalEphemerals
from emulators.card.passwords import pin_block
from emulators.card.secure_messaging import TerminalChannel
from emulators.card.terminal import (
    ESIGN,
    ApduError,
    CardError,
    Chaining,
    FalseCard,
    Format,
    SessionLost,
    Terminal,
    WrongCan,
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


def test_the_golden_session_to_the_byte() -> None:
    card = golden_card()
    for number, (command, response) in enumerate(GOLDEN, 1):
        assert (number, say(card, command)) == (number, response)


# As OpenSC's npa-tool and readers without extended length send them.
def test_the_rounds_may_come_as_short_commands() -> None:
    card = golden_card()
    for command, response in AGREEMENT:
        short = command if command == MSE_PACE else f"{command[:8]}{command[12:-4]}00"
        assert say(card, short) == response


def test_the_terminal_sends_the_golden_session() -> None:
    channel = TerminalChannel(KEYS)
    card, _ = in_session()
    for plain, (command, response) in SECURED:
        wrapped = channel.wrap(plain)
        assert wrapped.to_bytes().hex().upper() == command
        answer = Format(card.transmit_contactless).send(wrapped)
        assert answer.to_bytes().hex().upper() == response
        assert channel.unwrap(answer).sw == answer.sw


class Transcript:
    """A real card that knows one conversation: every command must come as it was recorded."""

    def __init__(self, file: str) -> None:
        header, *exchanges = (json.loads(line) for line in (TRANSCRIPTS / file).read_text("utf-8").splitlines())
        self.can: str = header["can"]
        self.ephemerals = TerminalEphemerals(*(int(key, 16) for key in header["keys"]))
        self._left: Iterator[dict[str, str]] = iter(exchanges)

    def transmit(self, command: bytes) -> bytes:
        exchange = next(self._left)
        assert command.hex().upper() == exchange["tx"]
        return bytes.fromhex(exchange["rx"])

    def is_over(self) -> bool:
        return next(self._left, None) is None


def nothing_more(terminal: Terminal) -> None:
    """Establishing the channel is all."""


def ask_for_random(terminal: Terminal) -> None:
    terminal.select()
    octets = terminal.get_random(0x20)
    assert len(octets) == 0x20


def show_the_pin(terminal: Terminal) -> None:
    terminal.select()
    assert terminal.pin_status() == 0x63C3
    terminal.verify("123456")


# A G2.1 card recorded by gematik (OpenHealth-Core, Apache-2.0).
@pytest.mark.parametrize(
    ("file", "rest"),
    [
        ("establish-secure-channel.jsonl", nothing_more),
        ("get-random.jsonl", ask_for_random),
        ("verify-pin.jsonl", show_the_pin),
    ],
)
def test_the_terminal_speaks_to_a_real_card_as_recorded(file: str, rest: Callable[[Terminal], None]) -> None:
    transcript = Transcript(file)
    terminal = Terminal(transcript.transmit, Random(0))
    assert terminal.select(with_fcp=True).startswith(b"\x62")
    assert terminal.read_binary(0x11).startswith(bytes.fromhex("EF2B"))
    terminal.select_file(0x011C)
    assert len(terminal.read_binary()) == 22
    terminal.open_pace(transcript.can, transcript.ephemerals)
    rest(terminal)
    assert transcript.is_over()


@pytest.mark.parametrize("extended_length", [True, False])
@pytest.mark.parametrize("interface", Interface)
def test_a_full_login(interface: Interface, extended_length: bool) -> None:
    card = HealthCard.personalised(ANNA, today=TODAY)
    terminal = Terminal(lambda command: card.transmit(command, interface), Random(1), extended_length=extended_length)
    terminal.open_pace("123456")
    terminal.select(ESIGN)
    fcp = terminal.select_file(0xC504, with_fcp=True)
    certificate = terminal.read_file()
    assert len(certificate) == int.from_bytes(fcp[-2:], "big")
    terminal.select()
    terminal.verify("123456")
    terminal.select(ESIGN)
    digest = hashlib.sha256(b"challenge").digest()
    signature = terminal.sign(digest)
    key = x509.load_der_x509_certificate(certificate).public_key()
    assert isinstance(key, ec.EllipticCurvePublicKey)
    r, s = (int.from_bytes(half, "big") for half in (signature[:32], signature[32:]))
    key.verify(encode_dss_signature(r, s), digest, ec.ECDSA(Prehashed(hashes.SHA256())))


def test_a_wrong_can_costs_no_try_and_can_be_corrected() -> None:
    card = golden_card()
    terminal = Terminal(card.transmit_contactless, Random(1))
    for _ in range(5):
        with pytest.raises(WrongCan):
            terminal.open_pace("000000")
        assert not terminal.secured
    assert card.password.tries == 3
    terminal.open_pace("123456")
    assert terminal.pin_status() == 0x63C3


def test_a_wrong_pin_under_secure_messaging_is_counted_and_told() -> None:
    terminal = open_terminal(golden_card())
    with pytest.raises(ApduError, match=r"SW=0x63C2 \(RETRIES_LEFT_2\)") as error:
        terminal.verify("000000")
    assert error.value.sw.tries_left == 2
    assert terminal.pin_status() == 0x63C2


def test_a_card_without_antenna_has_no_key_for_pace() -> None:
    card = HealthCard.personalised(replace(ANNA, card=replace(CARD, nfc=False)), today=TODAY)
    assert card.transmit(bytes.fromhex(MSE_PACE)).hex().upper() == "6A88"
    assert card.transmit(bytes.fromhex("108600000000027C000000")).hex().upper() == "6985"


@pytest.mark.parametrize(
    ("command", "status"),
    [
        ("0022C1A40F800A04007F00070202040203830102", "6A81"),
        ("0022C1A40F800A04007F00070202040202830103", "6A88"),
        ("0022C1A403830102", "6A81"),
        ("0022C1A4", "6A88"),
        ("0022C1A4028301", "6A80"),
        ("108600000000027C000000", "6985"),
    ],
)
def test_choosing_the_key_of_the_can_has_its_status_words(command: str, status: str) -> None:
    assert say(golden_card(), command) == status


def test_rounds_must_be_chained_and_come_in_order() -> None:
    card = golden_card()
    say(card, MSE_PACE)
    assert say(card, AGREEMENT[2].command) == "6985"
    assert say(card, "00" + AGREEMENT[1].command[2:]) == "6985"
    assert say(card, AGREEMENT[1].command) == AGREEMENT[1].response
    assert say(card, "108601" + AGREEMENT[2].command[6:]) == "6A86"
    assert say(card, AGREEMENT[3].command) == "6985"
    assert say(card, AGREEMENT[2].command) == "6985"


@pytest.mark.parametrize("behind", [2, 3, 4])
def test_the_first_round_begins_anew_at_any_time(behind: int) -> None:
    card = golden_card()
    for command, _ in AGREEMENT[:behind]:
        say(card, command)
    assert [say(card, command) for command, _ in AGREEMENT[1:]] == [response for _, response in AGREEMENT[1:]]


@pytest.mark.parametrize(
    ("between", "answer"), [("00A4040C", "9000"), ("80200002", "6982"), ("00B0820000", "6982"), (MSE_PACE, "9000")]
)
def test_a_command_between_the_rounds_runs_and_the_agreement_is_over(between: str, answer: str) -> None:
    """It runs by the rules of the air: what is protected says 6982 as long as there is no session."""
    card = golden_card()
    for command, _ in AGREEMENT[:3]:
        say(card, command)
    assert say(card, between)[-4:] == answer
    assert say(card, AGREEMENT[3].command) == "6985"


def test_a_reset_ends_agreement_and_session() -> None:
    card = golden_card()
    say(card, MSE_PACE)
    card.reset()
    assert say(card, AGREEMENT[1].command) == "6985"
    card, _ = in_session()
    card.reset()
    assert say(card, SECURED[0][1].command) == "6988"


def test_a_wrong_mac_ends_the_session() -> None:
    card, channel = in_session()
    good = channel.wrap(SELECT_ROOT)
    bad = good._replace(data=good.data[:-1] + bytes((good.data[-1] ^ 1,)))
    assert card.transmit_contactless(bad.to_bytes()).hex() == "6988"
    assert card.transmit_contactless(good.to_bytes()).hex() == "6988"
    assert say(card, "00B0820000") == "6982"


def test_a_malformed_command_ends_the_session() -> None:
    card, channel = in_session()
    assert say(card, "0C20000208") == "6988"
    assert card.transmit_contactless(channel.wrap(SELECT_ROOT).to_bytes()).hex() == "6988"


# gemSpec_COS N031.600.a
@pytest.mark.parametrize("plain", ["00A4040C", "80200002", "00DA0000", "00", ""])
def test_a_plain_command_ends_the_session_and_runs_in_plain(plain: str) -> None:
    card, channel = in_session()
    fresh = golden_card()
    assert say(card, plain) == say(fresh, plain)
    assert card.transmit_contactless(channel.wrap(SELECT_ROOT).to_bytes()).hex() == "6988"


def test_the_terminal_notices_that_its_session_was_lost() -> None:
    card = golden_card()
    terminal = open_terminal(card)
    card.transmit_contactless(bytes.fromhex("00A4040C"))  # as a phone's check for presence does
    with pytest.raises(SessionLost) as error:
        terminal.select()
    assert error.value.sw == 0x6988
    assert not terminal.secured
    terminal.open_pace("123456")
    terminal.select()


def test_a_command_out_of_the_channel_is_judged_like_any_other() -> None:
    terminal = open_terminal(golden_card())
    for command, sw in [
        (CommandApdu(0x00, 0xDA, 0, 0), 0x6D00),
        (CommandApdu(0x01, 0xA4, 4, 0x0C), 0x6881),
        (CommandApdu(0x00, 0xA4, 2, 0x0C, b"\xde\xad"), 0x6A82),
        (CommandApdu(0x00, 0x2A, 0x9E, 0x9A, bytes(32), 256), 0x6985),
    ]:
        assert terminal.exchange(command).sw == sw
    assert terminal.secured


def test_control_parameters_come_back_in_plain_and_data_enciphered() -> None:
    card, channel = in_session()
    for command, tag in (
        (CommandApdu(0, 0xA4, 4, 4, b"", 256), 0x81),
        (CommandApdu(0, 0xB0, 0x82, 0, b"", 256), 0x87),
    ):
        answer = Format(card.transmit_contactless).send(channel.wrap(command))
        assert answer.data[0] == tag
        assert channel.unwrap(answer).data[0] in (0x62, 0x5A)


def test_a_session_can_be_agreed_on_within_a_session() -> None:
    card = golden_card()
    terminal = open_terminal(card)
    first = terminal.exchange(CommandApdu(0, 0x22, 0xC1, 0xA4, bytes.fromhex(MSE_PACE[10:])))
    assert first.sw == 0x9000
    opening = terminal.exchange(CommandApdu(0x10, 0x86, 0, 0, b"\x7c\x00", 256))
    assert opening.data.hex().upper() + "9000" == AGREEMENT[1].response


def test_each_run_draws_anew_and_each_card_alike() -> None:
    def opening(card: HealthCard) -> str:
        say(card, MSE_PACE)
        return say(card, AGREEMENT[1].command)

    one, same = (HealthCard.personalised(ANNA, today=TODAY) for _ in range(2))
    first = opening(one)
    assert first == opening(same)
    assert first != opening(one)


def test_faults_and_counters_are_seen_through_the_channel() -> None:
    physics = a_physics()
    card = golden_card(physics)
    terminal = open_terminal(card)
    with pytest.raises(ApduError):
        terminal.verify("000000")
    assert [entry.event for entry in physics.journal.entries] == ["password.changed"]
    physics.faults.arm("card", "memory_failure", {})
    with pytest.raises(ApduError, match="6581"):
        terminal.verify("123456")
    assert card.password.tries == 2


def test_a_world_can_force_the_leading_zero() -> None:
    physics = a_physics()
    physics.faults.arm("card", "leading_zero", {})
    card = HealthCard.personalised(ANNA, today=TODAY, physics=physics)
    answers: list[bytes] = []

    def listen(command: bytes) -> bytes:
        answers.append(card.transmit_contactless(command))
        return answers[-1]

    Terminal(listen, Random(1)).open_pace("123456", TERMINAL_EPHEMERALS)
    secret = brainpool.x_coordinate(brainpool.decode(answers[3][4:-2]) * TERMINAL_EPHEMERALS.x2)
    assert secret[0] == 0
    assert [entry.event for entry in physics.journal.named("card", "secret.forced")] == ["secret.forced"]


def test_secured_commands_have_names() -> None:
    card = golden_card()
    names = [card.describe(bytes.fromhex(exchange.command)) for exchange in GOLDEN]
    assert names[0] == "MANAGE SECURITY ENVIRONMENT"
    assert names[1:5] == ["GENERAL AUTHENTICATE"] * 4
    assert names[5:8] == ["secured SELECT", "secured GET PIN STATUS MRPIN.home", "secured VERIFY MRPIN.home"]
    assert names[12] == "secured READ BINARY SFID 02"


def test_a_way_of_short_commands_gets_long_ones_in_parts_and_fetches_the_rest() -> None:
    sent: list[str] = []
    answers = iter(["9000", "9000", "AA6102", "BBCC9000"])

    def transmit(command: bytes) -> bytes:
        sent.append(command[:5].hex().upper())
        return bytes.fromhex(next(answers))

    response = Chaining(Format(transmit)).send(CommandApdu(0x00, 0x2A, 0, 0xBE, bytes(600), 65536, True))
    assert sent == ["102A00BEFF", "102A00BEFF", "002A00BE5A", "00C0000002"]
    assert response.to_bytes().hex().upper() == "AABBCC9000"


def test_a_chain_ends_where_a_part_is_refused() -> None:
    response = Chaining(Format(lambda _: b"\x68\x84")).send(CommandApdu(0x00, 0x2A, 0, 0xBE, bytes(600), 0, True))
    assert response.sw == 0x6884


def test_a_mute_card_is_an_error() -> None:
    with pytest.raises(CardError, match="0 octets"):
        Terminal(lambda _: b"", Random(1)).select()


secured_command = st.builds(
    CommandApdu,
    st.sampled_from([0x00, 0x80, 0x10, 0x01]),
    st.sampled_from([0xA4, 0xB0, 0xB2, 0x20, 0x24, 0x2C, 0x22, 0x2A, 0x86, 0x84, 0xB1, 0x00]),
    st.integers(0, 255),
    st.integers(0, 255),
    st.binary(max_size=40),
    st.integers(0, 256),
    st.just(False),
)
known = st.sampled_from([bytes.fromhex(exchange.command) for exchange in GOLDEN])
broken = st.tuples(known, st.binary(max_size=6), st.integers(0, 60)).map(lambda t: t[0][: t[2]] + t[1])


@settings(deadline=None, max_examples=150)
@given(st.lists(known | broken | st.binary(max_size=40), max_size=10), st.sampled_from(Interface))
def test_any_octets_in_any_state_are_answered_with_a_status_word(commands: list[bytes], interface: Interface) -> None:
    card = golden_card()
    for command in commands:
        response = card.transmit(command, interface)
        assert response[-2] in (0x90, *range(0x62, 0x70))
        assert card.describe(command)


@settings(deadline=None, max_examples=60)
@given(st.lists(secured_command, max_size=8))
def test_any_command_in_a_session_is_answered_within_it(commands: list[CommandApdu]) -> None:
    card, channel = in_session()
    for command in commands:
        answer = Format(card.transmit_contactless).send(channel.wrap(command))
        assert channel.unwrap(answer).sw == answer.sw


recorded = [bytes.fromhex(exchange.response) for exchange in GOLDEN]


@settings(deadline=None)
@given(st.integers(0, len(AGREEMENT)), st.lists(st.binary(max_size=60) | st.sampled_from(recorded), max_size=6))
def test_any_card_is_survived_by_the_terminal(good: int, then: list[bytes]) -> None:
    answers = iter([*recorded[:good], *then])
    terminal = Terminal(lambda _: next(answers, b""), Random(1))
    with pytest.raises(CardError):
        use_up(terminal)


def use_up(terminal: Terminal) -> None:
    """Until the card falls silent, at the latest."""
    terminal.open_pace("123456", TERMINAL_EPHEMERALS)
    while True:
        terminal.read_file(0x02)


def test_a_false_card_is_told_from_a_wrong_can() -> None:
    false = recorded[4][:-3] + bytes((recorded[4][-3] ^ 1,)) + recorded[4][-2:]
    answers = iter([*recorded[:4], false])
    terminal = Terminal(lambda _: next(answers), Random(1))
    with pytest.raises(FalseCard, match="token"):
        terminal.open_pace("123456", TERMINAL_EPHEMERALS)
    assert not terminal.secured


def test_reading_ends_at_the_last_offset_a_command_can_name() -> None:
    asked: list[bytes] = []

    def endless(command: bytes) -> bytes:
        asked.append(command)
        return bytes(0x1000) + b"\x90\x00"

    assert len(Terminal(endless, Random(1)).read_file()) == 0x8000
    assert asked[-1][2:4] == b"\x70\x00"
