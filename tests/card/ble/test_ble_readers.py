"""A card behind a Bluetooth reader, as a program finds it through bleak, without any hardware."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping
from contextlib import closing
from datetime import timedelta
from random import Random

import pytest

pytest.importorskip("bleak", reason="pip install 'pruefstand[ble]'")

from bleak import BleakClient, BleakScanner
from bleak.exc import BleakDeviceNotFoundError, BleakError, BleakGATTProtocolError

from emulators.card.ble import acr1255, fidesmo
from emulators.card.ble.acr1255 import Acr1255Reader
from emulators.card.ble.acr1255_frames import Block, CardStatus, Deframer, HardwareError, Kind, frame
from emulators.card.ble.backend import client_on, scanner_on
from emulators.card.ble.fidesmo import FidesmoReader
from emulators.card.ble.host import Acr1255Host, FidesmoHost, Host, Radio, ReaderLost
from emulators.card.ble.radio import Air, Line
from emulators.card.ble.reach import BluetoothCard
from emulators.card.connection import ConnectedCard, NoCard, NoSuchReader, connect
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
        self.acr1255 = Acr1255Reader(self.card, self.physics.randomness("acr1255"))
        self.air.add(ACS, self.acr1255)

    async def host(self, kind: str, patience: float = 5.0) -> Host:
        radio = Radio(FIDESMO if kind == "fidesmo" else ACS, patience=patience, backend=client_on(self.air))
        return FidesmoHost(radio) if kind == "fidesmo" else Acr1255Host(radio, random=Random(1))


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
        host = await scene.host("fidesmo")
        await host.power_on()
        scene.physics.faults.arm("ble", "lost_notification")
        reading = asyncio.create_task(host.transmit(READ_GDO))
        async with asyncio.timeout(30):
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


@pytest.mark.parametrize(
    ("when", "tries", "answered"), [("before", 3, False), ("inside", 2, False), ("after", 2, True)]
)
def test_a_link_that_breaks_around_an_apdu_costs_what_the_card_has_seen(
    scene: Scene, kind: str, when: str, tries: int, answered: bool, loop: BackgroundLoop
) -> None:
    wrong = VERIFY[:5] + pin_block("999999")
    with closing(BluetoothCard(loop, lambda: scene.host(kind))) as card:
        card.power_on()
        scene.physics.faults.arm("ble", "apdu_interrupted", {"when": when})
        if answered:
            assert card.transmit(wrong).hex() == "63c2"
        with pytest.raises(ReaderLost):
            card.transmit(wrong)
        assert scene.card.password.tries == tries
        assert card.power_on()[0] == 0x3B
        assert card.transmit(READ_GDO) == GDO
    down = next(entry for entry in scene.physics.journal.named("ble", "link.down"))
    assert (down.data["why"], down.cause.fault) == ("lost", "ble.apdu_interrupted")


async def spoken(scene: Scene, *blocks: Block) -> list[Block]:
    """What an ACR1255U-J1 answers to blocks of somebody who has not authenticated."""
    heard = bytearray()
    async with BleakClient(ACS, backend=client_on(scene.air)) as client:
        await client.start_notify(acr1255.ANSWER, lambda _, value: heard.extend(value))
        for block in blocks:
            await client.write_gatt_char(acr1255.REQUEST, frame(block.to_bytes()), response=False)
        await asyncio.sleep(0)
    return list(Deframer().feed(bytes(heard)))


@pytest.mark.parametrize("kind_of_block", [Kind.POWER_ON, Kind.APDU, Kind.SLOT_STATUS, Kind.ESCAPE, 0x00])
def test_an_unauthenticated_host_gets_nothing_from_an_acr1255(scene: Scene, kind_of_block: int) -> None:
    (answer,) = asyncio.run(spoken(scene, Block(kind_of_block, READ_GDO, sequence=7)))
    assert answer == Block(Kind.HARDWARE_ERROR, parameter=HardwareError.UNAUTHORISED, sequence=7)


def test_a_broken_frame_is_told_and_the_one_behind_it_in_the_same_packet_is_answered(scene: Scene) -> None:
    good = frame(Block(Kind.SLOT_STATUS, sequence=3).to_bytes())

    async def speak() -> list[int]:
        radio = Radio(ACS, backend=client_on(scene.air))
        await radio.listen(acr1255.ANSWER)
        await radio.write(acr1255.REQUEST, good[:-2] + bytes((good[-2] ^ 1, good[-1])) + good)
        deframer = Deframer()
        return [block.parameter for _ in range(2) for block in deframer.feed(await radio.notification())]

    assert asyncio.run(speak()) == [HardwareError.CHECKSUM, HardwareError.UNAUTHORISED]


class Eavesdropper:
    """Hears what goes through the air to and from the ACR1255U-J1."""

    def __init__(self, reader: Acr1255Reader) -> None:
        self.name, self.service, self.pairing = reader.name, reader.service, reader.pairing
        self.characteristics = reader.characteristics
        self._reader = reader
        self.heard = b""

    def connected(self, line: Line) -> None:
        plain = line.notify

        def notify(uuid: str, value: bytes) -> None:
            self.heard += value
            plain(uuid, value)

        line.notify = notify  # type: ignore[method-assign]
        self._reader.connected(line)

    def disconnected(self) -> None:
        self._reader.disconnected()

    def read(self, uuid: str) -> bytes:
        return self._reader.read(uuid)

    def write(self, uuid: str, value: bytes) -> None:
        self.heard += value
        self._reader.write(uuid, value)


def test_nobody_hears_the_pin_or_an_answer_between_host_and_acr1255(scene: Scene, loop: BackgroundLoop) -> None:
    ear = Eavesdropper(scene.acr1255)
    scene.air.add(ACS, ear)
    with closing(BluetoothCard(loop, lambda: scene.host("acr1255"))) as card:
        card.power_on()
        before = len(ear.heard)
        assert card.transmit(VERIFY) == b"\x90\x00"
        assert card.transmit(READ_GDO) == GDO
    assert len(ear.heard) > before
    assert VERIFY not in ear.heard
    assert GDO not in ear.heard


def test_an_acr1255_refuses_a_block_in_plain_after_authentication(scene: Scene) -> None:
    async def slip_in() -> None:
        radio = Radio(ACS, backend=client_on(scene.air))
        host = Acr1255Host(radio)
        await host.power_on()
        await radio.write(acr1255.REQUEST, frame(Block(Kind.APDU, READ_GDO).to_bytes()))
        (refusal,) = Deframer().feed(await radio.notification())
        assert (refusal.kind, refusal.parameter) == (Kind.HARDWARE_ERROR, HardwareError.DATA)
        assert await host.transmit(READ_GDO) == GDO

    asyncio.run(slip_in())


def test_an_acr1255_sees_no_card_before_it_is_told_to_poll(scene: Scene) -> None:
    class Hasty(Acr1255Host):
        async def power_on(self) -> bytes:
            await self._radio.listen(acr1255.ANSWER)
            await self._authenticate()
            return (await self._exchange(Kind.POWER_ON)).data

    host = Hasty(Radio(ACS, backend=client_on(scene.air)))
    assert asyncio.run(host.power_on()) == b""


def test_a_wrong_master_key_opens_no_reader(scene: Scene) -> None:
    async def power_on() -> None:
        await Acr1255Host(Radio(ACS, backend=client_on(scene.air)), key=bytes(16)).power_on()

    with pytest.raises(ReaderLost, match="UNAUTHORISED"):
        asyncio.run(power_on())


def test_an_empty_acr1255_has_no_card(scene: Scene, loop: BackgroundLoop) -> None:
    scene.acr1255.lay(None)
    with (
        closing(BluetoothCard(loop, lambda: scene.host("acr1255", patience=0.05))) as card,
        pytest.raises(NoCard, match="no card on the reader"),
    ):
        card.power_on()


def test_a_card_laid_on_an_acr1255_while_it_polls_is_taken(scene: Scene) -> None:
    async def read() -> bytes:
        scene.acr1255.lay(None)
        host = await scene.host("acr1255")
        powering = asyncio.create_task(host.power_on())
        async with asyncio.timeout(30):
            while not scene.acr1255.polled:
                await asyncio.sleep(0)
        scene.acr1255.lay(scene.card)
        assert (await powering)[0] == 0x3B
        return await host.transmit(READ_GDO)

    assert asyncio.run(read()) == GDO


def test_an_acr1255_that_polls_tells_of_cards_that_come_and_go(scene: Scene) -> None:
    async def told() -> list[tuple[int, int]]:
        radio = Radio(ACS, backend=client_on(scene.air))
        host = Acr1255Host(radio)
        await host.power_on()
        await host.transmit(READ_GDO)
        radio.forget()
        scene.acr1255.lay(None)
        scene.acr1255.lay(scene.card)
        return [(block.kind, block.parameter) for _ in range(2) for block in await host._blocks()]

    assert asyncio.run(told()) == [(Kind.CARD_STATUS, CardStatus.GONE), (Kind.CARD_STATUS, CardStatus.PRESENT)]


def test_a_card_taken_off_an_acr1255_is_missed_and_has_forgotten_the_pin(scene: Scene, loop: BackgroundLoop) -> None:
    with closing(BluetoothCard(loop, lambda: scene.host("acr1255"))) as card:
        card.power_on()
        card.transmit(VERIFY)
        scene.acr1255.lay(None)
        with pytest.raises(NoCard, match="gone"):
            card.transmit(READ_GDO)
        assert scene.card.transmit(PIN_STATUS).hex() == "63c3"
        scene.acr1255.lay(scene.card)
        card.power_on()
        assert card.transmit(READ_GDO) == GDO


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


def connected(scene: Scene, name: str, **settings: object) -> ConnectedCard:
    back_ends = {"backend": client_on(scene.air), "scanner": scanner_on(scene.air), "search": 0}
    return connect(f"ble:{name}", **{**back_ends, **settings})


@pytest.mark.parametrize("name", [FIDESMO, FIDESMO.lower(), "Pruefstand Fidesmo TEST ONLY", "fidesmo", ACS, "ACR1255"])
def test_a_card_is_connected_to_by_the_address_of_its_reader_or_a_part_of_its_name(scene: Scene, name: str) -> None:
    with closing(connected(scene, name)) as card:
        assert card.transmit(READ_GDO) == GDO
        assert card.reader in (f"Pruefstand Fidesmo TEST ONLY ({FIDESMO})", f"ACR1255U-J1 TEST ONLY ({ACS})")
        card.close()


def test_a_reader_that_nobody_hears_is_told_with_those_that_are_heard(scene: Scene) -> None:
    with pytest.raises(NoSuchReader, match=rf"no device is called 'x'; heard .*ACR1255U-J1 TEST ONLY \({ACS}\)"):
        connected(scene, "x")
    with pytest.raises(NoSuchReader, match="several devices are called 'TEST ONLY'"):
        connected(scene, "TEST ONLY")
    with pytest.raises(NoSuchReader, match="no device is called ''"):
        connected(scene, "")


def test_a_device_that_is_no_reader_is_hung_up_on(scene: Scene) -> None:
    scene.air.add(ACS, Lamp())
    with pytest.raises(NoSuchReader, match=r"Lamp .*has neither apdu-over-ble nor"):
        connected(scene, "lamp")
    assert [e.event for e in scene.physics.journal.entries if e.channel == "ble"] == ["link.up", "link.down"]


def test_an_empty_reader_that_was_connected_to_is_let_go(scene: Scene) -> None:
    scene.acr1255.lay(None)
    with pytest.raises(NoCard):
        connected(scene, "acr1255", patience=0.05)
    assert [e.event for e in scene.physics.journal.entries if e.channel == "ble"] == ["link.up", "link.down"]


class Lamp:
    """A device on the air that is no card reader."""

    name, service, pairing = "Lamp", "0000180a-0000-1000-8000-00805f9b34fb", False
    characteristics: Mapping[str, tuple[str, ...]] = {}

    def connected(self, line: Line) -> None: ...
    def disconnected(self) -> None: ...
    def read(self, uuid: str) -> bytes:
        return b""

    def write(self, uuid: str, value: bytes) -> None: ...
