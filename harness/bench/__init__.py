"""Benchmarks: figures with their goals, measured in one run. Never part of a test.

A suite is a function that yields measurements; one line in `SUITES` makes it known. Quote ratios from one run:
machines are noisy.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from importlib import import_module

from rich.console import Console
from rich.table import Table


@dataclass(frozen=True, slots=True)
class Measurement:
    """One figure. `goal` is what it should reach, `reached` whether it does (`None`: no goal)."""

    what: str
    value: float
    unit: str
    goal: str = ""
    reached: bool | None = None

    def row(self) -> tuple[str, str, str, str]:
        verdict = {True: "reached", False: "MISSED", None: ""}[self.reached]
        return self.what, f"{self.value:,.2f} {self.unit}", self.goal, verdict


Suite = Callable[[bool], Iterator[Measurement]]

SUITES: Mapping[str, str] = {"onboarding": "harness.bench.onboarding:measure"}


def measure(suite: str, *, full: bool) -> Iterator[Measurement]:
    """The measurements of a suite. Raises `KeyError` for one that is not known."""
    module, _, attribute = SUITES[suite].partition(":")
    yield from getattr(import_module(module), attribute)(full)


def main(suites: tuple[str, ...] = tuple(SUITES), *, full: bool = False) -> int:
    """Measure and print a table as the figures come in; 0 if all goals are reached, 1 otherwise."""
    console = Console()
    missed = 0
    for suite in suites:
        table = Table(title=f"pruefstand bench {suite}", title_justify="left")
        for heading in ("what", "figure", "goal", ""):
            table.add_column(heading)
        for measurement in measure(suite, full=full):
            console.print(f"  {measurement.what}: {measurement.value:,.2f} {measurement.unit}")
            table.add_row(*measurement.row())
            missed += measurement.reached is False
        console.print(table)
    return 1 if missed else 0
