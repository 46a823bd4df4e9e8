"""The SMTP session: what is offered, TLS, logging in, and the faults of each stage; in process and on a socket."""

from __future__ import annotations

import smtplib
import socket
import ssl
from collections.abc import Callable
from contextlib import closing
from email.message import EmailMessage

import pytest

from emulators.core.faults import UnknownFault
from emulators.core.physics import Physics
from emulators.mail.faults import FAULTS
from emulators.mail.server import MailServer
from tests.mail.mails import ADDRESS, SENDER, Connect, data, mail

OFFERED = {
    "pipelining", "size", "8bitmime", "smtputf8", "starttls", "auth", "enhancedstatuscodes", "help",
}  # fmt: skip


@pytest.fixture
def trust(server: MailServer) -> ssl.SSLContext:
    """A client that trusts the server's CA and nobody else."""
    return ssl.create_default_context(cadata=server.certificates.ca.decode())


def session(client: object) -> smtplib.SMTP:
    assert isinstance(client, smtplib.SMTP)
    return client


def test_ehlo_lists_what_is_offered(connect: Connect) -> None:
    with connect() as client:
        smtp = session(client)
        assert smtp.ehlo()[0] == 250
        assert set(smtp.esmtp_features) == OFFERED
        assert smtp.esmtp_features["auth"].split() == ["PLAIN", "LOGIN"]
        assert smtp.esmtp_features["size"] == "10485760"


def test_tls_is_taken_up_by_a_client_that_trusts_the_ca(
    server: MailServer, physics: Physics, connect: Connect, trust: ssl.SSLContext
) -> None:
    server.mailbox(ADDRESS)
    with connect() as client:
        session(client)._host = "localhost"  # type: ignore[attr-defined]  # smtplib verifies the name it connected to
        assert client.starttls(context=trust)[0] == 220
        session(client).ehlo()
        assert set(session(client).esmtp_features) == OFFERED - {"starttls"}
        assert client.send_message(mail()) == {}
    physics.happen()
    assert len(server.mailbox(ADDRESS).inbox) == 1


def test_a_client_that_does_not_know_the_ca_does_not_go_on(connect: Connect) -> None:
    client = session(connect())
    client._host = "localhost"  # type: ignore[attr-defined]
    with pytest.raises(ssl.SSLCertVerificationError):
        client.starttls(context=ssl.create_default_context())
    client.close()


@pytest.mark.parametrize(
    ("how", "verdict"),
    [
        ("expired", "certificate has expired"),
        ("wrong_host", "certificate is not valid for 'localhost'"),
        ("unknown_ca", "unable to get local issuer|self-signed certificate in certificate chain"),
    ],
)
def test_a_bad_certificate_is_seen_by_who_looks(
    physics: Physics, connect: Connect, trust: ssl.SSLContext, how: str, verdict: str
) -> None:
    physics.faults.arm("mail", "bad_certificate", {"how": how})
    client = session(connect())
    client._host = "localhost"  # type: ignore[attr-defined]
    with pytest.raises(ssl.SSLCertVerificationError, match=verdict):
        client.starttls(context=trust)
    client.close()
    assert physics.faults.unspent == ()
    with connect() as again:
        session(again)._host = "localhost"  # type: ignore[attr-defined]
        assert again.starttls(context=trust)[0] == 220


def test_what_was_said_before_tls_is_forgotten(server: MailServer, connect: Connect, trust: ssl.SSLContext) -> None:
    with connect() as client:
        client.login("somebody", "anything")
        session(client)._host = "localhost"  # type: ignore[attr-defined]
        client.starttls(context=trust)
        assert client.login("somebody else", "anything")[0] == 235


def test_the_same_seed_has_the_same_ca_and_another_seed_another() -> None:
    def key(seed: int) -> bytes:
        return MailServer(Physics(seed)).certificates.of("valid").key

    assert key(1) == key(1) != key(2)


@pytest.mark.parametrize("mechanism", ["PLAIN", "LOGIN"])
def test_any_credentials_will_do(physics: Physics, connect: Connect, mechanism: str) -> None:
    with connect() as client:
        smtp = session(client)
        smtp.user, smtp.password = "erika", "geheim"
        smtp.ehlo()
        assert smtp.auth(mechanism, getattr(smtp, f"auth_{mechanism.lower()}"))[0] == 235
    assert data(physics, "authenticated") == {"user": "erika"}


def test_only_the_worlds_own_user_may_send_where_that_is_asked_for(
    server: MailServer, physics: Physics, connect: Connect
) -> None:
    server.logins = "own"
    server.mailbox(ADDRESS)
    with connect() as client:
        with pytest.raises(smtplib.SMTPSenderRefused) as refused:
            client.send_message(mail())
        assert refused.value.smtp_code == 530
        with pytest.raises(smtplib.SMTPAuthenticationError) as wrong:
            client.login(server.smtp_user, "something else")
        assert wrong.value.smtp_code == 535
    with connect() as client:
        client.login(server.smtp_user, server.smtp_password)
        assert client.send_message(mail()) == {}
    physics.happen()
    assert server.mailbox(ADDRESS).inbox[0].user == server.smtp_user


def test_worlds_of_other_realms_have_other_credentials() -> None:
    one, two = (MailServer(Physics(1, realm=realm)) for realm in ("a", "b"))
    assert one.smtp_user != two.smtp_user
    assert one.smtp_password != two.smtp_password


def send(client: smtplib.SMTP) -> None:
    client.send_message(mail())


def log_in(client: smtplib.SMTP) -> None:
    client.login("somebody", "anything")


def ask_for_tls(client: smtplib.SMTP) -> None:
    client.starttls()


def greet(client: smtplib.SMTP) -> None:
    code, text = client.ehlo()
    if code != 250:
        raise smtplib.SMTPHeloError(code, text)


STAGES = [
    ("connect_refused", {"code": 421, "enhanced": "4.7.0"}, send, smtplib.SMTPConnectError, "connect"),
    ("ehlo_refused", {}, greet, smtplib.SMTPHeloError, "ehlo"),
    ("starttls_refused", {}, ask_for_tls, smtplib.SMTPResponseException, "starttls"),
    ("auth_refused", {}, log_in, smtplib.SMTPAuthenticationError, "auth"),
    ("sender_refused", {"code": 451, "enhanced": "4.3.0"}, send, smtplib.SMTPSenderRefused, "mail"),
    ("recipient_refused", {"code": 450, "enhanced": "4.2.1"}, send, smtplib.SMTPRecipientsRefused, "rcpt"),
    ("mailbox_full", {}, send, smtplib.SMTPRecipientsRefused, "rcpt"),
    ("mailbox_full", {"code": 552}, send, smtplib.SMTPRecipientsRefused, "rcpt"),
    ("data_refused", {"code": 452, "enhanced": "4.3.1"}, send, smtplib.SMTPDataError, "data_command"),
    ("content_refused", {"text": "Not this one"}, send, smtplib.SMTPDataError, "data"),
    ("size_exceeded", {}, send, smtplib.SMTPDataError, "data"),
]


@pytest.mark.parametrize(("kind", "parameters", "do", "error", "stage"), STAGES)
def test_each_stage_is_refused_with_its_reply_once(
    physics: Physics,
    server: MailServer,
    connect: Connect,
    kind: str,
    parameters: dict[str, object],
    do: Callable[[smtplib.SMTP], None],
    error: type[smtplib.SMTPException],
    stage: str,
) -> None:
    server.mailbox(ADDRESS)
    fault = physics.faults.arm("mail", kind, parameters).fault
    told = f"{fault.code} {fault.enhanced} {fault.text}"  # type: ignore[attr-defined]

    def whole_session() -> None:
        client = session(connect())
        with closing(client):
            do(client)

    with pytest.raises(error) as refused:
        whole_session()
    shown = refused.value
    if isinstance(shown, smtplib.SMTPRecipientsRefused):
        code, text = shown.recipients[ADDRESS]
    else:
        assert isinstance(shown, smtplib.SMTPResponseException)
        code, text = shown.smtp_code, shown.smtp_error  # type: ignore[assignment]
    assert f"{code} {text.decode()}" == told
    assert {name: data(physics, "refused")[name] for name in ("stage", "reply")} == {"stage": stage, "reply": told}
    assert next(physics.journal.named("mail", "refused")).cause.fault == f"mail.{kind}"
    with connect() as again:
        do(session(again))


@pytest.mark.parametrize("parameters", [{"code": 450}, {"code": 200}, {"text": "two\r\n250 lines"}, {"enhanced": "5"}])
def test_a_reply_that_no_server_gives_cannot_be_armed(physics: Physics, parameters: dict[str, object]) -> None:
    server = MailServer(physics)
    physics.faults.declare(server.name, FAULTS)
    with pytest.raises(UnknownFault):
        physics.faults.arm("mail", "recipient_refused", parameters)


def test_a_refusal_for_a_pattern_lets_all_others_pass(physics: Physics, server: MailServer, connect: Connect) -> None:
    server.mailbox(ADDRESS)
    server.mailbox("max@other.example")
    physics.faults.arm("mail", "recipient_refused", {"recipient": "*@other.example"})
    physics.faults.arm("mail", "sender_refused", {"sender": "x@*"})
    with connect() as client:
        assert client.send_message(mail()) == {}
        assert list(client.send_message(mail(ADDRESS, "max@other.example"))) == ["max@other.example"]
        assert client.send_message(mail("max@other.example")) == {}
        with pytest.raises(smtplib.SMTPSenderRefused):
            client.send_message(mail(), from_addr="X@anywhere.example")
    assert physics.faults.unspent == ()


def test_a_refusal_for_a_pattern_counts_only_those_who_match(
    physics: Physics, server: MailServer, connect: Connect
) -> None:
    server.mailbox(ADDRESS)
    server.mailbox("max@other.example")
    physics.faults.arm("mail", "recipient_refused", {"recipient": "max@*"}, nth=2)
    with connect() as client:
        assert client.send_message(mail("max@other.example")) == {}
        assert client.send_message(mail()) == {}
        with pytest.raises(smtplib.SMTPRecipientsRefused):
            client.send_message(mail("max@other.example"))


def test_a_limit_of_size_lets_smaller_mails_pass(physics: Physics, server: MailServer, connect: Connect) -> None:
    server.mailbox(ADDRESS)
    physics.faults.arm("mail", "size_exceeded", {"limit": 5000})
    with connect() as client:
        assert client.send_message(mail()) == {}
        with pytest.raises(smtplib.SMTPDataError):
            client.send_message(mail(text="x" * 70 + "\n" + "y\n" * 3000))


def test_stripped_starttls_is_not_offered_in_this_session_any_more(physics: Physics, connect: Connect) -> None:
    physics.faults.arm("mail", "starttls_stripped")
    with connect() as client:
        with pytest.raises(smtplib.SMTPNotSupportedError):
            client.starttls()
        session(client).ehlo()
        assert not session(client).has_extn("starttls")
    with connect() as again:
        assert again.starttls()[0] == 220


def test_without_smtputf8_an_international_address_gets_nothing(
    physics: Physics, server: MailServer, connect: Connect
) -> None:
    server.mailbox("jürgen@post.example")
    server.mailbox(ADDRESS)
    physics.faults.arm("mail", "smtputf8_refused")
    with connect() as client:
        with pytest.raises(smtplib.SMTPNotSupportedError):
            client.send_message(mail("jürgen@post.example"))
        smtp = session(client)
        assert smtp.docmd("MAIL", f"FROM:<{SENDER}> SMTPUTF8")[0] == 555 or smtp.mail(SENDER, ["SMTPUTF8"])[0] == 555
        assert client.send_message(mail()) == {}
    with connect() as again:
        assert again.send_message(mail("jürgen@post.example")) == {}


@pytest.mark.parametrize("taken", [True, False])
def test_a_connection_that_breaks_before_the_reply_leaves_the_client_in_doubt(
    physics: Physics, server: MailServer, connect: Connect, taken: bool
) -> None:
    mailbox = server.mailbox(ADDRESS)
    physics.faults.arm("mail", "dropped", {"taken": taken})
    client = connect()
    with pytest.raises(smtplib.SMTPServerDisconnected):
        client.send_message(mail())
    session(client).close()
    physics.happen()
    assert len(mailbox.inbox) == int(taken)
    broken = next(physics.journal.named("mail", "connection.broken"))
    assert (broken.cause.fault, broken.data["to"]) == ("mail.dropped", [ADDRESS])


def test_a_mail_above_the_limit_is_refused_by_what_it_says_of_itself(
    physics: Physics, server: MailServer, connect: Connect
) -> None:
    server.mailbox(ADDRESS)
    with connect() as client:
        smtp = session(client)
        smtp.ehlo()
        assert smtp.mail(SENDER, ["SIZE=10485761"])[0] == 552
        assert smtp.mail(SENDER, ["SIZE=10485760"])[0] == 250
    assert data(physics, "refused")["stage"] == "mail"


def test_a_mail_above_the_limit_is_refused_after_its_last_dot(
    physics: Physics, server: MailServer, connect: Connect
) -> None:
    server.mailbox(ADDRESS)
    large = (b"x" * 998 + b"\r\n") * 10_486
    with connect() as client:
        smtp = session(client)
        smtp.ehlo()
        smtp.mail(SENDER)
        smtp.rcpt(ADDRESS)
        assert smtp.data(large)[0] == 552
        assert smtp.noop()[0] == 250
        assert client.send_message(mail()) == {}
    assert data(physics, "refused")["to"] == [ADDRESS]
    physics.happen()
    assert len(server.mailbox(ADDRESS).inbox) == 1


@pytest.mark.parametrize(
    ("line", "code"),
    [
        ("MAIL FROM:<jürgen@post.example>", "553 5.6.7"),
        ("MAIL FROM:<a b>", "553 5.1.7"),
        ("MAIL FROM:<nobody>", "553 5.1.7"),
        ("MAIL FROM:<", "553 5.1.3"),
        ("MAIL FROM:<x@y.example> BODY=9BIT", "501 5.5.4"),
        ("MAIL FROM:<x@y.example> RET=HDRS", "555 5.5.4"),
        ("MAIL FROM:<x@y.example> AUTH=<>", "250 2.1.0"),
        ("MAIL FROM:<>", "250 2.1.0"),
        ("RCPT TO:<x@y.example>", "503 5.5.1"),
        ("DATA", "503 5.5.1"),
        ("DATA now", "501 5.5.4"),
        ("NONSENSE", "500 5.5.2"),
        ("\udcff\udcfe", "500 5.5.2"),
        ("VRFY \udcff", "500 5.5.2"),
        ("MAIL FROM:<\udcff@y.example> SMTPUTF8", "553 5.1.3"),
        ("AUTH", "501 5.5.4"),
        ("AUTH CRAM-MD5", "504 5.5.4"),
        ("AUTH plain AHgAeQ==", "235 2.7.0"),
        ("AUTH PLAIN !", "501 5.5.2"),
        ("AUTH PLAIN eA==", "501 5.5.2"),
        ("STARTTLS now", "501 5.5.4"),
        ("RSET", "250 2.0.0"),
        ("NOOP", "250 2.0.0"),
        ("EXPN x", "502 5.5.1"),
        ("HELP QUIT", "250 2.0.0 Syntax: QUIT"),
        ("x" * 600, "500 5.5.2"),
        ("x" * 5000, "500 5.5.2"),
        ("", "500 5.5.2"),
        ("QUIT", "221 2.0.0"),
    ],
)
def test_each_command_gets_a_reply_with_an_enhanced_code(port: int, line: str, code: str) -> None:
    with socket.create_connection(("127.0.0.1", port), timeout=5) as wire, wire.makefile("rb") as replies:
        assert replies.readline().startswith(b"220 mail.post.example ESMTP")
        wire.sendall(b"EHLO client.post.example\r\n")
        while replies.readline()[3:4] == b"-":
            pass
        wire.sendall(line.encode(errors="surrogateescape") + b"\r\n")
        assert replies.readline().decode().startswith(code)


def test_commands_may_be_sent_all_at_once(server: MailServer, physics: Physics, port: int) -> None:
    server.mailbox(ADDRESS)
    with socket.create_connection(("127.0.0.1", port), timeout=5) as wire, wire.makefile("rb") as replies:
        wire.sendall(
            b"HELO client.post.example\r\nMAIL FROM:<a@b.example>\r\n"
            b"RCPT TO:<erika@post.example>\r\nRCPT TO:<nobody@post.example>\r\nDATA\r\n"
        )
        assert [replies.readline()[:3] for _ in range(6)] == [b"220", b"250", b"250", b"250", b"550", b"354"]
        wire.sendall(b"Subject: one\r\n\r\n..dots\r\n.\r\nMAIL FROM:<>\r\nRSET\r\nQUIT\r\n")
        assert [replies.readline()[:3] for _ in range(4)] == [b"250", b"250", b"250", b"221"]
    physics.happen()
    (message,) = server.mailbox(ADDRESS).inbox
    assert (message.raw, message.return_path) == (b"Subject: one\r\n\r\n.dots\r\n", "a@b.example")


def test_an_empty_mail_is_a_mail(server: MailServer, physics: Physics, connect: Connect) -> None:
    server.mailbox(ADDRESS)
    with connect() as client:
        client.send_message(EmailMessage(), SENDER, ADDRESS)
    physics.happen()
    assert server.mailbox(ADDRESS).inbox[0].subject == ""
