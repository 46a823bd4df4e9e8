"""What Prüfstand's pytest plugin tells other plug-ins: reports subscribe here, and so can anybody's conftest."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from harness.pytest_items import ScenarioItem
    from harness.runner import Run


def pytest_pruefstand_run(item: ScenarioItem, run: Run) -> None:
    """A row has been played; `run.failure` says what went wrong, if anything. Called within the test's call phase."""
