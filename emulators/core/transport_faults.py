"""What can go wrong with one request to an HTTP API, whatever the API is for.

Each part lists in its own table the kinds it knows; what the caller then sees is up to its API.
"""

from __future__ import annotations

from typing import ClassVar

from .faults import Fault


class Outage(Fault):
    """The API answers one request with 503 and does nothing."""

    point: ClassVar[str] = "request"


class RefusedConnection(Fault):
    """The API breaks the connection of one request without an answer."""

    point: ClassVar[str] = "request"
