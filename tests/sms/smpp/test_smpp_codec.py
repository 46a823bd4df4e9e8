"""Octets and values, both ways. Vectors are written out from the tables of SMPP v3.4, chapter 4."""

from contextlib import suppress
from datetime import datetime, timedelta
from functools import partial

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emulators.core.clock import BERLIN
from emulators.sms.smpp import pdu as codec
from emulators.sms.smpp.bodies import (
    AlertNotification,
    Bind,
    BindResp,
    CancelSm,
    DataSm,
    Destination,
    Malformed,
    MessageIdResp,
    Outbind,
    QuerySm,
    QuerySmResp,
    ReplaceSm,
    ShortMessage,
    SubmitMulti,
    SubmitMultiResp,
    Tlv,
    Unsuccessful,
)
from emulators.sms.smpp.codes import Command, MessageState, Status, Tag, name_of
from emulators.sms.smpp.framer import LENGTH_LIMIT, Framer, FramingLost, Pdu
from emulators.sms.smpp.pdu import Body, decode, encode, encode_tlv, pdu
from emulators.sms.smpp.receipt import Dialect, Receipt
from emulators.sms.smpp.times import format_absolute, parse

_END = "stat:DELIVRD err:000"
NOW = datetime(2021, 3, 23, 9, 0, tzinfo=BERLIN)
SUBMIT = bytes.fromhex(
    "0000003D 00000004 00000000 00000005"  # submit_sm, sequence number 5
    "00 05 00 4D75737465726B6173736500 01 01 34393137313339323030303000"  # Musterkasse to 491713920000
    "40 00 00 00 00 01 00 00 00 05 48616C6C6F".replace(" ", "")
)


def test_a_submit_sm_is_written_as_the_standard_says() -> None:
    sm = ShortMessage(
        "", 5, 0, "Musterkasse", 1, 1, "491713920000", 0x40, registered_delivery=1, short_message=b"Hallo"
    )  # fmt: skip
    assert pdu(Command.SUBMIT_SM, 5, encode(sm)) == SUBMIT
    (found,) = Framer().feed(SUBMIT)
    assert (found.command, found.status, found.sequence) == (Command.SUBMIT_SM, 0, 5)
    assert decode(ShortMessage, found.body) == sm


@pytest.mark.parametrize(
    "body",
    [
        Bind("system", "password", "VMS", 0x34, 1, 1, "49"),
        BindResp("system", (Tlv(Tag.SC_INTERFACE_VERSION, b"\x34"),)),
        Outbind("system", "password"),
        DataSm("", 1, 1, "1", 1, 1, "2", 4, 1, 8, (Tlv(Tag.MESSAGE_PAYLOAD, bytes(1000)), Tlv(0x1400, b""))),
        MessageIdResp("0a", (Tlv(Tag.NETWORK_ERROR_CODE, b"\x03\x00\x01"),)),
        QuerySm("0a", 5, 0, "sender"),
        QuerySmResp("0a", "210323090000004+", 2, 0),
        CancelSm("", "0a", 5, 0, "sender", 1, 1, "2"),
        ReplaceSm("0a", 5, 0, "sender", "", "", 1, 0, b"text"),
        AlertNotification(1, 1, "2", 0, 0, "esme", ()),
    ],
    ids=lambda body: type(body).__name__,
)
def test_each_body_comes_back_as_it_was(body: Body) -> None:
    assert decode(type(body), encode(body)) == body


def test_submit_multi_names_its_destinations() -> None:
    sm = ShortMessage("", 5, 0, "sender", short_message=b"text", tlvs=(Tlv(Tag.USER_MESSAGE_REFERENCE, b"\0\1"),))
    multi = SubmitMulti((Destination(1, 1, 1, "491713920000"), Destination(2, address="list")), sm)
    octets = codec.encode_submit_multi(multi)
    assert bytes.fromhex("02 01 01 01") + b"491713920000\0" + b"\x02list\0" in octets
    assert codec.decode_submit_multi(octets) == multi
    answer = SubmitMultiResp("0a", (Unsuccessful(1, 1, "49", 0x0B),))
    assert codec.decode_submit_multi_resp(codec.encode_submit_multi_resp(answer)) == answer


TEXTS = st.text(st.characters(min_codepoint=1, max_codepoint=255), max_size=5)
OCTET = st.integers(0, 255)
TLVS = st.lists(st.builds(Tlv, st.integers(0, 0xFFFF), st.binary(max_size=30)), max_size=4).map(tuple)


@given(
    st.builds(
        ShortMessage,
        TEXTS, OCTET, OCTET, TEXTS, OCTET, OCTET, TEXTS, OCTET, OCTET, OCTET, TEXTS, TEXTS, OCTET, OCTET, OCTET, OCTET,
        st.binary(max_size=255), TLVS,
    )
)  # fmt: skip
def test_any_message_comes_back_as_it_was(sm: ShortMessage) -> None:
    assert decode(ShortMessage, encode(sm)) == sm


@given(st.binary(max_size=80), st.sampled_from([Bind, ShortMessage, DataSm, QuerySm, CancelSm, ReplaceSm]))
def test_any_octets_are_a_body_or_malformed(octets: bytes, kind: type[Body]) -> None:
    for parse_it in (partial(decode, kind), codec.decode_submit_multi, codec.decode_submit_multi_resp):
        with suppress(Malformed):
            parse_it(octets)


@given(st.lists(st.integers(1, 70)))
def test_pdus_are_found_however_the_stream_is_cut(cuts: list[int]) -> None:
    stream, framer, found, at = SUBMIT * 3, Framer(), list[Pdu](), 0
    for cut in [*cuts, len(stream)]:
        found += framer.feed(stream[at : at + cut])
        at += cut
    assert [one.sequence for one in found] == [5, 5, 5]


@pytest.mark.parametrize("length", [0, 15, LENGTH_LIMIT + 1, 0xFFFFFFFF])
def test_a_length_that_cannot_be_loses_the_framing_at_once(length: int) -> None:
    framer = Framer()
    stream = SUBMIT + length.to_bytes(4, "big") + SUBMIT[4:]
    found = framer.feed(stream)
    assert next(found).sequence == 5
    with pytest.raises(FramingLost) as lost:
        next(found)
    assert lost.value.sequence == 5
    with pytest.raises(FramingLost) as lost:
        list(Framer().feed(length.to_bytes(4, "big")))
    assert lost.value.sequence == 0


@pytest.mark.parametrize(
    ("body", "status", "why"),
    [
        (SUBMIT[16:40], Status.RINVCMDLEN, "ends within"),
        (SUBMIT[16:-6], Status.RINVCMDLEN, "before sm_length"),
        (SUBMIT[16:-1], Status.RINVMSGLEN, "sm_length says 5, 4 octets"),
        (SUBMIT[16:] + b"\x04\x24\x00", Status.RINVOPTPARSTREAM, "3 octets are left"),
        (SUBMIT[16:] + b"\x04\x24\x00\x05ab", Status.RINVOPTPARSTREAM, "0x0424 says 5 octets, 2"),
    ],
)
def test_what_is_wrong_with_a_body_has_a_status_and_words(body: bytes, status: Status, why: str) -> None:
    with pytest.raises(Malformed, match=why) as malformed:
        decode(ShortMessage, body)
    assert malformed.value.status is status


def test_a_string_too_long_for_its_field_is_not_written() -> None:
    with pytest.raises(ValueError, match="at most 9 octets"):
        encode(Bind("system", "ninechars"))
    with pytest.raises(ValueError, match="C-octet"):
        encode(Bind("sys\0tem", ""))
    assert decode(Bind, b"system\0ninechars\0\0\x34\0\0\0").password == "ninechars"


def test_numbers_have_their_names_and_strangers_keep_their_number() -> None:
    assert name_of(Command, 0x80000004) == "SUBMIT_SM_RESP (0x80000004)"
    assert name_of(Command, 0x80000000) == "GENERIC_NACK (0x80000000)"
    assert name_of(Status, 0x58) == "RTHROTTLED (0x58)"
    assert name_of(Status, 0x555) == "0x555"


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("210323090000004+", NOW),
        ("210323080000000+", NOW),
        ("210323023000022-", NOW),
        ("000000001000000R", NOW + timedelta(minutes=10)),
        ("000003000000000R", NOW + timedelta(days=3)),
    ],
)
def test_a_time_is_absolute_or_relative(text: str, moment: datetime) -> None:
    assert parse(text, NOW) == moment


def test_an_absolute_time_is_written_with_its_distance_from_utc() -> None:
    assert format_absolute(NOW) == "210323090000004+"


@pytest.mark.parametrize("text", ["1", "210323090000004", "211323090000004+", "210323090000099+", "21032309000000xR"])
def test_what_is_no_time_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r".+"):
        parse(text, NOW)


@pytest.mark.parametrize(
    ("dialect", "line"),
    [
        (
            Dialect(),
            f"id:00ff sub:001 dlvrd:001 submit date:2103230900 done date:2103230901 {_END} text:Ihre TAN lautet 1234",
        ),
        (
            Dialect(12, "Text", "hex", "decimal", sub=False, tlvs=False),
            f"id:255 dlvrd:001 submit date:210323090000 done date:210323090100 {_END} Text:Ihre TAN lautet 1234",
        ),
    ],
)
def test_a_receipt_is_written_in_its_dialect(dialect: Dialect, line: str) -> None:
    receipt = Receipt("00ff", NOW, NOW + timedelta(minutes=1), MessageState.DELIVRD, 0, "Ihre TAN lautet 123456")
    assert receipt.line(dialect) == line
    assert bool(receipt.tlvs(dialect)) is dialect.tlvs


def test_a_failure_has_its_network_error_in_a_parameter() -> None:
    receipt = Receipt("00ff", NOW, NOW, MessageState.UNDELIV, 5, "")
    assert "dlvrd:000" in receipt.line(Dialect())
    assert receipt.tlvs(Dialect()).endswith(encode_tlv(Tag.NETWORK_ERROR_CODE, b"\x03\x00\x05"))
