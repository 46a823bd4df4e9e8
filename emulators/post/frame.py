"""How a page of a PDF lies on the sheet: from the coordinates of its content to millimetres of the page as displayed.

A page shows the part of its content that lies in the crop box, turned clockwise by its entry Rotate.
Source: ISO 32000-1, 7.7.3.3 (CropBox, MediaBox, Rotate) and 8.3.2.3 (user space).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from types import MappingProxyType
from typing import Any, NamedTuple

import pypdfium2.raw as pdfium_raw  # type: ignore[import-untyped]

from .zones import POINTS_PER_MM, SHEET, Zone

_Turn = Callable[[float, float, float, float], tuple[float, float]]

# A point of the page before it is turned (from the left and from the top; the page's width and height) and the same
# point as displayed.
_TURNED: Mapping[int, _Turn] = MappingProxyType(
    {
        0: lambda x, y, width, height: (x, y),
        90: lambda x, y, width, height: (height - y, x),
        180: lambda x, y, width, height: (width - x, height - y),
        270: lambda x, y, width, height: (y, width - x),
    }
)


class Frame(NamedTuple):
    """The part of the content that is displayed, in PDF points counted upwards, and by how much it is turned."""

    left: float
    bottom: float
    right: float
    top: float
    rotation: int
    cropped: bool = False

    def zone(self, left: float, bottom: float, right: float, top: float) -> Zone:
        """Where an area of the content lies on the page as displayed."""
        turn, size = _TURNED[self.rotation], (self.right - self.left, self.top - self.bottom)
        x1, y1 = turn(left - self.left, self.top - top, *size)
        x2, y2 = turn(right - self.left, self.top - bottom, *size)
        x, width = min(x1, x2) / POINTS_PER_MM, abs(x2 - x1) / POINTS_PER_MM
        return Zone(x, min(y1, y2) / POINTS_PER_MM, width, abs(y2 - y1) / POINTS_PER_MM)

    def area(self, zone: Zone) -> tuple[float, float, float, float]:
        """Left, bottom, right, top of the content that is displayed in `zone` of a page that is not turned."""
        left, top = self.left + zone.x * POINTS_PER_MM, self.top - zone.y * POINTS_PER_MM
        return left, top - zone.height * POINTS_PER_MM, left + zone.width * POINTS_PER_MM, top


def frame_of(page: Any) -> Frame:
    """The frame of a page of PDFium."""
    left, bottom, right, top = shown = page.get_bbox()
    return Frame(left, bottom, right, top, page.get_rotation(), shown != page.get_mediabox())


def characters(frame: Frame, text_page: Any) -> Iterator[tuple[str, Zone]]:
    """Each character that is displayed, with its place on the page; line ends have no size."""
    for index in range(text_page.count_chars()):
        character = chr(pdfium_raw.FPDFText_GetUnicode(text_page.raw, index))
        place = frame.zone(*text_page.get_charbox(index))
        if not frame.cropped or character.isspace() or SHEET.touches(place):
            yield character, place


def text_in(zone: Zone, frame: Frame, text_page: Any) -> str:
    """What is displayed in a zone, line by line."""
    if frame.rotation == 0:
        return str(text_page.get_text_bounded(*frame.area(zone))).strip()
    # PDFium ends a line where the content goes down, which on a turned page is not where the line ends.
    found = (char for char, place in characters(frame, text_page) if char.isspace() or zone.touches(place))
    return "".join(found).strip()


def whole_text(frame: Frame, text_page: Any) -> str:
    """All that is displayed, line by line."""
    if frame.cropped:
        return "".join(char for char, _ in characters(frame, text_page))
    return str(text_page.get_text_range())
