"""What can be read on a letter: in the window, by eye, by a camera, and after its print was spoilt."""

from __future__ import annotations

import io
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from reportlab.lib.units import mm  # type: ignore[import-untyped]
from reportlab.pdfgen.canvas import Canvas  # type: ignore[import-untyped]

from emulators.post.order import Checked, LetterOrder, check, font_warnings
from emulators.post.paper import sheets_of
from emulators.post.pdf import NotReadable, read
from emulators.post.zones import WINDOW
from harness.reference.insurer.print import print_letter
from tests.post.sender import A4, ANNE, CODE, front, letter, order, pdf

DAY = date(2021, 3, 23)
LINK = "https://musterkasse.example/aktivieren?code=ABCD2345"


def codes_of(checked: Checked) -> list[str]:
    return [problem.code for problem in checked.problems]


def printed(qr: str | None = LINK, body: str = "Aktivierungscode: ABCD2345") -> bytes:
    return print_letter("Musterkasse · Musterstraße 1 · 12345 Musterstadt", ANNE, DAY, "Ihr Code", body, qr)


def test_the_window_shows_the_address_and_the_sender_and_nothing_else() -> None:
    document = read(letter())
    assert (document.address, document.sender) == (ANNE, ("Musterkasse · 12345 Musterstadt",))


def test_the_reference_insurer_prints_what_a_print_centre_takes_without_a_word() -> None:
    checked = check(LetterOrder(printed(), "a.pdf", given=ANNE), DAY)
    assert (checked.problems, checked.recipient) == ((), ANNE)


def test_the_same_words_are_the_same_bytes() -> None:
    print_letter.cache_clear()
    first = printed()
    print_letter.cache_clear()
    assert printed() == first


def test_letters_that_the_printer_lacks_lose_their_accent() -> None:
    whole = print_letter("M · 12345 Musterstadt", ("Zoltán Łukasiewicz", *ANNE[1:]), DAY, "Code", "Thị Nguyễn, Ěva, 李")
    assert read(whole).address[0] == "Zoltán Lukasiewicz"
    assert "Thi Nguyen, Eva, ?" in read(whole).pages[0].text


CROWD = "abcdefghijklmnopqrstuvwxyz" * 3
SIX = ("Firma", "Abteilung", "Frau", "Änne Groß", "Hauptstr. 5", "40210 Düsseldorf")


@pytest.mark.parametrize(
    ("content", "codes"),
    [
        (letter(), []),
        (pdf([front(SIX)]), []),
        (pdf([front((*ANNE[:2], "1010 Wien", "ÖSTERREICH"))]), []),
        (b"", ["E301"]),
        (b"%PDF-1.7 and then nothing", ["E301"]),
        (b"\x00" * 5000, ["E301"]),
        (letter()[:700], ["E301"]),
        (pdf([front()], encrypt="geheim"), ["E315"]),
        (pdf([[]] * 95), ["E304"]),
        (pdf([[*front(), *((25, 100 + n / 5, CROWD[n % 26 :] + CROWD[: n % 26]) for n in range(900))]]), ["E301"]),
        (pdf([front()], size=(297, 210)), ["E307"]),
        (pdf([front()], size=(216, 279)), ["E308"]),
        (pdf([front()], size=(148, 210)), ["E308"]),
        (pdf([[*front(), (25, 50, "Betreff")]]), ["E302"]),
        (pdf([[(25, 110, "Änne Groß, Hauptstr. 5, 40210 Düsseldorf")]]), ["E323", "W301"]),
        (pdf([front(ANNE[1:])]), ["E306"]),
        (pdf([front((*ANNE[:2], "Düsseldorf"))]), ["E306"]),
        (pdf([front((*ANNE[:2], "4021 Düsseldorf"))]), ["E306"]),
        (pdf([front(sender="")]), ["W301"]),
        (pdf([[*front(), (105.5, 80, "und noch viel mehr Text")]]), ["W201"]),
        (pdf([[*front(), (1, 150, "am")]]), ["W202"]),
        (pdf([[*front(), (100, 295, "ganz unten")]]), ["W202"]),
    ],
)
def test_what_is_wrong_with_a_pdf_is_told_by_the_codes_of_the_api(content: bytes, codes: list[str]) -> None:
    checked = check(LetterOrder(content, "a.pdf"), DAY)
    assert codes_of(checked) == codes
    assert all(problem.text for problem in checked.problems)
    assert checked.accepted is not any(code[0] == "E" for code in codes)


def test_since_2025_a_letter_without_its_sender_is_refused() -> None:
    nameless = LetterOrder(pdf([front(sender="")]), "a.pdf")
    assert codes_of(check(nameless, date(2024, 12, 31))) == ["W301"]
    assert codes_of(check(nameless, date(2025, 1, 1))) == ["E333"]


def test_a_window_that_says_something_else_than_the_data_is_warned_of() -> None:
    checked = check(order(given=("Jan Klein", *ANNE[1:])), DAY)
    assert codes_of(checked) == ["W203"]
    assert "Jan Klein" in checked.problems[0].text
    assert "Änne Groß" in checked.problems[0].text


def test_a_cover_sheet_carries_the_address_that_was_given() -> None:
    body = pdf([[(25, 60, "Ganz oben auf der Seite beginnt der Text"), (25, 50, "und füllt das Fenster")]])
    checked = check(LetterOrder(body, "a.pdf", given=ANNE, sender="Musterkasse, 12345 Musterstadt", cover=True), DAY)
    assert (checked.recipient, checked.problems, len(checked.sheets)) == (ANNE, (), 2)
    assert "füllt das Fenster" in checked.sheets[1].text


def test_fonts_that_the_pdf_does_not_carry_are_named() -> None:
    (warning,) = font_warnings(order())
    assert (warning.code, warning.level) == ("W101", "Warning")
    assert "Helvetica" in warning.text


def test_a_camera_reads_the_qr_code_off_the_page() -> None:
    (sheet,) = sheets_of(printed())
    assert sheet.codes() == (LINK,)
    assert sheets_of(printed(qr=None))[0].codes() == ()


@pytest.mark.parametrize(
    ("what", "text", "codes"),
    [
        ("codes", "Aktivierungscode: ▒▒▒▒▒▒▒▒", ()),
        ("part", "Aktivierungscode: ABCD▒▒▒▒", (LINK,)),
        ("qr", "Aktivierungscode: ABCD2345", ()),
    ],
)
def test_spoilt_print_is_spoilt_for_eye_and_camera(what: str, text: str, codes: tuple[str, ...]) -> None:
    sheet = sheets_of(printed())[0].spoilt(what)  # type: ignore[arg-type]
    assert text in sheet.text.splitlines()
    assert sheet.codes() == codes
    assert read(printed()).address == ANNE


def test_the_smudge_is_in_the_picture() -> None:
    """Where the code stood there is one grey rectangle; everything else is as it was."""
    sheet = sheets_of(printed(qr=None))[0]
    before, after = (Image.open(io.BytesIO(s.picture(100))).convert("L") for s in (sheet, sheet.spoilt("codes")))
    changed = [p.zone for p in sheet.spoilt("codes").patches]
    middle = [((z.x + z.width / 2) * 100 / 25.4, (z.y + z.height / 2) * 100 / 25.4) for z in changed]
    assert all(after.getpixel((int(x), int(y))) == 70 for x, y in middle)
    top = (0, 0, before.width, int(100 * WINDOW.y / 25.4))
    assert before.crop(top).tobytes() == after.crop(top).tobytes()


def test_a_preview_is_a_png_of_the_size_asked_for() -> None:
    sheet = sheets_of(letter())[0]
    plain, zones = (Image.open(io.BytesIO(sheet.picture(72, overlay=overlay))) for overlay in (False, True))
    assert plain.format == "PNG"
    assert plain.size == pytest.approx((A4[0] / 25.4 * 72, A4[1] / 25.4 * 72), abs=1.5)
    left, top, *_ = WINDOW.pixels(72)
    assert plain.getpixel((int(left), int(top) + 10)) != zones.getpixel((int(left), int(top) + 10))
    assert sheet.picture(72) == sheet.picture(72)


def test_what_stands_at_the_left_edge_is_left_white() -> None:
    checked = check(LetterOrder(pdf([[*front(), (0.5, 150, "x")]]), "a.pdf"), DAY)
    assert "x" not in checked.sheets[0].text.splitlines()[-1]


def test_a_letter_with_an_image_in_place_of_text_has_no_address() -> None:
    out = io.BytesIO()
    canvas = Canvas(out, pagesize=(A4[0] * mm, A4[1] * mm), invariant=1)
    canvas.rect(25 * mm, 200 * mm, 60 * mm, 20 * mm, fill=1)
    canvas.save()
    assert "E323" in codes_of(check(LetterOrder(out.getvalue(), "a.pdf"), DAY))


@given(data=st.binary(max_size=2000))
def test_no_bytes_crash_the_reader(data: bytes) -> None:
    with pytest.raises(NotReadable):
        read(data)


@given(at=st.integers(0, 1800), bits=st.integers(1, 255))
def test_a_pdf_with_a_bent_byte_is_read_or_refused(at: int, bits: int) -> None:
    whole = bytearray(letter())
    whole[at % len(whole)] ^= bits
    checked = check(LetterOrder(bytes(whole), "a.pdf"), DAY)
    assert isinstance(checked.accepted, bool)


def test_every_page_is_read() -> None:
    assert [page.strip() for page in (s.text for s in sheets_of(letter(ANNE, CODE, ("zwei",), ("drei",))))][1:] == [
        "zwei",
        "drei",
    ]


@pytest.mark.parametrize(
    ("dpi", "qr", "print_"),
    [(600, True, True), (150, True, True), (50, True, True), (49, True, False), (35, True, False), (20, False, False)],
)
def test_what_can_be_read_on_a_copy_depends_on_how_coarse_it_is(dpi: int, qr: bool, print_: bool) -> None:
    copy = sheets_of(printed())[0].copied(dpi)
    assert copy.codes() == ((LINK,) if qr else ())
    assert ("Aktivierungscode: ABCD2345" in copy.text) is print_


def test_print_that_is_copied_too_coarsely_keeps_its_lines() -> None:
    sheet = sheets_of(printed())[0]
    coarse = sheet.copied(40).text
    assert [*map(len, coarse.splitlines())] == [*map(len, sheet.text.splitlines())]
    assert set(coarse) <= set("▒ \n")


def test_a_smudged_sheet_stays_smudged_on_its_copy() -> None:
    copy = sheets_of(printed())[0].spoilt("codes").copied(150)
    assert (copy.codes(), "ABCD2345" in copy.text) == ((), False)


def test_a_copy_is_grey_and_of_the_size_of_the_original() -> None:
    out = io.BytesIO()
    canvas = Canvas(out, pagesize=(A4[0] * mm, A4[1] * mm), invariant=1)
    canvas.setFillColorRGB(1, 0, 0)
    canvas.rect(0, 0, A4[0] * mm, A4[1] * mm / 2, stroke=0, fill=1)
    canvas.save()
    red = sheets_of(out.getvalue())[0]
    for dpi in (60, 600):
        copy = Image.open(io.BytesIO(red.copied(dpi).picture(100)))
        assert copy.size == Image.open(io.BytesIO(red.picture(100))).size
        shade = copy.getpixel((copy.width // 2, copy.height - 10))
        assert isinstance(shade, tuple)
        assert len(set(shade)) == 1
        assert 0 < shade[0] < 255
