"""What all tests of the bench share."""

from __future__ import annotations

import os

import pytest
from hypothesis import HealthCheck, settings

pytest_plugins = ("pytester",)  # runs pytest in pytest, for the tests of our plugin

# Nothing here is judged by the clock: machines are noisy. In CI the examples are the same each time, so that a change
# is judged by itself; at a desk they differ, which finds more.
settings.register_profile("desk", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("ci", settings.get_profile("desk"), derandomize=True)
settings.load_profile("ci" if os.environ.get("CI") == "true" else "desk")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """There is one pcscd on a machine: `make test` plays the tests marked `pcscd` by themselves, in one process."""
    for item in items:
        if "pcscd" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.pcscd)
            item.add_marker(pytest.mark.filterwarnings("ignore::emulators.card.doors.OpenToTheNetwork"))
