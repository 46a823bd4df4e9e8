"""Mailboxes and the mails in them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from .content import Blocked, Content

Folder = Literal["inbox", "spam"]
LinkState = Literal["unused", "pre-fetched", "used"]

POSTMASTER = "postmaster"
"""Whoever runs a domain's mail: a mailbox that every domain has, in any case of letters (RFC 5321, 4.5.1)."""


@dataclass(frozen=True, slots=True)
class MailMessage:
    """A mail as it lies in a mailbox. `to` is the address of the envelope, `sender` the From header.

    `id` is the mail's, the same in each mailbox; `uid` is this copy's alone. `return_path` is the envelope's sender
    (empty for a notification), `user` who had logged in to send it, if anybody. `images_blocked` are the images that
    the person's mail program does not load.
    """

    id: str
    to: str
    received_at: datetime
    folder: Folder
    content: Content
    uid: str = ""
    return_path: str = ""
    user: str = ""
    images_blocked: Blocked = "none"

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

    @property
    def visible_links(self) -> tuple[str, ...]:
        """The http(s) links of which the person sees something to click, each once, in order."""
        return self.content.page(self.images_blocked).links


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

    def remove(self, message: MailMessage) -> None:
        self._messages.remove(message)


class Mailboxes:
    """All mailboxes of a server, and what was done with the mails in them: read, link followed, deleted."""

    def __init__(self) -> None:
        self._by_address: dict[str, Mailbox] = {}
        self._arrived: dict[str, tuple[Mailbox, MailMessage]] = {}
        self._copies: dict[str, int] = {}
        self._read: set[str] = set()
        self._links: dict[tuple[str, str], LinkState] = {}

    def of(self, address: str) -> Mailbox:
        """The mailbox of `address`, made when first asked for, as is the postmaster's of its domain.

        Raises `ValueError` for what is no address.
        """
        address = normal_address(address)
        for each in (postmaster_at(address.rpartition("@")[2]), address):
            self._by_address.setdefault(each, Mailbox(each))
        return self._by_address[address]

    def known(self, address: str) -> Mailbox | None:
        """The mailbox that takes mail for `address`: its own, else that of the address without `+…` (RFC 5233)."""
        try:
            address = normal_address(address)
        except ValueError:
            return None
        return self._by_address.get(address) or self._by_address.get(without_tag(address))

    def next_uid(self, mail_id: str) -> str:
        """The name of the next copy of a mail: the mail's own for the first one."""
        copies = self._copies[mail_id] = self._copies.get(mail_id, 0) + 1
        return mail_id if copies == 1 else f"{mail_id}-{copies}"

    def put(self, mailbox: Mailbox, message: MailMessage) -> None:
        mailbox.put(message)
        self._arrived[message.uid] = (mailbox, message)

    def __len__(self) -> int:
        return len(self._arrived)

    def newest_first(self) -> Iterator[MailMessage]:
        """All mails, the one that arrived last first."""
        return (message for _, message in reversed(self._arrived.values()))

    def find(self, uid: str) -> MailMessage | None:
        _, message = self._arrived.get(uid, (None, None))
        return message

    def delete(self, message: MailMessage) -> None:
        """Take a mail out of its mailbox, with all that is known about it."""
        mailbox, _ = self._arrived.pop(message.uid)
        mailbox.remove(message)
        self._read.discard(message.uid)
        for link in message.links:
            self._links.pop((message.uid, link), None)

    def is_read(self, message: MailMessage) -> bool:
        return message.uid in self._read

    def mark(self, message: MailMessage, *, read: bool) -> None:
        (self._read.add if read else self._read.discard)(message.uid)

    @property
    def unread(self) -> int:
        return len(self._arrived) - len(self._read)

    def link_state(self, message: MailMessage, link: str) -> LinkState:
        return self._links.get((message.uid, link), "unused")

    def note_link(self, message: MailMessage, link: str, state: LinkState) -> None:
        """Note what became of a link; one that was used stays used."""
        if self.link_state(message, link) != "used":
            self._links[message.uid, link] = state


def normal_address(address: str) -> str:
    """`address` with its domain in lower case; the local part is the recipient's own (RFC 5321, 2.4).

    Only the postmaster's is the same in any case. Raises `ValueError` if it is no `local@domain`.
    """
    local, at, domain = address.rpartition("@")
    if not at or not local or not domain or any(char.isspace() for char in address):
        raise ValueError(f"{address!r} is not a mail address")
    return postmaster_at(domain) if is_postmaster(local) else f"{local}@{domain.lower()}"


def is_postmaster(local: str) -> bool:
    """Whether `local`, without a domain, names the postmaster."""
    return local.lower() == POSTMASTER


def postmaster_at(domain: str) -> str:
    return f"{POSTMASTER}@{domain.lower()}"


def is_address(text: str) -> bool:
    """Whether `text` has the form of a mail address."""
    try:
        return bool(normal_address(text))
    except ValueError:
        return False


def without_tag(address: str) -> str:
    """`address` without the detail behind a plus: erika+epa@post.example is erika@post.example (RFC 5233)."""
    local, _, domain = address.rpartition("@")
    return f"{local.partition('+')[0] or local}@{domain}"


def tag_of(address: str) -> str:
    """The detail behind the plus, empty if there is none."""
    return address.rpartition("@")[0].partition("+")[2]
