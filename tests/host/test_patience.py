"""Who waits in a host, for how long, and who is answered meanwhile: if somebody never answers, or holds a world."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from threading import Event, Thread
from urllib.parse import urlsplit

import pytest
import requests

from emulators.core.clock import BERLIN, DEFAULT_START, Clock
from emulators.host.host import Host
from emulators.host.hosted import Hosted
from emulators.host.journals import JournalFiles
from emulators.host.waiting import Wait
from emulators.post.letter import Letter
from emulators.post.order import LetterOrder
from emulators.post.paper import Sheet
from harness.reference.insurer.print import print_letter

from .conftest import Control

MINUTE = timedelta(minutes=1)
LONG = 30.0  # seconds; nothing here takes so long unless it hangs
SHORT_OF_IT = 20.0  # seconds; what takes so long has waited for somebody who holds on for long


@pytest.fixture
def free() -> Iterator[Event]:
    """Until it is set, whoever was called does not answer."""
    free = Event()
    yield free
    free.set()


@pytest.fixture
def one(host: Host) -> Hosted:
    return host.create("one")


def call_out(hosted: Hosted, free: Event) -> Event:
    """In a minute of the world's time, a call to somebody who does not answer; tells that it was made."""
    physics, called = hosted.world.physics, Event()

    def webhook() -> None:
        called.set()
        free.wait(LONG)

    physics.later(MINUTE, lambda: physics.send_out(webhook), "webhook")
    return called


def held(hosted: Hosted, until: Event) -> Thread:
    """Somebody who holds the world's lock until then."""
    has_it = Event()

    def hold() -> None:
        with hosted.world.physics.lock:
            has_it.set()
            until.wait(LONG)

    thread = Thread(target=hold, daemon=True)
    thread.start()
    assert has_it.wait(LONG)
    return thread


def is_free(hosted: Hosted) -> bool:
    """Whether somebody else could have the world's lock now."""

    def could() -> bool:
        if not hosted.world.physics.lock.acquire(blocking=False):
            return False
        hosted.world.physics.lock.release()
        return True

    with ThreadPoolExecutor(1) as other:
        return other.submit(could).result()


def test_a_wait_ends_at_its_deadline_even_if_whom_the_world_calls_never_answers(
    control: Control, one: Hosted, free: Event
) -> None:
    called = call_out(one, free)
    later: list[int] = []
    one.world.physics.later(2 * MINUTE, lambda: later.append(1), "later")
    for timeout in (0.3, 3.0, 9.0):  # a slow machine may not have made the call when the time is up
        told = control("POST", "/worlds/one/wait", 408, json={"event": "never", "advance": True, "timeout": timeout})
        assert told["detail"] == f"nothing came within {timeout:g} seconds"
        if called.is_set():
            break
    assert called.is_set()
    free.set()
    one.world.happen()  # returns when the call has
    assert (later, one.world.clock.now) == ([], DEFAULT_START + MINUTE)


def test_nobody_hurries_once_the_client_has_left(
    one: Hosted, host: Host, free: Event, monkeypatch: pytest.MonkeyPatch
) -> None:
    called = call_out(one, free)
    ended = Event()
    leave = one.leave

    def left(waiting: Wait, reason: str) -> None:
        leave(waiting, reason)
        ended.set()

    monkeypatch.setattr(one, "leave", left)
    one.world.physics.later(2 * MINUTE, lambda: None, "later")
    parts = urlsplit(host.addresses["control"])
    body = b'{"event": "never", "advance": true, "timeout": 60}'
    head = f"POST /worlds/one/wait HTTP/1.1\r\nHost: localhost\r\nContent-Length: {len(body)}\r\n"
    with socket.create_connection((parts.hostname or "", parts.port or 0)) as client:
        client.sendall(f"{head}Content-Type: application/json\r\n\r\n".encode() + body)
        assert called.wait(LONG)
    assert ended.wait(LONG)
    free.set()
    one.world.happen()
    assert one.world.clock.now == DEFAULT_START + MINUTE


def test_who_hurries_looks_at_what_is_due_only_while_the_world_is_theirs(
    control: Control, one: Hosted, monkeypatch: pytest.MonkeyPatch
) -> None:
    looked: list[bool] = []

    class Watched(Clock):
        @property
        def next_deed(self) -> datetime | None:
            looked.append(is_free(one))
            return super().next_deed

    one.world.physics.later(MINUTE, lambda: None, "it")
    monkeypatch.setattr(one.world.clock, "__class__", Watched)
    control("POST", "/worlds/one/wait", 408, json={"event": "never", "advance": True})
    assert looked
    assert not any(looked)


def test_what_is_due_beyond_the_last_year_is_not_waited_for(control: Control, one: Hosted) -> None:
    one.world.clock.at(datetime(2500, 1, 1, tzinfo=BERLIN), lambda: None, "far away")
    told = control("POST", "/worlds/one/wait", 408, json={"event": "never", "advance": True})
    assert (told["detail"], one.world.clock.now) == ("nothing is due any more", DEFAULT_START)


def test_the_host_answers_even_if_all_its_threads_hang(control: Control, one: Hosted, free: Event) -> None:
    holding = held(one, free)
    with ThreadPoolExecutor(50) as callers:
        hanging = [callers.submit(requests.get, f"{control.base}/worlds/one", timeout=LONG) for _ in range(45)]
        try:
            for path in ("/healthz", "/", "/endpoints", "/openapi.json", "/worlds/one/env", "/nothing"):
                answer = requests.get(control.base + path, timeout=SHORT_OF_IT)
                assert answer.status_code == (404 if path == "/nothing" else 200)
            told = control("POST", "/worlds", 422, json={"name": "Not a name"})
            assert told["status"] == 422
        finally:
            free.set()
        assert {answer.result().status_code for answer in hanging} == {200}
    holding.join()


class Asked:
    """A lock that tells when somebody asks for it."""

    def __init__(self, lock: AbstractContextManager[object]) -> None:
        self._lock = lock
        self.asked = Event()

    def __enter__(self) -> None:
        self.asked.set()
        self._lock.__enter__()

    def __exit__(self, *_: object) -> None:
        self._lock.__exit__(None, None, None)


def test_a_wait_in_a_world_that_is_held_does_not_stop_the_others(
    control: Control, one: Hosted, free: Event, monkeypatch: pytest.MonkeyPatch
) -> None:
    holding = held(one, free)
    lock = Asked(one.world.physics.lock)
    monkeypatch.setattr(one.world.physics, "lock", lock)
    with ThreadPoolExecutor(1) as waiter:
        waiting = waiter.submit(requests.post, f"{control.base}/worlds/one/wait", json={"timeout": 0.1}, timeout=LONG)
        try:
            assert lock.asked.wait(LONG)
            assert requests.get(f"{control.base}/healthz", timeout=SHORT_OF_IT).status_code == 200
        finally:
            free.set()
        assert waiting.result().status_code == 408
    holding.join()


@pytest.fixture
def letter(one: Hosted) -> Letter:
    """A letter in somebody's letterbox."""
    world = one.world
    person = world.settle_in("person", "adult")
    to = (person.full_name, *person.address.lines())
    with world.physics.lock:
        world.post.submit(
            LetterOrder(print_letter("Kasse", to, date(2021, 3, 23), "Code", "Code 4711", "QR"), "R1.pdf")
        )
    world.advance(timedelta(days=7))
    (found,) = world.post.letters_at(person.address)
    return found


@dataclass(frozen=True)
class Watched(Sheet):
    """A sheet that tells when it is looked at."""

    tell: Callable[[], object] = bool

    def codes(self) -> tuple[str, ...]:
        self.tell()
        return super().codes()

    def picture(self, dpi: int = 100, *, overlay: bool = False) -> bytes:
        self.codes()
        return super().picture(dpi, overlay=overlay)


@pytest.mark.parametrize("path", ["letters", "letters/{}/1.png"])
def test_a_letter_is_read_and_drawn_while_the_world_goes_on(
    path: str, control: Control, one: Hosted, letter: Letter
) -> None:
    seen: list[bool] = []
    letter.sheets = tuple(Watched(s.pdf, s.index, tell=lambda: seen.append(is_free(one))) for s in letter.sheets)
    control("GET", f"/worlds/one/people/person/{path.format(letter.letter_id)}", 200)
    assert seen == [True]


def test_journals_are_written_at_the_end_even_if_a_world_is_held(
    one: Hosted, host: Host, free: Event, tmp_path_factory: pytest.TempPathFactory
) -> None:
    other = host.create("other")
    for each in (one, other):
        each.world.journal.write("test", "first")
    files = JournalFiles(host, tmp_path_factory.mktemp("journals"))
    holding = held(one, free)
    with ThreadPoolExecutor(1) as ending:
        try:
            paths = ending.submit(files.end).result(timeout=SHORT_OF_IT)
        finally:
            free.set()
    assert [path.read_text("utf-8") for path in paths] == [each.world.journal.to_jsonl() for each in (one, other)]
    holding.join()
