"""The objects of a PDF, found by their heads wherever they stand, and what their streams inflate to.

No more of the format than it takes to tell how much there is to read, before PDFium reads it. Source: PDF 1.7 (ISO
32000-1), 7.3 and 7.4.
"""

from __future__ import annotations

import re
from binascii import Error, unhexlify
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from itertools import pairwise
from struct import pack
from types import MappingProxyType
from zlib import decompressobj
from zlib import error as zlib_error

_HEAD = re.compile(rb"([0-9]{1,9})\s+[0-9]{1,5}\s+\Z")
_STREAM = re.compile(rb">>\s*stream(?:\r\n|\n|\r)?")
_FILTER = re.compile(rb"/Filter\s*(?:\[([^\]]{0,200})\]|(/\w+))")
_NAME = re.compile(rb"/(\w+)")
_BLANKS = b"\0\t\n\f\r "
_CHUNK = 4096
MOST_OBJECTS = 50_000  # in a file; a page has some twenty

# How many octets become of one at most. Source: zlib.net, technical details, for Flate; 7.4 for the others.
FLATE = 1032
_RATIO: Mapping[bytes, int] = MappingProxyType(
    {b"FlateDecode": FLATE, b"Fl": FLATE, b"LZWDecode": 1366, b"LZW": 1366, b"RunLengthDecode": 64, b"RL": 64}
)


class TooMuch(ValueError):
    """More than whoever asks wants to have."""


class Unknown(ValueError):
    """A stream in a filter that is not spoken here."""


@dataclass(frozen=True, slots=True)
class Stream:
    """A stream as it lies in the file: what its dictionary says, and its octets."""

    about: bytes
    octets: memoryview

    @property
    def filters(self) -> list[bytes]:
        found = _FILTER.search(self.about)
        return [] if found is None else _NAME.findall(found[1] or found[2])

    @property
    def most(self) -> int:
        """No fewer octets than it inflates to."""
        size = len(self.octets)
        for name in self.filters:
            size *= _RATIO.get(name, 1)
        return size

    def inflated(self, most: int) -> bytes:
        """What is in it. Raises `TooMuch` above `most` octets, `Unknown` for a filter of pictures, LZW or RunLength."""
        data = bytes(self.octets)
        for name in self.filters:
            decode = _DECODE.get(name)
            if decode is None:
                raise Unknown(name.decode("latin-1"))
            data = decode(data, most)
        if len(data) > most:
            raise TooMuch
        return data


def objects(data: bytes) -> Iterator[tuple[int, bytes, Stream | None]]:
    """Each object with its number, what stands in it before a stream, and its stream if it has one.

    Raises `TooMuch` if there are more than any letter has.
    """
    heads = [*_heads(data), (0, len(data))]
    for (number, start), (_, end) in pairwise(heads):  # each octet is looked at once, however broken the file is
        found = _STREAM.search(data, start, end)
        if found is None:
            yield number, data[start:end], None
        else:
            last = data.find(b"endstream", found.end(), end)
            octets = memoryview(data)[found.end() : last if last >= 0 else end]
            about = data[start : found.start() + 2]
            yield number, about, Stream(about, octets)


def _heads(data: bytes) -> Iterator[tuple[int, int]]:
    """The number of each object, and where it begins after `1 0 obj`."""
    at, left = data.find(b"obj"), 2 * MOST_OBJECTS  # each ends with another `obj`
    while at >= 0:
        left -= 1
        if left < 0:
            raise TooMuch
        head = _HEAD.search(data, max(0, at - 20), at)
        if head is not None:
            yield int(head[1]), at + 3
        at = data.find(b"obj", at + 3)


def _flate(data: bytes, most: int) -> bytes:
    engine, out = decompressobj(), bytearray()
    try:
        for at in range(0, len(data), _CHUNK):
            out += engine.decompress(data[at : at + _CHUNK], most + 1 - len(out))
            if len(out) > most:
                raise TooMuch
    except zlib_error:  # PDFium shows what comes before the damage
        pass
    return bytes(out)


def _ascii85(data: bytes, _: int) -> bytes:
    """As `base64.a85decode`, which takes ten times as long."""
    signs = data.partition(b"~")[0].translate(None, _BLANKS).replace(b"z", b"!!!!!")
    missing = -len(signs) % 5
    signs += b"u" * missing
    values = [
        (a * 52200625 + b * 614125 + c * 7225 + d * 85 + e - _ALL_33) & 0xFFFFFFFF
        for a, b, c, d, e in zip(*(signs[place::5] for place in range(5)), strict=True)
    ]
    decoded = pack(f">{len(values)}I", *values)
    return decoded[: len(decoded) - missing]


_ALL_33 = sum(33 * 85**power for power in range(5))


def _ascii_hex(data: bytes, _: int) -> bytes:
    digits = data.partition(b">")[0].translate(None, _BLANKS)
    try:
        return unhexlify(digits + b"0" * (len(digits) % 2))
    except Error:
        return b""


_DECODE: Mapping[bytes, Callable[[bytes, int], bytes]] = MappingProxyType(
    {
        b"FlateDecode": _flate, b"Fl": _flate, b"ASCII85Decode": _ascii85, b"A85": _ascii85,
        b"ASCIIHexDecode": _ascii_hex, b"AHx": _ascii_hex,
    }
)  # fmt: skip
