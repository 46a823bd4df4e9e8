"""The faults of the line in an SMPP session, on a real socket: the same kinds that strike REST."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import closing
from urllib.parse import urlsplit

import pytest
import requests

from emulators.sms.doors import rest_door
from emulators.sms.smpp.bodies import Bind
from emulators.sms.smpp.codes import RESPONSE, Command, Status
from emulators.sms.smpp.doors import smpp_door
from emulators.sms.smpp.framer import Framer, Pdu
from emulators.sms.smpp.pdu import encode, pdu
from emulators.wire.loop import BackgroundLoop
from tests.sms.smpp.peer import Centre, message
from tests.until import until

PATIENCE = 0.3  # seconds; a stalled line is given up after them
BIND, SUBMIT = 1, 2  # the turns of the two requests that `say` makes
SUBMITTED = Command.SUBMIT_SM | RESPONSE


@pytest.fixture
def loop() -> Iterator[BackgroundLoop]:
    with BackgroundLoop() as running:
        yield running


@pytest.fixture
def address(centre: Centre, loop: BackgroundLoop) -> Iterator[str]:
    door = smpp_door("smpp", centre.find)
    with closing(door):
        yield door.open(loop)


def dial(address: str) -> socket.socket:
    parts = urlsplit(address)
    return socket.create_connection((parts.hostname or "", parts.port or 0), timeout=10)


def bind(centre: Centre) -> bytes:
    return pdu(Command.BIND_TRANSCEIVER, 1, encode(Bind(centre.account.system_id, centre.gateway.smpp_password)))


def submit(sequence: int = 2) -> bytes:
    return pdu(Command.SUBMIT_SM, sequence, encode(message()))


def hear(line: socket.socket, count: int = 1) -> list[Pdu]:
    framer, heard = Framer(), list[Pdu]()
    while len(heard) < count:
        data = line.recv(65536)
        assert data, heard
        heard += framer.feed(data)
    return heard


def say(centre: Centre, line: socket.socket, stalled: int = 0) -> None:
    """Bind and submit, each heard, that of the `stalled` turn not for long; raises what the line raises."""
    said = ((BIND, bind(centre), Command.BIND_TRANSCEIVER | RESPONSE), (SUBMIT, submit(), SUBMITTED))
    for turn, request, answer in said:
        line.sendall(request)
        if turn == stalled:
            line.settimeout(PATIENCE)
        heard = hear(line)
        assert (heard[0].command, heard[0].status) == (answer, Status.ROK)


def noted(centre: Centre, kind: str) -> dict[str, object]:
    (entry,) = centre.physics.journal.named("sms", kind)
    assert entry.cause.fault == f"sms.{kind}"
    return dict(entry.data)


@pytest.mark.parametrize("turn", [BIND, SUBMIT])
@pytest.mark.parametrize(
    ("kind", "processed", "error"),
    [
        ("line_reset", False, ConnectionResetError),
        ("line_reset", True, ConnectionResetError),
        ("line_stalled", False, TimeoutError),
        ("line_stalled", True, TimeoutError),
    ],
)
def test_an_answer_never_comes_and_the_next_session_is_well(
    centre: Centre, address: str, kind: str, processed: bool, error: type[Exception], turn: int
) -> None:
    centre.physics.faults.arm("sms", kind, {"processed": processed}, nth=turn)
    with dial(address) as line, pytest.raises(error):
        say(centre, line, stalled=turn if kind == "line_stalled" else 0)
    until(lambda: any(centre.physics.journal.named("sms", kind)))  # who gives up may do so before the centre has read
    command = "SUBMIT_SM (0x04)" if turn == SUBMIT else "BIND_TRANSCEIVER (0x09)"
    assert noted(centre, kind) == {"command": command, "sequence": turn, "processed": processed}
    taken = int(processed and turn == SUBMIT)
    until(lambda: len(centre.gateway.messages) == taken)
    with dial(address) as line:
        say(centre, line)
    assert len(centre.gateway.messages) == taken + 1


@pytest.mark.parametrize("octets", [0, 1, 15, 20])
def test_exactly_so_many_octets_arrive_before_the_line_closes(centre: Centre, address: str, octets: int) -> None:
    centre.physics.faults.arm("sms", "line_truncated", {"octets": octets}, nth=SUBMIT)
    with dial(address) as line:
        line.sendall(bind(centre))
        hear(line)
        line.sendall(submit())
        assert len(line.makefile("rb").read()) == octets
    assert len(centre.gateway.messages) == 1


@pytest.mark.parametrize("turn", [BIND, SUBMIT])
@pytest.mark.parametrize("octets", [1, 7, 5000])
def test_an_answer_in_drips_arrives_whole_and_all_else_behind_it(
    centre: Centre, address: str, turn: int, octets: int
) -> None:
    centre.physics.faults.arm("sms", "line_dribbled", {"octets": octets}, nth=turn)
    with dial(address) as line:
        line.sendall(bind(centre) + submit(2) + submit(3))
        heard = hear(line, 5)
    assert [(one.command, one.status) for one in heard[:3]] == [
        (Command.BIND_TRANSCEIVER | RESPONSE, Status.ROK), (SUBMITTED, Status.ROK), (SUBMITTED, Status.ROK),
    ]  # fmt: skip
    assert [one.command for one in heard[3:]] == [Command.DELIVER_SM] * 2
    assert centre.physics.faults.unspent == ()


def test_a_pause_longer_than_the_client_waits_is_a_time_out(centre: Centre, address: str) -> None:
    centre.physics.faults.arm("sms", "line_dribbled", {"pause_ms": 60_000}, nth=SUBMIT)
    with dial(address) as line, pytest.raises(TimeoutError):
        say(centre, line, stalled=SUBMIT)
    until(lambda: len(centre.gateway.messages) == 1)


def test_what_was_answered_before_arrives_though_the_line_is_cut_after_it(centre: Centre, address: str) -> None:
    centre.physics.faults.arm("sms", "line_truncated", {"octets": 0}, nth=3)
    with dial(address) as line:
        line.sendall(bind(centre) + submit(2) + submit(3) + submit(4))
        heard = list(Framer().feed(line.makefile("rb").read()))
    assert [one.sequence for one in heard if one.command == SUBMITTED] == [2]


def test_the_receipts_of_a_silent_session_go_to_the_next(centre: Centre, address: str) -> None:
    centre.physics.faults.arm("sms", "line_stalled", {"processed": True}, nth=SUBMIT)
    with dial(address) as line, pytest.raises(TimeoutError):
        say(centre, line, stalled=SUBMIT)
    until(lambda: len(centre.gateway.messages) == 1)
    with dial(address) as line:
        line.sendall(bind(centre))
        assert [one.command for one in hear(line, 2)] == [Command.BIND_TRANSCEIVER | RESPONSE, Command.DELIVER_SM]


def test_a_refused_connection_is_closed_at_the_bind(centre: Centre, address: str) -> None:
    centre.physics.faults.arm("sms", "refused_connection")
    with dial(address) as line:
        line.sendall(bind(centre))
        assert line.recv(100) == b""
    (entry,) = centre.physics.journal.named("sms", "smpp.bind.broken")
    assert entry.cause.fault == "sms.refused_connection"
    with dial(address) as line:
        say(centre, line)


def test_what_else_strikes_a_request_of_rest_is_not_used_up_by_a_bind(centre: Centre, address: str) -> None:
    centre.physics.faults.arm("sms", "outage")
    with dial(address) as line:
        say(centre, line)
    assert [armed.kind for armed in centre.physics.faults.unspent] == ["outage"]


def test_a_fault_of_the_line_meets_whichever_door_is_next(centre: Centre, loop: BackgroundLoop, address: str) -> None:
    arm = centre.physics.faults.arm
    rest = rest_door(centre.gateway)
    with closing(rest), dial(address) as line:
        url = f"{rest.open(loop)}/2010-04-01/Accounts/{centre.gateway.account_sid}/Messages.json"
        line.sendall(bind(centre))
        hear(line)
        arm("sms", "line_reset")
        with pytest.raises(requests.ConnectionError):
            requests.get(url, timeout=10)
        line.sendall(submit())
        assert hear(line)[0].command == SUBMITTED
        arm("sms", "line_reset")
        line.sendall(pdu(Command.ENQUIRE_LINK, 3))
        with pytest.raises(ConnectionResetError):
            line.makefile("rb").read()
        assert requests.get(url, timeout=10).status_code == 401
