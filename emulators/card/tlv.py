"""BER-TLV as cards use it: tags of one to three octets, definite lengths up to 65,535 (ISO 7816-4, 5.2.2)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple


class TlvError(ValueError):
    """The octets are not a sequence of complete data objects."""


class DataObject(NamedTuple):
    """One data object; `tag` as written (0x7F21), `value` without its length."""

    tag: int
    value: bytes


def encode(tag: int, value: bytes) -> bytes:
    """A data object with the shortest length field. Raises `TlvError` beyond 65,535 octets."""
    size = len(value)
    if size < 0x80:
        length = bytes((size,))
    elif size < 0x100:
        length = bytes((0x81, size))
    elif size < 0x10000:
        length = bytes((0x82, size >> 8, size & 0xFF))
    else:
        raise TlvError(f"{size} octets do not fit into a data object")
    return tag.to_bytes(max(1, (tag.bit_length() + 7) // 8), "big") + length + value


def decode(octets: bytes) -> Iterator[DataObject]:
    """The data objects in a row. Raises `TlvError` at the first one that is cut short or not allowed."""
    at = 0
    while at < len(octets):
        tag, at = _tag(octets, at)
        size, at = _length(octets, at)
        if at + size > len(octets):
            raise TlvError(f"tag {tag:X} announces {size} octets, {len(octets) - at} are left")
        yield DataObject(tag, octets[at : at + size])
        at += size


def _tag(octets: bytes, at: int) -> tuple[int, int]:
    if octets[at] & 0x1F != 0x1F:
        return octets[at], at + 1
    end = at + 1
    while end < len(octets) and octets[end] & 0x80:
        end += 1
    end += 1
    if end > len(octets) or end - at > 3:
        raise TlvError("the tag is cut short or longer than three octets")
    return int.from_bytes(octets[at:end], "big"), end


def _length(octets: bytes, at: int) -> tuple[int, int]:
    if at >= len(octets):
        raise TlvError("the length is missing")
    first = octets[at]
    if first < 0x80:
        return first, at + 1
    width = first & 0x7F
    if width not in (1, 2) or at + 1 + width > len(octets):
        raise TlvError(f"length field {first:02X} is cut short or not supported")
    return int.from_bytes(octets[at + 1 : at + 1 + width], "big"), at + 1 + width
