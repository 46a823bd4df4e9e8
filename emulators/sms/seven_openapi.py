"""The description of seven.io's shape in OpenAPI 3.1, made of the tables and types that the surface works with."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import NamedTuple

from emulators.wire.openapi import Schema, json_content, reference
from emulators.wire.openapi import document as whole

from .openapi import components, field, header
from .seven import HANDLERS
from .seven_fields import CODES, SMS, STATUS, UNREADABLE
from .seven_shape import Refused, Report, Sent

_CODE = "|".join(map(str, CODES))


class Operation(NamedTuple):
    """What can be asked at a path: `fields` in the query, or in a body that is a form or JSON.

    `plain` is a pattern of the answer in plain text, `answer` its shape in JSON.
    """

    name: str
    about: str
    fields: Mapping[str, Mapping[str, object]]
    needs: tuple[str, ...]
    plain: str
    answer: type


OPERATIONS: Mapping[str, Operation] = {
    "/api/sms": Operation("sms", "Send a text message", SMS, ("to", "text"), rf"^({_CODE})(\n|$)", Sent),
    "/api/status": Operation(
        "status", "The last report on a message", STATUS, ("msg_id",), rf"^(({_CODE})$|[A-Z]+\n)", Report
    ),
}
"""By path; each is asked by any of the methods that `seven.HANDLERS` has for it."""


@cache
def document() -> Schema:
    """The whole description."""
    codes = "\n".join(f"- {code}: {text}" for code, text in CODES.items())
    keys = {"type": "apiKey", "description": "the API key"}
    described = whole(
        "Prüfstand: text messages, in seven.io's shape",
        "1",
        "seven.io's API, as this test bench speaks it. A request that could be read is answered with 200 and a code, "
        f"also where the key is wrong (300, 900):\n\n{codes}\n\nFields of a POST may be in the query as well; those "
        "of the body win. Others are passed over. 429 and 503 come of faults. TEST ONLY.",
        {
            (path, method): _operation(operation, method)
            for path, operation in OPERATIONS.items()
            for method in HANDLERS[path]
        },
        components(
            (Refused, *(operation.answer for operation in OPERATIONS.values())),
            {
                "key": {**keys, "in": "header", "name": "X-Api-Key"},
                "authorization": {
                    **keys,
                    "in": "header",
                    "name": "Authorization",
                    "description": "`basic` or `bearer`, and the API key as it is",
                },
                "p": {**keys, "in": "query", "name": "p"},
            },
        ),
    )
    return {**described, "security": [{"key": []}, {"authorization": []}, {"p": []}]}


def _operation(operation: Operation, method: str) -> Schema:
    described: Schema = {
        "operationId": f"{method.lower()}_{operation.name}",
        "summary": operation.about,
        "responses": {
            "200": {
                "description": "a code, and what goes with it",
                "content": {
                    "text/plain": {"schema": {"type": "string", "pattern": operation.plain}},
                    **json_content({"anyOf": [reference(each.__name__) for each in (operation.answer, Refused)]}),
                },
            },
            "400": _problem("the request cannot be read; the text says why", {"pattern": rf"^{UNREADABLE}\n"}),
            "429": _problem(
                "too many requests", {}, {"Retry-After": header("seconds to wait", {"type": "integer", "minimum": 0})}
            ),
            "503": _problem("the service is down"),
        },
    }
    if method == "GET":
        described["parameters"] = [
            field(name, "query", schema, required=name in operation.needs) for name, schema in operation.fields.items()
        ]
    else:
        fields = {"type": "object", "properties": dict(operation.fields), "required": [*operation.needs]}
        kinds = ("application/x-www-form-urlencoded", "application/json")
        described["requestBody"] = {"required": True, "content": {kind: {"schema": fields} for kind in kinds}}
    return described


def _problem(about: str, schema: Mapping[str, object] | None = None, headers: Schema | None = None) -> Schema:
    described: Schema = {
        "description": about,
        "content": {"text/plain": {"schema": {"type": "string", **(schema or {})}}},
    }
    return {**described, "headers": headers} if headers else described
