"""Each fault of the network, the SIM, the device and the receipts: armed, struck, and seen on the handset."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta

import pytest

from emulators.core.physics import Physics
from emulators.sms.bends import bend
from emulators.sms.delivery_faults import DELIVERY_FAULTS
from emulators.sms.gateway import Message, Rejected, SmsGateway, SmsOrder, Status
from emulators.sms.handset import Handset

NUMBER = "+491713920000"
TEXT = "Ihre TAN lautet 123456. Sie gilt 10 Minuten. Musterkasse"
LONG = "Ihre TAN lautet 123456. " + "Bitte geben Sie sie nicht weiter. " * 12


@pytest.fixture
def handset(sms: SmsGateway) -> Handset:
    return sms.handset(NUMBER)


def send(sms: SmsGateway, body: str = TEXT, **more: timedelta) -> Message:
    return sms.submit(SmsOrder(NUMBER, "Musterkasse", body, **more))  # type: ignore[arg-type]


def pass_by(physics: Physics, **time: float) -> None:
    physics.advance_to(physics.clock.now + timedelta(**time))


def bodies(handset: Handset) -> list[str]:
    return [text.body for text in handset.inbox]


def test_every_delivery_fault_says_what_it_does_and_does_it(physics: Physics) -> None:
    for kind, fault in DELIVERY_FAULTS.items():
        gateway = SmsGateway(physics)
        gateway.handset(NUMBER)
        message = send(gateway)
        before = len(physics.journal)
        bend(gateway.network, message, fault())
        assert fault.about().endswith("."), kind
        assert len(physics.journal) > before, kind


@pytest.mark.parametrize(
    ("kind", "code", "network_error"),
    [
        ("lost", 30003, 0),
        ("absent", 30003, 1),
        ("unassigned", 30005, 5),
        ("landline", 30006, 7),
        ("ported", 30008, 5),
        ("content_filtered", 30007, 0),
        ("blocked", 30004, 9),
        ("suspended", 30002, 0),
    ],
)
def test_a_message_that_is_given_up_says_why(
    physics: Physics, sms: SmsGateway, handset: Handset, kind: str, code: int, network_error: int
) -> None:
    physics.faults.arm("sms", kind)
    message = send(sms)
    physics.happen()
    status = Status.FAILED if kind == "suspended" else Status.UNDELIVERED
    assert (message.status, message.error_code, message.network_error) == (status, code, network_error)
    assert message.error_message
    assert handset.inbox == ()
    assert next(physics.journal.named("sms", "undelivered")).cause.fault == f"sms.{kind}"


@pytest.mark.parametrize(
    ("kind", "parameters", "shown", "status"),
    [
        ("vanished", {}, [], Status.SENT),
        ("never_shown", {}, [], Status.DELIVERED),
        ("roaming", {"arrives": False}, [], Status.DELIVERED),
        ("receipt_missing", {}, [TEXT], Status.SENT),
        ("receipt_contradicts", {}, [TEXT], Status.UNDELIVERED),
        ("truncated", {"characters": 10}, [TEXT[:10]], Status.DELIVERED),
        ("question_marks", {}, [TEXT], Status.DELIVERED),
        ("wrong_device", {}, [], Status.DELIVERED),
        ("flash", {}, [], Status.DELIVERED),
    ],
)
def test_what_the_gateway_believes_and_what_the_handset_shows(
    physics: Physics,
    sms: SmsGateway,
    handset: Handset,
    kind: str,
    parameters: Mapping[str, int],
    shown: list[str],
    status: Status,
) -> None:
    physics.faults.arm("sms", kind, parameters)
    message = send(sms)
    pass_by(physics, days=3)
    assert (bodies(handset), message.status) == (shown, status)
    assert physics.faults.unspent == ()


def test_question_marks_stand_for_all_that_is_not_in_the_alphabet(
    physics: Physics, sms: SmsGateway, handset: Handset
) -> None:
    physics.faults.arm("sms", "question_marks")
    send(sms, "Grüße „123456“ – 5 €")
    physics.happen()
    assert bodies(handset) == ["Grüße ?123456? ? 5 €"]


def test_a_rewritten_sender_is_seen_on_the_handset_only(physics: Physics, sms: SmsGateway, handset: Handset) -> None:
    physics.faults.arm("sms", "sender_rewritten", {"sender": "+491713920042"})
    message = send(sms)
    physics.happen()
    assert handset.inbox[0].sender == "+491713920042"
    assert message.sender == "Musterkasse"


def test_a_flash_message_is_on_the_screen_and_in_no_inbox(physics: Physics, sms: SmsGateway, handset: Handset) -> None:
    physics.faults.arm("sms", "flash")
    send(sms)
    physics.happen()
    assert [text.body for text in handset.flashes] == [TEXT]
    assert handset.takeover(physics.clock.now) is None


def test_the_older_of_two_messages_arrives_last(physics: Physics, sms: SmsGateway, handset: Handset) -> None:
    physics.faults.arm("sms", "overtaken")
    older = send(sms, "Ihre TAN lautet 111111")
    pass_by(physics, minutes=1)
    assert (handset.inbox, older.status) == ((), Status.SENT)
    send(sms, "Ihre TAN lautet 222222")
    physics.happen()
    assert bodies(handset) == ["Ihre TAN lautet 222222", "Ihre TAN lautet 111111"]
    assert older.status is Status.DELIVERED


def test_a_message_that_nothing_overtakes_arrives_after_all(
    physics: Physics, sms: SmsGateway, handset: Handset
) -> None:
    physics.faults.arm("sms", "overtaken", {"minutes": 5})
    send(sms)
    pass_by(physics, minutes=4)
    assert handset.inbox == ()
    pass_by(physics, minutes=1)
    assert bodies(handset) == [TEXT]


def test_a_missing_segment_means_that_nothing_is_ever_shown(
    physics: Physics, sms: SmsGateway, handset: Handset
) -> None:
    physics.faults.arm("sms", "segment_missing", {"number": 2})
    message = send(sms, LONG)
    assert message.coding.segments == 3
    pass_by(physics, days=3)
    assert (handset.inbox, message.status) == ((), Status.SENT)
    assert [entry.data["number"] for entry in physics.journal.named("sms", "part")] == [1, 3]
    send(sms, LONG)
    physics.happen()
    assert bodies(handset) == [LONG]


def test_segments_out_of_order_are_joined_in_order(physics: Physics, sms: SmsGateway, handset: Handset) -> None:
    physics.faults.arm("sms", "segments_reordered")
    send(sms, LONG)
    physics.happen()
    assert bodies(handset) == [LONG]
    assert [entry.data["number"] for entry in physics.journal.named("sms", "part")] == [3, 2]


def test_a_late_segment_holds_the_whole_message_up(physics: Physics, sms: SmsGateway, handset: Handset) -> None:
    physics.faults.arm("sms", "segment_late", {"number": 9, "minutes": 20})
    message = send(sms, LONG)
    pass_by(physics, minutes=19)
    assert (handset.inbox, message.status) == ((), Status.SENT)
    pass_by(physics, minutes=1)
    assert (bodies(handset), message.status) == ([LONG], Status.DELIVERED)


@pytest.mark.parametrize("kind", ["switched_off", "memory_full"])
def test_what_waited_for_the_handset_comes_in_one_burst(
    physics: Physics, sms: SmsGateway, handset: Handset, kind: str
) -> None:
    physics.faults.arm("sms", kind, {"hours": 2})
    first = send(sms, "eins 1111")
    pass_by(physics, minutes=30)
    send(sms, "zwei 2222")
    pass_by(physics, minutes=89)
    assert (handset.inbox, first.status) == ((), Status.SENT)
    pass_by(physics, minutes=1)
    assert bodies(handset) == ["eins 1111", "zwei 2222"]
    assert first.status is Status.DELIVERED
    assert handset.inbox[0].received_at == handset.inbox[1].received_at


@pytest.mark.parametrize(("kind", "network_error"), [("switched_off", 1), ("memory_full", 2)])
def test_a_message_expires_when_its_validity_ends_before_the_handset_is_back(
    physics: Physics, sms: SmsGateway, handset: Handset, kind: str, network_error: int
) -> None:
    physics.faults.arm("sms", kind, {"hours": 2})
    message = send(sms, validity=timedelta(minutes=10))
    pass_by(physics, minutes=9)
    assert message.status is Status.SENT
    pass_by(physics, minutes=1)
    assert (message.status, message.error_code, message.network_error) == (Status.UNDELIVERED, 30036, network_error)
    assert message.expired
    pass_by(physics, hours=3)
    assert handset.inbox == ()


def test_a_late_message_expires_too(physics: Physics, sms: SmsGateway, handset: Handset) -> None:
    physics.faults.arm("sms", "late", {"minutes": 30})
    message = send(sms, validity=timedelta(minutes=10))
    pass_by(physics, hours=1)
    assert message.expired
    assert handset.inbox == ()


@pytest.mark.parametrize("holder", ["fraudster", "next_subscriber"])
def test_after_a_sim_swap_the_old_phone_gets_nothing_and_the_gateway_notices_nothing(
    physics: Physics, sms: SmsGateway, handset: Handset, holder: str
) -> None:
    physics.faults.arm("sms", "sim_swapped", {"holder": holder})
    message = send(sms)
    physics.happen()
    stranger = sms.network.holder(NUMBER)
    assert stranger is not None
    assert stranger is not handset
    assert (bodies(handset), bodies(stranger), message.status) == ([], [TEXT], Status.DELIVERED)
    assert sms.handset(NUMBER) is handset
    assert handset.numbers == ()
    send(sms, "später 4711")
    physics.happen()
    assert (bodies(handset), len(stranger.inbox)) == ([], 2)


def test_roaming_delays_a_message(physics: Physics, sms: SmsGateway, handset: Handset) -> None:
    physics.faults.arm("sms", "roaming", {"minutes": 30})
    send(sms)
    pass_by(physics, minutes=29)
    assert handset.inbox == ()
    pass_by(physics, minutes=1)
    assert bodies(handset) == [TEXT]


def test_a_late_receipt_comes_after_the_message(physics: Physics, sms: SmsGateway, handset: Handset) -> None:
    physics.faults.arm("sms", "receipt_late", {"minutes": 15})
    message = send(sms)
    pass_by(physics, minutes=14)
    assert (bodies(handset), message.status) == ([TEXT], Status.SENT)
    pass_by(physics, minutes=1)
    assert message.status is Status.DELIVERED


def test_who_answered_stop_gets_no_more_from_that_sender(physics: Physics, sms: SmsGateway, handset: Handset) -> None:
    physics.faults.arm("sms", "opts_out")
    send(sms)
    physics.happen()
    assert bodies(handset) == [TEXT]
    with pytest.raises(Rejected) as refused:
        send(sms)
    assert refused.value.code == 21610
    sms.submit(SmsOrder(NUMBER, "Anders", TEXT))


@pytest.mark.parametrize(("kind", "code", "status"), [("credit_exhausted", 20005, 401), ("queue_full", 21611, 429)])
def test_a_gateway_that_takes_no_more_says_why(
    physics: Physics, sms: SmsGateway, handset: Handset, kind: str, code: int, status: int
) -> None:
    physics.faults.arm("sms", kind)
    with pytest.raises(Rejected) as refused:
        send(sms)
    assert (refused.value.code, refused.value.status) == (code, status)
    assert next(physics.journal.named("sms", "refused")).cause.fault == f"sms.{kind}"
    send(sms)
    physics.happen()
    assert bodies(handset) == [TEXT]


def test_a_message_given_up_stays_so_even_if_it_arrives_later(physics: Physics, sms: SmsGateway) -> None:
    physics.faults.arm("sms", "duplicate", {"minutes": 5})
    message = send(sms)
    physics.happen()
    handset = sms.handset(NUMBER)
    pass_by(physics, minutes=5)
    assert (bodies(handset), message.status, message.error_code) == ([TEXT], Status.UNDELIVERED, 30005)


def test_a_message_taken_back_spends_no_fault(physics: Physics, sms: SmsGateway, handset: Handset) -> None:
    message = send(sms)
    sms.cancel(message.sid)
    physics.faults.arm("sms", "lost")
    physics.happen()
    assert len(physics.faults.unspent) == 1
    assert (bodies(handset), message.status) == ([], Status.CANCELED)
