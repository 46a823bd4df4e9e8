"""A world and a driver for a row: who lives in it, which devices they have, what the insurer is told."""

from __future__ import annotations

from emulators.core.clock import DEFAULT_START
from emulators.phone.catalogue import DEVICE_CLASSES, device
from emulators.phone.profile import DeviceProfile
from emulators.services import Services
from emulators.world import World
from harness.borrowing import Borrowed
from harness.drivers import DRIVERS, Driver
from harness.profile import InsurerProfile
from harness.scenario.steps import Row
from harness.scenario.vocabulary import vocabulary


def device_of(name: str) -> DeviceProfile:
    """A device of the catalogue by its id, or the one that stands for a class of devices."""
    return device(DEVICE_CLASSES.get(name, name))


def build_world(row: Row, *, seed: int, sockets: bool = False, borrowed: Borrowed | None = None) -> World:
    """An open world with the row's person, a guardian if it has one, and a stranger. `close()` ends it.

    `borrowed` is the card in the person's hand in place of an emulated one; raises `BenchError` if it is used up.
    """
    scenario = row.scenario
    personas = vocabulary(scenario.file).personas
    services = Services(letter_delivery=InsurerProfile(**scenario.profile).letter_delivery)
    start = scenario.start or DEFAULT_START
    world = World(seed, start, land=scenario.land, personas=personas, services=services)
    world.settle_in("person", row.persona)
    world.settle_in("stranger", "adult")
    world.give_phone("person", "first", device_of(row.device))
    if scenario.second_device:
        world.give_phone("person", "second", device_of(scenario.second_device))
    if row.choices.get("card") == "no_nfc":
        world.hold_card_without_nfc("person")
    if borrowed is not None:
        borrowed.lend_to(world)
    return world.open(sockets=sockets)


def build_driver(name: str, row: Row, world: World, *, seed: int) -> Driver:
    """The driver of that name for this world. Raises `UnknownPlugin` with the known names."""
    profile = InsurerProfile(**row.scenario.profile)
    driver: Driver = DRIVERS.load(name)(world, profile, seed)
    return driver
