"""The common mail read quickly: a tenth of what the whole parser takes, which is most of what taking a mail costs.

Only mails of the plainest kind are read here: well-formed headers, text/plain and text/html, images beside them, in at
most nested multiparts, in the usual encodings and charsets. For anything else the answer is `None`, and the whole
parser is asked.
"""

from __future__ import annotations

import re
from binascii import Error, a2b_base64, a2b_qp
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import NamedTuple


class Shown(NamedTuple):
    """What a mail program shows: two headers, the text parts and the HTML parts, each kind joined by line ends."""

    subject: str
    sender: str
    text: str
    html: str


_FIELD = re.compile(rb"([!-9;-~]++):[ \t]*((?:[^\r\n]++|\r\n[ \t])*+)\r\n")
_PLAIN_TYPE = re.compile(rb'text/(plain|html)(?:; *charset="?(utf-8|us-ascii|iso-8859-1)"?)?', re.IGNORECASE)
_MULTIPART = re.compile(
    rb'multipart/(?:alternative|mixed|related);(?:\s*type="[a-z]+/[a-z]+";)?\s*boundary="([^"\r\n\\]{1,70})"'
    rb'(?:;\s*type="[a-z]+/[a-z]+")?',
    re.IGNORECASE,
)
_IMAGE = re.compile(rb"image/[a-z]+(?:;[^\r\n]*(?:\r\n[ \t][^\r\n]*)*)?", re.IGNORECASE)
_DEPTH = 3


class _Unusual(Exception):
    """Not a mail of the plainest kind."""


def _from_base64(body: bytes) -> bytes:
    return a2b_base64(body.translate(None, b"\r\n"), strict_mode=True)


_DECODE: Mapping[bytes, Callable[[bytes], bytes]] = MappingProxyType(
    {b"": bytes, b"7bit": bytes, b"8bit": bytes, b"quoted-printable": a2b_qp, b"base64": _from_base64}
)


def shown_quickly(raw: bytes, decoded: Callable[[str], str]) -> Shown | None:
    """What a mail shows, or `None` if it takes more to say. `decoded` reads a header's value."""
    found: dict[bytes, list[str]] = {b"plain": [], b"html": []}
    try:
        fields, body = _split(raw)
        _read(fields, body, found, _DEPTH)
    except (_Unusual, Error):
        return None
    subject, sender = (
        decoded(fields.get(name, b"").decode("ascii", "surrogateescape")) for name in (b"subject", b"from")
    )
    return Shown(subject, sender, "\n".join(found[b"plain"]), "\n".join(found[b"html"]))


def _split(raw: bytes) -> tuple[dict[bytes, bytes], bytes]:
    """The header fields by lower-case name, the first of each, and the body."""
    head, empty_line, body = raw.partition(b"\r\n\r\n")
    if raw.startswith(b"\r\n"):  # a part without headers
        return {}, raw[2:]
    if not empty_line:
        raise _Unusual
    head += b"\r\n"
    fields: dict[bytes, bytes] = {}
    at = 0
    while at < len(head):
        field = _FIELD.match(head, at)
        if field is None:
            raise _Unusual
        fields.setdefault(field[1].lower(), field[2])
        at = field.end()
    return fields, body


def _read(fields: Mapping[bytes, bytes], body: bytes, found: Mapping[bytes, list[str]], depth: int) -> None:
    content_type = fields.get(b"content-type", b"text/plain")
    if _IMAGE.fullmatch(content_type):
        return  # it has no text, however it is to be shown
    if b"content-disposition" in fields or not depth:
        raise _Unusual
    if (multipart := _MULTIPART.fullmatch(content_type)) is not None:
        for part in _parts(body, multipart[1]):
            _read(*_split(part), found, depth - 1)
        return
    plain = _PLAIN_TYPE.fullmatch(content_type)
    decode = _DECODE.get(fields.get(b"content-transfer-encoding", b"").lower())
    if plain is None or decode is None:
        raise _Unusual
    charset = (plain[2] or b"utf-8").decode()
    text = decode(body).decode(charset, "replace")
    found[plain[1].lower()].append(text.replace("\r\n", "\n"))


def _parts(body: bytes, boundary: bytes) -> list[bytes]:
    _, *parts = (b"\r\n" + body).split(b"\r\n--" + boundary)
    if len(parts) < 2 or not parts[-1].startswith(b"--") or boundary != boundary.rstrip():
        raise _Unusual
    if body.count(b"--" + boundary) != len(parts) or not all(part.startswith(b"\r\n") for part in parts[:-1]):
        raise _Unusual
    return [part[2:] for part in parts[:-1]]
