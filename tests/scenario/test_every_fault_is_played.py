"""Every fault that can meet the reference system is armed in a scenario, where its effect is observed."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import get_args

import pytest

from emulators.post.faults import Reason
from emulators.world import World
from harness.scenario.load import load, scenario_files
from harness.scenario.steps import ArmFault

ROOT = Path(__file__).parents[2]
PLAYED_FOR = ("sms", "mail", "post")

# Kinds that cannot meet the reference system, by how their names begin: why, and where they are tested instead. The
# tests there call a kind by the rest of its name.
CANNOT_MEET: Mapping[str, tuple[str, Path]] = {
    "sms.smpp_": ("the reference system sends by REST; SMPP sessions are not its own", Path("tests/sms/smpp")),
}


@pytest.fixture(scope="module")
def declared() -> frozenset[str]:
    known = World().faults.known
    return frozenset(f"{emulator}.{kind}" for emulator in PLAYED_FOR for kind in known[emulator])


@pytest.fixture(scope="module")
def armed() -> frozenset[str]:
    rows = [draft.row() for file in scenario_files([ROOT / "scenarios"]) for draft in load(file).drafts()]
    return frozenset(f"{s.emulator}.{s.kind}" for row in rows for s in row.steps if isinstance(s, ArmFault))


def _excused(kind: str) -> bool:
    return any(kind.startswith(beginning) for beginning in CANNOT_MEET)


def test_every_kind_is_armed_by_a_scenario_or_excused(declared: frozenset[str], armed: frozenset[str]) -> None:
    assert sorted(kind for kind in declared - armed if not _excused(kind)) == []


def test_a_letter_is_returned_for_every_reason_that_the_post_knows() -> None:
    drafts = load(ROOT / "scenarios/letter/returned.yaml").drafts()
    armed = [step.parameters for draft in drafts for step in draft.row().steps if isinstance(step, ArmFault)]
    assert {parameters["reason"] for parameters in armed} == set(get_args(Reason))


def test_what_is_excused_exists_and_is_not_armed(declared: frozenset[str], armed: frozenset[str]) -> None:
    assert sorted(kind for kind in armed & declared if _excused(kind)) == []
    for beginning in CANNOT_MEET:
        assert any(kind.startswith(beginning) for kind in declared), beginning


def test_what_is_excused_is_tested_elsewhere(declared: frozenset[str]) -> None:
    for beginning, (_, folder) in CANNOT_MEET.items():
        text = "".join(file.read_text(encoding="utf-8") for file in (ROOT / folder).glob("test_*.py"))
        kinds = [kind.removeprefix(beginning) for kind in declared if kind.startswith(beginning)]
        assert sorted(kind for kind in kinds if f'"{kind}"' not in text) == []
