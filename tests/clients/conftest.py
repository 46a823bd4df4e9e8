"""Worlds that programs no one here wrote are let into: a card of ours in a virtual reader, and an SMS gateway."""

from __future__ import annotations

import pytest

from emulators.core.physics import Physics
from emulators.sms.gateway import SmsGateway
from tests.pcsc.virtual_reader import card, insert, loop, pcscd

__all__ = ["card", "insert", "loop", "pcscd"]


@pytest.fixture
def sms() -> SmsGateway:
    """A gateway with the handset of +491713920000."""
    physics = Physics(seed=4711)
    gateway = SmsGateway(physics)
    physics.faults.declare(gateway.name, gateway.faults)
    gateway.handset("+491713920000")
    return gateway
