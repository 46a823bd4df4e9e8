"""The mail server through its client in process and through real `smtplib` on a socket: the same both ways."""

import smtplib
from datetime import timedelta
from urllib.parse import urlsplit

import pytest
import responses

from emulators.core.emulator import Door, Emulator
from emulators.core.physics import Physics
from emulators.mail.server import MailServer
from emulators.mail.smtp import SmtpClient
from emulators.wire.loop import BackgroundLoop
from tests.mail.mails import ADDRESS, LINK, Connect, data, mail


def test_the_server_is_an_emulator_and_its_door_a_door(server: MailServer) -> None:
    assert isinstance(server, Emulator)
    assert all(isinstance(door, Door) for door in server.doors())
    assert all(fault.about() for fault in server.faults.values())


def test_a_mail_lies_in_the_mailbox_once_the_world_has_moved(
    physics: Physics, server: MailServer, connect: Connect
) -> None:
    mailbox = server.mailbox(ADDRESS)
    with connect() as client:
        assert client.send_message(mail()) == {}
    assert mailbox.newest is None
    physics.happen()
    newest = mailbox.newest
    assert newest is not None
    assert (newest.subject, newest.to, newest.folder) == ("Bitte bestätigen", ADDRESS, "inbox")
    assert newest.sender == "Musterkasse <service@musterkasse.example>"
    assert newest.text == f"Bitte öffnen Sie {LINK} bald.\n.\n..\n"
    assert newest.links == (LINK,)
    assert newest.received_at == physics.clock.now
    assert data(physics, "accepted") == {
        "id": newest.id, "from": "service@musterkasse.example", "to": [ADDRESS], "subject": "Bitte bestätigen",
        "links": [LINK],
    }  # fmt: skip
    assert data(physics, "delivered") == {"id": newest.id, "to": ADDRESS, "folder": "inbox"}


def test_socket_and_process_write_the_same_bytes_and_the_same_journal() -> None:
    def run(via_socket: bool) -> tuple[bytes, str]:
        physics = Physics(seed=1)
        server = MailServer(physics)
        mailbox = server.mailbox(ADDRESS)
        with BackgroundLoop() as loop:
            door, _ = server.doors()
            address = urlsplit(door.open(loop))
            client: SmtpClient = (
                smtplib.SMTP(address.hostname or "", address.port or 0, "client.post.example")
                if via_socket
                else server.smtp()
            )
            with client:
                client.send_message(mail())
                with pytest.raises(smtplib.SMTPRecipientsRefused):
                    client.send_message(mail("niemand@post.example"))
            door.close()
        physics.happen()
        return mailbox.messages[0].raw, physics.journal.to_jsonl()

    assert run(via_socket=True) == run(via_socket=False)


def test_an_unknown_recipient_is_refused_and_the_others_get_their_mail(
    physics: Physics, server: MailServer, connect: Connect
) -> None:
    server.mailbox(ADDRESS)
    with connect() as client:
        refused = client.send_message(mail(ADDRESS, "niemand@post.example"))
        assert list(refused) == ["niemand@post.example"]
        assert refused["niemand@post.example"][0] == 550
        assert refused["niemand@post.example"][1].startswith(b"5.1.1 ")
        with pytest.raises(smtplib.SMTPRecipientsRefused):
            client.send_message(mail("niemand@post.example"))
    physics.happen()
    assert len(server.mailbox(ADDRESS).inbox) == 1
    assert data(physics, "refused")["stage"] == "rcpt"


def test_the_domain_may_be_written_in_any_case_the_name_may_not(server: MailServer, connect: Connect) -> None:
    mailbox = server.mailbox("Erika@POST.example")
    assert server.mailbox("Erika@post.EXAMPLE") is mailbox
    with connect() as client:
        assert client.send_message(mail("Erika@Post.Example")) == {}
        with pytest.raises(smtplib.SMTPRecipientsRefused):
            client.send_message(mail("erika@post.example"))


@pytest.mark.parametrize("address", ["", "erika", "@post.example", "erika@", "eri ka@post.example"])
def test_what_is_no_address_has_no_mailbox(server: MailServer, address: str) -> None:
    with pytest.raises(ValueError, match="not a mail address"):
        server.mailbox(address)


def test_an_outage_is_a_421_at_connect_and_passes(physics: Physics, server: MailServer, connect: Connect) -> None:
    server.mailbox(ADDRESS)
    physics.faults.arm("mail", "outage")
    with pytest.raises(smtplib.SMTPConnectError) as failed:
        connect()
    assert failed.value.smtp_code == 421
    with connect() as client:
        assert client.send_message(mail()) == {}
    assert next(physics.journal.named("mail", "refused")).cause.fault == "mail.outage"


@pytest.mark.parametrize(("kind", "code"), [("bounced", 550), ("greylisted", 451)])
def test_a_refused_recipient_passes_the_next_time(
    physics: Physics, server: MailServer, connect: Connect, kind: str, code: int
) -> None:
    server.mailbox(ADDRESS)
    physics.faults.arm("mail", kind)
    with connect() as client:
        with pytest.raises(smtplib.SMTPRecipientsRefused) as refused:
            client.send_message(mail())
        assert refused.value.recipients[ADDRESS][0] == code
        assert client.send_message(mail()) == {}
    assert physics.faults.unspent == ()


def test_filtered_content_is_refused_after_its_last_dot(physics: Physics, server: MailServer, connect: Connect) -> None:
    server.mailbox(ADDRESS)
    physics.faults.arm("mail", "filtered")
    with connect() as client:
        with pytest.raises(smtplib.SMTPDataError) as refused:
            client.send_message(mail())
        assert refused.value.smtp_code == 554
        assert client.send_message(mail()) == {}
    physics.happen()
    assert len(server.mailbox(ADDRESS).inbox) == 1


def test_a_session_that_has_ended_sends_no_more(server: MailServer, connect: Connect) -> None:
    server.mailbox(ADDRESS)
    client = connect()
    assert client.quit()[0] == 221
    with pytest.raises(smtplib.SMTPServerDisconnected):
        client.send_message(mail())


def test_an_international_address_gets_its_mail(physics: Physics, server: MailServer, connect: Connect) -> None:
    mailbox = server.mailbox("jürgen@post.example")
    with connect() as client:
        assert client.send_message(mail("jürgen@post.example")) == {}
    physics.happen()
    assert mailbox.inbox[0].subject == "Bitte bestätigen"


def test_a_lost_mail_was_accepted_and_never_arrives(physics: Physics, server: MailServer) -> None:
    mailbox = server.mailbox(ADDRESS)
    physics.faults.arm("mail", "lost")
    assert server.smtp().send_message(mail()) == {}
    physics.advance_to(physics.clock.now + timedelta(days=30))
    assert mailbox.messages == ()
    assert next(physics.journal.named("mail", "lost")).cause.fault == "mail.lost"


def test_a_late_mail_arrives_after_its_minutes(physics: Physics, server: MailServer) -> None:
    mailbox = server.mailbox(ADDRESS)
    physics.faults.arm("mail", "late", {"minutes": 90})
    began = physics.clock.now
    server.smtp().send_message(mail())
    physics.advance_to(began + timedelta(minutes=89))
    assert mailbox.newest is None
    physics.advance_to(began + timedelta(minutes=90))
    assert [message.received_at for message in mailbox.inbox] == [began + timedelta(minutes=90)]
    assert next(physics.journal.named("mail", "delivered")).cause.fault == "mail.late"


def test_spam_is_not_seen_by_who_looks_into_the_inbox(physics: Physics, server: MailServer) -> None:
    mailbox = server.mailbox(ADDRESS)
    physics.faults.arm("mail", "spam")
    server.smtp().send_message(mail())
    physics.happen()
    assert mailbox.newest is None
    assert [message.subject for message in mailbox.spam] == ["Bitte bestätigen"]
    assert data(physics, "delivered")["folder"] == "spam"


@pytest.mark.parametrize("how", ["line_break", "escaped"])
def test_a_mangled_link_does_not_work_any_more(physics: Physics, server: MailServer, how: str) -> None:
    mailbox = server.mailbox(ADDRESS)
    physics.faults.arm("mail", "mangled_link", {"how": how})
    server.smtp().send_message(mail())
    physics.happen()
    (message,) = mailbox.inbox
    assert LINK not in message.links
    assert data(physics, "accepted")["links"] == [LINK]
    assert data(physics, "links.mangled")["links"] == list(message.links)


def test_a_scanner_opens_each_link_before_the_person_can(physics: Physics, server: MailServer) -> None:
    server.mailbox(ADDRESS)
    physics.faults.arm("mail", "scanner")
    server.smtp().send_message(mail(text=f"{LINK} https://nobody.example/"))
    with responses.RequestsMock() as mock:
        opened = mock.get(LINK, status=200)
        physics.happen()
        assert opened.call_count == 1
    scanned = list(physics.journal.named("mail", "link.scanned"))
    assert [(entry.data["link"], entry.data["answer"]) for entry in scanned] == [
        (LINK, 200),
        ("https://nobody.example/", None),
    ]
    assert {entry.cause.fault for entry in scanned} == {"mail.scanner"}


def test_a_recipient_named_twice_gets_one_mail(physics: Physics, server: MailServer) -> None:
    mailbox = server.mailbox(ADDRESS)
    server.smtp().send_message(mail(ADDRESS, "erika@POST.example"))
    physics.happen()
    assert len(mailbox.inbox) == 1


def test_a_closed_door_closes_its_connections_and_may_be_closed_again(server: MailServer) -> None:
    door, _ = server.doors()
    with BackgroundLoop() as loop:
        address = urlsplit(door.open(loop))
        client = smtplib.SMTP(address.hostname or "", address.port or 0, "client.post.example", timeout=5)
        door.close()
        door.close()
        with pytest.raises(smtplib.SMTPServerDisconnected):
            client.noop()
        client.close()


@pytest.mark.parametrize(
    ("to", "arrives"),
    [
        ("postmaster", "postmaster@post.example"),
        ("PostMaster", "postmaster@post.example"),
        ("POSTMASTER@Insurer.example", "postmaster@insurer.example"),
    ],
)
def test_each_domain_has_a_postmaster(
    server: MailServer, physics: Physics, connect: Connect, to: str, arrives: str
) -> None:
    server.mailbox("erika@insurer.example")
    with connect() as client:
        assert client.send_message(mail(), to_addrs=[to]) == {}
    physics.happen()
    assert [message.to for message in server.mailbox(arrives).inbox] == [arrives]


def test_a_domain_without_mailboxes_has_no_postmaster_either(connect: Connect) -> None:
    with connect() as client, pytest.raises(smtplib.SMTPRecipientsRefused) as refused:
        client.send_message(mail(), to_addrs=["postmaster@elsewhere.example"])
    assert [code for code, _ in refused.value.recipients.values()] == [550]
