import asyncio
import socket
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, nullcontext, suppress
from queue import SimpleQueue
from threading import RLock
from urllib.parse import urlsplit

import pytest

from emulators.core.emulator import Door
from emulators.wire.http import Refusal
from emulators.wire.line import RESET, Ending, Line
from emulators.wire.loop import BackgroundLoop
from emulators.wire.tcp import TcpDoor, Wire

OVER = {
    b"drip": Line(piece=1),
    b"drop": Line(piece=100),
    b"drip a while": Line(piece=1, pause=0.01),
    b"drip slowly": Line(piece=1, pause=60.0),
    b"cut": Line(cut_after=2, ending=Ending.CLOSED),
    b"cut off": RESET,
    b"hush": Line(cut_after=0, ending=Ending.SILENT),
}


class Lines:
    """Answers each line in capitals; `bye` ends the session, `break` breaks it off, `reset` does so after an answer.

    What is said to a line in `OVER` goes over such a line.
    """

    def __init__(self, wire: Wire, ends: "SimpleQueue[str]") -> None:
        self.wire = wire
        self._ends = ends
        self._rest = b""

    def receive(self, data: bytes) -> None:
        *lines, self._rest = (self._rest + data).split(b"\n")
        for line in lines:
            if line == b"break":
                raise Refusal
            with self.wire.over(OVER[line]) if line in OVER else nullcontext():
                self.wire.send(line.upper() + b"\n")
            if line == b"bye":
                self.wire.close()
            if line == b"reset":
                self.wire.reset()
            if line == b"flood":
                self.wire.send(b"x" * 8_000_000)

    def lost(self, why: str) -> None:
        self._ends.put(why)


class Room:
    """A door with what its sessions tell."""

    def __init__(self, loop: BackgroundLoop) -> None:
        self.loop = loop
        self.sessions: list[Lines] = []
        self.ends: SimpleQueue[str] = SimpleQueue()
        self.settled: list[int] = []
        self.lock = RLock()
        self.owed: list[Callable[[], None]] = []
        self.door = TcpDoor("lines", self._enter, self.lock, settle=self._settle, waiting_limit=1_000_000)

    def _enter(self, wire: Wire) -> Lines:
        session = Lines(wire, self.ends)
        self.sessions.append(session)
        return session

    def _settle(self) -> None:
        self.settled.append(len(self.sessions))
        while self.owed:
            self.owed.pop()()


@pytest.fixture
def loop() -> Iterator[BackgroundLoop]:
    with BackgroundLoop() as loop:
        yield loop


@pytest.fixture
def room(loop: BackgroundLoop) -> Room:
    return Room(loop)


@pytest.fixture
def address(room: Room, loop: BackgroundLoop) -> Iterator[str]:
    yield room.door.open(loop)
    room.door.close()


def dial(address: str) -> socket.socket:
    parts = urlsplit(address)
    return socket.create_connection((parts.hostname or "", parts.port or 0), timeout=30)


def test_a_tcp_door_is_what_the_world_calls_a_door(room: Room) -> None:
    assert isinstance(room.door, Door)


def test_the_address_names_the_protocol(loop: BackgroundLoop, address: str) -> None:
    assert address.startswith("tcp://127.0.0.1:")
    other = TcpDoor("smpp", lambda wire: Lines(wire, SimpleQueue()), RLock(), scheme="smpp")
    assert other.open(loop).startswith("smpp://127.0.0.1:")
    other.close()


def test_a_port_can_be_asked_for_and_a_taken_one_is_an_error(loop: BackgroundLoop, address: str) -> None:
    taken = urlsplit(address).port or 0
    other = TcpDoor("late", lambda wire: Lines(wire, SimpleQueue()), RLock(), port=taken)
    with pytest.raises(OSError, match="in use"):
        other.open(loop)
    other.close()


def test_a_session_answers_however_the_bytes_are_cut(address: str) -> None:
    with dial(address) as line:
        line.sendall(b"hel")
        line.sendall(b"lo\nthere\n")
        assert line.makefile("rb").read(12) == b"HELLO\nTHERE\n"


def test_each_connection_has_a_session_of_its_own(address: str) -> None:
    with dial(address) as one, dial(address) as other:
        one.sendall(b"half a ")
        other.sendall(b"whole\n")
        assert other.recv(100) == b"WHOLE\n"
        one.sendall(b"line\n")
        assert one.recv(100) == b"HALF A LINE\n"


def test_the_last_words_of_a_session_are_sent_before_it_closes(address: str, room: Room) -> None:
    with dial(address) as line:
        line.sendall(b"bye\nnot heard any more\n")
        assert line.makefile("rb").read() == b"BYE\n"
    assert room.ends.get(timeout=30) == ""


def test_a_refusal_breaks_the_connection_without_an_answer(address: str) -> None:
    with dial(address) as line:
        line.sendall(b"hello\nbreak\n")
        assert line.recv(100) == b""


def test_a_reset_is_a_reset_to_the_peer(address: str) -> None:
    with dial(address) as line:
        line.sendall(b"reset\n")
        everything = line.makefile("rb")
        with pytest.raises(ConnectionResetError):
            everything.read()


def test_a_session_may_speak_first(loop: BackgroundLoop) -> None:
    class Greeter(Lines):
        def __init__(self, wire: Wire) -> None:
            super().__init__(wire, SimpleQueue())
            wire.send(b"220 ready\n")

    door = TcpDoor("greeter", Greeter, RLock())
    with closing(door), dial(door.open(loop)) as line:
        assert line.recv(100) == b"220 ready\n"


def test_a_session_speaks_later_from_another_thread_in_order(room: Room, address: str) -> None:
    with dial(address) as line:
        line.sendall(b"hello\n")
        assert line.recv(100) == b"HELLO\n"
        wire = room.sessions[0].wire
        with room.lock:  # as a timer of the world does
            for word in (b"one ", b"two ", b"three\n"):
                wire.send(word)
            wire.close()
            wire.send(b"too late")
        assert line.makefile("rb").read() == b"one two three\n"
    room.ends.get(timeout=30)
    wire.send(b"nobody there")
    wire.close()
    wire.reset()


def test_what_is_owed_happens_after_each_piece_of_input_and_leaves_behind_the_answer(room: Room, address: str) -> None:
    with dial(address) as line:
        room.owed.append(lambda: room.sessions[0].wire.send(b"receipt\n"))
        line.sendall(b"hello\n")
        assert line.makefile("rb").read(14) == b"HELLO\nreceipt\n"
    assert room.settled


def test_the_world_settles_without_the_lock(room: Room, address: str) -> None:
    taken: SimpleQueue[bool] = SimpleQueue()

    def try_from_another_thread() -> None:
        import threading

        def attempt() -> None:
            got = room.lock.acquire(timeout=2)
            taken.put(got)
            if got:
                room.lock.release()

        thread = threading.Thread(target=attempt)
        thread.start()
        thread.join()

    room.owed.append(try_from_another_thread)
    with dial(address) as line:
        line.sendall(b"hello\n")
        assert line.recv(100) == b"HELLO\n"
    assert taken.get(timeout=30)


def test_a_peer_that_does_not_read_is_dropped_and_the_session_told(room: Room, address: str) -> None:
    with dial(address) as line, dial(address) as other:
        line.sendall(b"flood\n")
        assert "does not read" in room.ends.get(timeout=30)
        other.sendall(b"hello\n")
        assert other.recv(100) == b"HELLO\n"


def test_what_the_system_does_not_take_counts_as_waiting(room: Room, loop: BackgroundLoop, address: str) -> None:
    with dial(address) as line:
        line.sendall(b"hello\n")
        assert line.recv(100) == b"HELLO\n"
        for _ in range(40):  # each less than the limit, and written before the next
            room.sessions[0].wire.send(b"x" * 900_000)
            loop.run(asyncio.sleep(0))
        assert "does not read" in room.ends.get(timeout=30)


def test_five_hundred_idle_connections_disturb_nobody(address: str) -> None:
    with ExitStack() as idle:
        lines = [idle.enter_context(dial(address)) for _ in range(500)]
        lines[0].sendall(b"first\n")
        lines[-1].sendall(b"last\n")
        assert lines[-1].recv(100) == b"LAST\n"
        assert lines[0].recv(100) == b"FIRST\n"


def test_closing_the_door_drops_its_connections(room: Room, loop: BackgroundLoop) -> None:
    address = room.door.open(loop)
    with pytest.raises(RuntimeError, match="open already"):
        room.door.open(loop)
    with dial(address) as line:
        line.sendall(b"hello\n")
        assert line.recv(100) == b"HELLO\n"
        room.door.close()
        room.door.close()
        assert line.recv(100) == b""
    with pytest.raises(ConnectionRefusedError):
        dial(address)


# -- over a line that fails -------------------------------------------------------------------------------------------


def test_what_goes_in_drips_keeps_its_place(room: Room, address: str) -> None:
    with dial(address) as line:
        line.sendall(b"one\ndrip\ntwo\ndrip\nbye\n")
        assert line.makefile("rb").read() == b"ONE\nDRIP\nTWO\nDRIP\nBYE\n"


def test_thousands_of_answers_in_drips_come_one_after_the_other(address: str) -> None:
    with dial(address) as line:
        line.sendall(b"drop\n" * 3_000 + b"bye\n")
        assert line.makefile("rb").read() == b"DROP\n" * 3_000 + b"BYE\n"


def test_what_is_sent_from_elsewhere_waits_until_the_drips_are_through(room: Room, address: str) -> None:
    with dial(address) as line:
        room.owed.append(lambda: room.sessions[0].wire.send(b"receipt\n"))
        line.sendall(b"drip\n")
        assert line.makefile("rb").read(13) == b"DRIP\nreceipt\n"


def test_what_is_answered_meanwhile_waits_until_the_drips_are_through(address: str) -> None:
    with dial(address) as line:
        line.sendall(b"drip a while\n")
        assert line.recv(1) == b"D"
        line.sendall(b"two\nbye\n")
        assert line.makefile("rb").read() == b"RIP A WHILE\nTWO\nBYE\n"


def test_a_line_is_cut_where_it_should_and_nothing_comes_after(room: Room, address: str) -> None:
    with dial(address) as line:
        line.sendall(b"one\ncut\ntwo\n")
        assert line.makefile("rb").read() == b"ONE\nCU"
    assert room.ends.get(timeout=30) == ""


def test_a_line_is_reset_instead_of_an_answer(room: Room, address: str) -> None:
    with dial(address) as line:
        line.sendall(b"cut off\n")
        with pytest.raises(ConnectionResetError):
            line.recv(100)
    room.ends.get(timeout=30)


def test_on_a_silent_line_nothing_is_heard_and_nothing_kept(room: Room, address: str) -> None:
    with dial(address) as line:
        line.sendall(b"one\nhush\n")
        assert line.recv(100) == b"ONE\n"
        wire = room.sessions[0].wire
        for _ in range(3):
            wire.send(b"x" * 900_000)  # more than may wait, but nothing waits
        wire.close()
        line.sendall(b"two\n")
        line.shutdown(socket.SHUT_WR)
        assert line.recv(100) == b""
    assert room.ends.get(timeout=30) == ""


def test_too_much_behind_slow_drips_drops_the_peer(room: Room, address: str) -> None:
    with dial(address) as line:
        line.sendall(b"drip slowly\n")
        assert line.recv(1) == b"D"
        wire = room.sessions[0].wire
        for _ in range(2):
            wire.send(b"x" * 600_000)
        assert "does not read" in room.ends.get(timeout=30)


def test_closing_the_door_ends_a_line_that_is_silent_or_slow(room: Room, loop: BackgroundLoop) -> None:
    address = room.door.open(loop)
    with dial(address) as hushed, dial(address) as slow:
        hushed.sendall(b"one\nhush\n")
        assert hushed.recv(100) == b"ONE\n"
        slow.sendall(b"drip slowly\n")
        assert slow.recv(100) == b"D"
        room.door.close()
        assert (hushed.recv(100), slow.recv(100)) == (b"", b"")


class Dumb(Lines):
    """Cannot even take its leave."""

    def lost(self, why: str) -> None:
        super().lost(why)
        raise LookupError("nothing to say")


def test_a_session_that_fails_at_the_end_keeps_no_door_open(
    loop: BackgroundLoop, caplog: pytest.LogCaptureFixture
) -> None:
    ends: SimpleQueue[str] = SimpleQueue()
    door = TcpDoor("dumb", lambda wire: Dumb(wire, ends), nullcontext())
    with dial(door.open(loop)) as line:
        line.sendall(b"hello\n")
        assert line.recv(10) == b"HELLO\n"
        door.close()  # it once waited for ever here
    assert ends.get(timeout=10) == ""
    assert "nothing to say" in caplog.text


def test_a_peer_whose_session_cannot_be_made_is_not_left_waiting(
    loop: BackgroundLoop, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(_: Wire) -> Lines:
        raise LookupError("no session today")

    door = TcpDoor("none", fail, nullcontext())
    with closing(door), dial(door.open(loop)) as line, suppress(ConnectionError):
        assert line.recv(10) == b""
    assert "no session today" in caplog.text
