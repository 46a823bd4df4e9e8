"""The phone or tablet in a person's hand: catalogue, settings, NFC reader, sensors, keystore."""

from .catalogue import DEVICE_CLASSES, UnknownDevice, device, devices
from .nfc import (
    FIELD_CARD,
    TEST_CARD,
    CardTimes,
    Connection,
    NfcError,
    NfcNotSupported,
    NfcSwitchedOff,
    NoCardFound,
    PlatformError,
    SessionEnded,
    TagLost,
    TransceiveTooLong,
)
from .phone import Phone
from .profile import Biometric, DeviceProfile, Form, Nfc, OperatingSystem, Zone

__all__ = [
    "DEVICE_CLASSES",
    "FIELD_CARD",
    "TEST_CARD",
    "Biometric",
    "CardTimes",
    "Connection",
    "DeviceProfile",
    "Form",
    "Nfc",
    "NfcError",
    "NfcNotSupported",
    "NfcSwitchedOff",
    "NoCardFound",
    "OperatingSystem",
    "Phone",
    "PlatformError",
    "SessionEnded",
    "TagLost",
    "TransceiveTooLong",
    "UnknownDevice",
    "Zone",
    "device",
    "devices",
]
