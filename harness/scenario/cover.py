"""Enough rows that each allowed pair, or triple, of choices occurs in one of them: a greedy cover.

Written by hand because the usual library, allpairspy, builds rows value by value and gives up where constraints
lead it into a dead end: of the 1,975 allowed triples of the app's paths it loses 412. Here the rows are taken
from those that exist, so nothing allowed is missed. Same input, same rows, in the same order.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import combinations

Choices = Mapping[str, str]


def cover(rows: Sequence[Choices], strength: int) -> list[int]:
    """Indices of rows that together hold every combination of `strength` choices which any of `rows` holds.

    Each next row is the first of those that bring in most that is new. With fewer choices than that: all rows.
    """
    if rows and len(rows[0]) < strength:
        return list(range(len(rows)))
    masks = _masks(rows, strength)
    missing = 0
    for mask in masks:
        missing |= mask
    chosen = []
    while missing:
        best = max(range(len(rows)), key=lambda index: (masks[index] & missing).bit_count())
        chosen.append(best)
        missing &= ~masks[best]
    return chosen


def _masks(rows: Sequence[Choices], strength: int) -> list[int]:
    """For each row its combinations as a set of bits: counting what is new is then one machine instruction a word."""
    bits: dict[tuple[tuple[str, str], ...], int] = {}
    masks = []
    for row in rows:
        mask = 0
        for combination in combinations(row.items(), strength):
            mask |= 1 << bits.setdefault(combination, len(bits))
        masks.append(mask)
    return masks
