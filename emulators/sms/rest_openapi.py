"""The description of Twilio's shape in OpenAPI 3.1, made of the tables and types that the surface works with.

Operations are named as in Twilio's own description, `twilio_api_v2010`.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import NamedTuple

from emulators.wire.openapi import Schema, json_content, names_in, reference
from emulators.wire.openapi import document as whole

from .callback import API_VERSION
from .errors import REFUSALS
from .openapi import components, field, header
from .rest import FILTERS, PATHS, TEST
from .rest_fields import CREATE, FEEDBACK, UPDATE, Field
from .rest_shape import (
    ACCOUNT_SID,
    MAX_PAGE,
    MAX_PAGE_SIZE,
    MESSAGE_SID,
    PAGE_SIZE,
    Error,
    Feedback,
    MediaList,
    MessageList,
    MessageResource,
)

_DAY: Schema = {
    "type": "string",
    "anyOf": [{"format": "date"}, {"format": "date-time"}, {"maxLength": 0}],
    "description": "a day on which it was sent, in UTC",
}
_ANYONE: Schema = {"type": "string", "description": "this number or name exactly"}
_QUERY: Mapping[str, Schema] = {
    **{name: _DAY if name.startswith("DateSent") else _ANYONE for name in FILTERS},
    "PageSize": {"type": "integer", "minimum": 1, "maximum": MAX_PAGE_SIZE, "default": PAGE_SIZE},
    "Page": {"type": "integer", "minimum": 0, "maximum": MAX_PAGE, "default": 0},
    "PageToken": {
        "type": "string",
        "pattern": "^(P[AB][0-9a-f]{1,12})?$",
        "description": "as the list's links have it",
    },
}
_PATH: Mapping[str, Schema] = {
    "AccountSid": {"type": "string", "pattern": ACCOUNT_SID, "description": "the account that logs in"},
    "Sid": {"type": "string", "pattern": MESSAGE_SID},
    "MessageSid": {"type": "string", "pattern": MESSAGE_SID},
}
_NAMED: Schema = {"minLength": 1}
_NEW_MESSAGE: Schema = {
    "required": ["To", "Body"],
    "anyOf": [{"required": [name], "properties": {name: _NAMED}} for name in ("From", "MessagingServiceSid")],
    "dependentSchemas": {
        "SendAt": {"required": ["ScheduleType"]},
        "ScheduleType": {
            "required": ["SendAt", "MessagingServiceSid"],
            "properties": {"MessagingServiceSid": _NAMED},
        },
    },
}
_ANYWHERE = (400, 401, 404, 413, 429, 503)
_OF_A_SUBMISSION = tuple(sorted({status for status, _ in REFUSALS.values()}))


class Operation(NamedTuple):
    """What can be asked: `status` and `answer` when all is well, `problems` the statuses of what may come instead."""

    name: str
    about: str
    status: int
    answer: type | None
    query: Mapping[str, Schema] = {}
    form: Mapping[str, Field] | None = None
    rules: Schema | None = None
    problems: tuple[int, ...] = _ANYWHERE


OPERATIONS: Mapping[tuple[str, str], Operation] = {
    ("Messages", "POST"): Operation(
        "CreateMessage", "Send a message", 201, MessageResource, {}, CREATE, _NEW_MESSAGE, _OF_A_SUBMISSION
    ),
    ("Messages", "GET"): Operation("ListMessage", "List messages, the newest first", 200, MessageList, _QUERY),
    ("Message", "GET"): Operation("FetchMessage", "Read a message", 200, MessageResource),
    ("Message", "POST"): Operation(
        "UpdateMessage", "Redact or cancel a message", 200, MessageResource, {}, UPDATE, None, (*_ANYWHERE, 409)
    ),
    ("Message", "DELETE"): Operation(
        "DeleteMessage", "Delete a message that has come to its end", 204, None, problems=(*_ANYWHERE, 409)
    ),
    ("Media", "GET"): Operation("ListMedia", "The media of a message: none", 200, MediaList),
    ("Feedback", "POST"): Operation(
        "CreateMessageFeedback", "Tell what came of a message", 201, Feedback, {}, FEEDBACK
    ),
}
"""By kind and method, as `rest.LIVE` has its handlers."""

_HEADERS: Mapping[int, Schema] = {
    401: {"WWW-Authenticate": header("how to log in", {"type": "string"})},
    405: {"Allow": header("what the resource can", {"type": "string"})},
    429: {"Retry-After": {"description": "seconds to wait", "schema": {"type": "integer", "minimum": 0}}},
}


@cache
def document() -> Schema:
    """The whole description."""
    described = whole(
        "Prüfstand: text messages, in Twilio's shape",
        API_VERSION,
        "Twilio's Messages resource, as this test bench speaks it: each path also without `.json`, always answered in "
        "JSON. The test credentials can create only (else 403), and send nothing. 429 and 503, and 403 where a message "
        "is created, come of Twilio's magic numbers and of faults. TEST ONLY.",
        {
            (PATHS[kind], method): _operation(kind, method, operation)
            for (kind, method), operation in OPERATIONS.items()
        },
        components(
            (Error, *(each.answer for each in OPERATIONS.values() if each.answer is not None)),
            {"basic": {"type": "http", "scheme": "basic", "description": "account SID and auth token"}},
        ),
    )
    return {**described, "security": [{"basic": []}]}


def _operation(kind: str, method: str, operation: Operation) -> Schema:
    problems = {*operation.problems, *(() if (kind, method) in TEST else (403,))}
    described: Schema = {
        "operationId": operation.name,
        "summary": operation.about,
        "parameters": [
            *(field(name, "path", _PATH[name], required=True) for name in names_in(PATHS[kind])),
            *(field(name, "query", schema) for name, schema in operation.query.items()),
        ],
        "responses": {
            str(operation.status): _well(operation),
            **{str(status): _problem(status) for status in sorted(problems)},
        },
    }
    if operation.form is not None:
        described["requestBody"] = _form(operation.form, operation.rules or {})
    return described


def _well(operation: Operation) -> Schema:
    described: Schema = {"description": "done"}
    if operation.answer is not None:
        described["content"] = json_content(reference(operation.answer.__name__))
    if operation.answer is MessageResource and operation.status == 201:
        described["links"] = {name: _link(name) for name in ("FetchMessage", "UpdateMessage", "DeleteMessage")}
        described["links"] |= {name: _link(name, "MessageSid") for name in ("ListMedia", "CreateMessageFeedback")}
    return described


def _link(operation: str, parameter: str = "Sid") -> Schema:
    """How the operation is asked of the message that was just made."""
    parameters = {"AccountSid": "$response.body#/account_sid", parameter: "$response.body#/sid"}
    return {"operationId": operation, "parameters": parameters}


def _problem(status: int) -> Schema:
    codes = "; ".join(f"{code}: {text.rstrip('.')}" for code, (found, text) in REFUSALS.items() if found == status)
    described: Schema = {"description": codes, "content": json_content(reference(Error.__name__))}
    if status in _HEADERS:
        described["headers"] = _HEADERS[status]
    return described


def _form(fields: Mapping[str, Field], rules: Schema) -> Schema:
    schema: Schema = {
        "type": "object",
        "properties": {name: field.schema for name, field in fields.items()},
        "additionalProperties": False,
        **rules,
    }
    return {"required": bool(rules), "content": {"application/x-www-form-urlencoded": {"schema": schema}}}
