import asyncio
import socket
import sys
from collections.abc import Iterator
from contextlib import closing
from threading import RLock
from time import monotonic
from urllib.parse import urlsplit

import pytest
import requests
import responses
from hypothesis import given, settings
from hypothesis import strategies as st
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from emulators.core.emulator import Door
from emulators.wire.http import HttpDoor, Refusal, WouldSuspend, call, deliver, mount, run_without_loop
from emulators.wire.http_server import BODY_LIMIT
from emulators.wire.loop import BackgroundLoop


async def echo(request: Request) -> Response:
    body = await request.body()
    said = {
        "method": request.method,
        "path": request.url.path,
        "query": request.url.query,
        "kind": request.headers.get("content-type"),
        "length": len(body),
        "body": body[:100].decode("latin-1"),
    }
    return JSONResponse(said, status_code=201, headers={"X-Echo": "yes"})


async def form(request: Request) -> Response:
    return JSONResponse(dict(await request.form()))


async def cookies(request: Request) -> Response:
    response = Response("two")
    response.set_cookie("one", "1")
    response.set_cookie("two", "2")
    return response


async def nothing(request: Request) -> Response:
    return Response(status_code=204)


async def refuse(request: Request) -> Response:
    raise Refusal("the line is dead")


async def fail(request: Request) -> Response:
    raise KeyError("Schlüssel")


async def suspend(request: Request) -> Response:
    await asyncio.sleep(0)
    return Response("too late")


APP = Starlette(
    routes=[
        Route("/echo/{rest:path}", echo, methods=["GET", "POST", "PUT", "PATCH", "DELETE"]),
        Route("/form", form, methods=["POST"]),
        Route("/cookies", cookies),
        Route("/nothing", nothing, methods=["DELETE"]),
        Route("/refuse", refuse, methods=["GET", "POST"]),
        Route("/fail", fail),
        Route("/suspend", suspend),
    ]
)


@pytest.fixture(scope="module")
def loop() -> Iterator[BackgroundLoop]:
    with BackgroundLoop() as loop:
        yield loop


@pytest.fixture(scope="module")
def address(loop: BackgroundLoop) -> Iterator[str]:
    door = HttpDoor("test", APP, RLock())
    yield door.open(loop)
    door.close()


@pytest.fixture(params=["socket", "process"])
def url(request: pytest.FixtureRequest, address: str) -> Iterator[str]:
    if request.param == "socket":
        yield address
        return
    with responses.RequestsMock(assert_all_requests_are_fired=False) as mock:
        mount(mock, "http://emulator.test/base", Starlette(routes=[]))
        mount(mock, "http://emulator.test:8080", APP)
        yield "http://emulator.test:8080"


def test_a_door_is_what_the_world_calls_a_door() -> None:
    assert isinstance(HttpDoor("test", APP, RLock()), Door)


@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "PATCH", "DELETE"])
def test_a_request_reaches_the_app_whole(url: str, method: str) -> None:
    kind = {"Content-Type": "text/plain"}
    answer = requests.request(method, f"{url}/echo/a%20b/ü?x=1&y=%2F", data=b"hello", headers=kind, timeout=30)
    assert (answer.status_code, answer.headers["X-Echo"]) == (201, "yes")
    assert answer.json() == {
        "method": method,
        "path": "/echo/a b/ü",
        "query": "x=1&y=%2F",
        "kind": "text/plain",
        "length": 5,
        "body": "hello",
    }


def test_a_form_is_understood(url: str) -> None:
    assert requests.post(f"{url}/form", data={"To": "+49", "Body": "Größe"}, timeout=30).json()["Body"] == "Größe"


def test_a_file_in_a_form_is_understood(url: str) -> None:
    answer = requests.post(f"{url}/form", data={"a": "b"}, files={"c": (None, "d")}, timeout=30)
    assert answer.json() == {"a": "b", "c": "d"}


def test_headers_that_come_twice_stay_two(url: str) -> None:
    assert requests.get(f"{url}/cookies", timeout=30).cookies.get_dict() == {"one": "1", "two": "2"}


def test_the_answer_to_head_has_no_body(url: str) -> None:
    answer = requests.head(f"{url}/cookies", timeout=30)
    assert (answer.status_code, answer.content, answer.headers["content-length"]) == (200, b"", "3")


def test_an_answer_may_be_empty(url: str) -> None:
    answer = requests.delete(f"{url}/nothing", timeout=30)
    assert (answer.status_code, answer.content) == (204, b"")


@pytest.mark.parametrize(("method", "path", "status"), [("GET", "/elsewhere", 404), ("GET", "/form", 405)])
def test_what_the_app_refuses_is_refused(url: str, method: str, path: str, status: int) -> None:
    assert requests.request(method, url + path, timeout=30).status_code == status


def test_a_refusal_is_a_broken_connection(url: str) -> None:
    with pytest.raises(requests.ConnectionError):
        requests.post(f"{url}/refuse", data=b"x", timeout=30)
    assert requests.get(f"{url}/cookies", timeout=30).ok


def test_an_error_of_the_app_is_a_500_that_names_it(url: str) -> None:
    answer = requests.get(f"{url}/fail", timeout=30)
    assert (answer.status_code, answer.json()) == (500, {"error": "KeyError", "detail": "'Schlüssel'"})


def test_a_refusal_sends_not_a_single_byte(address: str) -> None:
    with socket.create_connection(("127.0.0.1", urlsplit(address).port or 0), timeout=30) as line:
        line.sendall(b"GET /refuse HTTP/1.1\r\nHost: x\r\n\r\n")
        assert line.recv(100) == b""


def test_a_handler_that_suspends_is_an_error_in_process() -> None:
    with pytest.raises(WouldSuspend):
        call(APP, "GET", "http://x/suspend", {}, b"")


def test_a_handler_that_suspends_is_a_500_on_a_socket(address: str) -> None:
    answer = requests.get(f"{address}/suspend", timeout=30)
    assert (answer.status_code, answer.json()["error"]) == (500, "WouldSuspend")


def test_a_coroutine_that_does_not_suspend_gives_its_result() -> None:
    async def seven() -> int:
        return 7

    assert run_without_loop(seven()) == 7


def test_a_body_at_the_limit_is_taken_and_one_above_is_not(address: str) -> None:
    assert requests.post(f"{address}/echo/", data=bytes(BODY_LIMIT), timeout=20).json()["length"] == BODY_LIMIT
    answer = requests.post(f"{address}/echo/", data=bytes(BODY_LIMIT + 1), timeout=20)
    assert (answer.status_code, answer.json()["error"]) == (413, "PayloadTooLarge")


def test_only_what_lies_below_the_url_is_mounted() -> None:
    with responses.RequestsMock(assert_all_requests_are_fired=False) as mock:
        mount(mock, "http://emulator.test/v1", APP)
        with pytest.raises(requests.ConnectionError):
            requests.get("http://emulator.test/v10/cookies", timeout=30)


def test_the_lock_is_held_while_the_app_answers(loop: BackgroundLoop) -> None:
    told: list[str] = []

    class Lock:
        def __enter__(self) -> None:
            told.append("locked")

        def __exit__(self, *_: object) -> None:
            told.append("free")

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        told.append("answers")
        await APP(scope, receive, send)

    with closing(HttpDoor("locked", app, Lock())) as door:
        assert requests.get(f"{door.open(loop)}/cookies", timeout=10).ok
    assert told == ["locked", "answers", "free"]


def test_a_closed_door_answers_nobody_and_may_be_closed_and_opened_again(loop: BackgroundLoop) -> None:
    door = HttpDoor("test", APP, RLock())
    door.close()
    url = door.open(loop)
    with pytest.raises(RuntimeError, match="open already"):
        door.open(loop)
    with requests.Session() as keeps_its_connection:
        assert keeps_its_connection.get(f"{url}/cookies", timeout=30).ok
        began = monotonic()
        door.close()
        door.close()
        assert monotonic() - began < 20  # at once, not only when the client leaves
    with pytest.raises(requests.ConnectionError):
        requests.get(url, timeout=30)
    again = door.open(loop)
    assert requests.get(f"{again}/cookies", timeout=30).ok
    door.close()


def test_a_call_to_the_outside_gives_the_status(url: str) -> None:
    assert deliver("POST", f"{url}/echo/hook", {"X-Signature": "s"}, b"{}", 5) == 201
    assert deliver("GET", f"{url}/elsewhere", {}, b"") == 404


def test_a_call_to_the_outside_that_breaks_gives_none(url: str) -> None:
    assert deliver("POST", f"{url}/refuse", {}, b"", 5) is None


@pytest.mark.parametrize("nowhere", ["", "nonsense", "http://", "http://[", "gopher://x/", "http://127.0.0.1:1/"])
def test_a_call_to_nowhere_gives_none(nowhere: str) -> None:
    assert deliver("POST", nowhere, {}, b"", 2) is None


@settings(max_examples=30, deadline=None)
@given(st.binary(max_size=300))
def test_any_bytes_on_the_socket_leave_the_door_standing(address: str, data: bytes) -> None:
    with socket.create_connection(("127.0.0.1", urlsplit(address).port or 0), timeout=30) as line:
        line.sendall(data)
    assert requests.get(f"{address}/cookies", timeout=30).ok


def test_a_door_stands_on_a_plain_asyncio_loop_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "uvloop", None)
    with BackgroundLoop() as loop:
        door = HttpDoor("plain", APP, RLock())
        url = door.open(loop)
        assert requests.post(f"{url}/form", data={"Body": "Größe"}, timeout=30).json()["Body"] == "Größe"
        with pytest.raises(requests.ConnectionError):
            requests.get(f"{url}/refuse", timeout=30)
        door.close()
