"""What can go wrong with one request to an API, or with the line it came over, whatever the API is for.

Each part lists in its own table the kinds it knows. What the caller sees of an `Outage` is up to its API; the kinds
in `LINE_FAULTS` strike the octets of the answer, in the same way for every API and protocol. What counts as a request
is the protocol's matter: with HTTP a request, with SMTP the connection itself, a command, or the content of a mail,
with SMPP a PDU that asks for an answer. Where many worlds share a door, only what comes after a client has said whose
it is can be struck.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import ClassVar

from pydantic import Field

from .faults import Fault

LINE = "line"


class Outage(Fault):
    """The API answers one request with 503 and does nothing."""

    point: ClassVar[str] = "request"


class RefusedConnection(Fault):
    """The API breaks the connection of one request without an answer."""

    point: ClassVar[str] = "request"


class LineReset(Fault):
    """The connection is reset instead of an answer; with `processed` the request has been carried out before."""

    point: ClassVar[str] = LINE
    processed: bool = False


class LineStalled(Fault):
    """No answer ever comes and the connection stays open; with `processed` the request has been carried out."""

    point: ClassVar[str] = LINE
    processed: bool = False


class LineTruncated(Fault):
    """The request is carried out, but only the first `octets` of the answer arrive; then the connection is closed."""

    point: ClassVar[str] = LINE
    octets: int = Field(default=100, ge=0)


class LineDribbled(Fault):
    """The answer comes `octets` at a time, with `pause_ms` milliseconds of real time in between."""

    point: ClassVar[str] = LINE
    octets: int = Field(default=1, ge=1)
    pause_ms: int = Field(default=0, ge=0, le=60_000)


LINE_FAULTS: Mapping[str, type[Fault]] = MappingProxyType(
    {
        "line_reset": LineReset,
        "line_stalled": LineStalled,
        "line_truncated": LineTruncated,
        "line_dribbled": LineDribbled,
    }
)
