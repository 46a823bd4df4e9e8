"""The load generator: it counts answers, and does not take an error for one."""

import smtplib
import socket
from collections.abc import Iterator
from contextlib import ExitStack
from threading import RLock
from urllib.parse import urlsplit

import pytest
from starlette.types import Receive, Scope, Send

from emulators.sms.smpp.doors import smpp_door
from emulators.wire.http import HttpDoor
from emulators.wire.loop import BackgroundLoop
from emulators.world import World
from harness.bench import load, peers
from harness.bench.peers import Absent


class Count:
    """Counts requests; paths that end in `no` are refused, `close` ends the connection."""

    def __init__(self) -> None:
        self.requests = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.requests += 1
        path: str = scope["path"]
        headers = [(b"connection", b"close")] if path.endswith("close") else []
        await send({"type": "http.response.start", "status": 404 if path.endswith("no") else 200, "headers": headers})
        await send({"type": "http.response.body", "body": b"{}"})


@pytest.fixture
def app() -> Count:
    return Count()


@pytest.fixture
def port(app: Count) -> Iterator[int]:
    with BackgroundLoop() as loop:
        door = HttpDoor("counting", app, RLock())
        yield urlsplit(door.open(loop)).port or 0
        door.close()


def request(path: str, *headers: str) -> bytes:
    return "\r\n".join((f"GET {path} HTTP/1.1", "Host: x", *headers, "", "")).encode()


@pytest.mark.parametrize("headers", [(), ("Connection: close",)], ids=["kept", "closed each time"])
def test_every_answer_counts_once(app: Count, port: int, headers: tuple[str, ...]) -> None:
    run = load.http(port, request("/yes", *headers), connections=3, seconds=0.2)
    assert 0 < run.p50 <= run.p99
    assert run.rate > 0
    assert app.requests >= 3


def test_an_answer_that_is_an_error_ends_the_run(port: int) -> None:
    with pytest.raises(RuntimeError, match="404"):
        load.http(port, request("/no"), connections=2, seconds=0.2)


def test_nobody_at_home_ends_the_run() -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    with pytest.raises(RuntimeError, match="Connect"):
        load.http(port, request("/"), connections=1, seconds=0.2)


def test_mails_are_taken_by_the_server() -> None:
    with peers.mail_sink() as port:
        run = load.smtp(port, b"Subject: x\r\n\r\nhello", "a@insurer.example", "b@post.example", seconds=0.2)
        with smtplib.SMTP("127.0.0.1", port, local_hostname="x") as client:
            assert client.noop()[0] == 250
    assert run.rate > 0


def test_every_message_over_smpp_has_its_receipt() -> None:
    world = World(1)
    to, sms = world.settle_in("person", "adult").mobile, world.sms
    door = smpp_door("smpp", lambda _: sms.smpp_account)
    with BackgroundLoop() as loop, ExitStack() as stack:
        port = urlsplit(door.open(loop)).port or 0
        stack.callback(door.close)
        submit = load.submit_sm("TESTKASSE", to.removeprefix("+"), "hello")
        run = load.smpp(port, sms.smpp_system_id, sms.smpp_password, submit, count=50)
    assert run.receipts == run.rate > 0
    assert len(list(world.journal.named("sms", "delivered"))) == 50


def test_a_peer_without_its_program_is_absent_and_the_remedy_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    with pytest.raises(Absent, match="no java: apt-get install"), peers.wiremock():
        pass
