"""The ways in and out: the appointment API on a socket, the clerk's terminal to the insurer."""

from __future__ import annotations

from typing import Final

import requests
from starlette.types import ASGIApp

from emulators.core.emulator import Door
from emulators.core.physics import Physics
from emulators.wire.http import HttpDoor

TIMEOUT: Final = 5.0


def doors(name: str, app: ASGIApp, physics: Physics) -> tuple[Door, ...]:
    return (HttpDoor(name, app, physics.lock),)


def ask(url: str, key: str, report: bytes) -> tuple[int, bytes] | None:
    """POST a report and wait for the answer: status and body, or `None` if there is none within five seconds."""
    headers = {"content-type": "application/json", "x-terminal-key": key}
    with requests.Session() as session:
        session.trust_env = False
        try:
            answer = session.post(url, data=report, headers=headers, timeout=TIMEOUT, allow_redirects=False)
        except requests.RequestException:
            return None
        return answer.status_code, answer.content
