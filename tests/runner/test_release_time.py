"""An insurer may take up to a working day for the release (REL-01): no scenario may ask for one that is quicker.

Nor may one be lost that comes too late, or on a day on which this insurer releases nothing (REL-05).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from emulators.world import World
from harness.drivers.reference import ReferenceDriver
from harness.errors import Mismatch
from harness.profile import InsurerProfile
from harness.runner import Run, play
from harness.scenario.load import load, scenario_files
from harness.scenario.steps import Row
from harness.setup import build_world

ROOT = Path(__file__).parents[2]
SCENARIOS = ROOT / "scenarios"
RELEASES = ("at_once", "next_morning", "last_minute")
# Files that claim nothing of the release and go through it.
FURTHER = ("paths-app", "paths-no-app", "card/login", "setup/release-code", "identity/success-revoked")

Make = Callable[[World, InsurerProfile, int], ReferenceDriver]


def files() -> list[Path]:
    """Files whose requirements or steps have to do with the release."""
    named = [SCENARIOS / f"{name}.yaml" for name in FURTHER]
    claimed = [f for f in scenario_files([SCENARIOS]) if any(r.startswith("REL-") for r in requirements(f))]
    return list(dict.fromkeys((*named, *claimed)))


def requirements(file: Path) -> tuple[str, ...]:
    return load(file).scenario.requirements


def first_row(file: Path, **profile: Any) -> Row:
    row = load(file).drafts()[0].row()
    scenario = replace(row.scenario, profile={**row.scenario.profile, **profile})
    return replace(row, scenario=scenario)


def run(row: Row, make: Make = ReferenceDriver) -> Run:
    world = build_world(row, seed=0)
    try:
        driver = make(world, InsurerProfile(**row.scenario.profile), 0)
        played = play(row, world, driver, seed=0)
        driver.remove()
    finally:
        world.close()
    return played


@pytest.mark.parametrize("when", RELEASES)
@pytest.mark.parametrize("file", files(), ids=lambda file: str(file.relative_to(SCENARIOS).with_suffix("")))
def test_every_moment_that_the_page_allows_passes(file: Path, when: str) -> None:
    assert run(first_row(file, release_when=when)).failure is None


@pytest.mark.parametrize("when", RELEASES)
def test_a_world_that_begins_at_midnight_is_no_reason_to_fail(tmp_path: Path, when: str) -> None:
    file = tmp_path / "midnight.yaml"
    file.write_text('id: x\ntitle: x\nrequirements: [REL-01]\nstart: "2021-03-23"\nsteps:\n  - path: onboard\n')
    assert run(first_row(file, release_when=when)).failure is None


def with_profile(**changes: Any) -> Make:
    """A system that does not work as its insurer's profile says."""
    return lambda world, profile, seed: ReferenceDriver(world, profile.model_copy(update=changes), seed)


@pytest.mark.parametrize("file", ["release/within-one-working-day", "release/after-the-branch", "paths-no-app"])
@pytest.mark.parametrize("workdays", [2, 30])
def test_a_release_that_comes_some_hours_late_or_never_is_the_systems_fault(file: str, workdays: int) -> None:
    played = run(first_row(SCENARIOS / f"{file}.yaml"), with_profile(release_workdays=workdays))
    assert isinstance(played.failure, Mismatch)
    assert "release is pending, the rules say released" in str(played.failure)
    assert "REL-01" in str(played.failure).partition(": ")[2]


def test_a_release_on_a_day_on_which_this_insurer_releases_nothing_is_the_systems_fault() -> None:
    played = run(first_row(SCENARIOS / "release" / "weekend.yaml"), with_profile(saturday_is_workday=True))
    assert isinstance(played.failure, Mismatch)
    assert "a release between 2021-04-24 and 2021-04-24, the rules say on a working day (REL-05" in str(played.failure)
