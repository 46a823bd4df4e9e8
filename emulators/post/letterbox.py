"""Letterboxes, and how a postman finds the one that a letter is meant for."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from emulators.core.person import Address
from emulators.core.workdays import Workdays

from .letter import Letter
from .postcodes import land_of

# Words on an envelope or a letterbox that tell nobody apart.
_FORMS = frozenset({"familie", "fam.", "herr", "herrn", "frau", "an", "dr.", "prof.", "med.", "dipl.-ing."})

# Letters with a stroke through them, or without their dot, which Unicode does not take apart.
_STROKES = str.maketrans("łđøħŧı", "ldohti")

Place = tuple[str, str]


@dataclass(eq=False)
class Letterbox:
    """The letterbox at one address; several names may stand on it. `letters` are those that arrived, oldest first.

    `moved_to` is where letters to this address are sent on to, and where its people look since.
    """

    address: Address
    workdays: Workdays
    names: list[str] = field(default_factory=list)
    letters: list[Letter] = field(default_factory=list)
    moved_to: Letterbox | None = None

    @property
    def newest(self) -> Letter | None:
        return self.letters[-1] if self.letters else None

    @property
    def label(self) -> str:
        return ", ".join([" / ".join(self.names), *self.address.lines()])

    def is_for(self, name_lines: Sequence[str]) -> bool:
        """Whether one of the names stands on the envelope, or the envelope's name on the box, whatever the title."""
        wanted = _words(" ".join(name_lines))
        shown = [_words(name) for name in self.names]
        return any(name and wanted and (name <= wanted or wanted <= name) for name in shown)


class Letterboxes:
    """All letterboxes of the world, by address."""

    def __init__(self) -> None:
        self._boxes: dict[Place, Letterbox] = {}

    def __iter__(self) -> Iterator[Letterbox]:
        return iter(self._boxes.values())

    def put_up(self, name: str, address: Address) -> Letterbox:
        """Put a name on the letterbox at `address`, and the letterbox there if there is none.

        Raises `ValueError` for an unknown Land.
        """
        key = place(*address.lines())
        if key not in self._boxes:
            self._boxes[key] = Letterbox(address, Workdays(address.land, saturday=True))
        box = self._boxes[key]
        if name not in box.names:
            box.names.append(name)
        return box

    def at(self, address: Address) -> Letterbox:
        """The letterbox at `address`. Raises `LookupError` if nobody lives there."""
        try:
            return self._boxes[place(*address.lines())]
        except KeyError:
            raise LookupError(f"no letterbox at {', '.join(address.lines())}; call household() first") from None

    def for_lines(self, lines: Sequence[str]) -> Letterbox | None:
        """The letterbox that the lines in a window mean, if the name stands on it."""
        *names, street, city = lines
        box = self._boxes.get(place(street, city))
        return box if box is not None and box.is_for(names) else None

    def workdays(self, lines: Sequence[str]) -> Workdays:
        """The calendar at an address: of its letterbox, else of the Land of its postcode, else nationwide."""
        box = self._boxes.get(place(*lines[-2:]))
        return box.workdays if box else Workdays(land_of(lines[-1][:5]), saturday=True)


def place(street: str, city: str) -> Place:
    """Two address lines in the form in which they are compared: `Hauptstr. 5` is `Hauptstraße 5`."""
    return _plain(street).replace("str. ", "strasse "), _plain(city)


def same_name(one: str, other: str) -> bool:
    """Whether two lines are one name to a postman, who reads `Lukasiewicz` and `Łukasiewicz` alike."""
    return _plain(one) == _plain(other)


def _words(name: str) -> frozenset[str]:
    return frozenset(_plain(name).split()) - _FORMS


def _plain(text: str) -> str:
    """Without case, commas and accents: printers that lack a letter write it without its accent."""
    letters = unicodedata.normalize("NFKD", text.casefold().replace(",", " ").translate(_STROKES))
    return " ".join("".join(letter for letter in letters if not unicodedata.combining(letter)).split())
