"""What a door does with clients that are slow, loud, silent, or not speaking HTTP; others must not notice."""

import contextlib
import socket
from collections.abc import Iterator
from contextlib import closing, contextmanager
from http.client import parse_headers
from queue import Queue
from select import select
from threading import RLock
from time import monotonic
from typing import BinaryIO
from urllib.parse import urlsplit

import pytest
import requests
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route
from starlette.types import Message, Receive, Scope, Send

from emulators.wire.http import HttpDoor
from emulators.wire.http_connection import Limits
from emulators.wire.line import Line
from emulators.wire.loop import BackgroundLoop

MB = 1024 * 1024
LIMITS = Limits(head=2048, body=MB, request_seconds=0.2, held=2 * MB)
PATIENT = Limits(head=2048, body=MB, request_seconds=600, held=2 * MB)


async def length(request: Request) -> Response:
    return PlainTextResponse(str(len(await request.body())))


async def page(request: Request) -> Response:
    return PlainTextResponse("x" * 100_000)


async def split(request: Request) -> Response:
    return PlainTextResponse("", headers={"X-Name": f"one{(await request.body()).decode()}X-Other: two"})


class Dripping(PlainTextResponse):
    """Goes out in small pieces, in about half a second."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def bent(message: Message) -> None:
            begins = message["type"] == "http.response.start"
            await send({**message, "line": Line(piece=20, pause=0.05)} if begins else message)

        await super().__call__(scope, receive, bent)


async def dripping(_: Request) -> Response:
    return Dripping("drip" * 20)


APP = Starlette(
    routes=[
        Route("/length", length, methods=["GET", "POST"]),
        Route("/page", page),
        Route("/dripping", dripping),
        Route("/split", split, methods=["POST"]),
    ]
)


@pytest.fixture(scope="module")
def loop() -> Iterator[BackgroundLoop]:
    with BackgroundLoop() as loop:
        yield loop


@contextmanager
def opened(loop: BackgroundLoop, limits: Limits) -> Iterator[str]:
    door = HttpDoor("robust", APP, RLock(), limits=limits)
    with closing(door):  # also after a failure: a loop cannot be stopped while a door is open on it
        yield door.open(loop)


@pytest.fixture
def url(loop: BackgroundLoop) -> Iterator[str]:
    with opened(loop, PATIENT) as url:
        yield url


@pytest.fixture
def hasty_url(loop: BackgroundLoop) -> Iterator[str]:
    """A door that waits for the rest of a request only so long."""
    with opened(loop, LIMITS) as url:
        yield url


def dial(url: str) -> socket.socket:
    return socket.create_connection(("127.0.0.1", urlsplit(url).port or 0), timeout=10)


def others_are_well(url: str) -> bool:
    return requests.post(f"{url}/length", data=b"hello", timeout=10).text == "5"


def read_answer(reader: BinaryIO) -> tuple[int, bytes]:
    status = int(reader.readline()[9:12])
    return status, reader.read(int(parse_headers(reader)["content-length"]))


def answered(url: str, status: int, body: bytes) -> requests.Response:
    """The answer once it has that status: what others sent, or that they are gone, takes its time to be noticed."""
    ended = monotonic() + 30
    while (answer := requests.post(f"{url}/length", data=body, timeout=10)).status_code != status:
        assert monotonic() < ended, answer.text
    return answer


def test_ten_megabytes_are_refused_with_the_limit_and_nothing_is_kept_of_them(url: str) -> None:
    answer = requests.post(f"{url}/length", data=bytes(10 * MB), timeout=20)
    assert (answer.status_code, answer.json()["error"]) == (413, "PayloadTooLarge")
    assert str(MB) in answer.json()["detail"]
    assert others_are_well(url)


def test_ten_megabytes_in_chunks_are_refused_as_well(url: str) -> None:
    answer = requests.post(f"{url}/length", data=iter([bytes(MB)] * 10), timeout=20)
    assert answer.status_code == 413


def test_the_room_for_bodies_is_shared_and_given_back(loop: BackgroundLoop) -> None:
    head = b"POST /length HTTP/1.1\r\nHost: x\r\nContent-Length: 50000\r\n\r\n"
    with opened(loop, Limits(body=60_000, held=110_000)) as url:
        with dial(url) as one, dial(url) as other:
            for line in (one, other):
                line.sendall(head + bytes(49_999))
            answer = answered(url, 503, bytes(50_000))
            assert answer.json()["error"] == "Busy"
            for line in (one, other):
                line.sendall(b"x")
                assert line.recv(1000).endswith(b"50000")
        with dial(url) as one, dial(url) as other:  # gone in the middle: their room is free again
            for line in (one, other):
                line.sendall(head + bytes(49_999))
        assert answered(url, 200, bytes(60_000)).text == "60000"


@pytest.mark.parametrize(
    "half",
    [b"P", b"POST /length HTTP/1.1\r\nHo", b"POST /length HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\nhello"],
)
def test_half_a_request_gets_its_time_and_then_an_answer_that_says_so(hasty_url: str, half: bytes) -> None:
    with dial(hasty_url) as line:
        line.sendall(half)
        assert requests.get(f"{hasty_url}/length", timeout=10).ok  # sent in one piece, so never too slow
        answer = line.makefile("rb").read()
        assert answer.startswith(b"HTTP/1.1 408 ")
        assert b"within 0.2 s" in answer


def test_a_client_that_asks_nothing_may_stay(hasty_url: str) -> None:
    with dial(hasty_url) as idle, dial(hasty_url) as half:
        half.sendall(b"GET ")
        assert half.makefile("rb").read()  # by now the idle one would have been sent away, too
        idle.sendall(b"GET /length HTTP/1.1\r\nHost: x\r\n\r\n")
        assert idle.recv(1000).startswith(b"HTTP/1.1 200 ")


@pytest.mark.parametrize("cut", [1, 30, 75])
def test_half_a_request_and_gone_disturbs_nobody(url: str, cut: int) -> None:
    with dial(url) as line:
        line.sendall(b"POST /length HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n and so on and on"[:cut])
    assert others_are_well(url)


def test_five_hundred_idle_connections_disturb_nobody(url: str) -> None:
    with contextlib.ExitStack() as stack:
        lines = [stack.enter_context(dial(url)) for _ in range(500)]
        assert others_are_well(url)
        lines[-1].sendall(b"GET /length HTTP/1.1\r\nHost: x\r\n\r\n")
        assert lines[-1].recv(1000).startswith(b"HTTP/1.1 200 ")


def test_a_head_without_an_end_is_refused(url: str) -> None:
    with dial(url) as line:
        line.sendall(b"GET /length HTTP/1.1\r\nHost: x\r\n")
        with contextlib.suppress(ConnectionError):
            for number in range(10_000):
                line.sendall(f"X-{number}: {'y' * 100}\r\n".encode())
        with contextlib.suppress(ConnectionError):
            assert line.recv(20).startswith(b"HTTP/1.1 431 ")
    assert others_are_well(url)


@pytest.mark.parametrize(
    ("octets", "status"),
    [
        (b"\x00\x01\x02 nonsense\r\n\r\n", b"400"),
        (b"GET /length SPDY/9\r\n\r\n", b"400"),
        (b"POST /length HTTP/1.1\r\nHost: x\r\nContent-Length: -5\r\n\r\n", b"400"),
        (b"POST /length HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nnonsense\r\n", b"400"),
        (b"GET http://[ HTTP/1.1\r\nHost: x\r\n\r\n", b"400"),
        (b"CONNECT x:443 HTTP/1.1\r\nHost: x\r\n\r\n", b"400"),
    ],
    ids=["bytes", "protocol", "length", "chunk", "target", "connect"],
)
def test_what_is_not_http_is_told_so_and_hung_up_on(url: str, octets: bytes, status: bytes) -> None:
    with dial(url) as line:
        line.sendall(octets)
        answer = line.recv(1000)
        assert answer[9:12] == status
    assert others_are_well(url)


@pytest.mark.parametrize("cut", [20, 150, 999])
@pytest.mark.parametrize(
    "body",
    [b"Content-Length: 5\r\n\r\nhello", b"Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n"],
    ids=["length", "chunks"],
)
def test_who_would_rather_speak_http_2_is_served_all_the_same(url: str, body: bytes, cut: int) -> None:
    """As Java's client does, unless told otherwise. Its body was once lost."""
    upgrade = b"Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAoAAAAAIAAAAA\r\n"
    octets = b"POST /length?a=b HTTP/1.1\r\nHost: x\r\n" + upgrade + body
    with dial(url) as line:
        for _ in range(2):  # and the connection lives on
            line.sendall(octets[:cut])
            line.sendall(octets[cut:])
            answer = line.recv(1000)
            assert answer.startswith(b"HTTP/1.1 200 ")
            assert answer.endswith(b"\r\n\r\n5")


def test_a_websocket_is_answered_over_http(url: str) -> None:
    with dial(url) as line:
        line.sendall(b"GET /length HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n")
        assert line.recv(1000).startswith(b"HTTP/1.1 200 ")


def test_requests_sent_ahead_are_answered_in_order(url: str) -> None:
    with dial(url) as line:
        count = 500
        for number in range(count):
            body = b"x" * number
            line.sendall(b"POST /length HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n" % number + body)
        reader = line.makefile("rb")
        for number in range(count):
            assert read_answer(reader) == (200, str(number).encode())


def test_a_client_that_never_reads_is_not_answered_without_end(url: str) -> None:
    with dial(url) as line:
        line.setblocking(False)
        thousand, sent, looks = b"GET /page HTTP/1.1\r\nHost: x\r\n\r\n" * 1000, 0, 0
        while looks < 5:  # in a row: others are answered, and nothing more is read from this one
            assert sent < 100 * MB
            try:
                sent += line.send(thousand[sent % len(thousand) :])  # what was begun goes on: it is to stay HTTP
                looks = 0
            except BlockingIOError:
                assert others_are_well(url)
                select([], [line], [], 0.2)
                looks += 1


def test_a_client_that_expects_to_be_asked_for_the_body_is_asked(url: str) -> None:
    with dial(url) as line:
        line.sendall(b"POST /length HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n")
        assert line.recv(1000) == b"HTTP/1.1 100 Continue\r\n\r\n"
        line.sendall(b"hello")
        assert line.recv(1000).endswith(b"5")


def test_a_body_that_could_only_be_refused_is_not_asked_for(url: str) -> None:
    with dial(url) as line:
        line.sendall(
            b"POST /length HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: %d\r\n\r\n" % (99 * MB)
        )
        assert line.makefile("rb").read().startswith(b"HTTP/1.1 413 ")


def test_who_expects_to_be_asked_is_not_asked_in_the_middle_of_another_answer(url: str) -> None:
    with dial(url) as line:
        line.sendall(b"GET /dripping HTTP/1.1\r\nHost: x\r\n\r\n")
        line.sendall(b"POST /length HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n")
        got = b""
        while b"100 Continue\r\n\r\n" not in got:
            got += line.recv(1000)
        assert got.startswith(b"HTTP/1.1 200 ")
        assert got.endswith(b"drip" * 20 + b"HTTP/1.1 100 Continue\r\n\r\n")
        line.sendall(b"hello")
        assert line.recv(1000).endswith(b"5")


@pytest.mark.parametrize("behind", [b"nonsense\r\n\r\n", b"POST /length HTTP/1.1\r\nHo"], ids=["malformed", "late"])
def test_what_cannot_be_read_cuts_no_earlier_answer_off(hasty_url: str, behind: bytes) -> None:
    with dial(hasty_url) as line:
        line.sendall(b"GET /dripping HTTP/1.1\r\nHost: x\r\n\r\nGET /length HTTP/1.1\r\nHost: x\r\n\r\n" + behind)
        got = line.makefile("rb").read()
    assert b"drip" * 20 + b"HTTP/1.1 200 " in got
    assert b"\r\n\r\n0HTTP/1.1 40" in got


def test_bodies_that_wait_for_their_turn_take_up_room(loop: BackgroundLoop) -> None:
    with opened(loop, Limits(body=60_000, held=110_000)) as url, dial(url) as line:
        line.sendall(b"GET /dripping HTTP/1.1\r\nHost: x\r\n\r\n")
        whole = b"POST /length HTTP/1.1\r\nHost: x\r\nContent-Length: 50000\r\n\r\n" + bytes(50_000)
        line.sendall(whole * 3)
        reader = line.makefile("rb")
        assert [read_answer(reader)[0] for _ in range(4)] == [200, 200, 200, 503]
        line.sendall(whole)
        assert read_answer(reader) == (200, b"50000")  # the room is free again


@pytest.mark.parametrize("head", ["GET /length HTTP/1.0", "GET /length HTTP/1.1\r\nConnection: close"])
def test_a_client_that_wants_no_more_is_hung_up_on(url: str, head: str) -> None:
    with dial(url) as line:
        line.sendall(f"{head}\r\nHost: x\r\n\r\n".encode())
        answer = line.makefile("rb").read()
        assert b"connection: close\r\n" in answer
        assert answer.endswith(b"\r\n\r\n0")


@pytest.mark.parametrize("end", ["\r\n", "\n", "\r"], ids=["CRLF", "LF", "CR"])
def test_a_header_with_a_line_end_in_it_splits_no_answer(url: str, end: str) -> None:
    answer = requests.post(f"{url}/split", data=end, timeout=10)
    assert (answer.status_code, answer.json()["error"], "X-Other" in answer.headers) == (500, "BadHeader", False)


def test_the_world_settles_after_each_answer_while_the_lock_is_free(loop: BackgroundLoop) -> None:
    lock, seen = RLock(), Queue[bool]()

    def settle() -> None:
        seen.put(lock._is_owned())  # type: ignore[attr-defined]  # what Condition asks a lock
        raise LookupError("the world's own trouble, not the client's")

    door = HttpDoor("settling", APP, lock, settle=settle)
    with requests.Session() as session:
        url = door.open(loop)
        for _ in range(2):
            assert session.get(f"{url}/length", timeout=10).ok
            assert seen.get(timeout=10) is False
    door.close()


def test_a_port_that_is_taken_is_an_error_and_the_door_can_be_opened_elsewhere(loop: BackgroundLoop) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        door = HttpDoor("taken", APP, RLock(), port=taken.getsockname()[1])
        with pytest.raises(OSError, match="in use"):
            door.open(loop)
    assert others_are_well(door.open(loop))
    door.close()
