"""What a person sees on paper: the sheets of the letters that came, as PNG, for whoever reads a report.

Nothing is rendered before it is asked for.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from emulators.world import World

MOST_SHEETS = 20  # of one world; the newest, for what failed is near the end
_DPI = 100


@dataclass(frozen=True, slots=True)
class Picture:
    """One picture; `name` says in German what is on it."""

    name: str
    png: bytes


def letters_in(world: World) -> Iterator[Picture]:
    """The sheets of all letters that came, wherever they did, with the zones of the window drawn in, oldest first."""
    with world.physics.lock:
        sheets = [(box, le, n) for box, le in world.post.delivered() for n in range(1, len(le.sheets) + 1)]
    for box, letter, number in sheets[-MOST_SHEETS:]:
        name = f"Brief {letter.letter_id}, Blatt {number} von {len(letter.sheets)}, im Briefkasten {box.label}"
        yield Picture(name, letter.preview(number, _DPI, overlay=True))
