"""Addresses of the web: what a browser makes of an `href`, and what a mail program makes a link of in a text."""

from __future__ import annotations

import re
from collections.abc import Iterable

TEXT_LINK = re.compile(r"https?://[^\s<>\"']+", re.IGNORECASE)
_LINE_BREAKS = re.compile(r"[\t\r\n]")
_TRAILING = ".,;:!?)]}"  # what stands behind a link rather than in it, brackets unless they were opened in it
_OPENED_BY = {")": "(", "]": "[", "}": "{"}


def web_link(written: str) -> str | None:
    """What `href` leads to if it is http(s), else `None`; `written` is its value with the entities resolved."""
    # As browsers do (WHATWG URL): tabs and line breaks vanish, a space within becomes %20.
    link = _LINE_BREAKS.sub("", written).strip().replace(" ", "%20")
    return link if link.lower().startswith(("http://", "https://")) else None


def in_text(text: str) -> Iterable[str]:
    """The http(s) links in a text, as mail programs make them of what stands there."""
    for match in TEXT_LINK.finditer(text):
        link = without_trailing(match[0])
        if link.partition("://")[2]:
            yield link


def without_trailing(found: str) -> str:
    """What matches `TEXT_LINK` without what only stands behind the link."""
    if found[-1:] not in _TRAILING:
        return found
    surplus = {closing: found.count(closing) - found.count(opening) for closing, opening in _OPENED_BY.items()}
    end = len(found)
    while end and found[end - 1] in _TRAILING:
        if (last := found[end - 1]) in surplus:
            if surplus[last] <= 0:
                break
            surplus[last] -= 1
        end -= 1
    return found[:end]
