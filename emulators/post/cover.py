"""The cover sheet that the print partner puts before a letter if it is asked to: sender's line and address only."""

from __future__ import annotations

import io
from collections.abc import Sequence

from .zones import ADDRESS, PAGE_HEIGHT, PAGE_WIDTH, POINTS_PER_MM, SENDER

_LEFT = 25.0  # millimetres, the edge of text in DIN 5008
_LINE = 4.3


def cover_sheet(sender: str, address: Sequence[str]) -> bytes:
    """One page as PDF, the same bytes for the same lines. Sizes 6 and 9 points. Source: E-POSTBUSINESS API."""
    from reportlab.pdfgen.canvas import Canvas  # type: ignore[import-untyped]  # few letters have a cover

    out = io.BytesIO()
    canvas = Canvas(out, pagesize=(PAGE_WIDTH * POINTS_PER_MM, PAGE_HEIGHT * POINTS_PER_MM), invariant=1)

    def write(size: int, y: float, text: str) -> None:
        canvas.setFont("Helvetica", size)
        canvas.drawString(_LEFT * POINTS_PER_MM, (PAGE_HEIGHT - y) * POINTS_PER_MM, text)

    write(6, SENDER.y + SENDER.height - 2, sender)
    for number, line in enumerate(address):
        write(9, ADDRESS.y + 4 + number * _LINE, line)
    canvas.save()
    return out.getvalue()
