"""Calls to the outside from a world behind doors: by a courier, who waits so that the loop need not."""

from collections.abc import Iterator
from queue import Queue

import pytest
import requests
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from emulators.core.physics import Physics
from emulators.wire.http import HttpDoor, deliver
from emulators.wire.loop import BackgroundLoop

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
