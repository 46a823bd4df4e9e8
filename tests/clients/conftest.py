"""Programs that no one here wrote, with a card of ours in a virtual reader that a real pcscd serves."""

from __future__ import annotations

from tests.pcsc.virtual_reader import card, insert, loop, pcscd

__all__ = ["card", "insert", "loop", "pcscd"]
