"""How fast the bench replays the onboarding: worlds, steps, paths, and the whole of all paths."""

from __future__ import annotations

import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from time import perf_counter
from typing import Any

from emulators.core.outcome import Outcome
from emulators.world import World
from harness.actions import Action
from harness.bench import Measurement, seconds
from harness.drivers import Driver, View
from harness.runner import play
from harness.scenario.load import load
from harness.scenario.steps import Row
from harness.setup import build_driver, build_world

FAMILY = Path("scenarios/paths-app.yaml")
SAMPLE = 120  # paths, spread evenly over the family


def measure(full: bool) -> Iterator[Measurement]:
    """Worlds, steps and a sample of the paths; with `full` also all paths, on one core and on two workers."""
    yield _worlds()
    drafts = load(FAMILY).drafts("all")
    each, overheads = _paths([draft.row() for draft in drafts[:: len(drafts) // SAMPLE]])
    total = each * len(drafts)
    yield Measurement("one path with the app, in process", each * 1e3, "ms")
    yield Measurement("all paths with the app, reckoned from the sample", total, "s", "< 150 s", total < 150)
    overhead = statistics.median(overheads) * 1e6
    yield Measurement("the runner's own share of a step", overhead, "µs", "< 100 µs", overhead < 100)
    if full:
        yield from _everything()


def _worlds() -> Measurement:
    def build() -> None:
        with World(1) as world:
            world.settle_in("person", "adult")
            world.give_phone("person", "first", "pixel-6")
            world.open()

    took = seconds(build, 300) * 1e3
    return Measurement("a new isolated world, opened, with a person and a phone", took, "ms", "< 1 ms", took < 1)


def _paths(rows: list[Row]) -> tuple[float, list[float]]:
    """Seconds a path, and the runner's own seconds a step of each path."""
    paths, overheads = [], []
    for row in [rows[0], *rows]:
        began = perf_counter()
        world = build_world(row, seed=0)
        try:
            outside = _Stopwatch()
            driver = _MeteredDriver(build_driver("reference", row, world, seed=0), outside)
            _meter(world, outside)
            start = perf_counter()
            run = play(row, world, driver, seed=0)
            own = perf_counter() - start - outside.seconds
            driver.remove()
        finally:
            world.close()
        if run.failure is not None:
            raise run.failure
        paths.append(perf_counter() - began)
        overheads.append(own / len(run.steps))
    return statistics.mean(paths[1:]), overheads[1:]


class _Stopwatch:
    """Time that is spent outside the runner: in the system under test, and in the world. Nested calls count once."""

    def __init__(self) -> None:
        self.seconds = 0.0
        self._depth = 0

    def of(self, what: Callable[..., Any]) -> Callable[..., Any]:
        def timed(*args: Any, **more: Any) -> Any:
            self._depth += 1
            began = perf_counter()
            try:
                return what(*args, **more)
            finally:
                self._depth -= 1
                if self._depth == 0:
                    self.seconds += perf_counter() - began

        return timed


def _meter(world: World, watch: _Stopwatch) -> None:
    for name in ("happen", "advance"):
        setattr(world, name, watch.of(getattr(world, name)))
    world.physics.advance_to = watch.of(world.physics.advance_to)  # type: ignore[method-assign]
    world.branch.visit = watch.of(world.branch.visit)  # type: ignore[method-assign]


class _MeteredDriver:
    """A driver whose time is not the runner's."""

    def __init__(self, driver: Driver, watch: _Stopwatch) -> None:
        self.capabilities = driver.capabilities
        self._driver = driver
        self._perform = watch.of(driver.perform)
        self._look = watch.of(driver.look)
        self._settle = watch.of(driver.settle)

    def perform(self, action: Action) -> Outcome:
        outcome: Outcome = self._perform(action)
        return outcome

    def look(self, by: str = "person", on: str = "first") -> View:
        view: View = self._look(by, on)
        return view

    def settle(self) -> None:
        self._settle()

    def remove(self) -> None:
        self._driver.remove()


def _everything() -> Iterator[Measurement]:
    """All 3,660 paths as a user runs them, evidence on failure only: one process, then two workers."""
    one, two = _run_all(0), _run_all(2)
    yield Measurement("all 3,660 paths, one process, with results and summary", one, "s", "< 150 s", one < 150)
    yield Measurement("all 3,660 paths, two workers", two, "s")
    yield Measurement("two workers against one", one / two, "times", "≥ 1.5", one / two >= 1.5)


def _run_all(workers: int) -> float:
    files = [str(FAMILY), str(FAMILY.with_name("paths-no-app.yaml"))]
    with tempfile.TemporaryDirectory() as out:
        options = ["--cover", "all", "--no-html", "--evidence", "failed", "--workers", str(workers), "--out", out]
        began = perf_counter()
        subprocess.run([sys.executable, "-m", "harness.cli", "run", *files, *options], check=True, capture_output=True)
        return perf_counter() - began
