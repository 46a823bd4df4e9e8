"""Letterboxes, and how a postman finds the one that a letter is meant for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from emulators.core.person import Address
from emulators.core.workdays import Workdays

from .letter import Letter

# Words on an envelope or a letterbox that tell nobody apart.
_FORMS = frozenset({"familie", "fam.", "herr", "herrn", "frau", "an", "dr.", "prof.", "med.", "dipl.-ing."})

Place = tuple[str, str]


@dataclass(eq=False)
class Letterbox:
    """The letterbox at one address; several names may stand on it. `letters` are those that arrived, oldest first."""

    address: Address
    workdays: Workdays
    names: list[str] = field(default_factory=list)
    letters: list[Letter] = field(default_factory=list)

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


def place(street: str, city: str) -> Place:
    """Two address lines in the form in which they are compared: `Hauptstr. 5` is `Hauptstraße 5`."""
    return _plain(street).replace("str. ", "strasse "), _plain(city)


def _words(name: str) -> frozenset[str]:
    return frozenset(_plain(name).split()) - _FORMS


def _plain(text: str) -> str:
    return " ".join(text.casefold().replace(",", " ").split())
