"""Whether two names mean the same person, as tolerant as a register must be and no more.

Tolerated: umlauts and ß in any transcription (MUELLER, Muller), diacritics, capitals, titles, noble particles,
hyphen or blank in double names, the order of given names, given names left out, and what the machine-readable
zone has cut off. Source: fault `data.name_mismatch` and its variants in the contract.
"""

from __future__ import annotations

import re
import unicodedata
from typing import Final

_TITLES: Final = frozenset({"dr", "prof", "professor", "med", "dent", "phil", "rer", "nat", "ing", "dipl", "hc"})
_PARTICLES: Final = re.compile(
    r"von|van|vom|zu|zum|zur|der|den|dem|de|da|di|du|del|della|auf|im|und|af|graf|gr(a|ae)fin|"
    r"freiherr|freifrau|freiin|baron|baronin|f(u|ue)rst|f(u|ue)rstin|edler|edle|ritter"
)
_GERMAN: Final = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "ø": "oe", "å": "aa", "æ": "ae", "œ": "oe"})
_PLAIN: Final = str.maketrans({"ø": "o", "ł": "l", "đ": "d", "ð": "d", "þ": "th", "ı": "i", "æ": "ae", "œ": "oe"})
# The shortest stump that the machine-readable zone of an identity card leaves of a long family name.
_STUMP: Final = 10
_LEAST: Final = 3

Spellings = frozenset[str]


def same_given_names(one: str, other: str) -> bool:
    """Same names in any order; the shorter list may leave out names, and its last may be cut off."""
    first, second = sorted((_words(one), _words(other)), key=len)
    if not first:
        return not second
    *whole, last = first
    rest = list(second)
    for word in whole:
        if not (hits := [w for w in rest if w & word]):
            return False
        rest.remove(hits[0])
    return any(w & last or _is_stump(last, w, _LEAST) or _is_stump(w, last, _LEAST) for w in rest)


def same_family_name(one: str, other: str) -> bool:
    """Same words in the same order, without particles; or one is what was cut off the other."""
    first, second = (_without_particles(_words(name)) for name in (one, other))
    if first and len(first) == len(second) and all(a & b for a, b in zip(first, second, strict=True)):
        return True
    joined, whole = (_joined(words) for words in (first, second))
    return _is_stump(joined, whole, _STUMP) or _is_stump(whole, joined, _STUMP)


def _words(name: str) -> list[Spellings]:
    """The words of a name without titles, each with its spellings in plain letters."""
    words = (_spellings(word) for word in re.split(r"[\s\-‐–.,'’`<]+", name) if word)
    return [w for w in words if w and not w & _TITLES]


def _spellings(word: str) -> Spellings:
    lower = unicodedata.normalize("NFC", word).casefold()
    return frozenset(s for s in (_stripped(lower.translate(_GERMAN)), _stripped(lower)) if s)


def _stripped(word: str) -> str:
    decomposed = unicodedata.normalize("NFD", word.translate(_PLAIN))
    return "".join(c for c in decomposed if not unicodedata.combining(c))


def _without_particles(words: list[Spellings]) -> list[Spellings]:
    return [w for w in words if not any(map(_PARTICLES.fullmatch, w))] or words


def _joined(words: list[Spellings]) -> Spellings:
    """Both spellings of all words run together: the German transcription and the plain letters."""
    return frozenset({"".join(max(w, key=_by_length) for w in words), "".join(min(w, key=_by_length) for w in words)})


def _by_length(spelling: str) -> tuple[int, str]:
    return len(spelling), spelling


def _is_stump(short: Spellings, whole: Spellings, least: int) -> bool:
    return any(len(s) >= least and w.startswith(s) for s in short for w in whole)
