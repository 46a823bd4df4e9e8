"""The phone or tablet in a person's hand: catalogue, settings, NFC reader, sensors, keystore."""

from .catalogue import DEVICE_CLASSES, UnknownDevice, device, devices
from .nfc import Connection, NfcError, NfcNotSupported, NfcSwitchedOff, NoCardFound, TagLost
from .phone import Phone
from .profile import Biometric, DeviceProfile, Form, Nfc, OperatingSystem, Zone

__all__ = [
    "DEVICE_CLASSES",
    "Biometric",
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
    "TagLost",
    "UnknownDevice",
    "Zone",
    "device",
    "devices",
]
