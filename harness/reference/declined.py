"""How the reference system says no."""

from __future__ import annotations


class Declined(Exception):
    """Something a person asked for is not done. `reason` is a code in snake case, `notes` is what they are told."""

    def __init__(self, reason: str, *notes: str) -> None:
        super().__init__(reason)
        self.reason = reason
        self.notes = notes
