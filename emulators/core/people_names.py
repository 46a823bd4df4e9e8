"""What people in Germany are called, in every style that software stumbles over. Names are drawn from Faker's lists."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from random import Random

from faker.providers.person.de_DE import Provider as GermanNames


class NameStyle(StrEnum):
    """What is special about a name."""

    PLAIN = "plain"  # ASCII letters only
    UMLAUT = "umlaut"  # Jörg Müller
    SHARP_S = "sharp_s"  # Heß
    NOBLE = "noble"  # Gräfin von …, van den …
    DOUBLE_NAME = "double_name"  # Meier-Schulz
    DOCTOR_TITLE = "doctor_title"  # Dr., Prof. Dr.
    DIACRITICS = "diacritics"  # Çelik, Nguyễn
    BIRTH_NAME = "birth_name"  # a family name other than the one at birth


@dataclass(frozen=True, slots=True)
class Names:
    """All parts of a name. `birth_name` is empty where it does not differ from `family_name`."""

    given_names: str
    family_name: str
    title: str = ""
    birth_name: str = ""


# Since 1919 a noble title is part of the family name, and it follows the sex of its bearer.
_PARTICLES = {
    "M": ("von", "von der", "van den", "zu", "Graf von", "Freiherr von"),
    "W": ("von", "von der", "van den", "zu", "Gräfin von", "Freifrau von"),
}
_DECLINED = {
    "M": {"Gräfin": "Graf", "Freifrau": "Freiherr"},
    "W": {"Graf": "Gräfin", "Freiherr": "Freifrau"},
}
_TITLES = ("Dr.", "Dr.", "Dr. med.", "Prof. Dr.")
_DIACRITIC_GIVEN = {
    "M": ("René", "André", "Çağlar", "Łukasz", "Søren", "Matěj", "Zoltán"),
    "W": ("Zoë", "Agnès", "Şule", "Łucja", "Renée", "Věra", "Chloé"),
}
_DIACRITIC_FAMILY = ("Çelik", "Yılmaz", "Şahin", "Nguyễn", "Đorđević", "Kovačević", "Łukasiewicz", "Åkesson", "Dvořák")

# How often each style comes up when nobody asks for one, in per cent.
_SHARES: Mapping[NameStyle, int] = {
    NameStyle.PLAIN: 48,
    NameStyle.UMLAUT: 20,
    NameStyle.SHARP_S: 5,
    NameStyle.NOBLE: 4,
    NameStyle.DOUBLE_NAME: 7,
    NameStyle.DOCTOR_TITLE: 4,
    NameStyle.DIACRITICS: 6,
    NameStyle.BIRTH_NAME: 6,
}

ADULTS_ONLY = frozenset({NameStyle.DOCTOR_TITLE, NameStyle.BIRTH_NAME})
"""A doctorate and a name changed by marriage belong to grown-ups."""


def draw_names(random: Random, sex: str, style: NameStyle | None = None, *, adult: bool = True) -> Names:
    """Names in the given style, or in one drawn by its share. `sex` other than M and W draws from either list."""
    if style is None:
        shares = {s: share for s, share in _SHARES.items() if adult or s not in ADULTS_ONLY}
        style = random.choices(list(shares), list(shares.values()))[0]
    return _STYLES[style](random, sex if sex in _PARTICLES else random.choice(("M", "W")))


def declined(family_name: str, sex: str) -> str:
    """The family name as a relative of another sex bears it: `Graf von Heß` becomes `Gräfin von Heß`."""
    head, space, rest = family_name.partition(" ")
    return _DECLINED.get(sex, {}).get(head, head) + space + rest


# NFKD takes ä apart as well, so German comes first; the last ones have no decomposition.
_LATIN = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "ß": "ss", "ł": "l", "đ": "d", "ø": "o", "ı": "i", "æ": "ae"})


def ascii_name(text: str) -> str:
    """The text as a mail address or user name has it: lower case, `a-z`, `0-9`, `.` and `-` only."""
    plain = unicodedata.normalize("NFKD", unicodedata.normalize("NFC", text.lower()).translate(_LATIN))
    return re.sub(r"[^a-z0-9.-]+", "", plain.replace(" ", ".")).strip(".-")


@cache
def _given(sex: str, pattern: str) -> tuple[str, ...]:
    names = GermanNames.first_names_male if sex == "M" else GermanNames.first_names_female
    return tuple(name for name in dict.fromkeys(names) if re.search(pattern, name))


@cache
def _family(pattern: str) -> tuple[str, ...]:
    return tuple(name for name in dict.fromkeys(GermanNames.last_names) if re.search(pattern, name))


_ASCII = r"^[A-Za-z]+$"
_UMLAUT = "[ÄÖÜäöü]"
_ANY = "^[^ -]+$"


def _plain(random: Random, sex: str) -> Names:
    given = random.choice(_given(sex, _ASCII))
    if random.random() < 0.3:
        given += f" {random.choice(_given(sex, _ASCII))}"
    return Names(given, random.choice(_family(_ASCII)))


def _umlaut(random: Random, sex: str) -> Names:
    given = random.choice(_given(sex, _UMLAUT if random.random() < 0.4 else _ANY))
    return Names(given, random.choice(_family(_UMLAUT)))


def _sharp_s(random: Random, sex: str) -> Names:
    return Names(random.choice(_given(sex, _ANY)), random.choice(_family("ß")))


def _noble(random: Random, sex: str) -> Names:
    given = " ".join(random.sample(_given(sex, _ANY), 3))
    return Names(given, f"{random.choice(_PARTICLES[sex])} {random.choice(_family(_ANY))}")


def _double_name(random: Random, sex: str) -> Names:
    one, other = random.sample(_family(_ANY), 2)
    return Names(random.choice(_given(sex, _ANY)), f"{one}-{other}", birth_name=other)


def _doctor_title(random: Random, sex: str) -> Names:
    return Names(random.choice(_given(sex, _ANY)), random.choice(_family(_ANY)), title=random.choice(_TITLES))


def _diacritics(random: Random, sex: str) -> Names:
    return Names(random.choice(_DIACRITIC_GIVEN[sex]), random.choice(_DIACRITIC_FAMILY))


def _birth_name(random: Random, sex: str) -> Names:
    now, born = random.sample(_family(_ANY), 2)
    return Names(random.choice(_given(sex, _ANY)), now, birth_name=born)


_STYLES: Mapping[NameStyle, Callable[[Random, str], Names]] = {
    NameStyle.PLAIN: _plain,
    NameStyle.UMLAUT: _umlaut,
    NameStyle.SHARP_S: _sharp_s,
    NameStyle.NOBLE: _noble,
    NameStyle.DOUBLE_NAME: _double_name,
    NameStyle.DOCTOR_TITLE: _doctor_title,
    NameStyle.DIACRITICS: _diacritics,
    NameStyle.BIRTH_NAME: _birth_name,
}
