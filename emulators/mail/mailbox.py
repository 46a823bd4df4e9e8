"""Mailboxes and the mails in them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from .content import Content

Folder = Literal["inbox", "spam"]


@dataclass(frozen=True, slots=True)
class MailMessage:
    """A mail as it lies in a mailbox. `to` is the address of the envelope, `sender` the From header."""

    id: str
    to: str
    received_at: datetime
    folder: Folder
    content: Content

    @property
    def raw(self) -> bytes:
        return self.content.raw

    @property
    def subject(self) -> str:
        return self.content.subject

    @property
    def sender(self) -> str:
        return self.content.sender

    @property
    def text(self) -> str:
        return self.content.text

    @property
    def html(self) -> str:
        return self.content.html

    @property
    def links(self) -> tuple[str, ...]:
        """The http(s) links of the HTML, then those of the text, each once, in order."""
        return self.content.links


class Mailbox:
    """What arrived for one address, the oldest first, in the inbox or in the folder for spam."""

    def __init__(self, address: str) -> None:
        self.address = address
        self._messages: list[MailMessage] = []

    @property
    def messages(self) -> tuple[MailMessage, ...]:
        return tuple(self._messages)

    @property
    def inbox(self) -> tuple[MailMessage, ...]:
        return self.folder("inbox")

    @property
    def spam(self) -> tuple[MailMessage, ...]:
        return self.folder("spam")

    @property
    def newest(self) -> MailMessage | None:
        """The newest mail of the inbox: who looks there does not see the spam."""
        return next((message for message in reversed(self._messages) if message.folder == "inbox"), None)

    def folder(self, name: Folder) -> tuple[MailMessage, ...]:
        return tuple(message for message in self._messages if message.folder == name)

    def put(self, message: MailMessage) -> None:
        self._messages.append(message)


def normal_address(address: str) -> str:
    """`address` with its domain in lower case; the local part is the recipient's own (RFC 5321, 2.4).

    Raises `ValueError` if it is no `local@domain`.
    """
    local, at, domain = address.rpartition("@")
    if not at or not local or not domain or any(char.isspace() for char in address):
        raise ValueError(f"{address!r} is not a mail address")
    return f"{local}@{domain.lower()}"
