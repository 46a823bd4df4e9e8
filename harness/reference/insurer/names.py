"""Whether the name on a document is the registered one, written another way.

Passes: umlauts and ß spelt out or bare, diacritics, titles, noble particles, hyphen or blank in double names, the
order of given names, and names cut off by the machine-readable zone. A different name fails.
"""

from __future__ import annotations

import re
import unicodedata
from datetime import date

from emulators.core.person import Person

_TITLES = frozenset(("dr", "prof", "med", "dent", "phil", "rer", "nat", "ing", "dipl", "hc"))
_PARTICLES = frozenset(
    ("von", "van", "vom", "zu", "zum", "zur", "der", "den", "dem", "de", "del", "della", "di", "da", "und", "af")
) | frozenset(
    ("graf", "grafin", "graefin", "freiherr", "freifrau", "baron", "baronin", "furst", "fuerst", "ritter", "edler")
)
_SPELT_OUT = str.maketrans(
    {"ä": "ae", "ö": "oe", "ü": "ue", "ø": "oe", "å": "aa", "æ": "ae", "ı": "i", "ł": "l", "đ": "d"}
)
_BARE = str.maketrans({"ø": "o", "æ": "ae", "ı": "i", "ł": "l", "đ": "d"})
_WORD = re.compile(r"[\s\-‐–.,'’<]+")
# The machine-readable zone of an identity card has 30 places for all names; less than this is no stump of a long one.
_STUMP = 10


def is_same_person(person: Person, given_names: str, family_name: str, born: date | None) -> bool:
    """Whether a document with these data is `person`'s. The birth name counts: documents outlive a marriage."""
    return (
        born == person.birth_date
        and same_given_names(given_names, person.given_names)
        and any(same_family_name(family_name, name) for name in (person.family_name, person.birth_name) if name)
    )


def same_family_name(read: str, registered: str) -> bool:
    """Same words in the same order, particles aside; or `read` is what was left of it."""
    one = [word for word in _words(read) if not word & _PARTICLES]
    other = [word for word in _words(registered) if not word & _PARTICLES]
    if one and len(one) == len(other) and all(a & b for a, b in zip(one, other, strict=True)):
        return True
    return any(_is_stump(a, b) for a in _joined(one) for b in _joined(other))


def same_given_names(read: str, registered: str) -> bool:
    """Same names in any order; or what was read stops in the middle of them."""
    one, other = _words(read), _words(registered)
    if one and len(one) == len(other):
        rest = list(other)
        for word in one:
            hit = next((candidate for candidate in rest if candidate & word), None)
            if hit is None:
                break
            rest.remove(hit)
        else:
            return True
    return any(_is_stump(a, b) for a in _joined(one) for b in _joined(other))


def _words(name: str) -> list[frozenset[str]]:
    """Each word with its spellings in plain letters, titles left out."""
    lower = unicodedata.normalize("NFC", name).casefold()
    words = [frozenset((_plain(w.translate(_SPELT_OUT)), _plain(w.translate(_BARE)))) for w in _WORD.split(lower) if w]
    return [word for word in words if not word & _TITLES]


def _joined(words: list[frozenset[str]]) -> tuple[str, str]:
    """All words as one string: spelt out, and bare. Of two spellings the longer is the one spelt out."""
    return "".join(max(w, key=len) for w in words), "".join(min(w, key=len) for w in words)


def _plain(word: str) -> str:
    return "".join(char for char in unicodedata.normalize("NFD", word) if char.isalnum())


def _is_stump(short: str, whole: str) -> bool:
    return len(short) >= _STUMP and whole.startswith(short)
