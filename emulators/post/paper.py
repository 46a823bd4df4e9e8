"""A printed sheet: what can be read on it, by eye and by camera, and a picture of it.

Damage to the print is a patch on the sheet. Text, picture and scanned codes all come from the same sheet with the
same patches, so what is smudged in one is smudged in all.
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Literal

from .frame import characters, frame_of
from .pdf import SMALL, opened, read
from .zones import ADDRESS, EDGES, FRANKING, LEFT_EDGE, SENDER, WINDOW, Zone

if TYPE_CHECKING:
    from PIL.Image import Image

SMUDGE = "▒"
_PRINTED = re.compile(r"\S")
# A code is a word with a digit in it, or six and more capitals and digits, with or without hyphens.
_CODE = re.compile(r"\S*[0-9]\S*|\b[A-ZÄÖÜ][A-ZÄÖÜ-]{5,}")
_CAMERA_DPI = 150  # what a telephone's camera makes of a page
# Dots per inch that a copy needs to be read by eye: below, the capitals of ten-point print (0.72 em) are less than five
# dots high. The figure is ours.
_LEGIBLE_DPI = 50

Spoilt = Literal["codes", "part", "qr"]


@dataclass(frozen=True, slots=True)
class Patch:
    """An area of a sheet that cannot be read any more: smudged, or left white."""

    zone: Zone
    white: bool = False


@dataclass(frozen=True, slots=True)
class Sheet:
    """Page `index` (from 0) of a PDF, printed."""

    pdf: bytes
    index: int
    patches: tuple[Patch, ...] = ()
    copied_at: int | None = None  # dots per inch, of a grey copy

    @property
    def text(self) -> str:
        """What can be read on the sheet, line by line; characters that are smudged or copied too coarsely are `▒`."""
        if self.copied_at is not None and self.copied_at < _LEGIBLE_DPI:
            return _PRINTED.sub(SMUDGE, replace(self, copied_at=None).text)
        if not self.patches:
            return read(self.pdf).pages[self.index].text
        return _patched_small(self) if len(self.pdf) <= SMALL else _patched_text(self)

    def picture(self, dpi: int = 100, *, overlay: bool = False) -> bytes:
        """The sheet as PNG; `overlay` draws the window, its zones and the areas that must stay free."""
        image = _render(self, dpi, colour=True)
        if overlay:
            _draw_zones(image, dpi)
        out = io.BytesIO()
        image.save(out, "PNG")
        return out.getvalue()

    def codes(self) -> tuple[str, ...]:
        """The texts of all QR codes and DataMatrix symbols that a camera finds on the sheet."""
        return _scanned_small(self) if len(self.pdf) <= SMALL else _scanned(self)

    def copied(self, dpi: int) -> Sheet:
        """A grey copy of the sheet, as coarse as the scanner that made it."""
        return replace(self, copied_at=dpi)

    def spoilt(self, what: Spoilt) -> Sheet:
        """The sheet with its codes smudged: all of them, the second half of each printed one, or the QR codes only.

        What shows in the window stays, or the letter would not be delivered.
        """
        zones = [] if what == "part" else [_widened(zone) for _, zone in _symbols(self)]
        if what != "qr":
            zones += _printed_codes(self, halved=what == "part")
        return replace(self, patches=self.patches + tuple(map(Patch, zones)))


def sheets_of(pdf: bytes, *, whiten_left: bool = False) -> tuple[Sheet, ...]:
    """All pages of a PDF on paper; with `whiten_left` the left edge of the first is left white."""
    white = (Patch(LEFT_EDGE, white=True),) if whiten_left else ()
    return tuple(Sheet(pdf, i, white if i == 0 else ()) for i in range(read(pdf).count))


def _characters(sheet: Sheet) -> Iterator[tuple[str, Zone]]:
    """Each character with its place; line ends have no size."""
    with opened(sheet.pdf) as document:
        page = document[sheet.index]
        text_page = page.get_textpage()
        yield from characters(frame_of(page), text_page)
        text_page.close()
        page.close()


def _patched_text(sheet: Sheet) -> str:
    text = []
    for character, place in _characters(sheet):
        x, y = place.middle
        hit = None if character.isspace() else next((p for p in sheet.patches if p.zone.holds(x, y)), None)
        text.append(character if hit is None else "" if hit.white else SMUDGE)
    return "".join(text).replace("\r\n", "\n").replace("\r", "\n")


def _printed_codes(sheet: Sheet, *, halved: bool) -> list[Zone]:
    signs = list(_characters(sheet))
    text = "".join(character for character, _ in signs)
    zones = []
    for found in _CODE.finditer(text):
        start, end = found.span()
        start += (end - start) // 2 if halved else 0
        zone = _around(place for _, place in signs[start:end])
        if sheet.index > 0 or not WINDOW.holds(zone.x, zone.y):
            zones.append(zone)
    return zones


def _around(places: Iterable[Zone]) -> Zone:
    boxes = list(places)
    left, top = min(b.x for b in boxes), min(b.y for b in boxes)
    return Zone(left, top, max(b.x + b.width for b in boxes) - left, max(b.y + b.height for b in boxes) - top)


def _widened(zone: Zone) -> Zone:
    """A little more than the symbol, so that no edge of it is left."""
    return Zone(zone.x - 1, zone.y - 1, zone.width + 2, zone.height + 2)


def _symbols(sheet: Sheet) -> list[tuple[str, Zone]]:
    """The codes for a camera, with their places."""
    import zxingcpp  # takes a moment to load, and few runs scan anything

    found = []
    for symbol in zxingcpp.read_barcodes(_render(sheet, _CAMERA_DPI, colour=False)):
        p = symbol.position
        corners = (p.top_left, p.top_right, p.bottom_left, p.bottom_right)
        place = _around(Zone(c.x * 25.4 / _CAMERA_DPI, c.y * 25.4 / _CAMERA_DPI, 0, 0) for c in corners)
        found.append((symbol.text, place))
    return found


def _scanned(sheet: Sheet) -> tuple[str, ...]:
    return tuple(text for text, _ in _symbols(sheet))


def _render(sheet: Sheet, dpi: int, *, colour: bool) -> Image:
    from PIL import ImageDraw

    with opened(sheet.pdf) as document:
        page = document[sheet.index]
        image: Image = page.render(scale=dpi / 72, grayscale=not colour).to_pil()
        page.close()
    draw = ImageDraw.Draw(image)
    for patch in sheet.patches:
        level = 255 if patch.white else 70
        draw.rectangle(patch.zone.pixels(dpi), fill=(level, level, level) if colour else level)
    return image if sheet.copied_at is None else _copied(image, dpi, sheet.copied_at)


def _copied(image: Image, dpi: int, copied_at: int) -> Image:
    """As the picture comes from a scanner of `copied_at` dots per inch; a finer one changes its colours only."""
    grey = image.convert("L")
    if copied_at < dpi:
        size = image.width * copied_at // dpi, image.height * copied_at // dpi
        grey = grey.resize(size).resize(image.size)
    return grey.convert(image.mode)


def _draw_zones(image: Image, dpi: int) -> None:
    from PIL import ImageDraw

    draw: Any = ImageDraw.Draw(image)
    for zone, ink in (
        *((edge, "#d00000") for edge in (*EDGES, LEFT_EDGE, FRANKING)),
        (SENDER, "#0060c0"),
        (ADDRESS, "#008000"),
        (WINDOW, "#000000"),
    ):
        draw.rectangle(zone.pixels(dpi), outline=ink, width=max(1, dpi // 75))


# What is read once off a small letter is remembered: paths of one seed send the same letters over and over.
_patched_small = lru_cache(maxsize=64)(_patched_text)
_scanned_small = lru_cache(maxsize=64)(_scanned)
