"""The description of the LetterXpress API in OpenAPI 3.1, made of the types that the API itself is written with."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import NamedTuple, get_args

from pydantic import BaseModel, TypeAdapter

from emulators.wire import openapi
from emulators.wire.openapi import Schema, json_content, reference

from .letterxpress_model import (
    BalanceDone,
    Change,
    Failure,
    JobDone,
    JobsDone,
    JobStatus,
    Login,
    PriceDone,
    PriceQuestion,
    Submission,
    Unauthorised,
)

_ABOUT = """Print jobs of this test bench, in the shape of the LetterXpress API, version 3. TEST ONLY.

The login stands in each body as `auth`, also in that of a GET, and is checked before all else of it: what is no JSON
is answered 401 as well. OpenAPI has no security scheme for that. The recipient's address is read from the PDF. Before
any API of the bench, its door answers 408, 431 and 503 in a shape of its own, `{"error", "detail"}`."""

_PROBLEMS: Mapping[int, tuple[str, type]] = {
    400: ("not understood, or not to be carried out; the message says what", Failure),
    401: ("the body holds no login, or a wrong one", Unauthorised),
    404: ("no such print job", Failure),
    409: ("too late: the print job is not waiting any more", Failure),
    413: ("a PDF of more than 50 MB", Failure),
    429: ("too many requests; only as a fault", Failure),
    503: ("out of order; only as a fault", Failure),
}
_ALWAYS = (400, 401, 429, 503)
_FILTER = openapi.parameter(
    "filter", "query", "only jobs of that status", {"type": "string", "enum": [*get_args(JobStatus)]}, required=False
)
_NUMBER = openapi.parameter(
    "number", "path", "`id` of the print job", {"type": "integer", "minimum": 1, "examples": [1]}, required=True
)


class Operation(NamedTuple):
    """What can be asked at a path: `answer` is the shape of a 200, `problems` what may come besides `_ALWAYS`."""

    about: str
    answer: type
    body: type[BaseModel] = Login
    problems: tuple[int, ...] = ()
    query: tuple[Schema, ...] = ()


_GONE, _LATE = (404,), (404, 409)
OPERATIONS: Mapping[tuple[str, str], Operation] = {
    ("/v3/balance", "GET"): Operation("What is left of the credit", BalanceDone),
    ("/v3/price", "GET"): Operation("What a letter costs", PriceDone, PriceQuestion),
    ("/v3/printjobs", "POST"): Operation("Submit a letter", JobDone, Submission, (413,)),
    ("/v3/printjobs", "GET"): Operation("List print jobs", JobsDone, query=(_FILTER,)),
    ("/v3/printjobs/{number}", "GET"): Operation("What became of a print job", JobDone, problems=_GONE),
    ("/v3/printjobs/{number}", "PUT"): Operation("Another day of dispatch, or none", JobDone, Change, _LATE),
    ("/v3/printjobs/{number}", "DELETE"): Operation("Cancel a print job", JobDone, problems=_LATE),
}


@cache
def document() -> Schema:
    """The whole description."""
    operations = {(path, method): _described(path, method, what) for (path, method), what in OPERATIONS.items()}
    shapes = {Failure, Unauthorised, *(shape for what in OPERATIONS.values() for shape in (what.answer, what.body))}
    named: dict[str, TypeAdapter[object]] = {
        shape.__name__: TypeAdapter(shape) for shape in sorted(shapes, key=lambda shape: shape.__name__)
    }
    components = {"schemas": openapi.schemas(named)}
    return openapi.document("Prüfstand: post, LetterXpress", "3", _ABOUT, operations, components)


def _described(path: str, method: str, operation: Operation) -> Schema:
    problems = {status: _PROBLEMS[status] for status in sorted((*_ALWAYS, *operation.problems))}
    responses = {
        status: (what, json_content(reference(shape.__name__)))
        for status, (what, shape) in {200: ("done", operation.answer), **problems}.items()
    }
    parameters = [*(_NUMBER for _ in openapi.names_in(path)), *operation.query]
    body = True, json_content(reference(operation.body.__name__))
    return openapi.operation(path, method, operation.about, parameters, responses, body)
