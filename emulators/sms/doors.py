"""The gateway's ways in and out: its REST surface on a socket, its status callbacks."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from emulators.wire.http import HttpDoor, deliver

if TYPE_CHECKING:
    from .gateway import SmsGateway

_CALLBACK_TIMEOUT = 5.0  # seconds of real time


def rest_door(gateway: SmsGateway) -> HttpDoor:
    """The REST surface on a socket."""
    return HttpDoor(gateway.name, gateway.app, gateway.physics.lock)


def post_callback(url: str, headers: Mapping[str, str], body: bytes) -> int | None:
    """Post a status callback; returns the HTTP status, or `None` if nobody answered."""
    return deliver("POST", url, headers, body, _CALLBACK_TIMEOUT)
