"""Reports phone nobody: strip Allure's analytics, forbid every load from outside, and prove it.

Allure 3 writes a Google tag into each page, and no setting of 3.18 keeps it out
(https://github.com/allure-framework/allure3/issues/476). What a reader may follow (`<a href>`), a namespace or
a licence text is not a load; what the browser would fetch by itself is.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote_to_bytes

from harness.errors import BenchError

Attributes = list[tuple[str, str | None]]

# Attributes whose address a browser fetches without being asked, or sends a form to.
LOADING = frozenset(
    {"src", "srcset", "poster", "data", "background", "manifest", "action", "formaction", "ping", "code", "archive"}
)
# `href` is a load on these and a link for the reader elsewhere.
HREF_LOADS = frozenset({"link", "base", "image", "use", "feimage", "script", "pattern", "filter"})

OUTSIDE = re.compile(r"\s*((?:https?:|wss?:|ftp:)?(?:\\?/){2}[^\s\"'`<>)]+)", re.IGNORECASE)
# An outside address written into a script, and what stands before it if that is a load.
LITERAL = re.compile(r"""["'`]((?:https?:|wss?:|ftp:)?(?:\\?/){2}[^"'`\s]+)""", re.IGNORECASE)
LOAD_BEFORE = re.compile(
    r"""(?:\b(?:fetch|import|importScripts|Worker|EventSource|WebSocket|sendBeacon)\s*\(
        |\.open\s*\(\s*["'`]\w+["'`]\s*,
        |\b(?:from|import)
        |\.(?:src|href)\s*=)\s*$""",
    re.VERBOSE,
)
LOOK_BACK = 64  # characters before an address in which LOAD_BEFORE is searched
STYLE_LOAD = re.compile(r"(?:url\(|@import)\s*[\"']?\s*((?:https?:)?//[^\s\"')]+)", re.IGNORECASE)
TRACKERS = ("googletagmanager.com", "google-analytics.com", "gtag(")

ANALYTICS = re.compile(
    r"\s*<script\b[^>]*googletagmanager\.com[^>]*>\s*</script>"
    r"|\s*<script\b[^>]*>\s*window\.dataLayer\s*=(?:(?!</script>).)*</script>",
    re.IGNORECASE | re.DOTALL,
)
# The belt to these braces: the browser itself refuses, also for an attachment that is rendered inside the page.
SEAL = (
    "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'self' 'unsafe-inline' 'unsafe-eval' data: "
    "blob:; form-action 'none'\">"
)
HEAD = re.compile(r"<head\b[^>]*>", re.IGNORECASE)


class ExternalAddress(BenchError):
    """A page of the report would load something from outside; names the page, the place and the address."""

    def __init__(self, page: Path, place: str, address: str) -> None:
        super().__init__(f"{page}: {place} names the external address {address}")
        self.page, self.place, self.address = page, place, address


def stripped(html: str) -> str:
    """`html` without Allure's two analytics scripts."""
    return ANALYTICS.sub("", html)


def sealed(html: str) -> str:
    """`html` with a content security policy that lets a browser load nothing but the page itself."""
    return html if SEAL in html else HEAD.sub(lambda head: head.group() + SEAL, html, count=1)


def assert_private(page: Path, html: str) -> None:
    """Raise `ExternalAddress` for the first thing in `html` that a browser would fetch from outside."""
    for place, address in _loads(html):
        raise ExternalAddress(page, place, address)


def make_private(folder: Path) -> int:
    """Strip, seal and prove every HTML page under `folder`; returns how many there are. Raises `ExternalAddress`."""
    pages = sorted(folder.rglob("*.html"))
    for page in pages:
        html = sealed(stripped(page.read_text("utf-8")))
        assert_private(page.relative_to(folder), html)
        page.write_text(html, "utf-8")
    return len(pages)


def _loads(html: str) -> Iterator[tuple[str, str]]:
    parser = _Loads()
    parser.feed(html)
    parser.close()
    yield from parser.found


class _Loads(HTMLParser):
    """Collects what a page loads from outside, as (place, address)."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.found: list[tuple[str, str]] = []
        self._raw = ""  # "script" or "style" while inside one

    def handle_starttag(self, tag: str, attrs: Attributes) -> None:
        self._raw = tag if tag in {"script", "style"} else ""
        for name, value in attrs:
            if value:
                self._attribute(tag, name.removeprefix("xlink:"), value)
        if tag == "meta" and ("http-equiv", "refresh") in [(name, (value or "").lower()) for name, value in attrs]:
            target = (dict(attrs).get("content") or "").partition("=")[2].strip("'\" ")
            self._note("<meta refresh>", OUTSIDE.match(target))

    def handle_startendtag(self, tag: str, attrs: Attributes) -> None:
        self.handle_starttag(tag, attrs)
        self._raw = ""

    def handle_endtag(self, tag: str) -> None:
        self._raw = ""

    def handle_data(self, data: str) -> None:
        if self._raw == "script":
            self._script("<script>", data)
        elif self._raw == "style":
            self._note("<style>", STYLE_LOAD.search(data))

    def parse_marked_section(self, i: int, report: bool = True) -> int:
        """`<![…` is a comment to a browser, where Python's parser would give up with an AssertionError."""
        return self.parse_bogus_comment(i, report)

    def _attribute(self, tag: str, name: str, value: str) -> None:
        place = f"<{tag} {name}>"
        if name == "style":
            self._note(place, STYLE_LOAD.search(value))
        elif name == "srcdoc":
            self.found += _loads(value)
        elif name in LOADING or (name == "href" and tag in HREF_LOADS):
            for address in value.replace(", ", " ").split() if name in {"srcset", "ping"} else [value]:
                if address.lstrip()[:5].lower() == "data:":
                    self._data(place, address)
                else:
                    self._note(place, OUTSIDE.match(address))

    def _data(self, place: str, address: str) -> None:
        """Look into a `data:` address: Allure carries its scripts and styles in these."""
        kind, _, body = address.lstrip().partition(",")
        try:
            raw = base64.b64decode(body) if kind.endswith(";base64") else unquote_to_bytes(body)
        except (binascii.Error, ValueError):
            return  # no browser can read it either
        if "javascript" in kind:
            self._script(place, raw.decode("utf-8", "replace"))
        elif "css" in kind:
            self._note(place, STYLE_LOAD.search(raw.decode("utf-8", "replace")))
        elif "html" in kind:
            self.found += _loads(raw.decode("utf-8", "replace"))

    def _script(self, place: str, text: str) -> None:
        for literal in LITERAL.finditer(text):
            if LOAD_BEFORE.search(text, max(0, literal.start() - LOOK_BACK), literal.start()):
                self._note(place, literal)
        self.found += [(place, tracker) for tracker in TRACKERS if tracker in text]

    def _note(self, place: str, match: re.Match[str] | None) -> None:
        if match:
            self.found.append((place, match.group(1)))
