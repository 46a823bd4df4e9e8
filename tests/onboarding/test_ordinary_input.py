"""What people type in capitals, with blanks or as they write it at home: the page leaves it to the system to take it.

Each input is judged at a system that takes it and at one that refuses it. What is really another one is refused.
"""

from __future__ import annotations

from collections.abc import Callable

import pytest

from emulators.core.clock import DEFAULT_START
from emulators.core.outcome import Accepted, Refused
from emulators.core.people import People
from harness import actions as do
from harness.actions import Action
from harness.onboarding import Rules
from harness.onboarding.situation import Account, Issued
from harness.profile import InsurerProfile
from tests.onboarding.test_rules import PhoneOnPaper

Typed = Callable[[Account], Action]


def midway() -> Rules:
    """Everything has been sent and nothing entered; the stranger has the user name `Anna.Test`."""
    people = People(1, DEFAULT_START.date())
    everyone = {"person": people.named("adult"), "stranger": people.named("adult", "stranger")}
    rules = Rules(InsurerProfile(), everyone, lambda by, on: PhoneOnPaper(), DEFAULT_START)
    account, device = rules.situation.accounts["person"], rules.situation.device("person", "first")
    device.running.update({"barmer", "ecare"})
    device.sessions.update({"barmer": account, "ecare": account})
    account.state.update({"account": "pending", "email": "confirmed", "mobile": "confirmed", "tan": "sent"})
    account.state["letter"] = "sent"
    account.password = account.person.password
    account.tan, account.letter = Issued("012345", DEFAULT_START), Issued("WXYZ2345", DEFAULT_START)
    device.bound_to, device.release_code = account, Issued("678901", DEFAULT_START)
    rules.situation.accounts["stranger"].user_name = "Anna.Test"
    return rules


def registering(**told: str) -> Typed:
    def register(account: Account) -> Action:
        person = account.person
        own = {"given_names": person.given_names, "family_name": person.family_name, "kvnr": person.kvnr}
        account.state["account"] = "none"
        return do.Register(**{**own, "birth_date": person.birth_date.isoformat(), **told})

    return register


def shouting(account: Account) -> Action:
    return registering(family_name=f" {account.person.family_name.upper()} ")(account)


def logging_in(change: Callable[[str], str]) -> Typed:
    def log_in(account: Account) -> Action:
        account.user_name = account.person.user_name
        return do.LogIn(user_name=change(account.user_name), password=account.person.password)

    return log_in


LEFT_OPEN: dict[str, tuple[Typed, str]] = {
    "a name in capitals": (shouting, "cannot_register"),
    "a date with blanks": (
        lambda account: registering(birth_date=f" {account.person.birth_date.isoformat()} ")(account),
        "cannot_register",
    ),
    "a KVNR in small letters": (
        lambda account: registering(kvnr=account.person.kvnr.lower())(account),
        "kvnr_invalid",
    ),
    "the user name in capitals": (logging_in(str.upper), "bad_credentials"),
    "a user name like another's": (lambda account: do.ChooseUserName(user_name="anna.test"), "user_name_taken"),
    "an address beyond ASCII": (lambda account: do.EnterEmail(address="jörg@post.example"), "email_invalid"),
    "an address with a blank behind": (lambda account: do.EnterEmail(address="a@post.example "), "email_invalid"),
    "a number as at home": (lambda account: do.EnterMobile(number="0171 3920000"), "mobile_invalid"),
    "a TAN with blanks": (lambda account: do.EnterTan(code=" 012 345 "), "tan_wrong"),
    "a code in small letters": (lambda account: do.EnterActivationCode(code="wxyz-2345"), "code_wrong"),
    "a release code with a blank": (lambda account: do.EnterReleaseCode(code="678901 "), "release_code_wrong"),
}

WRONG: dict[str, tuple[Typed, str]] = {
    "another name": (registering(family_name="Anderer"), "cannot_register"),
    "another KVNR": (registering(kvnr="A000500016"), "kvnr_invalid"),
    "another user name": (logging_in(lambda name: f"{name}x"), "bad_credentials"),
    "the very name of another": (lambda account: do.ChooseUserName(user_name="Anna.Test"), "user_name_taken"),
    "no user name": (lambda account: do.ChooseUserName(user_name=""), "user_name_invalid"),
    "blanks for a user name": (lambda account: do.ChooseUserName(user_name="  "), "user_name_invalid"),
    "no address": (lambda account: do.EnterEmail(address="a@post"), "email_invalid"),
    "a number that is none": (lambda account: do.EnterMobile(number="0171"), "mobile_invalid"),
    "another TAN": (lambda account: do.EnterTan(code="012346"), "tan_wrong"),
    "another code": (lambda account: do.EnterActivationCode(code="WXYZ2346"), "code_wrong"),
    "another release code": (lambda account: do.EnterReleaseCode(code="678902"), "release_code_wrong"),
}


@pytest.mark.parametrize(("typed", "reason"), LEFT_OPEN.values(), ids=LEFT_OPEN)
def test_a_system_may_take_it_or_refuse_it(typed: Typed, reason: str) -> None:
    for outcome in (Accepted(), Refused(reason)):
        rules = midway()
        action = typed(rules.situation.accounts["person"])
        assert rules.apply(action, (), outcome).outcome == outcome


@pytest.mark.parametrize(("typed", "reason"), LEFT_OPEN.values(), ids=LEFT_OPEN)
def test_no_other_reason_will_do(typed: Typed, reason: str) -> None:
    rules = midway()
    action = typed(rules.situation.accounts["person"])
    assert rules.apply(action, (), Refused("because")).outcome == Accepted()


@pytest.mark.parametrize(("typed", "reason"), WRONG.values(), ids=WRONG)
def test_what_is_wrong_is_refused(typed: Typed, reason: str) -> None:
    rules = midway()
    action = typed(rules.situation.accounts["person"])
    assert rules.apply(action, (), Accepted()).outcome == Refused(reason)


def test_a_number_is_taken_for_what_the_gateway_is_given() -> None:
    rules = midway()
    rules.apply(do.EnterMobile(number="0171 / 392 0000"), (), Accepted())
    assert rules.situation.accounts["person"].mobile == "+491713920000"


def test_a_code_that_is_refused_for_how_it_was_written_has_cost_a_try() -> None:
    rules = midway()
    rules.apply(do.EnterTan(code=" 012345 "), (), Refused("tan_wrong"))
    assert rules.situation.accounts["person"].tan_tries == 1


@pytest.mark.parametrize("outcome", [Accepted(), Refused("mobile_unchecked")])
def test_a_number_typed_just_now_may_be_shown_for_a_check_or_not(outcome: Accepted | Refused) -> None:
    rules = midway()
    account = rules.situation.accounts["person"]
    account.updating = True
    assert rules.apply(do.EnterActivationCode(code="WXYZ2345"), (), Accepted()).outcome == Refused("mobile_unchecked")
    rules.apply(do.EnterMobile(number=account.person.mobile), (), Accepted())
    account.state["mobile"] = "confirmed"
    assert rules.apply(do.EnterActivationCode(code="WXYZ2345"), (), outcome).outcome == outcome
