"""Adapters: the emulated phone as a platform for apps, a card in a contact reader, the world's time for a server.

They translate names and errors, nothing else.
"""

from __future__ import annotations

from collections.abc import Callable, MutableMapping
from datetime import datetime, timedelta
from random import Random
from typing import Protocol

from cryptography.hazmat.primitives.asymmetric import ec

from emulators.card.apdu import parse
from emulators.card.terminal import CardError, Terminal, WrongCan
from emulators.core.physics import Physics
from emulators.phone.keystore import Keystore, KeystoreError
from emulators.phone.nfc import Connection, NfcError, NfcSwitchedOff
from emulators.phone.phone import Phone
from harness.reference.apps.platform import CanWrong, CardLost, KeyLost, NfcOff, NoCard


class ServerAgenda:
    """The world's time as an `Agenda`."""

    def __init__(self, physics: Physics) -> None:
        self._physics = physics

    @property
    def now(self) -> datetime:
        return self._physics.clock.now

    def at(self, when: datetime, what: Callable[[], None], label: str) -> object:
        return self._physics.at(when, what, label)

    def later(self, delay: timedelta, what: Callable[[], None], label: str) -> object:
        return self._physics.later(delay, what, label)

    def send_out(self, errand: Callable[[], None]) -> None:
        self._physics.send_out(errand)


class PhoneKeys:
    """A phone's keystore as a `KeyStore`."""

    def __init__(self, keystore: Keystore) -> None:
        self._keystore = keystore

    def create(self, alias: str) -> ec.EllipticCurvePublicKey:
        return self._keystore.create(alias)

    def sign(self, alias: str, data: bytes) -> bytes:
        try:
            return self._keystore.sign(alias, data)
        except KeystoreError as error:
            raise KeyLost(alias) from error


class NfcCard:
    """A card in the phone's field as a `ContactlessCard`. The terminal's side of PACE is the card library's."""

    def __init__(self, connection: Connection, random: Random) -> None:
        self._connection = connection
        self._terminal = Terminal(connection.transceive, random)

    def open_channel(self, can: str) -> None:
        if not (can.isascii() and can.isdigit()):
            raise CanWrong("a CAN has digits only")
        try:
            self._terminal.open_pace(can)
        except WrongCan as error:
            raise CanWrong(str(error)) from error
        except (NfcError, CardError) as error:
            raise CardLost(str(error)) from error

    def transceive(self, command: bytes) -> bytes:
        try:
            data, sw = self._terminal.exchange(parse(command))
        except (NfcError, CardError) as error:
            raise CardLost(str(error)) from error
        return data + sw.to_bytes(2, "big")

    def close(self) -> None:
        self._connection.close()


class ContactCard(Protocol):
    """A card that goes into a reader."""

    def reset(self) -> None: ...
    def transmit(self, command: bytes) -> bytes: ...


class ContactReader:
    """A card in a contact reader as a `Transceiver`."""

    def __init__(self, card: ContactCard) -> None:
        self._card = card
        card.reset()

    def transceive(self, command: bytes) -> bytes:
        return self._card.transmit(command)

    def close(self) -> None:
        self._card.reset()


class PhonePlatform:
    """A phone as a `Platform`. `number` makes the vendor id, which no two phones of a world share."""

    def __init__(self, phone: Phone, physics: Physics, number: int, takeover: Callable[[Phone], str | None]) -> None:
        self._phone = phone
        self._takeover = takeover
        self._random = physics.randomness(f"device/{number}")
        self.vendor_id = f"vendor-device-{number}"
        self.keystore = PhoneKeys(phone.keystore)

    @property
    def os(self) -> str:
        return self._phone.profile.os.value

    @property
    def os_release(self) -> tuple[int, ...]:
        return self._phone.profile.os_release

    @property
    def model(self) -> str:
        return self._phone.profile.model

    @property
    def screen_lock(self) -> bool:
        return self._phone.settings.lock

    @property
    def rooted(self) -> bool:
        return self._phone.settings.rooted

    @property
    def has_keystore(self) -> bool:
        return self._phone.settings.keystore

    @property
    def automatic_time(self) -> bool:
        return self._phone.settings.auto_time

    @property
    def reads_cards(self) -> bool:
        return self._phone.nfc.available

    @property
    def enrolled(self) -> frozenset[str]:
        return frozenset(method.value for method in self._phone.settings.enrolled)

    @property
    def enrolment_id(self) -> int:
        return self._phone.enrolment_id

    @property
    def online(self) -> bool:
        return self._phone.settings.network

    def installed(self, app: str) -> bool:
        return app in self._phone.apps

    def storage(self, app: str) -> MutableMapping[str, object]:
        return self._phone.storage(app)

    def authenticate(self, method: str) -> bool:
        return self._phone.authenticate(method)

    def find_card(self) -> NfcCard:
        try:
            return NfcCard(self._phone.nfc.connect(), self._random)
        except NfcSwitchedOff as error:
            raise NfcOff(str(error)) from error
        except NfcError as error:
            raise NoCard(str(error)) from error

    def motion(self) -> bytes:
        return self._phone.motion.samples()

    def random_bytes(self, count: int) -> bytes:
        return self._random.randbytes(count)

    def sms_code(self) -> str | None:
        return self._takeover(self._phone)
