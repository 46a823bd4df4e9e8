"""What a request to one of the surfaces is about, for a server that has several gateways behind one account."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from . import rest, seven
from .seven_fields import fields_of, recipients_of
from .surface import SEVEN, Malformed, Request


class Subject(NamedTuple):
    """The SID of a message that there is, or the numbers in E.164 that messages go, or went, to."""

    sid: str | None = None
    numbers: Iterable[str] = ()


def subject_of(request: Request) -> Subject:
    """Read as the surface reads it. A request that cannot be read is about nothing: the gateway says what is wrong."""
    try:
        return _of_seven(request) if request.path.startswith(SEVEN) else _of_twilio(request)
    except Malformed:
        return Subject()


def _of_twilio(request: Request) -> Subject:
    sid = rest.sid_in(request.path)
    if sid is not None:
        return Subject(sid)
    to = (request.parameters() if request.method == "GET" else request.form()).get("To")
    return Subject(numbers=[to] if to else [])


def _of_seven(request: Request) -> Subject:
    fields = fields_of(request)
    if request.path.rstrip("/") == seven.STATUS_PATH:
        return Subject(seven.sid_of(fields.get("msg_id", "")))
    return Subject(numbers=recipients_of(fields))
