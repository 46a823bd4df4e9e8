"""Mail programs that no one here wrote: swaks, curl, nodemailer and a client of Mailpit's API, over real sockets."""

from __future__ import annotations

import json
import smtplib
import ssl
from collections.abc import Iterator
from dataclasses import dataclass
from email.message import EmailMessage
from hashlib import sha256
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from emulators.core.physics import Physics
from emulators.mail.doors import SmtpDoor, api_door
from emulators.mail.server import MailServer
from emulators.wire.loop import BackgroundLoop
from tests.pcsc.virtual_reader import do_without, installed, need, run

PROGRAMS = Path(__file__).parent / "programs"
ADDRESS, SENDER = "erika@post.example", "service@musterkasse.example"


@dataclass(frozen=True)
class Office:
    """A mail server that settles by itself, with both doors open; `ca` is the file with its CA."""

    server: MailServer
    port: int
    api: str
    ca: Path


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    physics = Physics(seed=4711)
    server = MailServer(physics, logins="own")
    physics.faults.declare(server.name, server.faults)
    server.mailbox(ADDRESS)
    ca = tmp_path / "ca.pem"
    ca.write_bytes(server.certificates.ca)
    smtp = SmtpDoor("mail", lambda *_: server, server.certificates, lambda served: served.physics.happen())
    api = api_door(server)
    with BackgroundLoop() as loop:
        yield Office(server, urlsplit(smtp.open(loop)).port or 0, api.open(loop), ca)
        smtp.close()
        api.close()


def swaks(office: Office, *more: str) -> tuple[int, str]:
    done = run(
        need("swaks", "swaks"), "--server", "localhost", "--port", str(office.port), "--ehlo", "client.example",
        "--to", ADDRESS, "--from", SENDER, "--header", "Subject: Von swaks", "--body", "https://epa.example/b",
        "--auth", "PLAIN", "--auth-user", office.server.smtp_user, "--auth-password", office.server.smtp_password,
        *more,
    )  # fmt: skip
    return done.returncode, done.stdout + done.stderr


def swaks_with_tls(office: Office) -> tuple[int, str]:
    code, transcript = swaks(office, "--tls", "--tls-verify", "--tls-ca-path", str(office.ca))
    if "requires Net::SSLeay" in transcript:
        do_without("swaks with TLS", "apt-get install libnet-ssleay-perl")
    return code, transcript


def test_swaks_logs_in_and_sends(office: Office) -> None:
    code, transcript = swaks(office)
    assert code == 0, transcript
    assert "235 2.7.0" in transcript
    assert "250 2.0.0 OK: queued as M000001" in transcript
    (message,) = office.server.mailbox(ADDRESS).inbox
    assert (message.subject, message.links) == ("Von swaks", ("https://epa.example/b",))


def test_swaks_sends_over_tls_that_it_verifies(office: Office) -> None:
    code, transcript = swaks_with_tls(office)
    assert code == 0, transcript
    assert "TLS started" in transcript
    assert len(office.server.mailbox(ADDRESS).inbox) == 1


@pytest.mark.parametrize(
    ("kind", "parameters"),
    [
        ("bad_certificate", {"how": "expired"}),
        ("bad_certificate", {"how": "unknown_ca"}),
        ("starttls_stripped", {}),
        ("starttls_refused", {}),
    ],
)
def test_swaks_sends_nothing_where_tls_fails(office: Office, kind: str, parameters: dict[str, object]) -> None:
    office.server.physics.faults.arm("mail", kind, parameters)
    code, transcript = swaks_with_tls(office)
    assert code == 29, transcript
    assert office.server.mailbox(ADDRESS).messages == ()


@pytest.mark.parametrize(
    ("kind", "exit_code", "told"),
    [
        ("connect_refused", 21, "554 5.7.1"),
        ("ehlo_refused", 22, "550 5.7.1"),
        ("auth_refused", 28, "535 5.7.8"),
        ("sender_refused", 23, "550 5.7.1"),
        ("mailbox_full", 24, "452 4.2.2"),
        ("data_refused", 25, "451 4.3.0"),
        ("content_refused", 26, "554 5.6.0"),
    ],
)
def test_swaks_names_the_stage_of_a_fault(office: Office, kind: str, exit_code: int, told: str) -> None:
    office.server.physics.faults.arm("mail", kind)
    code, transcript = swaks(office)
    assert (code, told in transcript) == (exit_code, True), transcript


def test_swaks_sends_all_commands_at_once(office: Office) -> None:
    code, transcript = swaks(office, "--pipeline")
    assert code == 0, transcript
    assert len(office.server.mailbox(ADDRESS).inbox) == 1


def test_curl_sends_and_reads(office: Office, tmp_path: Path) -> None:
    curl = need("curl", "curl")
    source = tmp_path / "mail.eml"
    source.write_bytes(b"Subject: Von curl\r\nFrom: a@musterkasse.example\r\n\r\nhttps://epa.example/b\r\n")
    sent = run(
        curl, "--silent", "--show-error", "--noproxy", "*", "--ssl-reqd", "--cacert", str(office.ca),
        "--user", f"{office.server.smtp_user}:{office.server.smtp_password}", "--mail-from", SENDER,
        "--mail-rcpt", ADDRESS, "--upload-file", str(source), f"smtp://localhost:{office.port}/client.example",
    )  # fmt: skip
    assert sent.returncode == 0, sent.stderr
    read = run(curl, "--silent", "--noproxy", "*", f"{office.api}/api/v1/message/latest")
    assert json.loads(read.stdout)["Links"] == [{"URL": "https://epa.example/b", "State": "unused", "Visible": True}]
    assert run(curl, "--silent", "--noproxy", "*", f"{office.api}/view/latest.txt").stdout == "https://epa.example/b\n"


def test_smtplib_sends_to_an_international_address(office: Office) -> None:
    office.server.mailbox("jürgen@post.example")
    message = EmailMessage()
    message["Subject"], message["From"], message["To"] = "Grüße", SENDER, "jürgen@post.example"
    with smtplib.SMTP("localhost", office.port, "client.example", timeout=5) as client:
        client.starttls(context=ssl.create_default_context(cafile=str(office.ca)))
        client.login(office.server.smtp_user, office.server.smtp_password)
        assert client.send_message(message) == {}
    assert len(office.server.mailbox("jürgen@post.example").inbox) == 1


@pytest.fixture
def node(pytestconfig: pytest.Config) -> Path:
    """The folder with what is in the lock file."""
    npm = need("npm", "npm")
    lock = PROGRAMS / "mail" / "package-lock.json"
    name = f"npm-mail-{sha256(lock.read_bytes()).hexdigest()[:12]}"
    fill = f'cp "{lock.parent}"/package*.json . && "{npm}" ci --ignore-scripts --no-audit --no-fund'
    return installed(pytestconfig, name, "sh", "-c", fill)


def javascript(node: Path, program: str, *arguments: str) -> dict[str, Any]:
    done = run(need("node", "nodejs"), str(PROGRAMS / program), *arguments, NODE_MODULES=str(node))
    assert done.returncode == 0, done.stderr
    result: dict[str, Any] = json.loads(done.stdout)
    return result


def nodemailer(node: Path, office: Office) -> dict[str, Any]:
    who = office.server.smtp_user, office.server.smtp_password
    return javascript(node, "mail_send.mjs", str(office.port), str(office.ca), *who, SENDER, ADDRESS)


def test_nodemailer_sends_and_a_mailpit_client_reads(office: Office, node: Path) -> None:
    sent = nodemailer(node, office)
    assert sent == {"response": "250 2.0.0 OK: queued as M000001", "accepted": [ADDRESS], "rejected": []}
    link = "https://epa.example/b?token=a1b2c3&weg=mail"
    raw = office.server.mailbox(ADDRESS).inbox[0].raw
    assert javascript(node, "mail_read.mjs", office.api) == {
        "subject": "Bitte bestätigen – ß",
        "from": {"Name": "", "Address": SENDER},
        "links": [{"URL": link, "State": "unused", "Visible": True}],
        "total": 1,
        "unread": 0,
        "attachment": "Grüße",
        "text": f"Bitte öffnen: {link}",
        "html": f'<p>Bitte <a href="{link.replace("&", "&amp;")}">öffnen</a>.</p>',
        "header": ["Bitte bestätigen – ß"],
        "source": len(raw.decode()),
        "info": 1,
        "tags": [],
        "marked": "ok",
        "deleted": "ok",
        "left": 0,
    }


@pytest.mark.parametrize(
    ("kind", "code", "response_code"),
    [
        ("bad_certificate", "ESOCKET", None),
        ("starttls_stripped", "ETLS", 502),
        ("auth_refused", "EAUTH", 535),
        ("mailbox_full", "EENVELOPE", 452),
        ("content_refused", "EMESSAGE", 554),
    ],
)
def test_nodemailer_names_what_went_wrong(
    office: Office, node: Path, kind: str, code: str, response_code: int | None
) -> None:
    office.server.physics.faults.arm("mail", kind)
    failed = nodemailer(node, office)
    assert (failed["code"], failed.get("responseCode")) == (code, response_code), failed
