"""The JSON Schema for editors agrees with what the loader takes (by structure: it is data about data)."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from harness.actions import ACTIONS
from harness.scenario.format import ScenarioShape
from harness.scenario.load import load, scenario_files
from harness.scenario.schema import schema
from harness.scenario.tree import read_tree
from harness.scenario.vocabulary import vocabulary
from tests.scenario.fits import fits

ROOT = Path(__file__).parents[2]
SCENARIOS = ROOT / "scenarios"


@pytest.fixture(scope="module")
def made() -> dict[str, Any]:
    return schema(vocabulary(SCENARIOS / "any.yaml"))


def verbs(made: dict[str, Any]) -> dict[str, Any]:
    steps = made["properties"]["steps"]["items"]["oneOf"]
    return {step["required"][0]: step for step in steps}


def test_it_is_json(made: dict[str, Any]) -> None:
    assert json.loads(json.dumps(made)) == made


def test_it_has_every_field_of_a_file_and_no_other(made: dict[str, Any]) -> None:
    assert set(made["properties"]) == set(ScenarioShape.model_fields)
    assert made["additionalProperties"] is False


def test_it_has_every_action_with_its_fields_and_the_words_they_take(made: dict[str, Any]) -> None:
    steps = verbs(made)
    assert set(steps) == {*ACTIONS, "fault", "wait", "until", "phone", "expect", "path"}
    film = steps["film_document"]["properties"]["film_document"]
    assert set(film["properties"]) == set(ACTIONS["film_document"].model_fields)
    assert film["properties"]["side"]["enum"] == ["front", "back"]
    assert film["required"] == ["side"]
    assert film["type"] == "object"
    assert steps["register"]["properties"]["register"]["type"] == ["object", "null"]
    assert "refused" in steps["register"]["properties"]
    assert "refused" not in steps["wait"]["properties"]


def test_it_has_every_fault_with_its_parameters(made: dict[str, Any]) -> None:
    post = verbs(made)["fault"]["properties"]["fault"]["properties"]["post"]["oneOf"]
    assert "lost" in post[0]["enum"]
    assert set(post[1]["properties"]["late"]["properties"]) == {"workdays", "nth", "times"}


def test_it_says_that_a_delay_is_said_in_one_way(made: dict[str, Any]) -> None:
    late = verbs(made)["fault"]["properties"]["fault"]["properties"]["sms"]["oneOf"][1]["properties"]["late"]
    assert set(late["properties"]) == {"minutes", "median_minutes", "sigma", "until", "nth", "times"}
    assert {"required": ["minutes", "until"]} in late["not"]["anyOf"]
    assert late["dependentRequired"] == {"median_minutes": ["sigma"], "sigma": ["median_minutes"]}


def test_it_knows_devices_personas_requirements_constraints_and_paths(made: dict[str, Any]) -> None:
    text = json.dumps(made)
    for name in ("pixel-6", "android_phone_nfc", "turns_15_today", "EGK-04", "card-login-needs-nfc", "without_app"):
        assert f'"{name}"' in text


def test_no_editor_is_sent_to_a_reference_that_is_not_there(made: dict[str, Any]) -> None:
    references = set(re.findall(r'"\$ref": "([^"]*)"', json.dumps(made)))
    assert references == {f"#/$defs/{name}" for name in made["$defs"]}


@pytest.mark.parametrize("file", scenario_files([SCENARIOS]), ids=lambda file: file.name)
def test_our_own_files_fit_it(made: dict[str, Any], file: Path) -> None:
    data = read_tree(file, file).data
    steps = data.get("steps", [])
    assert isinstance(steps, list)
    assert [step for step in steps if not fits(step, made["properties"]["steps"]["items"], made)] == []
    assert fits(data, made, made)
    assert load(file).drafts("all")


@pytest.mark.parametrize(
    "step",
    [
        {"phone": {"clock_skew": "yesterday", "nfc": True}},
        {"wait": "release"},
        {"path": {"name": "account_active", "person": "child"}},
        {"path": {"name": "registered", "identity": "branch"}},
        {"expect": {"messages": ["relased"]}},
        {"enter_tan": {}, "refused": []},
    ],
    ids=str,
)
def test_what_the_loader_refuses_does_not_fit_it(made: dict[str, Any], step: dict[str, Any]) -> None:
    assert not fits(step, made["properties"]["steps"]["items"], made)
