"""A mail server, and the ways to it: its client in process, and real `smtplib` on a socket."""

from __future__ import annotations

import smtplib
from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest

from emulators.core.physics import Physics
from emulators.mail.server import MailServer
from emulators.wire.loop import BackgroundLoop
from tests.mail.mails import Connect


@pytest.fixture
def physics() -> Physics:
    return Physics(seed=4711)


@pytest.fixture
def server(physics: Physics) -> MailServer:
    server = MailServer(physics)
    physics.faults.declare(server.name, server.faults)
    return server


@pytest.fixture
def port(server: MailServer) -> Iterator[int]:
    """The server's SMTP on a socket."""
    door, _ = server.doors()
    with BackgroundLoop() as loop:
        yield urlsplit(door.open(loop)).port or 0
        door.close()


@pytest.fixture(params=["in process", "socket"])
def connect(request: pytest.FixtureRequest, server: MailServer) -> Connect:
    """How a client gets a session, the one way and the other."""
    if request.param == "in process":
        return server.smtp
    port = request.getfixturevalue("port")
    return lambda: smtplib.SMTP("127.0.0.1", port, "client.post.example", timeout=5)
