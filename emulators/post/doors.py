"""The way in from outside: the sender's API on a socket."""

from __future__ import annotations

from starlette.types import ASGIApp

from emulators.core.emulator import Door
from emulators.core.physics import Physics
from emulators.wire.http import HttpDoor


def doors(name: str, app: ASGIApp, physics: Physics) -> tuple[Door, ...]:
    return (HttpDoor(name, app, physics.lock),)
