"""Scenario files as pytest sees them: one file, one test function for each row.

Public API of pytest only. The name of a test is the row's name alone, so a node id is `file.yaml::row`.
"""

from __future__ import annotations

import shlex
from collections.abc import Generator, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import pytest

from harness.errors import BenchError, Mismatch, Violation
from harness.names import shown
from harness.onboarding.catalogue import GROUPS, REQUIREMENTS, SECTIONS
from harness.options import DEFAULTS
from harness.runner import play, replay_command
from harness.scenario.load import load, twice
from harness.scenario.matrix import Draft, Family
from harness.scenario.steps import Place, Row, Scenario

if TYPE_CHECKING:
    from _pytest._code.code import TerminalRepr  # for annotations only: pytest does not export it

    from emulators.world import World
    from harness.drivers import Driver

Style = Literal["long", "short", "line", "no", "native", "value", "auto"] | None  # as pytest has it
TOLD = (Mismatch, Violation, BenchError)  # errors whose text says it all; a stack would only hide it
IDS = pytest.StashKey[dict[str, Place]]()  # scenario ids of this session, each with its first place


class ScenarioFile(pytest.File):
    """One YAML file. A mistake in it is a collection error of this file alone."""

    def collect(self) -> Iterator[ScenarioItem]:
        """Its rows, in the order of the matrix."""
        try:
            family = self._family()
        except Exception:
            self.config.option.continue_on_collection_errors = True  # the other files still run
            raise
        self._mark(family.scenario)
        for draft in family.drafts(self.config.getoption("cover")):
            yield ScenarioItem.from_parent(self, name=draft.name, callobj=replay, draft=draft)

    def _family(self) -> Family:
        family = load(self.path, shown=shown(self.path, self.config.rootpath))
        scenario = family.scenario
        first = self.session.stash.setdefault(IDS, {}).setdefault(scenario.id, Place(scenario.file, scenario.line))
        if first.file != scenario.file:
            raise twice(family, first)
        return family

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: Style = None) -> str | TerminalRepr:
        return _told(excinfo.value) or super().repr_failure(excinfo)

    def _mark(self, scenario: Scenario) -> None:
        """What all rows share is marked once, here: markers are inherited."""
        requirements = [REQUIREMENTS[name] for name in scenario.requirements]
        labels = {
            "epic": list(dict.fromkeys(SECTIONS[r.section] for r in requirements)),
            "feature": list(dict.fromkeys(GROUPS[r.group] for r in requirements)),
            "story": [scenario.told],
            "severity": [scenario.severity],
            "requirement": list(scenario.requirements),
        }
        for kind, values in labels.items():
            self.add_marker(pytest.mark.allure_label(*values, label_type=kind))
        duties = "\n".join(f"- **{r.id}** {r.must}" for r in requirements)
        self.add_marker(pytest.mark.allure_description(f"{scenario.id} ({scenario.file})\n\n{duties}"))
        for tag in scenario.tags:
            self.config.addinivalue_line("markers", f"{tag}: tag of scenarios")
            self.add_marker(tag)


class ScenarioItem(pytest.Function):
    """One row of a scenario's matrix."""

    def __init__(self, *, draft: Draft, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.draft = draft
        self._row: Row | None = None
        scenario = draft.family.scenario
        title = f"{scenario.id}[{draft.name}]"
        self.user_properties.append(("scenario", scenario.id))
        for kind in ("as_id", "ALLURE_ID"):  # the one is what allure-pytest selects by, the other what it shows
            self.add_marker(pytest.mark.allure_label(title, label_type=kind))
        self.add_marker(pytest.mark.allure_label(draft.device, label_type="device"))

    def row(self) -> Row:
        """The row with its steps, which are composed when they are first asked for. Raises `ScenarioError`."""
        if self._row is None:
            self._row = self.draft.row()
        return self._row

    def play(self, world: World, driver: Driver) -> None:
        """Play the row, let the reports have the run, then raise what went wrong."""
        run = play(self.row(), world, driver, seed=self.config.getoption("seed"), replay=self.replay)
        self.user_properties.append(("touched", " ".join(sorted(run.touched))))
        self.config.hook.pytest_pruefstand_run(item=self, run=run)
        self._row = None  # thousands of rows wait for the end of the session; their steps need not
        if run.failure is not None:
            raise run.failure

    @property
    def replay(self) -> str:
        """The command that plays this row again, exactly."""
        option = self.config.getoption
        other: list[str] = []
        if option("driver") != DEFAULTS["driver"]:
            other += ["--driver", option("driver")]
        if option("sockets"):
            other += ["--sockets"]
        if option("card"):
            other += ["--card", option("card")]
        if option("card_ca"):
            other += ["--card-ca", str(option("card_ca"))]
        file = shown(self.path, self.config.invocation_params.dir)
        return " ".join((replay_command(self.row(), option("seed"), file), *map(shlex.quote, other)))

    def reportinfo(self) -> tuple[Path, int, str]:
        return self.path, self.draft.family.scenario.line - 1, f"{self.draft.family.scenario.id}[{self.name}]"

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: Style = None) -> str | TerminalRepr:
        return _told(excinfo.value) or super().repr_failure(excinfo)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Say of a row that failed whether the system under test is to blame (`failed`) or the bench (`broken`)."""
    report = yield
    if isinstance(item, ScenarioItem) and report.failed and call.excinfo is not None:
        deviates = call.when == "call" and isinstance(call.excinfo.value, AssertionError | pytest.fail.Exception)
        report.user_properties.append(("verdict", "failed" if deviates else "broken"))
    return report


def replay(request: pytest.FixtureRequest, world: World, driver: Driver) -> None:
    """The one function behind every row."""
    assert isinstance(request.node, ScenarioItem)
    request.node.play(world, driver)


def _told(error: BaseException) -> str | None:
    """All that a reader needs of an error of ours, `None` for any other."""
    return str(error) if isinstance(error, TOLD) else None
