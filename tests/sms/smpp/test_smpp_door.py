"""The SMS centre on a real socket."""

import socket
from collections.abc import Iterator
from contextlib import closing
from urllib.parse import urlsplit

import pytest

from emulators.sms.smpp.account import SmppAccount
from emulators.sms.smpp.bodies import Bind
from emulators.sms.smpp.codes import RESPONSE, Command, Status
from emulators.sms.smpp.doors import smpp_door
from emulators.sms.smpp.framer import Framer, Pdu
from emulators.sms.smpp.pdu import encode, pdu
from emulators.wire.loop import BackgroundLoop
from tests.sms.smpp.peer import Centre, message

TALK = (Command.BIND_TRANSCEIVER | RESPONSE, Command.SUBMIT_SM | RESPONSE, Command.DELIVER_SM)


@pytest.fixture
def loop() -> Iterator[BackgroundLoop]:
    with BackgroundLoop() as running:
        yield running


def dial(address: str) -> socket.socket:
    parts = urlsplit(address)
    assert parts.scheme == "smpp"
    return socket.create_connection((parts.hostname or "", parts.port or 0), timeout=10)


def hear(line: socket.socket, count: int) -> list[Pdu]:
    framer, heard = Framer(), list[Pdu]()
    while len(heard) < count:
        data = line.recv(65536)
        assert data, heard
        heard += framer.feed(data)
    return heard


def login(centre: Centre) -> bytes:
    bind = Bind(centre.account.system_id, centre.gateway.smpp_password)
    return pdu(Command.BIND_TRANSCEIVER, 1, encode(bind))


def test_a_receipt_comes_over_the_socket_without_anybody_moving_the_world(loop: BackgroundLoop) -> None:
    centre = Centre()
    door = smpp_door("smpp", centre.find)
    with closing(door), dial(door.open(loop)) as line:
        line.sendall(login(centre) + pdu(Command.SUBMIT_SM, 2, encode(message())))
        assert tuple(one.command for one in hear(line, 3)) == TALK


def test_one_door_serves_many_worlds_and_none_hears_of_the_other(loop: BackgroundLoop) -> None:
    one, other = Centre(seed=1), Centre(seed=2)
    accounts: dict[str, SmppAccount] = {centre.account.system_id: centre.account for centre in (one, other)}
    door = smpp_door("smpp", accounts.get)
    with closing(door):
        address = door.open(loop)
        with dial(address) as line, dial(address) as second:
            line.sendall(login(one) + pdu(Command.SUBMIT_SM, 2, encode(message())))
            second.sendall(login(other))
            assert tuple(heard.command for heard in hear(line, 3)) == TALK
            assert hear(second, 1)[0].status == Status.ROK
    assert (len(one.gateway.messages), len(other.gateway.messages)) == (1, 0)


def test_ten_megabytes_of_garbage_are_nacked_and_hung_up_on(loop: BackgroundLoop) -> None:
    centre = Centre()
    door = smpp_door("smpp", centre.find)
    with closing(door):
        address = door.open(loop)
        with dial(address) as line, pytest.raises(ConnectionError):
            line.sendall(b"\xff" * 10_000_000)
        with dial(address) as line:
            line.sendall(b"\xff" * 20)
            (nack,) = hear(line, 1)
            assert (nack.command, nack.status) == (Command.GENERIC_NACK, Status.RINVCMDLEN)
            assert line.recv(100) == b""


def test_the_gateway_has_an_smpp_door(loop: BackgroundLoop) -> None:
    centre = Centre()
    (door,) = (door for door in centre.gateway.doors() if door.name == "smpp")
    with closing(door), dial(door.open(loop)) as line:
        line.sendall(login(centre))
        assert hear(line, 1)[0].status == Status.ROK
