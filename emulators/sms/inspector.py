"""The segment inspector: how a text travels, segment by segment, and what makes it dearer than it need be."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass

from .coding import Encoding, coding_of, encode, in_alphabet, room_of, smart_encode, split, units_of
from .header import concatenation
from .message import Part


@dataclass(frozen=True, slots=True)
class Offender:
    """A character that the GSM 7-bit alphabet does not have; `position` counts characters from 0.

    `instead` is what Smart Encoding would write, `None` if it has nothing.
    """

    char: str
    name: str
    position: int
    instead: str | None


@dataclass(frozen=True, slots=True)
class Segment:
    """One short message: its text, the concatenation header (empty for one alone) and the octets after it.

    `units` are septets or UTF-16 code units, `room` how many there could be. Octets of GSM 7-bit are unpacked septets,
    as SMPP carries them.
    """

    number: int
    text: str
    udh: bytes
    payload: bytes
    units: int
    room: int

    @property
    def hex(self) -> str:
        """UDH and payload, as `submit_sm` carries them."""
        return (self.udh + self.payload).hex().upper()


@dataclass(frozen=True, slots=True)
class Inspection:
    """What a text becomes. `offenders` are all characters that force UCS-2, each at its first place."""

    encoding: Encoding
    units: int
    segments: tuple[Segment, ...]
    offenders: tuple[Offender, ...]

    @property
    def why(self) -> str:
        """One sentence for a person."""
        if not self.offenders:
            return f"GSM 7-bit, {self.units} septets, {len(self.segments)} segment(s)"
        first = self.offenders[0]
        return (
            f"UCS-2 because of {first.char!r} ({first.name}) at character {first.position + 1}, "
            f"{self.units} code units, {len(self.segments)} segment(s)"
        )


def inspect(text: str, reference: int = 0, *, wide_reference: bool = False) -> Inspection:
    """Look into `text` as the gateway would send it; `reference` is the one in the concatenation header.

    With `wide_reference` the header has a 16-bit reference (7 octets instead of 6); the split is the gateway's.
    Source: 3GPP TS 23.040, 9.2.3.24.1 and 9.2.3.24.8.
    """
    coding = coding_of(text)
    parts = split(text)
    segments = tuple(
        Segment(
            number,
            part,
            concatenation(Part(reference, number, len(parts), wide_reference)) if len(parts) > 1 else b"",
            encode(part) if coding.encoding is Encoding.GSM7 else part.encode("utf-16-be", "surrogatepass"),
            units_of(part, coding.encoding),
            room_of(coding.encoding, alone=len(parts) == 1),
        )
        for number, part in enumerate(parts, start=1)
    )
    return Inspection(coding.encoding, coding.units, segments, _offenders(text))


def _offenders(text: str) -> tuple[Offender, ...]:
    first: dict[str, int] = {}
    for position, char in enumerate(text):
        if not in_alphabet(char):
            first.setdefault(char, position)
    return tuple(
        Offender(char, unicodedata.name(char, f"U+{ord(char):04X}"), position, _instead(char))
        for char, position in first.items()
    )


def _instead(char: str) -> str | None:
    plain = smart_encode(char)
    return plain if plain != char else None
