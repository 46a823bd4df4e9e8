"""How something that a person does ends: accepted, or refused with a reason."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Accepted:
    """It went through. `notes` are things the person is told on the way (`advised_to_wait`)."""

    notes: tuple[str, ...] = ()

    def __str__(self) -> str:
        return "accepted" + (f" with {', '.join(map(repr, self.notes))}" if self.notes else "")


@dataclass(frozen=True, slots=True)
class Refused:
    """It did not. `reason` is a code in snake case; an unknown one is a value to report, never a crash."""

    reason: str
    notes: tuple[str, ...] = ()

    def __str__(self) -> str:
        return f"refused with '{self.reason}'" + (f" ({', '.join(self.notes)})" if self.notes else "")


Outcome = Accepted | Refused
