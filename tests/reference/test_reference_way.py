"""The whole way with the apps and without them, in worlds of emulators."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from emulators.card import HealthCard
from emulators.core.outcome import Accepted, Outcome, Refused
from emulators.core.person import DocumentKind
from harness import actions as act
from harness.drivers.reference import PERFORM
from harness.profile import InsurerProfile

if TYPE_CHECKING:
    from tests.reference.conftest import Bench

Make = Callable[..., "Bench"]


def test_every_action_of_the_system_has_a_deed() -> None:
    assert set(PERFORM) == {verb for verb, kind in act.ACTIONS.items() if kind.where == act.SYSTEM}


def test_the_way_with_account_login_ends_in_a_record_that_can_be_used(bench: Bench) -> None:
    bench.set_up()
    view = bench.view
    assert (view.account, view.device, view.release, view.record, view.ecare) == (
        "active",
        "released",
        "released",
        "ready",
        "open",
    )
    bench.done(act.AddDocument(), act.ViewRecord())


def test_the_way_is_the_same_over_real_sockets(make_bench: Make) -> None:
    bench = make_bench(sockets=True)
    bench.set_up("card")
    bench.done(act.LogInWithCard(can=bench.person.card.can, pin=bench.from_letter("PIN")), act.BookAppointment())
    bench.wait(days=1, hours=1)
    assert visit(bench, "verify") == Accepted()


def test_two_worlds_with_the_same_seed_write_the_same_journal(make_bench: Make) -> None:
    journals = []
    for _ in range(2):
        bench = make_bench()
        bench.set_up("card")
        journals.append(bench.world.journal.to_jsonl())
        bench.world.close()
    assert journals[0] == journals[1]


def test_a_card_opens_the_record_and_its_variants_do_not(bench: Bench) -> None:
    bench.set_up("card")
    pin, can = bench.from_letter("PIN"), bench.person.card.can
    theirs = bench.world.people["stranger"].card
    tried = {
        which: bench.do(
            act.LogInWithCard(card=which, can=theirs.can, pin=theirs.pin)
            if which == "stranger"
            else act.LogInWithCard(card=which, can=can, pin=pin)
        )
        for which in ("copied", "expired", "foreign", "stranger", "person", "revoked")
    }
    assert tried == {
        "copied": Refused("card_not_proved"),
        "expired": Refused("card_expired"),
        "foreign": Refused("card_foreign"),
        "stranger": Refused("wrong_card"),
        "person": Accepted(),
        "revoked": Refused("card_revoked"),
    }


def test_the_third_wrong_pin_blocks_and_names_the_puk(bench: Bench) -> None:
    bench.set_up("card")
    can, pin = bench.person.card.can, bench.from_letter("PIN")
    wrong = f"{(int(pin) + 1) % 10**6:06}"
    tried = [bench.do(act.LogInWithCard(can=can, pin=typed)) for typed in (wrong, "12", wrong, wrong, pin)]
    assert tried == [
        Refused("pin_wrong", ("tries_left:2",)),
        Refused("pin_wrong", ("tries_left:2",)),  # two digits are no PIN and were never sent
        Refused("pin_wrong", ("tries_left:1",)),
        Refused("pin_blocked", ("use_puk",)),
        Refused("pin_blocked", ("use_puk",)),
    ]


@pytest.mark.parametrize(
    ("action", "reason"),
    [
        (act.LogInWithCard(can="", pin="123456"), "can_missing"),
        (act.LogInWithCard(can="123456", pin=""), "pin_missing"),
        (act.LogInWithCard(can="123456", pin="123456", at=("bottom",)), "card_not_found"),
    ],
)
def test_card_login_names_what_is_missing(bench: Bench, action: act.Action, reason: str) -> None:
    bench.set_up("card")
    assert bench.do(action) == Refused(reason)


def test_nfc_switched_off_is_said_and_works_once_switched_on(bench: Bench) -> None:
    bench.set_up("card")
    log_in = act.LogInWithCard(can=bench.person.card.can, pin=bench.from_letter("PIN"))
    bench.world.phone().set(nfc_on=False)
    assert bench.do(log_in) == Refused("nfc_off")
    bench.world.phone().set(nfc_on=True)
    bench.done(log_in)


def test_a_card_torn_away_before_the_pin_costs_no_try(bench: Bench) -> None:
    bench.set_up("card")
    log_in = act.LogInWithCard(can=bench.person.card.can, pin=bench.from_letter("PIN"))
    bench.world.faults.arm("phone", "tear_off", {"after_command": 1, "when": "before"})
    assert bench.do(log_in) == Refused("card_lost")
    card = bench.world.card()
    assert isinstance(card, HealthCard)
    assert card.password.tries == 3
    bench.done(log_in)


def test_a_second_device_needs_letter_code_and_the_saved_key(bench: Bench) -> None:
    bench.released()
    bench.done(act.CreateReleaseCode())
    bench.done(act.EnterReleaseCode(code=bench.view.release_code or ""), act.StartSetup())
    bench.done(act.AcceptTerms(app="ecare"), act.AcceptDataTransfer(), act.ConfirmSummary(), act.MovePhone())
    key = bench.view.recovery_key or ""
    assert len(key) == 24
    bench.done(act.SaveRecoveryKey(), act.ConfirmKeySaved(), act.ChooseLogin(), act.ConfirmSecurityNotes())
    bench.done(act.CheckEmail())
    bench.done(act.ConfirmEmail(link=bench.link), act.ConfirmDevice())

    second, person = bench.world.phone("person", "second"), bench.person
    for app in ("barmer", "ecare"):
        second.install(app)
        bench.done(act.OpenApp(app=app, on="second"))
    log_in = {"user_name": person.user_name, "password": person.password, "on": "second"}
    assert bench.do(act.LogIn(app="ecare", **log_in)) == Refused("device_not_bound")
    bench.done(act.LogIn(app="barmer", **log_in), act.RequestLetter(on="second"))
    bench.wait(days=7)
    bench.done(act.EnterActivationCode(code=bench.from_letter("Aktivierungscode"), on="second"))
    bench.done(act.LogIn(app="ecare", **log_in), act.CreateReleaseCode(on="second"))
    assert bench.do(act.RestoreData(key=key, on="second")) == Refused("device_not_released")
    code = bench.driver.look(on="second").release_code or ""
    bench.done(act.EnterReleaseCode(code=code, on="second"))
    assert bench.do(act.StartSetup(on="second")) == Refused("record_exists")
    assert bench.do(act.RestoreData(key="", on="second")) == Refused("key_missing")
    assert bench.do(act.RestoreData(key=key[::-1], on="second")) == Refused("key_wrong")
    assert bench.driver.look(on="second").ecare == "limited"
    bench.done(act.RestoreData(key=key, on="second"), act.ViewRecord(on="second"))

    bench.done(act.RemoveDevice(device="first"))
    assert bench.do(act.ViewRecord()) == Refused("not_logged_in")
    assert bench.view.devices == 1


def test_an_old_account_is_updated_and_not_made_again(bench: Bench) -> None:
    person = bench.person
    bench.done(act.GivenAccount(user_name=False, weak_password=True))
    bench.open_app("barmer")
    again = act.Register(
        given_names=person.given_names,
        family_name=person.family_name,
        birth_date=person.birth_date.isoformat(),
        kvnr=person.kvnr,
    )
    assert bench.do(again) == Refused("cannot_register")
    bench.done(act.LogIn(user_name=person.kvnr, password="abc123"))
    assert bench.do(act.RequestTan()) == Refused("mobile_unconfirmed")
    bench.done(act.ConfirmMobile(), act.RequestTan())
    bench.done(act.EnterTan(code="auto"), act.ChooseUserName(user_name=person.user_name))
    assert bench.do(act.RequestLetter()) == Refused("password_missing")
    bench.done(act.ChoosePassword(password=person.password, repeat=person.password), act.AcceptTerms())
    assert bench.do(act.RequestLetter()) == Refused("email_unconfirmed")
    bench.done(act.EnterEmail(address=person.email))
    bench.done(act.ConfirmEmail(link=bench.link), act.RequestLetter())
    bench.wait(days=7)
    code = act.EnterActivationCode(code=bench.from_letter("Aktivierungscode"))
    bench.done(act.LogIn(user_name=person.user_name, password=person.password))
    assert bench.do(code) == Refused("mobile_unchecked")
    bench.done(act.ConfirmMobile(), code)
    assert bench.view.account == "active"


def test_for_a_child_the_guardians_document_passes_and_the_childs_does_not(make_bench: Make) -> None:
    bench = make_bench("child")
    bench.activate()
    guardian = bench.person.guardian
    assert guardian is not None
    bench.film(holder=guardian)
    bench.wait(minutes=5)
    assert (bench.view.identity, bench.view.release) == ("passed", "pending")

    other = make_bench("child")
    other.activate()
    other.film()
    other.wait(minutes=5)
    assert (other.view.identity, other.view.release) == ("refused", "none")


def visit(bench: Bench, purpose: str, kind: DocumentKind = DocumentKind.PASSPORT) -> Outcome:
    appointment = next(iter(bench.world.branch.appointments), None)
    person = bench.person
    return bench.world.branch.visit(
        visitor=person,
        insured=person,
        purpose="create_record" if purpose == "create_record" else "verify",
        card=person.card,
        card_kvnr=person.kvnr,
        document=person.document(kind),
        appointment_id=appointment,
    )


def test_without_the_app_the_branch_creates_the_record_and_a_practice_is_let_in(bench: Bench) -> None:
    assert visit(bench, "create_record") == Refused("appointment_needed")
    assert bench.do(act.BookAppointment()) == Accepted(("advised_to_wait",))
    bench.wait(days=1, hours=1)
    assert visit(bench, "verify") == Refused("account_missing")
    assert visit(bench, "create_record") == Accepted()
    assert visit(bench, "create_record") == Refused("record_exists")
    assert bench.view.record == "without_app"
    bench.wait(days=10)
    pin = bench.from_letter("PIN")
    wrong = f"{(int(pin) + 1) % 10**6:06}"
    assert bench.do(act.AuthorisePractice(pin=wrong)) == Refused("pin_wrong", ("tries_left:2",))
    bench.done(act.AuthorisePractice(pin=pin))
    assert bench.do(act.PhysicianCreatesRecord()) == Refused("not_entitled")


def test_a_killed_setup_goes_on_where_it_was(bench: Bench) -> None:
    bench.released()
    bench.done(act.CreateReleaseCode())
    bench.done(act.EnterReleaseCode(code=bench.view.release_code or ""), act.StartSetup())
    bench.done(act.AcceptTerms(app="ecare"), act.AcceptDataTransfer(), act.ConfirmSummary(), act.MovePhone())
    key = bench.view.recovery_key
    bench.done(act.KillApp(app="ecare"))
    assert bench.do(act.ConfirmSummary()) == Refused("app_not_open")
    bench.done(act.OpenApp(app="ecare"))
    assert bench.do(act.SaveRecoveryKey()) == Refused("not_logged_in")
    bench.done(act.LogIn(app="ecare", user_name=bench.person.user_name, password=bench.person.password))
    assert bench.view.recovery_key == key
    bench.done(act.SaveRecoveryKey())


def test_where_the_profile_says_so_a_killed_setup_starts_again(make_bench: Make) -> None:
    bench = make_bench(profile=InsurerProfile(interrupted_setup="starts_again"))
    bench.released()
    bench.done(act.CreateReleaseCode())
    bench.done(act.EnterReleaseCode(code=bench.view.release_code or ""), act.StartSetup(), act.AcceptTerms(app="ecare"))
    bench.done(act.KillApp(app="ecare"), act.OpenApp(app="ecare"))
    bench.done(act.LogIn(app="ecare", user_name=bench.person.user_name, password=bench.person.password))
    assert bench.view.record == "none"
    bench.done(act.StartSetup())
    assert bench.do(act.AcceptDataTransfer()) == Refused("terms_missing")


@pytest.mark.parametrize(("seconds", "vigour"), [(4.9, "full"), (60, "little"), (60, "none")])
def test_too_little_movement_does_not_fill_the_bar(bench: Bench, seconds: float, vigour: str) -> None:
    bench.released()
    bench.done(act.CreateReleaseCode())
    bench.done(act.EnterReleaseCode(code=bench.view.release_code or ""), act.StartSetup())
    bench.done(act.AcceptTerms(app="ecare"), act.AcceptDataTransfer(), act.ConfirmSummary())
    move = act.MovePhone.model_validate({"seconds": seconds, "vigour": vigour})
    assert bench.do(move) == Refused("too_little_movement")
    bench.done(act.MovePhone(seconds=5.0))


def test_a_changed_enrolment_needs_the_password_once(make_bench: Make) -> None:
    bench = make_bench(device="android_phone_nfc")
    bench.register()
    person, phone = bench.person, bench.world.phone()
    bench.done(
        act.RequestLetter(), act.ChooseUnlock(method="face"), act.OpenApp(app="barmer"), act.UnlockApp(method="face")
    )
    phone.set(enrolled=frozenset({"face"}))
    assert bench.do(act.UnlockApp(method="face")) == Refused("enrolment_changed")
    bench.done(act.LogIn(user_name=person.user_name, password=person.password), act.UnlockApp(method="face"))
    assert bench.do(act.ChooseUnlock(method="fingerprint")) == Refused("not_enrolled")


def test_a_code_from_the_letter_is_locked_after_three_wrong_ones(bench: Bench) -> None:
    bench.register()
    bench.done(act.RequestTan())
    assert bench.do(act.RequestLetter()) == Accepted()
    bench.wait(days=7)
    right = act.EnterActivationCode(code=bench.from_letter("Aktivierungscode"))
    assert bench.do(right) == Refused("email_unconfirmed")
    bench.done(act.EnterEmail(address=bench.person.email))
    bench.done(act.ConfirmEmail(link=bench.link))
    assert bench.do(right) == Refused("mobile_unconfirmed")
    assert bench.do(act.EnterTan(code="000000")) == Refused("tan_expired")
    bench.done(act.RequestTan())
    bench.done(act.EnterTan(code=bench.tan))
    for _ in range(3):
        assert bench.do(act.EnterActivationCode(code="FALSCH22")) == Refused("code_wrong")
    assert bench.do(right) == Refused("code_locked")
    bench.done(act.RequestLetter())
    bench.wait(days=7)
    assert bench.do(right) == Refused("code_wrong")
    bench.done(act.EnterActivationCode(code=bench.from_letter("Aktivierungscode")))


def test_a_link_counts_once_for_48_hours_and_only_the_newest(bench: Bench) -> None:
    bench.register()
    first = bench.link
    bench.done(act.EnterEmail(address=bench.person.email))
    newest = bench.link
    assert bench.do(act.ConfirmEmail(link=first)) == Refused("link_invalid")
    assert bench.do(act.ConfirmEmail(link="https://elsewhere.example/confirm/1")) == Refused("link_invalid")
    bench.done(act.ConfirmEmail(link=newest))
    assert bench.do(act.ConfirmEmail(link=newest)) == Refused("link_used")
    bench.done(act.EnterEmail(address=bench.person.email))
    third = bench.link
    bench.wait(hours=48)
    assert bench.do(act.ConfirmEmail(link=third)) == Refused("link_expired")


def test_a_mail_scanner_that_opens_the_link_first_uses_nothing_up(bench: Bench) -> None:
    bench.world.faults.arm("mail", "scanner")
    bench.register()
    bench.wait(minutes=5)
    assert bench.view.email == "unconfirmed"
    bench.done(act.ConfirmEmail(link=bench.link))
    assert bench.view.email == "confirmed"


def test_a_tan_proves_only_the_number_it_was_sent_to(bench: Bench) -> None:
    bench.register()
    bench.done(act.RequestTan())
    old = bench.tan
    bench.done(act.EnterMobile(number=bench.world.people["stranger"].mobile))
    assert bench.do(act.EnterTan(code=old)) == Refused("no_tan")
    assert bench.view.mobile == "unconfirmed"


def test_a_registration_that_was_broken_off_can_be_taken_up_and_an_account_cannot(bench: Bench) -> None:
    bench.register()
    person = bench.person
    again = act.Register(
        given_names=person.given_names,
        family_name=person.family_name,
        birth_date=person.birth_date.isoformat(),
        kvnr=person.kvnr,
    )
    bench.done(act.KillApp(app="barmer"), act.OpenApp(app="barmer"), again, act.RequestLetter())
    assert bench.view.account == "pending"
    assert bench.do(again) == Refused("cannot_register")
    assert bench.do(again.model_copy(update={"family_name": "Andere"})) == Refused("cannot_register")
    assert bench.do(again.model_copy(update={"kvnr": "X114428530"})) == Refused("kvnr_invalid")


@pytest.mark.parametrize("stage", ["nothing", "register", "activate", "released", "set_up"])
def test_no_action_at_any_stage_raises(bench: Bench, stage: str) -> None:
    if stage != "nothing":
        getattr(bench, stage)()
    odd = "\N{PILE OF POO} ' ß\x00"
    for by, on in (("person", "first"), ("person", "second"), ("stranger", "first")):
        for kind in act.ACTIONS.values():
            if kind.where == act.SYSTEM and kind is not act.GivenAccount:
                texts = {name: odd for name, field in kind.model_fields.items() if field.annotation is str}
                required = {"app": "ecare"} if kind in (act.OpenApp, act.KillApp) else {}
                action = kind.model_validate({"by": by, "on": on, **required})
                assert isinstance(bench.do(action.model_copy(update=texts)), Accepted | Refused)
                bench.driver.look(by, on)


def test_the_release_comes_on_the_next_working_day_after_easter(bench: Bench) -> None:
    bench.activate()  # Tuesday 30 March 2021
    bench.world.physics.advance_to(bench.world.clock.now + timedelta(days=2, hours=8))  # Maundy Thursday, evening
    bench.film()
    bench.wait(minutes=5)
    bench.wait(days=4)
    assert (bench.view.release, bench.view.messages) == ("pending", ())
    bench.wait(days=1)  # Tuesday 6 April
    assert (bench.view.release, bench.view.messages) == ("released", ("released",))


@pytest.mark.parametrize("can", ["ümlaut", "12 456", "\u0661\u0662\u0663\u0664\u0665\u0666"])
def test_what_cannot_be_a_can_is_a_wrong_one(bench: Bench, can: str) -> None:
    bench.set_up("card")
    assert bench.do(act.LogInWithCard(can=can, pin=bench.from_letter("PIN"))) == Refused("can_wrong")
