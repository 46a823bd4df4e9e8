"""A played row in Allure's terms: title, parameters, steps, evidence. The only module here that knows Allure.

Called within the test (Allure files what it is told under the running test). The pitfalls that shaped this are
listed in the reference, reports.md section 1.
"""

from __future__ import annotations

from collections.abc import Generator
from contextlib import suppress
from typing import TYPE_CHECKING

import allure
import pytest

from harness.pytest_items import ScenarioItem
from harness.report.evidence import line, pieces, withheld

if TYPE_CHECKING:
    from harness.runner import Run, StepRecord


class _Bare:
    """A value that Allure shows as it is; of plain text it would show the `repr`, in quotes."""

    def __init__(self, text: object) -> None:
        self._text = str(text)

    def __repr__(self) -> str:
        return self._text


class AllureReport:
    """Registered only while Allure's own plugin writes results."""

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_setup(self, item: pytest.Item) -> Generator[None]:
        """Outermost, so that it comes after Allure's own setup, for skipped tests too."""
        try:
            return (yield)
        finally:
            if isinstance(item, ScenarioItem):
                self._name(item)

    def pytest_pruefstand_run(self, item: ScenarioItem, run: Run) -> None:
        in_full = run.failure is not None or item.config.getoption("evidence") == "all"
        for record in run.steps:
            _step(run, record, in_full)
        if in_full:
            for piece in pieces(run, item.replay):
                allure.attach(piece.body, piece.name, piece.kind, piece.extension)

    def _name(self, item: ScenarioItem) -> None:
        allure.dynamic.title(f"{item.draft.family.scenario.told} [{item.name}]")  # type: ignore[no-untyped-call]
        for name, value in item.draft.choices.items():
            allure.dynamic.parameter(name, _Bare(value))
        # Another seed is another run of the same test, not another test: it must not split its history.
        allure.dynamic.parameter("seed", _Bare(item.config.getoption("seed")), excluded=True)


def _step(run: Run, record: StepRecord, in_full: bool) -> None:
    title = f"{record.number}. {record.title}  ({record.began:%d.%m.%Y %H:%M})"
    error = run.failure if record.status in ("failed", "broken") else None
    # An exception is how a step is told that it failed; it ends here, the test itself raises it later.
    with suppress(Exception), allure.step(title):
        if in_full:
            for entry in run.journal.entries[record.first_entry : record.last_entry]:
                with allure.step(withheld(line(entry), run.secrets)):
                    pass
        if error is not None:
            raise error
