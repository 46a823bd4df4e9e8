"""How a handset joins the parts of a long message. A message of which a part is missing is never shown."""

from __future__ import annotations

from .message import Part

# A handset keeps the parts of so many unfinished messages; the oldest make room.
MAX_UNFINISHED = 64

_Key = tuple[str, str, bool, int, int]


class Assembly:
    """The unfinished messages of one handset."""

    def __init__(self) -> None:
        self._unfinished: dict[_Key, dict[int, str]] = {}

    def add(self, to: str, sender: str, part: Part, text: str) -> str | None:
        """Put a part away; returns the whole text once nothing is missing.

        Of a part that comes twice the later one counts, for references are used again; one with a number outside 1 to
        `total` counts not at all.
        """
        if not 1 <= part.number <= part.total:
            return None
        key = (to, sender, part.wide, part.reference, part.total)
        pieces = self._unfinished.setdefault(key, {})
        pieces[part.number] = text
        if len(pieces) < part.total:
            if len(self._unfinished) > MAX_UNFINISHED:
                del self._unfinished[next(iter(self._unfinished))]
            return None
        del self._unfinished[key]
        return "".join(pieces[number] for number in sorted(pieces))
