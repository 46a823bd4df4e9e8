"""Benchmarks: figures with their goals, measured in one run. Never part of a test.

A suite is a function that yields measurements; one line in `SUITES` makes it known. Quote ratios from one run:
machines are noisy.
"""

from __future__ import annotations

import statistics
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from importlib import import_module
from time import perf_counter

from rich.console import Console
from rich.markup import escape
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


@dataclass(frozen=True, slots=True)
class Unmeasured:
    """A figure that this machine cannot give; `why` names what to install."""

    what: str
    why: str
    reached: None = None

    def row(self) -> tuple[str, str, str, str]:
        return self.what, self.why, "", ""


Figure = Measurement | Unmeasured
Suite = Callable[[bool], Iterator[Figure]]

SUITES: Mapping[str, str] = {
    "onboarding": "harness.bench.onboarding:measure",
    "card": "harness.bench.card:measure",
    "services": "harness.bench.services:measure",
}


def seconds(what: Callable[[], object], times: int, *, batch: int = 1) -> float:
    """Seconds for one call: the median of the batches of calls, after one call to warm up."""
    what()
    taken = []
    for _ in range(times):
        began = perf_counter()
        for _ in range(batch):
            what()
        taken.append((perf_counter() - began) / batch)
    return statistics.median(taken)


def measure(suite: str, *, full: bool) -> Iterator[Figure]:
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
        for figure in measure(suite, full=full):
            row = tuple(map(escape, figure.row()))
            console.print(f"  {row[0]}: {row[1]}")
            table.add_row(*row)
            missed += figure.reached is False
        console.print(table)
    return 1 if missed else 0
