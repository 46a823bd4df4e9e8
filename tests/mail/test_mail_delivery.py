"""What becomes of an accepted mail: twice, out of order, back to its sender, changed on its way."""

from __future__ import annotations

from datetime import timedelta
from email import message_from_bytes
from email.message import EmailMessage, Message
from html import unescape
from urllib.parse import quote

import pytest
import responses

from emulators.core.physics import Physics
from emulators.mail.mailbox import MailMessage
from emulators.mail.server import MailServer
from tests.mail.mails import ADDRESS, LINK, SENDER, data, mail

TWO = f"{LINK}&weg=mail"
HTML = f'<p>Bitte <a href="{TWO.replace("&", "&amp;")}">hier</a> öffnen.</p>'


def send(server: MailServer, message: EmailMessage, **envelope: str) -> None:
    assert server.smtp().send_message(message, **envelope) == {}
    server.physics.happen()


def only_mail(server: MailServer, address: str = ADDRESS) -> MailMessage:
    (message,) = server.mailbox(address).messages
    return message


def test_a_duplicated_mail_lies_there_as_often_as_asked(physics: Physics, server: MailServer) -> None:
    mailbox = server.mailbox(ADDRESS)
    physics.faults.arm("mail", "duplicated", {"copies": 3})
    send(server, mail())
    assert [message.uid for message in mailbox.inbox] == ["M000001", "M000001-2", "M000001-3"]
    assert {message.raw for message in mailbox.inbox} == {mailbox.inbox[0].raw}


def test_an_overtaken_mail_arrives_after_the_next_one_to_the_same_mailbox(physics: Physics, server: MailServer) -> None:
    mailbox, other = server.mailbox(ADDRESS), server.mailbox("max@post.example")
    physics.faults.arm("mail", "overtaken")
    send(server, mail(subject="first"))
    send(server, mail("max@post.example"))
    assert (len(mailbox.inbox), len(other.inbox)) == (0, 1)
    send(server, mail(subject="second"))
    assert [message.subject for message in mailbox.inbox] == ["second", "first"]
    physics.advance_to(physics.clock.now + timedelta(hours=2))
    assert len(mailbox.inbox) == 2


def test_an_overtaken_mail_arrives_in_the_end_if_no_other_comes(physics: Physics, server: MailServer) -> None:
    mailbox = server.mailbox(ADDRESS)
    physics.faults.arm("mail", "overtaken", {"minutes": 10})
    send(server, mail())
    physics.advance_to(physics.clock.now + timedelta(minutes=9))
    assert mailbox.inbox == ()
    physics.advance_to(physics.clock.now + timedelta(minutes=1))
    assert len(mailbox.inbox) == 1


def test_a_returned_mail_sends_its_sender_a_notification(physics: Physics, server: MailServer) -> None:
    server.mailbox(ADDRESS)
    began = physics.clock.now
    physics.faults.arm("mail", "returned", {"status": "5.2.2", "reply": "552 5.2.2 Mailbox full", "minutes": 5})
    send(server, mail())
    physics.advance_to(began + timedelta(minutes=5))
    assert server.mailbox(ADDRESS).messages == ()
    notice = only_mail(server, SENDER)
    assert (notice.return_path, notice.received_at) == ("", began + timedelta(minutes=5))
    report = message_from_bytes(notice.raw)
    assert (report.get_content_type(), report.get_param("report-type")) == ("multipart/report", "delivery-status")
    told, status, returned = (part for part in report.get_payload() if isinstance(part, Message))
    assert f"<{ADDRESS}>: 552 5.2.2 Mailbox full" in notice.text
    about_mail, about_recipient = (each for each in status.get_payload() if isinstance(each, Message))
    assert about_mail["Reporting-MTA"] == "dns; mail.post.example"
    assert dict(about_recipient.items()) == {
        "Final-Recipient": f"rfc822; {ADDRESS}",
        "Action": "failed",
        "Status": "5.2.2",
        "Diagnostic-Code": "smtp; 552 5.2.2 Mailbox full",
    }
    assert "Subject: Bitte =?utf-8?q?best=C3=A4tigen?=" in str(returned.get_payload())
    assert told.get_content_type() == "text/plain"
    assert data(physics, "returned")["notice"] == notice.id


def test_the_notification_about_an_international_address_names_it(physics: Physics, server: MailServer) -> None:
    server.mailbox("jürgen@post.example")
    physics.faults.arm("mail", "returned")
    send(server, mail("jürgen@post.example"))
    assert b"Final-Recipient: utf-8; j\\x{FC}rgen@post.example" in only_mail(server, SENDER).raw


def test_a_notification_is_never_answered_by_one(physics: Physics, server: MailServer) -> None:
    server.mailbox(ADDRESS)
    physics.faults.arm("mail", "returned")
    send(server, mail(), from_addr="<>")
    assert data(physics, "returned")["notice"] is None
    assert len(server.mailboxes) == 0


@pytest.mark.parametrize(
    ("how", "link"),
    [
        ("line_break", TWO[: len(TWO) // 2]),
        ("escaped", f"{LINK.replace('?', '%3F').replace('=', '%3D')}%26weg%3Dmail%20"),
        ("ampersand", TWO.replace("&", "&amp;")),
        ("tracked", f"https://klick.example/c?u={quote(TWO, safe='')}"),
    ],
)
def test_a_mangled_link_in_the_text_is_what_is_named(physics: Physics, server: MailServer, how: str, link: str) -> None:
    server.mailbox(ADDRESS)
    physics.faults.arm("mail", "mangled_link", {"how": how})
    send(server, mail(text=f"Bitte öffnen Sie {TWO}."))
    assert only_mail(server).links == (link,)


@pytest.mark.parametrize(
    ("how", "link"),
    [
        ("ampersand", unescape(TWO.replace("&", "&amp;amp;"))),
        ("tracked", f"https://klick.example/c?u={quote(TWO, safe='')}"),
    ],
)
def test_a_mangled_link_in_the_html_is_what_is_named(physics: Physics, server: MailServer, how: str, link: str) -> None:
    server.mailbox(ADDRESS)
    physics.faults.arm("mail", "mangled_link", {"how": how})
    send(server, mail(text="nichts", html=HTML))
    assert only_mail(server).links == (link,)


@pytest.mark.parametrize(("part", "text", "html"), [("text", True, False), ("html", False, True)])
def test_one_part_arrives_without_the_other(
    physics: Physics, server: MailServer, part: str, text: bool, html: bool
) -> None:
    server.mailbox(ADDRESS)
    physics.faults.arm("mail", "text_only", {"part": part})
    send(server, mail(html=HTML))
    message = only_mail(server)
    assert (bool(message.text), bool(message.html)) == (text, html)
    assert message.subject == "Bitte bestätigen"


def with_button(alternative: str = "", source: str = "cid:button@x") -> EmailMessage:
    """A mail whose only link in the HTML is an image; the image travels within the mail."""
    message = mail(html=f'<p>Guten Tag</p><a href="{LINK}"><img src="{source}" {alternative}></a>')
    _, page = message.iter_parts()
    assert isinstance(page, EmailMessage)
    page.add_related(b"PNG", "image", "png", cid="<button@x>", filename="button.png", disposition="inline")
    return message


@pytest.mark.parametrize(
    ("message", "which", "links"),
    [
        (with_button('alt="Bestätigen"'), "all", [LINK]),
        (with_button(), "all", []),
        (with_button('alt=" "'), "all", []),
        (with_button(), "remote", [LINK]),
        (with_button(source="https://bilder.example/b.png"), "remote", []),
        (with_button('alt="Bestätigen"', "https://bilder.example/b.png"), "remote", [LINK]),
        (mail(), "all", [LINK]),
    ],
    ids=["alternative", "none", "blank", "within", "remote", "remote with alternative", "text"],
)
def test_without_images_there_are_only_the_links_that_say_something(
    physics: Physics, server: MailServer, message: EmailMessage, which: str, links: list[str]
) -> None:
    server.mailbox(ADDRESS)
    physics.faults.arm("mail", "images_blocked", {"which": which})
    send(server, message)
    got = only_mail(server)
    assert (list(got.visible_links), got.images_blocked) == (links, which)
    assert LINK in got.links
    noted = data(physics, "images.blocked")
    assert (noted["links"], noted["hidden_links"]) == (links, [] if links else [LINK])
    assert next(physics.journal.named("mail", "delivered")).cause.fault == "mail.images_blocked"


def test_what_stands_for_the_images_is_noted(physics: Physics, server: MailServer) -> None:
    server.mailbox(ADDRESS)
    physics.faults.arm("mail", "images_blocked")
    send(server, with_button('alt="E-Mail-Adresse  bestätigen"'))
    assert data(physics, "images.blocked")["alternatives"] == ["E-Mail-Adresse bestätigen"]
    send(server, with_button())
    assert server.mailbox(ADDRESS).messages[-1].visible_links == (LINK,)


def test_a_mail_of_one_part_keeps_it(physics: Physics, server: MailServer) -> None:
    server.mailbox(ADDRESS)
    physics.faults.arm("mail", "text_only", {"part": "html"})
    send(server, mail())
    assert LINK in only_mail(server).text


def test_what_follows_a_plus_reaches_the_mailbox_of_what_stands_before_it(server: MailServer) -> None:
    mailbox = server.mailbox(ADDRESS)
    send(server, mail("erika+epa@POST.example"))
    assert [message.to for message in mailbox.inbox] == ["erika+epa@post.example"]


def test_a_stripped_plus_sends_the_mail_to_the_wrong_mailbox(physics: Physics, server: MailServer) -> None:
    own = server.mailbox("erika+epa@post.example")
    server.mailbox(ADDRESS)
    physics.faults.arm("mail", "plus_stripped")
    send(server, mail("erika+epa@post.example"))
    assert own.messages == ()
    assert only_mail(server).to == ADDRESS


def test_a_scanned_link_is_pre_fetched_and_a_used_one_stays_used(physics: Physics, server: MailServer) -> None:
    server.mailbox(ADDRESS)
    physics.faults.arm("mail", "scanner")
    with responses.RequestsMock() as mock:
        mock.get(LINK, status=200)
        send(server, mail(text=f"{LINK} https://nobody.example/"))
    message, boxes = only_mail(server), server.mailboxes
    assert [boxes.link_state(message, link) for link in message.links] == ["pre-fetched", "unused"]
    server.note_link(message, LINK, "used")
    server.note_link(message, LINK, "pre-fetched")
    assert boxes.link_state(message, LINK) == "used"
    with pytest.raises(ValueError, match="has no link"):
        server.note_link(message, "https://other.example", "used")
