"""A mail as Mailpit's API writes it."""

from __future__ import annotations

import re
from datetime import datetime
from email.utils import parsedate_to_datetime
from hashlib import md5, sha1, sha256
from html import unescape

from typing_extensions import TypedDict  # pydantic reads these for the description, and takes no other before 3.12

from .content import Attachment, Blocked, MailAddress
from .mailbox import LinkState, Mailboxes, MailMessage
from .search import tags_of

_SNIPPET = 250
_ENOUGH = 8000  # characters of HTML in which the beginning of the text is looked for
_UNSEEN = re.compile(r"<(style|script|head)\b.*?</\1\s*>|<!--.*?-->|<[^>]*>", re.IGNORECASE | re.DOTALL)


class Address(TypedDict):
    Name: str
    Address: str


class Link(TypedDict):
    URL: str
    State: LinkState
    Visible: bool


class Checksums(TypedDict):
    MD5: str
    SHA1: str
    SHA256: str


class Attached(TypedDict):
    PartID: str
    FileName: str
    ContentType: str
    ContentID: str
    Size: int
    Checksums: Checksums


class ListUnsubscribe(TypedDict):
    Header: str
    HeaderPost: str
    Links: list[str]
    Errors: str


class _Common(TypedDict):
    ID: str
    MessageID: str
    From: Address | None
    To: list[Address]
    Cc: list[Address]
    Bcc: list[Address]
    ReplyTo: list[Address]
    Subject: str
    Username: str
    Tags: list[str]
    Size: int
    Folder: str
    Recipient: str
    ImagesBlocked: Blocked


class Summary(_Common):
    """A message as a list has it."""

    Read: bool
    Created: str
    Attachments: int
    Snippet: str


class Detail(_Common):
    """A message by itself."""

    ReturnPath: str
    Date: str
    ListUnsubscribe: ListUnsubscribe
    Text: str
    HTML: str
    Inline: list[Attached]
    Attachments: list[Attached]
    Links: list[Link]


class Summaries(TypedDict):
    """Some messages, and how many there are: in all, and of those that fit."""

    total: int
    unread: int
    count: int
    messages_count: int
    messages_unread: int
    start: int
    tags: list[str]
    messages: list[Summary]


class Info(TypedDict):
    """The server; `Tags` counts the messages that have each."""

    Version: str
    LatestVersion: str
    Database: str
    DatabaseSize: int
    Messages: int
    Unread: int
    Tags: dict[str, int]


def summary(boxes: Mailboxes, message: MailMessage) -> Summary:
    """The message as a list has it."""
    content = message.content
    return {
        **_common(message),
        "Read": boxes.is_read(message),
        "Created": message.received_at.isoformat(),
        # As Mailpit counts: what the HTML shows in its place is no attachment.
        "Attachments": sum(not each.inline for each in content.attachments),
        "Snippet": _snippet(message),
    }


def detail(boxes: Mailboxes, message: MailMessage) -> Detail:
    """The message by itself, with text, HTML and what is attached."""
    content, visible = message.content, frozenset(message.visible_links)
    return {
        **_common(message),
        "ReturnPath": message.return_path,
        "Date": _date(message).isoformat(),
        "ListUnsubscribe": {
            "Header": content.header("list-unsubscribe"),
            "HeaderPost": content.header("list-unsubscribe-post"),
            "Links": re.findall(r"<([^<>]+)>", content.header("list-unsubscribe")),
            "Errors": "",
        },
        "Text": message.text,
        "HTML": message.html,
        "Inline": [_attached(each) for each in content.attachments if each.inline],
        "Attachments": [_attached(each) for each in content.attachments if not each.inline],
        "Links": [
            {"URL": link, "State": boxes.link_state(message, link), "Visible": link in visible}
            for link in message.links
        ],
    }


def _common(message: MailMessage) -> _Common:
    content = message.content
    senders = content.addresses("from")
    named = {header: content.addresses(header) for header in ("to", "cc", "bcc", "reply-to")}
    shown = {each.address.lower() for header in ("to", "cc", "bcc") for each in named[header]}
    # As Mailpit has it: who is in no header was a blind copy.
    blind = () if message.to.lower() in shown else (MailAddress("", message.to),)
    return {
        "ID": message.uid,
        "MessageID": content.header("message-id").strip().strip("<>"),
        "From": _address(senders[0]) if senders else None,
        "To": [_address(each) for each in named["to"]],
        "Cc": [_address(each) for each in named["cc"]],
        "Bcc": [_address(each) for each in (*named["bcc"], *blind)],
        "ReplyTo": [_address(each) for each in named["reply-to"]],
        "Subject": message.subject,
        "Username": message.user,
        "Tags": tags_of(message),
        "Size": len(message.raw),
        "Folder": message.folder,
        "Recipient": message.to,
        "ImagesBlocked": message.images_blocked,
    }


def _address(address: MailAddress) -> Address:
    return {"Name": address.name, "Address": address.address}


def _attached(attachment: Attachment) -> Attached:
    content = attachment.content
    return {
        "PartID": attachment.part_id,
        "FileName": attachment.file_name or attachment.content_id,
        "ContentType": attachment.content_type,
        "ContentID": attachment.content_id,
        "Size": len(content),
        "Checksums": {
            "MD5": md5(content, usedforsecurity=False).hexdigest(),
            "SHA1": sha1(content, usedforsecurity=False).hexdigest(),
            "SHA256": sha256(content).hexdigest(),
        },
    }


def _date(message: MailMessage) -> datetime:
    """The mail's own date, or when it was received if it has none that can be read."""
    try:
        date = parsedate_to_datetime(message.content.header("date"))
    except (ValueError, TypeError, IndexError, OverflowError):
        return message.received_at
    return date if date.tzinfo else date.replace(tzinfo=message.received_at.tzinfo)


def _snippet(message: MailMessage) -> str:
    """The beginning of what a reader sees, on one line."""
    seen = unescape(_UNSEEN.sub(" ", message.html[:_ENOUGH])) if message.html.strip() else message.text
    words = " ".join(seen.split())
    return words if len(words) <= _SNIPPET else f"{words[: _SNIPPET - 3]}..."
