"""The search of the read API, in the words of Mailpit: `from:`, `to:`, `subject:` … and free text.

Terms are separated by spaces, held together by quotation marks, turned round by `-` or `!`; all have to fit, in any
case of letters. An unknown word before a colon is free text.
Source: Mailpit's documentation of its search filters.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime, timedelta, tzinfo
from types import MappingProxyType

from emulators.core.clock import elapsed

from .mailbox import Mailboxes, MailMessage, tag_of

Test = Callable[[Mailboxes, MailMessage], bool]

_TERM = re.compile(r"""[-!]?(?:[a-z-]+:)?"[^"]*"|\S+""", re.IGNORECASE)
_PARTS = re.compile(r'([-!]?)(?:([a-z-]+):)?"?([^"]*)"?', re.IGNORECASE | re.DOTALL)


def tags_of(message: MailMessage) -> list[str]:
    """The mail's tags: what follows a plus in the recipient's address, and what a header `X-Tags` lists."""
    listed = message.content.header("x-tags").split(",")
    return sorted({tag for tag in (tag_of(message.to), *(each.strip() for each in listed)) if tag})


def search(query: str, zone: tzinfo) -> Test:
    """What a mail has to be to fit the query. `zone` is for `before:` and `after:`.

    Raises `ValueError` for a query without terms, and for a moment that is none.
    """
    tests = [_test(term, zone) for term in _TERM.findall(query)]
    if not tests:
        raise ValueError("no search query")
    return lambda boxes, message: all(test(boxes, message) for test in tests)


def _test(term: str, zone: tzinfo) -> Test:
    found = _PARTS.fullmatch(term)
    turned, word, value = (found[1], (found[2] or "").lower(), found[3]) if found else ("", "", term)
    test = _test_of(word, value.strip(), zone)
    return (lambda boxes, message: not test(boxes, message)) if turned else test


def _test_of(word: str, value: str, zone: tzinfo) -> Test:
    low = value.lower()
    if word in _FIELDS:
        field = _FIELDS[word]
        return lambda _, message: any(low in each.lower() for each in field(message))
    if word in ("before", "after"):
        moment = _moment(value, zone)
        if word == "before":
            return lambda _, message: elapsed(moment, message.received_at) < timedelta(0)
        return lambda _, message: elapsed(moment, message.received_at) >= timedelta(0)
    if word == "tag":
        return lambda _, message: low in (tag.lower() for tag in tags_of(message))
    if (word, low) in _STATES:
        return _STATES[word, low]
    free = f"{word}:{low}" if word else low
    return lambda _, message: any(free in each.lower() for each in _everything(message))


def _moment(value: str, zone: tzinfo) -> datetime:
    try:
        moment = datetime.fromisoformat(value)
    except ValueError:
        raise ValueError(f"{value!r} is no date; expected 2021-03-23 or 2021-03-23T09:00") from None
    return moment if moment.tzinfo else moment.replace(tzinfo=zone)


def _addresses(*headers: str) -> Callable[[MailMessage], Iterable[str]]:
    return lambda message: (
        f"{each.name} <{each.address}>" for header in headers for each in message.content.addresses(header)
    )


def _to(message: MailMessage) -> Iterable[str]:
    return (message.to, *_addresses("to")(message))


def _everything(message: MailMessage) -> Iterable[str]:
    return (message.subject, message.sender, *_to(message), *_addresses("cc")(message), message.text, message.html)


_FIELDS: Mapping[str, Callable[[MailMessage], Iterable[str]]] = MappingProxyType(
    {
        "from": _addresses("from"),
        "to": _to,
        "cc": _addresses("cc"),
        "bcc": _addresses("bcc"),
        "reply-to": _addresses("reply-to"),
        "addressed": lambda message: (*_to(message), *_addresses("from", "cc", "bcc", "reply-to")(message)),
        "subject": lambda message: (message.subject,),
        "message-id": lambda message: (message.content.header("message-id"),),
    }
)

_STATES: Mapping[tuple[str, str], Test] = MappingProxyType(
    {
        ("is", "read"): lambda boxes, message: boxes.is_read(message),
        ("is", "unread"): lambda boxes, message: not boxes.is_read(message),
        ("is", "tagged"): lambda _, message: bool(tags_of(message)),
        ("is", "spam"): lambda _, message: message.folder == "spam",
        ("has", "attachment"): lambda _, message: bool(message.content.attachments),
        ("has", "attachments"): lambda _, message: bool(message.content.attachments),
    }
)
