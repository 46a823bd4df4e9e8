"""Each fault of a session, as its client meets it."""

from datetime import timedelta

import pytest

from emulators.sms.smpp.account import Rules
from emulators.sms.smpp.bodies import MessageIdResp
from emulators.sms.smpp.codes import RESPONSE, Command, Status
from emulators.sms.smpp.faults import FAULTS
from emulators.sms.smpp.framer import Pdu
from emulators.sms.smpp.pdu import decode, encode, pdu
from tests.sms.smpp.peer import Centre, Client, message, message_id

SUBMITTED = Command.SUBMIT_SM | RESPONSE


def submit(client: Client) -> list[Pdu]:
    return client.ask(Command.SUBMIT_SM, encode(message()))


def wait(client: Client, seconds: int) -> list[Pdu]:
    physics = client.centre.physics
    physics.advance_to(physics.clock.now + timedelta(seconds=seconds))
    return client.hear()


def test_every_fault_says_what_it_does() -> None:
    assert all(kind.about().endswith(".") for kind in FAULTS.values())


def test_the_gateway_knows_the_faults_of_its_sessions(centre: Centre) -> None:
    assert FAULTS.items() <= centre.gateway.faults.items()


def test_a_refused_bind_succeeds_the_next_time(centre: Centre) -> None:
    centre.arm("bind_refused")
    client = centre.client(None)
    bind = encode(client.credentials)
    assert [client.ask(Command.BIND_TRANSCEIVER, bind)[0].status for _ in range(2)] == [Status.RBINDFAIL, Status.ROK]


@pytest.mark.parametrize("taken", [True, False])
def test_a_submission_is_never_answered(centre: Centre, taken: bool) -> None:
    centre.arm("no_answer", taken=taken)
    client = centre.client()
    assert submit(client) == []
    assert [one.command for one in wait(client, 3600)] == [Command.DELIVER_SM] * taken
    assert len(centre.handset.inbox) == taken


@pytest.mark.parametrize("taken", [True, False])
def test_a_client_that_gave_up_waiting_for_an_answer_can_submit_again(taken: bool) -> None:
    centre = Centre(Rules(window=1))
    centre.arm("no_answer", taken=taken)
    client = centre.client()
    assert submit(client) == []
    assert client.submit().status == Status.ROK


def test_withheld_answers_fill_the_window() -> None:
    centre = Centre(Rules(window=1))
    centre.arm("late_answer", seconds=60)
    client = centre.client()
    assert submit(client) == []
    assert client.submit().status == Status.RTHROTTLED
    late = wait(client, 60)
    assert [one.command for one in late] == [Command.DELIVER_SM, SUBMITTED]
    assert client.submit().status == Status.ROK


def test_an_answer_withheld_fills_the_window_once() -> None:
    centre = Centre(Rules(window=2))
    centre.arm("late_answer", seconds=60)
    client = centre.client()
    client.session.receive(b"".join(pdu(Command.SUBMIT_SM, sequence, encode(message())) for sequence in (2, 3, 4)))
    assert [(one.sequence, one.status) for one in client.hear()] == [(3, Status.ROK), (4, Status.RTHROTTLED)]
    assert [event["unanswered"] for event in centre.events("window_exceeded")] == [3]


def test_an_answer_that_waits_for_the_next_one_comes_behind_whatever_that_is() -> None:
    centre = Centre(Rules(window=1))
    centre.arm("out_of_order")
    client = centre.client()
    assert submit(client) == []
    assert [(one.sequence, one.status) for one in submit(client)] == [(3, Status.RTHROTTLED), (2, Status.ROK)]
    assert client.submit().status == Status.ROK


def test_answers_that_wait_for_half_of_another_one_fill_the_window() -> None:
    centre = Centre(Rules(window=2))
    centre.arm("partial_pdu", seconds=30)
    client = centre.client()
    for _ in range(3):
        assert submit(client) == []
    assert [one.status for one in wait(client, 30) if one.command == SUBMITTED] == [0, 0, Status.RTHROTTLED]
    assert client.submit().status == Status.ROK


def test_an_answer_that_waits_for_the_next_one_comes_though_that_comes_in_halves(centre: Centre) -> None:
    centre.arm("out_of_order")
    centre.arm("partial_pdu", seconds=30)
    client = centre.client()
    assert (submit(client), submit(client)) == ([], [])
    assert [one.sequence for one in wait(client, 30) if one.command == SUBMITTED] == [3, 2]


def test_the_end_comes_after_the_second_half_of_an_answer(centre: Centre) -> None:
    centre.arm("partial_pdu", seconds=30)
    client = centre.client()
    assert submit(client) == []
    assert client.ask(Command.UNBIND) == []
    assert client.line.end == ""
    assert [one.command for one in wait(client, 30)] == [SUBMITTED, Command.UNBIND | RESPONSE]
    assert client.line.end == "closed"


def test_a_connection_is_reset_within_an_answer(centre: Centre) -> None:
    centre.arm("connection_reset", octets=8)
    client = centre.client()
    client.session.receive(pdu(Command.SUBMIT_SM, 2, encode(message())))
    assert (len(client.line.octets), client.line.end) == (8, "reset")
    assert len(centre.gateway.messages) == 1


def test_an_answer_comes_in_two_halves_and_everything_else_after_it(centre: Centre) -> None:
    centre.arm("partial_pdu", octets=20, seconds=30)
    client = centre.client()
    assert submit(client) == []
    assert client.ask(Command.ENQUIRE_LINK) == []
    heard = wait(client, 30)
    assert [one.command for one in heard] == [SUBMITTED, Command.ENQUIRE_LINK | RESPONSE, Command.DELIVER_SM]


def test_answers_come_in_another_order(centre: Centre) -> None:
    centre.arm("out_of_order")
    client = centre.client()
    assert submit(client) == []
    assert [one.sequence for one in submit(client)] == [3, 2]


def test_a_submission_is_nacked(centre: Centre) -> None:
    centre.arm("generic_nack")
    (nack,) = submit(centre.client())
    assert (nack.command, nack.status, nack.sequence) == (Command.GENERIC_NACK, Status.RINVCMDID, 2)
    assert centre.gateway.messages == ()


def test_the_server_unbinds_after_an_answer(centre: Centre) -> None:
    centre.arm("server_unbind")
    client = centre.client()
    answer, unbind = submit(client)
    assert (answer.command, unbind.command) == (SUBMITTED, Command.UNBIND)
    assert client.submit().status == Status.RINVBNDSTS
    client.session.receive(pdu(Command.UNBIND | RESPONSE, unbind.sequence))
    assert client.line.end == "closed"


def test_two_messages_are_given_one_id(centre: Centre) -> None:
    centre.arm("duplicate_message_id", nth=2)
    client = centre.client()
    ids = [message_id(client.submit()) for _ in range(3)]
    assert ids[0] == ids[1] != ids[2]


@pytest.mark.parametrize(
    ("kind", "status"),
    [("queue_full", Status.RMSGQFUL), ("system_error", Status.RSYSERR), ("throttled", Status.RTHROTTLED)],
)
def test_one_submission_is_refused(centre: Centre, kind: str, status: Status) -> None:
    centre.arm(kind)
    client = centre.client()
    assert [client.submit().status for _ in range(2)] == [status, Status.ROK]
    assert len(centre.gateway.messages) == 1
    bent = [entry for entry in centre.physics.journal.entries if entry.cause.fault == f"sms.smpp_{kind}"]
    assert [entry.event for entry in bent] == ["smpp.answer.bent"]


def test_a_receipt_overtakes_the_answer(centre: Centre) -> None:
    centre.arm("receipt_before_answer")
    client = centre.client()
    assert submit(client) == []
    receipt, answer = wait(client, 0)
    assert (receipt.command, answer.command) == (Command.DELIVER_SM, SUBMITTED)
    assert decode(MessageIdResp, answer.body).message_id.encode() in receipt.body


def test_an_enquire_link_is_not_answered(centre: Centre) -> None:
    centre.arm("enquire_link_ignored")
    client = centre.client()
    assert [len(client.ask(Command.ENQUIRE_LINK)) for _ in range(2)] == [0, 1]


def test_a_receipt_is_never_sent(centre: Centre) -> None:
    centre.arm("receipt_never_sent")
    client = centre.client()
    client.submit()
    assert client.deliveries() == []
    assert len(centre.handset.inbox) == 1


def test_one_receipt_is_written_in_another_dialect(centre: Centre) -> None:
    centre.arm("receipt_dialect")
    client = centre.client()
    taken = message_id(client.submit())
    client.submit()
    strange, usual = client.deliveries()
    assert strange.short_message.startswith(f"id:{int(taken, 16)} dlvrd:001 submit date:210323090000 ".encode())
    assert b"Text:" in strange.short_message
    assert not strange.tlvs
    assert b"sub:001" in usual.short_message


def test_a_message_is_delivered_after_it_could_not_be(centre: Centre) -> None:
    centre.arm("delivrd_after_undeliv")
    client = centre.client()
    client.submit()
    first, second = client.deliveries()
    assert b"stat:UNDELIV err:001" in first.short_message
    assert b"stat:DELIVRD err:000" in second.short_message
