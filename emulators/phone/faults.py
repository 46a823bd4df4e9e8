"""What can go wrong between a phone and the card held to it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar, Literal

from pydantic import Field

from emulators.core.faults import Fault


class TearOff(Fault):
    """The card is taken away at the n-th command of a connection, before or after it has done its work."""

    point: ClassVar[str] = "connect"
    after_command: int = Field(default=1, ge=1)
    when: Literal["before", "after"] = "before"


class NfcDead(Fault):
    """The reader finds nothing this once, wherever the card is held."""

    point: ClassVar[str] = "connect"


class PresenceRace(Fault):
    """Android asks whether the card is still there while it computes, and takes its silence for its absence."""

    point: ClassVar[str] = "presence_check"


FAULTS: Mapping[str, type[Fault]] = {"tear_off": TearOff, "nfc_dead": NfcDead, "presence_race": PresenceRace}
