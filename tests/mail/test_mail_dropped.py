"""A world that is dropped while a client is in the middle of a mail to it."""

from __future__ import annotations

import pytest

from emulators.mail.conversation import ACCEPTED, UNAVAILABLE, Conversation
from emulators.mail.server import MailServer
from tests.mail.mails import ADDRESS, SENDER

MAIL = b"Subject: x\r\n\r\nText\r\n"


@pytest.fixture
def worlds(server: MailServer) -> dict[str, MailServer]:
    server.mailbox(ADDRESS)
    return {ADDRESS: server}


@pytest.fixture
def conversation(worlds: dict[str, MailServer]) -> Conversation:
    conversation = Conversation(lambda _, recipient: worlds.get(recipient))
    conversation.extended_hello()
    conversation.mail(SENDER, [])
    assert conversation.recipient(ADDRESS).startswith("250")
    return conversation


def test_a_mail_to_a_world_that_is_still_there_is_taken(conversation: Conversation) -> None:
    assert conversation.data().startswith("354")
    assert conversation.content(MAIL).startswith(ACCEPTED)


def test_after_its_world_was_dropped_no_content_is_asked_for(
    conversation: Conversation, worlds: dict[str, MailServer]
) -> None:
    worlds.clear()
    assert conversation.data() == UNAVAILABLE


def test_content_to_a_world_that_was_dropped_meanwhile_is_not_taken(
    conversation: Conversation, worlds: dict[str, MailServer], server: MailServer
) -> None:
    assert conversation.data().startswith("354")
    worlds.clear()
    assert conversation.content(MAIL) == UNAVAILABLE
    assert not list(server.physics.journal.named("mail", "accepted"))
    assert conversation.content(MAIL).startswith("503")
