"""A host with its doors open, and a caller of its control API."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing
from typing import Any

import pytest
import requests

from emulators.host.doors import Building
from emulators.host.host import Host

Meanwhile = Callable[..., Future[Any]]


class Control:
    """Calls the control API and checks on the way that every error is a problem detail."""

    def __init__(self, base: str) -> None:
        self.base = base
        self._session = requests.Session()

    def __call__(self, method: str, path: str, status: int | None = None, **options: Any) -> Any:
        answer = self._session.request(method, self.base + path, timeout=60, **options)
        if answer.status_code >= 400:
            assert answer.headers["content-type"] == "application/problem+json", answer.text
            told = answer.json()
            assert (told["status"], told["type"]) == (answer.status_code, "about:blank")
            assert told["detail"]
        if status is not None:
            assert answer.status_code == status, answer.text
        kind = answer.headers.get("content-type", "")
        answer.encoding = "utf-8"
        return answer.json() if kind in ("application/json", "application/problem+json") else answer.text

    def close(self) -> None:
        self._session.close()


@pytest.fixture
def open_host() -> Iterator[Callable[..., Building]]:
    """Opens hosts, and shuts them in the end."""
    opened: list[Building] = []

    def open_host(host: Host | None = None, **options: Any) -> Building:
        opened.append(Building(Host() if host is None else host, **options))
        return opened[-1].open()

    yield open_host
    for building in opened:
        building.close()


@pytest.fixture
def building(open_host: Callable[..., Building]) -> Building:
    return open_host()


@pytest.fixture
def host(building: Building) -> Host:
    return building.host


@pytest.fixture
def control(host: Host) -> Iterator[Control]:
    control = Control(host.addresses["control"])
    yield control
    control.close()


@pytest.fixture
def meanwhile(host: Host) -> Iterator[Meanwhile]:
    """Calls the control API on a thread and over a connection of its own."""
    with closing(Control(host.addresses["control"])) as control, ThreadPoolExecutor(1) as thread:
        yield lambda *call, **options: thread.submit(control, *call, **options)
