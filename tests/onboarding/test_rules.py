"""The tables from outside: complete, total, and saying what the requirements say."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emulators.core.clock import DEFAULT_START, Clock
from emulators.core.journal import Cause, Entry, Journal
from emulators.core.outcome import Accepted, Refused
from emulators.core.people import People
from harness import actions as do
from harness.actions import ACTIONS, Action
from harness.onboarding import REQUIREMENTS, RULES, Rules, diagram, table_rows
from harness.onboarding.account import password_is_weak
from harness.onboarding.rows import Duty
from harness.onboarding.situation import DEVICE_REGIONS, REGIONS
from harness.profile import InsurerProfile

TODAY = DEFAULT_START.date()


@dataclass
class PhoneOnPaper:
    """A phone as the rules see it."""

    os: str = "android"
    os_major: int = 11
    model: str = "Pixel 5"
    lock: bool = True
    rooted: bool = False
    keystore_present: bool = True
    auto_time: bool = True
    has_nfc: bool = True
    nfc_on: bool = True
    antenna: str = "middle"
    enrolled: frozenset[str] = frozenset({"fingerprint"})
    enrolment_id: int = 1
    apps: frozenset[str] = frozenset({"barmer", "ecare"})
    online: bool = True


def rules(phone: PhoneOnPaper | None = None, persona: str = "adult") -> Rules:
    people = People(1, TODAY)
    person = people.named(persona)
    everyone = {"person": person, "stranger": people.named("adult", "stranger")}
    if person.guardian:
        everyone["guardian"] = person.guardian
    facts = phone or PhoneOnPaper()
    return Rules(InsurerProfile(), everyone, lambda by, on: facts, DEFAULT_START)


def test_every_requirement_stands_in_the_tables() -> None:
    named = {requirement for row in table_rows() for requirement in row.requirements}
    assert named == set(REQUIREMENTS)
    assert len(REQUIREMENTS) == 94


def test_every_action_has_a_rule_and_every_rule_an_action() -> None:
    assert set(RULES) == set(ACTIONS.values())


def test_every_row_names_a_requirement() -> None:
    assert [row for row in table_rows() if not row.requirements] == []


def concrete(action: type[Action]) -> Action:
    """An action with plain values where nothing can be read."""
    fields = {"side": "front"} if "side" in action.model_fields else {}
    fields |= {"app": "barmer"} if action.model_fields.get("app") and action.model_fields["app"].is_required() else {}
    return action(**fields)


def walk(rules_: Rules, account: str, setup: str, release: str, running: bool) -> None:
    """Put the rules into a state, whatever way led there."""
    person = rules_.situation.accounts["person"]
    device = rules_.situation.device("person", "first")
    person.state.update({"account": account, "release": release})
    if running:
        device.running.update({"barmer", "ecare"})
        device.sessions.update({"barmer": person, "ecare": person})
    if setup != "none":
        person.state["record"] = setup


@given(
    verb=st.sampled_from(sorted(ACTIONS)),
    account=st.sampled_from(["none", "registering", "old", "pending", "active"]),
    record=st.sampled_from(["none", "setting_up", "ready", "without_app"]),
    release=st.sampled_from(["none", "pending", "released"]),
    running=st.booleans(),
)
def test_every_action_in_every_state_has_a_predicted_end(
    verb: str, account: str, record: str, release: str, running: bool
) -> None:
    subject = rules()
    walk(subject, account, record, release, running)
    prediction = subject.predict(concrete(ACTIONS[verb]))
    assert isinstance(prediction.outcome, Accepted | Refused)
    assert set(prediction.requirements) <= set(REQUIREMENTS)
    assert prediction.requirements


def test_predicting_changes_nothing() -> None:
    subject = rules()
    walk(subject, "active", "setting_up", "released", running=True)
    before = repr(subject.situation.accounts["person"])
    for action in ACTIONS.values():
        subject.predict(concrete(action))
    assert repr(subject.situation.accounts["person"]) == before


def refused(prediction: object) -> str:
    outcome = getattr(prediction, "outcome", prediction)
    assert isinstance(outcome, Refused), f"{outcome} is no refusal"
    return outcome.reason


CONDITIONS: tuple[tuple[dict[str, object], str, str], ...] = (
    ({"os": "windows", "os_major": 10}, "os_not_supported", "DEV-01"),
    ({"os_major": 7}, "os_too_old", "DEV-02"),
    ({"os": "ios", "os_major": 12}, "os_too_old", "DEV-03"),
    ({"lock": False}, "no_screen_lock", "DEV-04"),
    ({"rooted": True}, "rooted", "DEV-05"),
    ({"keystore_present": False}, "no_keystore", "DEV-06"),
    ({"auto_time": False}, "clock_not_automatic", "DEV-07"),
)


@pytest.mark.parametrize(("changes", "reason", "requirement"), CONDITIONS, ids=[c[2] for c in CONDITIONS])
def test_a_device_that_misses_a_condition_cannot_start_an_app(
    changes: dict[str, object], reason: str, requirement: str
) -> None:
    prediction = rules(replace(PhoneOnPaper(), **changes)).predict(do.OpenApp(app="barmer"))  # type: ignore[arg-type]
    assert refused(prediction) == reason
    assert requirement in prediction.requirements


@pytest.mark.parametrize("system", [("android", 8), ("ios", 13)])
def test_the_oldest_admitted_system_is_admitted(system: tuple[str, int]) -> None:
    os, major = system
    outcome = rules(PhoneOnPaper(os=os, os_major=major)).predict(do.OpenApp(app="barmer")).outcome
    assert outcome == Accepted()


def test_the_conditions_are_held_again_at_the_next_start() -> None:
    phone = PhoneOnPaper()
    subject = rules(phone)
    assert subject.apply(do.OpenApp(app="barmer")).outcome == Accepted()
    phone.rooted = True
    assert refused(subject.predict(do.OpenApp(app="barmer"))) == "rooted"


PASSWORDS = (
    ("Aa1!aaaa", False),
    ("Aa1!aaa", True),
    ("aa1!aaaa", True),
    ("AA1!AAAA", True),
    ("Aaa!aaaa", True),
    ("Aa1aaaaa", True),
    ("Äß1 !xyz", False),
    ("Aa1 aaaa", True),  # a blank is no special character
    ("Kennwort-²", True),  # the page asks for a digit "(0-9)"
    ("Kennwort-٣", True),
)


@pytest.mark.parametrize(("password", "weak"), PASSWORDS)
def test_a_password_needs_all_five(password: str, weak: bool) -> None:
    assert password_is_weak(password, 8) is weak


@pytest.mark.parametrize(
    ("persona", "entitled"),
    [("turns_15_tomorrow", "guardian"), ("turns_15_today", "person"), ("turned_15_yesterday", "person")],
)
def test_on_the_fifteenth_birthday_the_deputys_way_closes(persona: str, entitled: str) -> None:
    subject = rules(persona=persona)
    assert subject.situation.entitled(subject.situation.accounts["person"]) == entitled


def test_turning_fifteen_on_the_way_is_judged_on_the_day_itself() -> None:
    subject = rules(persona="turns_15_tomorrow")
    account = subject.situation.accounts["person"]
    subject.now(DEFAULT_START + timedelta(days=1))
    assert account.person.age_on(date(2021, 3, 24)) == 15
    assert subject.situation.entitled(account) == "person"


def test_the_diagram_draws_every_region_and_is_the_same_each_time() -> None:
    drawn = diagram()
    assert drawn == diagram()
    for region in (*REGIONS, *DEVICE_REGIONS):
        assert f" as {region} {{" in drawn
    assert "account_pending --> account_active : enter_activation_code" in drawn


def test_a_letter_whose_sender_heard_nothing_changes_nothing_if_it_was_refused() -> None:
    subject, journal = rules(), Journal(Clock())
    person = subject.situation.accounts["person"].person
    with journal.because(Cause(fault="post.line_truncated")):
        entry = posted(journal, *person.address.lines())
    assert subject.observe([entry]) == []
    assert subject.situation.accounts["person"].letter is None


def test_a_letter_whose_sender_heard_nothing_must_still_go_to_an_address_of_the_insured() -> None:
    subject, journal = rules(), Journal(Clock())
    with journal.because(Cause(fault="post.line_truncated")):
        entry = posted(journal, "Irrweg 1", "12345 Musterstadt")
    (deviation,) = subject.observe([entry])
    assert "PST-01" in deviation.requirements


@pytest.mark.parametrize(("fault", "stray"), [("post.line_reset", 1), ("post.late", 2), (None, 2)])
def test_a_letter_may_be_sent_once_more_only_if_its_sender_heard_nothing(fault: str | None, stray: int) -> None:
    subject, journal = rules(), Journal(Clock())
    account = subject.situation.accounts["person"]
    address = account.person.address.lines()
    subject.debts.open.append(Duty("letter_activation", " / ".join(address), ("PST-01",), account, DEFAULT_START))
    with journal.because(Cause(fault=fault)):
        first = posted(journal, *address)
    again = [posted(journal, *address, code=f"ABCD234{number}") for number in range(2)]
    assert len(subject.observe([first, *again])) == stray


def posted(journal: Journal, *address: str, code: str = "WXYZ2345") -> Entry:
    """A letter with an activation code, as the post notes it."""
    recipient, pages = ["Ada Muster", *address], [f"Aktivierungscode: {code}"]
    journal.write("post", "posted", letter_id=code, recipient=recipient, pages=pages)
    return journal.entries[-1]


@pytest.mark.parametrize(
    ("pin", "commands", "left"),
    [
        ("999999", (), 2),
        ("12", (), 3),
        ("1234", ("0CA4040C", "0C200002"), 2),  # this app sends it all the same
        ("999999", ("0CA4040C", "8C200002"), 3),  # this one has only asked how many tries are left
    ],
)
def test_a_try_is_counted_only_if_the_card_was_given_the_pin(pin: str, commands: tuple[str, ...], left: int) -> None:
    subject, journal = rules(), Journal(Clock())
    account, device = subject.situation.accounts["person"], subject.situation.device("person", "first")
    account.state["record"], account.login_way, account.card.released = "ready", "card", True
    account.record_on.add(device.name)
    device.running.add("ecare")
    for command in commands:
        journal.write("card", "apdu", c=command, sw="63C2")
    tried = subject.apply(do.LogInWithCard(can=account.card.data.can, pin=pin), journal.entries)
    assert tried.outcome == Refused("pin_wrong", (f"tries_left:{left}",))
    assert account.card.pin_tries == left


@pytest.mark.parametrize(("hours", "allowed"), [(1, ("passed", "running")), (25, ("passed",))])
def test_a_result_without_its_report_may_be_noticed_within_the_time_that_the_profile_leaves(
    hours: int, allowed: tuple[str, ...]
) -> None:
    subject = rules()
    account = subject.situation.accounts["person"]
    account.state["identity"], account.decided_at, account.lag = "passed", DEFAULT_START, "IDN-10"
    assert subject.situation.profile.ident_lag_hours == 24
    subject.now(DEFAULT_START + timedelta(hours=hours))
    assert subject.permitted("identity") == allowed
