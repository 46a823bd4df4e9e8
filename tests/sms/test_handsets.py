"""Handsets: SIMs, parts of long messages, what a person sends, and the codes that a phone takes over."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emulators.core.physics import Physics
from emulators.sms.assembly import MAX_UNFINISHED, Assembly
from emulators.sms.gateway import Part, Rejected, SmsGateway, SmsOrder, Status
from emulators.sms.handset import Handset, Hindrance
from emulators.sms.one_time_code import app_hash
from emulators.sms.takeover import Outcome, Platform
from tests.sms.conftest import events, last

NUMBER, SECOND = "+491713920000", "+491713920001"
SENDER = "+491713920050"
HASH = app_hash("de.musterkasse.epa", "30820255")
TAN = "Ihre TAN lautet 123456"


@pytest.fixture
def handset(sms: SmsGateway) -> Handset:
    return sms.handset(NUMBER)


def arrive(physics: Physics, sms: SmsGateway, body: str, sender: str = SENDER, to: str = NUMBER) -> None:
    sms.submit(SmsOrder(to, sender, body))
    physics.happen()


# -- SIMs -------------------------------------------------------------------------------------------------------------


def test_a_handset_with_two_sims_gets_what_is_sent_to_either(
    physics: Physics, sms: SmsGateway, handset: Handset
) -> None:
    sms.network.move_sim(SECOND, handset)
    arrive(physics, sms, "eins")
    arrive(physics, sms, "zwei", to=SECOND)
    assert [(text.to, text.body) for text in handset.inbox] == [(NUMBER, "eins"), (SECOND, "zwei")]
    assert handset.numbers == (NUMBER, SECOND)
    assert sms.handset(SECOND).inbox == ()


def test_what_waits_for_a_handset_moves_with_the_sim(physics: Physics, sms: SmsGateway, handset: Handset) -> None:
    handset.hinder(Hindrance.OFF)
    arrive(physics, sms, TAN)
    stranger = sms.network.move_sim(NUMBER)
    assert [text.body for text in stranger.inbox] == [TAN]
    handset.recover(Hindrance.OFF)
    assert handset.inbox == ()


def test_a_handset_that_is_off_and_full_needs_both_to_end(physics: Physics, sms: SmsGateway, handset: Handset) -> None:
    handset.hinder(Hindrance.MEMORY_FULL)
    handset.hinder(Hindrance.OFF)
    arrive(physics, sms, TAN)
    handset.recover(Hindrance.OFF)
    assert handset.inbox == ()
    handset.recover(Hindrance.MEMORY_FULL)
    handset.recover(Hindrance.MEMORY_FULL)
    assert len(handset.inbox) == 1
    assert events(physics).count("handset.recovered") == 2


# -- parts ------------------------------------------------------------------------------------------------------------


def test_parts_that_come_as_messages_of_their_own_are_joined(
    physics: Physics, sms: SmsGateway, handset: Handset
) -> None:
    for number, body in ((2, "zwei"), (1, "eins "), (1, "eins ")):
        sms.submit(SmsOrder(NUMBER, SENDER, body, channel="smpp", part=Part(7, number, 2)))
        physics.happen()
    assert [text.body for text in handset.inbox] == ["eins zwei"]
    assert all(message.status is Status.DELIVERED for message in sms.messages)


def test_parts_of_other_senders_and_references_are_not_mixed() -> None:
    parts = Assembly()
    assert parts.add(NUMBER, "A", Part(1, 1, 2), "a") is None
    assert parts.add(NUMBER, "B", Part(1, 2, 2), "b") is None
    assert parts.add(NUMBER, "A", Part(2, 2, 2), "c") is None
    assert parts.add(SECOND, "A", Part(1, 2, 2), "d") is None
    assert parts.add(NUMBER, "A", Part(1, 3, 2), "e") is None
    assert parts.add(NUMBER, "A", Part(1, 2, 2), "f") == "af"


def test_a_reference_of_16_bits_is_not_the_same_as_one_of_8() -> None:
    parts = Assembly()
    assert parts.add(NUMBER, "A", Part(1, 1, 2), "a") is None
    assert parts.add(NUMBER, "A", Part(1, 2, 2, wide=True), "b") is None
    assert parts.add(NUMBER, "A", Part(1, 2, 2), "c") == "ac"
    assert parts.add(NUMBER, "A", Part(1, 1, 2, wide=True), "d") == "db"


def test_unfinished_messages_do_not_pile_up() -> None:
    parts = Assembly()
    for reference in range(MAX_UNFINISHED + 1):
        assert parts.add(NUMBER, "A", Part(reference, 1, 2), "x") is None
    assert parts.add(NUMBER, "A", Part(0, 2, 2), "y") is None
    assert parts.add(NUMBER, "A", Part(MAX_UNFINISHED, 2, 2), "y") == "xy"


@given(st.permutations(list(enumerate("abcdef", start=1))))
def test_any_order_of_the_parts_gives_the_text(order: list[tuple[int, str]]) -> None:
    parts = Assembly()
    shown = [parts.add(NUMBER, "A", Part(9, number, 6), text) for number, text in order]
    assert shown == [None] * 5 + ["abcdef"]


@pytest.mark.parametrize(
    ("data_coding", "flash"),
    [
        (None, False), (0x00, False), (0x08, False), (0x10, True), (0x18, True), (0x11, False), (0x12, False),
        (0x30, True), (0xF0, True), (0xF4, True), (0xF1, False), (0x50, False), (0xD0, False),
    ],
)  # fmt: skip
def test_message_class_0_is_a_flash_message(data_coding: int | None, flash: bool) -> None:
    """Vectors: 3GPP TS 23.038, section 4."""
    assert SmsOrder(NUMBER, SENDER, "x", data_coding=data_coding).flash is flash


# -- what a person sends ----------------------------------------------------------------------------------------------


def test_stop_ends_messages_from_that_number_and_start_begins_them_again(
    physics: Physics, sms: SmsGateway, handset: Handset
) -> None:
    heard: list[str] = []
    end = sms.listen_inbound(lambda message: heard.append(message.body))
    received = handset.send(SENDER, " stop ")
    assert (received.status, received.inbound, received.sender, received.to) == (
        Status.RECEIVED, True, NUMBER, SENDER,
    )  # fmt: skip
    with pytest.raises(Rejected, match="unsubscribed"):
        arrive(physics, sms, TAN)
    handset.send(SENDER, "START")
    arrive(physics, sms, TAN)
    assert [text.body for text in handset.inbox] == [TAN]
    end()
    handset.send(SENDER, "Danke")
    assert heard == [" stop ", "START"]


def test_nobody_can_answer_to_a_name_or_without_a_sim(sms: SmsGateway, handset: Handset) -> None:
    with pytest.raises(ValueError, match="Musterkasse"):
        handset.send("Musterkasse", "STOP")
    with pytest.raises(ValueError, match="no SIM"):
        handset.send(SENDER, "STOP", number=SECOND)
    sms.network.move_sim(NUMBER)
    with pytest.raises(ValueError, match="no SIM"):
        handset.send(SENDER, "STOP")


# -- codes ------------------------------------------------------------------------------------------------------------


def test_retriever_takes_the_message_with_its_own_hash_without_a_question(
    physics: Physics, sms: SmsGateway, handset: Handset
) -> None:
    handset.platform = Platform.ANDROID
    request = handset.start_retriever(HASH)
    arrive(physics, sms, f"{TAN}\n{'A' * 11}")
    assert (request.outcome, request.code) == (Outcome.WAITING, None)
    arrive(physics, sms, f"{TAN}\n{HASH}")
    assert (request.outcome, request.code) == (Outcome.TAKEN, "123456")
    assert last(physics, "code.taken_over")["code"] == "123456"
    with pytest.raises(ValueError, match="taken"):
        request.allow()


def test_a_message_from_before_the_request_is_not_retrieved(
    physics: Physics, sms: SmsGateway, handset: Handset
) -> None:
    arrive(physics, sms, f"{TAN}\n{HASH}")
    assert handset.start_retriever(HASH).outcome is Outcome.WAITING


def test_user_consent_asks_and_the_person_agrees(physics: Physics, sms: SmsGateway, handset: Handset) -> None:
    request = handset.start_user_consent()
    with pytest.raises(ValueError, match="waiting"):
        request.allow()
    arrive(physics, sms, TAN)
    assert request.outcome is Outcome.PROMPTED
    arrive(physics, sms, "Ihre TAN lautet 654321")
    assert request.allow() == "123456"
    assert "code.prompted" in events(physics)


@pytest.mark.parametrize(("answer", "outcome"), [("deny", Outcome.DENIED), ("dismiss", Outcome.DISMISSED)])
def test_a_person_who_does_not_agree_gives_no_code(
    physics: Physics, sms: SmsGateway, handset: Handset, answer: str, outcome: Outcome
) -> None:
    request = handset.start_user_consent()
    arrive(physics, sms, TAN)
    getattr(request, answer)()
    assert (request.outcome, request.code) == (outcome, None)
    assert last(physics, f"code.{outcome.value}")["api"] == "user_consent"


@pytest.mark.parametrize("prompted", [True, False])
def test_a_request_ends_after_five_minutes(physics: Physics, sms: SmsGateway, handset: Handset, prompted: bool) -> None:
    request = handset.start_user_consent()
    if prompted:
        arrive(physics, sms, TAN)
    physics.advance_to(physics.clock.now + timedelta(minutes=4, seconds=59))
    assert request.outcome is (Outcome.PROMPTED if prompted else Outcome.WAITING)
    physics.advance_to(physics.clock.now + timedelta(seconds=1))
    assert (request.outcome, request.code) == (Outcome.TIMED_OUT, None)
    arrive(physics, sms, TAN)
    assert request.code is None


def test_user_consent_does_not_offer_messages_of_contacts_and_other_senders(
    physics: Physics, sms: SmsGateway, handset: Handset
) -> None:
    handset.contacts.add(SENDER)
    anyone, one = handset.start_user_consent(), handset.start_user_consent("Musterkasse")
    arrive(physics, sms, TAN)
    assert (anyone.outcome, one.outcome) == (Outcome.WAITING, Outcome.WAITING)
    assert last(physics, "code.not_offered")["reason"] == "sender_not_eligible"
    arrive(physics, sms, TAN, sender="Musterkasse")
    assert (anyone.outcome, one.outcome) == (Outcome.PROMPTED, Outcome.PROMPTED)


def test_autofill_offers_the_code_of_its_own_domain_even_if_it_came_before(
    physics: Physics, sms: SmsGateway, handset: Handset
) -> None:
    handset.platform = Platform.IOS
    arrive(physics, sms, f"{TAN}\n@epa.example #123456")
    assert handset.start_autofill("evil.example").outcome is Outcome.WAITING
    request = handset.start_autofill("epa.example")
    assert request.outcome is Outcome.PROMPTED
    arrive(physics, sms, "Ihre TAN lautet 654321\n@epa.example #654321")
    assert request.allow() == "654321"


def test_each_way_exists_on_its_own_platform_only(sms: SmsGateway, handset: Handset) -> None:
    handset.platform = Platform.IOS
    assert handset.start_retriever(HASH).outcome is Outcome.UNAVAILABLE
    assert handset.start_user_consent().outcome is Outcome.UNAVAILABLE
    handset.platform = Platform.ANDROID
    assert handset.start_autofill("epa.example").outcome is Outcome.UNAVAILABLE
