"""How much there is to read in a PDF, told before PDFium reads it: a few kilobytes may inflate to gigabytes.

PDFium goes through all content of a page before it says a word, and through each form that the content draws as often
as it is drawn, with the forms within it. So what it would go through is counted first. This is a guard against
accidents and plain bombs, not against whoever takes pains to deceive it. The figures are ours.
Source: PDF 1.7 (ISO 32000-1), 7.5.7 (object streams), 7.7.3 (pages), 8.10 (forms).
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterator
from itertools import pairwise

from .pdf_streams import FLATE, MOST_OBJECTS, Stream, TooMuch, Unknown, objects

MOST_DRAWN = 24 * 1024 * 1024  # octets of content that all pages draw; PDFium takes about a second for them
MOST_INFLATED = 64 * 1024 * 1024  # octets of all that is no picture: content, fonts, tables
_FORM = 256  # octets of content that take as long as to begin a form
_DEEPEST = 40  # forms within forms; PDFium goes no deeper

# What may multiply: forms, objects in streams, other filters; a filter upon Flate, a list of contents by itself.
_UNUSUAL = (b"/XObject", b"/ObjStm", b"LZW", b"RunLength", b"/RL")
_TWICE = re.compile(rb"Flate\w*\s*/|/Fl\s*/|obj\s*\[")

# All of these look at each octet of a text a few times at most, whatever stands there.
_IMAGE = re.compile(rb"/Subtype\s*/Image\b")
_REFERENCE = re.compile(rb"([0-9]{1,9})\s+[0-9]{1,5}\s+R\b")
_CONTENTS = re.compile(rb"/Contents\s*(\[[\s0-9R]*\]|[0-9]{1,9}\s+[0-9]{1,5}\s+R\b)")
_KIDS = re.compile(rb"/Kids\s*\[([\s0-9R]*)\]")
_XOBJECTS = re.compile(rb"/XObject\s*(?:<<([^<>()]*)>>|([0-9]{1,9})\s+[0-9]{1,5}\s+R\b)")
_RESOURCES = re.compile(rb"/Resources\s+([0-9]{1,9})\s+[0-9]{1,5}\s+R\b")
_NAMED = re.compile(rb"/([^\s/<>\[\](){}%]+)\s+([0-9]{1,9})\s+[0-9]{1,5}\s+R\b")
_DRAWN = re.compile(rb"/([^\s/<>\[\](){}%]+)\s+Do\b")
_PLACED = re.compile(rb"([0-9]{1,9})\s+([0-9]{1,9})")
_FIRST = re.compile(rb"/First\s+([0-9]{1,9})")

Names = dict[bytes, set[int]]


def is_too_much(data: bytes) -> bool:
    """Whether PDFium would go through more than a letter has. What is no PDF passes: that is soon found out."""
    if _is_plainly_little(data):
        return False
    try:
        return _Effort(data).drawn() > MOST_DRAWN
    except TooMuch:
        return True


def _is_plainly_little(data: bytes) -> bool:
    """Whether it is short and nothing is drawn twice, as in most letters: then there is no need to look closer."""
    if len(data) * FLATE > MOST_DRAWN or any(word in data for word in _UNUSUAL) or _TWICE.search(data):
        return False
    drawn = [number for part in (_CONTENTS, _KIDS) for found in part.findall(data) for number in _references(found)]
    return len(drawn) == len(set(drawn))


class _Effort:
    """The objects of a file, and what it costs to draw them. Raises `TooMuch`."""

    def __init__(self, data: bytes) -> None:
        self._texts: dict[int, list[bytes]] = defaultdict(list)
        self._streams: dict[int, list[Stream]] = defaultdict(list)
        self._costs: dict[int, int] = {}
        self._room = MOST_INFLATED
        for number, text, stream in objects(data):
            self._texts[number].append(text)
            if stream is not None and _IMAGE.search(text) is None:
                self._streams[number].append(stream)
        self._demand_little()
        for stream in self._all_streams():
            if b"/ObjStm" in stream.about:
                self._unpack(stream)
        self._names: Names = defaultdict(set)
        for text in (each for each in self._all_texts() if b"/XObject" in each):
            for name, numbers in (self._drawable(text) or {}).items():
                self._names[name] |= numbers

    def _demand_little(self) -> None:
        """All that is no picture, which PDFium may look at in passing, is not too much together."""
        streams = self._all_streams()
        if sum(stream.most for stream in streams) <= MOST_INFLATED:
            return
        for stream in streams:
            self._room -= len(self._inflated(stream, MOST_INFLATED) or stream.octets)
            if self._room < 0:
                raise TooMuch

    def drawn(self) -> int:
        """The octets that all pages draw."""
        texts = self._all_texts()
        pages = Counter(number for text in texts if b"/Contents" in text for number in self._contents(text))
        listed = (kids for text in texts if b"/Kids" in text for kids in _KIDS.findall(text))
        shown = Counter(page for kids in listed for page in _references(kids))
        times = max(shown.values(), default=1)  # each page belongs there once
        if self._has_forms:
            return times * sum(count * self._cost(number, ()) for number, count in pages.items())
        # Only as much is inflated as has to be: of most letters nothing at all.
        most = {number: sum(stream.most for stream in self._streams[number]) for number in pages}
        drawn = times * sum(count * most[number] for number, count in pages.items())
        for number in sorted(pages, key=lambda number: most[number], reverse=True):
            if drawn <= MOST_DRAWN:
                break
            drawn -= times * pages[number] * (most[number] - self._cost(number, ()))
        return drawn

    @property
    def _has_forms(self) -> bool:
        return any(self._streams[number] for numbers in self._names.values() for number in numbers)

    def _cost(self, number: int, within: tuple[int, ...]) -> int:
        """The octets that are gone through for a stream and all that it draws."""
        if number in within or len(within) > _DEEPEST:
            raise TooMuch
        if number not in self._costs:
            costs = (self._cost_of(stream, (*within, number)) for stream in self._streams[number])
            self._costs[number] = max(costs, default=0)
        return self._costs[number]

    def _cost_of(self, stream: Stream, within: tuple[int, ...]) -> int:
        data = self._inflated(stream, MOST_DRAWN)
        if data is None:
            if self._has_forms:  # there is no telling how often it draws them
                raise TooMuch
            return stream.most
        own = self._drawable(stream.about)
        names, cost = self._names if own is None else own, len(data)
        for name, count in Counter(_DRAWN.findall(data)).items():
            drawn = max((self._cost(number, within) for number in names.get(name, ())), default=0)
            cost += count * (drawn + _FORM)
        return cost

    def _inflated(self, stream: Stream, most: int) -> bytes | None:
        """What is in it, `None` if it has a filter that is not spoken here."""
        try:
            return stream.inflated(most)
        except Unknown:
            return None

    def _contents(self, text: bytes) -> Iterator[int]:
        """The streams of a page; the list of them may be an object of its own."""
        for found in _CONTENTS.findall(text):
            for number in _references(found):
                lists = [each for each in self._texts[number] if each.lstrip().startswith(b"[")]
                yield from [ref for each in lists for ref in _references(each)] or (number,)

    def _drawable(self, text: bytes) -> Names | None:
        """What the resources in a dictionary name to be drawn, `None` if they name nothing."""
        resources = _RESOURCES.search(text)
        texts = [text, *(self._texts[int(resources[1])] if resources else ())]
        found = [each for each in map(_XOBJECTS.search, texts) if each is not None]
        if not found:
            return None
        names: Names = defaultdict(set)
        for each in found:
            for listed in [each[1]] if each[2] is None else self._texts[int(each[2])]:
                for name, number in _NAMED.findall(listed):
                    names[name].add(int(number))
        return names

    def _unpack(self, stream: Stream) -> None:
        """Take the objects out of a stream of objects."""
        data, first = self._inflated(stream, MOST_INFLATED) or b"", _FIRST.search(stream.about)
        self._room -= len(data)
        if self._room < 0:
            raise TooMuch
        start = int(first[1]) if first else 0
        placed = sorted((start + int(at), int(number)) for number, at in _PLACED.findall(data[:start]))
        if len(placed) > MOST_OBJECTS:
            raise TooMuch
        for (at, number), (end, _) in pairwise([*placed, (len(data), 0)]):
            self._texts[number].append(data[at:end])

    def _all_texts(self) -> list[bytes]:
        return [text for texts in self._texts.values() for text in texts]

    def _all_streams(self) -> list[Stream]:
        return [stream for streams in self._streams.values() for stream in streams]


def _references(text: bytes) -> list[int]:
    return [int(number) for number in _REFERENCE.findall(text)]
