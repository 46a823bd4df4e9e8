"""Worlds that share the mail door: whose rules an SMTP session meets, found by its login and its recipients."""

from __future__ import annotations

import smtplib
from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest

from emulators.host.doors import Building
from emulators.host.host import Host
from emulators.services import Services
from tests.mail.mails import SENDER

OWN = Services(mail_logins="own")
TEXT = "Subject: x\r\n\r\nx\r\n"


@pytest.fixture
def host() -> Iterator[Host]:
    building = Building(Host())
    yield building.open().host
    building.close()


@pytest.fixture
def client(host: Host) -> Iterator[smtplib.SMTP]:
    at = urlsplit(host.addresses["mail"])
    with smtplib.SMTP(at.hostname or "", at.port or 0, "client.post.example", timeout=10) as client:
        yield client


def settle(host: Host, name: str, services: Services | None = None, account_of: str | None = None) -> str:
    """A world with one person; returns that person's address."""
    world = host.create(name, services=services, account_of=account_of).world
    world.settle_in("person", "adult")
    return world.people["person"].email


def refused(client: smtplib.SMTP, *to: str) -> list[int]:
    """The codes of the replies to recipients that are all refused."""
    with pytest.raises(smtplib.SMTPRecipientsRefused) as refusal:
        client.sendmail(SENDER, to, TEXT)
    return [code for code, _ in refusal.value.recipients.values()]


def test_a_stranger_may_send_only_to_worlds_that_take_anybody(host: Host, client: smtplib.SMTP) -> None:
    strict, open_to_all = settle(host, "strict", OWN), settle(host, "open")
    assert client.login("whoever", "whatever")[0] == 235
    assert client.sendmail(SENDER, open_to_all, TEXT) == {}
    assert refused(client, strict) == [530]
    assert list(host.get("strict").world.journal.named("mail", "accepted")) == []


def test_who_may_not_send_is_refused_at_each_recipient(host: Host, client: smtplib.SMTP) -> None:
    strict = settle(host, "strict", OWN)
    settle(host, "open")
    to = [strict, strict.replace("@", "+tag@")]
    assert refused(client, *to) == [530, 530]
    stages = [entry.data["stage"] for entry in host.get("strict").world.journal.named("mail", "refused")]
    assert stages == ["mail", "mail"]


def test_the_worlds_own_user_may_send_and_with_a_wrong_password_is_told_so(host: Host, client: smtplib.SMTP) -> None:
    strict = settle(host, "strict", OWN)
    settle(host, "open")
    mail = host.get("strict").world.mail
    with pytest.raises(smtplib.SMTPAuthenticationError) as wrong:
        client.login(mail.smtp_user, "something else")
    assert wrong.value.smtp_code == 535
    client.login(mail.smtp_user, mail.smtp_password)
    assert client.sendmail(SENDER, strict, TEXT) == {}


def test_worlds_of_one_account_each_look_at_the_password(host: Host, client: smtplib.SMTP) -> None:
    settle(host, "open")
    strict = settle(host, "strict", OWN, account_of="open")
    client.login(host.get("open").world.mail.smtp_user, "something else")
    assert refused(client, strict) == [530]


def test_each_world_is_asked_about_the_sender(host: Host, client: smtplib.SMTP) -> None:
    first = settle(host, "first")
    second = settle(host, "second", account_of="first")
    mail = host.get("first").world.mail
    host.get("second").world.faults.arm("mail", "sender_refused")
    client.login(mail.smtp_user, mail.smtp_password)
    assert list(client.sendmail(SENDER, [second, first], TEXT)) == [second]


@pytest.mark.parametrize("to", ["postmaster", "Postmaster", "POSTMASTER@main.post.example"])
def test_the_postmaster_of_the_only_world_has_a_mailbox(host: Host, client: smtplib.SMTP, to: str) -> None:
    server = host.create("main").world.mail
    assert client.sendmail(SENDER, to, TEXT) == {}
    host.get("main").settle()
    (mail,) = server.mailbox("postmaster@main.post.example").inbox
    assert mail.to == "postmaster@main.post.example"


def test_a_postmaster_where_nobody_has_a_mailbox_is_unknown(host: Host, client: smtplib.SMTP) -> None:
    settle(host, "main")
    assert refused(client, "postmaster@elsewhere.example") == [550]


def test_the_postmaster_of_shared_doors_is_that_of_the_recipients_or_the_login(host: Host) -> None:
    settle(host, "one")
    person, two = settle(host, "two"), host.get("two").world.mail
    at = urlsplit(host.addresses["mail"])
    with smtplib.SMTP(at.hostname or "", at.port or 0, timeout=10) as client:
        assert client.sendmail(SENDER, [person, "postmaster"], TEXT) == {}
        client.login(two.smtp_user, two.smtp_password)
        assert client.sendmail(SENDER, "postmaster", TEXT) == {}
    host.get("two").settle()
    assert len(two.mailbox("postmaster@two.post.example").inbox) == 2


def test_where_nothing_says_whose_postmaster_it_is_refused_as_ambiguous(host: Host, client: smtplib.SMTP) -> None:
    settle(host, "one")
    settle(host, "two")
    client.ehlo()
    client.mail(SENDER)
    code, text = client.rcpt("postmaster")
    assert (code, text[:5]) == (553, b"5.1.4")
    assert b"domain" in text
    assert client.rcpt("postmaster@two.post.example")[0] == 250
