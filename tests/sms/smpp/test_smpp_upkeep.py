"""Cancelling, replacing and referring to what was submitted, and sessions that end while something is under way."""

from datetime import datetime, timedelta

import pytest

from emulators.core.clock import BERLIN, elapsed
from emulators.sms.handset import Hindrance
from emulators.sms.smpp.account import Rules
from emulators.sms.smpp.bodies import (
    CancelSm,
    Destination,
    MessageIdResp,
    ReplaceSm,
    ShortMessage,
    SubmitMulti,
    Tlv,
    find,
)
from emulators.sms.smpp.codes import RESPONSE, Command, EsmClass, Status, Tag
from emulators.sms.smpp.pdu import decode, decode_submit_multi_resp, encode, encode_submit_multi, pdu
from emulators.sms.smpp.receipt import Dialect
from emulators.sms.smpp.session import SmppSession
from tests.sms.smpp.peer import NUMBER, SENDER, Centre, Client, Line, inbox, message, message_id

LATER = "000001000000000R"  # in a day


def test_what_went_to_many_is_cancelled_at_all_of_them(centre: Centre, client: Client) -> None:
    other = centre.gateway.handset("+491713920001")
    multi = SubmitMulti(
        (Destination(1, 1, 1, NUMBER), Destination(1, 1, 1, "491713920001")),
        message(destination_addr="", schedule_delivery_time=LATER),
    )
    (answer,) = client.ask(Command.SUBMIT_MULTI, encode_submit_multi(multi))
    taken = decode_submit_multi_resp(answer.body).message_id
    assert client.ask(Command.CANCEL_SM, encode(CancelSm("", taken, 5, 0, SENDER)))[-1].status == Status.ROK
    client.deliveries(days=2)
    assert (inbox(centre), other.inbox) == ([], ())


def test_only_messages_of_the_service_that_is_named_are_cancelled(centre: Centre, client: Client) -> None:
    for service in ("TAN", "NEWS", ""):
        client.submit(service.encode() or b"none", service_type=service, schedule_delivery_time=LATER)
    client.ask(Command.CANCEL_SM, encode(CancelSm("NEWS", "", 5, 0, SENDER, 1, 1, NUMBER)))
    client.deliveries(days=2)
    assert inbox(centre) == ["TAN", "none"]


@pytest.mark.parametrize(("before", "after", "receipts"), [(0, 1, 1), (1, 0, 0)])
def test_a_replacement_has_its_own_wish_for_a_receipt(client: Client, before: int, after: int, receipts: int) -> None:
    taken = message_id(client.submit(registered_delivery=before, schedule_delivery_time=LATER))
    client.ask(
        Command.REPLACE_SM, encode(ReplaceSm(taken, 5, 0, SENDER, registered_delivery=after, short_message=b"x"))
    )
    assert len(client.deliveries(days=2)) == receipts


def test_the_text_of_a_part_is_replaced_behind_its_header(centre: Centre, client: Client) -> None:
    fields = {"esm_class": EsmClass.UDHI, "schedule_delivery_time": LATER}
    first = message_id(client.submit(b"\5\0\3\7\2\1one ", **fields))
    client.submit(b"\5\0\3\7\2\2two", **fields)
    new = ReplaceSm(first, 5, 0, SENDER, short_message=b"\5\0\3\7\2\1ONE ")
    assert client.ask(Command.REPLACE_SM, encode(new))[0].status == Status.ROK
    client.deliveries(days=2)
    assert inbox(centre) == ["ONE two"]


@pytest.mark.parametrize(("flag", "service", "arrive"), [(1, "", ["second"]), (0, "", 2), (1, "other", 2)])
def test_a_message_replaces_the_one_that_is_pending_if_it_says_so(
    centre: Centre, client: Client, flag: int, service: str, arrive: list[str] | int
) -> None:
    client.submit(b"first", registered_delivery=0, schedule_delivery_time=LATER)
    client.submit(b"second", schedule_delivery_time=LATER, service_type=service, replace_if_present_flag=flag)
    client.deliveries(days=2)
    assert inbox(centre) == (["first", "second"] if arrive == 2 else arrive)


@pytest.mark.parametrize("tlvs", [True, False])
def test_the_clients_own_reference_comes_back_with_the_receipt(tlvs: bool) -> None:
    client = Centre(Rules(dialect=Dialect(tlvs=tlvs))).client()
    client.submit(tlvs=(Tlv(Tag.USER_MESSAGE_REFERENCE, b"\x12\x34"),))
    (receipt,) = client.deliveries()
    assert find(receipt.tlvs, Tag.USER_MESSAGE_REFERENCE) == (b"\x12\x34" if tlvs else None)


def test_a_receipt_that_was_answered_after_the_server_had_unbound_comes_once(centre: Centre, client: Client) -> None:
    client.submit()
    centre.physics.happen()
    (receipt,) = client.hear()
    centre.arm("server_unbind")
    client.ask(Command.SUBMIT_SM, encode(message(registered_delivery=0)))
    client.session.receive(pdu(receipt.command | RESPONSE, receipt.sequence, encode(MessageIdResp())))
    client.session.receive(pdu(Command.UNBIND | RESPONSE, 2))
    assert client.line.end == "closed"
    assert centre.client().deliveries() == []


def test_two_answers_in_halves_come_whole_and_in_their_order(centre: Centre, client: Client) -> None:
    centre.arm("partial_pdu", octets=8, seconds=60)
    centre.arm("partial_pdu", octets=8, seconds=30)
    body = encode(message(registered_delivery=0))
    client.session.receive(pdu(Command.SUBMIT_SM, 7, body) + pdu(Command.SUBMIT_SM, 8, body))
    assert client.hear() == []
    centre.physics.advance_to(centre.physics.clock.now + timedelta(minutes=2))
    assert [(answer.sequence, answer.status) for answer in client.hear()] == [(7, 0), (8, 0)]


def test_a_duplicate_id_is_written_as_the_dialect_has_it() -> None:
    centre = Centre(Rules(dialect=Dialect(answer_id="decimal")))
    client = centre.client()
    first = message_id(client.submit())
    centre.arm("duplicate_message_id")
    assert message_id(client.submit()) == first
    assert first.isdigit()


def test_an_unbind_before_a_bind_is_refused(centre: Centre) -> None:
    (answer,) = centre.client(None).ask(Command.UNBIND)
    assert (answer.command, answer.status) == (Command.UNBIND | RESPONSE, Status.RINVBNDSTS)


def test_what_was_submitted_just_before_an_unbind_sets_out_whatever_follows(centre: Centre) -> None:
    busy, bind = list[object](), encode(centre.client(None).credentials)
    session = SmppSession(Line(), centre.find, busy.append)
    session.receive(pdu(Command.BIND_TRANSMITTER, 1, bind))
    busy.clear()
    session.receive(
        pdu(Command.SUBMIT_SM, 2, encode(message())) + pdu(Command.UNBIND, 3) + pdu(Command.ENQUIRE_LINK, 4)
    )
    assert busy == [centre.account]


@pytest.mark.parametrize("number", [0, 3])
def test_a_header_with_an_impossible_number_counts_as_none(centre: Centre, client: Client, number: int) -> None:
    assert client.submit(bytes((5, 0, 3, 7, 2, number)) + b"alone", esm_class=EsmClass.UDHI).status == Status.ROK
    client.deliveries()
    assert inbox(centre) == ["alone"]


def test_a_reference_that_is_used_again_joins_the_newer_parts(centre: Centre, client: Client) -> None:
    for number, text in ((1, b"old 1 "), (2, b"old 2"), (1, b"left "), (1, b"new 1 "), (2, b"new 2")):
        client.submit(bytes((5, 0, 3, 7, 2, number)) + text, esm_class=EsmClass.UDHI)
        client.deliveries()
    assert inbox(centre) == ["old 1 old 2", "new 1 new 2"]


@pytest.mark.parametrize(
    ("data_coding", "octets", "segments"),
    [(4, 140, 1), (4, 141, 2), (8, 140, 1), (8, 142, 2), (8, 320, 3), (0, 160, 1), (0, 161, 2)],
)
def test_segments_are_counted_as_the_data_coding_travels(
    centre: Centre, client: Client, data_coding: int, octets: int, segments: int
) -> None:
    payload = (b"\0A" * octets)[:octets] if data_coding == 8 else b"A" * octets
    answer = client.submit(b"", data_coding=data_coding, tlvs=(Tlv(Tag.MESSAGE_PAYLOAD, payload),))
    assert answer.status == Status.ROK
    assert centre.gateway.messages[0].coding.segments == segments


@pytest.mark.parametrize("source", ["491713920001", "01713920001"])
def test_a_number_as_plain_digits_is_a_sender(centre: Centre, client: Client, source: str) -> None:
    assert client.submit(source_addr=source, source_addr_ton=0).status == Status.ROK
    client.deliveries()
    assert centre.handset.inbox[0].sender == source


@pytest.mark.parametrize("start", ["2021-03-28T01:30", "2021-10-31T01:30"])
def test_three_hours_are_three_hours_in_the_night_in_which_the_clocks_are_changed(start: str) -> None:
    centre = Centre(start=datetime.fromisoformat(start).replace(tzinfo=BERLIN))
    client, begin = centre.client(), centre.physics.clock.now
    centre.handset.hinder(Hindrance.OFF)
    client.submit(validity_period="000000030000000R")
    client.submit(schedule_delivery_time="000000030000000R", registered_delivery=0)
    hours = [elapsed(begin, due) for due, _ in centre.physics.clock.upcoming(9)]
    centre.physics.happen()
    hours += [elapsed(begin, due) for due, _ in centre.physics.clock.upcoming(9)]
    assert set(hours) == {timedelta(0), timedelta(hours=3)}


def test_what_a_session_left_unanswered_makes_room_for_the_newest_too() -> None:
    centre = Centre(Rules(keep=2))
    client = centre.client()
    for _ in range(5):
        client.submit()
    centre.physics.happen()
    client.session.lost("")
    assert len(centre.events("dropped")) == 3
    newest = [message.sid[2:18].encode() for message in centre.gateway.messages[3:]]
    following = Client(centre)
    _, *heard = following.ask(Command.BIND_RECEIVER, encode(following.credentials))
    assert [decode(ShortMessage, one.body).short_message[3:19] for one in heard] == newest
