"""What a sender orders, whichever API it comes through, and the check of its PDF before anything is printed."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Literal, NamedTuple

from .cover import cover_sheet
from .paper import Sheet, sheets_of
from .pdf import MAX_PAGES, Document, NotReadable, read, unembedded_fonts

SENDER_NEEDED_FROM = date(2025, 1, 1)  # Source: E-POSTBUSINESS API, codes W301 and E333

_PLACE = re.compile(r"[0-9]{5} \S.*")
_COUNTRY = re.compile(r"[A-ZÀ-ÖØ-Þẞ][A-ZÀ-ÖØ-Þẞ .,'’()-]+")
# As a JSON schema can say it, too: there case cannot be left out of account otherwise.
_GERMANY = ("de", "deu", "deutschland", "germany")
GERMANY = "|".join("".join(f"[{letter}{letter.upper()}]" for letter in name) for name in _GERMANY)
"""Names of the country that letters are posted in, as a regular expression."""


class Registered(StrEnum):
    """Kinds of registered mail. Source: E-POSTBUSINESS registeredLetter."""

    DROPPED = "Einwurf Einschreiben"
    HANDED_OVER = "Einschreiben"
    RECEIPT = "Einschreiben Rückschein"
    PERSONAL = "Einschreiben eigenhändig"
    PERSONAL_RECEIPT = "Einschreiben eigenhändig Rückschein"


class Problem(NamedTuple):
    """A finding of a check. `code` is the E-POSTBUSINESS API's; E stops the letter, W and I do not."""

    code: str
    text: str

    @property
    def level(self) -> Literal["Error", "Warning", "Info"]:
        return "Error" if self.code[0] == "E" else "Warning" if self.code[0] == "W" else "Info"


@dataclass(frozen=True, slots=True)
class LetterOrder:
    """A letter to be printed and posted. It goes where the address in the window of its first page says.

    `given` is the address as data, if the API has one: it is compared, and printed on a cover sheet if `cover` is
    set. `queued_until` keeps the letter back until that day, 14:00. `premium` is the variant of Premiumadress.
    With `failsafe` the same PDF is not taken twice within an hour. `channel` is the API it came through.
    """

    pdf: bytes
    file_name: str
    given: tuple[str, ...] = ()
    sender: str = ""
    cover: bool = False
    registered: Registered | None = None
    abroad: bool = False
    colour: bool = False
    duplex: bool = False
    test: bool = False
    batch: int = 0
    custom: tuple[str | None, ...] = (None,) * 5
    premium: str | None = None
    queued_until: date | None = None
    failsafe: bool = False
    channel: Literal["epost", "letterxpress"] = "epost"


@dataclass(frozen=True, slots=True)
class Checked:
    """What the check of an order found: the sheets to print, the address in the window, what is wrong."""

    sheets: tuple[Sheet, ...] = ()
    recipient: tuple[str, ...] = ()
    problems: tuple[Problem, ...] = ()

    @property
    def accepted(self) -> bool:
        return all(problem.level != "Error" for problem in self.problems)


def check(order: LetterOrder, today: date) -> Checked:
    """Read the PDF as the print centre does. Raises nothing: what is wrong is in `problems`."""
    try:
        document = read(order.pdf)
    except NotReadable as error:
        code = "E315" if error.encrypted else "E301"
        return Checked(problems=(Problem(code, f"PDF nicht lesbar: {error}"),))
    paper = list(_paper_problems(document))
    if paper:
        return Checked(problems=tuple(paper))
    body = sheets_of(order.pdf, whiten_left=bool(document.left) and not order.cover)
    if order.cover:
        cover = cover_sheet(order.sender, _in_capitals(order.given) if order.abroad else order.given)
        front, body = read(cover), sheets_of(cover) + body
    else:
        front = document
    problems = [*_window_problems(front, order), *_sender_problems(front, today)]
    return Checked(body, without_germany(front.address), tuple(problems))


def font_warnings(order: LetterOrder) -> tuple[Problem, ...]:
    """W101 if the first page uses fonts that the PDF does not carry. Takes longer than the check of all else."""
    try:
        missing = unembedded_fonts(order.pdf)
    except NotReadable:
        return ()
    text = f"Schriften nicht eingebettet: {', '.join(missing)}; im Druck stehen Ersatzschriften"
    return (Problem("W101", text),) if missing else ()


def _paper_problems(document: Document) -> list[Problem]:
    if document.count == 0:
        return [Problem("E301", "Das PDF hat keine Seite")]
    if document.count > MAX_PAGES:
        return [Problem("E304", f"{document.count} Seiten; ein Brief hat höchstens {MAX_PAGES}")]
    first = document.pages[0]
    if first.width > first.height:
        return [Problem("E307", "Die erste Seite liegt im Querformat; verlangt ist A4 hoch")]
    for number, page in enumerate(document.pages, 1):
        if not page.is_a4:
            size = f"{page.width:.0f} x {page.height:.0f} mm"
            return [Problem("E308", f"Seite {number} misst {size}; verlangt ist A4 hoch, 210 x 297 mm")]
    return []


def _window_problems(front: Document, order: LetterOrder) -> list[Problem]:
    if front.franking:
        text = f"Im Feld für die Frankierung (x 20-105, y 45-56 mm) steht: {_short(front.franking)}"
        return [Problem("E302", text)]
    lines = front.address
    if not lines:
        return [Problem("E323", "Im Anschriftfeld (x 20-105, y 62,7-90 mm) der ersten Seite steht nichts")]
    found = []
    if not is_address(lines):
        text = f"Anschrift im Fenster: {' / '.join(lines)}; verlangt sind drei bis sechs Zeilen, zuletzt PLZ und Ort"
        found.append(Problem("E306", text))
    if front.beside:
        found.append(Problem("W201", f"Neben dem Anschriftfeld steht: {_short(front.beside)}"))
    if front.left:
        found.append(Problem("W202", f"Am linken Rand (5 mm) steht: {_short(front.left)}; er wird geweißt"))
    if front.edge:
        found.append(Problem("W202", f"Am Rand (5 mm) steht: {_short(front.edge)}"))
    if order.given and not _is_same(without_germany(lines), order.given, order.abroad):
        text = f"Anschrift im Fenster: {' / '.join(lines)}; in den Daten: {' / '.join(order.given)}"
        found.append(Problem("W203", text))
    return found


def _is_same(window: tuple[str, ...], given: tuple[str, ...], abroad: bool) -> bool:
    """Whether the window shows the address of the data, which need no capitals for a town and country abroad."""
    given = tuple(" ".join(line.split()) for line in given)
    if abroad:
        window, given = ((*lines[:-2], *map(str.casefold, lines[-2:])) for lines in (window, given))
    return window == given


def _in_capitals(lines: tuple[str, ...]) -> tuple[str, ...]:
    """An address abroad as it stands on paper. Source: DIN 5008, town and country in capitals."""
    return (*lines[:-2], *map(str.upper, lines[-2:]))


def _sender_problems(front: Document, today: date) -> list[Problem]:
    if front.sender:
        return []
    needed = today >= SENDER_NEEDED_FROM
    text = "Über der Anschrift (x 20-105, y 56-62,7 mm) fehlt die Absenderzeile"
    return [Problem("E333", text) if needed else Problem("W301", f"{text}; ab 1.1.2025 ist sie Pflicht")]


def is_address(lines: tuple[str, ...]) -> bool:
    """Whether these are three to six lines with `12345 City` at the end, or at the end but for a country."""
    if not 3 <= len(lines) <= 6 or any(len(line) > 80 for line in lines):
        return False
    return _PLACE.fullmatch(lines[-1]) is not None or (len(lines) > 3 and is_abroad(lines))


def without_germany(lines: tuple[str, ...]) -> tuple[str, ...]:
    """An address without a last line that only says that it is in Germany."""
    return lines[:-1] if lines and re.fullmatch(GERMANY, lines[-1]) else lines


def is_abroad(lines: tuple[str, ...]) -> bool:
    """Whether the last line is a country, in capitals."""
    return bool(lines) and _COUNTRY.fullmatch(lines[-1]) is not None


def _short(text: str, most: int = 60) -> str:
    flat = " ".join(text.split())
    return flat if len(flat) <= most else flat[: most - 1] + "…"
