"""The insurer's letters as PDF: DIN 5008 form B on A4, the same bytes for the same words."""

from __future__ import annotations

import io
import unicodedata
from collections.abc import Iterator
from datetime import date
from functools import lru_cache

import segno
from reportlab.lib.units import mm  # type: ignore[import-untyped]
from reportlab.pdfbase.pdfmetrics import stringWidth  # type: ignore[import-untyped]
from reportlab.pdfgen.canvas import Canvas  # type: ignore[import-untyped]

_WIDTH, _HEIGHT = 210 * mm, 297 * mm
_LEFT, _RIGHT = 25 * mm, 190 * mm
# Base lines in millimetres from the top. The window of form B: sender's line above 62.7, address from there to 90.
_SENDER, _ADDRESS, _DATE, _SUBJECT, _BODY = 61.5, 67.5, 97, 105, 115
_ADDRESS_LINE, _BODY_LINE = 4.2, 4.6
_FURTHER, _FIRST_LINES, _FURTHER_LINES = 25, 27, 54  # where the text of a further sheet begins; lines on a sheet
_MARKS = (105, 148.5, 210)  # fold, punch, fold
_QR_SIZE, _QR_TOP = 30 * mm, 240
# Letters that Unicode does not take apart into a base and an accent.
_STROKES = str.maketrans("ŁłĐđĦħŦŧı", "LlDdHhTti")
_FONT, _BOLD, _SIZE = "Helvetica", "Helvetica-Bold", 10


@lru_cache(maxsize=256)
def print_letter(
    sender: str, recipient: tuple[str, ...], day: date, subject: str, body: str, qr: str | None = None
) -> bytes:
    """A letter. `body` has an empty line between paragraphs; a form feed begins another sheet, as does a full one.

    `qr` goes into a QR code at the foot of the first sheet.
    """
    sender, subject, body = map(_printable, (sender, subject, body))
    out = io.BytesIO()
    canvas = Canvas(out, pagesize=(_WIDTH, _HEIGHT), invariant=1)
    _write(canvas, _FONT, 6, _SENDER, sender)
    for number, line in enumerate(map(_printable, recipient)):
        _write(canvas, _FONT, _SIZE, _ADDRESS + number * _ADDRESS_LINE, line)
    canvas.setFont(_FONT, _SIZE)
    canvas.drawRightString(_RIGHT, _HEIGHT - _DATE * mm, f"{day:%d.%m.%Y}")
    _write(canvas, _BOLD, _SIZE, _SUBJECT, subject)
    first, *further = _sheets(body)
    _write_lines(canvas, _BODY, first)
    for y in _MARKS:
        canvas.line(6 * mm, _HEIGHT - y * mm, 10 * mm, _HEIGHT - y * mm)
    if qr is not None:
        _draw_qr(canvas, qr)
    for lines in further:
        canvas.showPage()
        _write_lines(canvas, _FURTHER, lines)
    canvas.save()
    return out.getvalue()


def _printable(text: str) -> str:
    """The text with the letters that the printer has; of any other the letter without its accent."""
    return "".join(letter if _has(letter) else _base(letter) for letter in text)


def _has(letter: str) -> bool:
    return letter in "\n\f" or letter.encode("cp1252", "ignore") != b""


def _base(letter: str) -> str:
    base = unicodedata.normalize("NFKD", letter.translate(_STROKES))[0]
    return base if _has(base) else "?"


def _write(canvas: Canvas, font: str, size: int, y: float, text: str) -> None:
    canvas.setFont(font, size)
    canvas.drawString(_LEFT, _HEIGHT - y * mm, text)


def _write_lines(canvas: Canvas, top: float, lines: list[str]) -> None:
    for number, line in enumerate(lines):
        _write(canvas, _FONT, _SIZE, top + number * _BODY_LINE, line)


def _sheets(body: str) -> Iterator[list[str]]:
    """The lines of each sheet."""
    room = _FIRST_LINES
    for part in body.split("\f"):
        lines = list(_wrapped(part))
        while lines:
            yield lines[:room]
            lines, room = lines[room:], _FURTHER_LINES


def _wrapped(body: str) -> Iterator[str]:
    for paragraph in body.split("\n"):
        line = ""
        for word in paragraph.split():
            longer = f"{line} {word}".strip()
            if line and stringWidth(longer, _FONT, _SIZE) > _RIGHT - _LEFT:
                yield line
                line = word
            else:
                line = longer
        yield line


def _draw_qr(canvas: Canvas, text: str) -> None:
    """Dark modules of a row that stand side by side are one rectangle."""
    # A fixed mask is as valid as the best one and spares the search for it.
    rows = [bytes(row) for row in segno.make_qr(text, error="m", mask=0).matrix]
    module = _QR_SIZE / len(rows)
    top = _HEIGHT - _QR_TOP * mm
    path = canvas.beginPath()
    for y, row in enumerate(rows, 1):
        x = row.find(1)
        while x >= 0:
            end = row.find(0, x)
            end = len(row) if end < 0 else end
            path.rect(_LEFT + x * module, top - y * module, (end - x) * module, module)
            x = row.find(1, end)
    canvas.drawPath(path, stroke=0, fill=1)
