"""The faults of the line, on a socket and in process: what a client sees of each is the same."""

import json
import socket
from collections.abc import Iterator, Mapping
from http.client import parse_headers
from typing import ClassVar
from urllib.parse import urlsplit

import pytest
import requests
import responses
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from emulators.core.faults import Fault
from emulators.core.physics import Physics
from emulators.core.transport_faults import LINE_FAULTS
from emulators.wire.http import HttpDoor, mount
from emulators.wire.json_api import guarded, json_app
from emulators.wire.loop import BackgroundLoop
from tests.until import until

HASTY = 10.0, 0.2  # seconds to connect, and to wait for an answer that does not come


class Counter:
    """Counts its visitors."""

    name: ClassVar[str] = "counter"
    api_key: ClassVar[str] = "TEST-ONLY-counter-key"
    faults: ClassVar[Mapping[str, type[Fault]]] = LINE_FAULTS

    def __init__(self) -> None:
        self.physics = Physics()
        self.count = 0
        self.app: Starlette = json_app(self, ROUTES, "the counter")
        self.physics.faults.declare(self.name, self.faults)


async def enter(counter: Counter, request: Request) -> Response:
    counter.count += 1
    return JSONResponse({"count": counter.count, "padding": "x" * 1000})


ROUTES = (Route("/enter", guarded(enter), methods=["POST"]),)


@pytest.fixture
def counter() -> Counter:
    return Counter()


@pytest.fixture
def address(counter: Counter) -> Iterator[str]:
    with BackgroundLoop() as loop:
        door = HttpDoor("counter", counter.app, counter.physics.lock)
        yield door.open(loop)
        door.close()


@pytest.fixture(params=["socket", "process"])
def url(request: pytest.FixtureRequest, counter: Counter) -> Iterator[str]:
    if request.param == "socket":
        yield request.getfixturevalue("address")
        return
    with responses.RequestsMock(assert_all_requests_are_fired=False) as mock:
        mount(mock, "http://counter.test", counter.app)
        yield "http://counter.test"


def visit(url: str, timeout: float | tuple[float, float] = 10) -> requests.Response:
    return requests.post(f"{url}/enter", headers={"X-Api-Key": Counter.api_key}, timeout=timeout)


@pytest.mark.parametrize(
    ("kind", "parameters", "seen", "count"),
    [
        ("line_reset", {}, requests.ConnectionError, 0),
        ("line_reset", {"processed": True}, requests.ConnectionError, 1),
        ("line_stalled", {}, requests.ReadTimeout, 0),
        ("line_stalled", {"processed": True}, requests.ReadTimeout, 1),
        ("line_truncated", {"octets": 0}, requests.ConnectionError, 1),
        ("line_truncated", {"octets": 11}, requests.ConnectionError, 1),
        ("line_truncated", {"octets": 500}, requests.exceptions.ChunkedEncodingError, 1),
    ],
)
def test_a_fault_of_the_line_is_what_it_is_to_a_client_and_the_next_request_is_well(
    counter: Counter, url: str, kind: str, parameters: dict[str, object], seen: type[Exception], count: int
) -> None:
    counter.physics.faults.arm("counter", kind, parameters)
    with pytest.raises(seen):
        visit(url, HASTY if kind == "line_stalled" else 10)
    until(lambda: not counter.physics.faults.unspent)  # who is hasty may have left before the request was read
    assert visit(url).json()["count"] == count + 1


def test_an_answer_cut_off_in_its_head_is_a_success_without_a_body_to_this_client(counter: Counter, url: str) -> None:
    """A trap of `requests`, and the reason to try: a status line is enough for it."""
    counter.physics.faults.arm("counter", "line_truncated", {"octets": 20})
    answer = visit(url)
    assert (answer.status_code, answer.content) == (200, b"")


@pytest.mark.parametrize("octets", [1, 7, 5000])
def test_an_answer_in_drips_arrives_whole(counter: Counter, url: str, octets: int) -> None:
    counter.physics.faults.arm("counter", "line_dribbled", {"octets": octets})
    assert visit(url).json()["count"] == 1


def test_a_pause_longer_than_the_client_waits_is_a_time_out(counter: Counter, url: str) -> None:
    counter.physics.faults.arm("counter", "line_dribbled", {"octets": 100, "pause_ms": 60_000})
    with pytest.raises((requests.ReadTimeout, requests.ConnectionError), match="timed out"):
        visit(url, HASTY)
    until(lambda: counter.count == 1)


@pytest.mark.parametrize("kind", LINE_FAULTS)
def test_a_fault_of_the_line_is_noted_with_its_cause(counter: Counter, kind: str) -> None:
    counter.physics.faults.arm("counter", kind)
    with responses.RequestsMock(assert_all_requests_are_fired=False) as mock:
        mount(mock, "http://counter.test", counter.app)
        try:
            visit("http://counter.test")
        except requests.RequestException:
            assert kind != "line_dribbled"
    (entry,) = counter.physics.journal.named("counter", kind)
    assert (entry.cause.fault, entry.data["path"]) == (f"counter.{kind}", "/enter")


def ask(line: socket.socket) -> None:
    line.sendall(b"POST /enter HTTP/1.1\r\nHost: x\r\nX-Api-Key: TEST-ONLY-counter-key\r\nContent-Length: 0\r\n\r\n")


@pytest.fixture
def line(address: str) -> Iterator[socket.socket]:
    with socket.create_connection(("127.0.0.1", urlsplit(address).port or 0), timeout=10) as line:
        yield line


def test_a_reset_is_a_reset_on_the_wire(counter: Counter, line: socket.socket) -> None:
    counter.physics.faults.arm("counter", "line_reset")
    ask(line)
    with pytest.raises(ConnectionResetError):
        line.recv(100)


def test_exactly_so_many_octets_arrive_before_the_line_closes(counter: Counter, line: socket.socket) -> None:
    counter.physics.faults.arm("counter", "line_truncated", {"octets": 33})
    ask(line)
    assert len(line.makefile("rb").read()) == 33


def test_requests_behind_an_answer_in_drips_wait_for_their_turn(counter: Counter, line: socket.socket) -> None:
    counter.physics.faults.arm("counter", "line_dribbled", {"octets": 100})
    ask(line)
    ask(line)
    reader = line.makefile("rb")
    for count in (1, 2):
        assert b" 200 " in reader.readline()
        assert json.loads(reader.read(int(parse_headers(reader)["content-length"])))["count"] == count


def test_closing_the_door_ends_a_line_that_is_silent(counter: Counter) -> None:
    with BackgroundLoop() as loop:
        door = HttpDoor("counter", counter.app, counter.physics.lock)
        port = urlsplit(door.open(loop)).port or 0
        counter.physics.faults.arm("counter", "line_stalled", {"processed": True})
        with socket.create_connection(("127.0.0.1", port), timeout=10) as line:
            ask(line)
            until(lambda: counter.count == 1)
            door.close()
            assert line.recv(100) == b""
