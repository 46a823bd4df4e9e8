"""Hooks of schemathesis at the APIs for letters: what no description can tell, to get past the first check.

From the environment: LOGIN, the fields of the sender's login in JSON; PDF, one that can be posted, in base64; DAY, one
on which it can be sent; LETTERS, how many the sender has submitted before, of which the last is a test letter.
"""

from __future__ import annotations

import hashlib
import json
import os
from typing import Any

import schemathesis
from schemathesis.generation import GenerationMode

LOGIN = json.loads(os.environ["LOGIN"])
PDF, DAY, LETTERS = os.environ["PDF"], os.environ["DAY"], int(os.environ["LETTERS"])
CHECKSUM = hashlib.md5(PDF.encode(), usedforsecurity=False).hexdigest()


def before_call(_context: object, case: Any, _kwargs: object) -> None:
    """Only a text of a login is replaced by a text: what is wrong on purpose stays so, and is told by more than a 401.

    A request that fits the description asks for something that there is, and submits something that can be sent.
    """
    body = case.body
    if isinstance(body, dict):
        case.body = body = log_in(body)
        if isinstance(body.get("auth"), dict):
            case.body = body = {**body, "auth": log_in(body["auth"])}
    if case.meta is not None and case.meta.generation.mode == GenerationMode.POSITIVE:
        ask_for_what_there_is(case.path_parameters, case.query)
        if isinstance(body, dict) and "letter" in body:
            case.body = {**body, "letter": print_job(body["letter"])}
        if isinstance(body, list):
            case.body = [
                letter(place, each) if isinstance(each, dict) else each % LETTERS + 1 for place, each in enumerate(body)
            ]


def log_in(fields: dict[str, Any]) -> dict[str, Any]:
    return {name: LOGIN[name] if name in LOGIN and isinstance(old, str) else old for name, old in fields.items()}


def ask_for_what_there_is(path: dict[str, Any], query: dict[str, Any]) -> None:
    if "number" in path:
        path["number"] = int(path["number"]) % LETTERS + 1
    for name, known in {"letterID": LETTERS, "tillDate": DAY}.items():
        if name in query:
            query[name] = known


def print_job(job: dict[str, Any]) -> dict[str, Any]:
    """Of the LetterXpress API."""
    known = {"base64_file": PDF, "base64_file_checksum": CHECKSUM, "dispatch_date": DAY}
    return {name: known[name] if name in known and old is not None else old for name, old in job.items()}


def letter(place: int, one: dict[str, Any]) -> dict[str, Any]:
    """Of the E-POST API; one name is not sent twice. Only the first is a PDF: the others are found out later."""
    plugins = [plugin | {"plugInModel": due(plugin["plugInModel"])} for plugin in one.get("plugInList") or ()]
    return {
        **one,
        "fileName": f"{place}{one['fileName']}"[:200],
        "data": one["data"] if place else PDF,
        **({"plugInList": plugins} if one.get("plugInList") else {}),
    }


def due(model: dict[str, Any]) -> dict[str, Any]:
    return {**model, "dueDate": f"{DAY}T00:00:00Z"} if model.get("dueDate") else model


schemathesis.hook(before_call)
