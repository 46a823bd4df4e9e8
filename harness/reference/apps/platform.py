"""What an app can ask the operating system for. The emulated phone satisfies it through an adapter."""

from __future__ import annotations

from collections.abc import MutableMapping
from typing import Protocol

from cryptography.hazmat.primitives.asymmetric import ec

MOTION_RATE = 50  # samples a second that the apps ask the motion sensor for


class NfcOff(Exception):
    """NFC is switched off in the settings."""


class NoCard(Exception):
    """No card came into the field in time."""


class CardLost(Exception):
    """The card left the field; whether it carried the last command out is unknown."""


class CanWrong(Exception):
    """The card does not know the CAN; no PIN has been sent."""


class KeyLost(Exception):
    """The keystore does not have the key, or not any more."""


class Transceiver(Protocol):
    """A card in a field or in a reader."""

    def transceive(self, command: bytes) -> bytes:
        """Response data ‖ status word. Raises `CardLost`."""

    def close(self) -> None: ...


class ContactlessCard(Transceiver, Protocol):
    """A card in a field, with the card library that an app is linked against: PACE and secure messaging."""

    def open_channel(self, can: str) -> None:
        """Agree on session keys by the CAN; what follows is secured. Raises `CanWrong`, `CardLost`."""


class KeyStore(Protocol):
    """EC P-256 keys that never leave the device."""

    def create(self, alias: str) -> ec.EllipticCurvePublicKey: ...

    def sign(self, alias: str, data: bytes) -> bytes:
        """ECDSA with SHA-256 in DER. Raises `KeyLost`."""


class Platform(Protocol):
    """One device as an app sees it."""

    @property
    def vendor_id(self) -> str:
        """The same for all apps of one maker on one device (iOS: identifierForVendor)."""

    @property
    def os(self) -> str:
        """`android`, `ios`, or another."""

    @property
    def os_release(self) -> tuple[int, ...]: ...

    @property
    def model(self) -> str: ...

    @property
    def screen_lock(self) -> bool: ...

    @property
    def rooted(self) -> bool: ...

    @property
    def has_keystore(self) -> bool: ...

    @property
    def automatic_time(self) -> bool: ...

    @property
    def reads_cards(self) -> bool:
        """Whether there is an NFC reader for apps, on or off."""

    @property
    def enrolled(self) -> frozenset[str]:
        """The biometrics enrolled: `fingerprint`, `face`."""

    @property
    def enrolment_id(self) -> int:
        """Changes with every change of what is enrolled."""

    @property
    def online(self) -> bool:
        """Whether there is a network to reach the insurer by."""

    @property
    def keystore(self) -> KeyStore: ...

    def installed(self, app: str) -> bool: ...

    def storage(self, app: str) -> MutableMapping[str, object]:
        """What an app keeps across restarts; gone when it is removed."""

    def authenticate(self, method: str) -> bool:
        """Ask for finger or face."""

    def find_card(self) -> ContactlessCard:
        """Raises `NfcOff`, `NoCard`."""

    def motion(self) -> bytes:
        """What the sensor has felt since the last reading: x, y, z as signed 16-bit little endian, in mg."""

    def random_bytes(self, count: int) -> bytes:
        """The device's own randomness."""

    def sms_code(self) -> str | None:
        """The one-time code that the device hands over by itself, if there is one."""
