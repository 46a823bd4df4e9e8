"""The same readers behind a whole Bluetooth stack: bumble's virtual controllers, a central, and bleak on top of it."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, closing
from datetime import timedelta
from random import Random
from typing import Any

import pytest

if os.environ.get("CI") != "true":  # there it has to be
    pytest.importorskip("bumble", reason="pip install 'pruefstand[ble]'")

from bleak import BleakClient, BleakScanner
from bleak.backends.client import BaseBleakClient
from bleak.exc import BleakDeviceNotFoundError, BleakError, BleakGATTProtocolError
from bumble.device import Peer
from bumble.hci import Address

from emulators.card.ble import acr1255, backend, fidesmo
from emulators.card.ble.acr1255 import Acr1255Reader
from emulators.card.ble.acr1255_frames import Block, Kind, frame
from emulators.card.ble.bumble_backend import client_on, scanner_on
from emulators.card.ble.bumble_radio import VirtualRadio
from emulators.card.ble.fidesmo import FidesmoReader
from emulators.card.ble.host import Acr1255Host, FidesmoHost, Host, Radio, ReaderLost
from emulators.card.ble.radio import Air
from emulators.card.connection import MissingExtra, connect
from emulators.card.passwords import pin_block
from emulators.core.physics import Physics
from emulators.wire.loop import BackgroundLoop
from tests.pcsc.virtual_reader import PIN, issue

FIDESMO, ACS = "C0:FF:EE:00:00:01", "C0:FF:EE:00:00:02"
SELECT_ESIGN, READ_CERTIFICATE = bytes.fromhex("00A4040C0AA000000167455349474E"), bytes.fromhex("00B08400000000")
READ_GDO, GDO = bytes.fromhex("00B0820000"), bytes.fromhex("5A0A802768831100001527159000")
VERIFY, PIN_STATUS = bytes.fromhex("0020000208") + pin_block(PIN), bytes.fromhex("80200002")
WRONG = VERIFY[:5] + pin_block("999999")
INSUFFICIENT_ENCRYPTION = 0x0F
LONG = 30.0  # seconds; nothing here takes so long unless it hangs


class Scene:
    """An air with a card behind each kind of reader; `back_end` is that of whoever comes to read it."""

    def __init__(self) -> None:
        self.physics = Physics()
        self.air = Air(self.physics)
        self.physics.faults.declare(self.air.name, self.air.faults)
        self.card = issue()
        self.air.add(FIDESMO, FidesmoReader(self.physics, self.card))
        self.air.add(ACS, Acr1255Reader(self.card, self.physics.randomness("acr1255")))
        self.back_end: type[BaseBleakClient] = backend.client_on(self.air)

    @asynccontextmanager
    async def on_air(self) -> AsyncIterator[VirtualRadio]:
        async with VirtualRadio(self.air) as radio:
            self.back_end = client_on(radio)
            yield radio

    def host(self, kind: str) -> Host:
        radio = Radio(FIDESMO if kind == "fidesmo" else ACS, patience=LONG, backend=self.back_end)
        return FidesmoHost(radio) if kind == "fidesmo" else Acr1255Host(radio, random=Random(1))

    def story(self) -> list[dict[str, Any]]:
        return [entry.as_dict() for entry in self.physics.journal.entries]


@pytest.fixture
def scene() -> Scene:
    return Scene()


@pytest.fixture(params=["fidesmo", "acr1255"])
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def on_air(scene: Scene, deed: Callable[[VirtualRadio], Awaitable[Any]]) -> Any:
    async def run() -> Any:
        async with scene.on_air() as radio:
            return await deed(radio)

    return asyncio.run(run())


def test_readers_are_heard_with_their_names_and_found_by_their_service(scene: Scene) -> None:
    async def find(radio: VirtualRadio) -> tuple[str, str | None]:
        device = await BleakScanner.find_device_by_filter(
            lambda device, heard: fidesmo.SERVICE in heard.service_uuids, backend=scanner_on(radio)
        )
        assert device is not None
        return device.address, device.name

    assert on_air(scene, find) == (FIDESMO, "Pruefstand Fidesmo TEST ONLY")


@pytest.mark.parametrize("mtu", [23, 24, 185, 517])
def test_any_mtu_that_the_two_agree_on_carries_any_apdu(scene: Scene, kind: str, mtu: int) -> None:
    scene.physics.faults.arm("ble", "small_mtu", {"mtu": mtu})

    async def read(_: VirtualRadio) -> tuple[int, bytes, bytes]:
        host = scene.host(kind)
        await host.power_on()
        await host.transmit(SELECT_ESIGN)
        long = await host.transmit(READ_CERTIFICATE)
        wrong = await host.transmit(READ_GDO + bytes(1000))
        agreed = host._radio.client.mtu_size  # type: ignore[attr-defined]
        await host.close()
        return agreed, long, wrong

    agreed, long, wrong = on_air(scene, read)
    scene.card.transmit(SELECT_ESIGN)
    assert (agreed, long, wrong.hex()) == (mtu, scene.card.transmit(READ_CERTIFICATE), "6700")
    assert len(long) > 600


def test_a_central_that_never_asks_for_a_larger_mtu_gets_packets_of_twenty_octets(scene: Scene) -> None:
    async def listen(radio: VirtualRadio) -> list[bytes]:
        connection = await radio.central.connect(Address(ACS))
        peer = Peer(connection)
        await peer.discover_services()
        await peer.discover_characteristics()
        (request,), (answer,) = (peer.get_characteristics_by_uuid(uuid) for uuid in bumble_uuids())
        heard: list[bytes] = []
        whole = asyncio.Event()

        def hear(packet: bytes) -> None:
            heard.append(packet)
            if sum(map(len, heard)) == 5 + 28:
                whole.set()

        await peer.subscribe(answer, hear)
        opening = frame(Block(Kind.ESCAPE, bytes.fromhex("E000004500")).to_bytes())
        await request.write_value(opening, with_response=True)
        await asyncio.wait_for(whole.wait(), LONG)
        return heard

    assert [len(packet) for packet in on_air(scene, listen)] == [20, 13]


def bumble_uuids() -> list[Any]:
    from bumble.core import UUID

    return [UUID(acr1255.REQUEST), UUID(acr1255.ANSWER)]


def test_apdu_over_ble_is_for_encrypted_links_only(scene: Scene) -> None:
    async def misuse(_: VirtualRadio) -> list[int]:
        refused = []
        async with BleakClient(FIDESMO, backend=scene.back_end) as client:
            for deed in (
                client.write_gatt_char(fidesmo.COMMAND, bytes.fromhex("01000100") + READ_GDO, response=True),
                client.read_gatt_char(fidesmo.RESPONSE),
            ):
                with pytest.raises(BleakGATTProtocolError) as told:
                    await deed
                refused.append(int(told.value.code))
        return refused

    assert on_air(scene, misuse) == [INSUFFICIENT_ENCRYPTION] * 2


def test_the_reader_s_own_refusals_are_att_errors(scene: Scene) -> None:
    async def misuse(_: VirtualRadio) -> list[int]:
        refused = []
        async with BleakClient(FIDESMO, backend=scene.back_end, pair=True) as client:
            for deed in (
                client.read_gatt_char(fidesmo.COMMAND),
                client.write_gatt_char(fidesmo.RESPONSE, b"\x00", response=True),
                client.read_gatt_char(fidesmo.RESPONSE),
            ):
                with pytest.raises(BleakGATTProtocolError) as told:
                    await deed
                refused.append(int(told.value.code))
        with pytest.raises(BleakError):
            await client.read_gatt_char(fidesmo.RESPONSE)
        return refused

    assert on_air(scene, misuse) == [0x02, 0x03, 0x0E]


def test_hanging_up_makes_the_card_forget_the_pin_and_the_reader_be_found_again(scene: Scene, kind: str) -> None:
    async def twice(_: VirtualRadio) -> list[str]:
        said = []
        for command in (VERIFY, PIN_STATUS):
            host = scene.host(kind)
            await host.power_on()
            said.append((await host.transmit(command)).hex())
            await host.close()
        return said

    assert on_air(scene, twice) == ["9000", "63c3"]


FAULTS = [
    ("link_lost", {"delivered": False}, 3, False),
    ("link_lost", {"delivered": True}, 2, False),
    ("apdu_interrupted", {"when": "before"}, 3, False),
    ("apdu_interrupted", {"when": "inside"}, 2, False),
    ("apdu_interrupted", {"when": "after"}, 2, True),
]


async def torn(scene: Scene, kind: str, fault: str, parameters: dict[str, Any], answered: bool) -> None:
    """A wrong PIN amid a fault, and the card is read again on a new link."""
    host = scene.host(kind)
    await host.power_on()
    scene.physics.faults.arm("ble", fault, parameters)
    if answered:
        assert (await host.transmit(WRONG)).hex() == "63c2"
        async with asyncio.timeout(LONG):
            while host._radio.client.is_connected:  # type: ignore[attr-defined]
                await asyncio.sleep(0)
    with pytest.raises(ReaderLost):
        await host.transmit(PIN_STATUS if answered else WRONG)
    await host.power_on()
    assert await host.transmit(READ_GDO) == GDO
    await host.close()


@pytest.mark.parametrize(("fault", "parameters", "tries", "answered"), FAULTS)
def test_a_link_that_breaks_does_to_card_and_journal_what_it_does_in_memory(
    scene: Scene, kind: str, fault: str, parameters: dict[str, Any], tries: int, answered: bool
) -> None:
    in_memory = Scene()
    asyncio.run(torn(in_memory, kind, fault, parameters, answered))
    on_air(scene, lambda _: torn(scene, kind, fault, parameters, answered))
    assert scene.card.password.tries == tries
    assert scene.story() == in_memory.story()


def test_a_lost_notification_is_sent_again_by_the_worlds_clock(scene: Scene) -> None:
    async def read(_: VirtualRadio) -> bytes:
        host = scene.host("fidesmo")
        await host.power_on()
        scene.physics.faults.arm("ble", "lost_notification")
        reading = asyncio.create_task(host.transmit(READ_GDO))
        async with asyncio.timeout(LONG):
            while not list(scene.physics.journal.named("ble", "packet.lost")):
                await asyncio.sleep(0)
        scene.physics.advance_to(scene.physics.clock.later(timedelta(seconds=1)))
        return await reading

    assert on_air(scene, read) == GDO


def test_a_program_without_an_event_loop_connects_by_name(scene: Scene) -> None:
    with BackgroundLoop() as loop:
        radio = VirtualRadio(scene.air)
        loop.run(radio.open())
        with closing(
            connect("ble:acr1255u-j1 test only", loop=loop, backend=client_on(radio), scanner=scanner_on(radio))
        ) as card:
            assert card.transmit(READ_GDO) == GDO
        loop.run(radio.close())
        loop.run(radio.close())


def test_a_device_out_of_reach_is_not_found(scene: Scene) -> None:
    async def call(_: VirtualRadio) -> None:
        await BleakClient("C0:FF:EE:00:00:03", backend=scene.back_end, timeout=0.05).connect()

    with pytest.raises(BleakDeviceNotFoundError):
        on_air(scene, call)


def test_a_radio_that_is_not_open_says_so(scene: Scene) -> None:
    with pytest.raises(RuntimeError, match="not open"):
        _ = VirtualRadio(scene.air).central


@pytest.mark.parametrize("module", ["bumble_radio", "bumble_backend"])
def test_without_bumble_the_extra_is_named(module: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("bumble_radio", "bumble_backend"):
        monkeypatch.delitem(sys.modules, f"emulators.card.ble.{name}")
    monkeypatch.setitem(sys.modules, "bumble", None)
    for name in [name for name in sys.modules if name.startswith("bumble.")]:
        monkeypatch.setitem(sys.modules, name, None)
    with pytest.raises(MissingExtra, match=r"pip install 'pruefstand\[ble\]'"):
        __import__(f"emulators.card.ble.{module}")
