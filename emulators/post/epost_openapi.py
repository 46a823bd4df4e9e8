"""The description of the E-POSTBUSINESS API in OpenAPI 3.1, made of the types that the API itself is written with."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any, NamedTuple

from pydantic import TypeAdapter

from emulators.wire import openapi
from emulators.wire.openapi import Schema, json_content, reference

from .epost_model import LETTERS, NUMBERS, OPEN, Login
from .epost_shape import Finding, LetterState, QueueResult, Submitted, TestResult, Token

_ABOUT = """Letters of this test bench, in the shape of the E-POSTBUSINESS API, version 2.6.1. TEST ONLY.

`POST /api/Login` gives the token that all else needs. What the check of a PDF finds is told by the status of the
letter. Before any API of the bench, its door answers 408, 431 and 503 in a shape of its own,
`{"error", "detail"}`."""

_PROBLEMS: Mapping[int, str] = {
    400: "not understood, or not taken; the description says what",
    401: "the login is wrong, or the token missing, wrong or run out",
    404: "no such letter",
    413: "a request of more than 300 MB",
    429: "too many requests: status queries faster than the bench was told to allow, or a fault",
    503: "out of order; only as a fault",
}
_ALWAYS = (429, 503)
_COUNT: Schema = {"type": "integer", "minimum": -(10**18) + 1, "maximum": 10**18 - 1}
_FLAG: Schema = {"type": "boolean", "default": False}
_DAY: Schema = {"type": "string", "anyOf": [{"format": "date"}, {"format": "date-time"}]}
_QUERY: Mapping[str, tuple[str, Schema]] = {
    "fromDate": ("the first day of submission", _DAY),
    "tillDate": ("the last day of submission", _DAY),
    "custom1": ("`custom1` of the letters", {"type": "string", "minLength": 1}),
    "batchId": ("`batchID` of the letters", _COUNT),
    "letterID": ("the letter", _COUNT),
    "onlyIssues": ("only letters with errors or warnings", _FLAG),
    "onlyOpen": ("only letters that are still on their way", _FLAG),
    "onlyFeedback": ("only letters of which something is told", _FLAG),
}
_NUMBER = openapi.parameter(
    "number", "path", "`letterID`", {"type": "integer", "minimum": 1, "examples": [1]}, required=True
)


class Operation(NamedTuple):
    """What can be asked at a path: `answer` is the schema of a 200, `problems` what may come besides `_ALWAYS`.

    `needs` are the parameters it cannot do without, `may` those it takes besides.
    """

    about: str
    answer: Schema
    problems: tuple[int, ...]
    needs: tuple[str, ...] = ()
    may: tuple[str, ...] = ()
    body: str | None = None


def _one(shape: type) -> Schema:
    return reference(shape.__name__)


def _some(shape: type) -> Schema:
    return {"type": "array", "items": _one(shape)}


_STATES, _QUEUE = _some(LetterState), _some(QueueResult)
_ODD, _GONE = (400, 401), (401, 404)
_PERIOD, _ISSUES = ("fromDate", "tillDate"), ("onlyIssues",)
_TOLD, _OPEN = ("onlyFeedback", "onlyIssues"), ("onlyOpen", "onlyIssues")

OPERATIONS: Mapping[tuple[str, str], Operation] = {
    ("/api/Login", "POST"): Operation("Log in for a token", _one(Token), _ODD, body="Login"),
    ("/api/Login/HealthCheck", "GET"): Operation("Whether the API is up", _one(Finding), ()),
    ("/api/Letter", "POST"): Operation("Submit letters, all or none", _some(Submitted), (*_ODD, 413), body="Letters"),
    ("/api/Letter/StatusQuery", "POST"): Operation("These letters", _STATES, _ODD, may=_ISSUES, body="LetterIDs"),
    ("/api/Letter/Date", "GET"): Operation("The letters of some days", _STATES, _ODD, _PERIOD, _ISSUES),
    ("/api/Letter/Open", "GET"): Operation("Letters not posted yet", _STATES, _ODD, may=_ISSUES),
    ("/api/Letter/Registered", "GET"): Operation("Registered letters of some days", _STATES, _ODD, _PERIOD, _OPEN),
    ("/api/Letter/Custom1", "GET"): Operation("Letters by custom1", _STATES, _ODD, ("custom1",), _ISSUES),
    ("/api/Letter/Batch", "GET"): Operation("Letters by batch", _STATES, _ODD, ("batchId",), _ISSUES),
    ("/api/Letter/PremiumAdressFeedback", "GET"): Operation(
        "Letters with Premiumadress of some days", _STATES, _ODD, _PERIOD, _TOLD
    ),
    ("/api/Letter/TestResult", "GET"): Operation(
        "The PDF of a test letter", _one(TestResult), (400, *_GONE), ("letterID",)
    ),
    ("/api/Letter/CancelQueued", "POST"): Operation("Cancel letters that wait", _QUEUE, _ODD, body="LetterIDs"),
    ("/api/Letter/ReleaseQueued", "POST"): Operation("Have waiting letters go at once", _QUEUE, _ODD, body="LetterIDs"),
    ("/api/Letter/{number}", "GET"): Operation("How far a letter is", _one(LetterState), _GONE),
}


@cache
def document() -> Schema:
    """The whole description."""
    operations = {(path, method): _described(path, method, what) for (path, method), what in OPERATIONS.items()}
    shapes = (Finding, LetterState, Login, QueueResult, Submitted, TestResult, Token)
    adapters: dict[str, TypeAdapter[Any]] = {
        **{shape.__name__: TypeAdapter(shape) for shape in shapes},
        "Letters": LETTERS,
        "LetterIDs": NUMBERS,
    }
    bearer = {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"}
    components = {"schemas": openapi.schemas(adapters), "securitySchemes": {"token": bearer}}
    return openapi.document("Prüfstand: post, E-POSTBUSINESS", "2.6.1", _ABOUT, operations, components)


def _described(path: str, method: str, operation: Operation) -> Schema:
    statuses = sorted((*_ALWAYS, *operation.problems))
    responses = {status: (_PROBLEMS[status], json_content(_one(Finding))) for status in statuses}
    parameters = [
        *(_NUMBER for _ in openapi.names_in(path)),
        *(openapi.parameter(name, "query", *_QUERY[name], required=True) for name in operation.needs),
        *(openapi.parameter(name, "query", *_QUERY[name], required=False) for name in operation.may),
    ]
    body = None if operation.body is None else (True, json_content(reference(operation.body)))
    answers = {200: ("done", json_content(operation.answer)), **responses}
    described = openapi.operation(path, method, operation.about, parameters, answers, body)
    return {**described, "security": [] if path in OPEN else [{"token": []}]}
