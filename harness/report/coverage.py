"""Which requirement is claimed by which scenario, and which by none."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from harness.onboarding.catalogue import REQUIREMENTS, Requirement
from harness.scenario.matrix import Family

# What no scenario can show yet, with the reason.
NOT_YET: Mapping[str, str] = {}


@dataclass(frozen=True, slots=True)
class Covered:
    """One requirement: the scenarios that claim it, and whether a prediction named it in the last run."""

    requirement: Requirement
    scenarios: tuple[str, ...]
    touched: bool = False

    @property
    def excuse(self) -> str:
        """Why nothing covers it yet; empty if something does, or should."""
        return "" if self.scenarios else NOT_YET.get(self.requirement.id, "")

    @property
    def is_missing(self) -> bool:
        return not self.scenarios and not self.excuse


def coverage(families: Iterable[Family], touched: Iterable[str] = ()) -> tuple[Covered, ...]:
    """Every requirement, in the order of the catalogue."""
    claims: dict[str, list[str]] = {}
    for family in families:
        for requirement in family.scenario.requirements:
            claims.setdefault(requirement, []).append(family.scenario.id)
    named = frozenset(touched)
    return tuple(Covered(r, tuple(claims.get(r.id, ())), r.id in named) for r in REQUIREMENTS.values())


def touched_in(summary: Path) -> frozenset[str]:
    """The requirements that predictions named in the run of that `summary.json`; none if there is no such file."""
    try:
        return frozenset(json.loads(summary.read_text("utf-8"))["touched"])
    except (OSError, ValueError, KeyError):
        return frozenset()
