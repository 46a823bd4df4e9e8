"""Command and response APDUs, short and extended (ISO 7816-3, 12.1)."""

from __future__ import annotations

from typing import NamedTuple

from .status import StatusWord

SHORT_WILDCARD = 256
EXTENDED_WILDCARD = 65536


class MalformedApdu(ValueError):
    """The octets are no command APDU of any of the seven cases."""


class CommandApdu(NamedTuple):
    """A command. `ne` is the number of octets expected at most, 0 for none.

    `extended` tells the length fields apart, for an Ne of 256 is a wildcard in a short field only.
    """

    cla: int
    ins: int
    p1: int
    p2: int
    data: bytes = b""
    ne: int = 0
    extended: bool = False

    @property
    def is_wildcard(self) -> bool:
        """Whether Le says "all there is" rather than a number."""
        return self.ne == (EXTENDED_WILDCARD if self.extended else SHORT_WILDCARD)

    def to_bytes(self) -> bytes:
        """The command as sent. Raises `MalformedApdu` if a field does not fit its length field."""
        most_data, most_ne = (65535, EXTENDED_WILDCARD) if self.extended else (255, SHORT_WILDCARD)
        if len(self.data) > most_data or not 0 <= self.ne <= most_ne:
            kind = "an extended" if self.extended else "a short"
            raise MalformedApdu(f"{len(self.data)} octets of data and Ne {self.ne} do not fit {kind} APDU")
        raw = bytes((self.cla, self.ins, self.p1, self.p2))
        if not self.extended:
            raw += bytes((len(self.data),)) + self.data if self.data else b""
            return raw + (bytes((self.ne % 256,)) if self.ne else b"")
        raw += b"\0" + len(self.data).to_bytes(2, "big") + self.data if self.data else b""
        lead = b"" if self.data else b"\0"
        return raw + (lead + (self.ne % EXTENDED_WILDCARD).to_bytes(2, "big") if self.ne else b"")


def parse(raw: bytes) -> CommandApdu:
    """The command in `raw`. Raises `MalformedApdu` for octets that fit none of the seven cases."""
    if len(raw) < 4:
        raise MalformedApdu(f"{len(raw)} octets are no header")
    cla, ins, p1, p2 = raw[:4]
    body = raw[4:]
    if not body:
        return CommandApdu(cla, ins, p1, p2)
    if len(body) == 1:
        return CommandApdu(cla, ins, p1, p2, b"", body[0] or SHORT_WILDCARD)
    if body[0]:
        data, ne = _data_and_le(body, 1, body[0], 1)
        return CommandApdu(cla, ins, p1, p2, data, ne)
    if len(body) == 3:
        return CommandApdu(cla, ins, p1, p2, b"", int.from_bytes(body[1:], "big") or EXTENDED_WILDCARD, True)
    lc = int.from_bytes(body[1:3], "big")
    if len(body) < 3 or lc == 0:
        raise MalformedApdu("an extended length field of no octets")
    data, ne = _data_and_le(body, 3, lc, 2)
    return CommandApdu(cla, ins, p1, p2, data, ne, True)


def _data_and_le(body: bytes, start: int, lc: int, width: int) -> tuple[bytes, int]:
    end = start + lc
    le = body[end:]
    if len(body) < end or len(le) not in (0, width):
        raise MalformedApdu(f"Lc says {lc} octets, {len(body) - start} follow")
    return body[start:end], (int.from_bytes(le, "big") or 1 << 8 * width) if le else 0


class Response(NamedTuple):
    """Data and status word."""

    data: bytes
    sw: StatusWord

    def to_bytes(self) -> bytes:
        return self.data + self.sw.to_bytes(2, "big")
