"""Waiting for an entry of the journal, and saying why it did not come: the entries that came nearest."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, NamedTuple

from emulators.core.clock import Timer
from emulators.core.journal import Entry

_ABSENT = object()


class Difference(NamedTuple):
    """One field that is not as wanted; `got` is `None` where the entry has no such field."""

    field: str
    expected: object
    got: object


@dataclass(frozen=True, slots=True)
class Match:
    """What is waited for. All that is given must fit; `data` by equality, `contains` by text that occurs in it."""

    channel: str | None = None
    event: str | None = None
    data: Mapping[str, Any] = field(default_factory=dict)
    contains: Mapping[str, str] = field(default_factory=dict)

    def fits(self, entry: Entry) -> bool:
        return (
            (self.event is None or entry.event == self.event)
            and (self.channel is None or entry.channel == self.channel)
            and all(entry.data.get(key, _ABSENT) == wanted for key, wanted in self.data.items())
            and all(part in str(entry.data.get(key, "")) for key, part in self.contains.items())
        )

    def differences(self, entry: Entry) -> tuple[Difference, ...]:
        """Where `entry` is not as wanted; none if it fits."""
        told = []
        if self.channel is not None and entry.channel != self.channel:
            told.append(Difference("channel", self.channel, entry.channel))
        if self.event is not None and entry.event != self.event:
            told.append(Difference("event", self.event, entry.event))
        for key, wanted in self.data.items():
            if entry.data.get(key, _ABSENT) != wanted:
                told.append(Difference(f"data.{key}", wanted, entry.data.get(key)))
        for key, part in self.contains.items():
            if part not in str(entry.data.get(key, "")):
                told.append(Difference(f"data.{key}", f"…{part}…", entry.data.get(key)))
        return tuple(told)

    @property
    def size(self) -> int:
        """How many things it asks for."""
        return (self.channel is not None) + (self.event is not None) + len(self.data) + len(self.contains)


@dataclass(eq=False)
class Wait:
    """One who waits. `entry` is what came; if nothing did, `reason` says why the wait ended."""

    LABEL: ClassVar[str] = "somebody stops waiting"

    match: Match
    tell: Callable[[], object]
    entry: Entry | None = None
    reason: str | None = None
    timer: Timer | None = None

    @property
    def over(self) -> bool:
        return self.entry is not None or self.reason is not None

    def end(self, entry: Entry | None, reason: str | None = None) -> None:
        if self.over:
            return
        self.entry, self.reason = entry, reason
        if self.timer is not None:
            self.timer.cancel()
        self.tell()


class Miss(NamedTuple):
    """An entry that nearly was what somebody waited for."""

    entry: Entry
    differs: tuple[Difference, ...]


def nearest(match: Match, entries: Iterable[Entry], count: int = 5) -> list[Miss]:
    """The `count` entries that differ least from what was wanted, the newest first among equals.

    An entry that has nothing of it is no near miss.
    """
    misses = [Miss(entry, differs) for entry in entries if len(differs := match.differences(entry)) < match.size]
    misses.sort(key=lambda miss: (len(miss.differs), -miss.entry.seq))
    return misses[:count]
