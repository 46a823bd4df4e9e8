"""How a text becomes short messages: GSM 7-bit default alphabet or UCS-2, and how many segments it takes.

Source: 3GPP TS 23.038 (alphabet and extension table), TS 23.040 (concatenation header of 6 octets). German
umlauts, ß and § belong to the basic alphabet; typographic quotes, the en dash, ẞ and emoji force UCS-2.
"""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum
from typing import NamedTuple

ESCAPE = 0x1B
_BASIC = (
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞ\x1bÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
_EXTENSION = {
    0x0A: "\f",
    0x14: "^",
    0x28: "{",
    0x29: "}",
    0x2F: "\\",
    0x3C: "[",
    0x3D: "~",
    0x3E: "]",
    0x40: "|",
    0x65: "€",
}

_ENCODE: dict[str, bytes] = {
    **{char: bytes([septet]) for septet, char in enumerate(_BASIC) if septet != ESCAPE},
    **{char: bytes([ESCAPE, septet]) for septet, char in _EXTENSION.items()},
}

# The same for `bytes.translate`, by way of Latin-1: nearly all texts are of characters that both have.
_NEITHER = 0xFF  # an octet for what one of the two does not have, or the alphabet only after an escape
_SEPTETS = bytes(_BASIC.find(chr(octet)) & 0xFF for octet in range(256)).replace(bytes((ESCAPE,)), bytes((_NEITHER,)))
_LATIN_1 = (
    bytes(_NEITHER if septet == ESCAPE or char > "\xff" else ord(char) for septet, char in enumerate(_BASIC)) * 2
)  # the eighth bit is ignored

# Typographic characters and what people type instead.
_PLAIN = str.maketrans(
    {
        **dict.fromkeys("“”„‟«»″", '"'),
        **dict.fromkeys("‘’‚‛′`", "'"),
        **dict.fromkeys("‐‑‒–—―−", "-"),
        **dict.fromkeys("\u00a0\u2002\u2003\u2009\u202f", " "),
        **dict.fromkeys("\u200b\ufeff", ""),
        "…": "...",
        "•": "-",
        "ẞ": "SS",
    }
)


class Encoding(StrEnum):
    GSM7 = "gsm7"
    UCS2 = "ucs2"
    OCTETS = "8bit"


# Units (septets, UTF-16 code units, octets) that fit into a message alone, and into one of several.
_ROOM = {Encoding.GSM7: (160, 153), Encoding.UCS2: (70, 67), Encoding.OCTETS: (140, 134)}
_ALONE = _ROOM[Encoding.GSM7][0]


class Coding(NamedTuple):
    """How a text travels. `because_of` is the first character that forces UCS-2, `None` for GSM 7-bit."""

    encoding: Encoding
    units: int
    segments: int
    because_of: str | None = None


_IN_ONE = tuple(Coding(Encoding.GSM7, septets, 1) for septets in range(_ALONE + 1))


def coding_of(text: str) -> Coding:
    """The cheapest coding for `text`; an empty text takes one segment."""
    if len(text) <= _ALONE and by_latin_1(text) is not None:  # nearly all, and they need no counting
        return _IN_ONE[len(text)]
    encoding, because_of = _choose(text)
    parts = split(text)
    return Coding(encoding, sum(map(_WIDTH[encoding], text)), len(parts), because_of)


def coding_of_units(encoding: Encoding, units: int) -> Coding:
    """Of what is coded already, as a client of SMPP does it; it may be cut anywhere between two units."""
    alone, one_of_many = _ROOM[encoding]
    return Coding(encoding, units, 1 if units <= alone else -(-units // one_of_many))


def units_of(text: str, encoding: Encoding) -> int:
    """Septets or UTF-16 code units of `text`. Raises `KeyError` for a character that the alphabet does not have."""
    return sum(map(_WIDTH[encoding], text))


def room_of(encoding: Encoding, *, alone: bool) -> int:
    """How many units fit into a message alone, or into one of several with a concatenation header of 6 octets."""
    return _ROOM[encoding][0 if alone else 1]


def in_alphabet(char: str) -> bool:
    """Whether the GSM 7-bit alphabet has the character, its extension table included."""
    return char in _ENCODE


def smart_encode(text: str) -> str:
    """`text` with the typographic characters that force UCS-2 replaced by plain ones, as Twilio's Smart Encoding."""
    return text.translate(_PLAIN)


def split(text: str) -> tuple[str, ...]:
    """`text` as the parts that travel, in order; never cuts an escape pair or a surrogate pair in two."""
    encoding, _ = _choose(text)
    width = _WIDTH[encoding]
    alone, one_of_many = _ROOM[encoding]
    if sum(map(width, text)) <= alone:
        return (text,)
    parts, start, used = [], 0, 0
    for position, char in enumerate(text):
        if used + width(char) > one_of_many:
            parts.append(text[start:position])
            start, used = position, 0
        used += width(char)
    return (*parts, text[start:])


def encode(text: str) -> bytes:
    """`text` as unpacked septets, one per octet, as SMPP carries them with data_coding 0.

    Raises `UnicodeEncodeError` for a character that is not in the alphabet.
    """
    septets = by_latin_1(text)
    if septets is not None:
        return septets
    try:
        return b"".join([_ENCODE[char] for char in text])
    except KeyError:
        at = next(i for i, char in enumerate(text) if char not in _ENCODE)
        raise UnicodeEncodeError("gsm7", text, at, at + 1, "not in the GSM 7-bit alphabet") from None


def decode(septets: bytes) -> str:
    """The text of unpacked septets. As TS 23.038 asks, an unknown extension shows the basic character instead.

    The eighth bit of an octet is ignored; a lone escape at the end is shown as a space.
    """
    latin_1 = septets.translate(_LATIN_1)
    if _NEITHER not in latin_1:
        return latin_1.decode("latin-1")
    text: list[str] = []
    octets = iter(septets)
    for octet in octets:
        septet = octet & 0x7F
        if septet != ESCAPE:
            text.append(_BASIC[septet])
            continue
        extended = next(octets, ESCAPE) & 0x7F
        text.append(_EXTENSION.get(extended) or (" " if extended == ESCAPE else _BASIC[extended]))
    return "".join(text)


def by_latin_1(text: str) -> bytes | None:
    """The septets of a text of characters that the basic alphabet and Latin-1 have both, `None` for any other."""
    try:
        septets = text.encode("latin-1").translate(_SEPTETS)
    except UnicodeEncodeError:
        return None
    return None if _NEITHER in septets else septets


def _choose(text: str) -> tuple[Encoding, str | None]:
    foreign = next((char for char in text if char not in _ENCODE), None)
    return (Encoding.GSM7, None) if foreign is None else (Encoding.UCS2, foreign)


def _septets(char: str) -> int:
    return len(_ENCODE[char])


def _utf16_units(char: str) -> int:
    return 2 if ord(char) > 0xFFFF else 1


_WIDTH: dict[Encoding, Callable[[str], int]] = {Encoding.GSM7: _septets, Encoding.UCS2: _utf16_units}
