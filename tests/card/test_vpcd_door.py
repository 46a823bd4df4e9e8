"""The door against a driver that this test plays itself, on a real socket."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import closing

import pytest

from emulators.card import doors, virtual_reader
from emulators.card.doors import NoVirtualReader, SlotTaken, VpcdDoor, insert, port_of
from emulators.card.vpcd import STARCOS, Deframer, frame
from emulators.wire.loop import BackgroundLoop

SELECT = frame(bytes.fromhex("00A4040C"))


class Echo:
    """Answers with the command and 9000."""

    def __init__(self, mark: str = "") -> None:
        self.mark = bytes.fromhex(mark)

    def power_on(self) -> bytes:
        return STARCOS

    def reset(self) -> None:
        pass

    def transmit(self, command: bytes) -> bytes:
        return self.mark + command + b"\x90\x00"


class Driver:
    """Debian's driver as the card sees it, on a port of its own."""

    def __init__(self) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._listener.settimeout(10)
        self.port: int = self._listener.getsockname()[1]
        self._card: socket.socket | None = None
        self._deframer = Deframer()

    def wait_for_card(self) -> None:
        self.drop()
        self._card, _ = self._listener.accept()
        self._card.settimeout(10)
        self._deframer = Deframer()

    def ask(self, *pieces: bytes) -> bytes:
        assert self._card is not None
        for piece in pieces:
            self._card.sendall(piece)
        while not (messages := list(self._deframer.feed(data := self._card.recv(0x10002)))):
            assert data, "the card hung up"
        return messages[0]

    def card_is_gone(self) -> bool:
        assert self._card is not None
        return self._card.recv(1) == b""

    def drop(self) -> None:
        if self._card is not None:
            self._card.close()

    def close(self) -> None:
        self.drop()
        self._listener.close()


@pytest.fixture
def driver(monkeypatch: pytest.MonkeyPatch) -> Iterator[Driver]:
    with closing(Driver()) as playing:
        monkeypatch.setattr(virtual_reader, "FIRST_PORT", playing.port)
        yield playing


@pytest.fixture
def loop() -> Iterator[BackgroundLoop]:
    with BackgroundLoop() as running:
        yield running


def test_an_open_door_puts_its_card_in_and_answers(driver: Driver, loop: BackgroundLoop) -> None:
    with closing(VpcdDoor("card", Echo())) as door:
        assert door.open(loop) == f"vpcd://127.0.0.1:{driver.port}"
        driver.wait_for_card()
        assert driver.ask(frame(b"\x04")) == STARCOS
        assert driver.ask(frame(b"\x01"), SELECT) == bytes.fromhex("00A4040C9000")


def test_a_command_that_comes_in_pieces_is_answered_when_it_is_whole(driver: Driver, loop: BackgroundLoop) -> None:
    """As Debian's driver sends it, the length before the command; and torn anywhere else."""
    whole = frame(bytes(5000)) + SELECT
    with closing(VpcdDoor("card", Echo())) as door:
        door.open(loop)
        driver.wait_for_card()
        for at in (1, 2, 3, 4096, 5001):
            assert driver.ask(whole[:at], whole[at:5002]) == bytes(5000) + b"\x90\x00"
            assert driver.ask(SELECT[:2], SELECT[2:]) == bytes.fromhex("00A4040C9000")


def test_closing_the_door_pulls_the_card_out(driver: Driver, loop: BackgroundLoop) -> None:
    door = VpcdDoor("card", Echo())
    door.open(loop)
    driver.wait_for_card()
    door.close()
    door.close()
    assert driver.card_is_gone()


def test_a_card_that_the_driver_drops_comes_back(driver: Driver, loop: BackgroundLoop) -> None:
    with closing(VpcdDoor("card", Echo())) as door:
        door.open(loop)
        for _ in range(2):
            driver.wait_for_card()
            assert driver.ask(SELECT)[-2:] == b"\x90\x00"
            driver.drop()


def test_cards_are_swapped_in_an_open_door(driver: Driver, loop: BackgroundLoop) -> None:
    with closing(VpcdDoor("card")) as door:
        door.open(loop)
        door.insert(Echo("01"))
        driver.wait_for_card()
        assert driver.ask(SELECT)[0] == 1
        door.swap(Echo("02"))
        assert driver.card_is_gone()
        driver.wait_for_card()
        assert driver.ask(SELECT)[0] == 2


def test_a_second_card_does_not_fit(driver: Driver, loop: BackgroundLoop) -> None:
    with closing(VpcdDoor("card", Echo())) as door:
        door.open(loop)
        with pytest.raises(RuntimeError, match="has a card in its slot"):
            door.insert(Echo())


def test_a_closed_door_takes_no_card() -> None:
    with pytest.raises(RuntimeError, match="is closed"):
        VpcdDoor("card").insert(Echo())


def test_an_open_door_does_not_open_again(driver: Driver, loop: BackgroundLoop) -> None:
    with closing(VpcdDoor("card")) as door:
        door.open(loop)
        with pytest.raises(RuntimeError, match="open already"):
            door.open(loop)


def test_a_long_command_and_its_long_answer_pass(driver: Driver, loop: BackgroundLoop) -> None:
    with closing(VpcdDoor("card", Echo())) as door:
        door.open(loop)
        driver.wait_for_card()
        assert driver.ask(frame(bytes(65533))) == bytes(65533) + b"\x90\x00"


class Insertion:
    """`insert` on a thread of its own, for it blocks."""

    def __init__(self) -> None:
        self.end = threading.Event()
        self._thread = threading.Thread(target=insert, args=(Echo(),), kwargs={"stop": self.end.is_set})

    def __enter__(self) -> Insertion:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.end.set()
        self._thread.join(10)
        assert not self._thread.is_alive()


def test_an_inserted_card_answers_until_it_is_stopped(driver: Driver) -> None:
    with Insertion():
        driver.wait_for_card()
        assert driver.ask(frame(b"\x01"), SELECT) == bytes.fromhex("00A4040C9000")
        for at in (1, 2, 3):
            assert driver.ask(SELECT[:at], SELECT[at:]) == bytes.fromhex("00A4040C9000")
    assert driver.card_is_gone()


def test_an_inserted_card_comes_back_when_it_is_dropped(driver: Driver) -> None:
    with Insertion():
        for _ in range(3):
            driver.wait_for_card()
            assert driver.ask(SELECT)[-2:] == b"\x90\x00"
            driver.drop()


def test_a_slot_where_nobody_answers_has_another_card_in_it(driver: Driver, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doors, "PATIENCE", 0.2)
    with pytest.raises(SlotTaken, match=r"slot 0 .* has a card in it already"):
        insert(Echo())


def test_without_a_reader_the_remedy_is_named(loop: BackgroundLoop, driver: Driver) -> None:
    driver.close()
    with pytest.raises(NoVirtualReader, match="apt-get install pcscd vsmartcard-vpcd"):
        insert(Echo())
    door = VpcdDoor("card", Echo())
    with pytest.raises(NoVirtualReader):
        door.open(loop)
    door.close()


def test_a_slot_that_the_driver_does_not_have_is_refused() -> None:
    assert (port_of(0), port_of(1)) == (35963, 35964)
    with pytest.raises(ValueError, match="slots 0, 1, not 2"):
        port_of(2)


def test_a_driver_that_anyone_can_reach_is_warned_of(loop: BackgroundLoop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(socket, "if_nameindex", lambda: [(1, "lo"), (2, "eth0")])
    with closing(socket.create_server(("0.0.0.0", 0))) as everywhere:
        monkeypatch.setattr(virtual_reader, "FIRST_PORT", everywhere.getsockname()[1])
        with closing(VpcdDoor("card")) as door, pytest.warns(doors.OpenToTheNetwork, match="listens on port"):
            door.open(loop)


def test_a_driver_on_loopback_needs_no_warning(driver: Driver, loop: BackgroundLoop) -> None:
    with closing(VpcdDoor("card")) as door:
        door.open(loop)
    assert virtual_reader.listens(driver.port)
