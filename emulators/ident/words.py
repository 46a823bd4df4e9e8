"""The words that are shown to be read aloud."""

from __future__ import annotations

import re
from collections.abc import Sequence
from random import Random
from typing import Final

# Two syllables, hard to mistake for one another, nothing that hurts.
WORDS: Final = (
    "Laterne",
    "Kiesel",
    "Wolke",
    "Garten",
    "Anker",
    "Birne",
    "Drachen",
    "Feder",
    "Giraffe",
    "Hammer",
    "Insel",
    "Koffer",
    "Nadel",
    "Pinsel",
    "Rakete",
    "Segel",
)


def two_words(randomness: Random) -> tuple[str, str]:
    first, second = randomness.sample(WORDS, 2)
    return first, second


def are_read(spoken: str | Sequence[str], shown: Sequence[str]) -> bool:
    """Whether the words were said in their order; capitals and punctuation cannot be heard."""
    text = spoken if isinstance(spoken, str) else " ".join(spoken)
    return re.findall(r"\w+", text.casefold()) == [word.casefold() for word in shown]
