"""What can be held to the antenna, and how long it takes to answer."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Protocol, runtime_checkable

from ..profile import Zone

_CARRIER = 13_560_000  # Hz
_FRAME_UNIT = 256 * 16 / _CARRIER  # seconds, FWT for FWI 0 (ISO/IEC 14443-4, 7.2)
_MAX_FWI, _MAX_WTXM = 14, 59
GENERAL_AUTHENTICATE = 0x86
_PACE_ROUNDS = 4


class ContactlessCard(Protocol):
    """What can be held to the antenna. Every command gets an answer of at least two octets."""

    @property
    def nfc(self) -> bool:
        """Whether it has an antenna."""

    def reset(self) -> None:
        """The field has come up anew."""

    def transmit_contactless(self, command: bytes) -> bytes:
        """Response data ‖ status word."""

    def describe(self, command: bytes) -> str:
        """The command in words, for the journal."""


@runtime_checkable
class TearableCard(Protocol):
    """A card that knows what it keeps when its power fails in the midst of a command."""

    def transmit_torn(self, command: bytes) -> None:
        """Begin the command and stop before its end: counters are written first, the rest is as if never begun."""


def frame_waiting_time(fwi: int) -> float:
    """FWT in seconds: 302 µs for FWI 0, doubled by each step, 4.95 s for 14 (ISO/IEC 14443-4, 7.2)."""
    return _FRAME_UNIT * float(1 << fwi)


@dataclass(frozen=True, slots=True)
class CardTimes:
    """How long a card computes, in seconds: by instruction byte (which secure messaging leaves readable) or otherwise.

    What takes longer than the frame waiting time of `fwi` needs S(WTX) blocks, each worth `wtxm` frame waiting times;
    a card that does not send them (`extends=False`) counts as mute. Raises `ValueError` for what no card can declare.
    """

    by_instruction: Mapping[int, float] = field(default_factory=lambda: MappingProxyType({}))
    otherwise: float = 0.0
    fwi: int = 8
    wtxm: int = 1
    extends: bool = True

    def __post_init__(self) -> None:
        if not (0 <= self.fwi <= _MAX_FWI and 1 <= self.wtxm <= _MAX_WTXM):
            raise ValueError(f"FWI is 0 to {_MAX_FWI} and WTXM 1 to {_MAX_WTXM}, not {self.fwi} and {self.wtxm}")
        if min(self.otherwise, *self.by_instruction.values(), 0.0) < 0:
            raise ValueError("no card answers before it was asked")

    @property
    def fwt(self) -> float:
        return frame_waiting_time(self.fwi)

    def seconds(self, command: bytes) -> float:
        """From the end of the command to the beginning of its answer."""
        return self.by_instruction.get(command[1], self.otherwise) if len(command) > 1 else self.otherwise

    def extensions(self, seconds: float) -> int:
        """How many S(WTX) that takes."""
        granted = min(self.fwt * self.wtxm, frame_waiting_time(_MAX_FWI))
        return max(0, math.ceil((seconds - self.fwt) / granted)) if self.extends else 0


INSTANT = CardTimes()


def _pace_in(seconds: float) -> CardTimes:
    """Spread evenly over the rounds; the source tells the sum only."""
    return CardTimes(MappingProxyType({GENERAL_AUTHENTICATE: seconds / _PACE_ROUNDS}))


# PACE on eGKs (E-Rezept-App-Android, issue 30): about 0.4 s on test cards, about 1.5 s on cards in the field.
TEST_CARD, FIELD_CARD = _pace_in(0.4), _pace_in(1.5)


@dataclass(frozen=True, slots=True)
class Hold:
    """A card in a hand, and the positions tried one after another.

    `coupling` is how many seconds the card lies on the antenna until it has power and has been activated.
    """

    card: ContactlessCard
    positions: tuple[Zone, ...]
    coupling: float = 0.0
    times: CardTimes = INSTANT
