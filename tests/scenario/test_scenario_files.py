"""What a scenario file says is what the runner gets."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields, replace
from datetime import datetime, timedelta
from pathlib import Path

from emulators.core.clock import BERLIN
from harness.actions import EnterActivationCode, LogInWithCard, OpenApp, Register
from harness.drivers import View
from harness.expecting import WORLD_FIELDS
from harness.scenario.load import load, scenario_files
from harness.scenario.matrix import Family
from harness.scenario.prose import prose
from harness.scenario.steps import Act, ArmFault, Expect, Place, SetPhone, Step, Until, Wait
from harness.scenario.vocabulary import CHOICES, EXPECTED
from harness.setup import build_world
from harness.telling import title_of

HEAD = "id: PST-06-lost\ntitle: A lost letter\nrequirements: [PST-06]\n"
Read = Callable[[str], Family]


def steps(read: Read, *lines: str) -> tuple[Step, ...]:
    text = "".join(f"  - {line}\n" for line in lines)
    return read(f"{HEAD}steps:\n{text}person: child\nsecond_device: pixel-6\n").drafts()[0].row().steps


def test_an_action_without_fields_may_be_written_empty_or_as_an_empty_mapping(read: Read) -> None:
    one, other = steps(read, "register:", "register: {}")
    assert isinstance(one, Act)
    assert isinstance(other, Act)
    assert one.action == other.action == Register()


def test_an_action_carries_its_fields_its_place_and_what_the_file_asks_for(read: Read) -> None:
    place = Place(Path("some.yaml"), 5)
    (step,) = steps(read, "{enter_activation_code: {code: wrong, by: guardian, on: stranger}, refused: code_wrong}")
    assert step == Act(EnterActivationCode(code="wrong", by="guardian", on="stranger"), place, refused=("code_wrong",))
    (step,) = steps(read, "{open_app: {app: ecare}, accepted: [advised_to_wait]}")
    assert step == Act(OpenApp(app="ecare"), place, accepted=("advised_to_wait",))


def test_of_several_reasons_for_a_refusal_each_will_do(read: Read) -> None:
    (step,) = steps(read, "{start_setup: {}, refused: [not_released, device_not_released]}")
    assert isinstance(step, Act)
    assert step.refused == ("not_released", "device_not_released")
    assert title_of(step).endswith("abgelehnt: not_released oder device_not_released")


def test_a_list_becomes_a_tuple_where_the_action_has_one(read: Read) -> None:
    (step,) = steps(read, "log_in_with_card: {at: [bottom, top]}")
    assert isinstance(step, Act)
    assert step.action == LogInWithCard(at=("bottom", "top"))


def test_words_that_yaml_would_take_for_truth_values_or_dates_stay_words(read: Read) -> None:
    """YAML 1.1 reads `on` as true and an unquoted date as a date."""
    (step,) = steps(read, "register: {on: second, birth_date: 1990-01-31, family_name: No}")
    assert isinstance(step, Act)
    assert step.action == Register(on="second", birth_date="1990-01-31", family_name="No")


def test_a_fault_has_its_parameters_and_the_event_it_strikes(read: Read) -> None:
    place = Place(Path("some.yaml"), 5)
    assert steps(read, "fault: {post: lost}") == (ArmFault("post", "lost", {}, place),)
    late = ArmFault("post", "late", {"workdays": 5}, place, nth=2)
    assert steps(read, "fault: {post: {late: {workdays: 5, nth: 2}}}") == (late,)
    assert steps(read, "fault: {post: {late: {workdays: 5, nth: 2, times: 3}}}") == (replace(late, times=3),)


def test_waiting_is_working_days_and_true_time(read: Read) -> None:
    (step,) = steps(read, "wait: {workdays: 3, days: 1, hours: 2, minutes: 0.5}")
    assert step == Wait(Place(Path("some.yaml"), 5), 3, timedelta(days=1, hours=2, seconds=30))


def test_waiting_for_the_release_is_waiting_until_it_would_be_overdue(read: Read) -> None:
    (step,) = steps(read, "wait: release_due")
    assert step == Wait(Place(Path("some.yaml"), 5), until_release_due=True)
    assert title_of(step) == "Warten, bis die Frist für die Freischaltung abgelaufen ist"


def test_a_moment_is_in_berlin(read: Read) -> None:
    (step,) = steps(read, 'until: "2021-04-06 09:00"')
    assert isinstance(step, Until)
    assert step.moment == datetime(2021, 4, 6, 9, tzinfo=BERLIN)


def test_settings_of_a_phone_and_expectations_know_whose_they_are(read: Read) -> None:
    phone, expect = steps(
        read,
        "phone: {nfc_on: false, enrolled: [face], by: guardian}",
        "expect: {account: active, login_offers: [account, card], letterbox: empty, sms: 2, on: second}",
    )
    assert isinstance(phone, SetPhone)
    assert (phone.settings, phone.by, phone.on) == ({"nfc_on": False, "enrolled": ["face"]}, "guardian", "first")
    assert isinstance(expect, Expect)
    assert expect.on == "second"
    seen = {"account": "active", "login_offers": ("account", "card"), "letterbox": "empty", "sms": 2}
    assert expect.fields == seen


def test_a_path_is_put_in_its_place_with_its_own_choices(read: Read) -> None:
    row = read(f"{HEAD}steps:\n  - path: {{name: onboard, login: card}}\n  - view_record: {{}}\n").drafts()[0].row()
    verbs = [step.action.verb for step in row.steps if isinstance(step, Act)]
    assert verbs.count("register") == 1
    assert "log_in_with_card" in verbs
    assert verbs[-1] == "view_record"


def test_all_that_can_be_seen_can_be_expected() -> None:
    assert set(EXPECTED) == {field.name for field in fields(View)} | set(WORLD_FIELDS)


def test_personas_beside_the_scenarios_are_known_to_file_and_world(read: Read, tmp_path: Path) -> None:
    folder = tmp_path / "scenarios"
    folder.mkdir()
    (folder / "personas.yaml").write_text("boss: {age: 60}\n")
    (folder / "some.yaml").write_text(HEAD + "person: boss\nsteps:\n  - register: {}\n")
    row = load(folder / "some.yaml").drafts()[0].row()
    world = build_world(row, seed=1)
    try:
        assert world.people["person"].age_on(world.clock.now.date()) == 60
    finally:
        world.close()


def test_personas_are_no_scenario(tmp_path: Path) -> None:
    for name in ("personas.yaml", "b.yaml", "a.yaml"):
        (tmp_path / name).touch()
    assert [file.name for file in scenario_files([tmp_path, tmp_path / "a.yaml"])] == ["a.yaml", "b.yaml"]


def test_prose_tells_every_step_in_german(read: Read) -> None:
    told = prose(read(f"{HEAD}steps:\n  - request_letter: {{}}\n  - wait: {{workdays: 3}}\n").drafts()[0].row())
    assert told.splitlines()[0] == "A lost letter"
    assert "   1. Aktivierungscode per Post anfordern" in told
    assert "   2. Warten: 3 Arbeitstage" in told


def test_every_choice_a_path_may_be_given_has_values() -> None:
    assert all(len(values) == len(set(values)) > 1 for values in CHOICES.values())
