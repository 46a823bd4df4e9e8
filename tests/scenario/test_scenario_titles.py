"""Reports are read in German: what the project's scenarios are called there."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness import actions as do
from harness.actions import ACTIONS, Action
from harness.scenario.load import load, scenario_files
from harness.scenario.steps import Expect, Place, SetPhone
from harness.telling import title_of
from harness.wording import FIELDS

HERE = Place(Path("some.yaml"), 5)
ROOT = Path(__file__).parents[2]


def test_every_scenario_of_the_project_has_a_german_title_that_is_not_the_english_one() -> None:
    files = scenario_files([ROOT / "scenarios"])
    scenarios = [load(file, file.relative_to(ROOT)).scenario for file in files]
    assert scenarios
    assert [str(each.file) for each in scenarios if not (each.titel or "").strip() or each.titel == each.title] == []


def test_every_field_of_an_action_is_told_when_it_is_other_than_usual() -> None:
    silent = {
        f"{verb}.{field}"
        for verb, action in ACTIONS.items()
        for field in action.model_fields
        if field not in ("by", "on", *FIELDS) and f"{{{field}}}" not in action.says
    }
    assert silent == set()


TOLD: tuple[tuple[Action, str], ...] = (
    (do.Register(), "Registrieren mit Name, Geburtsdatum und Versichertennummer"),
    (
        do.Register(kvnr="A123456789", family_name="wrong", by="guardian"),
        (
            "Registrieren mit Name, Geburtsdatum und Versichertennummer "
            "(Nachname: falsche Angabe, Versichertennummer: A123456789) [Stellvertreter]"
        ),
    ),
    (do.ChoosePassword(password=""), "Passwort wählen und wiederholen (Passwort: leer)"),
    (do.FilmDocument(side="front"), "Personalausweis filmen: Vorderseite (wer sich ausweisen muss)"),
)


@pytest.mark.parametrize(("action", "told"), TOLD, ids=[action.verb for action, _ in TOLD])
def test_an_action_is_told_with_all_that_makes_it_different(action: Action, told: str) -> None:
    assert action.sentence() == told


def test_whose_view_and_whose_phone_it_is_is_told() -> None:
    assert title_of(Expect({"letterbox": "empty"}, HERE, "stranger")) == "Erwartet: letterbox = empty [fremde Person]"
    assert title_of(Expect({"device": "bound"}, HERE, on="second")) == "Erwartet: device = bound [zweites Gerät]"
    told = title_of(SetPhone({"nfc_on": False}, HERE, "guardian"))
    assert told == "Gerät einstellen: nfc_on = nein [Stellvertreter]"
