"""What a person sees of a mail's HTML: its words, its images or what stands in for them, and the links to click.

A link is there for a person only if something of it shows: words, an image, or the alternative text of an image that
is not loaded. Read as browsers do, as far as it matters here: comments, styles, scripts and what is not displayed show
nothing. No HTML is too broken to be read, and all is read in one pass.
Source: HTML, "Images", "What an image represents" (the alternative text of an image that is not available).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from html import unescape
from typing import NamedTuple

from .links import in_text, web_link

_ATTRIBUTES = r"[^<>\"']*+(?:(?:\"[^\"]*+\"|'[^']*+'|[\"'])[^<>\"']*+)*+"
# A comment, an element whose content is no HTML, a tag, a declaration: in this order.
_MARKUP = (
    r"<(?:!--(?:-?>|.*?(?:--!?>|\Z))"
    rf"|(?P<raw>(?i:script|style|title))(?=[\s/>]){_ATTRIBUTES}>?.*?(?:(?i:</(?P=raw))(?=[\s/>])[^>]*+>?|\Z)"
    rf"|(?P<end>/?)(?P<tag>[a-zA-Z][^\s/>]*+)(?P<attributes>{_ATTRIBUTES})>?"
    r"|[!?/][^>]*+>?)"
)
_TAG = re.compile(_MARKUP, re.DOTALL)
_TOKEN = re.compile(rf"{_MARKUP}|(?P<words>[^<]++|<)", re.DOTALL)
_ATTRIBUTE = re.compile(r"([^\s=/>\"']++)(?:\s*+=\s*+(?:\"([^\"]*+)\"|'([^']*+)'|([^\s>\"']++)))?")
_NOT_DISPLAYED = re.compile(r"display\s*:\s*none", re.IGNORECASE)
_VOID = frozenset(("area", "base", "br", "col", "hr", "img", "input", "link", "meta", "source", "wbr"))
_ON_A_LINE_OF_ITS_OWN = frozenset(
    ("br", "div", "h1", "h2", "h3", "h4", "h5", "h6", "hr", "li", "ol", "p", "table", "td", "th", "tr", "ul")
)
_TOO_SMALL = frozenset(("0", "1", "0px", "1px"))  # an image that counts who has opened the mail

Loads = Callable[[str], bool]


class Page(NamedTuple):
    """What shows: `words` line by line, with `alternatives` in place of images, and `links`, each once, in order."""

    words: str
    links: tuple[str, ...]
    alternatives: tuple[str, ...]


def page_of_text(text: str) -> Page:
    """A mail that is text: mail programs make links of the addresses in it."""
    return Page(text, tuple(dict.fromkeys(in_text(text))), ())


def page_of_html(html: str, loads: Loads) -> Page:
    """A mail that is HTML. `loads` says of an image's source whether it is loaded."""
    reader = _Reader(loads)
    for token in _TOKEN.finditer(html):
        reader.take(token)
    words = "\n".join(line for line in map(_spaced, "".join(reader.words).split("\n")) if line)
    return Page(words, tuple(dict.fromkeys((*reader.links, *in_text(words)))), tuple(reader.alternatives))


def links_of_html(html: str) -> Iterator[str]:
    """The http(s) links of HTML, whether something of them shows or not; then the addresses among its words."""
    if not html:
        return
    inert = 0
    # As `page_of_html` reads it, but in one go: each mail that is taken comes through here.
    pieces = _TAG.split(html)
    words, *_, ends, tags, attributes = (pieces[first :: _TAG.groups + 1] for first in range(_TAG.groups + 1))
    for end, name, given in zip(ends, tags, attributes, strict=True):
        tag = name.lower() if name else ""
        if tag == "template":
            inert = max(0, inert - 1 if end else inert + 1)
        elif tag == "a" and not end and not inert and (link := web_link(dict(_attributes(given)).get("href", ""))):
            yield link
        elif tag == "img":
            words.append(dict(_attributes(given)).get("alt", ""))
    if "://" in "".join(words):  # seldom: who writes HTML makes links
        yield from in_text(page_of_html(html, bool).words)


class _Reader:
    """One reading: what has been seen so far, the link and the hidden element that are open."""

    def __init__(self, loads: Loads) -> None:
        self._loads = loads
        self.words: list[str] = []
        self.links: list[str] = []
        self.alternatives: list[str] = []
        self._link: str | None = None
        self._hidden_by = ""
        self._depth = 0

    def take(self, token: re.Match[str]) -> None:
        tag = (token["tag"] or "").lower()
        if self._hidden_by:
            if tag == self._hidden_by:
                self._depth += -1 if token["end"] else 1
                self._hidden_by = tag if self._depth else ""
        elif token["words"] is not None:
            self._say(unescape(token["words"]).replace("\n", " "))
        elif token["end"]:
            self._close(tag)
        elif tag:
            self._open(tag, dict(_attributes(token["attributes"])))

    def _open(self, tag: str, attributes: Mapping[str, str]) -> None:
        self._break(tag)
        if tag == "template" or "hidden" in attributes or _NOT_DISPLAYED.search(attributes.get("style", "")):
            if tag not in _VOID:
                self._hidden_by, self._depth = tag, 1
        elif tag == "a":
            self._link = web_link(attributes.get("href", ""))
        elif tag == "img":
            self._image(attributes)

    def _close(self, tag: str) -> None:
        self._break(tag)
        if tag == "a":
            self._link = None

    def _break(self, tag: str) -> None:
        if tag in _ON_A_LINE_OF_ITS_OWN:
            self.words.append("\n")

    def _image(self, attributes: Mapping[str, str]) -> None:
        if not self._loads(attributes.get("src", "").strip()):
            if alternative := _spaced(attributes.get("alt", "")):
                self.alternatives.append(alternative)
                self._say(alternative)
        elif not {attributes.get("width"), attributes.get("height")} & _TOO_SMALL:
            self._seen()

    def _say(self, words: str) -> None:
        self.words.append(words)
        if words.strip():
            self._seen()

    def _seen(self) -> None:
        if self._link is not None:
            self.links.append(self._link)


def _attributes(text: str) -> Iterator[tuple[str, str]]:
    """The attributes of a tag; of those that are given twice the first comes last, and so it counts."""
    for name, double, single, bare in reversed(_ATTRIBUTE.findall(text)):
        yield name.lower(), unescape(double or single or bare)


def _spaced(text: str) -> str:
    return " ".join(text.split())
