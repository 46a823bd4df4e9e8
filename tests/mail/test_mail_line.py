"""The faults of the line in an SMTP session: what a client sees is the same in process and on a socket."""

from __future__ import annotations

import smtplib
import socket
import ssl
from collections.abc import Callable
from itertools import count
from urllib.parse import urlsplit

import pytest

from emulators.core.physics import Physics
from emulators.core.transport_faults import LINE_FAULTS
from emulators.mail.doors import SmtpDoor
from emulators.mail.server import MailServer
from emulators.wire.loop import BackgroundLoop
from tests.mail.mails import ADDRESS, SENDER, data, mail
from tests.until import until

Dial = Callable[..., smtplib.SMTP]
PATIENCE = 0.3  # seconds; a stalled line is given up after them
EXCHANGES = ["connect", "EHLO", "MAIL", "RCPT", "DATA", "content"]


class Client(smtplib.SMTP):
    """Gives up on the `stalled`th reply, counted from 1, soon after a fault has struck; others may take their time."""

    def __init__(self, port: int, physics: Physics, stalled: int) -> None:
        self._physics, self._turns, self._stalled = physics, count(1), stalled
        super().__init__("127.0.0.1", port, "client.post.example", timeout=30)

    def getreply(self) -> tuple[int, bytes]:
        if next(self._turns) == self._stalled and self.sock:
            until(
                lambda: not self._physics.faults.unspent
            )  # what the server has not read when we leave, it never reads
            self.sock.settimeout(PATIENCE)
        return super().getreply()


@pytest.fixture
def mailbox(server: MailServer) -> MailServer:
    server.mailbox(ADDRESS)
    return server


@pytest.fixture
def connect(request: pytest.FixtureRequest, mailbox: MailServer, way: str) -> Dial:
    if way == "in process":
        return lambda stalled=0: mailbox.smtp()  # type: ignore[return-value]
    port = request.getfixturevalue("port")
    return lambda stalled=0: Client(port, mailbox.physics, stalled)


@pytest.fixture(params=["in process", "socket"])
def way(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def send(connect: Dial, stalled: int = 0) -> dict[str, tuple[int, bytes]]:
    with connect(stalled) as client:
        return client.send_message(mail())


def arrived(server: MailServer) -> int:
    server.physics.happen()
    return len(server.mailbox(ADDRESS).inbox)


@pytest.mark.parametrize(
    ("kind", "parameters", "text"),
    [
        ("line_reset", {}, "reset by peer"),
        ("line_reset", {"processed": True}, "reset by peer"),
        ("line_stalled", {}, "timed out"),
        ("line_stalled", {"processed": True}, "timed out"),
        ("line_truncated", {"octets": 0}, "closed$"),
        ("line_dribbled", {"octets": 2, "pause_ms": 60_000}, "timed out"),
    ],
)
@pytest.mark.parametrize("exchange", EXCHANGES)
def test_a_line_fails_at_any_exchange_and_the_next_session_is_well(
    mailbox: MailServer,
    physics: Physics,
    connect: Dial,
    kind: str,
    parameters: dict[str, int],
    text: str,
    exchange: str,
) -> None:
    nth = EXCHANGES.index(exchange) + 1
    physics.faults.arm("mail", kind, parameters, nth=nth)
    # A reset at once may come before the client's own `connect` is through; what smtplib raises is an `OSError`, too.
    with pytest.raises(OSError if exchange == "connect" else smtplib.SMTPServerDisconnected, match=text):
        send(connect, stalled=nth if text == "timed out" else 0)
    until(lambda: any(physics.journal.named("mail", kind)))
    processed = kind in ("line_truncated", "line_dribbled") or parameters.get("processed", False)
    assert data(physics, kind) == {"exchange": exchange, "processed": processed}
    assert next(physics.journal.named("mail", kind)).cause.fault == f"mail.{kind}"
    taken = int(processed and exchange == "content")
    until(lambda: arrived(mailbox) == taken)
    assert send(connect) == {}
    assert arrived(mailbox) == taken + 1


def test_what_is_taken_in_over_a_bad_line_has_it_as_its_cause(
    mailbox: MailServer, physics: Physics, connect: Dial
) -> None:
    physics.faults.arm("mail", "line_reset", {"processed": True}, nth=EXCHANGES.index("content") + 1)
    with pytest.raises(smtplib.SMTPServerDisconnected):
        send(connect)
    assert send(connect) == {}
    physics.happen()
    assert [entry.cause.fault for entry in physics.journal.named("mail", "accepted")] == ["mail.line_reset", None]
    assert [entry.cause.fault for entry in physics.journal.named("mail", "delivered")] == ["mail.line_reset", None]


def test_the_line_is_a_cause_of_one_exchange_only(mailbox: MailServer, physics: Physics, connect: Dial) -> None:
    physics.faults.arm("mail", "line_dribbled", nth=EXCHANGES.index("RCPT") + 1)
    with connect() as client:
        refused = client.sendmail(SENDER, [ADDRESS, "nobody@post.example"], b"Subject: x\r\n\r\n")
    assert list(refused) == ["nobody@post.example"]
    assert arrived(mailbox) == 1
    caused = {entry.event: entry.cause.fault for entry in physics.journal.entries if entry.channel == "mail"}
    assert caused == {"line_dribbled": "mail.line_dribbled", "refused": None, "accepted": None, "delivered": None}


@pytest.mark.parametrize("octets", [1, 7, 500])
@pytest.mark.parametrize("exchange", EXCHANGES)
def test_a_reply_in_drips_arrives_whole(
    mailbox: MailServer, physics: Physics, connect: Dial, exchange: str, octets: int
) -> None:
    physics.faults.arm("mail", "line_dribbled", {"octets": octets}, nth=EXCHANGES.index(exchange) + 1)
    assert send(connect) == {}
    assert physics.faults.unspent == ()
    assert arrived(mailbox) == 1


def test_a_reply_to_ehlo_in_drips_lists_all_that_is_offered(physics: Physics, connect: Dial) -> None:
    with connect() as client:
        client.ehlo()
        whole = client.esmtp_features, client.ehlo_resp
    physics.faults.arm("mail", "line_dribbled", nth=2)
    with connect() as client:
        client.ehlo()
        assert (client.esmtp_features, client.ehlo_resp) == whole


@pytest.mark.parametrize(("octets", "code"), [(1, 2), (2, 25), (3, None), (20, None), (400, None)])
def test_three_octets_of_a_reply_are_enough_for_this_client(
    mailbox: MailServer, physics: Physics, connect: Dial, octets: int, code: int | None
) -> None:
    """A trap of `smtplib`, and the reason to try: who is told a code without an end of line takes it for a reply."""
    physics.faults.arm("mail", "line_truncated", {"octets": octets}, nth=EXCHANGES.index("content") + 1)
    if code is None:
        assert send(connect) == {}
    else:
        with pytest.raises(smtplib.SMTPDataError) as told:
            send(connect)
        assert told.value.smtp_code == code
    assert arrived(mailbox) == 1


def test_after_a_reply_that_was_cut_off_nothing_more_comes(physics: Physics, connect: Dial) -> None:
    physics.faults.arm("mail", "line_truncated", {"octets": 100})
    client = connect()
    with pytest.raises(smtplib.SMTPServerDisconnected):
        client.ehlo()
    with pytest.raises(smtplib.SMTPServerDisconnected, match="connect"):
        client.ehlo()


@pytest.mark.parametrize(
    ("kind", "parameters"),
    [("line_reset", {}), ("line_stalled", {"processed": True}), ("line_truncated", {"octets": 9})],
)
def test_tls_does_not_begin_over_a_bad_line(
    physics: Physics, connect: Dial, kind: str, parameters: dict[str, object]
) -> None:
    physics.faults.arm("mail", kind, parameters, nth=3)
    client = connect(stalled=3 if kind == "line_stalled" else 0)
    with pytest.raises(OSError, match=r"closed|EOF|reset"):
        client.starttls()
    client.close()
    until(lambda: not physics.faults.unspent)


@pytest.mark.parametrize(
    ("kind", "taken"), [("line_reset", 0), ("line_stalled", 0), ("line_truncated", 1), ("line_dribbled", 1)]
)
def test_the_line_is_bent_below_tls_too(
    mailbox: MailServer, physics: Physics, connect: Dial, kind: str, taken: int
) -> None:
    physics.faults.arm("mail", kind, {"octets": 0} if kind == "line_truncated" else {}, nth=8)
    with connect(stalled=8 if kind == "line_stalled" else 0) as client:
        client._host = "localhost"  # type: ignore[attr-defined]  # smtplib verifies the name it connected to
        client.starttls(context=ssl.create_default_context(cadata=mailbox.certificates.ca.decode()))
        if kind == "line_dribbled":
            assert client.send_message(mail()) == {}
        else:
            with pytest.raises(smtplib.SMTPServerDisconnected):
                client.send_message(mail())
    until(lambda: any(physics.journal.named("mail", kind)))
    assert data(physics, kind)["exchange"] == "content"
    assert arrived(mailbox) == taken


@pytest.mark.parametrize("mechanism", ["PLAIN", "LOGIN"])
def test_who_logs_in_over_a_bad_line_is_not_heard(physics: Physics, connect: Dial, mechanism: str) -> None:
    physics.faults.arm("mail", "line_reset", nth=3)
    with connect() as client:
        client.ehlo()
        client.user, client.password = "erika", "geheim"
        with pytest.raises(smtplib.SMTPServerDisconnected):
            client.auth(mechanism, getattr(client, f"auth_{mechanism.lower()}"))
    assert not list(physics.journal.named("mail", "authenticated"))


def test_every_fault_of_the_line_can_be_armed(mailbox: MailServer) -> None:
    assert LINE_FAULTS.items() <= mailbox.faults.items()


def test_a_refused_connection_is_closed_before_a_word(mailbox: MailServer, physics: Physics, connect: Dial) -> None:
    physics.faults.arm("mail", "refused_connection")
    with pytest.raises(smtplib.SMTPServerDisconnected, match=r"unexpectedly closed$"):
        connect()
    broken = next(physics.journal.named("mail", "connection.broken"))
    assert (broken.cause.fault, broken.data["stage"]) == ("mail.refused_connection", "connect")
    assert send(connect) == {}


# -- on the wire ------------------------------------------------------------------------------------------------------


def dial(port: int) -> socket.socket:
    return socket.create_connection(("127.0.0.1", port), timeout=10)


def test_a_reset_is_a_reset_on_the_wire(physics: Physics, port: int) -> None:
    physics.faults.arm("mail", "line_reset", nth=2)
    with dial(port) as wire:
        wire.recv(100)
        wire.sendall(b"EHLO client.post.example\r\n")
        with pytest.raises(ConnectionResetError):
            wire.recv(100)


def test_a_refused_connection_has_no_octet_on_the_wire(physics: Physics, port: int) -> None:
    physics.faults.arm("mail", "refused_connection")
    with dial(port) as wire:
        assert wire.recv(100) == b""


def test_exactly_so_many_octets_arrive_before_the_line_closes(physics: Physics, port: int) -> None:
    physics.faults.arm("mail", "line_truncated", {"octets": 60}, nth=2)
    with dial(port) as wire, wire.makefile("rb") as replies:
        replies.readline()
        wire.sendall(b"EHLO client.post.example\r\n")
        got = replies.read()
    assert len(got) == 60
    assert got.startswith(b"250-mail.post.example\r\n250-PIPELINING\r\n250-SIZE")


def test_commands_behind_a_reply_in_drips_wait_for_their_turn(physics: Physics, port: int) -> None:
    physics.faults.arm("mail", "line_dribbled", nth=3)
    with dial(port) as wire, wire.makefile("rb") as replies:
        wire.sendall(b"HELO x\r\nNOOP\r\nVRFY x\r\nQUIT\r\n")
        assert [line[:3] for line in replies.read().splitlines()] == [b"220", b"250", b"250", b"252", b"221"]


@pytest.mark.parametrize("nth", [1, 2])
def test_who_hangs_up_on_a_silent_line_leaves_nothing_behind(physics: Physics, port: int, nth: int) -> None:
    physics.faults.arm("mail", "line_stalled", nth=nth)
    with dial(port) as wire:
        if nth == 2:
            wire.recv(100)
        wire.sendall(b"EHLO x\r\n")
        wire.shutdown(socket.SHUT_WR)
        assert wire.recv(100) == b""


def test_closing_the_door_ends_a_line_that_is_silent(mailbox: MailServer, physics: Physics) -> None:
    door, _ = mailbox.doors()
    with BackgroundLoop() as loop:
        port = urlsplit(door.open(loop)).port or 0
        physics.faults.arm("mail", "line_stalled", nth=2)
        with dial(port) as wire:
            wire.recv(100)
            wire.sendall(b"EHLO x\r\n")
            until(lambda: not physics.faults.unspent)
            door.close()
            assert wire.recv(100) == b""


def test_in_a_shared_door_a_line_is_struck_once_it_is_known_whose_it_is() -> None:
    one, two = (MailServer(Physics(realm=realm)) for realm in ("one", "two"))
    for server in (one, two):
        server.physics.faults.declare(server.name, server.faults)
        server.mailbox(ADDRESS)
        server.physics.faults.arm("mail", "line_reset", {"processed": True}, nth=2)
    users = {server.smtp_user: server for server in (one, two)}
    door = SmtpDoor("mail", lambda user, _: users.get(user or ""), one.certificates)
    with BackgroundLoop() as loop:
        port = urlsplit(door.open(loop)).port or 0
        with smtplib.SMTP("127.0.0.1", port, "client.post.example", timeout=10) as client:
            client.login(two.smtp_user, two.smtp_password)
            assert client.mail(SENDER)[0] == 250
            with pytest.raises(smtplib.SMTPServerDisconnected):
                client.rcpt(ADDRESS)
        door.close()
    assert (len(one.physics.faults.unspent), len(two.physics.faults.unspent)) == (1, 0)
