"""The ways in and out: partner API and user's pages on a socket, webhooks to the partner."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from starlette.types import ASGIApp

from emulators.core.emulator import Door
from emulators.core.physics import Physics
from emulators.wire.http import HttpDoor, deliver

# The contract: 2xx within five seconds counts as delivered.
TIMEOUT: Final = 5.0


def doors(name: str, app: ASGIApp, physics: Physics) -> tuple[Door, ...]:
    return (HttpDoor(name, app, physics.lock),)


def send(url: str, headers: Mapping[str, str], body: bytes) -> int | None:
    """POST a webhook; the status of the answer, or `None` if there was none."""
    return deliver("POST", url, headers, body, TIMEOUT)
