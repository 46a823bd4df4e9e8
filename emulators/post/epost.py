"""The E-POSTBUSINESS API: log in for a token, submit letters, ask what became of them.

Source: E-POSTBUSINESS API 2.6.1. Not covered: setting a password by SMS, Campaign, Client and Vendor, the plug-ins
Automover and minimum quantity, a cover sheet of one's own, the mail with the test result, the fields of which only
production knows (FrankierID, arrival in the destination area). Added: `openapi.json`.
"""

from __future__ import annotations

import re
from base64 import b64encode
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable, Mapping
from datetime import date, timedelta
from typing import TYPE_CHECKING

from pydantic import ValidationError
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from emulators.wire.openapi import below

from .credentials import issue_token, token_is_good
from .epost_german import problems_in_german
from .epost_model import LETTERS, NUMBERS, OPEN, Login, Refused, code_of
from .epost_openapi import document
from .epost_shape import (
    Finding,
    LetterState,
    QueueResult,
    Submitted,
    TestResult,
    Token,
    errors_of,
    status_of,
)
from .letter import Letter, LetterStatus, QueueAnswer, Tracking
from .request import Endpoint, Resource, number_in_path, struck

if TYPE_CHECKING:
    from .office import PostOffice

Handle = Callable[["PostOffice", Request], Awaitable[Response]]

MAX_REQUEST = 300 * 1024 * 1024
"""Bytes of one request, however many letters are in it. Source: E-POSTBUSINESS API; status and code are ours."""

_MESSAGES = {
    QueueAnswer.UNKNOWN: "Die angegebene LetterID ist ungültig/unbekannt.",
    QueueAnswer.NOT_QUEUED: "Die angegebene LetterID befindet sich nicht in der Warteschlange",
    QueueAnswer.IN_PRODUCTION: "Die angegebene LetterID wurde bereits in die Produktion überführt",
}


# A day, or a moment of which only the day counts; the plus of its offset may have become a blank.
_DAY = re.compile(r"([0-9]{4}-[0-9]{2}-[0-9]{2})(?:[Tt ][0-9:.,+ Zz-]*)?")
_NUMBER = re.compile(r"-?[0-9]{1,18}")


def _error(status: int, code: str, text: str) -> Response:
    error: Finding = {"level": "Error", "code": code, "description": text}
    return JSONResponse(error, status)


def _guarded(handle: Handle, *, is_query: bool = False) -> Endpoint:
    """Let a request in: faults of the line first, then length, token, the pace of status queries, then the body."""

    async def endpoint(request: Request) -> Response:
        office: PostOffice = request.app.state.owner
        status = struck(office, request)
        if status is not None:
            return _error(status, "E322" if status == 429 else "E501", "Später noch einmal versuchen")
        if len(await request.body()) > MAX_REQUEST:
            return too_long()
        if request.scope["path"] not in OPEN:
            scheme, _, token = request.headers.get("authorization", "").partition(" ")
            if scheme.lower() != "bearer" or not token_is_good(office.credentials, token, office.physics.clock.now):
                return _error(401, "E101", "Token fehlt, ist ungültig oder abgelaufen; neu anmelden: POST /api/Login")
        if is_query and not office.may_query():
            seconds = int(office.profile.status_interval.total_seconds())
            return _error(429, "E322", f"Zwischen zwei Statusabfragen liegen mindestens {seconds} Sekunden")
        try:
            return await handle(office, request)
        except ValidationError as error:
            return _error(400, code_of(error), problems_in_german(error))
        except Refused as refused:
            return _error(400, refused.code, str(refused))

    return endpoint


async def log_in(office: PostOffice, request: Request) -> Response:
    wish, owner = Login.model_validate_json(await request.body()), office.credentials
    given = (wish.vendorID, wish.ekp, wish.secret, wish.password)
    if given != (owner.vendor_id, owner.ekp, owner.secret, owner.password):
        return _error(401, "E001", "Ungültige Zugangsdaten")
    life = timedelta(minutes=wish.tokenDuration)
    answer: Token = {"token": issue_token(owner, office.physics.clock.now, life)}
    return JSONResponse(answer)


async def health(office: PostOffice, request: Request) -> Response:
    answer: Finding = {"level": "Info", "code": "I501", "description": "API-Status: OK"}
    return JSONResponse(answer)


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
    answer: list[Submitted] = [{"fileName": le.order.file_name, "letterID": le.number} for le in letters]
    return JSONResponse(answer)


async def look_up(office: PostOffice, request: Request) -> Response:
    number = number_in_path(request)
    letter = None if number is None else _letter(office, number)
    if letter is None:
        return _error(404, "E201", f"Keine Sendung mit der LetterID {request.path_params['number'][:20]}")
    answer: LetterState = status_of(letter, office.physics.clock.now)
    return JSONResponse(answer)


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
    letter = _letter(office, _number(request, "letterID"))
    if letter is None or not letter.order.test:
        return _error(404, "E201", "Keine Testsendung mit dieser LetterID")
    data = b64encode(letter.order.pdf).decode()
    answer: TestResult = {"letterID": letter.number, "fileName": letter.order.file_name, "data": data}
    return JSONResponse(answer)


async def cancel_queued(office: PostOffice, request: Request) -> Response:
    def cancel(letter: Letter) -> QueueAnswer:
        if not letter.queued:  # this API cancels nothing but what it was asked to hold back
            return QueueAnswer.IN_PRODUCTION if letter.order.queued_until else QueueAnswer.NOT_QUEUED
        return office.cancel(letter.number)

    return await _queue_answers(office, request, cancel, "Abbruch der Sendung war erfolgreich")


async def release_queued(office: PostOffice, request: Request) -> Response:
    def release(letter: Letter) -> QueueAnswer:
        return office.release(letter.number)

    return await _queue_answers(office, request, release, "Freigabe der Sendung war erfolgreich")


async def _queue_answers(
    office: PostOffice, request: Request, act: Callable[[Letter], QueueAnswer], done: str
) -> Response:
    answers: list[QueueResult] = []
    for number in NUMBERS.validate_json(await request.body()):
        letter = _letter(office, number)
        answer = act(letter) if letter is not None else QueueAnswer.UNKNOWN
        message = _MESSAGES.get(answer, done)
        answers.append({"letterID": number, "successful": answer is QueueAnswer.DONE, "message": message})
    return JSONResponse(answers)


def _letter(office: PostOffice, number: int) -> Letter | None:
    """The letter with that number, if it came in by this API."""
    letter = office.letter(number)
    return letter if letter is not None and letter.order.channel == "epost" else None


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
    answer: list[LetterState] = [status_of(letter, now) for letter in chosen]
    return JSONResponse(answer)


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
    if _NUMBER.fullmatch(value) is None:
        raise Refused("E313", f"{name} ist eine Zahl, nicht '{value[:20]}'")
    return int(value)


def _day(request: Request, name: str) -> date:
    value = _text(request, name)
    found = _DAY.fullmatch(value)
    try:
        return date.fromisoformat(found[1] if found else "")
    except ValueError as error:
        raise Refused("E313", f"{name} ist ein Tag wie 2021-03-23, nicht '{value[:20]}'") from error


def not_there() -> Response:
    """What is answered at a path that this API does not have."""
    return _error(404, "E313", "Diesen Pfad gibt es nicht; siehe /api/openapi.json")


def too_long() -> Response:
    """What is answered to a request of more than `MAX_REQUEST` bytes."""
    return _error(413, "E303", f"Die Anfrage hat mehr als {MAX_REQUEST} Byte; auf mehrere verteilen")


def _wrong_method(allowed: str) -> Response:
    return _error(405, "E313", f"An diesem Pfad geht {allowed}")


async def _description(request: Request) -> Response:
    return JSONResponse(below(document(), request.scope.get("root_path", "")))


HANDLERS: Mapping[str, Mapping[str, Endpoint]] = {
    "/api/Login": {"POST": _guarded(log_in)},
    "/api/Login/HealthCheck": {"GET": _guarded(health)},
    "/api/Letter": {"POST": _guarded(submit)},
    "/api/Letter/StatusQuery": {"POST": _guarded(query, is_query=True)},
    "/api/Letter/Date": {"GET": _guarded(by_date, is_query=True)},
    "/api/Letter/Open": {"GET": _guarded(still_open, is_query=True)},
    "/api/Letter/Registered": {"GET": _guarded(registered, is_query=True)},
    "/api/Letter/Custom1": {"GET": _guarded(by_custom1, is_query=True)},
    "/api/Letter/Batch": {"GET": _guarded(by_batch, is_query=True)},
    "/api/Letter/PremiumAdressFeedback": {"GET": _guarded(premium, is_query=True)},
    "/api/Letter/TestResult": {"GET": _guarded(test_result)},
    "/api/Letter/CancelQueued": {"POST": _guarded(cancel_queued)},
    "/api/Letter/ReleaseQueued": {"POST": _guarded(release_queued)},
    "/api/Letter/{number}": {"GET": _guarded(look_up, is_query=True)},
    "/api/openapi.json": {"GET": _description},
}
ROUTES = tuple(Route(path, Resource(by_method, _wrong_method)) for path, by_method in HANDLERS.items())
