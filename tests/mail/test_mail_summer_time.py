"""The search of the read API in the night in which an hour comes twice."""

from __future__ import annotations

from datetime import datetime, timedelta

from emulators.core.clock import BERLIN
from emulators.core.physics import Physics
from emulators.mail.search import search
from emulators.mail.server import MailServer
from tests.mail.mails import ADDRESS, SENDER


def test_a_mail_of_the_second_half_past_two_came_after_the_first_one() -> None:
    physics = Physics(seed=1, start=datetime(2021, 10, 31, 2, 15, tzinfo=BERLIN))
    physics.faults.declare("mail", MailServer.faults)
    server = MailServer(physics)
    server.mailbox(ADDRESS)
    physics.clock.advance(timedelta(hours=1))  # a quarter past two, for the second time
    server.accept(SENDER, [ADDRESS], b"Subject: x\r\n\r\n")
    physics.happen()
    (message,) = server.mailbox(ADDRESS).messages
    before, after = (search(f"{word}:2021-10-31T02:30", BERLIN) for word in ("before", "after"))
    assert (before(server.mailboxes, message), after(server.mailboxes, message)) == (False, True)
