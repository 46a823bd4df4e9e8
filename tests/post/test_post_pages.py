"""Pages that do not lie as they are stored: moved, cropped, turned. What counts is the page as it is printed."""

from __future__ import annotations

import io

import pypdfium2 as pdfium  # type: ignore[import-untyped]
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from reportlab.lib.pdfencrypt import StandardEncryption  # type: ignore[import-untyped]
from reportlab.lib.units import mm  # type: ignore[import-untyped]
from reportlab.pdfgen.canvas import Canvas  # type: ignore[import-untyped]

from emulators.post.frame import Frame
from emulators.post.order import LetterOrder, check
from emulators.post.paper import sheets_of
from emulators.post.pdf import read
from emulators.post.zones import Zone
from tests.post.sender import A4, ANNE, front
from tests.post.test_post_paper import DAY, codes_of

WIDTH, HEIGHT = 595.0, 842.0
SENDER_LINE = "Musterkasse · 12345 Musterstadt"
CROP_MARK = "Bogen 1 ABCD-9999"
Box = tuple[float, float, float, float]


def stored(media: Box, crop: Box | None = None, rotation: int = 0, written: int | None = None) -> bytes:
    """A letter drawn upright for a page that is displayed turned by `written`, stored as turned by `rotation`."""
    left, bottom, right, top = crop or media
    # The lower left corner of the page as displayed, and the direction in which its lines run.
    x, y, angle = {
        0: (left, bottom, 0),
        90: (right, bottom, 90),
        180: (right, top, 180),
        270: (left, top, 270),
    }[rotation if written is None else written]
    out = io.BytesIO()
    canvas = Canvas(out, pagesize=(media[2], media[3]), invariant=1)
    canvas.setFont("Helvetica", 10)
    if crop is not None:
        canvas.drawString(media[0] + 2, media[1] + 2, CROP_MARK)
    canvas.translate(x, y)
    canvas.rotate(angle)
    for right_of, below, text in front():
        canvas.drawString(right_of * mm, HEIGHT - below * mm, text)
    canvas.save()
    document = pdfium.PdfDocument(out.getvalue())
    page = document[0]
    page.set_mediabox(*media)
    if crop is not None:
        page.set_cropbox(*crop)
    page.set_rotation(rotation)
    again = io.BytesIO()
    document.save(again)
    return again.getvalue()


UPRIGHT = {
    "as usual": stored((0, 0, WIDTH, HEIGHT)),
    "origin elsewhere": stored((100, 200, 100 + WIDTH, 200 + HEIGHT)),
    "origin below zero": stored((-50, -80, WIDTH - 50, HEIGHT - 80)),
    "bleed": stored((0, 0, WIDTH + 100, HEIGHT + 100), crop=(50, 50, 50 + WIDTH, 50 + HEIGHT)),
    "landscape, turned right": stored((0, 0, HEIGHT, WIDTH), rotation=90),
    "landscape, turned left": stored((0, 0, HEIGHT, WIDTH), rotation=270),
    "stored upside down": stored((0, 0, WIDTH, HEIGHT), rotation=180),
    "all at once": stored((0, 0, HEIGHT + 40, WIDTH + 60), crop=(10, 20, 10 + HEIGHT, 20 + WIDTH), rotation=90),
}
upright = pytest.mark.parametrize("content", UPRIGHT.values(), ids=list(UPRIGHT))


@upright
def test_a_page_that_is_printed_upright_is_taken_however_it_is_stored(content: bytes) -> None:
    document = read(content)
    assert (document.address, document.sender) == (ANNE, (SENDER_LINE,))
    assert document.pages[0].is_a4
    assert codes_of(check(LetterOrder(content, "a.pdf"), DAY)) == []


@upright
def test_a_smudge_lies_on_the_code_however_the_page_is_stored(content: bytes) -> None:
    (sheet,) = sheets_of(content)
    assert "Ihr Aktivierungscode: ABCD-1234" in sheet.text.splitlines()
    smudged = sheet.spoilt("codes")
    assert "Ihr Aktivierungscode: ▒▒▒▒▒▒▒▒▒" in smudged.text.splitlines()
    picture = Image.open(io.BytesIO(smudged.picture(72))).convert("L")
    assert picture.size == pytest.approx((A4[0] / 25.4 * 72, A4[1] / 25.4 * 72), abs=1.5)
    # The code stands 115 mm from the top, behind 'Ihr Aktivierungscode: ', nine characters wide.
    assert picture.getpixel((int(75 * mm), int(114 * mm))) == 70


@upright
def test_what_is_cropped_away_is_not_on_the_sheet(content: bytes) -> None:
    (sheet,) = sheets_of(content)
    assert CROP_MARK not in sheet.text
    assert "9999" not in sheet.spoilt("part").text


@pytest.mark.parametrize(
    ("content", "codes"),
    [
        (stored((0, 0, WIDTH, HEIGHT), rotation=180, written=0), ["E323", "W301"]),
        (stored((0, 0, WIDTH, HEIGHT), rotation=90, written=0), ["E307"]),
        (stored((0, 0, HEIGHT, WIDTH), rotation=90, written=270), ["E323", "W301"]),
        (stored((0, 0, WIDTH, HEIGHT), crop=(0, 0, WIDTH, HEIGHT - 142)), ["E308"]),
    ],
)
def test_a_page_that_is_printed_otherwise_is_refused(content: bytes, codes: list[str]) -> None:
    assert codes_of(check(LetterOrder(content, "a.pdf"), DAY)) == codes


@given(st.integers(-500, 500), st.integers(-500, 500), st.tuples(*[st.integers(0, 300)] * 4))
def test_an_area_of_the_page_is_found_again(left: int, bottom: int, zone: tuple[int, ...]) -> None:
    frame = Frame(left, bottom, left + WIDTH, bottom + HEIGHT, 0)
    assert frame.zone(*frame.area(Zone(*zone))) == pytest.approx(zone, abs=1e-9)


def test_a_pdf_that_anybody_may_open_but_not_print_counts_as_encrypted() -> None:
    out = io.BytesIO()
    protection = StandardEncryption("", ownerPassword="TEST ONLY", canPrint=0)
    canvas = Canvas(out, pagesize=(A4[0] * mm, A4[1] * mm), invariant=1, encrypt=protection)
    for x, y, text in front():
        canvas.drawString(x * mm, (A4[1] - y) * mm, text)
    canvas.save()
    assert codes_of(check(LetterOrder(out.getvalue(), "a.pdf"), DAY)) == ["E315"]
