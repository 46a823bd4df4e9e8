"""What can go wrong between a phone and the card held to it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar, Literal

from pydantic import Field

from emulators.core.faults import Fault


class TearOff(Fault):
    """The card is taken away at the n-th command of a connection, before, inside or after its work on it.

    before: it never got the command. inside: its power failed while it worked; it keeps what a card writes first, its
    counters, and nothing else. after: it did all of its work, and only the answer was lost on the way.
    """

    point: ClassVar[str] = "connect"
    after_command: int = Field(default=1, ge=1)
    when: Literal["before", "inside", "after"] = "before"


class NfcDead(Fault):
    """The reader finds nothing this once, wherever the card is held."""

    point: ClassVar[str] = "connect"


class PresenceRace(Fault):
    """Android asks whether the card is still there while it computes, and takes its silence for its absence."""

    point: ClassVar[str] = "presence_check"


class NoAnswer(Fault):
    """The card has done its work, but its answer cannot be read; it is still held to the phone."""

    point: ClassVar[str] = "exchange"


class SlowCoupling(Fault):
    """The card lies on the antenna that much longer before it is recognised."""

    point: ClassVar[str] = "discovery"
    seconds: float = Field(default=5.0, gt=0)


class Cancelled(Fault):
    """The person closes the sheet in which the phone asks for the card."""

    point: ClassVar[str] = "discovery"


FAULTS: Mapping[str, type[Fault]] = {
    "tear_off": TearOff,
    "nfc_dead": NfcDead,
    "presence_race": PresenceRace,
    "no_answer": NoAnswer,
    "slow_coupling": SlowCoupling,
    "cancelled": Cancelled,
}
