"""A client in front of the SMS centre: what it may do, what it is answered, and what it is sent."""

from datetime import timedelta
from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emulators.sms.header import part_of
from emulators.sms.message import Part
from emulators.sms.smpp.account import Rules
from emulators.sms.smpp.bodies import (
    BindResp,
    CancelSm,
    DataSm,
    Destination,
    MessageIdResp,
    QuerySm,
    QuerySmResp,
    ReplaceSm,
    ShortMessage,
    SubmitMulti,
    Tlv,
    find,
)
from emulators.sms.smpp.codes import RESPONSE, Command, EsmClass, MessageState, Status, Tag
from emulators.sms.smpp.pdu import decode, decode_submit_multi_resp, encode, encode_submit_multi, pdu
from emulators.sms.smpp.receipt import Dialect
from tests.sms.smpp.peer import NUMBER, SENDER, Centre, message, message_id

RING = "+491713920000"


# -- binding ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("command", [Command.BIND_TRANSMITTER, Command.BIND_RECEIVER, Command.BIND_TRANSCEIVER])
def test_a_client_binds_in_each_mode(centre: Centre, command: Command) -> None:
    client = centre.client(None)
    (answer,) = client.ask(command, encode(client.credentials))
    assert (answer.command, answer.status, answer.sequence) == (command | RESPONSE, 0, 1)
    version = (Tlv(Tag.SC_INTERFACE_VERSION, b"\x34"),)
    assert decode(BindResp, answer.body) == BindResp(centre.account.system_id, version)


def test_a_client_of_version_3_3_is_sent_no_parameters(centre: Centre) -> None:
    client = centre.client(None)
    (answer,) = client.ask(Command.BIND_TRANSCEIVER, encode(client.credentials._replace(interface_version=0x33)))
    assert decode(BindResp, answer.body).tlvs == ()


@pytest.mark.parametrize(
    ("field", "status"), [("system_id", Status.RINVSYSID), ("password", Status.RINVPASWD)]
)  # fmt: skip
def test_a_wrong_login_is_refused_and_the_right_one_taken_afterwards(
    centre: Centre, field: str, status: Status
) -> None:
    client = centre.client(None)
    (answer,) = client.ask(Command.BIND_TRANSCEIVER, encode(client.credentials._replace(**cast(Any, {field: "wrong"}))))
    assert (answer.status, answer.body) == (status, b"")
    (answer,) = client.ask(Command.BIND_TRANSCEIVER, encode(client.credentials))
    assert answer.status == Status.ROK


def test_a_second_bind_is_one_too_many(centre: Centre) -> None:
    client = centre.client()
    (answer,) = client.ask(Command.BIND_TRANSCEIVER, encode(client.credentials))
    assert answer.status == Status.RALYBND


def test_an_account_has_only_so_many_sessions() -> None:
    centre = Centre(Rules(sessions=1))
    client = centre.client()
    late = centre.client(None)
    assert late.ask(Command.BIND_RECEIVER, encode(late.credentials))[0].status == Status.RBINDFAIL
    client.ask(Command.UNBIND)
    assert late.ask(Command.BIND_RECEIVER, encode(late.credentials))[0].status == Status.ROK


@pytest.mark.parametrize("command", [None, Command.BIND_RECEIVER])
def test_nothing_is_submitted_before_a_bind_or_on_a_receiver(centre: Centre, command: Command | None) -> None:
    client = centre.client(command)
    assert client.submit().status == Status.RINVBNDSTS
    assert centre.gateway.messages == ()


def test_unbind_is_answered_and_ends_the_connection(centre: Centre) -> None:
    client = centre.client()
    (answer,) = client.ask(Command.UNBIND)
    assert (answer.command, answer.status, client.line.end) == (Command.UNBIND | RESPONSE, 0, "closed")


def test_the_server_unbinds_takes_nothing_more_and_closes_after_the_answer(centre: Centre) -> None:
    client = centre.client()
    client.session.unbind()
    (request,) = client.hear()
    assert request.command == Command.UNBIND
    assert client.submit().status == Status.RINVBNDSTS
    client.session.receive(pdu(Command.UNBIND | RESPONSE, request.sequence))
    assert client.line.end == "closed"


# -- keeping alive ------------------------------------------------------------------------------------------------


def test_enquire_link_is_answered_before_and_after_a_bind(centre: Centre) -> None:
    for client in (centre.client(None), centre.client()):
        (answer,) = client.ask(Command.ENQUIRE_LINK)
        assert (answer.command, answer.sequence) == (Command.ENQUIRE_LINK | RESPONSE, client.sequence)


def test_a_silent_client_is_enquired_after_and_dropped_at_last() -> None:
    centre = Centre(Rules(enquire_every=timedelta(seconds=30), idle_after=timedelta(minutes=5)))
    client = centre.client()
    now = centre.physics.clock.now
    for _ in range(8):
        centre.physics.advance_to(centre.physics.clock.now + timedelta(seconds=30))
        (asked,) = client.hear()
        assert asked.command == Command.ENQUIRE_LINK
        client.session.receive(pdu(Command.ENQUIRE_LINK | RESPONSE, asked.sequence))
    centre.physics.advance_to(now + timedelta(minutes=8, seconds=59))
    assert len(client.hear()) == 1  # not another one before this one is answered
    assert client.line.end == ""
    centre.physics.advance_to(now + timedelta(minutes=9))
    assert client.line.end == "closed"
    assert centre.events("idle") == [{"seconds": 300}]


# -- submitting ---------------------------------------------------------------------------------------------------


def test_a_message_reaches_the_handset_and_a_receipt_the_client(centre: Centre) -> None:
    client = centre.client()
    taken = message_id(client.submit("Für Sie: 123456".encode("latin-1"), data_coding=3))
    (receipt,) = client.deliveries()
    assert [text.body for text in centre.handset.inbox] == ["Für Sie: 123456"]
    assert receipt.esm_class == EsmClass.RECEIPT
    assert (receipt.source_addr, receipt.destination_addr) == (NUMBER, SENDER)
    assert receipt.short_message.startswith(f"id:{taken} sub:001 dlvrd:001 ".encode())
    assert b"stat:DELIVRD err:000" in receipt.short_message
    assert find(receipt.tlvs, Tag.RECEIPTED_MESSAGE_ID) == taken.encode() + b"\0"
    assert find(receipt.tlvs, Tag.MESSAGE_STATE) == bytes((MessageState.DELIVRD,))


@pytest.mark.parametrize(
    ("data_coding", "octets", "text"),
    [
        (0, b"\x7b\x7c\x7e \x1b\x65", "äöü €"),
        (1, b"ascii", "ascii"),
        (3, "äöü".encode("latin-1"), "äöü"),
        (8, "TAN ✓ 😀".encode("utf-16-be"), "TAN ✓ 😀"),
        (0x18, "klar".encode("utf-16-be"), "klar"),
        (0xF0, b"blitz", "blitz"),
    ],
)
def test_octets_are_read_as_the_data_coding_says(centre: Centre, data_coding: int, octets: bytes, text: str) -> None:
    assert centre.client().submit(octets, data_coding=data_coding).status == Status.ROK
    assert centre.gateway.messages[0].body == text


def test_binary_octets_are_kept(centre: Centre) -> None:
    assert centre.client().submit(b"\x00\xff", data_coding=4).status == Status.ROK
    assert centre.gateway.messages[0].order.payload == b"\x00\xff"


@pytest.mark.parametrize(
    ("fields", "status"),
    [
        ({"destination_addr": "4915112345678"}, Status.RINVDSTADR),
        ({"destination_addr": "12"}, Status.RINVDSTADR),
        ({"source_addr": ""}, Status.RINVSRCADR),
        ({"source_addr": "much too long name"}, Status.RINVSRCADR),
        ({"source_addr_ton": 9}, Status.RINVSRCTON),
        ({"source_addr_npi": 7}, Status.RINVSRCNPI),
        ({"dest_addr_ton": 7}, Status.RINVDSTTON),
        ({"dest_addr_npi": 2}, Status.RINVDSTNPI),
        ({"schedule_delivery_time": "tomorrow"}, Status.RINVSCHED),
        ({"schedule_delivery_time": "210323070000004+"}, Status.RINVSCHED),
        ({"validity_period": "1"}, Status.RINVEXPIRY),
        ({"validity_period": "000000001000000R", "schedule_delivery_time": "000000002000000R"}, Status.RINVEXPIRY),
        ({"data_coding": 0x77}, Status.RSUBMITFAIL),
        ({"esm_class": 0x40, "short_message": b"\x20abc"}, Status.RINVESMCLASS),
        ({"tlvs": (Tlv(Tag.MESSAGE_PAYLOAD, b"too"),)}, Status.RINVMSGLEN),
        ({"tlvs": (Tlv(Tag.SAR_MSG_REF_NUM, b"\0\1"),)}, Status.RMISSINGOPTPARAM),
        ({"tlvs": (Tlv(Tag.SAR_MSG_REF_NUM, b"\1"),)}, Status.RINVPARLEN),
    ],
)
def test_what_is_wrong_with_a_submission_is_answered_in_its_status(
    centre: Centre, fields: dict[str, object], status: Status
) -> None:
    client = centre.client()
    text = fields.pop("short_message", b"text")
    assert isinstance(text, bytes)
    assert client.submit(text, **fields).status == status
    assert client.submit().status == Status.ROK


@pytest.mark.parametrize(
    ("ton", "address"), [(1, NUMBER), (1, f"+{NUMBER}"), (2, "01713920000"), (0, NUMBER), (0, "00491713920000")]
)
def test_a_number_is_understood_however_it_is_written(centre: Centre, ton: int, address: str) -> None:
    assert centre.client().submit(dest_addr_ton=ton, destination_addr=address).status == Status.ROK
    assert centre.gateway.messages[0].to == RING


def test_the_text_may_come_as_a_parameter(centre: Centre) -> None:
    payload = (Tlv(Tag.MESSAGE_PAYLOAD, b"long " * 60),)
    client = centre.client()
    assert client.submit(b"", tlvs=payload).status == Status.ROK
    data = DataSm("", 5, 0, SENDER, 1, 1, NUMBER, 0, 1, 0, payload)
    assert client.ask(Command.DATA_SM, encode(data))[0].command == Command.DATA_SM | RESPONSE
    assert [one.body for one in centre.gateway.messages] == ["long " * 60] * 2
    (refused,) = client.ask(Command.DATA_SM, encode(data._replace(tlvs=())))
    assert refused.status == Status.RMISSINGOPTPARAM


def test_a_message_sets_out_when_it_is_scheduled_and_expires_when_it_says(centre: Centre) -> None:
    client = centre.client()
    times: dict[str, Any] = {"schedule_delivery_time": "000000010000000R", "validity_period": "210323110000004+"}
    assert client.submit(**times).status == Status.ROK
    assert client.deliveries(days=59 / 1440) == []
    order = centre.gateway.messages[0].order
    assert order.validity == timedelta(hours=1)
    assert len(client.deliveries(days=1 / 1440)) == 1


def test_submit_multi_says_who_could_not_be_reached(centre: Centre) -> None:
    destinations = (Destination(1, 1, 1, NUMBER), Destination(1, 1, 1, "12"), Destination(2, address="all"))
    client = centre.client()
    (answer,) = client.ask(Command.SUBMIT_MULTI, encode_submit_multi(SubmitMulti(destinations, message())))
    result = decode_submit_multi_resp(answer.body)
    assert [(one.address, one.status) for one in result.unsuccessful] == [
        ("12", Status.RINVDSTADR), ("all", Status.RCNTSUBDL),
    ]  # fmt: skip
    (receipt,) = client.deliveries()
    assert receipt.short_message.startswith(f"id:{result.message_id} ".encode())


def test_only_so_many_submissions_may_be_unanswered() -> None:
    centre = Centre(Rules(window=2, over_window=Status.RMSGQFUL))
    client = centre.client()
    client.session.receive(b"".join(pdu(Command.SUBMIT_SM, number, encode(message())) for number in (2, 3, 4)))
    assert [one.status for one in client.hear()] == [0, 0, Status.RMSGQFUL]
    assert client.submit().status == Status.ROK


# -- receipts -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("asked", "reachable", "states"),
    [
        (0, True, []),
        (1, True, ["DELIVRD"]),
        (1, False, ["UNDELIV"]),
        (2, True, []),
        (2, False, ["UNDELIV"]),
        (3, True, ["DELIVRD"]),
        (3, False, []),
        (0x11, True, ["ENROUTE", "DELIVRD"]),
    ],
)
def test_receipts_come_as_they_were_asked_for(centre: Centre, asked: int, reachable: bool, states: list[str]) -> None:
    centre.handset.receives_sms = reachable
    client = centre.client()
    client.submit(registered_delivery=asked)
    client.deliveries()
    assert [event["stat"] for event in centre.events("receipt")] == states


def test_a_receipt_has_question_marks_for_what_the_alphabet_lacks(centre: Centre) -> None:
    client = centre.client()
    client.submit(("✓" * 60).encode("utf-16-be"), data_coding=8)
    (receipt,) = client.deliveries()
    assert receipt.short_message.endswith(b"text:" + b"?" * 20)


def test_ids_may_be_hexadecimal_in_the_answer_and_decimal_in_the_receipt() -> None:
    centre = Centre(Rules(dialect=Dialect(receipt_id="decimal")))
    client = centre.client()
    taken = message_id(client.submit())
    (receipt,) = client.deliveries()
    assert receipt.short_message.startswith(f"id:{int(taken, 16)} ".encode())


def test_receipts_wait_for_a_receiver_and_go_to_it(centre: Centre) -> None:
    transmitter = centre.client(Command.BIND_TRANSMITTER)
    transmitter.submit()
    assert transmitter.deliveries() == []
    receiver = centre.client(None)
    answer, _ = receiver.ask(Command.BIND_RECEIVER, encode(receiver.credentials))
    assert answer.command == Command.BIND_RECEIVER | RESPONSE


def test_what_a_lost_session_did_not_answer_goes_to_the_next(centre: Centre) -> None:
    first = centre.client()
    first.submit()
    centre.physics.happen()
    (sent,) = first.hear()
    first.session.lost("reset by peer")
    assert centre.events("connection_lost") == [{"why": "reset by peer"}]
    second = centre.client(None)
    _, again = second.ask(Command.BIND_RECEIVER, encode(second.credentials))
    assert again.body == sent.body


@pytest.mark.parametrize(
    ("status", "outcomes"),
    [
        (Status.RX_T_APPN, ["again", "again", "given_up"]),
        (Status.RX_P_APPN, ["given_up"]),
        (Status.RX_R_APPN, ["rejected"]),
        (0x555, ["given_up"]),
    ],
)
def test_a_client_may_refuse_a_delivery(centre: Centre, status: int, outcomes: list[str]) -> None:
    client = centre.client()
    client.submit()
    for _ in range(4):
        client.deliveries(status=status, days=1)
    refused = centre.events("deliver.refused")
    assert [event["outcome"] for event in refused] == outcomes
    assert {event["status"] for event in refused} == {status}


def test_deliveries_are_sent_ahead_only_as_far_as_the_window() -> None:
    centre = Centre(Rules(deliveries=2))
    client = centre.client()
    for _ in range(5):
        client.submit()
    centre.physics.happen()
    sent = client.hear()
    assert len(sent) == 2
    client.session.receive(pdu(Command.DELIVER_SM | RESPONSE, sent[0].sequence, encode(MessageIdResp())))
    assert len(client.hear()) == 1


def test_only_so_many_deliveries_wait_for_a_receiver() -> None:
    centre = Centre(Rules(keep=2))
    client = centre.client(Command.BIND_TRANSMITTER)
    for _ in range(3):
        client.submit()
    centre.physics.happen()
    assert len(centre.events("dropped")) == 1


def test_a_message_from_a_handset_comes_in_its_parts(centre: Centre) -> None:
    client = centre.client()
    centre.gateway.receive(RING, "+491713920001", "ä" * 200)
    one, two = client.deliveries()
    assert one.esm_class == two.esm_class == EsmClass.UDHI
    assert one.short_message[:6] == b"\x05\x00\x03" + one.short_message[3:4] + b"\x02\x01"
    assert one.short_message[6:] + two.short_message[6:] == b"\x7b" * 200
    assert (one.source_addr, one.destination_addr) == (NUMBER, "491713920001")
    centre.gateway.receive(RING, "+491713920001", "STOP ✓")
    (alone,) = client.deliveries()
    assert (alone.esm_class, alone.data_coding) == (0, 8)
    assert alone.short_message.decode("utf-16-be") == "STOP ✓"


# -- query, cancel, replace ---------------------------------------------------------------------------------------

LATER = "000001000000000R"


def test_a_message_can_be_asked_after(centre: Centre) -> None:
    client = centre.client()
    taken = message_id(client.submit(schedule_delivery_time=LATER))
    query = encode(QuerySm(taken, 5, 0, SENDER))
    (answer,) = client.ask(Command.QUERY_SM, query)
    assert decode(QuerySmResp, answer.body) == QuerySmResp(taken, "", MessageState.ENROUTE, 0)  # 3.4 knows no SCHEDULED
    client.deliveries(days=1)
    (answer,) = client.ask(Command.QUERY_SM, query)
    assert decode(QuerySmResp, answer.body) == QuerySmResp(taken, "210324090000004+", MessageState.DELIVRD, 0)


@pytest.mark.parametrize(
    ("command", "body", "status"),
    [
        (Command.QUERY_SM, QuerySm("00", 5, 0, SENDER), Status.RINVMSGID),
        (Command.CANCEL_SM, CancelSm("", "00", 5, 0, SENDER), Status.RINVMSGID),
        (Command.CANCEL_SM, CancelSm("", "", 5, 0, SENDER, 1, 1, NUMBER), Status.RCANCELFAIL),
        (Command.REPLACE_SM, ReplaceSm("00", 5, 0, SENDER), Status.RINVMSGID),
    ],
)
def test_a_message_that_is_not_there_is_not_found(
    centre: Centre, command: Command, body: QuerySm | CancelSm | ReplaceSm, status: Status
) -> None:
    assert centre.client().ask(command, encode(body))[0].status == status


@pytest.mark.parametrize("by_id", [True, False])
def test_a_scheduled_message_can_be_cancelled_once(centre: Centre, by_id: bool) -> None:
    client = centre.client()
    taken = message_id(client.submit(schedule_delivery_time=LATER))
    cancel = encode(CancelSm("", taken if by_id else "", 5, 0, SENDER, 1, 1, NUMBER))
    receipt, answer = client.ask(Command.CANCEL_SM, cancel)
    assert (answer.command, answer.status) == (Command.CANCEL_SM | RESPONSE, Status.ROK)
    assert b"stat:DELETED" in receipt.body
    assert len(client.deliveries(days=2)) == 0
    assert centre.handset.inbox == ()
    assert client.ask(Command.CANCEL_SM, cancel)[0].status == Status.RCANCELFAIL


def test_a_scheduled_message_can_be_given_another_text(centre: Centre) -> None:
    client = centre.client()
    taken = message_id(client.submit(schedule_delivery_time=LATER))
    new = ReplaceSm(taken, 5, 0, SENDER, short_message=b"new")
    assert client.ask(Command.REPLACE_SM, encode(new))[0].status == Status.ROK
    other = new._replace(source_addr="another")
    assert client.ask(Command.REPLACE_SM, encode(other))[0].status == Status.RREPLACEFAIL
    client.deliveries(days=1)
    assert [text.body for text in centre.handset.inbox] == ["new"]
    assert client.ask(Command.REPLACE_SM, encode(new))[0].status == Status.RREPLACEFAIL


# -- long messages ------------------------------------------------------------------------------------------------


def header(number: int, total: int = 2, *, wide: bool = False) -> bytes:
    return bytes((6, 8, 4, 1, 7, total, number)) if wide else bytes((5, 0, 3, 7, total, number))


@pytest.mark.parametrize("wide", [False, True])
def test_parts_with_a_header_are_joined_on_the_handset(centre: Centre, wide: bool) -> None:
    client = centre.client()
    for number, text in ((2, b"end"), (1, b"begin, ")):
        client.submit(header(number, wide=wide) + text, esm_class=EsmClass.UDHI)
    client.deliveries()
    assert [text.body for text in centre.handset.inbox] == ["begin, end"]


def test_parts_with_parameters_are_joined_on_the_handset(centre: Centre) -> None:
    client = centre.client()
    for number, text in ((1, b"begin, "), (2, b"end")):
        tlvs = (
            Tlv(Tag.SAR_MSG_REF_NUM, b"\0\7"), Tlv(Tag.SAR_TOTAL_SEGMENTS, b"\2"),
            Tlv(Tag.SAR_SEGMENT_SEQNUM, bytes((number,))),
        )  # fmt: skip
        client.submit(text, tlvs=tlvs)
    client.deliveries()
    assert [text.body for text in centre.handset.inbox] == ["begin, end"]


@pytest.mark.parametrize(
    ("elements", "part"),
    [
        ("0003070200 080400070201", Part(7, 1, 2, wide=True)),
        ("00030a0201 080400aa0202", Part(0xAA, 2, 2, wide=True)),
        ("080400aa0202 00030a0201", Part(0x0A, 1, 2)),
        ("00030a0200", None),
    ],
)
def test_an_element_that_cannot_be_is_ignored_and_of_several_the_last_counts(elements: str, part: Part | None) -> None:
    octets = bytes.fromhex(elements)
    assert part_of(bytes((len(octets),)) + octets) == part


SMILE = "😀".encode("utf-16-be")


@pytest.mark.parametrize(
    ("data_coding", "parts", "doubts"),
    [
        (0, (b"price 5 \x1b", b"\x65"), ["escape_pair_split"]),
        (0, (b"price 5 \x1b\x65", b"."), []),
        (0, (b"\x1b\x1b", b"."), []),
        (8, (b"\0a" + SMILE[:2], SMILE[2:]), ["surrogate_pair_split"] * 2),
        (8, (b"\0a" + SMILE, b"\0b"), []),
        (0, ("ü".encode("latin-1"), b"."), ["eighth_bit_set"]),
        (8, (b"\0a\0", b"\0b"), ["odd_octets"]),
    ],
)
def test_a_pair_cut_in_two_is_taken_and_reported(
    centre: Centre, data_coding: int, parts: tuple[bytes, ...], doubts: list[str]
) -> None:
    client = centre.client()
    for number, text in enumerate(parts, 1):
        answer = client.submit(header(number) + text, esm_class=EsmClass.UDHI, data_coding=data_coding)
        assert answer.status == Status.ROK
    client.deliveries()
    assert [event["what"] for event in centre.events("doubt")] == doubts
    assert ("\ufffd" in centre.handset.inbox[0].body) == (doubts[:1] in (["surrogate_pair_split"], ["odd_octets"]))
    assert centre.physics.journal.to_jsonl().encode()


def test_a_doubt_says_which_part_of_how_many_it_is_about(centre: Centre) -> None:
    octets = header(1) + b"price 5 \x1b"
    sid = "SM" + message_id(centre.client().submit(octets, esm_class=EsmClass.UDHI))
    (doubt,) = centre.events("doubt")
    assert (doubt["part"], doubt["parts"], doubt["data_coding"]) == (1, 2, 0)
    assert doubt["sid"].startswith(sid)


# -- what is not SMPP ---------------------------------------------------------------------------------------------


def test_an_unknown_command_is_nacked_and_the_session_goes_on(centre: Centre) -> None:
    client = centre.client()
    (nack,) = client.ask(0x111)
    assert (nack.command, nack.status, nack.sequence) == (Command.GENERIC_NACK, Status.RINVCMDID, 2)
    assert client.submit().status == Status.ROK


def test_a_body_that_does_not_parse_is_answered_and_the_session_goes_on(centre: Centre) -> None:
    client = centre.client()
    (answer,) = client.ask(Command.SUBMIT_SM, b"\0")
    assert (answer.command, answer.status) == (Command.SUBMIT_SM | RESPONSE, Status.RINVCMDLEN)
    assert "ends within" in centre.events("malformed")[0]["why"]
    assert client.submit().status == Status.ROK


@pytest.mark.parametrize("where", ["source_addr", "destination_addr"])
def test_an_address_longer_than_the_standard_allows_is_refused_and_the_session_goes_on(
    centre: Centre, where: str
) -> None:
    fields: dict[str, Any] = {where: "4" * 20}
    body = encode(message(**fields)).replace(b"4" * 20, b"4" * 40)
    status = centre.client().ask(Command.SUBMIT_SM, body)[0].status
    assert status == (Status.RINVSRCADR if where == "source_addr" else Status.RINVDSTADR)
    assert centre.client().submit().status == Status.ROK


def test_an_answer_nobody_asked_for_is_noted(centre: Centre) -> None:
    client = centre.client()
    assert client.ask(Command.DELIVER_SM | RESPONSE, b"\0") == []
    assert client.ask(Command.DELIVER_SM, encode(ShortMessage()))[0].status == Status.RINVBNDSTS
    assert client.ask(Command.OUTBIND) == []
    assert len(centre.events("unasked_answer")) == 1
    assert len(centre.events("out_of_place")) == 2


def test_lost_framing_is_nacked_and_ends_the_connection(centre: Centre) -> None:
    client = centre.client()
    client.session.receive(b"\0\0\0\x05")
    (nack,) = client.hear()
    assert (nack.command, nack.status, nack.sequence) == (Command.GENERIC_NACK, Status.RINVCMDLEN, 0)
    assert client.line.end == "closed"
    assert "command_length 5" in centre.events("framing_lost")[0]["why"]
    client.session.receive(pdu(Command.ENQUIRE_LINK, 9))
    assert client.hear() == []


@given(st.lists(st.binary(max_size=200), max_size=20))
def test_any_octets_never_crash_a_session(chunks: list[bytes]) -> None:
    client = Centre().client()
    for chunk in chunks:
        client.session.receive(chunk)
    client.session.lost("")


@given(
    st.lists(st.tuples(st.sampled_from(sorted(Command)), st.binary(max_size=120), st.integers(0, 0xFF)), max_size=20)
)
def test_any_bodies_never_crash_a_session(requests: list[tuple[Command, bytes, int]]) -> None:
    client = Centre().client()
    for command, body, status in requests:
        client.session.receive(pdu(command, 1, body, status))
    client.centre.physics.happen()
