"""The peripherals of an air on virtual Bluetooth controllers: `bumble`'s link layer, L2CAP, ATT, GATT and pairing.

What `backend` leaves out is real here: discovery of services, the exchange of the MTU, subscriptions, encrypted
links, and requests that are never answered because the link is gone. Faults strike where they do without it, and the
journal is the same; time between packets is the event loop's, not the world's. Values that are read are never longer
than one packet carries, so nothing here needs ATT's Read Blob.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from types import TracebackType
from typing import TypeVar

from ..connection import MissingExtra
from .faults import DEFAULT_MTU
from .radio import NOTIFY, READ, WRITE, WRITE_WITHOUT_RESPONSE, Air, GattRefused, Link, LinkDown, Peripheral

try:
    from bumble.att import ATT_Error
    from bumble.controller import Controller
    from bumble.core import UUID, AdvertisingData
    from bumble.device import AdvertisingEventProperties, AdvertisingParameters, Connection, Device
    from bumble.gatt import Characteristic, CharacteristicValue, Service
    from bumble.hci import Address
    from bumble.link import LocalLink
    from bumble.transport.common import AsyncPipeSink
except ImportError as error:
    raise MissingExtra(f"this needs bumble ({error}): pip install 'pruefstand[ble]'", name="bumble") from error

T = TypeVar("T")

CENTRAL = "F0:F1:F2:F3:F4:F5"
_ADVERTISED_EVERY = 20.0  # ms, the shortest there is (Bluetooth Core 5.4, vol. 4, part E, 7.8.5)
_DISCOVERABLE = bytes((0x06,))  # general discoverable, no BR/EDR
_PROPERTIES = {
    READ: Characteristic.Properties.READ,
    WRITE: Characteristic.Properties.WRITE,
    WRITE_WITHOUT_RESPONSE: Characteristic.Properties.WRITE_WITHOUT_RESPONSE,
    NOTIFY: Characteristic.Properties.NOTIFY,
}


class VirtualRadio:
    """All that is switched on in an air, and one central that can connect to it. Use it on one event loop."""

    def __init__(self, air: Air) -> None:
        self.air = air
        self._stations: list[_Station] = []
        self._central: Device | None = None

    @property
    def central(self) -> Device:
        """The device that scans and connects. Raises `RuntimeError` while the radio is not open."""
        if self._central is None:
            raise RuntimeError("the virtual radio is not open")
        return self._central

    async def open(self) -> None:
        """Power the controllers and advertise."""
        ether = LocalLink()  # type: ignore[no-untyped-call]  # bumble's own
        self._central = device_on(ether, "Pruefstand central", CENTRAL)
        await self._central.power_on()
        for address, peripheral in self.air.advertising.items():
            station = _Station(self.air, ether, address, peripheral)
            self._stations.append(station)
            await station.open()

    async def close(self) -> None:
        """Hang up and switch off. Closing again is no error."""
        central, self._central = self._central, None
        if central is not None:
            for connection in list(central.connections.values()):
                await connection.disconnect()
            await central.power_off()
        for station in self._stations:
            await station.close()
        self._stations.clear()

    async def __aenter__(self) -> VirtualRadio:
        await self.open()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None
    ) -> None:
        await self.close()


def device_on(ether: LocalLink, name: str, address: str) -> Device:
    """A host of its own with a virtual controller on the link."""
    controller = Controller(name, link=ether)
    # Packets to the controller wait for their turn on the loop, as they do on a wire.
    return Device.with_hci(name, Address(address), controller, AsyncPipeSink(controller))


class _Station:
    """One peripheral behind a GATT server."""

    def __init__(self, air: Air, ether: LocalLink, address: str, peripheral: Peripheral) -> None:
        self._air, self._address, self._peripheral = air, address, peripheral
        self._device = device_on(ether, peripheral.name, address)
        self._link: Link | None = None
        self._connection: Connection | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self._characteristics = {
            uuid: self._characteristic(uuid, how) for uuid, how in peripheral.characteristics.items()
        }
        self._device.add_service(Service(UUID(peripheral.service), list(self._characteristics.values())))
        self._device.on(Device.EVENT_CONNECTION, self._connected)

    async def open(self) -> None:
        self._loop = asyncio.get_running_loop()
        await self._device.power_on()
        await self._advertise()

    async def close(self) -> None:
        if self._device.powered_on:
            await self._device.power_off()
        await asyncio.gather(*self._tasks)

    async def _advertise(self) -> None:
        """Extended advertising, begun anew after each connection: name and service do not fit a legacy packet."""
        kinds, uuid = AdvertisingData.Type, UUID(self._peripheral.service)
        properties = AdvertisingEventProperties(is_connectable=True, is_scannable=False, is_legacy=False)
        await self._device.create_advertising_set(
            advertising_parameters=AdvertisingParameters(
                properties,
                primary_advertising_interval_min=_ADVERTISED_EVERY,
                primary_advertising_interval_max=_ADVERTISED_EVERY,
            ),
            random_address=Address(self._address),
            advertising_data=bytes(
                AdvertisingData(
                    [
                        (kinds.FLAGS, _DISCOVERABLE),
                        (kinds.COMPLETE_LIST_OF_128_BIT_SERVICE_CLASS_UUIDS, uuid.to_bytes(force_128=True)),
                        (kinds.COMPLETE_LOCAL_NAME, self._peripheral.name.encode()),
                    ]
                )
            ),
            auto_restart=True,
        )

    def _characteristic(self, uuid: str, how: tuple[str, ...]) -> Characteristic[bytes]:
        async def read(_: Connection) -> bytes:
            return await self._access(lambda link: link.read(uuid))

        async def write(_: Connection, value: bytes) -> None:
            await self._access(lambda link: link.write(uuid, value, response=WRITE in how))

        properties = Characteristic.Properties(0)
        for property_ in how:
            properties |= _PROPERTIES[property_]
        needed = Characteristic.READABLE | Characteristic.WRITEABLE
        if self._peripheral.pairing:
            needed |= Characteristic.READ_REQUIRES_ENCRYPTION | Characteristic.WRITE_REQUIRES_ENCRYPTION
        return Characteristic(uuid, properties, needed, CharacteristicValue(read=read, write=write))

    async def _access(self, deed: Callable[[Link], T]) -> T:
        """What the GATT server asks. A request during which the link broke gets no answer, for there is no link."""
        if self._link is None:
            raise asyncio.CancelledError
        try:
            with self._air.physics.lock:
                return deed(self._link)
        except GattRefused as error:
            raise ATT_Error(error.code) from error
        except LinkDown as error:
            raise asyncio.CancelledError from error

    def _connected(self, connection: Connection) -> None:
        with self._air.physics.lock:
            link = self._air.connect(self._address, self._heard, self._lost)
        # The world says how much the reader would agree to; until the central asks, it is the least there is.
        self._device.gatt_server.max_mtu, link.mtu = link.mtu, DEFAULT_MTU
        self._link, self._connection = link, connection

        def agreed() -> None:
            link.mtu = connection.att_mtu

        connection.on(Connection.EVENT_CONNECTION_ATT_MTU_UPDATE, agreed)
        connection.on(Connection.EVENT_DISCONNECTION, self._disconnected)

    def _disconnected(self, _reason: int) -> None:
        link, self._link, self._connection = self._link, None, None
        if link is not None:
            with self._air.physics.lock:
                link.close()

    def _heard(self, uuid: str, value: bytes) -> None:
        """From whatever thread moves the world."""
        self._loop.call_soon_threadsafe(self._notify, uuid, value)

    def _notify(self, uuid: str, value: bytes) -> None:
        if self._connection is not None:
            self._do(self._device.notify_subscriber(self._connection, self._characteristics[uuid], value))

    def _lost(self) -> None:
        self._loop.call_soon_threadsafe(self._hang_up)

    def _hang_up(self) -> None:
        if self._connection is not None:
            self._do(self._connection.disconnect())

    def _do(self, deed: Coroutine[None, None, None]) -> None:
        if not self._device.powered_on:
            deed.close()
            return
        task = self._loop.create_task(deed)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
