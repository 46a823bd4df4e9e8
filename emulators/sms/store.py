"""The messages of the account, found by SID, by recipient and by sender without a look at all of them."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import islice

from .message import Message


@dataclass(frozen=True, slots=True)
class Query:
    """Which messages: exact numbers, and days on which they were sent (both ends included)."""

    to: str | None = None
    sender: str | None = None
    sent_from: date | None = None
    sent_until: date | None = None

    def fits(self, message: Message, day: Callable[[Message], date | None]) -> bool:
        if self.to not in (None, message.to) or self.sender not in (None, message.sender):
            return False
        if self.sent_from is None and self.sent_until is None:
            return True
        sent = day(message)
        return sent is not None and (
            (self.sent_from is None or self.sent_from <= sent) and (self.sent_until is None or sent <= self.sent_until)
        )


@dataclass(frozen=True, slots=True)
class Page:
    """Some messages, the newest first; `older` and `newer` say whether there are more on either side."""

    messages: tuple[Message, ...]
    older: bool
    newer: bool


class Messages:
    """All messages in the order in which they were taken. `position` of each tells its place for good."""

    def __init__(self) -> None:
        self._by_sid: dict[str, Message] = {}
        self._all: list[Message] = []
        self._by_to: dict[str, list[Message]] = {}
        self._by_sender: dict[str, list[Message]] = {}
        self._count = 0
        self._indexed = 0  # so many of all are in the two indexes by number; the others once somebody asks

    def __len__(self) -> int:
        return len(self._all)

    def __iter__(self) -> Iterator[Message]:
        return iter(self._all)

    def add(self, message: Message) -> None:
        self._count += 1
        message.position = self._count
        self._by_sid[message.sid] = message
        self._all.append(message)

    def get(self, sid: str) -> Message | None:
        return self._by_sid.get(sid)

    def remove(self, message: Message) -> None:
        del self._by_sid[message.sid]
        self._catch_up()
        self._indexed -= 1
        for index in (self._all, self._by_to[message.to], self._by_sender[message.sender]):
            del index[bisect_left(index, message.position, key=_position)]

    def to(self, number: str) -> Sequence[Message]:
        """The messages to a number, the oldest first."""
        self._catch_up()
        return self._by_to.get(number, ())

    def page(
        self,
        query: Query,
        size: int,
        *,
        skip: int = 0,
        below: int | None = None,
        above: int | None = None,
        day: Callable[[Message], date | None],
    ) -> Page:
        """`size` messages, the newest first: after the first `skip`, or those next `below` or `above` a position."""
        index = self._index(query)
        if above is not None:
            start = bisect_left(index, above + 1, key=_position)
            found = tuple(islice(_fitting(index, range(start, len(index)), query, day), size + 1))
            return Page(found[:size][::-1], older=start > 0, newer=len(found) > size)
        end = len(index) if below is None else bisect_left(index, below, key=_position)
        if below is None and query in (Query(), Query(to=query.to), Query(sender=query.sender)):
            end, passed = max(end - skip, 0), 0  # the index is the answer: nothing to count
        else:
            passed = skip
        fitting = _fitting(index, range(end - 1, -1, -1), query, day)
        found = tuple(islice(fitting, passed, passed + size + 1))
        return Page(found[:size], older=len(found) > size, newer=skip > 0 or end < len(index))

    def _index(self, query: Query) -> Sequence[Message]:
        self._catch_up()
        indexes: list[Sequence[Message]] = [self._all]
        if query.to is not None:
            indexes.append(self._by_to.get(query.to, ()))
        if query.sender is not None:
            indexes.append(self._by_sender.get(query.sender, ()))
        return min(indexes, key=len)

    def _catch_up(self) -> None:
        for message in self._all[self._indexed :]:
            self._by_to.setdefault(message.to, []).append(message)
            self._by_sender.setdefault(message.sender, []).append(message)
        self._indexed = len(self._all)


def _fitting(
    index: Sequence[Message], places: range, query: Query, day: Callable[[Message], date | None]
) -> Iterator[Message]:
    for at in places:
        if query.fits(index[at], day):
            yield index[at]


def _position(message: Message) -> int:
    return message.position
