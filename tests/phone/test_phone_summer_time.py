"""The nights in which the clocks change: a connection to a card is as old as it truly is."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from emulators.core.clock import BERLIN
from emulators.core.physics import Physics
from emulators.phone import Phone, device


class AnyCard:
    """A chip that agrees to everything."""

    nfc = True

    def reset(self) -> None:
        """Nothing to forget."""

    def transmit_contactless(self, command: bytes) -> bytes:
        return b"\x90\x00"

    def transmit_torn(self, command: bytes) -> None:
        """Nothing is written."""

    def describe(self, command: bytes) -> str:
        return command[:2].hex()


@pytest.mark.parametrize(
    "start", [datetime(2021, 10, 31, 2, 59, 50, tzinfo=BERLIN), datetime(2021, 3, 28, 1, 59, 50, tzinfo=BERLIN)]
)
def test_a_connection_is_twenty_seconds_old_after_twenty_seconds(start: datetime) -> None:
    physics = Physics(seed=1, start=start)
    physics.faults.declare(Phone.name, Phone.faults)
    phone = Phone(device("iphone-12"), physics)
    phone.hold(AnyCard(), at="top")
    connection = phone.nfc.connect()
    physics.advance_to(physics.clock.later(timedelta(seconds=20)))
    assert connection.age == 20.0
