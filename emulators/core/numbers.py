"""The numbers people and cards carry: KVNR, IK, ICCSN, PIN, PUK, CAN, telephone numbers. All made up, TEST ONLY.

Telephone numbers come only from those the Bundesnetzagentur keeps free for media productions ("Drama Numbers",
Mitteilung 148/2021, Amtsblatt 7/2021, page 489), so that no test ever reaches a real person.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import cycle
from random import Random

TEST_INSURER = "109500969"
"""The institution code (IK) on gematik's test cards; here it stands for the fictitious Musterkasse."""

TEST_ISSUER = "88311"
"""The issuer digits in the ICCSN of published test cards."""

_KVNR = re.compile(r"[A-Z][0-9]{9}")
_KVNR_STEM = re.compile(r"[A-Z][0-9]{8}")
_IK = re.compile(r"[0-9]{9}")
_IK_STEM = re.compile(r"[0-9]{8}")
_ICCSN = re.compile(r"80276[0-9]{15}")


def kvnr_check_digit(stem: str) -> str:
    """The check digit of a health insurance number's letter and 8 digits.

    The letter counts as two digits (A is 01), weights 1-2-1-2…, digit sums, modulo 10. Raises `ValueError` for
    any other shape. Source: § 290 SGB V, the rule as given in the HL7 wiki.
    """
    if not _KVNR_STEM.fullmatch(stem):
        raise ValueError(f"a KVNR begins with a capital letter A–Z and 8 digits, not {stem!r}")
    return _check_digit(f"{ord(stem[0]) - ord('A') + 1:02}{stem[1:]}", weights=(1, 2))


def is_kvnr(text: str) -> bool:
    """Whether `text` is a letter, 8 digits and the right check digit."""
    return bool(_KVNR.fullmatch(text)) and kvnr_check_digit(text[:9]) == text[9]


def make_kvnr(random: Random) -> str:
    """A valid KVNR. It begins with X, as those of gematik's test persons do."""
    stem = f"X{random.randrange(10**8):08}"
    return stem + kvnr_check_digit(stem)


def ik_check_digit(stem: str) -> str:
    """The check digit of an institution code's first 8 digits.

    Digits 3–8 with weights 2-1-2-1-2-1, digit sums, modulo 10. Raises `ValueError` for any other shape.
    Source: circular of the Arbeitsgemeinschaft Institutionskennzeichen, 2013.
    """
    if not _IK_STEM.fullmatch(stem):
        raise ValueError(f"an IK begins with 8 digits, not {stem!r}")
    return _check_digit(stem[2:], weights=(2, 1))


def is_ik(text: str) -> bool:
    """Whether `text` is 9 digits, the last of them the right check digit."""
    return bool(_IK.fullmatch(text)) and ik_check_digit(text[:8]) == text[8]


def make_iccsn(serial: int, issuer: str = TEST_ISSUER) -> str:
    """The 20 digits of a health card: 80 276 (health, Germany), 5 digits of the issuer, 10 of the card's serial number.

    There is no check digit: published test cards do not satisfy Luhn. Raises `ValueError` if something does not fit.
    """
    if not re.fullmatch("[0-9]{5}", issuer) or not 0 <= serial < 10**10:
        raise ValueError(f"an ICCSN has a 5-digit issuer and a serial number of up to 10 digits: {issuer!r}, {serial}")
    return f"80276{issuer}{serial:010}"


def is_iccsn(text: str) -> bool:
    return bool(_ICCSN.fullmatch(text))


def make_pin(random: Random, length: int = 6) -> str:
    """A card PIN of 6 to 8 digits (letters usually carry 6). Raises `ValueError` for another length."""
    if not 6 <= length <= 8:
        raise ValueError(f"a card PIN has 6 to 8 digits, not {length}")
    return _digits(random, length)


def make_puk(random: Random) -> str:
    """A PUK: 8 digits."""
    return _digits(random, 8)


def make_can(random: Random) -> str:
    """A card access number: 6 digits, printed on the front of a card with NFC."""
    return _digits(random, 6)


def _digits(random: Random, length: int) -> str:
    return f"{random.randrange(10**length):0{length}}"


def _check_digit(digits: str, weights: tuple[int, ...]) -> str:
    products = (int(digit) * weight for digit, weight in zip(digits, cycle(weights), strict=False))
    return str(sum(product // 10 + product % 10 for product in products) % 10)


@dataclass(frozen=True, slots=True)
class NumberRange:
    """All E.164 numbers that begin with `prefix` and have `digits` more digits."""

    prefix: str
    digits: int

    def __contains__(self, number: object) -> bool:
        return (
            isinstance(number, str)
            and number.startswith(self.prefix)
            and re.fullmatch(f"[0-9]{{{self.digits}}}", number[len(self.prefix) :]) is not None
        )

    def __len__(self) -> int:
        return int(10**self.digits)

    def numbers(self) -> tuple[str, ...]:
        return tuple(f"{self.prefix}{n:0{self.digits}}" for n in range(len(self)))


@dataclass(frozen=True, slots=True)
class FictionNumbers:
    """Numbers that belong to nobody, E.164: single mobiles, blocks of mobiles, ranges of landlines."""

    mobile_singles: tuple[str, ...]
    mobile_blocks: tuple[NumberRange, ...]
    landlines: tuple[NumberRange, ...]

    @property
    def mobiles(self) -> tuple[str, ...]:
        """Every mobile number: 10 singles and 2 blocks of 100."""
        return self.mobile_singles + tuple(number for block in self.mobile_blocks for number in block.numbers())


# "Drama Numbers", Mitteilung 148/2021, Amtsblatt der Bundesnetzagentur 7/2021, page 489.
PHONE_NUMBERS = FictionNumbers(
    mobile_singles=(
        "+4915228817386",
        "+4915228895456",
        "+4915254599371",
        "+491729925904",
        "+491729968532",
        "+491729973185",
        "+491729973186",
        "+491729980752",
        "+491749091317",
        "+491749464308",
    ),
    mobile_blocks=(NumberRange("+4917139200", 2), NumberRange("+49176040690", 2)),
    landlines=(
        NumberRange("+493023125", 3),  # Berlin
        NumberRange("+496990009", 3),  # Frankfurt am Main
        NumberRange("+494066969", 3),  # Hamburg
        NumberRange("+492214710", 3),  # Köln
        NumberRange("+498999998", 3),  # München
    ),
)
_FICTIONAL_MOBILES = frozenset(PHONE_NUMBERS.mobiles)


def is_fictional(number: str) -> bool:
    """Whether an E.164 number is one of those kept free for fiction. Anything else, however written, is not."""
    return number in _FICTIONAL_MOBILES or any(number in numbers for numbers in PHONE_NUMBERS.landlines)
