"""The description of the read API in OpenAPI 3.1, made of the shapes and models that the API itself is written with."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from typing import Any, NamedTuple
from zoneinfo import available_timezones

from pydantic import BaseModel, TypeAdapter

from .shape import Detail, Info, Summaries
from .wanted import Deletion, LinkStatus, ReadStatus

Schema = dict[str, Any]

_REF = "#/components/schemas/{model}"
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


def _json(shape: object) -> Schema:
    return {"application/json": {"schema": shape}}


_PAGE, _FOUND = ("start", "limit"), ("query", "tz")
_ODD, _GONE = (400,), (400, 404)
_SUMMARIES, _DETAIL, _INFO = (_json({"$ref": _REF.format(model=m.__name__)}) for m in (Summaries, Detail, Info))
_TAGS = _json({"type": "array", "items": {"type": "string"}})
_HEADERS = _json({"type": "object", "additionalProperties": {"type": "array", "items": {"type": "string"}}})
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
    paths: dict[str, Schema] = {}
    for (path, method), operation in OPERATIONS.items():
        paths.setdefault(path, {})[method.lower()] = _operation(path, method, operation)
    about = "Mails that came to this test bench, in the shape of Mailpit's API. TEST ONLY."
    return {
        "openapi": "3.1.0",
        "info": {"title": "Prüfstand: mail", "version": "1", "description": about},
        "paths": paths,
        "components": {"schemas": _schemas()},
    }


def _operation(path: str, method: str, operation: Operation) -> Schema:
    described: Schema = {
        "operationId": re.sub(r"\W+", "_", f"{method} {path}").strip("_").lower(),
        "summary": operation.about,
        "parameters": [*_in_path(path), *_in_query(operation)],
        "responses": {
            "200": {"description": "done", "content": operation.answer},
            **{str(status): {"description": _WHY[status], "content": _TEXT} for status in operation.problems},
        },
    }
    if operation.body is not None:
        needed = any(field.is_required() for field in operation.body.model_fields.values())
        content = _json({"$ref": _REF.format(model=operation.body.__name__)})
        described["requestBody"] = {"required": needed, "content": content}
    return described


_WHY = {400: "not understood; the text says what", 404: "not there; the text says what"}


def _in_path(path: str) -> list[Schema]:
    return [
        {
            "name": name,
            "in": "path",
            "required": True,
            "description": _PATH[name],
            "schema": {"type": "string", "examples": [_EXAMPLES[name]]},
        }
        for name in re.findall(r"{(\w+)}", path)
    ]


def _in_query(operation: Operation) -> list[Schema]:
    return [
        {
            "name": name,
            "in": "query",
            "required": name in operation.needs,
            "description": _QUERY[name][0],
            "schema": _QUERY[name][1],
        }
        for name in operation.query
    ]


def _schemas() -> Schema:
    schemas: Schema = {}
    for shape in (Summaries, Detail, Info, ReadStatus, Deletion, LinkStatus):
        made = TypeAdapter(shape).json_schema(ref_template=_REF)
        schemas |= made.pop("$defs", {})
        schemas[shape.__name__] = made
    return schemas
