"""Programs that no one here wrote, with a card of ours in a virtual reader that a real pcscd serves."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.pcsc.virtual_reader import card, grouped, insert, loop, pcscd

__all__ = ["card", "insert", "loop", "pcscd"]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    grouped(items, Path(__file__).parent)
