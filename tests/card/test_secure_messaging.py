"""The secure channel, both ends: vectors, round trips, and every way to break a message."""

from __future__ import annotations

import pytest
from cryptography.hazmat.primitives.ciphers import algorithms
from cryptography.hazmat.primitives.cmac import CMAC
from hypothesis import given
from hypothesis import strategies as st

from emulators.card import tlv
from emulators.card.apdu import CommandApdu, Response, parse
from emulators.card.pace import SessionKeys
from emulators.card.secure_messaging import (
    CardChannel,
    SecureMessagingError,
    TerminalChannel,
    is_secured,
    pad,
    unpad,
)
from emulators.card.status import CommandRefused, StatusWord

# Keys of the BSI worked example; vectors from reference card.md 3.4.
KEYS = SessionKeys(bytes.fromhex("68406B4162100563D9C901A6154D2901"), bytes.fromhex("73FF268784F72AF833FDC9464049AFC9"))
DATA = bytes.fromhex("05060708090A")
SEALED = "871101496C26D36306679609665A385C54DB37"
COMMANDS = {
    "case 1": (CommandApdu(1, 2, 3, 4), "0D0203040A8E08D92B4FDDC2BBED8C00"),
    "Le": (CommandApdu(1, 2, 3, 4, b"", 0x7F), "0D02030400000D97017F8E0871D8E0418DAE20F30000"),
    "long Le": (CommandApdu(1, 2, 3, 4, b"", 0x101, True), "0D02030400000E970201018E089F3EDDFBB1D3971D0000"),
    "data": (CommandApdu(1, 2, 3, 4, DATA), f"0D0203041D{SEALED}8E08E7AAD918F260D8EF00"),
    "data and Le": (
        CommandApdu(1, 2, 3, 4, DATA, 0x7F),
        f"0D020304000020{SEALED}97017F8E0863D541F262BD445A0000",
    ),
}
RESPONSES = {
    "bare": (b"", "990290008E08087631D746F87272"),
    "data": (DATA, f"{SEALED}990290008E08B7E9ED2A0C89FB3A"),
}
OK = StatusWord(0x9000)


@pytest.mark.parametrize(("plain", "protected"), COMMANDS.values(), ids=COMMANDS)
def test_commands_are_protected_as_in_the_vectors(plain: CommandApdu, protected: str) -> None:
    wrapped = TerminalChannel(KEYS, extended_length=True).wrap(plain)
    assert wrapped.to_bytes().hex().upper() == protected
    assert CardChannel(KEYS).unwrap(parse(bytes.fromhex(protected))) == plain


@pytest.mark.parametrize(("data", "protected"), RESPONSES.values(), ids=RESPONSES)
def test_responses_are_protected_as_in_the_vectors(data: bytes, protected: str) -> None:
    response = CardChannel(KEYS).wrap(Response(data, OK), enciphered=True)
    assert response.to_bytes().hex().upper() == protected + "9000"
    assert TerminalChannel(KEYS).unwrap(response) == Response(data, OK)


def pair() -> tuple[CardChannel, TerminalChannel]:
    return CardChannel(KEYS), TerminalChannel(KEYS)


octet = st.integers(0, 255)
le = st.integers(0, 256)
plain_class = st.sampled_from([0x00, 0x80, 0x01, 0x10])
short = st.builds(CommandApdu, plain_class, octet, octet, octet, st.binary(max_size=255), le, st.just(False))
extended = st.builds(
    CommandApdu, plain_class, octet, octet, octet, st.binary(max_size=700), st.integers(1, 65536), st.just(True)
)
words = st.integers(0x6200, 0x9000).map(StatusWord)


@given(
    st.lists(st.tuples(short | extended, st.binary(max_size=700), words, st.booleans()), min_size=1, max_size=5),
    st.booleans(),
)
def test_whole_sessions_survive_the_channel(
    exchanges: list[tuple[CommandApdu, bytes, StatusWord, bool]], extended_length: bool
) -> None:
    card, terminal = CardChannel(KEYS), TerminalChannel(KEYS, extended_length=extended_length)
    for command, data, sw, enciphered in exchanges:
        received = card.unwrap(parse(terminal.wrap(command).to_bytes()))
        assert received == command
        assert card.enciphered == bool(command.data)
        assert terminal.unwrap(card.wrap(Response(data, sw), enciphered=enciphered)) == Response(data, sw)


@given(st.binary(max_size=80))
def test_padding_comes_off_again(data: bytes) -> None:
    assert unpad(pad(data)) == data
    assert len(pad(data)) % 16 == 0


@pytest.mark.parametrize("octets", [b"", bytes(16), b"\x80" + bytes(16), b"\x81", b"\x01" * 16])
def test_what_was_not_padded_is_an_error(octets: bytes) -> None:
    with pytest.raises(SecureMessagingError):
        unpad(octets)


@pytest.mark.parametrize(
    ("cla", "secured"),
    [(0x00, False), (0x80, False), (0x10, False), (0x0C, True), (0x8C, True), (0x1D, True), (0x08, True)],
)
def test_the_class_byte_tells_what_is_secured(cla: int, secured: bool) -> None:
    assert is_secured(cla) is secured


def test_every_octet_of_a_command_is_protected() -> None:
    command = TerminalChannel(KEYS).wrap(CommandApdu(0, 0x20, 0, 2, DATA, 0))
    raw = command.to_bytes()[:-1]  # the outer Le is no part of what the MAC covers
    for at in range(1, len(raw)):
        broken = parse_or_none(raw[:at] + bytes((raw[at] ^ 1,)) + raw[at + 1 :])
        if broken is not None:
            with pytest.raises(CommandRefused, match="6988"):
                CardChannel(KEYS).unwrap(broken)


def parse_or_none(raw: bytes) -> CommandApdu | None:
    try:
        return parse(raw)
    except ValueError:
        return None


def test_every_octet_of_a_response_is_protected() -> None:
    raw = CardChannel(KEYS).wrap(Response(DATA, OK), enciphered=True).to_bytes()
    for at in range(len(raw)):
        broken = raw[:at] + bytes((raw[at] ^ 1,)) + raw[at + 1 :]
        with pytest.raises(SecureMessagingError):
            TerminalChannel(KEYS).unwrap(Response(broken[:-2], StatusWord.from_bytes(broken[-2:], "big")))


def test_a_command_cannot_be_played_again() -> None:
    card, terminal = pair()
    command = terminal.wrap(CommandApdu(0, 0xA4, 4, 0x0C))
    card.unwrap(command)
    card.wrap(Response(b"", OK), enciphered=False)
    with pytest.raises(CommandRefused, match="6988"):
        card.unwrap(command)


def test_a_response_cannot_be_played_again() -> None:
    card, terminal = pair()
    card.unwrap(terminal.wrap(CommandApdu(0, 0xA4, 4, 0x0C)))
    response = card.wrap(Response(b"", OK), enciphered=False)
    assert terminal.unwrap(response).sw == OK
    terminal.wrap(CommandApdu(0, 0xA4, 4, 0x0C))
    with pytest.raises(SecureMessagingError):
        terminal.unwrap(response)


def with_mac(cla: int, ins: int, body: str) -> CommandApdu:
    """Any objects under a right MAC: what a faulty client that knows the keys would send first."""
    header, objects = bytes((cla, ins, 0, 0)), bytes.fromhex(body)
    cmac = CMAC(algorithms.AES(KEYS.authentication))
    cmac.update((1).to_bytes(16, "big") + pad(header) + (pad(objects) if objects else b""))
    return CommandApdu(cla, ins, 0, 0, objects + b"\x8e\x08" + cmac.finalize()[:8], 256)


def test_data_may_come_in_plain_under_the_mac() -> None:
    card = CardChannel(KEYS)
    assert card.unwrap(with_mac(0x0C, 0x20, "81020102" + "970100")) == CommandApdu(0, 0x20, 0, 0, b"\1\2", 256)
    assert not card.enciphered


def test_odd_instructions_use_the_object_without_padding_indicator() -> None:
    sealed = SEALED.replace("871101", "8510")
    assert CardChannel(KEYS).unwrap(with_mac(0x0C, 0x21, sealed)).data == DATA
    card, terminal = pair()
    card.unwrap(terminal.wrap(CommandApdu(0, 0xB1, 0, 0, DATA, 256)))
    response = card.wrap(Response(DATA, OK), enciphered=True)
    assert response.data[:2] == b"\x85\x10"
    assert terminal.unwrap(response).data == DATA


def test_plain_answers_come_in_object_81() -> None:
    response = CardChannel(KEYS).wrap(Response(DATA, OK), enciphered=False)
    assert response.data.startswith(b"\x81\x06" + DATA + b"\x99\x02\x90\x00\x8e\x08")


FAULTY = {
    "an unknown padding indicator": (0x0C, 0x20, SEALED.replace("871101", "871102")),
    "no whole blocks": (0x0C, 0x20, "87100100112233445566778899AABBCCDDEE"),
    "an empty cryptogram": (0x0C, 0x20, "870101"),
    "an empty object 87": (0x0C, 0x20, "8700"),
    "a cryptogram without padding": (0x0C, 0x20, "871101" + "00" * 16),
    "87 with an odd instruction": (0x0C, 0x21, SEALED),
    "85 with an even instruction": (0x0C, 0x20, SEALED.replace("871101", "8510")),
    "Le before data": (0x0C, 0x20, "970100" + SEALED),
    "Le twice": (0x0C, 0x20, "970100970100"),
    "data twice": (0x0C, 0x20, "810101810101"),
    "Le of three octets": (0x0C, 0x20, "9703000000"),
    "Le of none": (0x0C, 0x20, "9700"),
    "a status word": (0x0C, 0x20, "99029000"),
    "an unknown object": (0x0C, 0x20, "5F290101"),
    "a length too long": (0x0C, 0x20, "970500"),
    "a header outside the MAC": (0x08, 0x20, SEALED),
    "proprietary secure messaging": (0x04, 0x20, SEALED),
}


@pytest.mark.parametrize(("cla", "ins", "body"), FAULTY.values(), ids=FAULTY)
def test_a_faulty_structure_is_refused_even_with_the_right_mac(cla: int, ins: int, body: str) -> None:
    with pytest.raises(CommandRefused, match="6988"):
        CardChannel(KEYS).unwrap(with_mac(cla, ins, body))


@pytest.mark.parametrize("data", ["", "8E", "8E08", "8E07" + "00" * 7, "00" * 10, "990290008E08" + "00" * 7])
def test_an_answer_without_mac_is_an_error(data: str) -> None:
    with pytest.raises(SecureMessagingError):
        TerminalChannel(KEYS).unwrap(Response(bytes.fromhex(data), OK))


def test_the_status_word_outside_must_be_the_one_inside() -> None:
    response = CardChannel(KEYS).wrap(Response(b"", OK), enciphered=False)
    with pytest.raises(SecureMessagingError, match="inside"):
        TerminalChannel(KEYS).unwrap(Response(response.data, StatusWord(0x63C2)))


def test_data_too_long_for_an_object_are_not_sent() -> None:
    card, terminal = pair()
    card.unwrap(terminal.wrap(CommandApdu(0, 0xB0, 0, 0, b"", 65536, True)))
    assert terminal.unwrap(card.wrap(Response(bytes(65536), OK), enciphered=True)) == Response(b"", StatusWord(0x6700))


@pytest.mark.parametrize("cla", [0x20, 0x40, 0x4F, 0xE1])
def test_a_class_byte_without_room_for_protection_is_not_sent(cla: int) -> None:
    terminal, card = TerminalChannel(KEYS), CardChannel(KEYS)
    with pytest.raises(SecureMessagingError, match=f"class byte {cla:02X}"):
        terminal.wrap(CommandApdu(cla, 2, 3, 4))
    assert card.unwrap(terminal.wrap(CommandApdu(1, 2, 3, 4))).ins == 2


@given(octet, octet, octet, octet, st.binary(max_size=120))
def test_any_octets_are_refused_by_the_card_with_6988(cla: int, ins: int, p1: int, p2: int, data: bytes) -> None:
    with pytest.raises(CommandRefused, match="6988"):
        CardChannel(KEYS).unwrap(CommandApdu(cla, ins, p1, p2, data, 256))


objects = st.lists(
    st.tuples(st.sampled_from([0x81, 0x85, 0x87, 0x97, 0x99]), st.binary(max_size=40)).map(lambda o: tlv.encode(*o)),
    max_size=4,
).map(b"".join)


@given(octet, octet, objects | st.binary(max_size=60))
def test_any_octets_under_a_right_mac_are_a_command_or_6988(cla: int, ins: int, body: bytes) -> None:
    answer = answered(with_mac(cla, ins, body.hex()))
    assert answer == 0x6988 if isinstance(answer, StatusWord) else parse(answer.to_bytes()) == answer


def answered(command: CommandApdu) -> CommandApdu | StatusWord:
    try:
        return CardChannel(KEYS).unwrap(command)
    except CommandRefused as refused:
        return refused.sw


@given(st.binary(max_size=120), words)
def test_any_octets_are_refused_by_the_terminal(data: bytes, sw: StatusWord) -> None:
    with pytest.raises(SecureMessagingError):
        TerminalChannel(KEYS).unwrap(Response(data, sw))
