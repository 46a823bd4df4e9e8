"""The insurer's judgement of a signed challenge."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emulators.card.card import HealthCard
from emulators.card.pki import CardPki, Variant
from emulators.core.people import People
from emulators.core.person import Person
from emulators.core.physics import Physics
from harness.drivers.handset import ContactReader, ServerAgenda
from harness.reference.apps.card_reader import CardReader
from harness.reference.declined import Declined
from harness.reference.insurer.cards import CardLogin, SignedChallenge, Trust

TODAY = date(2021, 3, 23)
PKI = CardPki()


@pytest.fixture
def person() -> Person:
    return People(5, TODAY).adult()


@pytest.fixture
def login() -> CardLogin:
    physics = Physics(5)
    trust = Trust((PKI.trust_anchor(),), (PKI.issuer_certificate(),), lambda serial: False)
    return CardLogin(ServerAgenda(physics), physics.randomness("insurer"), trust)


def signed(person: Person, challenge: str, variant: Variant = Variant.GENUINE) -> str:
    card = HealthCard.personalised(person, today=TODAY, pki=PKI, variant=variant)
    reader = CardReader(ContactReader(card))
    certificate = reader.certificate()
    reader.verify_pin(person.card.pin)
    return reader.signed_challenge(certificate, challenge)


def test_a_genuine_card_proves_itself_once(login: CardLogin, person: Person) -> None:
    answer = signed(person, login.challenge())
    login.judge(person.kvnr, answer)
    with pytest.raises(Declined, match="card_not_proved"):
        login.judge(person.kvnr, answer)


@pytest.mark.parametrize(
    ("variant", "reason"),
    [
        (Variant.EXPIRED, "card_expired"),
        (Variant.FOREIGN, "card_foreign"),
        (Variant.CLONED, "card_not_proved"),
    ],
)
def test_a_card_that_is_not_good_is_refused(login: CardLogin, person: Person, variant: Variant, reason: str) -> None:
    with pytest.raises(Declined, match=reason):
        login.judge(person.kvnr, signed(person, login.challenge(), variant))


def test_a_revoked_card_is_refused(person: Person) -> None:
    physics = Physics(5)
    trust = Trust((PKI.trust_anchor(),), (PKI.issuer_certificate(),), lambda serial: True)
    login = CardLogin(ServerAgenda(physics), physics.randomness("insurer"), trust)
    with pytest.raises(Declined, match="card_revoked"):
        login.judge(person.kvnr, signed(person, login.challenge()))


def test_somebody_elses_card_is_refused(login: CardLogin, person: Person) -> None:
    other = People(6, TODAY).adult()
    with pytest.raises(Declined, match="wrong_card"):
        login.judge(person.kvnr, signed(other, login.challenge()))


def test_a_challenge_of_ones_own_making_is_refused(login: CardLogin, person: Person) -> None:
    with pytest.raises(Declined, match="card_not_proved"):
        login.judge(person.kvnr, signed(person, "0" * 64))


def test_a_changed_payload_breaks_the_signature(login: CardLogin, person: Person) -> None:
    head, _, signature = signed(person, login.challenge()).split(".")
    _, body, _ = signed(person, login.challenge()).split(".")
    with pytest.raises(Declined, match="card_not_proved"):
        login.judge(person.kvnr, f"{head}.{body}.{signature}")


def test_a_card_is_too_old_the_second_after_its_last_day(person: Person) -> None:
    physics = Physics(5)
    login = CardLogin(
        ServerAgenda(physics),
        physics.randomness("insurer"),
        Trust((PKI.trust_anchor(),), (PKI.issuer_certificate(),), lambda serial: False),
    )
    answers = [signed(person, login.challenge()) for _ in range(2)]
    end = SignedChallenge.parse(answers[0]).certificate.not_valid_after_utc
    physics.clock.advance_to(end)
    login.judge(person.kvnr, answers[0])
    physics.clock.advance(timedelta(seconds=1))
    with pytest.raises(Declined, match="card_expired"):
        login.judge(person.kvnr, answers[1])


@given(st.text() | st.from_regex(r"[\w-]*\.[\w-]*\.[\w-]*", fullmatch=True))
def test_any_text_is_parsed_or_declined(text: str) -> None:
    with pytest.raises(Declined, match="card_not_proved"):
        SignedChallenge.parse(text)
