"""The LetterXpress API, version 3: print jobs with the login in each body, also of a GET; the address is in the PDF.

Source: three public clients of the API. What they do not show (texts of errors, figures of prices) is ours.
A job in mode `test` stays a draft. Not covered: attachments, the limit of requests a minute. Added: `openapi.json`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import TYPE_CHECKING, get_args

from pydantic import ValidationError
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from emulators.wire.openapi import below

from .letter import Letter, LetterStatus, QueueAnswer
from .letterxpress_model import (
    Balance,
    Change,
    Color,
    Item,
    Job,
    JobStatus,
    Login,
    Price,
    PriceQuestion,
    RegisteredCode,
    Shipping,
    Submission,
)
from .letterxpress_openapi import document
from .order import LetterOrder, Registered, check, is_abroad
from .request import Endpoint, Resource, TooLarge, number_in_path, pdf_in, problems_of, struck

if TYPE_CHECKING:
    from .office import PostOffice

MAX_PDF = 50 * 1024 * 1024
"""Bytes of one PDF. Source: letterxpress.de, LXP API: up to 50 MB; status and text of the answer are ours."""

_REGISTERED: Mapping[RegisteredCode, Registered] = {"r1": Registered.DROPPED, "r2": Registered.HANDED_OVER}
_CENT = Decimal("0.01")
# Net, in euros; figures of this emulator, not of a price list.
_POSTAGE: Mapping[Shipping, Decimal] = {
    "national": Decimal("0.95"),
    "international": Decimal("1.25"),
    "auto": Decimal("0.95"),
}
_PAGE: Mapping[Color, Decimal] = {"1": Decimal("0.05"), "4": Decimal("0.15")}
_EXTRA: Mapping[RegisteredCode | None, Decimal] = {None: Decimal(0), "r1": Decimal("2.35"), "r2": Decimal("2.65")}
_VAT = Decimal("0.19")
_CREDIT = Decimal("1000.00")


class Wrong(ValueError):
    """A request that cannot be carried out; `status` is the HTTP status of the answer."""

    def __init__(self, status: int, text: str) -> None:
        super().__init__(text)
        self.status = status


Handle = Callable[["PostOffice", Request, bytes], Response]


def _guarded(handle: Handle) -> Endpoint:
    """Let a request in: faults of the line first, then the login in the body, then the body."""

    async def endpoint(request: Request) -> Response:
        office: PostOffice = request.app.state.owner
        status = struck(office, request)
        if status is not None:
            return _answer(status, "Try again later.")
        body = await request.body()
        try:
            auth = Login.model_validate_json(body).auth
        except ValidationError as error:
            if any(e["loc"][:2] != ("auth", "mode") for e in error.errors()):
                return JSONResponse({"message": "Unauthorized."}, 401)
            return _answer(400, problems_of(error))
        if (auth.username, auth.apikey) != (office.credentials.username, office.credentials.apikey):
            return JSONResponse({"message": "Unauthorized."}, 401)
        try:
            return handle(office, request, body)
        except ValidationError as error:
            return _answer(400, problems_of(error))
        except Wrong as wrong:
            return _answer(wrong.status, str(wrong))

    return endpoint


def _answer(status: int, message: str, data: object = None) -> Response:
    return JSONResponse({"status": status, "message": message, **({} if data is None else {"data": data})}, status)


def create(office: PostOffice, request: Request, body: bytes) -> Response:
    wish = Submission.model_validate_json(body)
    order = _order(wish, office.physics.clock.now.date())
    checked = check(order, office.physics.clock.now.date())
    if not checked.accepted:
        raise Wrong(400, "; ".join(problem.text for problem in checked.problems if problem.level == "Error"))
    return _answer(200, "OK", _job(office, office.submit(order)))


def jobs(office: PostOffice, request: Request, body: bytes) -> Response:
    wanted = request.query_params.get("filter")
    if wanted is not None and wanted not in get_args(JobStatus):
        raise Wrong(400, f"filter: {', '.join(get_args(JobStatus))}, not '{wanted[:20]}'")
    found = [_job(office, le) for le in office.letters.values() if le.order.channel == "letterxpress"]
    return _answer(200, "OK", [job for job in found if wanted in (None, job["status"])])


def show(office: PostOffice, request: Request, body: bytes) -> Response:
    return _answer(200, "OK", _job(office, _letter(office, request)))


def change(office: PostOffice, request: Request, body: bytes) -> Response:
    """Another day of dispatch, or none, for a job that is held back until its day."""
    letter, wish = _letter(office, request), Change.model_validate_json(body)
    due = _future(wish.letter.dispatch_date, office.physics.clock.now.date())
    if office.reschedule(letter.number, due) is not QueueAnswer.DONE:
        raise Wrong(409, f"Print job {letter.number} is not waiting for its day any more")
    return _answer(200, "OK", _job(office, letter))


def delete(office: PostOffice, request: Request, body: bytes) -> Response:
    letter = _letter(office, request)
    if office.cancel(letter.number) is not QueueAnswer.DONE:
        raise Wrong(409, f"Print job {letter.number} cannot be cancelled any more")
    return _answer(200, "OK", _job(office, letter))


def balance(office: PostOffice, request: Request, body: bytes) -> Response:
    spent = sum((_gross(le) for le in office.letters.values() if _counts(le, office)), Decimal(0))
    left: Balance = {"balance": str(_CREDIT - spent), "currency": "EUR"}
    return _answer(200, "OK", left)


def price(office: PostOffice, request: Request, body: bytes) -> Response:
    wish = PriceQuestion.model_validate_json(body).letter
    pages = wish.specification.pages or 1
    amount = _net(wish.specification.color, wish.specification.shipping, wish.registered, pages)
    asked: Price = {"price": float(amount), "vat": float(_vat(amount)), "currency": "EUR"}
    return _answer(200, "OK", asked)


def _order(wish: Submission, today: date) -> LetterOrder:
    letter, spec = wish.letter, wish.letter.specification
    try:
        pdf = pdf_in(letter.base64_file, MAX_PDF)
    except TooLarge as error:
        raise Wrong(413, f"base64_file: {error}") from error
    except ValueError as error:
        raise Wrong(400, f"base64_file: {error}") from error
    checksum = hashlib.md5(letter.base64_file.encode(), usedforsecurity=False).hexdigest()
    if letter.base64_file_checksum.lower() != checksum:
        raise Wrong(400, f"base64_file_checksum: the MD5 of the base64 text is {checksum}")
    return LetterOrder(
        pdf=pdf,
        file_name=letter.filename_original,
        registered=_REGISTERED[letter.registered] if letter.registered else None,
        abroad=spec.shipping == "international",
        colour=spec.color == "4",
        duplex=spec.mode == "duplex",
        test=wish.auth.mode == "test",
        queued_until=_future(letter.dispatch_date, today),
        channel="letterxpress",
    )


def _future(due: date | None, today: date) -> date | None:
    if due is not None and due <= today:
        raise Wrong(400, f"dispatch_date: {due} is not in the future, today is {today}")
    if due is not None and due > today + timedelta(days=366):
        raise Wrong(400, f"dispatch_date: {due} is more than a year away")
    return due


def _letter(office: PostOffice, request: Request) -> Letter:
    number = number_in_path(request)
    letter = None if number is None else office.letter(number)
    if letter is None or letter.order.channel != "letterxpress":
        raise Wrong(404, f"No print job {request.path_params['number'][:20]}")
    return letter


def _job(office: PostOffice, letter: Letter) -> Job:
    now, amount = office.physics.clock.now, _amount(letter)
    status, day = _status(office, letter), letter.order.queued_until
    item: Item = {
        "address": "\n".join(letter.recipient),
        "pages": len(letter.sheets),
        "amount": float(amount),
        "vat": float(_vat(amount)),
        "status": "sent" if status == "done" else status,
    }
    if letter.tracking_number:
        item["tracking_code"] = letter.tracking_number
        item["tracking_status"] = letter.tracking(now)
    return {
        "id": letter.number,
        "status": status,
        "filename_original": letter.order.file_name,
        "dispatch_date": day.isoformat() if day else None,
        "items": [item],
    }


def _status(office: PostOffice, letter: Letter) -> JobStatus:
    if letter.order.test:
        return "draft"
    if letter.canceled:
        return "canceled"
    match letter.status(office.physics.clock.now):
        case LetterStatus.POSTED:
            return "done"
        case LetterStatus.FAILED:
            return "hold"
    return "queue"


def _counts(letter: Letter, office: PostOffice) -> bool:
    return letter.order.channel == "letterxpress" and _status(office, letter) in ("queue", "done")


def _amount(letter: Letter) -> Decimal:
    code = next((code for code, kind in _REGISTERED.items() if kind is letter.order.registered), None)
    shipping: Shipping = "international" if letter.order.abroad or is_abroad(letter.recipient) else "national"
    return _net("4" if letter.order.colour else "1", shipping, code, len(letter.sheets))


def _net(color: Color, shipping: Shipping, registered: RegisteredCode | None, pages: int) -> Decimal:
    return _POSTAGE[shipping] + pages * _PAGE[color] + _EXTRA[registered]


def _vat(amount: Decimal) -> Decimal:
    return (amount * _VAT).quantize(_CENT, ROUND_HALF_UP)


def _gross(letter: Letter) -> Decimal:
    return _amount(letter) + _vat(_amount(letter))


def not_there() -> Response:
    """What is answered at a path that this API does not have."""
    return _answer(404, "No such path; see /v3/openapi.json")


def too_long() -> Response:
    """What is answered to a request that is longer than the door takes."""
    return _answer(413, f"This is too long; a PDF has at most {MAX_PDF} bytes")


def _wrong_method(allowed: str) -> Response:
    return _answer(405, f"This path takes {allowed}")


async def _description(request: Request) -> Response:
    return JSONResponse(below(document(), request.scope.get("root_path", "")))


HANDLERS: Mapping[str, Mapping[str, Endpoint]] = {
    "/v3/balance": {"GET": _guarded(balance)},
    "/v3/price": {"GET": _guarded(price)},
    "/v3/printjobs": {"POST": _guarded(create), "GET": _guarded(jobs)},
    "/v3/printjobs/{number}": {"GET": _guarded(show), "PUT": _guarded(change), "DELETE": _guarded(delete)},
    "/v3/openapi.json": {"GET": _description},
}
ROUTES = tuple(Route(path, Resource(by_method, _wrong_method)) for path, by_method in HANDLERS.items())
