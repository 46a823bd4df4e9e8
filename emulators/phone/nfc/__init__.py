"""The NFC field between a phone and a card: antenna, coupling, commands, loss, and the platforms' names for it."""

from .card import (
    FIELD_CARD,
    INSTANT,
    TEST_CARD,
    CardTimes,
    ContactlessCard,
    Hold,
    TearableCard,
    frame_waiting_time,
)
from .connection import ISO_DEP_TIMEOUT, Connection
from .errors import (
    NfcError,
    NfcNotSupported,
    NfcSwitchedOff,
    NoCardFound,
    PlatformError,
    SessionEnded,
    TagLost,
    TransceiveTooLong,
    Trouble,
    platform_error,
)
from .field import DEFAULT_PRESENCE_CHECK_DELAY, DEFAULT_TIMEOUT, DWELL, Nfc

__all__ = [
    "DEFAULT_PRESENCE_CHECK_DELAY",
    "DEFAULT_TIMEOUT",
    "DWELL",
    "FIELD_CARD",
    "INSTANT",
    "ISO_DEP_TIMEOUT",
    "TEST_CARD",
    "CardTimes",
    "Connection",
    "ContactlessCard",
    "Hold",
    "Nfc",
    "NfcError",
    "NfcNotSupported",
    "NfcSwitchedOff",
    "NoCardFound",
    "PlatformError",
    "SessionEnded",
    "TagLost",
    "TearableCard",
    "TransceiveTooLong",
    "Trouble",
    "frame_waiting_time",
    "platform_error",
]
