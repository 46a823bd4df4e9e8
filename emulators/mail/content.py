"""What is in a mail: kept raw, parsed when first looked at, and never a crash, whatever the bytes.

Parts are read as a mail program would: an unknown charset or a broken encoding shows replacement characters.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from email import message_from_bytes
from email.errors import HeaderParseError, MessageError
from email.generator import BytesGenerator
from email.header import decode_header, make_header
from email.message import Message
from email.policy import compat32
from email.utils import getaddresses
from functools import cached_property
from io import BytesIO
from typing import Literal, NamedTuple
from urllib.parse import unquote

from .flowed import unflowed
from .links import in_text
from .mangling import Edit
from .quick import Shown, shown_quickly
from .reader import Page, links_of_html, page_of_html, page_of_text

_ON_THE_WIRE = compat32.clone(linesep="\r\n")

Blocked = Literal["none", "remote", "all"]
"""Which images a mail program does not load: those it would have to fetch, or those within the mail as well."""


class MailAddress(NamedTuple):
    """An address in a header: the name before it, empty if there is none."""

    name: str
    address: str


@dataclass(frozen=True, slots=True)
class Attachment:
    """A part that is not the mail's own text. `part_id` counts as IMAP does (`2`, `1.2`), `0` is a mail of one part.

    `inline`: the HTML may show it in its place, by `content_id`.
    """

    part_id: str
    file_name: str
    content_type: str
    content_id: str
    inline: bool
    content: bytes


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
        """All parts of type text/plain, empty if there is none; attached files are not the mail's own text.

        Lines that belong together in the format `flowed` are joined.
        """
        return self._shown.text

    @property
    def html(self) -> str:
        """All parts of type text/html, empty if there is none."""
        return self._shown.html

    @cached_property
    def links(self) -> tuple[str, ...]:
        """The http(s) links of the HTML, then those of the text, each once, in order."""
        return tuple(dict.fromkeys((*links_of_html(self.html), *in_text(self.text))))

    def page(self, blocked: Blocked = "none") -> Page:
        """What a person sees in a mail program that leaves the `blocked` images out: the HTML, else the text.

        An image that the HTML names by its content id is only there if the mail has it.
        """
        if not self.html.strip():
            return page_of_text(self.text)
        within = {part.content_id for part in self.attachments if part.content_id}

        def loads(source: str) -> bool:
            scheme, _, rest = source.partition(":")
            match scheme.lower():
                case "cid":
                    return blocked != "all" and unquote(rest) in within
                case "data":
                    return blocked != "all"
                case _:
                    return blocked == "none" and bool(source)

        return page_of_html(self.html, loads)

    def header(self, name: str) -> str:
        """A header, decoded and unfolded; empty if there is none."""
        return next((_words_decoded(value) for key, value in self._headers if key.lower() == name.lower()), "")

    @property
    def headers(self) -> dict[str, list[str]]:
        """All headers by name, decoded and unfolded, each with all its values, in the order in which they stand."""
        found: dict[str, list[str]] = {}
        for name, value in self._headers:
            found.setdefault(name, []).append(_words_decoded(value))
        return found

    def addresses(self, name: str) -> tuple[MailAddress, ...]:
        """The addresses in the headers of that name; what cannot be read as an address is left out.

        A name is decoded once the header has been taken apart (RFC 2047, 6.2): a comma within it separates nothing.
        """
        values = [value for key, value in self._headers if key.lower() == name.lower()]
        return tuple(MailAddress(_words_decoded(called), at) for called, at in getaddresses(values) if at)

    @cached_property
    def attachments(self) -> tuple[Attachment, ...]:
        """Everything but the mail's own text and HTML, in order."""
        leaves = _leaves(message_from_bytes(self.raw, policy=compat32))
        return tuple(_attachment(part_id, part) for part_id, part in leaves if not _is_own_text(part))

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
        return self._rewritten(message)

    def only(self, content_type: str) -> Content:
        """A copy without the parts of the other kind of text; a mail that has none of `content_type` stays as it is."""
        unwanted = {"text/plain", "text/html"} - {content_type}
        message = message_from_bytes(self.raw, policy=compat32)
        if not any(part.get_content_type() == content_type for part in message.walk()):
            return self
        for part in message.walk():
            if part.is_multipart():
                part.set_payload([each for each in _parts(part) if each.get_content_type() not in unwanted])
        return self._rewritten(message)

    def _rewritten(self, message: Message) -> Content:
        try:
            return Content(message.as_bytes(policy=_ON_THE_WIRE))
        except (ValueError, LookupError):
            return self

    @cached_property
    def _headers(self) -> tuple[tuple[str, str], ...]:
        """Unfolded, but not decoded."""
        head, _, _ = self.raw.partition(b"\r\n\r\n")
        message = message_from_bytes(head + b"\r\n\r\n", policy=compat32)
        return tuple((name, _unfolded(str(value))) for name, value in message.raw_items())

    @cached_property
    def _shown(self) -> Shown:
        quick = shown_quickly(self.raw, decoded)
        return shown_wholly(self.raw) if quick is None else quick


def shown_wholly(raw: bytes) -> Shown:
    """What a mail shows, read by the library's parser."""
    # The old policy: that of today parses each header in depth, which costs time and raises on some bytes.
    message = message_from_bytes(raw, policy=compat32)
    texts: dict[str, list[str]] = {"text/plain": [], "text/html": []}
    for _, part in _leaves(message):
        if _is_own_text(part):
            texts[part.get_content_type()].append(_text_of(part))
    return Shown(
        _header(message, "subject"),
        _header(message, "from"),
        "\n".join(texts["text/plain"]),
        "\n".join(texts["text/html"]),
    )


def _leaves(message: Message, path: str = "") -> Iterator[tuple[str, Message]]:
    """The parts that have no parts, with their numbers. A mail within the mail is one of them."""
    if message.get_content_maintype() == "multipart" and message.is_multipart():
        for number, part in enumerate(_parts(message), 1):
            yield from _leaves(part, f"{path}.{number}" if path else str(number))
    else:
        yield path or "0", message


def _parts(message: Message) -> list[Message]:
    """The parts of a message; what the library keeps there that is none is left out."""
    payload = message.get_payload() if message.is_multipart() else []
    return [part for part in payload if isinstance(part, Message)]


def _is_own_text(part: Message) -> bool:
    return part.get_content_type() in ("text/plain", "text/html") and _disposition(part) != "attachment"


def _disposition(part: Message) -> str:
    return str(part.get("Content-Disposition", "")).partition(";")[0].strip().lower()


def _attachment(part_id: str, part: Message) -> Attachment:
    disposition = _disposition(part)
    content_id = str(part.get("Content-ID", "")).strip().strip("<>")
    inline = disposition == "inline" or (bool(content_id) and disposition != "attachment")
    return Attachment(part_id, _file_name(part), part.get_content_type(), content_id, inline, _bytes_of(part))


def _file_name(part: Message) -> str:
    try:
        return decoded(part.get_filename() or "")
    except (ValueError, LookupError, TypeError):  # a name in an encoding that nobody knows
        return ""


def _bytes_of(part: Message) -> bytes:
    payload = part.get_payload(decode=True)
    if isinstance(payload, bytes):
        return payload
    written = BytesIO()  # a mail within the mail
    try:
        for each in _parts(part):
            BytesGenerator(written, policy=_ON_THE_WIRE).flatten(each)
    except (ValueError, LookupError, TypeError, AttributeError, MessageError):  # so broken that it cannot be written
        return b""
    return written.getvalue()


def _header(message: Message, name: str) -> str:
    """A header, decoded and unfolded; empty if there is none."""
    found = (value for key, value in message.raw_items() if key.lower() == name)
    return decoded(str(next(found, "")))


def decoded(value: str) -> str:
    """A header's value as the parser has it, decoded and unfolded."""
    return _words_decoded(_unfolded(value))


def _unfolded(value: str) -> str:
    # The parser keeps the bytes of raw UTF-8, which RFC 6532 allows in headers, as surrogates.
    value = value.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
    return re.sub(r"\r?\n(?=[ \t])", "", value)


def _words_decoded(text: str) -> str:
    """With its encoded words (RFC 2047) as they are read."""
    if "=?" not in text:
        return text
    try:
        return str(make_header(decode_header(text)))
    except (LookupError, ValueError, HeaderParseError):  # an unknown charset, bytes that are none of it, bad base64
        return text


def _text_of(part: Message) -> str:
    payload = part.get_payload(decode=True)
    if not isinstance(payload, bytes):
        return ""
    try:
        text = payload.decode(part.get_content_charset("utf-8"), "replace")
    except (LookupError, ValueError):  # a charset that nobody knows, or whose name is nonsense
        text = payload.decode("utf-8", "replace")
    text = text.replace("\r\n", "\n")
    if part.get_content_type() == "text/plain" and _parameter(part, "format") == "flowed":
        return unflowed(text, delsp=_parameter(part, "delsp") == "yes")
    return text


def _parameter(part: Message, name: str) -> str:
    """A parameter of the content type in lower case, empty if there is none or it is written otherwise."""
    try:
        value = part.get_param(name)
    except (LookupError, ValueError):
        return ""
    return value.lower() if isinstance(value, str) else ""
