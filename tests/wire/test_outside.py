"""Calls to the outside from a world behind doors: by a courier, who waits so that the loop need not."""

import socket
from collections.abc import Iterator
from queue import Queue
from threading import Thread

import pytest
import requests
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from emulators.core.physics import Physics
from emulators.wire.http import HttpDoor, deliver
from emulators.wire.loop import BackgroundLoop
from emulators.wire.outside import Patience, Unanswered, call

PATIENCE = 10.0  # seconds until a thread that never reports counts as stuck


class Shop:
    """Calls back to wherever an order says, three times; takes calls itself, and gives each caller a cookie."""

    def __init__(self) -> None:
        self.physics = Physics()
        self.answers = Queue[int | None]()
        self.callers: list[tuple[object, str | None]] = []
        self.app = Starlette(
            routes=[Route("/order", self._order, methods=["POST"]), Route("/back", self._back, methods=["POST"])]
        )

    async def _order(self, request: Request) -> Response:
        url = (await request.body()).decode()
        for _ in range(3):
            self.physics.send_out(lambda: self.answers.put(deliver("POST", url, {}, b"ready")))
        return Response(status_code=202)

    async def _back(self, request: Request) -> Response:
        self.callers.append((request.client, request.headers.get("cookie")))
        response = Response(status_code=204)
        response.set_cookie("known", "yes")
        return response


@pytest.fixture
def shop() -> Shop:
    return Shop()


@pytest.fixture
def url(shop: Shop) -> Iterator[str]:
    with BackgroundLoop() as loop:
        door = HttpDoor("shop", shop.app, shop.physics.lock, settle=shop.physics.happen)
        yield door.open(loop)
        door.close()


def order(shop: Shop, url: str, back: str) -> list[int | None]:
    assert requests.post(f"{url}/order", data=back, timeout=PATIENCE).status_code == 202
    return [shop.answers.get(timeout=PATIENCE) for _ in range(3)]


def test_a_call_may_come_back_in_over_the_very_loop_that_caused_it(shop: Shop, url: str) -> None:
    assert order(shop, url, f"{url}/back") == [204, 204, 204]


def test_a_courier_keeps_the_connection_and_no_cookies(shop: Shop, url: str) -> None:
    order(shop, url, f"{url}/back")
    assert len(set(shop.callers)) == 1
    assert shop.callers[0][1] is None


def test_nobody_there_is_none_and_the_next_call_goes_out(shop: Shop, url: str) -> None:
    assert order(shop, url, "http://127.0.0.1:1/back") == [None, None, None]
    assert order(shop, url, f"{url}/back") == [204, 204, 204]


@pytest.fixture
def silent() -> Iterator[socket.socket]:
    """Somebody who lets himself be called, and says no more than a test has him say."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server


def url_of(server: socket.socket) -> str:
    return f"http://127.0.0.1:{server.getsockname()[1]}/"


@pytest.mark.parametrize("patience", [Patience(PATIENCE, 0.01), Patience(PATIENCE, PATIENCE, 0.01)])
def test_an_answer_that_does_not_come_in_time_is_told_from_no_connection(
    silent: socket.socket, patience: Patience
) -> None:
    assert call("POST", url_of(silent), {}, b"x", patience) is Unanswered.TOO_LATE


def test_an_answer_that_stops_in_its_midst_is_too_late(silent: socket.socket) -> None:
    heard: list[socket.socket] = []

    def begin() -> None:
        heard.append(silent.accept()[0])
        heard[0].recv(1000)
        heard[0].sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n")

    speaker = Thread(target=begin)
    speaker.start()
    assert call("POST", url_of(silent), {}, b"x", Patience(PATIENCE, 0.5)) is Unanswered.TOO_LATE
    speaker.join(PATIENCE)
    heard[0].close()


def test_who_is_not_there_or_hangs_up_is_not_connected(silent: socket.socket) -> None:
    hangs_up = Thread(target=lambda: silent.accept()[0].close())
    hangs_up.start()
    patience = Patience(PATIENCE, PATIENCE)
    assert call("POST", url_of(silent), {}, b"x", patience) is Unanswered.NOT_CONNECTED
    hangs_up.join(PATIENCE)
    nowhere = url_of(silent)
    silent.close()
    assert call("POST", nowhere, {}, b"x", patience) is Unanswered.NOT_CONNECTED
    assert call("POST", "no url", {}, b"x", patience) is Unanswered.NOT_CONNECTED
