"""A scenario file that is right, and a way to read one that is not."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from harness.scenario.load import load
from harness.scenario.matrix import Family
from harness.scenario.problems import ScenarioError

HEAD = "id: PST-06-lost\ntitle: A lost letter\nrequirements: [PST-06]\n"

Read = Callable[[str], Family]
Wrong = Callable[[str], list[str]]


@pytest.fixture
def read(tmp_path: Path) -> Read:
    """Reads a scenario file with that text."""

    def read(text: str) -> Family:
        file = tmp_path / "scenarios" / "some.yaml"
        file.parent.mkdir(exist_ok=True)
        file.write_text(text, encoding="utf-8")
        return load(file, Path("some.yaml"))

    return read


@pytest.fixture
def wrong(read: Read) -> Wrong:
    """What is said about a scenario file with that text, line by line."""

    def wrong(text: str) -> list[str]:
        with pytest.raises(ScenarioError) as caught:
            read(text)
        return str(caught.value).splitlines()

    return wrong


@pytest.fixture
def wrong_step(wrong: Wrong) -> Callable[[str], str]:
    """What is said about a scenario whose one step, on line 5, is this."""

    def wrong_step(step: str) -> str:
        (said,) = wrong(f"{HEAD}steps:\n  - {step}\n")
        return said

    return wrong_step
