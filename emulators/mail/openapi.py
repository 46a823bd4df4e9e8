"""The description of the read API in OpenAPI 3.1, made of the shapes and models that the API itself is written with."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any, NamedTuple
from zoneinfo import available_timezones

from pydantic import BaseModel, TypeAdapter

from emulators.wire import openapi
from emulators.wire.openapi import Schema, json_content, reference

from .shape import Detail, Info, Summaries
from .wanted import Deletion, LinkStatus, ReadStatus

_TEXT: Schema = {"text/plain": {"schema": {"type": "string"}}}
_PLACE: Schema = {"type": "integer", "minimum": 0, "maximum": 999_999_999}
_QUERY: Mapping[str, tuple[str, Schema]] = {
    "start": ("how many messages to pass over", _PLACE),
    "limit": ("how many to show, 1,000 at most", _PLACE),
    "query": (
        'a search, as Mailpit writes them: `to:a@b.example subject:"Code"`',
        {"type": "string", "minLength": 1, "pattern": r"\S"},
    ),
    "tz": (
        "the time zone of dates in the search, such as Europe/Berlin",
        {"type": "string", "enum": sorted(available_timezones())},
    ),
}
_PATH = {
    "id": "a message, or `latest` for the newest (that fits `query`)",
    "part_id": "`PartID` of something attached",
}
_EXAMPLES = {"id": "latest", "part_id": "1"}


class Operation(NamedTuple):
    """What can be asked at a path: `answer` is the content of a 200, `problems` what else may come.

    `query` are the parameters it takes, `needs` those of them that it cannot do without.
    """

    about: str
    answer: Mapping[str, Any]
    query: tuple[str, ...] = ()
    needs: tuple[str, ...] = ()
    body: type[BaseModel] | None = None
    problems: tuple[int, ...] = ()


_PAGE, _FOUND = ("start", "limit"), ("query", "tz")
_ODD, _GONE = (400,), (400, 404)
_SUMMARIES, _DETAIL, _INFO = (json_content(reference(m.__name__)) for m in (Summaries, Detail, Info))
_TAGS = json_content({"type": "array", "items": {"type": "string"}})
_HEADERS = json_content({"type": "object", "additionalProperties": {"type": "array", "items": {"type": "string"}}})
_ANYTHING: Schema = {"*/*": {"schema": {"type": "string", "format": "binary"}}}
_HTML: Schema = {"text/html": {"schema": {"type": "string"}}}

OPERATIONS: Mapping[tuple[str, str], Operation] = {
    ("/api/v1/messages", "GET"): Operation("List messages", _SUMMARIES, _PAGE, problems=_ODD),
    ("/api/v1/messages", "PUT"): Operation("Mark as read or unread", _TEXT, ("tz",), body=ReadStatus, problems=_ODD),
    ("/api/v1/messages", "DELETE"): Operation("Delete messages", _TEXT, body=Deletion, problems=_ODD),
    ("/api/v1/search", "GET"): Operation("Search", _SUMMARIES, (*_PAGE, *_FOUND), ("query",), problems=_ODD),
    ("/api/v1/search", "DELETE"): Operation("Delete what a search finds", _TEXT, _FOUND, ("query",), problems=_ODD),
    ("/api/v1/tags", "GET"): Operation("All tags", _TAGS),
    ("/api/v1/info", "GET"): Operation("The server", _INFO),
    ("/api/v1/message/{id}", "GET"): Operation("Read a message", _DETAIL, _FOUND, problems=_GONE),
    ("/api/v1/message/{id}/headers", "GET"): Operation("Its headers", _HEADERS, _FOUND, problems=_GONE),
    ("/api/v1/message/{id}/raw", "GET"): Operation("It as it came", _TEXT, _FOUND, problems=_GONE),
    ("/api/v1/message/{id}/part/{part_id}", "GET"): Operation("What is attached", _ANYTHING, _FOUND, problems=_GONE),
    ("/api/v1/message/{id}/links", "PUT"): Operation(
        "Note a link as followed", _TEXT, _FOUND, body=LinkStatus, problems=_GONE
    ),
    ("/view/{id}.txt", "GET"): Operation("Its text", _TEXT, _FOUND, problems=_GONE),
    ("/view/{id}.html", "GET"): Operation("Its HTML, without scripts", _HTML, _FOUND, problems=_GONE),
    ("/livez", "GET"): Operation("Whether the server is up", _TEXT),
    ("/readyz", "GET"): Operation("Whether it takes mail", _TEXT),
}


@cache
def document() -> Schema:
    """The whole description."""
    about = "Mails that came to this test bench, in the shape of Mailpit's API. TEST ONLY."
    operations = {(path, method): _described(path, method, what) for (path, method), what in OPERATIONS.items()}
    shapes = (Summaries, Detail, Info, ReadStatus, Deletion, LinkStatus)
    components = {"schemas": openapi.schemas({shape.__name__: TypeAdapter(shape) for shape in shapes})}
    return openapi.document("Prüfstand: mail", "1", about, operations, components)


_WHY = {400: "not understood; the text says what", 404: "not there; the text says what"}


def _described(path: str, method: str, operation: Operation) -> Schema:
    responses = {200: ("done", operation.answer), **{status: (_WHY[status], _TEXT) for status in operation.problems}}
    body = None
    if operation.body is not None:
        needed = any(field.is_required() for field in operation.body.model_fields.values())
        body = needed, json_content(reference(operation.body.__name__))
    parameters = [*_in_path(path), *_in_query(operation)]
    return openapi.operation(path, method, operation.about, parameters, responses, body)


def _in_path(path: str) -> list[Schema]:
    return [
        openapi.parameter(name, "path", _PATH[name], {"type": "string", "examples": [_EXAMPLES[name]]}, required=True)
        for name in openapi.names_in(path)
    ]


def _in_query(operation: Operation) -> list[Schema]:
    return [
        openapi.parameter(name, "query", *_QUERY[name], required=name in operation.needs) for name in operation.query
    ]
