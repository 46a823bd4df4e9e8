"""A stream of octets cut into PDUs."""

from __future__ import annotations

from collections.abc import Iterator
from struct import Struct
from typing import NamedTuple

HEADER = Struct(">IIII")
LENGTH_LIMIT = 70_000
"""The longest PDU that is read: a `message_payload` of 65,535 octets and all fields fit. An own limit."""

_LENGTH = Struct(">I")
_unpack, _SIZE = HEADER.unpack_from, HEADER.size


class FramingLost(ValueError):
    """A length that cannot be: from here on nobody knows where a PDU begins. `sequence` is 0 if it was not read."""

    def __init__(self, length: int, sequence: int) -> None:
        super().__init__(f"command_length {length} is not between {HEADER.size} and {LENGTH_LIMIT}")
        self.sequence = sequence


class Pdu(NamedTuple):
    """One PDU as it came: the header's fields and the octets of the body."""

    command: int
    status: int
    sequence: int
    body: bytes


_new = tuple.__new__  # of each PDU; the constructor takes twice as long


class Framer:
    """Cuts a stream into PDUs and keeps at most one unfinished one."""

    def __init__(self, limit: int = LENGTH_LIMIT) -> None:
        self._limit = limit
        self._rest = b""

    def feed(self, data: bytes) -> Iterator[Pdu]:
        """The PDUs that are complete with `data`. Raises `FramingLost`; nothing can be fed after that."""
        if self._rest:
            data = self._rest + data
        at, body, size, limit = 0, _SIZE, len(data), self._limit
        try:
            while body <= size:
                length, command, status, sequence = _unpack(data, at)
                if not _SIZE <= length <= limit:
                    at = size
                    raise FramingLost(length, sequence)
                if (end := at + length) > size:
                    break
                at = end
                yield _new(Pdu, (command, status, sequence, data[body:end]))
                body = end + _SIZE
            if size - at >= 4 and not _SIZE <= (length := _LENGTH.unpack_from(data, at)[0]) <= limit:
                at = size
                raise FramingLost(length, 0)  # known before the rest of the header is here
        finally:
            self._rest = data[at:]
