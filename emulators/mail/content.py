"""What is in a mail: kept raw, parsed when first looked at, and never a crash, whatever the bytes.

Parts are read as a mail program would: an unknown charset or a broken encoding shows replacement characters.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from email import message_from_bytes
from email.errors import HeaderParseError
from email.header import decode_header, make_header
from email.message import Message
from email.policy import compat32
from functools import cached_property
from html import unescape
from typing import NamedTuple

_TEXT_LINK = re.compile(r"https?://[^\s<>\"']+", re.IGNORECASE)
_HTML_LINK = re.compile(r"<a\b[^<>]*?\bhref\s*=\s*(?:\"([^\"]*)\"|'([^']*)'|([^\s>]+))", re.IGNORECASE)
_TRAILING = ".,;:!?)]}"
_ON_THE_WIRE = compat32.clone(linesep="\r\n")

Edit = Callable[[str], str]


class _Shown(NamedTuple):
    subject: str
    sender: str
    text: str
    html: str


class Content:
    """The raw message as it came over the wire, and what a mail program shows of it."""

    def __init__(self, raw: bytes) -> None:
        self.raw = raw

    @property
    def subject(self) -> str:
        return self._shown.subject

    @property
    def sender(self) -> str:
        """The From header, not the envelope's sender."""
        return self._shown.sender

    @property
    def text(self) -> str:
        """All parts of type text/plain, empty if there is none."""
        return self._shown.text

    @property
    def html(self) -> str:
        """All parts of type text/html, empty if there is none."""
        return self._shown.html

    @cached_property
    def links(self) -> tuple[str, ...]:
        """The http(s) links of the HTML, then those of the text, each once, in order."""
        return tuple(dict.fromkeys((*_links_in_html(self.html), *_links_in_text(self.text))))

    def edited(self, text: Edit, html: Edit) -> Content:
        """A copy whose text and HTML parts went through `text` and `html`.

        A mail so broken that it cannot be written again stays as it is.
        """
        message = message_from_bytes(self.raw, policy=compat32)
        for part in message.walk():
            content_type = part.get_content_type()
            edit = {"text/plain": text, "text/html": html}.get(content_type)
            if edit is None or part.is_multipart():
                continue
            changed = edit(_text_of(part))
            del part["Content-Transfer-Encoding"]
            del part["Content-Type"]
            part["Content-Type"] = content_type
            part.set_payload(changed.encode(errors="replace").decode(), "utf-8")
        try:
            return Content(message.as_bytes(policy=_ON_THE_WIRE))
        except (ValueError, LookupError):
            return self

    @cached_property
    def _shown(self) -> _Shown:
        # The old policy: that of today parses each header in depth, which costs time and raises on some bytes.
        message = message_from_bytes(self.raw, policy=compat32)
        texts: dict[str, list[str]] = {"text/plain": [], "text/html": []}
        for part in message.walk():
            content_type = part.get_content_type()
            if content_type in texts and not part.is_multipart():
                texts[content_type].append(_text_of(part))
        return _Shown(
            _header(message, "subject"),
            _header(message, "from"),
            "\n".join(texts["text/plain"]),
            "\n".join(texts["text/html"]),
        )


def _header(message: Message, name: str) -> str:
    """A header, decoded and unfolded; empty if there is none."""
    found = (value for key, value in message.raw_items() if key.lower() == name)
    # The parser keeps the bytes of raw UTF-8, which RFC 6532 allows in headers, as surrogates.
    value = str(next(found, "")).encode("ascii", "surrogateescape").decode("utf-8", "replace")
    unfolded = re.sub(r"\r?\n(?=[ \t])", "", value)
    if "=?" not in unfolded:
        return unfolded
    try:
        return str(make_header(decode_header(unfolded)))
    except (LookupError, ValueError, HeaderParseError):  # an unknown charset, bytes that are none of it, bad base64
        return unfolded


def _text_of(part: Message) -> str:
    payload = part.get_payload(decode=True)
    if not isinstance(payload, bytes):
        return ""
    try:
        text = payload.decode(part.get_content_charset("utf-8"), "replace")
    except (LookupError, ValueError):  # a charset that nobody knows, or whose name is nonsense
        text = payload.decode("utf-8", "replace")
    return text.replace("\r\n", "\n")


def _links_in_html(html: str) -> Iterable[str]:
    for double, single, bare in _HTML_LINK.findall(html):
        # As browsers do (WHATWG URL): tabs and line breaks vanish, a space within becomes %20.
        link = re.sub(r"[\t\r\n]", "", unescape(double or single or bare)).strip().replace(" ", "%20")
        if link.lower().startswith(("http://", "https://")):
            yield link


def _links_in_text(text: str) -> Iterable[str]:
    for match in _TEXT_LINK.finditer(text):
        link = match[0].rstrip(_TRAILING)
        if link.partition("://")[2]:
            yield link


def break_links(text: str) -> str:
    """Each link folded in its middle, as a mail program that wraps lines does it: a line break and a space."""
    return _TEXT_LINK.sub(lambda link: _folded(link[0]), text)


def escape_links(text: str) -> str:
    """Each link with the path and query escaped once more, as a rewriting relay does it."""
    return _TEXT_LINK.sub(lambda link: _escaped(link[0]), text)


def _folded(link: str) -> str:
    middle = len(link) // 2
    return f"{link[:middle]}\n {link[middle:]}"


# What stands in a query and in its encoding; what is left of it names nothing on the server.
_ONCE_MORE = str.maketrans({"%": "%25", "?": "%3F", "=": "%3D", "&": "%26", ";": "%3B"})


def _escaped(link: str) -> str:
    kept = link.rstrip(_TRAILING)
    return f"{kept.translate(_ONCE_MORE)}%20{link[len(kept) :]}"
