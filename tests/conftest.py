"""What all tests of the bench share."""

from __future__ import annotations

pytest_plugins = ("pytester",)  # runs pytest in pytest, for the tests of our plugin
