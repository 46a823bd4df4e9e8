"""SMPP sessions whose world is dropped: unbound, or carried on in the next world that shares the account."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator
from urllib.parse import urlsplit

import pytest

from emulators.host.host import Host
from emulators.host.hosted import Hosted
from emulators.host.router import smpp_accounts
from emulators.sms.smpp.account import SmppAccount
from emulators.sms.smpp.bodies import Bind, ShortMessage
from emulators.sms.smpp.codes import RESPONSE, Command, Status
from emulators.sms.smpp.framer import Framer, Pdu
from emulators.sms.smpp.pdu import decode, encode, pdu
from emulators.sms.smpp.session import SmppSession
from tests.sms.smpp.peer import Line

SUBMIT, DELIVER, UNBIND = Command.SUBMIT_SM, Command.DELIVER_SM, Command.UNBIND


class Client:
    """An ESME on a socket that is bound as transceiver; `hear` waits for the next PDU, `None` at the end."""

    def __init__(self, host: Host, hosted: Hosted) -> None:
        at = urlsplit(host.addresses["smpp"])
        self.line = socket.create_connection((at.hostname or "", at.port or 0), timeout=10)
        self._heard = self._pdus()
        self.bound = self.ask(Command.BIND_TRANSCEIVER, encode(_bind(hosted)))

    def hear(self) -> Pdu | None:
        return next(self._heard, None)

    def ask(self, command: Command, body: bytes = b"") -> Pdu | None:
        self.line.sendall(pdu(command, 1, body))
        return self.hear()

    def submit(self, hosted: Hosted, text: bytes) -> Pdu | None:
        to = hosted.world.people["person"].mobile.removeprefix("+")
        return self.ask(
            SUBMIT, encode(ShortMessage("", 0, 0, "4711", 1, 1, to, registered_delivery=1, short_message=text))
        )

    def _pdus(self) -> Iterator[Pdu]:
        framer = Framer()
        while octets := self._read():
            yield from framer.feed(octets)

    def _read(self) -> bytes:
        try:
            return self.line.recv(65536)
        except ConnectionError:  # it had something on its way when the other side closed
            return b""


def _bind(hosted: Hosted) -> Bind:
    return Bind(hosted.world.sms.smpp_system_id, hosted.world.sms.smpp_password)


def inhabited(host: Host, name: str, account_of: str | None = None, seed: int = 0) -> Hosted:
    hosted = host.create(name, seed, account_of=account_of)
    hosted.world.settle_in("person", "adult")
    return hosted


@pytest.fixture
def client(host: Host) -> Iterator[Callable[[Hosted], Client]]:
    clients: list[Client] = []

    def client(hosted: Hosted) -> Client:
        clients.append(Client(host, hosted))
        assert clients[-1].bound is not None
        assert clients[-1].bound.status == Status.ROK
        return clients[-1]

    yield client
    for each in clients:
        each.line.close()


def texts(hosted: Hosted) -> list[str]:
    with hosted.world.physics.lock:
        return [text.body for text in hosted.world.sms.handset(hosted.world.people["person"].mobile).inbox]


def test_the_sessions_of_a_dropped_world_are_unbound_and_those_of_another_are_not(
    host: Host, client: Callable[[Hosted], Client]
) -> None:
    one, other = inhabited(host, "one"), inhabited(host, "other", seed=1)
    clients = [client(one), client(one)]
    stays = client(other)
    host.drop("one")
    for each in clients:
        heard = each.hear()
        assert heard is not None
        assert heard.command == UNBIND
        assert each.hear() is None
    assert [entry.data["by"] for entry in one.world.journal.named("sms", "smpp.unbound")] == ["server"] * 2
    answer = stays.submit(other, b"still there")
    assert answer is not None
    assert answer.status == Status.ROK


def test_a_world_made_anew_gets_what_is_submitted_once_the_client_has_bound_again(
    host: Host, client: Callable[[Hosted], Client]
) -> None:
    former = client(inhabited(host, "one"))
    host.drop("one")
    anew = inhabited(host, "one")
    heard = former.hear()
    assert heard is not None
    assert (heard.command, former.hear()) == (UNBIND, None)
    client(anew).submit(anew, b"here")
    assert texts(anew) == ["here"]


def test_a_session_goes_on_in_the_next_world_that_shares_the_account(
    host: Host, client: Callable[[Hosted], Client]
) -> None:
    one = inhabited(host, "one", seed=1)
    two = inhabited(host, "two", account_of="one", seed=2)
    bound = client(one)
    host.drop("one")
    answer, receipt = bound.submit(two, b"for two"), bound.hear()
    assert answer is not None
    assert receipt is not None
    assert (answer.command, answer.status) == (SUBMIT | RESPONSE, Status.ROK)
    assert b"stat:DELIVRD" in decode(ShortMessage, receipt.body).short_message
    assert texts(two) == ["for two"]
    assert [entry.data["mode"] for entry in two.world.journal.named("sms", "smpp.taken_over")] == ["transceiver"]
    with two.world.physics.lock:
        two.world.sms.handset(two.world.people["person"].mobile).send("+491713920050", "STOP")
    inbound = bound.hear()
    assert inbound is not None
    assert decode(ShortMessage, inbound.body).short_message == b"STOP"
    host.drop("two")
    heard = bound.hear()
    assert heard is not None
    assert (heard.command, bound.hear()) == (UNBIND, None)


def test_a_session_that_still_owes_an_answer_to_the_dropped_world_is_unbound(
    host: Host, client: Callable[[Hosted], Client]
) -> None:
    one = inhabited(host, "one", seed=1)
    inhabited(host, "two", account_of="one", seed=2)
    bound = client(one)
    one.world.faults.arm("sms", "smpp_late_answer", {"seconds": 60})
    assert bound.submit(one, b"answered late") is not None  # its receipt, for the answer waits
    host.drop("one")
    heard = bound.hear()
    assert heard is not None
    assert (heard.command, bound.hear()) == (UNBIND, None)


def test_half_an_answer_is_the_last_that_a_dropped_world_says(host: Host, client: Callable[[Hosted], Client]) -> None:
    one = inhabited(host, "one")
    bound = client(one)
    one.world.faults.arm("sms", "smpp_partial_pdu", {"octets": 4, "seconds": 60})
    to = one.world.people["person"].mobile.removeprefix("+")
    bound.line.sendall(pdu(SUBMIT, 1, encode(ShortMessage("", 0, 0, "4711", 1, 1, to, short_message=b"x"))))
    assert len(bound.line.recv(100)) == 4
    host.drop("one")
    assert bound.line.recv(100) == b""


def test_a_session_whose_next_world_is_dropped_at_the_same_moment_is_unbound() -> None:
    host = Host()
    one, two = host.create("one"), host.create("two", account_of="one")
    line = Line()
    SmppSession(line, smpp_accounts(host)).receive(pdu(Command.BIND_TRANSCEIVER, 1, encode(_bind(one))))
    line.take()
    two.smpp_account.end()
    one.smpp_account.end(two.smpp_account)  # chosen before `two` had ended
    assert [heard.command for heard in Framer().feed(line.octets)] == [UNBIND]
    assert line.end == "closed"


@pytest.mark.parametrize("heir", [False, True])
def test_nobody_binds_to_a_world_that_has_just_been_dropped(heir: bool) -> None:
    host = Host()
    one = host.create("one")
    if heir:
        host.create("two", account_of="one")
    found = smpp_accounts(host)(one.world.sms.smpp_system_id)
    host.drop("one")

    def accounts(_: str) -> SmppAccount | None:
        return found  # as it was found before the drop

    line = Line()
    SmppSession(line, accounts).receive(pdu(Command.BIND_TRANSCEIVER, 1, encode(_bind(one))))
    (answer,) = Framer().feed(line.octets)
    assert answer.status == Status.RINVSYSID
    assert found is not None
    assert found.sessions == []
