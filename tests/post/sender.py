"""Letters to be posted, and a client that posts them. Everything TEST ONLY."""

from __future__ import annotations

import base64
import io
import json
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from reportlab.lib.units import mm  # type: ignore[import-untyped]
from reportlab.pdfgen.canvas import Canvas  # type: ignore[import-untyped]

from emulators.core.clock import BERLIN
from emulators.core.person import Address
from emulators.post.office import PostOffice
from emulators.post.order import LetterOrder
from emulators.wire.http import call

HOME = Address("Hauptstraße", "5", "40210", "Düsseldorf", "NW")
NEXT_DOOR = Address("Hauptstraße", "7", "40210", "Düsseldorf", "NW")
# Tuesday 23 March 2021, nine o'clock
TUESDAY = datetime(2021, 3, 23, 9, 0, tzinfo=BERLIN)
CODE = ("TEST ONLY", "Ihr Aktivierungscode: ABCD-1234", "Bitte eingeben.")
ANNE = ("Änne Groß", "Hauptstr. 5", "40210 Düsseldorf")
KLEIN = ("Jan Klein", "Hauptstraße 7", "40210 Düsseldorf")

Text = tuple[float, float, str]  # millimetres from the left and from the top
A4 = (210.0, 297.0)


def pdf(pages: Sequence[Sequence[Text]], *, size: tuple[float, float] = A4, encrypt: str | None = None) -> bytes:
    """A PDF with texts at their places."""
    out = io.BytesIO()
    canvas = Canvas(out, pagesize=(size[0] * mm, size[1] * mm), invariant=1, encrypt=encrypt)
    for texts in pages:
        canvas.setFont("Helvetica", 10)
        for x, y, text in texts:
            canvas.drawString(x * mm, (size[1] - y) * mm, text)
        canvas.showPage()
    canvas.save()
    return out.getvalue()


def front(
    recipient: Sequence[str] = ANNE, lines: Sequence[str] = CODE, sender: str = "Musterkasse · 12345 Musterstadt"
) -> list[Text]:
    """The first page of a letter after DIN 5008 form B."""
    texts = [(25.0, 61.5, sender)] if sender else []
    texts += [(25.0, 67.5 + 4.2 * number, line) for number, line in enumerate(recipient)]
    return texts + [(25.0, 110 + 5.0 * number, line) for number, line in enumerate(lines)]


def letter(recipient: Sequence[str] = ANNE, lines: Sequence[str] = CODE, *more: Sequence[str]) -> bytes:
    """A proper letter; each of `more` is a further page."""
    further = [[(25.0, 30 + 5.0 * number, line) for number, line in enumerate(page)] for page in more]
    return pdf([front(recipient, lines), *further])


def order(recipient: Sequence[str] = ANNE, lines: Sequence[str] = CODE, **changes: Any) -> LetterOrder:
    changes.setdefault("pdf", letter(recipient, lines))
    changes.setdefault("file_name", "letter.pdf")
    return LetterOrder(**changes)


def at(day: int, hour: int, minute: int = 0, month: int = 3) -> datetime:
    return datetime(2021, month, day, hour, minute, tzinfo=BERLIN)


class Epost:
    """A client of the E-POST API, logged in on first use."""

    def __init__(self, office: PostOffice) -> None:
        self.office = office
        self.token: str | None = None

    def ask(self, method: str, path: str, body: object = None, token: str | None = None) -> tuple[int, Any]:
        raw = body if isinstance(body, bytes) else b"" if body is None else json.dumps(body).encode()
        if token is None and self.token is None:
            self.token = self.log_in()[1]["token"]
        headers = {"Authorization": f"Bearer {self.token if token is None else token}"}
        answer = call(self.office.app, method, f"http://post.example{path}", headers, raw)
        if answer.status == 401 and token is None:  # it has run out: once more with a fresh one
            return self.ask(method, path, body, self.log_in()[1]["token"])
        return answer.status, json.loads(answer.body)

    def log_in(self, **changes: object) -> tuple[int, Any]:
        mine = self.office.credentials
        body = {"vendorID": mine.vendor_id, "ekp": mine.ekp, "secret": mine.secret, "password": mine.password}
        raw = json.dumps(body | changes).encode()
        answer = call(self.office.app, "POST", "http://post.example/api/Login", {}, raw)
        return answer.status, json.loads(answer.body)

    def send(self, **changes: object) -> int:
        status, answer = self.ask("POST", "/api/Letter", [epost_letter(**changes)])
        assert status == 200, answer
        return int(answer[0]["letterID"])

    def status(self, number: int) -> Any:
        return self.ask("GET", f"/api/Letter/{number}")[1]


def epost_letter(**changes: object) -> dict[str, object]:
    data = changes.pop("pdf", None) or letter()
    assert isinstance(data, bytes)
    return {
        "fileName": "letter.pdf",
        "data": base64.b64encode(data).decode(),
        "addressLine1": "Änne Groß",
        "addressLine2": "Hauptstr. 5",
        "zipCode": "40210",
        "city": "Düsseldorf",
        **changes,
    }
