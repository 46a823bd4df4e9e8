"""A folder with scenarios of a vendor, and pytest to run there, in a process of its own."""

from __future__ import annotations

from collections.abc import Callable

import pytest

Write = Callable[[str, str], None]
Run = Callable[..., pytest.RunResult]


@pytest.fixture
def write(pytester: pytest.Pytester) -> Write:
    """Writes `scenarios/NAME.yaml` from a text with `{id}` in it; the id is the name."""
    pytester.makepyprojecttoml('[tool.pytest.ini_options]\naddopts = "--strict-markers"\nfilterwarnings = ["error"]\n')

    def write(name: str, text: str) -> None:
        file = pytester.path / "scenarios" / f"{name}.yaml"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text.format(id=name.rpartition("/")[2]), encoding="utf-8")

    return write


@pytest.fixture
def run(pytester: pytest.Pytester) -> Run:
    """Runs pytest there."""

    def run(*arguments: str) -> pytest.RunResult:
        return pytester.runpytest_subprocess("-p", "no:cacheprovider", *(arguments or ("scenarios",)))

    return run
