"""A card and a terminal together: the golden session, transcripts of a real card, sessions that end, any octets."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from random import Random

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed, encode_dss_signature
from hypothesis import given, settings
from hypothesis import strategies as st

from emulators.card import HealthCard, Interface
from emulators.card.apdu import CommandApdu
from emulators.card.pace import TerminalEphemerals
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
from tests.card.golden import (
    AGREEMENT,
    ANNA,
    CARD,
    GOLDEN,
    KEYS,
    MSE_PACE,
    SECURED,
    TERMINAL_EPHEMERALS,
    TODAY,
    TRANSCRIPTS,
    golden_card,
    in_session,
    open_terminal,
    say,
)


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
