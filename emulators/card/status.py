"""Status words: values that print themselves, also those nobody has a name for (gemSpec_COS, 16.2)."""

from __future__ import annotations


class StatusWord(int):
    """Two octets SW1‖SW2. Prints as `SW=0x6983 (AUTH_METHOD_BLOCKED)`."""

    @property
    def label(self) -> str:
        """Its name, with the number that families such as 63Cx carry."""
        if self & 0xFFF0 == 0x63C0 and self not in _NAMES:
            return f"RETRIES_LEFT_{self & 0xF}"
        return _NAMES.get(int(self), "UNKNOWN")

    @property
    def tries_left(self) -> int | None:
        """x of 63Cx (15 stands for 15 or more), otherwise `None`."""
        return self & 0xF if self & 0xFFF0 == 0x63C0 and self not in _NAMES else None

    def __str__(self) -> str:
        return f"SW=0x{self:04X} ({self.label})"

    __repr__ = __str__


_NAMES = {
    0x9000: "OK",
    0x6200: "DATA_TRUNCATED",
    0x6281: "CORRUPT_DATA",
    0x6282: "END_OF_FILE",
    0x6283: "FILE_DEACTIVATED",
    0x6285: "FILE_TERMINATED",
    0x6287: "RECORD_DEACTIVATED",
    0x62C1: "TRANSPORT_PIN",
    0x62C7: "EMPTY_PIN",
    0x62D0: "PASSWORD_DISABLED",
    0x6300: "AUTHENTICATION_FAILURE",
    0x63CF: "NO_AUTHENTICATION",
    0x6400: "KEY_INVALID",
    0x6581: "MEMORY_FAILURE",
    0x6700: "WRONG_LENGTH",
    0x6881: "CHANNEL_CLOSED",
    0x6884: "CHAINING_NOT_SUPPORTED",
    0x6981: "WRONG_FILE_TYPE",
    0x6982: "SECURITY_STATUS_NOT_SATISFIED",
    0x6983: "AUTH_METHOD_BLOCKED",
    0x6985: "CONDITIONS_NOT_SATISFIED",
    0x6986: "NO_CURRENT_EF",
    0x6988: "SECURE_MESSAGING_DATA_OBJECTS_WRONG",
    0x6A80: "WRONG_DATA",
    0x6A81: "FUNCTION_NOT_SUPPORTED",
    0x6A82: "FILE_NOT_FOUND",
    0x6A83: "RECORD_NOT_FOUND",
    0x6A84: "OUT_OF_MEMORY",
    0x6A86: "WRONG_P1_P2",
    0x6A88: "KEY_OR_PASSWORD_NOT_FOUND",
    0x6B00: "OFFSET_BEYOND_END",
    0x6D00: "INSTRUCTION_NOT_SUPPORTED",
    0x6E00: "CLASS_NOT_SUPPORTED",
}

OK = StatusWord(0x9000)
DATA_TRUNCATED = StatusWord(0x6200)
CORRUPT_DATA = StatusWord(0x6281)
END_OF_FILE = StatusWord(0x6282)
FILE_DEACTIVATED = StatusWord(0x6283)
FILE_TERMINATED = StatusWord(0x6285)
RECORD_DEACTIVATED = StatusWord(0x6287)
TRANSPORT_PIN = StatusWord(0x62C1)
EMPTY_PIN = StatusWord(0x62C7)
PASSWORD_DISABLED = StatusWord(0x62D0)
AUTHENTICATION_FAILURE = StatusWord(0x6300)
NO_AUTHENTICATION = StatusWord(0x63CF)
KEY_INVALID = StatusWord(0x6400)
MEMORY_FAILURE = StatusWord(0x6581)
WRONG_LENGTH = StatusWord(0x6700)
CHANNEL_CLOSED = StatusWord(0x6881)
CHAINING_NOT_SUPPORTED = StatusWord(0x6884)
WRONG_FILE_TYPE = StatusWord(0x6981)
SECURITY_STATUS_NOT_SATISFIED = StatusWord(0x6982)
AUTH_METHOD_BLOCKED = StatusWord(0x6983)
CONDITIONS_NOT_SATISFIED = StatusWord(0x6985)
NO_CURRENT_EF = StatusWord(0x6986)
SM_DATA_OBJECTS_WRONG = StatusWord(0x6988)
WRONG_DATA = StatusWord(0x6A80)
FUNCTION_NOT_SUPPORTED = StatusWord(0x6A81)
FILE_NOT_FOUND = StatusWord(0x6A82)
RECORD_NOT_FOUND = StatusWord(0x6A83)
OUT_OF_MEMORY = StatusWord(0x6A84)
WRONG_P1_P2 = StatusWord(0x6A86)
KEY_OR_PASSWORD_NOT_FOUND = StatusWord(0x6A88)
OFFSET_BEYOND_END = StatusWord(0x6B00)
INSTRUCTION_NOT_SUPPORTED = StatusWord(0x6D00)
CLASS_NOT_SUPPORTED = StatusWord(0x6E00)


def retries_left(count: int) -> StatusWord:
    """63Cx with x = min(15, count)."""
    return StatusWord(0x63C0 | min(15, count))


class CommandRefused(Exception):
    """A command ends here with `sw`; the interpreter turns it into the answer, nobody else sees it."""

    def __init__(self, sw: StatusWord) -> None:
        super().__init__(str(sw))
        self.sw = sw
