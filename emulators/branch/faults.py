"""What can go wrong in a branch."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import ClassVar

from emulators.core.faults import Fault
from emulators.core.transport_faults import LINE_FAULTS, Outage


class NoSlot(Fault):
    """No appointment is to be had."""

    point: ClassVar[str] = "appointment"


class Closed(Fault):
    """The branch is closed though it should be open."""

    point: ClassVar[str] = "visit"


class CardForgotten(Fault):
    """The visitor has left the health card at home."""

    point: ClassVar[str] = "visit"


class DocumentForgotten(Fault):
    """The visitor has left the identity document at home."""

    point: ClassVar[str] = "visit"


class TerminalDown(Fault):
    """The clerk's terminal does not reach the insurer's system."""

    point: ClassVar[str] = "report"


FAULTS: Mapping[str, type[Fault]] = MappingProxyType(
    {
        "no_slot": NoSlot,
        "closed": Closed,
        "card_forgotten": CardForgotten,
        "document_forgotten": DocumentForgotten,
        "terminal_down": TerminalDown,
        "outage": Outage,
        **LINE_FAULTS,
    }
)
