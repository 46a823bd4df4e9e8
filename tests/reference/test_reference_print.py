"""The insurer's letters on paper: which text stands on which sheet, and that nothing falls off it."""

from __future__ import annotations

from datetime import date

from emulators.post.order import LetterOrder, check
from harness.reference.insurer.print import print_letter

TO = ("Ada Muster", "Hauptstraße 5", "40210 Düsseldorf")
DAY = date(2021, 3, 23)


def sheets(body: str, qr: str | None = None) -> list[str]:
    """The text of each sheet, of a letter that the print centre takes without a word."""
    checked = check(LetterOrder(print_letter("Musterkasse", TO, DAY, "Betreff", body, qr), "a.pdf"), DAY)
    assert (checked.problems, checked.recipient) == ((), TO)
    return [sheet.text for sheet in checked.sheets]


def test_a_form_feed_begins_another_sheet() -> None:
    one, two = sheets("PIN: 123456\fPUK: 12345678")
    assert ("PIN: 123456" in one, "PUK" in one) == (True, False)
    assert two.strip() == "PUK: 12345678"


def test_a_text_of_many_lines_goes_on_to_further_sheets_and_loses_none() -> None:
    lines = [f"Zeile {number}." for number in range(100)]
    written = sheets("\n".join(lines), qr="https://musterkasse.example/")
    assert len(written) == 3
    found = [line for text in written for line in text.splitlines() if line.startswith("Zeile")]
    assert found == lines


def test_the_text_of_a_full_first_sheet_leaves_the_qr_code_readable() -> None:
    body = "\n".join("Zeile um Zeile füllt sich das Blatt bis an den Rand." for _ in range(60))
    pdf = print_letter("Musterkasse", TO, DAY, "Betreff", body, "https://musterkasse.example/?code=ABCD2345")
    assert check(LetterOrder(pdf, "a.pdf"), DAY).sheets[0].codes() == ("https://musterkasse.example/?code=ABCD2345",)
