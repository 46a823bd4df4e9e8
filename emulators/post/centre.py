"""The print centre: prints the sheets, puts them into envelopes, and what goes wrong with that."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import datetime
from typing import ClassVar

from emulators.core.clock import elapsed, moment_after
from emulators.core.faults import Armed
from emulators.core.physics import Physics

from .faults import Combined, Damaged, DoubleFeed, Parted, PinFieldOpen, PrintedTwice, PrintError, WrongInsert
from .letter import Letter, LetterStatus
from .order import Problem

Note = Callable[..., object]
# What is in it, and by how many working days it leaves later than the letter is posted.
Envelope = tuple[Letter, int]


class PrintCentre:
    """Turns an order that was checked into envelopes to be carried."""

    name: ClassVar[str] = "post"

    def __init__(self, physics: Physics, note: Note) -> None:
        self._physics = physics
        self._note = note
        self._produced: list[Letter] = []

    def produce(self, letter: Letter) -> tuple[Envelope, ...]:
        """The envelopes that leave for this letter: one, none (rejected, or in another's), or several."""
        if not self._print(letter):
            return ()
        earlier = [le for le in self._produced if le.recipient != letter.recipient]
        inside = self._in_another_envelope(letter)
        self._produced.append(letter)
        if inside:
            return ()
        if earlier:
            self._insert_foreign_sheet(letter, earlier[-1])
        return self._into_envelopes(letter)

    def _strike(self, point: str) -> Armed | None:
        return self._physics.faults.strike(self.name, point)

    def _print(self, letter: Letter) -> bool:
        """Print the letter; false if the centre rejects it."""
        hit = self._strike("print")
        with self._physics.bent_by(hit):
            match hit and hit.fault:
                case Damaged(what=what):
                    letter.sheets = tuple(sheet.spoilt(what) for sheet in letter.sheets)
                    self._note("damaged", letter, pages=list(letter.pages))
                case PrintError():
                    *before, (posted, _) = letter.milestones
                    last = before[-1][0]
                    failed = min(moment_after(last, elapsed(before[0][0], last)), posted, key=datetime.timestamp)
                    letter.milestones = (*before, (failed, LetterStatus.FAILED))
                    letter.problems += (Problem("E318", "Ablehnung im Druckzentrum"),)
                    self._note("print_failed", letter)
                    return False
        return True

    def _in_another_envelope(self, letter: Letter) -> bool:
        """Whether the letter is put into the envelope of one that is still in the centre."""
        here = [le for le in self._still_here() if le is not letter]
        for point, others in (
            ("insert.same", [le for le in here if le.recipient == letter.recipient]),
            ("insert.other", [le for le in here if le.recipient != letter.recipient]),
        ):
            hit = self._strike(point) if others else None
            with self._physics.bent_by(hit):
                match hit and hit.fault:
                    case Combined() | DoubleFeed():
                        others[-1].sheets += letter.sheets
                        others[-1].enclosed.append(letter)
                        letter.inside = others[-1].letter_id
                        self._note("enclosed", letter, inside=others[-1].letter_id)
                        return True
        return False

    def _still_here(self) -> Iterable[Letter]:
        """Letters with an envelope of their own that have not left the centre."""
        now, whole = self._physics.clock.now, (le for le in self._produced if le.inside is None and not le.canceled)
        return (letter for letter in whole if letter.posted_at.timestamp() > now.timestamp())

    def _insert_foreign_sheet(self, letter: Letter, other: Letter) -> None:
        hit = self._strike("insert.foreign")
        with self._physics.bent_by(hit):
            match hit and hit.fault:
                case WrongInsert():
                    letter.sheets += other.sheets[-1:]
                    self._note("wrong_insert", letter, sheet_of=other.letter_id)

    def _into_envelopes(self, letter: Letter) -> tuple[Envelope, ...]:
        hit = self._strike("insert.pages") if len(letter.sheets) > 1 else None
        hit = hit or self._strike("insert")
        with self._physics.bent_by(hit):
            match hit and hit.fault:
                case Parted():
                    self._note("parted", letter, envelopes=len(letter.sheets))
                    return _parted(letter)
                case PrintedTwice():
                    self._note("printed_twice", letter)
                    return (letter, 0), (replace(letter, letter_id=f"{letter.letter_id}.2", enclosed=[]), 0)
                case PinFieldOpen():
                    letter.pin_field_open = True
                    self._note("pin_field_open", letter)
        return ((letter, 0),)


def _parted(letter: Letter) -> tuple[Envelope, ...]:
    """The letter with its first sheet only, and one envelope for each further sheet."""
    first, *others = letter.sheets
    letter.sheets = (first,)
    return (letter, 0), *(
        (replace(letter, letter_id=f"{letter.letter_id}.{behind + 1}", sheets=(sheet,), enclosed=[]), behind)
        for behind, sheet in enumerate(others, 1)
    )
