"""What an app gets when NFC does not work, with the names and numbers the platforms give it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType

from ..profile import OperatingSystem


@dataclass(frozen=True, slots=True)
class PlatformError:
    """An error as the operating system names it: a Java exception with its text, or an `NFCReaderError` and its code.

    The words of iOS are those its documentation has for the code; what an app shows for it differs by language.
    """

    name: str
    text: str
    code: int | None = None

    def __str__(self) -> str:
        return f"{self.name}: {self.text}" if self.code is None else f"{self.name} ({self.code}): {self.text}"


class Trouble(StrEnum):
    """What went wrong, before a platform gives it a name."""

    NOT_SUPPORTED = "not_supported"
    RADIO_OFF = "radio_off"  # when a session is asked for
    RADIO_LOST = "radio_lost"  # switched off while a card is connected
    TAG_LOST = "tag_lost"
    NO_ANSWER = "no_answer"
    CLOSED = "closed"
    TOO_LONG = "too_long"
    CANCELLED = "cancelled"
    SESSION_EXPIRED = "session_expired"


def _ios(code: int, name: str, text: str) -> PlatformError:
    return PlatformError(f"NFCReader{name}", text, code)


_TAG_WAS_LOST = PlatformError("android.nfc.TagLostException", "Tag was lost.")
# NFCReaderError (Core NFC); AOSP: NfcService.TagService.transceive, TransceiveResult, BasicTagTechnology. Android knows
# no error for a reader that is missing or off: the adapter is null, `isEnabled()` is false, and the app has to look.
_NAMES: Mapping[OperatingSystem, Mapping[Trouble, PlatformError]] = MappingProxyType(
    {
        OperatingSystem.ANDROID: MappingProxyType(
            {
                Trouble.RADIO_LOST: PlatformError("java.io.IOException", "Transceive failed"),
                Trouble.TAG_LOST: _TAG_WAS_LOST,
                Trouble.NO_ANSWER: _TAG_WAS_LOST,
                Trouble.CLOSED: PlatformError("java.lang.IllegalStateException", "Call connect() first!"),
                Trouble.TOO_LONG: PlatformError("java.io.IOException", "Transceive length exceeds supported maximum"),
            }
        ),
        OperatingSystem.IOS: MappingProxyType(
            {
                Trouble.NOT_SUPPORTED: _ios(1, "ErrorUnsupportedFeature", "NFC is not supported on this device"),
                Trouble.RADIO_OFF: _ios(6, "ErrorRadioDisabled", "NFC radio is disabled"),
                Trouble.RADIO_LOST: _ios(103, "TransceiveErrorSessionInvalidated", "session has been invalidated"),
                Trouble.TAG_LOST: _ios(100, "TransceiveErrorTagConnectionLost", "connection to the tag is lost"),
                Trouble.NO_ANSWER: _ios(102, "TransceiveErrorTagResponseError", "tag does not provide a response"),
                Trouble.CLOSED: _ios(103, "TransceiveErrorSessionInvalidated", "session has been invalidated"),
                Trouble.TOO_LONG: _ios(105, "TransceiveErrorPacketTooLong", "packet length has exceeded the limit"),
                Trouble.CANCELLED: _ios(
                    200, "SessionInvalidationErrorUserCanceled", "session is invalidated by the user"
                ),
                Trouble.SESSION_EXPIRED: _ios(201, "SessionInvalidationErrorSessionTimeout", "session is timed out"),
            }
        ),
    }
)


def platform_error(os: OperatingSystem, trouble: Trouble) -> PlatformError | None:
    """How that system names the trouble, or `None` where it raises nothing or nothing is known of it."""
    return _NAMES.get(os, {}).get(trouble)


class NfcError(OSError):
    """Speaking to a card did not work. `platform_error` is what an app on that phone would be given."""

    def __init__(self, text: str, platform_error: PlatformError | None = None) -> None:
        super().__init__(text)
        self.platform_error = platform_error


class NfcNotSupported(NfcError):
    """The device has no reader that apps can use."""


class NfcSwitchedOff(NfcError):
    """The reader is switched off."""


class NoCardFound(NfcError):
    """No card came into the field: `reason` is no_card, card_without_nfc, antenna, dead or cancelled.

    On iOS the platform names it once its own 60 s are over or the person cancels; a shorter wait is the app's own.
    """

    def __init__(self, reason: str, seconds: float, platform_error: PlatformError | None = None) -> None:
        why = "the search was cancelled" if reason == "cancelled" else f"no card found within {seconds:g} s"
        super().__init__(why, platform_error)
        self.reason = reason
        self.seconds = seconds


class TagLost(NfcError):
    """The card has left the field, or the connection was closed. Whether the last command ran is unknown."""


class SessionEnded(TagLost):
    """The person cancelled, or the 60 s that iOS gives a session are over."""


class TransceiveTooLong(NfcError):
    """The command is longer than the phone sends. The card has seen nothing of it and is still connected."""

    def __init__(self, length: int, limit: int, platform_error: PlatformError | None = None) -> None:
        super().__init__(f"a command of {length} octets, this phone sends at most {limit}", platform_error)
        self.length = length
        self.limit = limit
