"""The card that a command line asks for: a persona's, or one from a file, with its numbers changed on request."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from pathlib import Path

from emulators.core.clock import DEFAULT_START
from emulators.core.people import People
from emulators.core.personas import PERSONAS, Persona

from .access import Enforcement
from .card import HealthCard

# Digits at least and at most (gemSpec_COS; on an eGK the CAN has six).
_DIGITS = {"CAN": (6, 6), "PIN": (6, 8), "PUK": (8, 8)}

_PERSONA = "adult"


def card_of(
    persona: str | None = None,
    file: Path | None = None,
    *,
    can: str | None = None,
    pin: str | None = None,
    puk: str | None = None,
    seed: int | None = None,
    today: date | None = None,
    personas: Mapping[str, Persona] = PERSONAS,
    enforcement: Enforcement | None = None,
) -> HealthCard:
    """A card of the persona (`adult`), made `today`, or the one in `file` with the state it was saved in.

    `enforcement` left out is as specified for a new card, and as it was for one from a file. Raises `ValueError` for
    a number that is none, a CAN for a card without NFC, an unknown persona, a damaged file, or one together with what
    only a new card can be told; `OSError`.
    """
    numbers = {"CAN": can, "PIN": pin, "PUK": puk}
    for name, digits in numbers.items():
        _check(name, digits)
    if file is not None:
        if (persona, seed, today) != (None, None, None):
            raise ValueError("a card from a file is as it was made: persona, seed and day cannot be chosen beside it")
        card = HealthCard.load(file)
    else:
        day = today or DEFAULT_START.date()
        person = People(seed or 0, day, personas).named(persona or _PERSONA)
        card = HealthCard.personalised(person, today=day, enforcement=Enforcement.AS_SPECIFIED)
    if can and not card.nfc:
        raise ValueError("a card without NFC has no CAN")
    _renumber(card, can, pin, puk)
    if enforcement is not None:
        card.chip.enforcement = enforcement
        card.reset()  # what a session goes by is settled at its beginning
    return card


def _check(name: str, digits: str | None) -> None:
    least, most = _DIGITS[name]
    if digits is not None and not (digits.isascii() and digits.isdigit() and least <= len(digits) <= most):
        length = str(least) if least == most else f"{least} to {most}"
        raise ValueError(f"a {name} has {length} digits, not '{digits}'")


def _renumber(card: HealthCard, can: str | None, pin: str | None, puk: str | None) -> None:
    chip = card.chip
    if can is not None:
        person = card.person
        chip.personalisation = replace(chip.personalisation, person=replace(person, card=replace(person.card, can=can)))
    chip.secret.pin = pin or chip.secret.pin
    chip.secret.puk = puk or chip.secret.puk
