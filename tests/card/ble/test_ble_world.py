"""A Bluetooth reader as a part of a world: its card in a person's hand, its faults among the world's."""

from __future__ import annotations

from contextlib import closing

import pytest

pytest.importorskip("bleak", reason="pip install 'pruefstand[ble]'")

from emulators.card.ble.backend import client_on
from emulators.card.ble.fidesmo import FidesmoReader
from emulators.card.ble.host import FidesmoHost, Host, Radio
from emulators.card.ble.reach import BluetoothCard
from emulators.card.borrowed import BorrowedCard
from emulators.card.connection import NoCard
from emulators.wire.loop import BackgroundLoop
from emulators.world import World
from tests.pcsc.virtual_reader import PERSON, PIN, issue

READER = "C0:FF:EE:00:00:01"


def test_a_card_behind_a_bluetooth_reader_is_lent_to_a_person_of_the_same_world() -> None:
    world = World(1)
    world.settle_in("person", "adult")
    world.air.add(READER, FidesmoReader(world.physics, issue()))

    async def host() -> Host:
        return FidesmoHost(Radio(READER, backend=client_on(world.air)))

    with BackgroundLoop("air") as loop, closing(BluetoothCard(loop, host)) as card:
        person = world.lend("person", BorrowedCard.introduced(card, pin=PIN, can=PERSON.card.can))
        assert (person.card.iccsn, person.kvnr) == (PERSON.card.iccsn, PERSON.kvnr)
        held = world.card()
        assert held.transmit(bytes.fromhex("00B0820000"))[-2:] == b"\x90\x00"
        world.faults.arm("ble", "link_lost", {})
        with pytest.raises(NoCard):
            held.transmit(bytes.fromhex("00B0820000"))
    assert [entry.event for entry in world.journal.since(0) if entry.channel == "ble"] == ["link.up", "link.down"]
    assert not world.faults.unspent
