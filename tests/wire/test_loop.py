import asyncio
import socket
import sys
from threading import current_thread

import pytest

from emulators.wire.loop import BackgroundLoop


async def thread_name() -> str:
    await asyncio.sleep(0)
    return current_thread().name


def test_the_loop_starts_by_itself_on_a_thread_of_its_own() -> None:
    loop = BackgroundLoop("backstage")
    try:
        assert loop.run(thread_name()) == "backstage"
    finally:
        loop.stop()


def test_starting_and_stopping_twice_is_no_error() -> None:
    loop = BackgroundLoop()
    loop.stop()
    with loop:
        loop.start()
        assert loop.run(thread_name()) == "doors"
    loop.stop()


def test_a_stopped_loop_can_start_again() -> None:
    loop = BackgroundLoop()
    for _ in range(2):
        with loop:
            assert loop.run(thread_name()) == "doors"


def test_what_a_coroutine_raises_is_raised_to_the_caller() -> None:
    async def fail() -> None:
        raise LookupError("nothing there")

    with BackgroundLoop() as loop, pytest.raises(LookupError, match="nothing there"):
        loop.run(fail())


def test_the_loop_refuses_to_wait_for_itself() -> None:
    with BackgroundLoop() as loop:

        async def from_within() -> str:
            return loop.run(thread_name())

        with pytest.raises(RuntimeError, match="cannot wait for itself"):
            loop.run(from_within())


def test_stopping_cancels_what_still_runs() -> None:
    ended: list[str] = []

    async def forever() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            ended.append("cancelled")

    tasks: list[asyncio.Task[None]] = []

    async def start() -> None:
        tasks.append(asyncio.create_task(forever()))
        await asyncio.sleep(0)

    with BackgroundLoop() as loop:
        loop.run(start())
    assert ended == ["cancelled"]


@pytest.mark.parametrize("there", [True, False], ids=["with uvloop", "without"])
def test_the_loop_is_uvloops_where_that_is_installed(monkeypatch: pytest.MonkeyPatch, there: bool) -> None:
    if not there:
        monkeypatch.setitem(sys.modules, "uvloop", None)  # what an import then finds is that there is none

    async def kind() -> str:
        return type(asyncio.get_running_loop()).__module__.partition(".")[0]

    with BackgroundLoop() as loop:
        assert loop.run(kind()) == ("uvloop" if there and sys.platform != "win32" else "asyncio")


def test_stopping_closes_what_still_listens_and_warns_of_it() -> None:
    async def listen() -> asyncio.Server:
        return await asyncio.start_server(lambda _, writer: writer.close(), "127.0.0.1", 0)

    loop = BackgroundLoop("left open")
    server = loop.run(listen())
    address = server.sockets[0].getsockname()
    with pytest.raises(ResourceWarning, match=r"the loop 'left open' was stopped before.*unclosed"):
        loop.stop()  # warnings are errors in these tests: the loop once hung here
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(address)
