"""A PDF as a print centre reads it: its pages, what stands in the window, what stands where nothing may.

PDFium does the reading. It is not thread-safe, so one lock guards all use of it in this process.
"""

from __future__ import annotations

import ctypes
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from threading import RLock
from typing import Any

import pypdfium2 as pdfium  # type: ignore[import-untyped]
import pypdfium2.raw as pdfium_raw  # type: ignore[import-untyped]

from .effort import is_too_much
from .frame import Frame, frame_of, text_in, whole_text
from .zones import (
    ADDRESS,
    BESIDE_ADDRESS,
    EDGES,
    FRANKING,
    LEFT_EDGE,
    PAGE_HEIGHT,
    PAGE_WIDTH,
    POINTS_PER_MM,
    SENDER,
    Zone,
)

_PDFIUM = RLock()
SMALL = 64 * 1024  # bytes; what is read from a PDF up to this size is remembered
_MOST_TEXT = 50_000  # characters on a page; a full page of A4 has five thousand
_TOLERANCE = 2.0  # millimetres by which a page may differ from A4
MAX_PAGES = 94  # of one letter. Source: E-POSTBUSINESS API, code E304
_ERROR_PASSWORD = 4  # FPDF_ERR_PASSWORD
_NOT_PROTECTED = -1  # what FPDF_GetSecurityHandlerRevision says of a PDF that is not encrypted
_ENCRYPTED = "es ist verschlüsselt; ohne Kennwort einreichen"


class NotReadable(ValueError):
    """The bytes are no PDF, are damaged, or are encrypted; the text says which, in German, as the API of the print
    centre does. `encrypted` tells the last case.
    """

    def __init__(self, text: str, *, encrypted: bool = False) -> None:
        super().__init__(text)
        self.encrypted = encrypted


@dataclass(frozen=True, slots=True)
class Page:
    """One page as it is displayed: its size in millimetres, and its text line by line."""

    width: float
    height: float
    text: str

    @property
    def is_a4(self) -> bool:
        return abs(self.width - PAGE_WIDTH) <= _TOLERANCE and abs(self.height - PAGE_HEIGHT) <= _TOLERANCE


@dataclass(frozen=True, slots=True)
class Document:
    """A whole PDF. `sender` and `address` are the lines in the window; `franking`, `beside`, `left`, `edge` is text
    that stands on the first page in an area of that name, where none belongs.

    Of a PDF with too many pages only `count` is known, and no page is read.
    """

    count: int
    pages: tuple[Page, ...] = ()
    sender: tuple[str, ...] = ()
    address: tuple[str, ...] = ()
    franking: str = ""
    beside: str = ""
    left: str = ""
    edge: str = ""


def read(data: bytes) -> Document:
    """Read a PDF. Raises `NotReadable`."""
    return _read_small(data) if len(data) <= SMALL else _read(data)


@contextmanager
def opened(data: bytes) -> Iterator[Any]:
    """The PDF as PDFium's document, under the lock. Raises `NotReadable`."""
    with _PDFIUM:
        try:
            document = pdfium.PdfDocument(data)
        except pdfium.PdfiumError as error:
            if getattr(error, "err_code", None) == _ERROR_PASSWORD or "password" in str(error).lower():
                raise NotReadable(_ENCRYPTED, encrypted=True) from error
            raise NotReadable("es ist kein PDF oder beschädigt") from error
        try:
            if pdfium_raw.FPDF_GetSecurityHandlerRevision(document.raw) != _NOT_PROTECTED:
                raise NotReadable(_ENCRYPTED, encrypted=True)
            yield document
        finally:
            document.close()


def unembedded_fonts(data: bytes) -> tuple[str, ...]:
    """The names of the fonts that the first page uses and the PDF does not carry, in alphabetical order.

    Raises `NotReadable`.
    """
    found: set[str] = set()
    with opened(data) as document:
        page = document[0]
        for item in page.get_objects(filter=[pdfium_raw.FPDF_PAGEOBJ_TEXT], max_depth=2):
            font = pdfium_raw.FPDFTextObj_GetFont(item.raw)
            if font and not pdfium_raw.FPDFFont_GetIsEmbedded(font):
                found.add(_name_of(font))
        page.close()
    return tuple(sorted(found))


def _name_of(font: Any) -> str:
    length = pdfium_raw.FPDFFont_GetBaseFontName(font, None, 0)
    buffer = ctypes.create_string_buffer(length)
    pdfium_raw.FPDFFont_GetBaseFontName(font, buffer, length)
    return buffer.value.decode("utf-8", "replace")


def _read(data: bytes) -> Document:
    if is_too_much(data):
        raise NotReadable("seine Seiten sind ungewöhnlich aufwendig")
    with opened(data) as document:
        count = len(document)
        if not 1 <= count <= MAX_PAGES:
            return Document(count)
        try:
            return _first_page(document, count)
        except pdfium.PdfiumError as error:
            raise NotReadable("eine Seite ist beschädigt") from error


def _first_page(document: Any, count: int) -> Document:
    page = document[0]
    text_page, frame = _text_page(page), frame_of(page)

    def text(zone: Zone) -> str:
        return text_in(zone, frame, text_page)

    found = Document(
        count,
        (_page(page, frame, text_page), *(_later_page(document, index) for index in range(1, count))),
        sender=_lines(text(SENDER)),
        address=_lines(text(ADDRESS)),
        franking=text(FRANKING),
        beside=text(BESIDE_ADDRESS),
        left=text(LEFT_EDGE),
        edge=" ".join(filter(None, map(text, EDGES))),
    )
    text_page.close()
    page.close()
    return found


def _later_page(document: Any, index: int) -> Page:
    page = document[index]
    text_page = _text_page(page)
    found = _page(page, frame_of(page), text_page)
    text_page.close()
    page.close()
    return found


def _text_page(page: Any) -> Any:
    text_page = page.get_textpage()
    if text_page.count_chars() > _MOST_TEXT:
        raise NotReadable(f"eine Seite hat mehr als {_MOST_TEXT} Zeichen")
    return text_page


def _page(page: Any, frame: Frame, text_page: Any) -> Page:
    text = whole_text(frame, text_page).replace("\r\n", "\n").replace("\r", "\n")
    return Page(page.get_width() / POINTS_PER_MM, page.get_height() / POINTS_PER_MM, text)


def _lines(text: str) -> tuple[str, ...]:
    return tuple(line for raw in text.splitlines() if (line := " ".join(raw.split())))


_read_small = lru_cache(maxsize=512)(_read)
