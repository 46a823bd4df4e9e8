"""Each fault of the network, the SIM, the device and the receipts: armed, struck, and seen on the handset."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from math import log
from statistics import stdev

import pytest

from emulators.core.clock import BERLIN
from emulators.core.faults import UnknownFault
from emulators.core.physics import Physics
from emulators.sms.bends import bend
from emulators.sms.delay import Until
from emulators.sms.delivery_faults import DELIVERY_FAULTS
from emulators.sms.errors import VALIDITY_EXPIRED
from emulators.sms.gateway import Message, Rejected, SmsGateway, SmsOrder, Status
from emulators.sms.handset import Handset, Hindrance
from tests.sms.conftest import last

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
    whole = TEXT + "." * 80  # more than a notice shows
    send(sms, whole)
    physics.happen()
    assert [text.body for text in handset.flashes] == [whole]
    assert [entry.data["text"] for entry in physics.journal.named("sms", "flash")] == [whole]
    assert not list(physics.journal.named("sms", "notice"))
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


@pytest.mark.parametrize("off", [True, False])
def test_a_segment_later_than_the_message_is_valid_never_comes(
    physics: Physics, sms: SmsGateway, handset: Handset, off: bool
) -> None:
    """Also where the other segments waited for the handset first."""
    physics.faults.arm("sms", "segment_late", {"number": 2, "minutes": 60})
    if off:
        handset.hinder(Hindrance.OFF)
    message = send(sms, LONG, validity=timedelta(minutes=30))
    pass_by(physics, minutes=1)
    if off:
        handset.recover(Hindrance.OFF)
    pass_by(physics, minutes=10)
    assert [entry.data["number"] for entry in physics.journal.named("sms", "part")] == [1, 3]
    pass_by(physics, minutes=60)
    assert (handset.inbox, message.status, message.error_code) == ((), Status.UNDELIVERED, VALIDITY_EXPIRED)


def test_a_message_whose_last_segment_is_under_way_can_be_canceled(
    physics: Physics, sms: SmsGateway, handset: Handset
) -> None:
    physics.faults.arm("sms", "segment_late", {"number": 2, "minutes": 60})
    message = send(sms, LONG)
    pass_by(physics, minutes=1)
    sms.cancel(message.sid)
    pass_by(physics, minutes=60)
    assert (handset.inbox, message.status) == ((), Status.CANCELED)


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


def test_a_late_message_whose_delay_is_not_said_is_15_minutes_late(
    physics: Physics, sms: SmsGateway, handset: Handset
) -> None:
    physics.faults.arm("sms", "late")
    send(sms)
    pass_by(physics, minutes=14, seconds=59)
    assert handset.inbox == ()
    pass_by(physics, seconds=1)
    assert bodies(handset) == [TEXT]


def test_a_drawn_delay_is_noted_and_kept_to_the_second(physics: Physics, sms: SmsGateway, handset: Handset) -> None:
    physics.faults.arm("sms", "late", {"median_minutes": 5, "sigma": 1})
    send(sms)
    physics.happen()
    noted = last(physics, "delayed")
    due = physics.clock.later(timedelta(seconds=noted["seconds"]))
    assert noted["until"] == due.isoformat()
    assert next(physics.journal.named("sms", "delayed")).cause.fault == "sms.late"
    physics.advance_to(due - timedelta(seconds=1))
    assert handset.inbox == ()
    physics.advance_to(due)
    assert bodies(handset) == [TEXT]


def drawn(seed: int, messages: int, *, among_others: bool = False) -> list[int]:
    """The delays that a world of this seed draws, in seconds."""
    physics = Physics(seed=seed)
    sms = SmsGateway(physics)
    physics.faults.declare(sms.name, sms.faults)
    sms.handset(NUMBER)
    physics.faults.arm("sms", "late", {"median_minutes": 5, "sigma": 0.5}, nth=1, times=messages)
    for _ in range(messages):
        send(sms)
        physics.happen()
        if among_others:
            physics.randomness("anything").random()
    return [entry.data["seconds"] for entry in physics.journal.named("sms", "delayed")]


def test_the_same_seed_draws_the_same_delays_and_another_one_others() -> None:
    assert drawn(1, 3) == drawn(1, 3, among_others=True)
    assert len(set(drawn(1, 3))) == 3
    assert drawn(1, 3) != drawn(2, 3)


def test_half_of_the_drawn_delays_are_longer_than_the_median_and_their_logarithms_have_the_deviation() -> None:
    delays = drawn(4711, 1000)
    assert 0.45 < sum(delay > 300 for delay in delays) / 1000 < 0.55
    assert 0.47 < stdev(log(delay) for delay in delays) < 0.53


def test_a_drawn_delay_is_at_least_a_second(physics: Physics, sms: SmsGateway) -> None:
    sms.handset(NUMBER)
    physics.faults.arm("sms", "late", {"median_minutes": 0.0001, "sigma": 0.1})
    send(sms)
    physics.happen()
    (noted,) = physics.journal.named("sms", "delayed")
    assert noted.data["seconds"] == 1


def test_no_delay_is_longer_than_30_days(physics: Physics, sms: SmsGateway) -> None:
    sms.handset(NUMBER)
    physics.faults.arm("sms", "late", {"median_minutes": 43200, "sigma": 5}, times=20)
    physics.faults.arm("sms", "late", {"until": "2999-12-31 23:59"}, nth=21)
    for _ in range(21):
        send(sms)
        physics.happen()
    noted = [entry.data["seconds"] for entry in physics.journal.named("sms", "delayed")]
    assert max(noted) == noted[-1] == 30 * 86400


@pytest.mark.parametrize(
    ("begins", "until", "arrives"),
    [
        ("2021-03-23 09:00", "18:00", "2021-03-23T18:00:00+01:00"),
        ("2021-03-23 09:00", "18:00:30", "2021-03-23T18:00:30+01:00"),
        ("2021-03-23 18:00", "18:00", "2021-03-23T18:00:00+01:00"),
        ("2021-03-23 18:01", "18:00", "2021-03-24T18:00:00+01:00"),
        ("2021-03-23 09:00", "2021-03-25 07:30", "2021-03-25T07:30:00+01:00"),
        ("2021-03-23 09:00", "2021-03-22 07:30", "2021-03-23T09:00:00+01:00"),
        # The clock is put forward: an hour less. Then back: what is there twice comes the first time it is there.
        ("2021-03-27 20:00", "08:00", "2021-03-28T08:00:00+02:00"),
        ("2021-10-31 01:00", "02:30", "2021-10-31T02:30:00+02:00"),
        ("2021-10-31 01:00", "03:30", "2021-10-31T03:30:00+01:00"),
    ],
)
def test_a_message_held_up_until_a_point_of_time_comes_then(begins: str, until: str, arrives: str) -> None:
    physics = Physics(start=datetime.fromisoformat(begins).replace(tzinfo=BERLIN))
    sms = SmsGateway(physics)
    physics.faults.declare(sms.name, sms.faults)
    handset = sms.handset(NUMBER)
    physics.faults.arm("sms", "late", {"until": until})
    send(sms, validity=timedelta(days=3))
    pass_by(physics, days=3)
    assert [text.received_at.isoformat() for text in handset.inbox] == [arrives]


def test_in_the_hour_that_is_there_twice_the_time_of_day_may_still_come(physics: Physics) -> None:
    again = datetime(2021, 10, 31, 2, 15, tzinfo=BERLIN, fold=1)
    assert Until("02:30").of(again, physics.randomness("any")) == timedelta(minutes=15)


@pytest.mark.parametrize(
    ("parameters", "said"),
    [
        ({"minutes": 5, "until": "18:00"}, "say in one way how late: .* not minutes and until"),
        ({"minutes": 5, "median_minutes": 5, "sigma": 1}, "not minutes and median_minutes"),
        ({"minutes": None}, "not none of them"),
        ({"median_minutes": 5}, "a lognormal delay needs both median_minutes and sigma"),
        ({"sigma": 1}, "a lognormal delay needs both median_minutes and sigma"),
        ({"median_minutes": 5, "sigma": 0}, "sigma: .* greater than 0"),
        ({"median_minutes": float("inf"), "sigma": 1}, "median_minutes: .* finite number"),
        ({"minutes": 0}, "minutes: .* greater than 0"),
        ({"minutes": 43201}, "minutes: .* less than or equal to 43200"),
        ({"until": "25:00"}, "until: no time of day such as '18:00' and no moment such as '2021-03-23 18:00'"),
        ({"until": "2021-02-30 18:00"}, "until: .* no moment such as .* day is out of range"),
        ({"until": "evening"}, "until: "),
        ({"until": 1080}, "until: .* valid string"),
    ],
)
def test_a_delay_that_is_said_wrongly_or_twice_says_what_is_wrong(
    physics: Physics, sms: SmsGateway, parameters: Mapping[str, object], said: str
) -> None:
    with pytest.raises(UnknownFault, match=said):
        physics.faults.arm("sms", "late", parameters)
    assert physics.faults.unspent == ()


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
