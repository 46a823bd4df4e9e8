"""What replace_sm makes of a message, wherever that is on its way."""

from __future__ import annotations

from typing import Any

import pytest

from emulators.sms.handset import Hindrance
from emulators.sms.smpp.bodies import Destination, QuerySm, QuerySmResp, ReplaceSm, SubmitMulti
from emulators.sms.smpp.codes import Command, MessageState, Status
from emulators.sms.smpp.pdu import decode, decode_submit_multi_resp, encode, encode_submit_multi
from tests.sms.smpp.peer import NUMBER, SENDER, Centre, Client, inbox, message, message_id

LATER = "000001000000000R"  # in a day
HOUR = "000000010000000R"


def stats(client: Client, days: float = 0) -> list[bytes]:
    return [one.short_message.split(b"stat:")[1][:7] for one in client.deliveries(days=days)]


def state(client: Client, taken: str) -> int:
    return decode(
        QuerySmResp, client.ask(Command.QUERY_SM, encode(QuerySm(taken, 5, 0, SENDER)))[-1].body
    ).message_state


def replace(client: Client, taken: str, **times: Any) -> int:
    """Replaces text and times; returns the status of the answer."""
    new = ReplaceSm(taken, 5, 0, SENDER, registered_delivery=1, short_message=b"new")._replace(**times)
    return client.ask(Command.REPLACE_SM, encode(new))[-1].status


@pytest.mark.parametrize("days", [1, 4])
def test_a_replacement_sets_out_when_it_says(centre: Centre, client: Client, days: int) -> None:
    taken = message_id(client.submit(schedule_delivery_time="000002000000000R"))
    assert replace(client, taken, schedule_delivery_time=f"0000{days:02}000000000R") == Status.ROK
    assert client.deliveries(days=days - 0.01) == []
    assert len(client.deliveries(days=0.02)) == 1
    assert client.deliveries(days=5) == []
    assert inbox(centre) == ["new"]


@pytest.mark.parametrize(
    ("before", "after", "stats"),
    [("000000010000000R", "000003000000000R", {2: [], 4: [b"EXPIRED"]}), ("", "000000010000000R", {0.1: [b"EXPIRED"]})],
)
def test_a_replacement_is_valid_as_long_as_it_says(
    centre: Centre, client: Client, before: str, after: str, stats: dict[float, list[bytes]]
) -> None:
    centre.handset.hinder(Hindrance.OFF)
    taken = message_id(client.submit(validity_period=before))
    client.deliveries()
    assert replace(client, taken, validity_period=after) == Status.ROK
    for days, expected in stats.items():
        assert [one.short_message.split(b"stat:")[1][:7] for one in client.deliveries(days=days)] == expected


def test_a_message_given_more_time_arrives_within_it(centre: Centre, client: Client) -> None:
    centre.handset.hinder(Hindrance.OFF)
    taken = message_id(client.submit(validity_period="000000010000000R"))
    client.deliveries()
    replace(client, taken, validity_period="000003000000000R")
    assert client.deliveries(days=2) == []
    centre.handset.recover(Hindrance.OFF)
    assert b"stat:DELIVRD" in client.deliveries()[0].short_message
    assert inbox(centre) == ["new"]


def test_times_that_cannot_be_are_refused_and_change_nothing(centre: Centre, client: Client) -> None:
    centre.handset.hinder(Hindrance.OFF)
    taken = message_id(client.submit(validity_period="000001000000000R"))
    client.deliveries()
    assert replace(client, taken, schedule_delivery_time=LATER) == Status.RREPLACEFAIL
    scheduled = message_id(client.submit(schedule_delivery_time=LATER))
    assert replace(client, scheduled, schedule_delivery_time="tomorrow") == Status.RINVSCHED
    assert replace(client, taken, validity_period="200101000000000+") == Status.RINVEXPIRY
    centre.handset.recover(Hindrance.OFF)
    assert inbox(centre) == ["Ihre TAN: 123456"]


@pytest.mark.parametrize("fault", ["receipt_missing", "receipt_late"])
def test_what_lies_on_the_handset_is_not_replaced_and_does_not_expire(
    centre: Centre, client: Client, fault: str
) -> None:
    centre.physics.faults.arm("sms", fault)
    taken = message_id(client.submit())
    client.deliveries()
    assert replace(client, taken, validity_period=HOUR) == Status.RREPLACEFAIL
    assert b"EXPIRED" not in stats(client, 9)
    assert inbox(centre) == ["Ihre TAN: 123456"]


@pytest.mark.parametrize("fault", ["receipt_missing", "segment_missing"])
def test_what_arrived_after_a_wait_does_not_expire_for_want_of_a_report(
    centre: Centre, client: Client, fault: str
) -> None:
    centre.physics.faults.arm("sms", fault)
    centre.handset.hinder(Hindrance.OFF)
    taken = message_id(client.submit(b"long " * 40))
    client.deliveries()
    centre.handset.recover(Hindrance.OFF)
    assert stats(client, 9) == []
    assert state(client, taken) == MessageState.ENROUTE


def test_what_vanished_gets_no_end_by_being_replaced(centre: Centre, client: Client) -> None:
    centre.physics.faults.arm("sms", "vanished")
    taken = message_id(client.submit())
    client.deliveries()
    replace(client, taken, validity_period=HOUR)
    assert stats(client, 9) == []


def test_the_end_of_the_validity_stays_where_it_was_unless_another_is_named(centre: Centre, client: Client) -> None:
    times: dict[str, Any] = {"schedule_delivery_time": "210323100000004+", "validity_period": "210323110000004+"}
    taken = message_id(client.submit(**times))
    assert replace(client, taken, schedule_delivery_time="210323120000004+") == Status.RINVEXPIRY
    assert replace(client, taken, schedule_delivery_time="210323103000004+") == Status.ROK
    centre.handset.hinder(Hindrance.OFF)
    assert stats(client, 2.01 / 24) == [b"EXPIRED"]


def test_nothing_is_left_due_of_what_was_replaced_and_taken_back(centre: Centre, client: Client) -> None:
    centre.handset.hinder(Hindrance.OFF)
    taken = message_id(client.submit())
    client.deliveries()
    for _ in range(5):
        replace(client, taken, validity_period=HOUR)
    assert len([what for _, what in centre.physics.clock.upcoming(9) if "expires" in what]) == 1
    centre.gateway.cancel(centre.gateway.messages[0].sid)
    client.deliveries()
    later = message_id(client.submit(schedule_delivery_time=LATER))
    replace(client, later, schedule_delivery_time=HOUR, validity_period=LATER)
    assert len(centre.physics.clock.upcoming(9)) == 1
    centre.gateway.cancel(centre.gateway.messages[1].sid)
    assert centre.physics.clock.upcoming(9) == []


def test_all_that_is_pending_under_an_id_is_replaced(centre: Centre, client: Client) -> None:
    numbers = (NUMBER, "491713920001", "491713920002")
    handsets = [centre.gateway.handset(f"+{number}") for number in numbers]
    multi = SubmitMulti(tuple(Destination(1, 1, 1, number) for number in numbers), message(destination_addr=""))
    for handset in handsets[1:]:
        handset.hinder(Hindrance.OFF)
    (answer,) = client.ask(Command.SUBMIT_MULTI, encode_submit_multi(multi))
    client.deliveries()
    assert replace(client, decode_submit_multi_resp(answer.body).message_id) == Status.ROK
    for handset in handsets[1:]:
        handset.recover(Hindrance.OFF)
    assert [[text.body for text in handset.inbox] for handset in handsets] == [["Ihre TAN: 123456"], ["new"], ["new"]]


@pytest.mark.parametrize(
    ("fault", "parameters", "arrives"),
    [("truncated", {"characters": 2}, "ne"), ("question_marks", {}, "new"), ("segments_reordered", {}, "new")],
)
def test_a_message_that_is_altered_on_its_way_is_altered_as_it_is_by_then(
    centre: Centre, client: Client, fault: str, parameters: dict[str, Any], arrives: str
) -> None:
    centre.physics.faults.arm("sms", fault, parameters)
    centre.handset.hinder(Hindrance.OFF)
    taken = message_id(client.submit(b"old text"))
    client.deliveries()
    replace(client, taken)
    centre.handset.recover(Hindrance.OFF)
    assert inbox(centre) == [arrives]


def test_a_replacement_travels_as_its_data_coding_says(centre: Centre, client: Client) -> None:
    taken = message_id(client.submit(("x" * 60).encode("utf-16-be"), data_coding=8, schedule_delivery_time=LATER))
    new = ReplaceSm(taken, 5, 0, SENDER, short_message=("y" * 100).encode("utf-16-be"))
    assert client.ask(Command.REPLACE_SM, encode(new))[-1].status == Status.ROK
    (sent,) = centre.gateway.messages
    assert (sent.body, sent.coding.segments, sent.order.payload) == ("y" * 100, 2, new.short_message)


def test_a_refused_submission_replaces_nothing(centre: Centre, client: Client) -> None:
    client.submit(b"first", schedule_delivery_time=LATER)
    refused = client.submit(b"second", data_coding=0x0D, replace_if_present_flag=1)
    assert refused.status == Status.RSUBMITFAIL
    client.deliveries(days=2)
    assert inbox(centre) == ["first"]


@pytest.mark.parametrize("fault", ["overtaken", "late", "segment_late"])
def test_what_is_kept_on_its_way_for_longer_than_it_is_valid_expires(
    centre: Centre, client: Client, fault: str
) -> None:
    centre.physics.faults.arm("sms", fault, {"minutes": 60})
    client.submit(b"long " * 40, validity_period="000000001000000R")
    assert stats(client, 1) == [b"EXPIRED"]
    assert inbox(centre) == []
