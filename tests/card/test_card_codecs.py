"""TLV, APDUs, status words and PIN blocks: vectors, round trips, and any octets."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emulators.card import tlv
from emulators.card.apdu import CommandApdu, MalformedApdu, parse
from emulators.card.passwords import digits_of, pin_block
from emulators.card.status import StatusWord, retries_left


# The seven cases of ISO 7816-3, 12.1.3; the third and the last as gematik's apps send them.
@pytest.mark.parametrize(
    ("raw", "command"),
    [
        ("80200002", CommandApdu(0x80, 0x20, 0, 2)),
        ("00B0910000", CommandApdu(0, 0xB0, 0x91, 0, b"", 256)),
        ("00B09100000000", CommandApdu(0, 0xB0, 0x91, 0, b"", 65536, True)),
        ("00A4020C02011C", CommandApdu(0, 0xA4, 2, 0x0C, bytes.fromhex("011C"))),
        ("00A4020402C50400", CommandApdu(0, 0xA4, 2, 4, bytes.fromhex("C504"), 256)),
        ("00A4020C000002C504", CommandApdu(0, 0xA4, 2, 0x0C, bytes.fromhex("C504"), 0, True)),
        ("108600000000027C000000", CommandApdu(0x10, 0x86, 0, 0, bytes.fromhex("7C00"), 65536, True)),
    ],
)
def test_each_apdu_case_is_read_and_written(raw: str, command: CommandApdu) -> None:
    assert parse(bytes.fromhex(raw)) == command
    assert command.to_bytes().hex().upper() == raw


octet = st.integers(0, 255)
short = st.builds(CommandApdu, octet, octet, octet, octet, st.binary(max_size=255), st.integers(0, 256), st.just(False))
extended = st.builds(
    CommandApdu,
    octet,
    octet,
    octet,
    octet,
    st.binary(min_size=1, max_size=600),
    st.integers(0, 65536),
    st.just(True),
)


@given(short | extended)
def test_an_apdu_survives_the_wire(command: CommandApdu) -> None:
    assert parse(command.to_bytes()) == command


@given(st.binary(max_size=300))
def test_any_octets_are_an_apdu_or_malformed(raw: bytes) -> None:
    try:
        command = parse(raw)
    except MalformedApdu:
        return
    assert parse(command.to_bytes()) == command


def test_data_too_long_for_its_length_field_is_refused() -> None:
    with pytest.raises(MalformedApdu, match="256 octets"):
        CommandApdu(0, 0xD6, 0, 0, bytes(256)).to_bytes()


@given(st.lists(st.tuples(st.sampled_from([0x84, 0x5A, 0x7F21, 0x5F29, 0x62]), st.binary(max_size=400))))
def test_data_objects_survive_the_wire(objects: list[tuple[int, bytes]]) -> None:
    assert list(tlv.decode(b"".join(tlv.encode(tag, value) for tag, value in objects))) == objects


@given(st.binary(max_size=64))
def test_any_octets_are_data_objects_or_an_error(raw: bytes) -> None:
    try:
        list(tlv.decode(raw))
    except tlv.TlvError:
        return


# Blocks from reference card.md 1.8.
@pytest.mark.parametrize(
    ("digits", "block"),
    [("123456", "26123456FFFFFFFF"), ("12345678", "2812345678FFFFFF"), ("123123", "26123123FFFFFFFF")],
)
def test_a_pin_block_is_a_format_2_block(digits: str, block: str) -> None:
    assert pin_block(digits).hex().upper() == block


@given(st.text("0123456789", min_size=4, max_size=12))
def test_digits_survive_the_block(digits: str) -> None:
    assert digits_of(pin_block(digits)) == digits


@given(st.binary(max_size=9))
def test_any_octets_are_a_block_or_none(block: bytes) -> None:
    digits = digits_of(block)
    assert digits is None or pin_block(digits) == block


@pytest.mark.parametrize("digits", ["123", "1" * 13, "12a456", "١٢٣٤"])
def test_what_is_no_pin_makes_no_block(digits: str) -> None:
    with pytest.raises(ValueError, match="4 to 12 digits"):
        pin_block(digits)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0x6983, "SW=0x6983 (AUTH_METHOD_BLOCKED)"),
        (0x63C2, "SW=0x63C2 (RETRIES_LEFT_2)"),
        (0x63CF, "SW=0x63CF (NO_AUTHENTICATION)"),
        (0x6F42, "SW=0x6F42 (UNKNOWN)"),
    ],
)
def test_a_status_word_prints_itself(value: int, text: str) -> None:
    assert str(StatusWord(value)) == text


def test_more_than_fifteen_tries_left_read_fifteen() -> None:
    assert retries_left(20) == 0x63CF
