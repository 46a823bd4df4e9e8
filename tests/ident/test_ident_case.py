"""A case as its user lives through it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest

from emulators.core.outcome import Accepted, Refused
from emulators.core.person import Person
from emulators.core.physics import Physics
from emulators.ident.case import Case
from emulators.ident.order import CaseOrder
from emulators.ident.provider import IdentProvider
from emulators.ident.states import FINAL, LENIENT, NEXT, State

Wait = Callable[..., None]
Walk = Callable[..., Any]


@pytest.fixture
def case(partner: Any, person: Person) -> Case:
    opened: Case = partner.open(person)
    return opened


def in_app(case: Case) -> Case:
    case.enter_card_digits(case.order.health_card.suffix)
    case.open_app()
    case.accept_terms(True)
    return case


def test_every_state_has_its_row_and_final_states_have_no_way_out() -> None:
    assert set(NEXT) == set(State)
    assert all(NEXT[state] <= {State.REVOKED} for state in FINAL)


def test_who_does_everything_right_is_identified_after_two_minutes(
    case: Case, person: Person, walk: Walk, wait: Wait
) -> None:
    assert walk(case, person) == Accepted()
    assert case.state is State.PROCESSING
    wait(seconds=119)
    assert not case.is_over
    wait(seconds=1)
    assert (case.state, case.reasons) == (State.SUCCESS, ())


def test_three_wrong_card_digits_end_the_case(case: Case) -> None:
    assert case.enter_card_digits("00000000") == Refused("wrong_digits")
    assert case.enter_card_digits("0000") == Refused("wrong_digits")
    assert case.enter_card_digits("") == Refused("no_attempts_left")
    assert (case.state, case.reasons) == (State.EXPIRED, ("card.number_mismatch",))
    assert case.enter_card_digits(case.order.health_card.suffix) == Refused("case_over")


def test_blanks_in_the_card_digits_do_not_matter(case: Case) -> None:
    assert case.enter_card_digits(" 0000 0017 ") == Accepted()


def test_declining_the_terms_cancels_the_case(case: Case) -> None:
    case.enter_card_digits(case.order.health_card.suffix)
    case.open_app()
    assert case.accept_terms(False) == Refused("terms_declined")
    assert (case.state, case.reasons) == (State.CANCELLED, ("user.consent_declined",))


def test_steps_out_of_order_are_refused(case: Case, person: Person) -> None:
    document = person.documents[0]
    assert case.open_app() == Refused("wrong_step")
    assert case.film_document("front", document) == Refused("wrong_step")
    in_app(case)
    assert case.film_document("back", document) == Refused("wrong_step")
    assert case.film_card("front", person.card, person.kvnr) == Refused("wrong_step")
    assert case.read_words(case.words, face_of=person) == Refused("wrong_step")
    assert case.film_document("front", document) == Accepted()
    assert case.film_document("front", document) == Refused("wrong_step")


def test_misread_words_are_shown_anew_and_the_third_time_ends_the_case(case: Case, person: Person) -> None:
    in_app(case)
    case.film_document("front", person.documents[0])
    case.film_document("back", person.documents[0])
    shown = case.words
    assert case.read_words("Quatsch", face_of=person) == Refused("words_misread")
    assert case.words != shown
    assert case.read_words(case.words, face_of=None) == Refused("no_face")
    assert case.read_words(tuple(reversed(case.words)), face_of=person) == Refused("no_attempts_left")
    assert (case.state, case.reasons) == (State.ABANDONED, ("live.words_misread",))


def test_words_are_heard_whatever_the_capitals(case: Case, person: Person) -> None:
    in_app(case)
    case.film_document("front", person.documents[0])
    case.film_document("back", person.documents[0])
    assert case.read_words(f"{case.words[0].upper()}, {case.words[1].lower()}.", face_of=person) == Accepted()


def test_words_must_be_read_within_ten_seconds_of_being_shown(case: Case, person: Person, wait: Wait) -> None:
    in_app(case)
    case.film_document("front", person.documents[0])
    case.film_document("back", person.documents[0])
    wait(seconds=11)
    assert case.read_words(case.words, face_of=person) == Refused("words_timed_out")
    wait(seconds=11)
    case.show_words()
    assert case.read_words(case.words, face_of=person) == Accepted()


def rejected(case: Case, *reasons: str) -> bool:
    return (case.state, case.reasons) == (State.REJECTED, reasons)


def test_a_document_is_valid_on_its_last_day_and_expired_the_day_after(
    partner: Any, person: Person, walk: Walk, wait: Wait
) -> None:
    for valid_until, state in ((date(2021, 3, 23), State.SUCCESS), (date(2021, 3, 22), State.REJECTED)):
        case = partner.open(person)
        walk(case, person, document=replace(person.documents[0], valid_until=valid_until))
        wait(minutes=2)
        assert case.state is state
    assert case.reasons == ("doc.expired",)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"damaged": True}, "doc.damaged"),
        ({"family_name": "Anders"}, "data.name_mismatch"),
        ({"given_names": "Berta"}, "data.name_mismatch"),
        ({"birth_date": date(1980, 5, 18)}, "data.birthdate_mismatch"),
    ],
)
def test_an_unfit_document_is_rejected_with_its_reason(
    case: Case, person: Person, walk: Walk, wait: Wait, change: dict[str, Any], reason: str
) -> None:
    walk(case, person, document=replace(person.documents[0], **change))
    wait(minutes=2)
    assert rejected(case, reason)


@pytest.mark.parametrize("name", ["MUELLER", "Dr. Muller", "von Müller"])
def test_another_spelling_of_the_name_passes_with_changes(
    case: Case, person: Person, walk: Walk, wait: Wait, name: str
) -> None:
    walk(case, person, document=replace(person.documents[0], family_name=name))
    wait(minutes=2)
    assert case.state is State.SUCCESS_WITH_CHANGES


def test_the_birth_name_is_looked_at_by_a_human_and_passes(case: Case, person: Person, walk: Walk, wait: Wait) -> None:
    walk(case, person, document=replace(person.documents[0], family_name="Klein"))
    wait(minutes=2)
    assert (case.state, case.reasons) == (State.REVIEW, ("data.birth_name",))
    wait(minutes=30)
    assert case.state is State.SUCCESS


def test_a_foreign_card_is_rejected_by_its_number_and_by_its_holder(
    partner: Any, person: Person, walk: Walk, wait: Wait
) -> None:
    by_number, by_holder = partner.open(person), partner.open(person)
    walk(by_number, person, card=replace(person.card, iccsn="80276883119900000017"))
    walk(by_holder, person, kvnr="B123456786")
    wait(minutes=2)
    assert rejected(by_number, "egk.wrong_card")
    assert rejected(by_holder, "egk.wrong_card")


def test_a_foreign_face_may_try_three_times(case: Case, person: Person, walk: Walk, wait: Wait) -> None:
    stranger = replace(person, given_names="Berta", birth_date=date(1990, 1, 1))
    for _ in range(2):
        walk(case, person, face=stranger)
        wait(minutes=2)
        assert (case.state, case.reasons) == (State.RETRY, ("face.mismatch",))
    walk(case, person, face=stranger)
    wait(minutes=2)
    assert rejected(case, "face.mismatch", "policy.retry_limit")


def test_after_a_retry_the_right_face_passes(case: Case, person: Person, walk: Walk, wait: Wait) -> None:
    walk(case, person, face=replace(person, birth_date=date(1990, 1, 1)))
    wait(minutes=2)
    walk(case, person)
    wait(minutes=2)
    assert case.state is State.SUCCESS


def test_for_a_child_the_representative_shows_the_own_document_and_the_child_card(
    partner: Any, person: Person, walk: Walk, wait: Wait
) -> None:
    child = replace(person, given_names="Kim", birth_date=date(2012, 2, 2), kvnr="C123456783", guardian=person)
    acting = {"given_name": "Änne", "family_name": "Müller", "birth_date": "1980-05-17"}
    fits, own_card = partner.open(child, representative=acting), partner.open(child, representative=acting)
    walk(fits, person, card=child.card, kvnr=child.kvnr)
    walk(own_card, person, card=child.card, kvnr=person.kvnr)
    wait(minutes=2)
    assert fits.state is State.SUCCESS_WITH_CHANGES
    assert rejected(own_card, "egk.wrong_card")


def test_leaving_during_the_check_ends_the_case(case: Case, person: Person, walk: Walk, wait: Wait) -> None:
    walk(case, person)
    assert case.leave_app() == Accepted()
    wait(minutes=30)
    assert (case.state, case.reasons) == (State.ABANDONED, ("user.app_closed_in_check",))


def test_a_lenient_provider_goes_on_without_the_user(physics: Physics, person: Person, walk: Walk, wait: Wait) -> None:
    order = CaseOrder.model_validate(
        {
            "external_ref": "r",
            "subject": {
                "given_name": person.given_names,
                "family_name": person.family_name,
                "birth_date": person.birth_date,
                "kvnr": person.kvnr,
            },
            "health_card": {"iccsn": person.card.iccsn},
        }
    )
    case = IdentProvider(physics, LENIENT).create(order)
    walk(case, person)
    case.leave_app()
    wait(minutes=2)
    assert case.state is State.SUCCESS


def test_who_leaves_the_app_must_come_back_to_go_on(case: Case, person: Person) -> None:
    assert case.leave_app() == Refused("wrong_step")
    in_app(case).leave_app()
    assert case.film_document("front", person.documents[0]) == Refused("app_closed")
    assert case.resume_app() == Accepted()
    assert case.film_document("front", person.documents[0]) == Accepted()


def test_an_idle_case_ends_after_a_quarter_of_an_hour(partner: Any, person: Person, wait: Wait) -> None:
    at_terms, filming = partner.open(person), in_app(partner.open(person))
    at_terms.enter_card_digits(at_terms.order.health_card.suffix)
    at_terms.open_app()
    wait(minutes=14)
    filming.film_document("front", person.documents[0])
    wait(minutes=1)
    assert (at_terms.state, at_terms.reasons) == (State.CANCELLED, ("user.timeout",))
    assert filming.state is State.CAPTURING
    wait(minutes=14)
    assert (filming.state, filming.reasons) == (State.ABANDONED, ("user.timeout",))


def test_an_unused_link_expires_after_two_days(case: Case, wait: Wait) -> None:
    wait(hours=48)
    assert (case.state, case.reasons) == (State.EXPIRED, ("idp.jump_link_expired",))


def test_a_user_can_cancel_until_the_check_begins(partner: Any, person: Person, walk: Walk) -> None:
    early, late = partner.open(person), partner.open(person)
    assert early.cancel() == Accepted()
    assert early.cancel() == Refused("case_over")
    walk(late, person)
    assert late.cancel() == Refused("wrong_step")


@pytest.mark.parametrize(("fault", "reason"), [("doc_blurry", "blurry"), ("doc_glare", "glare")])
def test_a_bad_picture_is_taken_again(case: Case, person: Person, physics: Physics, fault: str, reason: str) -> None:
    in_app(case)
    physics.faults.arm("ident", fault)
    assert case.film_document("front", person.documents[0]) == Refused(reason)
    assert case.film_document("front", person.documents[0]) == Accepted()


def test_misheard_words_are_read_again(case: Case, person: Person, physics: Physics) -> None:
    in_app(case)
    case.film_document("front", person.documents[0])
    case.film_document("back", person.documents[0])
    physics.faults.arm("ident", "words_misread")
    assert case.read_words(case.words, face_of=person) == Refused("words_misread")
    assert case.read_words(case.words, face_of=person) == Accepted()


@pytest.mark.parametrize(
    ("fault", "parameters", "course"),
    [
        ("result_late", {"minutes": 10}, [(9, State.PROCESSING), (10, State.SUCCESS)]),
        ("result_late", {"minutes": 20}, [(14, State.PROCESSING), (15, State.ERROR)]),
        ("processing_timeout", {}, [(14, State.PROCESSING), (15, State.ERROR)]),
        ("manual_review", {"minutes": 30}, [(2, State.REVIEW), (31, State.REVIEW), (32, State.SUCCESS)]),
        ("revoked", {"hours": 1}, [(2, State.SUCCESS), (61, State.SUCCESS), (62, State.REVOKED)]),
    ],
)
def test_faults_of_the_check_take_their_time(
    case: Case,
    person: Person,
    physics: Physics,
    walk: Walk,
    fault: str,
    parameters: dict[str, int],
    course: list[tuple[int, State]],
) -> None:
    physics.faults.arm("ident", fault, parameters)
    walk(case, person)
    began = physics.clock.now
    for minutes, state in course:
        physics.advance_to(began + timedelta(minutes=minutes))
        assert case.state is state
    assert not physics.faults.unspent
