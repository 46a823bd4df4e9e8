"""`bleak` on a virtual Bluetooth stack: the same programs as on `backend`, through `bumble`'s GATT client.

`BleakScanner(backend=scanner_on(radio))` and `BleakClient(address, backend=client_on(radio))`, on the event loop that
the radio was opened on.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from typing import Any, TypeVar, cast

from ..connection import MissingExtra
from .bumble_radio import VirtualRadio
from .faults import LARGEST_MTU

try:
    from bleak.args import SizedBuffer
    from bleak.assigned_numbers import CharacteristicPropertyName
    from bleak.backends.characteristic import BleakGATTCharacteristic
    from bleak.backends.client import BaseBleakClient, NotifyCallback
    from bleak.backends.descriptor import BleakGATTDescriptor
    from bleak.backends.device import BLEDevice
    from bleak.backends.scanner import AdvertisementData, AdvertisementDataCallback, BaseBleakScanner
    from bleak.backends.service import BleakGATTService, BleakGATTServiceCollection
    from bleak.exc import BleakDeviceNotFoundError, BleakError, BleakGATTProtocolError
    from bumble.att import ATT_Error
    from bumble.core import UUID, AdvertisingData, BaseBumbleError, ProtocolError
    from bumble.device import Advertisement, Connection, Device, Peer
    from bumble.gatt_client import CharacteristicProxy, DescriptorProxy
    from bumble.hci import Address
except ImportError as error:
    raise MissingExtra(f"this needs bleak and bumble ({error}): pip install 'pruefstand[ble]'") from error

T = TypeVar("T")


def scanner_on(radio: VirtualRadio) -> type[BaseBleakScanner]:
    """A back end for `BleakScanner` that hears what the radio's central hears."""
    return type("VirtualScanner", (_Scanner,), {"radio": radio})


def client_on(radio: VirtualRadio) -> type[BaseBleakClient]:
    """A back end for `BleakClient` that connects with the radio's central."""
    return type("VirtualClient", (_Client,), {"radio": radio})


class _Scanner(BaseBleakScanner):
    radio: VirtualRadio

    def __init__(
        self,
        detection_callback: AdvertisementDataCallback | None,
        service_uuids: list[str] | None,
        *_: object,
        **__: object,  # of other platforms
    ) -> None:
        super().__init__(detection_callback, service_uuids)

    async def start(self) -> None:
        self.seen_devices = {}
        self.radio.central.on(Device.EVENT_ADVERTISEMENT, self._heard)
        await self.radio.central.start_scanning()

    async def stop(self) -> None:
        self.radio.central.remove_listener(Device.EVENT_ADVERTISEMENT, self._heard)
        await self.radio.central.stop_scanning()

    def _heard(self, advertisement: Advertisement) -> None:
        address = advertisement.address.to_string(False)
        name = advertisement.data.get(AdvertisingData.Type.COMPLETE_LOCAL_NAME)
        listed = advertisement.data.get(AdvertisingData.Type.COMPLETE_LIST_OF_128_BIT_SERVICE_CLASS_UUIDS)
        services = [_long(uuid) for uuid in cast(list[UUID], listed or [])]
        heard = AdvertisementData(name, {}, {}, services, None, advertisement.rssi, ())
        if self.is_allowed_uuid(services):
            device = self.create_or_update_device(address, address, heard.local_name, None, heard)
            self.call_detection_callbacks(device, heard)


class _Client(BaseBleakClient):
    radio: VirtualRadio

    def __init__(self, address_or_ble_device: BLEDevice | str, **settings: Any) -> None:
        ours = {key: settings[key] for key in ("disconnected_callback", "timeout")}
        super().__init__(address_or_ble_device, **ours)
        self._connection: Connection | None = None

    @property
    def mtu_size(self) -> int:
        return self._up().att_mtu

    @property
    def is_connected(self) -> bool:
        return self._connection is not None

    async def connect(self, pair: bool, **kwargs: Any) -> None:
        """Wait until the device is heard, connect, and ask for the largest MTU, as BlueZ does."""
        if not await self._in_reach():
            raise BleakDeviceNotFoundError(self.address, f"{self.address} is not heard")
        self._connection = await self.radio.central.connect(Address(self.address), timeout=None)
        self._connection.on(Connection.EVENT_DISCONNECTION, self._lost)
        if pair:
            await self.pair()
        peer = Peer(self._connection)
        await self._asked(peer.request_mtu(LARGEST_MTU))
        await self._asked(_explored(peer))
        self.services = _discovered(peer)

    async def _in_reach(self) -> bool:
        """A virtual controller never gives up a connection to somebody who is not there, so it is not begun."""
        central, heard = self.radio.central, asyncio.Event()

        def hear(advertisement: Advertisement) -> None:
            if advertisement.address.to_string(False) == self.address.upper():
                heard.set()

        central.on(Device.EVENT_ADVERTISEMENT, hear)
        scanning = central.is_scanning
        if not scanning:
            await central.start_scanning()
        try:
            await asyncio.wait_for(heard.wait(), self._timeout)
        except TimeoutError:
            return False
        finally:
            central.remove_listener(Device.EVENT_ADVERTISEMENT, hear)
            if not scanning:
                await central.stop_scanning()
        return True

    async def disconnect(self) -> None:
        if self._connection is not None:
            await self._asked(self._connection.disconnect())
        self.services = None

    async def pair(self, *args: Any, **kwargs: Any) -> None:
        """Just Works, and an encrypted link."""
        await self._asked(self._up().pair())

    async def unpair(self) -> None:
        """Nothing is kept of a pairing but the link it was made on."""
        await self.disconnect()

    async def read_gatt_char(
        self, characteristic: BleakGATTCharacteristic, *, use_cached: bool = False, **kwargs: Any
    ) -> bytearray:
        return bytearray(await self._asked(_proxy(characteristic).read_value()))

    async def read_gatt_descriptor(
        self, descriptor: BleakGATTDescriptor, *, use_cached: bool = False, **kwargs: Any
    ) -> bytearray:
        return bytearray(await self._asked(cast(DescriptorProxy, descriptor.obj).read_value()))

    async def write_gatt_char(self, characteristic: BleakGATTCharacteristic, data: SizedBuffer, response: bool) -> None:
        await self._asked(_proxy(characteristic).write_value(bytes(cast(bytes, data)), with_response=response))

    async def write_gatt_descriptor(self, descriptor: BleakGATTDescriptor, data: SizedBuffer) -> None:
        proxy = cast(DescriptorProxy, descriptor.obj)
        await self._asked(proxy.write_value(bytes(cast(bytes, data)), with_response=True))

    async def start_notify(
        self, characteristic: BleakGATTCharacteristic, callback: NotifyCallback, **kwargs: Any
    ) -> None:
        await self._asked(_proxy(characteristic).subscribe(lambda value: callback(bytearray(value))))

    async def stop_notify(self, characteristic: BleakGATTCharacteristic) -> None:
        await self._asked(_proxy(characteristic).unsubscribe())

    def _up(self) -> Connection:
        if self._connection is None:
            raise BleakError("not connected")
        return self._connection

    async def _asked(self, deed: Awaitable[T]) -> T:
        """bumble cancels a request that is under way when the link breaks; that is no cancellation of the caller."""
        task = asyncio.current_task()
        try:
            return await deed
        except asyncio.CancelledError:
            if self._connection is not None or (task is not None and task.cancelling()):
                raise
            raise BleakError("the link broke") from None
        except ATT_Error as error:
            raise BleakGATTProtocolError(error.error_code) from error
        except (ProtocolError, BaseBumbleError) as error:
            raise BleakError(str(error)) from error

    def _lost(self, _reason: int) -> None:
        self._connection = None
        if self._disconnected_callback is not None:
            self._disconnected_callback()


def _proxy(characteristic: BleakGATTCharacteristic) -> CharacteristicProxy[bytes]:
    return cast(CharacteristicProxy[bytes], characteristic.obj)


def _long(uuid: UUID) -> str:
    return (
        uuid.to_hex_str("-").lower()
        if len(uuid.uuid_bytes) == 16
        else f"0000{uuid.to_hex_str().lower()}-0000-1000-8000-00805f9b34fb"
    )


async def _explored(peer: Peer) -> None:
    for service in await peer.discover_services():
        for characteristic in await peer.discover_characteristics(service=service):
            await peer.discover_descriptors(characteristic)


def _discovered(peer: Peer) -> BleakGATTServiceCollection:
    found = BleakGATTServiceCollection()
    for service in peer.services:
        ours = BleakGATTService(service, service.handle, _long(service.uuid))
        found.add_service(ours)
        for proxy in service.characteristics:
            names = [cast(CharacteristicPropertyName, str(p.name).lower().replace("_", "-")) for p in proxy.properties]
            found.add_characteristic(
                BleakGATTCharacteristic(
                    proxy, proxy.handle, _long(proxy.uuid), names, lambda: peer.connection.att_mtu - 3, ours
                )
            )
    return found
