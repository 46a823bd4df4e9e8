"""The links in a mail, as a mail program and a browser find them."""

from __future__ import annotations

import re
from collections.abc import Iterable
from html import unescape

TEXT_LINK = re.compile(r"https?://[^\s<>\"']+", re.IGNORECASE)
TRAILING = ".,;:!?)]}"
"""What stands behind a link rather than in it."""

_HTML_LINK = re.compile(r"<a\b[^<>]*?\bhref\s*=\s*(?:\"([^\"]*)\"|'([^']*)'|([^\s>]+))", re.IGNORECASE)


def links_in(html: str, text: str) -> tuple[str, ...]:
    """The http(s) links of the HTML, then those of the text, each once, in order."""
    return tuple(dict.fromkeys((*_in_html(html), *in_text(text))))


def web_link(written: str) -> str | None:
    """What `href` leads to if it is http(s), else `None`; `written` is its value with the entities resolved."""
    # As browsers do (WHATWG URL): tabs and line breaks vanish, a space within becomes %20.
    link = re.sub(r"[\t\r\n]", "", written).strip().replace(" ", "%20")
    return link if link.lower().startswith(("http://", "https://")) else None


def _in_html(html: str) -> Iterable[str]:
    for double, single, bare in _HTML_LINK.findall(html):
        if link := web_link(unescape(double or single or bare)):
            yield link


def in_text(text: str) -> Iterable[str]:
    """The http(s) links in a text, as mail programs make them of what stands there."""
    for match in TEXT_LINK.finditer(text):
        link = match[0].rstrip(TRAILING)
        if link.partition("://")[2]:
            yield link
