"""A gateway in a world with nothing else."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from emulators.core.physics import Physics
from emulators.sms.gateway import SmsGateway


@pytest.fixture
def physics() -> Physics:
    return Physics(seed=4711)


@pytest.fixture
def sms(physics: Physics) -> SmsGateway:
    gateway = SmsGateway(physics)
    physics.faults.declare(gateway.name, gateway.faults)
    return gateway


def events(physics: Physics) -> list[str]:
    return [entry.event for entry in physics.journal.entries if entry.channel == "sms"]


def last(physics: Physics, event: str) -> Mapping[str, Any]:
    return list(physics.journal.named("sms", event))[-1].data
