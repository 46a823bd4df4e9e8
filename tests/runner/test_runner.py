"""The runner holds a system against the rules: what deviates is named with its requirement and can be replayed."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from email.message import EmailMessage
from pathlib import Path
from typing import Any, cast

import pytest

from emulators.core.outcome import Accepted, Outcome, Refused
from emulators.world import World
from harness import actions as do
from harness.actions import Action
from harness.drivers import View
from harness.drivers.reference import ReferenceDriver
from harness.errors import BenchError, Mismatch
from harness.person import Hands
from harness.profile import InsurerProfile
from harness.reading import activation_code_in
from harness.runner import Run, play
from harness.scenario.paths import PATHS
from harness.scenario.steps import Act, ArmFault, Expect, Place, Row, Scenario, Step, Wait
from harness.setup import build_driver, build_world

FILE = Path("scenarios/account/example.yaml")
HERE = Place(FILE, 7)
CHOICES = {"person": "adult", "device": "pixel-6"}


def row(*steps: Step | Action, path: str | None = None, **choices: str) -> Row:
    scenario = Scenario("EX-01", "An example", ("NEW-01",), FILE)
    chosen = {**CHOICES, **choices}
    before = PATHS[path](chosen, HERE) if path else ()
    placed = tuple(Act(s, HERE) if isinstance(s, Action) else s for s in steps)
    return Row(scenario, "pixel-6", chosen, (*before, *placed))


Make = Callable[[World, InsurerProfile, int], ReferenceDriver]


def run(subject: Row, make: Make = ReferenceDriver, seed: int = 0) -> Run:
    world = build_world(subject, seed=seed)
    try:
        return play(subject, world, make(world, InsurerProfile(), seed), seed=seed)
    finally:
        world.close()


class Deviating(ReferenceDriver):
    """A system that ends one action in its own way and does nothing."""

    verb: str = ""
    ends: Outcome = Accepted()

    def perform(self, action: Action) -> Outcome:
        return self.ends if action.verb == self.verb else super().perform(action)


def deviating(verb: str, ends: Outcome) -> type[Deviating]:
    return type("Deviating", (Deviating,), {"verb": verb, "ends": ends})


def failure(played: Run, kind: type[Exception] = Mismatch) -> str:
    assert isinstance(played.failure, kind), played.failure
    return str(played.failure)


def test_a_whole_onboarding_is_played_to_its_end() -> None:
    played = run(row(path="onboard"))
    assert played.failure is None
    assert {step.status for step in played.steps} == {"passed"}
    assert {"NEW-01", "PST-03", "IDN-01", "SET-08"} <= played.touched


def test_a_wrong_refusal_names_step_reason_requirement_facts_and_replay() -> None:
    played = run(row(path="account_active"), deviating("enter_activation_code", Refused("code_expired")), seed=4711)
    told = failure(played)
    assert told.startswith(
        "EX-01[pixel-6], step 16 of 17, enter_activation_code: "
        "refused with 'code_expired', the rules say accepted (PST-05, PST-02, PST-03)"
    )
    assert "the newest letter with" in told
    assert told.endswith('replay: pytest "scenarios/account/example.yaml::pixel-6" --seed 4711')


def test_an_acceptance_that_must_not_be_is_a_mismatch() -> None:
    steps = (Act(do.EnterTan(code="wrong"), HERE),)
    told = failure(run(row(do.LogIn(), do.EnterMobile(), do.RequestTan(), *steps, path="letter_came"),
                       deviating("enter_tan", Accepted())))  # fmt: skip
    assert "accepted, the rules say refused with 'tan_wrong' (TAN-04, TAN-06)" in told


class Posting(ReferenceDriver):
    """A system that sends every letter to somebody else."""

    def perform(self, action: Action) -> Outcome:
        if action.verb == "request_letter":
            person, stranger = self.world.people["person"], self.world.people["stranger"]
            kept = self.insurer.register[person.kvnr].person
            self.insurer.register[person.kvnr].person = replace(kept, address=stranger.address)
        return super().perform(action)


def test_a_letter_to_another_address_is_found() -> None:
    assert "PST-01" in failure(run(row(path="registered"), Posting))


class Showing(ReferenceDriver):
    """A system that shows something other than it is."""

    shown: dict[str, object]

    def look(self, by: str = "person", on: str = "first") -> View:
        return replace(super().look(by, on), **self.shown)  # type: ignore[arg-type]


def test_what_is_visible_is_held_against_the_rules_after_every_step() -> None:
    showing = type("Active", (Showing,), {"shown": {"account": "active"}})
    told = failure(run(row(path="registered"), showing))
    assert "step 1 of 9, install_app: account is active, the rules say none (PST-02, PST-03, NEW-08)" in told


class Silent(Deviating):
    """A system that says it has done one thing, shows it as done, and has sent nothing."""

    pretends: dict[str, object]
    done = False

    def perform(self, action: Action) -> Outcome:
        self.done |= action.verb == self.verb
        return super().perform(action)

    def look(self, by: str = "person", on: str = "first") -> View:
        seen = super().look(by, on)
        return replace(seen, **self.pretends) if self.done else seen  # type: ignore[arg-type]


def silent(verb: str, **pretends: object) -> type[Silent]:
    return type("Silent", (Silent,), {"verb": verb, "pretends": pretends})


def test_an_sms_that_is_owed_and_not_sent_is_missed_though_all_else_looks_right() -> None:
    steps = (do.LogIn(), do.EnterMobile(), do.RequestTan())
    told = failure(run(row(*steps, path="letter_came"), silent("request_tan", tan="sent")))
    assert "request_tan: no sms_tan to +49" in told
    assert "the rules say one is owed (TAN-01)" in told


def test_a_letter_that_is_owed_and_not_sent_is_missed_though_all_else_looks_right() -> None:
    told = failure(run(row(path="registered"), silent("request_letter", account="pending")))
    assert "request_letter: no letter_activation to " in told
    assert "the rules say one is owed (PST-01)" in told


def test_a_mail_that_is_owed_and_not_sent_is_missed_though_all_else_looks_right() -> None:
    told = failure(run(row(path="registered"), silent("enter_email", email="unconfirmed")))
    assert "enter_email: no mail_link to " in told
    assert "NEW-06" in told


class Late(ReferenceDriver):
    """A system that shows a release as pending for ever, and sends no PIN letter."""

    def __init__(self, world: World, profile: InsurerProfile, seed: int) -> None:
        super().__init__(world, profile.model_copy(update={"release_workdays": 30}), seed)


def test_a_release_that_is_late_is_a_mismatch_as_soon_as_it_is_late() -> None:
    told = failure(run(row(Wait(HERE, workdays=2), path="identity_proved"), Late))
    assert "release is pending, the rules say released (" in told
    assert "REL-01" in told


def test_a_field_that_the_driver_cannot_see_is_not_compared() -> None:
    blind = type("Blind", (Showing,), {"shown": dict.fromkeys(View.__slots__)})
    assert run(row(path="registered"), blind).failure is None


def test_an_unspent_fault_fails_the_scenario_as_a_mistake_of_the_bench() -> None:
    played = run(row(ArmFault("sms", "lost", {}, HERE), path="registered"))
    assert "unspent fault, armed and never hit: sms.lost (armed at step 10)" in failure(played, BenchError)


def test_a_fault_that_struck_is_the_cause_in_the_journal() -> None:
    played = run(row(ArmFault("post", "lost", {}, HERE), do.RequestLetter(), Wait(HERE, workdays=5), path="registered"))
    assert played.failure is None
    lost = [e for e in played.journal.entries if (e.channel, e.event) == ("post", "lost")]
    assert [(e.cause.step, e.cause.fault) for e in lost] == [(11, "post.lost")]


def test_reading_what_never_came_is_a_mistake_of_the_scenario() -> None:
    played = run(row(do.EnterActivationCode(), path="registered"))
    assert "no letter with a code has come" in failure(played, BenchError)


def typed_codes(played: Run, verb: str) -> list[str]:
    steps = (e.data for e in played.journal.entries if (e.channel, e.event) == ("run", "step"))
    return [data["code"] for data in steps if data["action"] == verb]


def test_a_release_code_that_is_shown_no_more_can_still_be_typed() -> None:
    played = run(
        row(
            do.LogIn(app="ecare"),
            do.CreateReleaseCode(),
            do.CreateReleaseCode(),
            Act(do.EnterReleaseCode(code="first-shown"), HERE, refused=("release_code_wrong",)),
            Wait(HERE, duration=timedelta(minutes=10)),
            Act(do.EnterReleaseCode(code="last-shown"), HERE, refused=("release_code_expired",)),
            path="released",
        )
    )
    assert played.failure is None
    first, last = typed_codes(played, "enter_release_code")
    assert first != last
    assert {len(first), len(last)} == {InsurerProfile().release_code_digits}


def test_a_release_code_that_was_never_shown_is_a_mistake_of_the_scenario() -> None:
    played = run(row(do.LogIn(app="ecare"), do.EnterReleaseCode(code="last-shown"), path="released"))
    assert "the Barmer app has shown no release code so far" in failure(played, BenchError)


def test_a_code_can_be_read_off_a_letter_that_went_to_somebody_else() -> None:
    strayed = do.EnterActivationCode(code="strayed-letter")
    subject = row(do.EnterMobile(), do.RequestTan(), do.EnterTan(), strayed, path="letter_came")
    assert "no letter with a code has come" in failure(run(subject), BenchError)
    played = run(replace(subject, steps=(ArmFault("post", "misdelivered", {}, HERE), *subject.steps)))
    assert played.failure is None
    (letter,) = (e.data for e in played.journal.entries if (e.channel, e.event) == ("post", "posted"))
    (code,) = typed_codes(played, "enter_activation_code")
    assert activation_code_in("\n".join(letter["pages"])) == code


def test_somebody_else_can_have_read_the_letter_of_the_person() -> None:
    read_along = do.EnterActivationCode(by="stranger", code="from-persons-letter")
    played = run(row(Act(read_along, HERE, refused=("app_missing",)), path="letter_came"))
    (letter,) = (e.data for e in played.journal.entries if (e.channel, e.event) == ("post", "posted"))
    (code,) = typed_codes(played, "enter_activation_code")
    assert activation_code_in("\n".join(letter["pages"])) == code


@pytest.mark.parametrize(
    ("dpi", "word", "told"),
    [
        (40, "from-letter", "no letter with a code has come"),
        (40, "from-letter-qr", None),
        (20, "from-letter-qr", "no letter with a readable QR code has come"),
    ],
)
def test_what_a_copy_of_a_letter_does_not_show_nobody_can_type(dpi: int, word: str, told: str | None) -> None:
    scanned = ArmFault("post", "scanned", {"dpi": dpi, "workdays": 0}, HERE)
    steps = (do.EnterMobile(), do.RequestTan(), do.EnterTan(), do.EnterActivationCode(code=word))
    subject = row(*steps, path="letter_came")
    played = run(replace(subject, steps=(scanned, *subject.steps)))
    if told is None:
        assert played.failure is None
    else:
        assert told in failure(played, BenchError)


def test_what_the_file_expects_is_held_too() -> None:
    told = failure(run(row(Expect({"letterbox": 1}, HERE), path="registered")))
    assert "letterbox is empty, the file says 1" in told


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({"account": "active"}, "the file says account = active; the system and the rules agree on: pending"),
        ({"login_offers": ("card",)}, "the file says login_offers = (card); the system and the rules agree on: ()"),
        ({"messages": ("released",)}, "the file says messages = (released); the system and the rules agree on: ()"),
        ({"by": "stranger", "account": "pending"}, "the file says account = pending; "),
    ],
)
def test_what_the_rules_do_not_permit_either_is_a_mistake_of_the_file(fields: dict[str, Any], told: str) -> None:
    by = fields.pop("by", "person")
    played = run(row(Expect(fields, HERE, by), path="registered"))
    assert f"step 10 of 10, expect: {HERE}: {told}" in failure(played, BenchError)


def test_what_the_system_shows_to_another_person_is_held_against_the_rules_first() -> None:
    class Mixing(ReferenceDriver):
        def look(self, by: str = "person", on: str = "first") -> View:
            return super().look("person", "first")

    told = failure(run(row(Expect({"account": "pending"}, HERE, "stranger"), path="registered"), Mixing))
    assert "account is pending, the rules say none (PST-02" in told


def test_what_the_driver_cannot_see_cannot_be_expected_of_it() -> None:
    blind = type("Blind", (Showing,), {"shown": {"account": None}})
    assert run(row(Expect({"account": "pending"}, HERE), path="registered"), blind).failure is None


def test_the_message_of_the_release_has_taken_part_once_it_was_there() -> None:
    assert "REL-02" not in run(row(path="identity_proved")).touched
    assert "REL-02" in run(row(path="released")).touched


def test_a_refusal_that_only_the_file_asks_for_is_a_mistake_of_the_file() -> None:
    played = run(row(Act(do.OpenApp(app="barmer"), HERE, refused=("rooted",)), path="apps_installed"))
    assert "the file says refused with 'rooted'; the system and the rules agree on: accepted" in failure(
        played, BenchError
    )


def test_a_driver_that_breaks_is_no_verdict_on_the_system() -> None:
    class Breaking(ReferenceDriver):
        def perform(self, action: Action) -> Outcome:
            raise ZeroDivisionError("the bridge is down")

    assert "ZeroDivisionError: the bridge is down" in failure(run(row(path="registered"), Breaking), BenchError)


@pytest.mark.parametrize("login", ["account", "card"])
def test_the_same_seed_gives_the_same_journal_to_the_byte(login: str) -> None:
    subject = row(path="onboard", login=login)
    assert run(subject, seed=7).journal.to_jsonl() == run(subject, seed=7).journal.to_jsonl()


def test_another_seed_gives_other_people_and_codes() -> None:
    subject = row(path="account_active")
    assert run(subject, seed=1).journal.to_jsonl() != run(subject, seed=2).journal.to_jsonl()


def test_on_real_sockets_the_same_path_ends_the_same() -> None:
    subject = row(path="onboard", identity="nect")
    world = build_world(subject, seed=3, sockets=True)
    try:
        assert all(re.fullmatch(r"(http|smtp|smpp)://127\.0\.0\.1:\d+", a) for a in world.addresses.values())
        driver = build_driver("reference", subject, world, seed=3)
        played = play(subject, world, driver, seed=3)
        driver.remove()
    finally:
        world.close()
    assert played.failure is None


def test_a_refusal_that_the_file_does_not_state_is_a_mistake_of_the_file() -> None:
    played = run(row(do.EnterMobile(number="12"), path="registered"))
    assert "the file says accepted; the system and the rules agree on: refused with 'mobile_invalid'" in failure(
        played, BenchError
    )


def test_an_advice_that_is_not_due_is_a_mismatch() -> None:
    advising = deviating("book_appointment", Accepted(("advised_to_wait", "bring_a_cake")))
    assert "BRN-02" in failure(run(row(do.BookAppointment()), advising))


def test_a_person_follows_only_the_links_they_see() -> None:
    world = build_world(row(), seed=0)
    try:
        hands = Hands(world, cast(Any, None), cast(Any, None))  # only to read, nothing is done
        mail = EmailMessage()
        mail["From"], mail["To"] = "service@musterkasse.example", world.people["person"].email
        mail.set_content('<a href="https://a.example/"><img src="https://b.example/b.png"></a>', "html")
        world.faults.arm("mail", "images_blocked")
        world.mail.smtp().send_message(mail)
        world.happen()
        with pytest.raises(BenchError, match="no mail with a link to click has come"):
            hands.concrete(do.ConfirmEmail())
        world.mail.smtp().send_message(mail)
        world.happen()
        assert hands.concrete(do.ConfirmEmail()).model_dump()["link"] == "https://a.example/"
    finally:
        world.close()


def test_where_the_page_leaves_it_open_the_system_decides() -> None:
    world = build_world(row(), seed=0)
    shouted = do.Register(family_name=world.people["person"].family_name.upper())
    world.close()
    assert run(row(shouted, do.ChooseUserName(), path="apps_installed")).failure is None
    refusing = deviating("register", Refused("cannot_register"))
    assert run(row(Act(shouted, HERE, refused=("cannot_register",)), path="apps_installed"), refusing).failure is None


def test_an_empty_user_name_is_refused_for_what_it_is() -> None:
    empty = Act(do.ChooseUserName(user_name=" "), HERE, refused=("user_name_invalid",))
    assert run(row(do.Register(), empty, path="apps_installed")).failure is None
