"""An answer over HTTP as a value, and the connection that breaks instead of one."""

from __future__ import annotations

import json
from http import HTTPStatus
from typing import NamedTuple

from .line import BROKEN_OFF, WHOLE, Line

_STATUS_LINE = {status.value: f"HTTP/1.1 {status.value} {status.phrase}\r\n".encode() for status in HTTPStatus}
_WITHOUT_BODY = frozenset({204, 304})


class Refusal(ConnectionError):
    """Raised by an app to stand for a connection that breaks: nothing answers (in process: `requests` sees this).

    `line` says how: broken off, reset, or silent.
    """

    def __init__(self, text: str = "", line: Line = BROKEN_OFF) -> None:
        super().__init__(text)
        self.line = line


class _Answer(NamedTuple):
    status: int
    headers: list[tuple[str, str]]
    body: bytes


class Answer(_Answer):
    """Status, headers in their order, body; and, beside these three, the `line` over which it travels."""

    line: Line = WHOLE

    def over(self, line: Line) -> Answer:
        """The same answer, over that line."""
        other = Answer(*self)
        other.line = line
        return other

    def octets(self, *, last: bool = False) -> bytes:
        """As it goes over the wire. With a line end in a header it becomes a 500 that says so."""
        lines = [_STATUS_LINE.get(self.status) or f"HTTP/1.1 {self.status} \r\n".encode()]
        has_length = False
        for name, value in self.headers:
            has_length = has_length or name == "content-length"
            lines.append(f"{name}: {value}\r\n".encode("latin-1"))
        if not has_length and self.status not in _WITHOUT_BODY:
            lines.append(b"content-length: %d\r\n" % len(self.body))
        if last:
            lines.append(b"connection: close\r\n")
        head = b"".join(lines)
        if head.count(b"\n") != len(lines) or head.count(b"\r") != len(lines):
            return problem(500, "BadHeader", "the app gave a header with a line end in it").octets(last=last)
        return head + b"\r\n" + self.body


def problem(status: int, error: str, detail: str) -> Answer:
    """An answer in JSON, as an emulator gives it where its app could not."""
    body = json.dumps({"error": error, "detail": detail}, ensure_ascii=False).encode()
    return Answer(status, [("content-type", "application/json"), ("content-length", str(len(body)))], body)
