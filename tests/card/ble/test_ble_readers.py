"""A card behind a Bluetooth reader, as a program finds it through bleak, without any hardware."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import closing
from datetime import timedelta
from random import Random

import pytest

pytest.importorskip("bleak", reason="pip install 'pruefstand[ble]'")

from bleak import BleakClient, BleakScanner
from bleak.exc import BleakDeviceNotFoundError, BleakError, BleakGATTProtocolError

from emulators.card.ble import acr1255, fidesmo
from emulators.card.ble.acr1255 import Acr1255Reader
from emulators.card.ble.backend import client_on, scanner_on
from emulators.card.ble.fidesmo import FidesmoReader
from emulators.card.ble.host import Acr1255Host, BluetoothCard, FidesmoHost, Host, ReaderLost
from emulators.card.ble.radio import Air
from emulators.card.passwords import pin_block
from emulators.core.physics import Physics
from emulators.wire.loop import BackgroundLoop
from tests.pcsc.virtual_reader import PIN, issue

FIDESMO, ACS = "C0:FF:EE:00:00:01", "C0:FF:EE:00:00:02"
SELECT, READ_GDO = bytes.fromhex("00A4040C"), bytes.fromhex("00B0820000")
GDO = bytes.fromhex("5A0A802768831100001527159000")
VERIFY, PIN_STATUS = bytes.fromhex("0020000208") + pin_block(PIN), bytes.fromhex("80200002")


class Scene:
    """An air with a card behind each kind of reader."""

    def __init__(self) -> None:
        self.physics = Physics()
        self.air = Air(self.physics)
        self.physics.faults.declare(self.air.name, self.air.faults)
        self.card = issue()
        self.air.add(FIDESMO, FidesmoReader(self.physics, self.card))
        self.air.add(ACS, Acr1255Reader(self.card, self.physics.randomness("acr1255")))

    def host(self, kind: str, patience: float = 5.0) -> Host:
        backend = client_on(self.air)
        if kind == "fidesmo":
            return FidesmoHost(FIDESMO, patience=patience, backend=backend)
        return Acr1255Host(ACS, random=Random(1), patience=patience, backend=backend)


@pytest.fixture
def scene() -> Scene:
    return Scene()


@pytest.fixture(params=["fidesmo", "acr1255"])
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def loop() -> Iterator[BackgroundLoop]:
    with BackgroundLoop() as running:
        yield running


def test_readers_are_found_by_their_service(scene: Scene) -> None:
    async def find() -> list[str]:
        found = await BleakScanner.discover(0, service_uuids=[fidesmo.SERVICE], backend=scanner_on(scene.air))
        return [device.address for device in found]

    assert asyncio.run(find()) == [FIDESMO]


def test_a_card_is_read_through_a_bluetooth_reader(scene: Scene, kind: str, loop: BackgroundLoop) -> None:
    with closing(BluetoothCard(loop, lambda: scene.host(kind))) as card:
        assert card.power_on()[0] == 0x3B
        assert card.transmit(SELECT) == b"\x90\x00"
        assert card.transmit(READ_GDO) == GDO


@pytest.mark.parametrize("mtu", [23, 24, 185, 517])
def test_any_mtu_carries_any_apdu(scene: Scene, kind: str, mtu: int, loop: BackgroundLoop) -> None:
    scene.physics.faults.arm("ble", "small_mtu", {"mtu": mtu})
    with closing(BluetoothCard(loop, lambda: scene.host(kind))) as card:
        card.power_on()
        card.transmit(bytes.fromhex("00A4040C0AA000000167455349474E"))
        long = card.transmit(bytes.fromhex("00B08400000000"))
        assert long[-2:] == b"\x90\x00"
        assert long == scene.card.transmit(bytes.fromhex("00B08400000000"))
        assert card.transmit(READ_GDO + bytes(1000)).hex() == "6700"
    assert not scene.physics.faults.unspent


def test_hanging_up_makes_the_card_forget_the_pin(scene: Scene, kind: str, loop: BackgroundLoop) -> None:
    with closing(BluetoothCard(loop, lambda: scene.host(kind))) as card:
        card.power_on()
        assert card.transmit(VERIFY) == b"\x90\x00"
        assert card.transmit(PIN_STATUS) == b"\x90\x00"
    assert scene.card.transmit(PIN_STATUS).hex() == "63c3"


@pytest.mark.parametrize("delivered", [False, True])
def test_a_link_that_breaks_at_the_pin_costs_what_the_card_has_seen(
    scene: Scene, kind: str, delivered: bool, loop: BackgroundLoop
) -> None:
    wrong = VERIFY[:5] + pin_block("999999")
    card = BluetoothCard(loop, lambda: scene.host(kind))
    card.power_on()
    scene.physics.faults.arm("ble", "link_lost", {"delivered": delivered})
    with pytest.raises(ReaderLost):
        card.transmit(wrong)
    assert scene.card.password.tries == (2 if delivered else 3)
    assert card.power_on()[0] == 0x3B
    assert card.transmit(READ_GDO) == GDO
    card.close()
    assert [entry.event for entry in scene.physics.journal.entries if entry.channel == "ble"] == [
        "link.up",
        "link.down",
        "link.up",
        "link.down",
    ]


def test_a_reader_that_stays_silent_is_given_up(scene: Scene, kind: str, loop: BackgroundLoop) -> None:
    with closing(BluetoothCard(loop, lambda: scene.host(kind, patience=0.05))) as card:
        card.power_on()
        scene.physics.faults.arm("ble", "lost_notification")
        with pytest.raises(ReaderLost, match="nothing for"):
            card.transmit(READ_GDO)
    assert [e.cause.fault for e in scene.physics.journal.named("ble", "packet.lost")] == ["ble.lost_notification"]


def test_a_lost_notification_is_sent_again_by_the_worlds_clock(scene: Scene) -> None:
    async def read() -> bytes:
        host = scene.host("fidesmo")
        await host.power_on()
        scene.physics.faults.arm("ble", "lost_notification")
        reading = asyncio.create_task(host.transmit(READ_GDO))
        while not list(scene.physics.journal.named("ble", "packet.lost")):
            await asyncio.sleep(0)
        scene.physics.advance_to(scene.physics.clock.later(timedelta(seconds=1)))
        return await reading

    assert asyncio.run(read()) == GDO


def test_a_response_that_is_read_is_not_announced_again(scene: Scene, loop: BackgroundLoop) -> None:
    with closing(BluetoothCard(loop, lambda: scene.host("fidesmo"))) as card:
        card.power_on()
        card.transmit(READ_GDO)
        assert scene.physics.clock.next_due is None


def test_an_unauthenticated_host_gets_nothing_from_an_acr1255(scene: Scene) -> None:
    async def power_on() -> bytes:
        heard = bytearray()
        async with BleakClient(ACS, backend=client_on(scene.air)) as client:
            await client.start_notify(acr1255.ANSWER, lambda _, value: heard.extend(value))
            request = acr1255.frame(acr1255.Block(acr1255.Kind.POWER_ON))
            await client.write_gatt_char(acr1255.REQUEST, request, response=False)
            await asyncio.sleep(0)
        return bytes(heard)

    (answer,) = acr1255.Deframer().feed(asyncio.run(power_on()))
    assert (answer.kind, answer.parameter) == (acr1255.Kind.HARDWARE_ERROR, acr1255.HardwareError.UNAUTHORISED)


def test_a_wrong_master_key_opens_no_reader(scene: Scene) -> None:
    host = Acr1255Host(ACS, key=bytes(16), backend=client_on(scene.air))
    with pytest.raises(ReaderLost, match="UNAUTHORISED"):
        asyncio.run(host.power_on())


def test_an_empty_acr1255_has_no_card(scene: Scene) -> None:
    scene.air.add(ACS, Acr1255Reader(None, Random(0)))
    with pytest.raises(ReaderLost, match="no card"):
        asyncio.run(scene.host("acr1255").power_on())


def test_a_device_out_of_reach_is_not_found(scene: Scene) -> None:
    scene.air.remove(FIDESMO)

    async def connect() -> None:
        await BleakClient(FIDESMO, backend=client_on(scene.air)).connect()

    with pytest.raises(BleakDeviceNotFoundError):
        asyncio.run(connect())


def test_gatt_keeps_its_limits(scene: Scene) -> None:
    async def misuse() -> list[int]:
        refused = []
        async with BleakClient(FIDESMO, backend=client_on(scene.air)) as client:
            for deed in (
                client.read_gatt_char(fidesmo.COMMAND),
                client.write_gatt_char(fidesmo.RESPONSE, b"\x00", response=True),
                client.write_gatt_char(fidesmo.COMMAND, bytes(513), response=True),
                client.read_gatt_char(fidesmo.RESPONSE),
            ):
                with pytest.raises(BleakGATTProtocolError) as told:
                    await deed
                refused.append(int(told.value.code))
        with pytest.raises(BleakError):
            await client.read_gatt_char(fidesmo.RESPONSE)
        return refused

    assert asyncio.run(misuse()) == [0x02, 0x03, 0x0D, 0x0E]
