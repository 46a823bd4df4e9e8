"""What the tests of the mail server share: an address, a mail with a link, what the journal says of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from email.message import EmailMessage
from typing import Any

from emulators.core.physics import Physics
from emulators.mail.smtp import SmtpClient

ADDRESS = "erika@post.example"
SENDER = "service@musterkasse.example"
LINK = "https://epa.example/bestaetigen?token=a1b2c3"

Connect = Callable[[], SmtpClient]


def mail(
    *to: str,
    subject: str = "Bitte bestätigen",
    text: str = f"Bitte öffnen Sie {LINK} bald.\n.\n..",
    html: str = "",
) -> EmailMessage:
    message = EmailMessage()
    message["Subject"] = subject
    message["From"] = f"Musterkasse <{SENDER}>"
    message["To"] = ", ".join(to or (ADDRESS,))
    message.set_content(text)
    if html:
        message.add_alternative(html, subtype="html")
    return message


def data(physics: Physics, event: str) -> Mapping[str, Any]:
    return list(physics.journal.named("mail", event))[-1].data
