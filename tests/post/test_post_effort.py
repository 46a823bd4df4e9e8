"""PDFs that are small and would take PDFium minutes, or memory without end: they are refused before it reads them."""

from __future__ import annotations

import base64
import io
import zlib
from collections.abc import Callable, Iterator, Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st
from reportlab.lib.pagesizes import A4  # type: ignore[import-untyped]
from reportlab.pdfgen.canvas import Canvas  # type: ignore[import-untyped]

from emulators.post.effort import is_too_much
from emulators.post.office import PostOffice
from emulators.post.order import check
from emulators.post.pdf import read
from emulators.post.pdf_streams import Stream, TooMuch, Unknown, objects
from tests.post.sender import TUESDAY, Epost, front, letter, order, pdf

NOTHING = b"q 1 0 0 1 0 0 cm Q\n"
CATALOG, MEDIA = b"<</Type/Catalog/Pages 2 0 R>>", b"/Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]"
FORM = b"/Type/XObject/Subtype/Form/BBox[0 0 9 9]/Resources<</ProcSet[/PDF/ImageC]%s>>"


def file(*objects: bytes) -> bytes:
    """A PDF of objects 1, 2, 3, …"""
    out, places = b"%PDF-1.5\n", list[int]()
    for number, each in enumerate(objects, 1):
        places.append(len(out))
        out += b"%d 0 obj\n%b\nendobj\n" % (number, each)
    table = b"".join(b"%010d 00000 n \n" % place for place in places)
    size = len(objects) + 1
    out, start = out + b"xref\n0 %d\n0000000000 65535 f \n%b" % (size, table), len(out)
    return out + b"trailer<</Size %d/Root 1 0 R>>\nstartxref\n%d\n%%%%EOF" % (size, start)


def flate(data: bytes, about: bytes = b"", levels: int = 1) -> bytes:
    for _ in range(levels):
        data = zlib.compress(data, 9)
    return stream(data, b"/Filter[" + b"/FlateDecode" * levels + b"]" + about)


def stream(data: bytes, about: bytes = b"") -> bytes:
    return b"<</Length %d%b>>\nstream\n%b\nendstream" % (len(data), about, data)


def pages(kids: Sequence[int]) -> bytes:
    return b"<</Type/Pages/Count %d/Kids[%b]>>" % (len(kids), b" ".join(b"%d 0 R" % kid for kid in kids))


def one_page(content: bytes, *more: bytes) -> bytes:
    return file(CATALOG, pages([3]), b"<<%b/Contents 4 0 R>>" % MEDIA, content, *more)


def nested(depth: int, times: int = 2) -> bytes:
    """A page that draws a form twice, which draws another form twice, and so on; or another number of `times`."""
    page = b"<<%b/Contents 4 0 R/Resources<</XObject<</F 5 0 R>>>>>>" % MEDIA
    forms = [flate(b"/F Do\n" * times, FORM % (b"/XObject<</F %d 0 R>>" % number)) for number in range(6, 6 + depth)]
    return file(CATALOG, pages([3]), page, flate(b"/F Do\n" * times), *forms, flate(b"q Q", FORM % b""))


def bombs() -> Iterator[tuple[str, bytes]]:
    yield "a long content", one_page(flate(NOTHING * 1_400_000))
    yield "a long content that is not compressed", one_page(stream(NOTHING * 1_400_000))
    yield "a long content, compressed twice", one_page(flate(NOTHING * 1_400_000, levels=2))
    listed = [b"<<%b/Contents 6 0 R>>" % MEDIA, stream(NOTHING), b"", b"[5 0 R 5 0 R]", flate(NOTHING * 700_000)]
    yield "a list of contents by itself", file(CATALOG, pages([3]), *listed[:2], listed[4], listed[3])
    shared = [b"<<%b/Contents 3 0 R>>" % MEDIA] * 10
    yield "a content of ten pages", file(CATALOG, pages(range(4, 14)), flate(NOTHING * 140_000), *shared)
    yield "a page that is there ten times", file(CATALOG, pages([4] * 10), flate(NOTHING * 140_000), shared[0])
    yield "forms within forms", nested(17)
    yield "a form within itself", nested(1, times=1).replace(b"/F 6 0 R", b"/F 5 0 R")
    inflating = flate(bytes(65 * 1024 * 1024), b"/Length1 1")
    yield "a font of which nobody knows the end", one_page(flate(NOTHING), inflating)
    yield "contents in a filter that is not spoken", one_page(stream(bytes(20_000), b"/Filter/LZWDecode"))
    packed = b"3 0 <<%b/Contents 4 0 R>>" % MEDIA
    holder = flate(packed, b"/Type/ObjStm/N 1/First 4")
    yield "a page within a stream of objects", file(CATALOG, pages([3]), holder, flate(NOTHING * 1_400_000))
    yield "a million objects", b"%PDF-1.4\n" + b"1 0 obj<<>>endobj\n" * 1_000_000


@pytest.mark.parametrize("bomb", [pytest.param(data, id=name) for name, data in bombs()])
def test_a_pdf_that_would_take_too_long_is_not_readable(bomb: bytes) -> None:
    (problem,) = check(order(pdf=bomb), TUESDAY.date()).problems
    assert (problem.code, "aufwendig" in problem.text) == ("E301", True)


def test_the_status_of_the_letter_says_so(epost: Epost, office: PostOffice) -> None:
    number = epost.send(pdf=nested(17))
    office.physics.advance_to(office.physics.clock.later(office.profile.processing))
    (error,) = epost.status(number)["errorList"]
    assert (error["code"], "aufwendig" in error["description"]) == ("E301", True)


def drawn(head: Callable[[Canvas], None]) -> bytes:
    """A letter of many pages; what `head` begins as the form `head` stands on each of them."""
    out = io.BytesIO()
    canvas = Canvas(out, pagesize=A4, invariant=1)
    head(canvas)
    canvas.endForm()
    for number in range(94):
        canvas.doForm("head")
        canvas.drawString(100, 400, f"Seite {number}")
        canvas.showPage()
    canvas.save()
    return out.getvalue()


def forms_and_pictures(canvas: Canvas) -> None:
    """A letterhead, and a picture within the letterhead."""
    from PIL import Image

    canvas.beginForm("logo")
    canvas.drawInlineImage(Image.new("RGB", (20, 20)), 0, 0)
    canvas.endForm()
    canvas.beginForm("head")
    canvas.doForm("logo")
    canvas.doForm("logo")
    canvas.drawString(300, 800, "Musterkasse")


def costly_letterhead(canvas: Canvas) -> None:
    """A logo of two thousand lines, as programs for drawing make them."""
    canvas.beginForm("head")
    for number in range(2_000):
        canvas.line(100 + number % 97, 700 + number % 89, 100 + number % 83, 700 + number % 79)


LETTERS = {
    "a letter": letter(),
    "94 full pages": pdf([front(), *[[(25.0, 30 + 4.0 * line, "Zeile " * 14) for line in range(60)]] * 93]),
    "forms and pictures": drawn(forms_and_pictures),
    "a costly letterhead": drawn(costly_letterhead),
    "a dozen levels of forms": nested(11),
    "a large picture": one_page(
        flate(NOTHING), flate(bytes(80 * 1024 * 1024), b"/Type/XObject/Subtype /Image/Width 5000/Height 5000")
    ),
    "contents of four megabytes": one_page(flate(NOTHING * 220_000)),
    "contents in two parts": file(
        CATALOG, pages([3]), b"<<%b/Contents[4 0 R 5 0 R]>>" % MEDIA, flate(NOTHING), stream(NOTHING)
    ),
    "an old filter": one_page(stream(bytes.fromhex("800B6050220C0C8501"), b"/Filter/LZWDecode")),
    "contents that are damaged": one_page(stream(zlib.compress(NOTHING * 100)[:-20], b"/Filter/FlateDecode")),
}


@pytest.mark.parametrize("data", [pytest.param(data, id=name) for name, data in LETTERS.items()])
def test_what_a_letter_may_have_is_read(data: bytes) -> None:
    assert not is_too_much(data)
    assert read(data).count >= 1


@given(st.binary(max_size=200), st.booleans())
def test_ascii85_is_what_the_library_makes_of_it(data: bytes, wrapped: bool) -> None:
    text = base64.a85encode(data, wrapcol=20 if wrapped else 0) + b"~>"
    about = b"<</Filter/ASCII85Decode>>"
    assert Stream(about, memoryview(text)).inflated(1000) == data
    both = Stream(b"<</Filter[/A85 /Fl]>>", memoryview(base64.a85encode(zlib.compress(data))))
    assert both.inflated(1000) == data
    assert both.most >= len(data)


@given(st.binary(max_size=100))
def test_hexadecimal_digits_too(data: bytes) -> None:
    assert Stream(b"<</Filter/AHx>>", memoryview(data.hex(" ").encode() + b">")).inflated(1000) == data


def test_no_more_is_inflated_than_was_asked_for() -> None:
    whole = Stream(b"<</Filter/FlateDecode>>", memoryview(zlib.compress(bytes(1000))))
    assert len(whole.inflated(1000)) == 1000
    with pytest.raises(TooMuch):
        whole.inflated(999)
    with pytest.raises(Unknown, match="DCTDecode"):
        Stream(b"<</Filter/DCTDecode>>", memoryview(b"")).inflated(1)


pieces = st.sampled_from(
    [
        b"1 0 obj", b"<<", b">>", b"stream\n", b"endstream", b"endobj", b"/Contents 1 0 R", b"/Kids[1 0 R 1 0 R]",
        b"[1 0 R]", b"/XObject<</F 1 0 R>>", b"/XObject 1 0 R", b"/Resources 1 0 R", b"/F Do", b"/Filter/Fl",
        b"/Filter[/A85/Fl]", b"/Type/ObjStm/First 4", b"1 0 ", zlib.compress(b"/F Do " * 9), b"\0", b" ",
    ]
)  # fmt: skip


@given(st.one_of(st.binary(max_size=300), st.lists(pieces, max_size=40).map(b"".join)))
def test_whatever_the_bytes_there_is_an_answer(data: bytes) -> None:
    assert is_too_much(data) in (True, False)
    assert isinstance(list(objects(data)), list)
