"""What relays and gateways do to the links of a mail: an edit for its text and one for its HTML each."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from functools import partial
from html import unescape
from types import MappingProxyType
from urllib.parse import quote

from .links import TEXT_LINK, without_trailing

Edit = Callable[[str], str]

TRACKER = "https://klick.example/c?u="
"""Where a click tracker sends people first. It leads nowhere: `.example` is nobody's."""

# What stands in a query and in its encoding; what is left of it names nothing on the server.
_ONCE_MORE = str.maketrans({"%": "%25", "?": "%3F", "=": "%3D", "&": "%26", ";": "%3B"})


def _each(change: Callable[[str], str], text: str) -> str:
    """`text` with `change` made to each link, without what only stands behind it."""

    def changed(found: re.Match[str]) -> str:
        kept = without_trailing(found[0])
        return change(kept) + found[0][len(kept) :]

    return TEXT_LINK.sub(changed, text)


def _folded(link: str) -> str:
    middle = len(link) // 2
    return f"{link[:middle]}\n {link[middle:]}"


def _escaped(link: str) -> str:
    return f"{link.translate(_ONCE_MORE)}%20"


def _entities(link: str) -> str:
    return link.replace("&", "&amp;")


def _tracked(link: str) -> str:
    return TRACKER + quote(link, safe="")


def _tracked_in_html(link: str) -> str:
    return _tracked(unescape(link))


break_links: Edit = partial(_each, _folded)
"""Each link folded in its middle, as a mail program that wraps lines does it: a line break and a space."""

escape_links: Edit = partial(_each, _escaped)
"""Each link with the path and query escaped once more, as a rewriting relay does it."""

MANGLERS: Mapping[str, tuple[Edit, Edit]] = MappingProxyType(
    {
        "line_break": (break_links, break_links),
        "escaped": (escape_links, escape_links),
        "ampersand": (partial(_each, _entities), partial(_each, _entities)),
        "tracked": (partial(_each, _tracked), partial(_each, _tracked_in_html)),
    }
)
