"""Reports are read in German: what the project's scenarios are called there."""

from __future__ import annotations

from pathlib import Path

from harness.scenario.load import load, scenario_files

ROOT = Path(__file__).parents[2]


def test_every_scenario_of_the_project_has_a_german_title_that_is_not_the_english_one() -> None:
    files = scenario_files([ROOT / "scenarios"])
    scenarios = [load(file, file.relative_to(ROOT)).scenario for file in files]
    assert scenarios
    assert [str(each.file) for each in scenarios if not (each.titel or "").strip() or each.titel == each.title] == []
