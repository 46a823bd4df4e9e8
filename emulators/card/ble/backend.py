"""`bleak` on an air of ours: no adapter, no D-Bus, no waiting.

`BleakScanner(backend=scanner_on(air))` and `BleakClient(address, backend=client_on(air))` find and use what was
added to the air. Pinned to bleak 3: its back-end interface is not covered by its promise of compatibility.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any, NoReturn, TypeVar, cast

from .radio import Air, GattRefused, Link, LinkDown

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
except ImportError as error:
    raise ImportError(f"this needs bleak ({error}): pip install 'pruefstand[ble]'", name="bleak") from error

T = TypeVar("T")

_RSSI = -50  # dBm, a device on the same table
_FIRST_HANDLE = 1


def scanner_on(air: Air) -> type[BaseBleakScanner]:
    """A back end for `BleakScanner` that sees what is on `air`."""
    return type("AirScanner", (_Scanner,), {"air": air})


def client_on(air: Air) -> type[BaseBleakClient]:
    """A back end for `BleakClient` that connects through `air`."""
    return type("AirClient", (_Client,), {"air": air})


class _Scanner(BaseBleakScanner):
    air: Air

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
        for address, peripheral in self.air.advertising.items():
            heard = AdvertisementData(peripheral.name, {}, {}, [peripheral.service], None, _RSSI, ())
            if self.is_allowed_uuid(heard.service_uuids):
                device = self.create_or_update_device(address, address, peripheral.name, None, heard)
                self.call_detection_callbacks(device, heard)

    async def stop(self) -> None:
        pass


class _Client(BaseBleakClient):
    air: Air

    def __init__(self, address_or_ble_device: BLEDevice | str, **settings: Any) -> None:
        ours = {key: settings[key] for key in ("disconnected_callback", "timeout")}
        super().__init__(address_or_ble_device, **ours)
        self._link: Link | None = None
        self._listeners: dict[str, NotifyCallback] = {}

    @property
    def name(self) -> str:
        return self.air.advertising[self.address.upper()].name

    @property
    def mtu_size(self) -> int:
        return self._up().mtu

    @property
    def is_connected(self) -> bool:
        return self._link is not None and self._link.up

    async def connect(self, pair: bool, **kwargs: Any) -> None:
        self._loop = asyncio.get_running_loop()
        self._listeners = {}
        await asyncio.sleep(0)  # what was said on the link before is heard first
        try:
            with self.air.physics.lock:
                self._link = self.air.connect(self.address, self._heard, self._lost)
        except LinkDown as error:
            raise BleakDeviceNotFoundError(self.address, str(error)) from error
        self.services = self._discovered(self._link)

    async def disconnect(self) -> None:
        if self._link is not None:
            with self.air.physics.lock:
                self._link.close()
        self.services = None

    async def pair(self, *args: Any, **kwargs: Any) -> None:
        """Every device on this air is paired already."""

    async def unpair(self) -> None:
        await self.disconnect()

    async def read_gatt_char(
        self, characteristic: BleakGATTCharacteristic, *, use_cached: bool = False, **kwargs: Any
    ) -> bytearray:
        return bytearray(self._on_air(lambda link: link.read(characteristic.uuid)))

    async def read_gatt_descriptor(
        self, descriptor: BleakGATTDescriptor, *, use_cached: bool = False, **kwargs: Any
    ) -> bytearray:
        return _no_descriptors()

    async def write_gatt_char(self, characteristic: BleakGATTCharacteristic, data: SizedBuffer, response: bool) -> None:
        value = bytes(cast(bytes, data))
        self._on_air(lambda link: link.write(characteristic.uuid, value, response=response))

    async def write_gatt_descriptor(self, descriptor: BleakGATTDescriptor, data: SizedBuffer) -> None:
        _no_descriptors()

    async def start_notify(
        self, characteristic: BleakGATTCharacteristic, callback: NotifyCallback, **kwargs: Any
    ) -> None:
        self._up()
        self._listeners[characteristic.uuid] = callback

    async def stop_notify(self, characteristic: BleakGATTCharacteristic) -> None:
        self._listeners.pop(characteristic.uuid, None)

    def _up(self) -> Link:
        if self._link is None or not self._link.up:
            raise BleakError("not connected")
        return self._link

    def _on_air(self, deed: Callable[[Link], T]) -> T:
        link = self._up()
        try:
            with self.air.physics.lock:
                return deed(link)
        except GattRefused as error:
            raise BleakGATTProtocolError(error.code) from error
        except LinkDown as error:
            raise BleakError(str(error)) from error

    def _heard(self, uuid: str, value: bytes) -> None:
        """From whatever thread moves the world, to the loop of whoever connected."""
        self._loop.call_soon_threadsafe(self._deliver, uuid, value)

    def _deliver(self, uuid: str, value: bytes) -> None:
        if (listener := self._listeners.get(uuid)) is not None:
            listener(bytearray(value))

    def _lost(self) -> None:
        if self._disconnected_callback is not None:
            self._loop.call_soon_threadsafe(self._disconnected_callback)

    def _discovered(self, link: Link) -> BleakGATTServiceCollection:
        peripheral = self.air.advertising[self.address.upper()]
        found = BleakGATTServiceCollection()
        service = BleakGATTService(None, _FIRST_HANDLE, peripheral.service)
        found.add_service(service)
        for handle, (uuid, how) in enumerate(peripheral.characteristics.items(), _FIRST_HANDLE + 1):
            properties = cast(list[CharacteristicPropertyName], list(how))
            found.add_characteristic(
                BleakGATTCharacteristic(None, handle, uuid, properties, lambda: link.mtu - 3, service)
            )
        return found


def _no_descriptors() -> NoReturn:
    raise BleakError("card readers on this air have no descriptors")
