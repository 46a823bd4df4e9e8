"""A request while it is read: its scope as ASGI has it, its body, and why it is refused, if it is."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import unquote

import httptools
from starlette.types import Scope

from .http_answer import Answer, problem


@dataclass(slots=True)
class Request:
    """What has come of it so far."""

    scope: Scope
    body: bytearray
    keep_alive: bool = True
    awaits_continue: bool = False  # its body comes once we say so, or after a while
    refusal: Answer | None = None  # given without asking the app


def head_without_upgrade(scope: Scope) -> bytes:
    """The head anew, as of a client that does not ask for another protocol."""
    target = scope["raw_path"] + (b"?" + scope["query_string"] if scope["query_string"] else b"")
    line = b"%s %s HTTP/%s" % (scope["method"].encode("ascii"), target, scope["http_version"].encode("ascii"))
    headers = (name + b": " + value for name, value in scope["headers"] if name != b"upgrade")
    return b"\r\n".join((line, *headers, b"", b""))


def take_apart(request: Request) -> None:
    """Path and query of the target into the scope; a target that is no URL gets its refusal."""
    scope = request.scope
    try:
        target = httptools.parse_url(scope["raw_path"])
        path = target.path or b"/"
        scope["path"] = unquote(path.decode("ascii"))
    except (httptools.HttpParserInvalidURLError, UnicodeDecodeError):
        request.refusal = problem(400, "BadRequest", "the target of the request is not a URL in ASCII")
        scope["path"] = path = b"/"
        return
    scope["raw_path"], scope["query_string"] = path, target.query or b""
