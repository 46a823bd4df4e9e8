"""Waiting for what another thread brings about, however slow the machine is."""

from __future__ import annotations

from collections.abc import Callable
from time import monotonic, sleep


def until(condition: Callable[[], object], within: float = 30.0) -> None:
    """Wait until `condition()` is true. What is not so after `within` seconds has gone wrong, and fails the test."""
    ended = monotonic() + within
    while not condition():
        assert monotonic() < ended, f"it has not come within {within:g} s"
        sleep(0.01)
