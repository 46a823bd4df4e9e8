"""The E-POSTBUSINESS API: log in for a token, submit letters, ask what became of them.

Source: E-POSTBUSINESS API 2.6.1. Not covered: setting a password by SMS, Campaign, Client and Vendor, the plug-ins
Automover and minimum quantity, a cover sheet of one's own, the mail with the test result, the fields of which only
production knows (FrankierID, arrival in the destination area).
"""

from __future__ import annotations

from base64 import b64encode
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from .credentials import issue_token, token_is_good
from .epost_model import LETTERS, NUMBERS, Login, Refused, errors_of, status_of
from .letter import Letter, LetterStatus, QueueAnswer, Tracking
from .request import problems_of, struck

if TYPE_CHECKING:
    from .office import PostOffice

Handle = Callable[["PostOffice", Request], Awaitable[Response]]

_MESSAGES = {
    QueueAnswer.UNKNOWN: "Die angegebene LetterID ist ungültig/unbekannt.",
    QueueAnswer.NOT_QUEUED: "Die angegebene LetterID befindet sich nicht in der Warteschlange",
    QueueAnswer.IN_PRODUCTION: "Die angegebene LetterID wurde bereits in die Produktion überführt",
}


def _error(status: int, code: str, text: str) -> Response:
    return JSONResponse({"level": "Error", "code": code, "description": text}, status)


def _guarded(handle: Handle, *, open_to_all: bool = False, is_query: bool = False) -> Callable[..., Any]:
    """Let a request in: faults of the line first, then the token, the pace of status queries, then the body."""

    async def endpoint(request: Request) -> Response:
        office: PostOffice = request.app.state.owner
        status = struck(office, request)
        if status is not None:
            return _error(status, "E322" if status == 429 else "E501", "Später noch einmal versuchen")
        if not open_to_all:
            scheme, _, token = request.headers.get("authorization", "").partition(" ")
            if scheme.lower() != "bearer" or not token_is_good(office.credentials, token, office.physics.clock.now):
                return _error(401, "E101", "Token fehlt, ist ungültig oder abgelaufen; neu anmelden: POST /api/Login")
        if is_query and not office.may_query():
            seconds = int(office.profile.status_interval.total_seconds())
            return _error(429, "E322", f"Zwischen zwei Statusabfragen liegen mindestens {seconds} Sekunden")
        try:
            return await handle(office, request)
        except ValidationError as error:
            return _error(400, "E313", problems_of(error))
        except Refused as refused:
            return _error(400, refused.code, str(refused))

    return endpoint


async def log_in(office: PostOffice, request: Request) -> Response:
    wish, owner = Login.model_validate_json(await request.body()), office.credentials
    given = (wish.vendorID, wish.ekp, wish.secret, wish.password)
    if given != (owner.vendor_id, owner.ekp, owner.secret, owner.password):
        return _error(401, "E001", "Ungültige Zugangsdaten")
    life = timedelta(minutes=wish.tokenDuration)
    return JSONResponse({"token": issue_token(owner, office.physics.clock.now, life)})


async def health(office: PostOffice, request: Request) -> Response:
    return JSONResponse({"level": "Info", "code": "I501", "description": "API-Status: OK"})


async def submit(office: PostOffice, request: Request) -> Response:
    """All letters of the array, or none: the whole request is checked before any is taken."""
    wishes = LETTERS.validate_json(await request.body())
    if not wishes:
        raise Refused("E313", "Das Array enthält keine Sendung")
    name, count = Counter(wish.fileName for wish in wishes).most_common(1)[0]
    if count > 1:
        raise Refused("E309", f"fileName '{name}' kommt in dieser Anfrage mehrmals vor")
    today = office.physics.clock.now.date()
    orders = [wish.order(today) for wish in wishes]
    letters = [office.submit(order) for order in orders]
    return JSONResponse([{"fileName": le.order.file_name, "letterID": le.number} for le in letters])


async def look_up(office: PostOffice, request: Request) -> Response:
    letter = office.letter(request.path_params["number"])
    if letter is None or letter.order.channel != "epost":
        return _error(404, "E201", f"Keine Sendung mit der LetterID {request.path_params['number']}")
    return JSONResponse(status_of(letter, office.physics.clock.now))


async def query(office: PostOffice, request: Request) -> Response:
    wanted = set(NUMBERS.validate_json(await request.body()))
    return _listed(office, request, (le for le in _letters(office) if le.number in wanted))


async def by_date(office: PostOffice, request: Request) -> Response:
    return _listed(office, request, _created(office, request))


async def still_open(office: PostOffice, request: Request) -> Response:
    now = office.physics.clock.now
    final = (LetterStatus.POSTED, LetterStatus.FAILED)
    found = (le for le in _letters(office) if not le.order.test and le.status(now) not in final)
    return _listed(office, request, found)


async def registered(office: PostOffice, request: Request) -> Response:
    now, only_open = office.physics.clock.now, _flag(request, "onlyOpen")
    final = (Tracking.DELIVERED, Tracking.RETURNED_TO_SENDER)
    found = (le for le in _created(office, request) if le.order.registered is not None)
    return _listed(office, request, (le for le in found if not only_open or le.tracking(now) not in final))


async def by_custom1(office: PostOffice, request: Request) -> Response:
    wanted = _text(request, "custom1")
    return _listed(office, request, (le for le in _letters(office) if le.order.custom[0] == wanted))


async def by_batch(office: PostOffice, request: Request) -> Response:
    wanted = _number(request, "batchId")
    return _listed(office, request, (le for le in _letters(office) if le.order.batch == wanted))


async def premium(office: PostOffice, request: Request) -> Response:
    now, only_told = office.physics.clock.now, _flag(request, "onlyFeedback")
    found = (le for le in _created(office, request) if le.order.premium is not None)
    return _listed(office, request, (le for le in found if not only_told or le.told(now) is not None))


async def test_result(office: PostOffice, request: Request) -> Response:
    """The PDF of a test letter, as it was submitted."""
    letter = office.letter(_number(request, "letterID"))
    if letter is None or not letter.order.test:
        return _error(404, "E201", "Keine Testsendung mit dieser LetterID")
    data = b64encode(letter.order.pdf).decode()
    return JSONResponse({"letterID": letter.number, "fileName": letter.order.file_name, "data": data})


async def cancel_queued(office: PostOffice, request: Request) -> Response:
    def cancel(number: int) -> QueueAnswer:
        letter = office.letter(number)
        if letter is not None and not letter.queued:  # this API cancels nothing but what it was asked to hold back
            return QueueAnswer.IN_PRODUCTION if letter.order.queued_until else QueueAnswer.NOT_QUEUED
        return office.cancel(number)

    return await _queue_answers(request, cancel, "Abbruch der Sendung war erfolgreich")


async def release_queued(office: PostOffice, request: Request) -> Response:
    return await _queue_answers(request, office.release, "Freigabe der Sendung war erfolgreich")


async def _queue_answers(request: Request, act: Callable[[int], QueueAnswer], done: str) -> Response:
    answers = []
    for number in NUMBERS.validate_json(await request.body()):
        answer = act(number)
        message = _MESSAGES.get(answer, done)
        answers.append({"letterID": number, "successful": answer is QueueAnswer.DONE, "message": message})
    return JSONResponse(answers)


def _letters(office: PostOffice) -> Iterable[Letter]:
    return (letter for letter in office.letters.values() if letter.order.channel == "epost")


def _created(office: PostOffice, request: Request) -> Iterable[Letter]:
    """The letters submitted from `fromDate` to `tillDate`, both included."""
    first, last = _day(request, "fromDate"), _day(request, "tillDate")
    return (letter for letter in _letters(office) if first <= letter.created_at.date() <= last)


def _listed(office: PostOffice, request: Request, letters: Iterable[Letter]) -> Response:
    """The status of each letter; with `onlyIssues=true` only of those with errors or warnings."""
    now, only_issues = office.physics.clock.now, _flag(request, "onlyIssues")
    chosen = (le for le in letters if not only_issues or errors_of(le, le.status(now)))
    return JSONResponse([status_of(letter, now) for letter in chosen])


def _text(request: Request, name: str) -> str:
    value = request.query_params.get(name)
    if not value:
        raise Refused("E313", f"Der Parameter {name} fehlt")
    return value


def _flag(request: Request, name: str) -> bool:
    value = request.query_params.get(name, "false").lower()
    if value not in ("true", "false"):
        raise Refused("E313", f"{name} ist true oder false, nicht '{value[:20]}'")
    return value == "true"


def _number(request: Request, name: str) -> int:
    value = _text(request, name)
    try:
        return int(value)
    except ValueError as error:
        raise Refused("E313", f"{name} ist eine Zahl, nicht '{value[:20]}'") from error


def _day(request: Request, name: str) -> date:
    value = _text(request, name)
    try:
        return date.fromisoformat(value[:10])
    except ValueError as error:
        raise Refused("E313", f"{name} ist ein Tag wie 2021-03-23, nicht '{value[:20]}'") from error


ROUTES = (
    Route("/api/Login", _guarded(log_in, open_to_all=True), methods=["POST"]),
    Route("/api/Login/HealthCheck", _guarded(health, open_to_all=True), methods=["GET"]),
    Route("/api/Letter", _guarded(submit), methods=["POST"]),
    Route("/api/Letter/StatusQuery", _guarded(query, is_query=True), methods=["POST"]),
    Route("/api/Letter/Date", _guarded(by_date, is_query=True), methods=["GET"]),
    Route("/api/Letter/Open", _guarded(still_open, is_query=True), methods=["GET"]),
    Route("/api/Letter/Registered", _guarded(registered, is_query=True), methods=["GET"]),
    Route("/api/Letter/Custom1", _guarded(by_custom1, is_query=True), methods=["GET"]),
    Route("/api/Letter/Batch", _guarded(by_batch, is_query=True), methods=["GET"]),
    Route("/api/Letter/PremiumAdressFeedback", _guarded(premium, is_query=True), methods=["GET"]),
    Route("/api/Letter/TestResult", _guarded(test_result), methods=["GET"]),
    Route("/api/Letter/CancelQueued", _guarded(cancel_queued), methods=["POST"]),
    Route("/api/Letter/ReleaseQueued", _guarded(release_queued), methods=["POST"]),
    Route("/api/Letter/{number:int}", _guarded(look_up, is_query=True), methods=["GET"]),
)
