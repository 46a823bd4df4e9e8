"""Bad input over real sockets: whoever misbehaves gets an answer or is cut off, and the others get their mail."""

from __future__ import annotations

import logging
import smtplib
import socket
from collections.abc import Iterator
from contextlib import ExitStack, closing
from urllib.parse import urlsplit

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from emulators.core.physics import Physics
from emulators.mail.conversation import MAX_BYTES
from emulators.mail.doors import SmtpDoor
from emulators.mail.server import MailServer
from emulators.wire.loop import BackgroundLoop
from tests.mail.mails import ADDRESS, SENDER, data, mail

START = f"EHLO x\r\nMAIL FROM:<{SENDER}>\r\nRCPT TO:<{ADDRESS}>\r\nDATA\r\n".encode()


def connected(port: int) -> socket.socket:
    return socket.create_connection(("127.0.0.1", port), timeout=10)


def until(wire: socket.socket, expected: bytes) -> bytes:
    """What comes up to and with `expected`; an early end fails the test."""
    got = b""
    while expected not in got:
        chunk = wire.recv(65536)
        assert chunk, f"the connection ended after {got!r}"
        got += chunk
    return got


def is_served(port: int) -> bool:
    with smtplib.SMTP("127.0.0.1", port, "client.post.example", timeout=10) as client:
        return client.send_message(mail()) == {}


@pytest.fixture
def served(server: MailServer, port: int) -> int:
    server.mailbox(ADDRESS)
    return port


def test_content_far_above_the_limit_is_read_to_its_end_and_refused(
    served: int, server: MailServer, physics: Physics
) -> None:
    line = b"x" * 998 + b"\r\n"
    with connected(served) as wire:
        wire.sendall(START)
        until(wire, b"\r\n354 ")
        for _ in range(3):
            wire.sendall(line * (MAX_BYTES // len(line)))
        wire.sendall(b".\r\nNOOP\r\n")
        assert b"552 5.3.4" in until(wire, b"250 2.0.0")
    assert data(physics, "refused")["reply"].startswith("552 5.3.4")
    assert is_served(served)


def test_a_line_without_an_end_is_not_kept(served: int, physics: Physics) -> None:
    with connected(served) as wire:
        wire.sendall(START)
        until(wire, b"\r\n354 ")
        for _ in range(20):
            wire.sendall(b"x" * 1_000_000)
        wire.sendall(b"\r\n.\r\n")
        until(wire, b"500 5.6.0")
        wire.sendall(b"NOOP\r\n")
        until(wire, b"250 2.0.0")
    assert data(physics, "refused")["stage"] == "data"
    assert is_served(served)


@pytest.mark.parametrize("extra", [0, 1])
def test_a_line_may_have_a_thousand_octets(served: int, extra: int) -> None:
    with connected(served) as wire:
        wire.sendall(START)
        until(wire, b"\r\n354 ")
        wire.sendall(b"x" * (998 + extra) + b"\r\n" + b"after\r\n.\r\n")
        until(wire, b"500 5.6.0" if extra else b"250 2.0.0 OK: queued")


@pytest.mark.parametrize("said", [b"", b"EHL", b"EHLO x\r\nMAIL FROM:<", START, START + b"Subject: half\r\n\r\nhal"])
def test_who_leaves_in_the_middle_harms_nobody(served: int, server: MailServer, physics: Physics, said: bytes) -> None:
    with connected(served) as wire:
        wire.sendall(said)
        until(wire, b"354 " if said.startswith(START) else b"220 ")
    assert is_served(served)
    physics.happen()
    assert [message.subject for message in server.mailbox(ADDRESS).messages] == ["Bitte bestätigen"]


def test_idle_connections_leave_room_for_others(served: int) -> None:
    with ExitStack() as idle:
        for _ in range(500):
            until(idle.enter_context(connected(served)), b"220 ")
        assert is_served(served)


def test_nonsense_ends_with_a_goodbye(served: int, caplog: pytest.LogCaptureFixture) -> None:
    with connected(served) as wire:
        wire.sendall(b"GET / HTTP/1.1\r\nHost: x\r\nA: b\r\nC: d\r\nE: f\r\n\r\n" + b"more\r\n" * 10)
        got = until(wire, b"goodbye")
    assert got.count(b"500 5.5.2") >= 4
    assert is_served(served)
    assert not [record for record in caplog.records if record.levelno >= logging.ERROR]


def test_a_client_that_does_not_begin_tls_is_cut_off(served: int) -> None:
    with connected(served) as wire:
        wire.sendall(b"EHLO x\r\nSTARTTLS\r\n")
        until(wire, b"220 2.0.0 Ready")
        wire.sendall(b"EHLO again, in the clear\r\n" * 50)
        try:
            while wire.recv(65536):
                pass
        except ConnectionResetError:
            pass
    assert is_served(served)


def test_a_thousand_recipients_are_enough(served: int) -> None:
    with smtplib.SMTP("127.0.0.1", served, "client.post.example", timeout=10) as client:
        client.ehlo()
        client.mail(SENDER)
        assert {client.rcpt(ADDRESS)[0] for _ in range(1000)} == {250}
        assert client.rcpt(ADDRESS)[0] == 452


COMMANDS = [
    b"EHLO x", b"MAIL FROM:<a@b.example>", b"RCPT TO:<erika@post.example>", b"DATA", b".", b"RSET", b"AUTH LOGIN", b"*",
    b"AUTH PLAIN", b"VRFY", b"HELP x",
]  # fmt: skip


@settings(max_examples=40)
@given(st.lists(st.sampled_from(COMMANDS) | st.binary(max_size=40), max_size=12))
def test_any_commands_leave_the_door_standing(door: int, lines: list[bytes]) -> None:
    with connected(door) as wire:
        wire.sendall(b"\r\n".join(lines) + b"\r\n")
    assert is_served(door)


@pytest.fixture(scope="module")
def door() -> Iterator[int]:
    server = MailServer(Physics())
    server.mailbox(ADDRESS)
    smtp, _ = server.doors()
    with BackgroundLoop() as loop:
        yield urlsplit(smtp.open(loop)).port or 0
        smtp.close()


# -- many worlds behind one door --------------------------------------------------------------------------------------


@pytest.fixture
def worlds() -> dict[str, MailServer]:
    made = {name: MailServer(Physics(realm=name)) for name in ("one", "two")}
    for name, server in made.items():
        server.physics.faults.declare(server.name, server.faults)
        server.mailbox(f"erika@{name}.post.example")
    return made


@pytest.fixture
def shared(worlds: dict[str, MailServer]) -> Iterator[int]:
    """A door that goes by the user, else by the recipient's domain."""
    users = {server.smtp_user: server for server in worlds.values()}

    def route(user: str | None, recipient: str) -> MailServer | None:
        return users.get(user or "") or worlds.get(recipient.rpartition("@")[2].partition(".")[0])

    door = SmtpDoor("mail", route, worlds["one"].certificates, lambda server: server.physics.happen())
    with BackgroundLoop() as loop:
        yield urlsplit(door.open(loop)).port or 0
        door.close()


def received(server: MailServer) -> list[str]:
    return [message.to for message in server.mailboxes.newest_first()]


def test_each_world_gets_its_own_mail_and_settles(shared: int, worlds: dict[str, MailServer]) -> None:
    with smtplib.SMTP("127.0.0.1", shared, "x.example", timeout=5) as client:
        client.send_message(mail("erika@two.post.example"))
        client.send_message(mail("erika@one.post.example"))
        with pytest.raises(smtplib.SMTPRecipientsRefused) as unknown:
            client.send_message(mail("erika@three.post.example"))
        assert unknown.value.recipients["erika@three.post.example"][0] == 550
    assert received(worlds["one"]) == ["erika@one.post.example"]
    assert received(worlds["two"]) == ["erika@two.post.example"]


def test_a_mail_is_for_one_world(shared: int, worlds: dict[str, MailServer]) -> None:
    with smtplib.SMTP("127.0.0.1", shared, "x.example", timeout=5) as client:
        refused = client.send_message(mail("erika@one.post.example", "erika@two.post.example"))
    assert {address: code for address, (code, _) in refused.items()} == {"erika@two.post.example": 451}
    assert (len(received(worlds["one"])), received(worlds["two"])) == (1, [])


def test_who_logs_in_chooses_the_world_and_meets_its_faults(shared: int, worlds: dict[str, MailServer]) -> None:
    two = worlds["two"]
    two.mailbox(ADDRESS)
    two.physics.faults.arm("mail", "sender_refused")
    with closing(smtplib.SMTP("127.0.0.1", shared, "x.example", timeout=5)) as client:
        client.login(two.smtp_user, two.smtp_password)
        with pytest.raises(smtplib.SMTPSenderRefused):
            client.send_message(mail())
        assert client.send_message(mail()) == {}
    assert received(two) == [ADDRESS]


def test_a_fault_at_mail_strikes_with_the_first_recipient_if_nobody_has_logged_in(
    shared: int, worlds: dict[str, MailServer]
) -> None:
    worlds["one"].physics.faults.arm("mail", "sender_refused")
    with smtplib.SMTP("127.0.0.1", shared, "x.example", timeout=5) as client:
        with pytest.raises(smtplib.SMTPRecipientsRefused):
            client.send_message(mail("erika@one.post.example"))
        assert client.send_message(mail("erika@one.post.example")) == {}


def test_only_worlds_that_settle_have_their_mail_at_once(server: MailServer, served: int) -> None:
    assert is_served(served)
    assert server.mailbox(ADDRESS).messages == ()
    server.physics.happen()
    assert len(server.mailbox(ADDRESS).messages) == 1
