"""What can go wrong with a card: in the making, in its memory, in its signature."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from emulators.core.faults import Fault

from .passwords import TransportState
from .pki import Variant


class Misissued(Fault):
    """The next card issued is expired, revoked, foreign or cloned, blocked, without NFC, or in a transport state."""

    point: ClassVar[str] = "issue"
    variant: Variant = Variant.GENUINE
    transport: TransportState = TransportState.REGULAR
    blocked: bool = False
    without_nfc: bool = False


class MemoryFailure(Fault):
    """The card cannot write its counters: a password command ends with 6581 and changes nothing."""

    point: ClassVar[str] = "password"


class DamagedSignature(Fault):
    """One bit of the signature is wrong, the status word says 9000."""

    point: ClassVar[str] = "signature"


class LeadingZero(Fault):
    """The shared secret of the next PACE begins with 00, as one in 256 does: who strips it computes other keys."""

    point: ClassVar[str] = "agreement"


class CorruptData(Fault):
    """The next data read from a file have a wrong bit, and the card has noticed: 6281 with READ BINARY, READ RECORD."""

    point: ClassVar[str] = "reading"


FAULTS: Mapping[str, type[Fault]] = {
    "misissued": Misissued,
    "memory_failure": MemoryFailure,
    "damaged_signature": DamagedSignature,
    "leading_zero": LeadingZero,
    "corrupt_data": CorruptData,
}
