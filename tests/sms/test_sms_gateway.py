"""The gateway and its handsets, from outside: submit, let the world happen, look at the handset and the journal."""

from collections.abc import Mapping
from datetime import timedelta

import pytest

from emulators.core.emulator import Emulator
from emulators.core.faults import UnknownFault
from emulators.core.physics import Physics
from emulators.sms.gateway import Rejected, SmsGateway, SmsOrder, Status
from emulators.sms.one_time_code import retriever
from tests.sms.conftest import events, last

NUMBER = "+491713920000"
OTHER = "+491713920001"
TEXT = "Ihre TAN lautet 123456. Sie gilt 10 Minuten. Musterkasse"


def test_the_gateway_is_an_emulator(sms: SmsGateway) -> None:
    assert isinstance(sms, Emulator)
    assert all(fault.about() for fault in sms.faults.values())


def test_a_message_arrives_at_the_number_it_was_sent_to_and_no_other(physics: Physics, sms: SmsGateway) -> None:
    handset, other = sms.handset(NUMBER), sms.handset(OTHER)
    message = sms.submit(SmsOrder(NUMBER, "Musterkasse", TEXT))
    assert handset.newest is None
    physics.happen()
    assert [text.body for text in handset.inbox] == [TEXT]
    assert other.newest is None
    assert message.status is Status.DELIVERED
    assert events(physics) == ["submitted", "delivered", "notice"]
    assert last(physics, "submitted") == {
        "sid": message.sid, "to": NUMBER, "from": "Musterkasse", "body": TEXT, "segments": 1,
    }  # fmt: skip


def test_one_number_has_one_handset(sms: SmsGateway) -> None:
    assert sms.handset(NUMBER) is sms.handset(NUMBER)
    assert sms.handset(NUMBER, receives_sms=False).receives_sms is False
    assert sms.handset(NUMBER).receives_sms is False


@pytest.mark.parametrize("number", ["+491701234567", "01713920000", "", "+4917139200", "+49171392000x"])
def test_a_handset_has_a_number_of_fiction(sms: SmsGateway, number: str) -> None:
    with pytest.raises(ValueError, match="fiction"):
        sms.handset(number)


def test_a_device_without_sms_gets_nothing_and_the_gateway_says_so(physics: Physics, sms: SmsGateway) -> None:
    tablet = sms.handset(NUMBER, receives_sms=False)
    message = sms.submit(SmsOrder(NUMBER, "Musterkasse", TEXT))
    physics.happen()
    assert tablet.inbox == ()
    assert (message.status, message.error_code) == (Status.UNDELIVERED, 30006)
    assert last(physics, "undelivered") == {"sid": message.sid, "to": NUMBER, "error_code": 30006}


def test_a_number_that_nobody_has_is_an_unknown_handset(physics: Physics, sms: SmsGateway) -> None:
    message = sms.submit(SmsOrder(NUMBER, "Musterkasse", TEXT))
    physics.happen()
    assert message.error_code == 30005


@pytest.mark.parametrize(
    ("to", "sender", "body", "callback", "code"),
    [
        ("", "Musterkasse", "x", None, 21604),
        ("0171 3920000", "Musterkasse", "x", None, 21211),
        ("+491701234567", "Musterkasse", "x", None, 21211),
        ("+493023125000", "Musterkasse", "x", None, 21614),
        (NUMBER, "", "x", None, 21603),
        (NUMBER, "Viel zu langer Name", "x", None, 21212),
        (NUMBER, "Muster!", "x", None, 21212),
        (NUMBER, "Musterkasse", "", None, 21602),
        (NUMBER, "Musterkasse", "x" * 1601, None, 21617),
        (NUMBER, "Musterkasse", "x", "ftp://example", 21609),
        (NUMBER, "Musterkasse", "x", "http://[::1", 21609),
        (NUMBER, "Musterkasse", "x", "http://example:port/", 21609),
    ],
)
def test_a_wrong_submission_is_refused_with_the_code_that_says_why(
    physics: Physics, sms: SmsGateway, to: str, sender: str, body: str, callback: str | None, code: int
) -> None:
    with pytest.raises(Rejected) as refused:
        sms.submit(SmsOrder(to, sender, body, status_callback=callback))
    assert (refused.value.code, refused.value.status) == (code, 400)
    assert last(physics, "refused")["code"] == code
    assert sms.messages == ()


def test_a_refusal_of_a_real_number_says_that_only_fiction_is_reached(sms: SmsGateway) -> None:
    with pytest.raises(Rejected, match="real person"):
        sms.submit(SmsOrder("+491701234567", "Musterkasse", TEXT))


def test_a_lost_message_never_arrives_and_is_reported(physics: Physics, sms: SmsGateway) -> None:
    handset = sms.handset(NUMBER)
    physics.faults.arm("sms", "lost")
    first, second = (
        sms.submit(SmsOrder(NUMBER, "Musterkasse", TEXT)),
        sms.submit(SmsOrder(NUMBER, "Musterkasse", "zweite")),
    )
    physics.happen()
    assert (first.error_code, second.error_code) == (30003, None)
    assert [text.body for text in handset.inbox] == ["zweite"]
    assert next(physics.journal.named("sms", "undelivered")).cause.fault == "sms.lost"
    assert next(physics.journal.named("sms", "delivered")).cause.fault is None


def test_a_late_message_arrives_after_its_minutes_and_the_fault_is_its_cause(physics: Physics, sms: SmsGateway) -> None:
    handset = sms.handset(NUMBER)
    physics.faults.arm("sms", "late", {"minutes": 12})
    began = physics.clock.now
    sms.submit(SmsOrder(NUMBER, "Musterkasse", TEXT))
    physics.advance_to(began + timedelta(minutes=11, seconds=59))
    assert handset.newest is None
    physics.advance_to(began + timedelta(minutes=12))
    assert handset.newest is not None
    assert handset.newest.received_at == began + timedelta(minutes=12)
    assert next(physics.journal.named("sms", "delivered")).cause.fault == "sms.late"


@pytest.mark.parametrize("minutes", [0, 3])
def test_a_duplicate_lies_in_the_inbox_twice(physics: Physics, sms: SmsGateway, minutes: int) -> None:
    handset = sms.handset(NUMBER)
    physics.faults.arm("sms", "duplicate", {"minutes": minutes})
    sms.submit(SmsOrder(NUMBER, "Musterkasse", TEXT))
    physics.advance_to(physics.clock.now + timedelta(minutes=minutes))
    first, second = handset.inbox
    assert (first.sid, first.body) == (second.sid, second.body)
    assert second.received_at - first.received_at == timedelta(minutes=minutes)


def test_a_rejected_recipient_is_refused_once(physics: Physics, sms: SmsGateway) -> None:
    physics.faults.arm("sms", "rejected")
    with pytest.raises(Rejected) as refused:
        sms.submit(SmsOrder(NUMBER, "Musterkasse", TEXT))
    assert refused.value.code == 21610
    sms.submit(SmsOrder(NUMBER, "Musterkasse", TEXT))
    assert physics.faults.unspent == ()


@pytest.mark.parametrize(
    ("kind", "parameters"), [("rejected", {"code": 1}), ("late", {"minutes": 0}), ("duplicate", {"minutes": -1})]
)
def test_a_fault_with_a_nonsensical_parameter_is_not_armed(
    physics: Physics, sms: SmsGateway, kind: str, parameters: Mapping[str, int]
) -> None:
    with pytest.raises(UnknownFault, match=kind):
        physics.faults.arm(sms.name, kind, parameters)


def test_a_code_is_taken_over_within_five_minutes_and_not_a_second_longer(physics: Physics, sms: SmsGateway) -> None:
    handset = sms.handset(NUMBER)
    sms.submit(SmsOrder(NUMBER, "Musterkasse", TEXT))
    physics.happen()
    now = physics.clock.now
    assert handset.takeover(now + timedelta(minutes=5)) == "123456"
    assert handset.takeover(now + timedelta(minutes=5, seconds=1)) is None
    assert last(physics, "code.not_offered")["reason"] == "too_old"


def test_the_code_comes_from_the_newest_message_only(physics: Physics, sms: SmsGateway) -> None:
    handset = sms.handset(NUMBER)
    assert handset.takeover(physics.clock.now) is None
    sms.submit(SmsOrder(NUMBER, "Musterkasse", TEXT))
    sms.submit(SmsOrder(NUMBER, "Musterkasse", TEXT.replace("123456", "654321")))
    physics.happen()
    assert handset.takeover(physics.clock.now) == "654321"
    sms.submit(SmsOrder(NUMBER, "Anders", "Hallo, wie geht es dir?"))
    physics.happen()
    assert handset.takeover(physics.clock.now) is None


def test_a_wrong_app_hash_is_never_offered_but_can_be_read(physics: Physics, sms: SmsGateway) -> None:
    handset = sms.handset(NUMBER)
    sms.submit(SmsOrder(NUMBER, "Musterkasse", f"TAN 123456\n{'A' * 11}"))
    physics.happen()
    assert handset.takeover(physics.clock.now, retriever("B" * 11)) is None
    assert last(physics, "code.not_offered")["reason"] == "no_code_for_this_app"
    assert handset.newest is not None
    assert handset.newest.codes == ("123456",)


def test_the_same_seed_writes_the_same_journal() -> None:
    def run(seed: int) -> str:
        physics = Physics(seed)
        sms = SmsGateway(physics)
        sms.handset(NUMBER)
        sms.submit(SmsOrder(NUMBER, "Musterkasse", TEXT))
        physics.happen()
        return physics.journal.to_jsonl()

    assert run(1) == run(1)
    assert run(1) != run(2)
