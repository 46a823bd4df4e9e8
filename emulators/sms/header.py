"""The user data header of a short message, as far as it joins the parts of a long one.

Source: 3GPP TS 23.040, 9.2.3.24 (header), 9.2.3.24.1 and 9.2.3.24.8 (concatenation, 8 and 16 bits of reference).
"""

from __future__ import annotations

from .message import Part

_CONCATENATION_8, _CONCATENATION_16 = 0x00, 0x08


def cut_off(octets: bytes) -> tuple[bytes, bytes]:
    """The header and what follows it. Raises `ValueError` if the header is longer than all there is."""
    length = octets[0] + 1 if octets else 1
    if len(octets) < length:
        raise ValueError("a user data header is announced that is not there")
    return octets[:length], octets[length:]


def part_of(header: bytes) -> Part | None:
    """Which part of a long message it is, `None` for no part. Raises `ValueError` for a header that does not parse.

    An element that cannot be is ignored, and of several the last one counts.
    """
    part, at = None, 1
    while at + 2 <= len(header):
        kind, length = header[at], header[at + 1]
        value = header[at + 2 : at + 2 + length]
        if len(value) < length:
            raise ValueError("an element of the user data header is longer than the header")
        if (kind, length) in ((_CONCATENATION_8, 3), (_CONCATENATION_16, 4)):
            reference, total, number = int.from_bytes(value[:-2], "big"), value[-2], value[-1]
            if 1 <= number <= total:
                part = Part(reference, number, total, wide=kind == _CONCATENATION_16)
        at += 2 + length
    return part


def concatenation(part: Part) -> bytes:
    """The header of a part; a reference that needs more bits than it has loses them."""
    if part.wide:
        return bytes(
            (6, _CONCATENATION_16, 4, part.reference >> 8 & 0xFF, part.reference & 0xFF, part.total, part.number)
        )
    return bytes((5, _CONCATENATION_8, 3, part.reference & 0xFF, part.total, part.number))
