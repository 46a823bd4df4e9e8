"""One ordered list of everything that happened on every channel, with its cause.

Report, diagram, coverage and replay are views of it. Same seed, same journal, to the byte: an entry holds
only virtual time and values that derive from the seed; on sockets also the ports that the system chose.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from threading import Lock, local
from typing import Any, NamedTuple

from .clock import Clock


class Cause(NamedTuple):
    """Why something happens: the scenario step (counted from 1) and the fault that bent it, if any."""

    step: int | None = None
    fault: str | None = None


class Entry(NamedTuple):
    """One event: `channel` is the emulator or part (`sms`, `post`, `card`…), `event` the dotted verb."""

    seq: int
    at: datetime
    channel: str
    event: str
    data: Mapping[str, Any]
    cause: Cause

    def as_dict(self) -> dict[str, Any]:
        return {
            "seq": self.seq,
            "at": self.at.isoformat(timespec="milliseconds"),
            "channel": self.channel,
            "event": self.event,
            **({"step": self.cause.step} if self.cause.step is not None else {}),
            **({"fault": self.cause.fault} if self.cause.fault else {}),
            "data": dict(self.data),
        }


class Journal:
    """Append-only. Values in `data` must be what JSON can hold; bytes are written as upper-case hex.

    Worlds write all the time and are looked at now and then: what is written is noted flat, and entries are made of it
    when somebody looks, on whatever thread.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._entries: list[Entry] = []
        self._noted: list[Any] = []  # what comes after them: of each (channel, event, keys), moment, cause, the values
        self._making = Lock()
        self._listeners: list[Callable[[Entry], None]] = []
        self._cause = Cause()
        self._apart = local()  # `cause` of a thread that works while others go on
        self._ever_apart = False  # as long as no thread ever was, nobody needs to look

    @property
    def cause(self) -> Cause:
        """The cause in force: one for all threads, but for those that work `apart`."""
        if not self._ever_apart:
            return self._cause
        apart: Cause | None = getattr(self._apart, "cause", None)
        return apart or self._cause

    @cause.setter
    def cause(self, cause: Cause) -> None:
        if getattr(self._apart, "cause", None) is None:
            self._cause = cause
        else:
            self._apart.cause = cause

    @property
    def entries(self) -> Sequence[Entry]:
        """All that were written until now."""
        return tuple(self._all())

    def __len__(self) -> int:
        return len(self._all())

    def write(self, channel: str, event: str, **data: Any) -> None:
        """Note an event now, with the cause that is in force."""
        self._noted.extend(((channel, event, tuple(data)), self._clock.now, self.cause, *data.values()))
        if self._listeners:
            self._tell()

    def kind(self, channel: str, event: str, *keys: str) -> Callable[..., None]:
        """A way to write one kind of event that costs less: to be called with the values of `keys`, in their order."""
        what, count = (channel, event, keys), len(keys)
        clock, listeners, extend = self._clock, self._listeners, self._noted.extend

        def note(*values: Any) -> None:
            if len(values) != count:
                raise TypeError(f"{channel} {event} has the values {', '.join(keys)}; {len(values)} were given")
            extend((what, clock.now, self.cause if self._ever_apart else self._cause) + values)  # noqa: RUF005
            if listeners:
                self._tell()

        return note

    def _tell(self) -> None:
        entry = self._all()[-1]
        for listen in tuple(self._listeners):
            listen(entry)

    def _all(self) -> list[Entry]:
        """All entries; others may be added to them at any time, but whole ones only."""
        entries, noted = self._entries, self._noted
        with self._making:
            at, end = 0, len(noted)  # a thread that writes adds all there is of an event at once
            while at < end:
                (channel, event, keys), moment, cause = noted[at : at + 3]
                first, at = at + 3, at + 3 + len(keys)
                data = dict(zip(keys, noted[first:at], strict=True))
                entries.append(Entry(len(entries) + 1, moment, channel, event, data, cause))
            del noted[:end]
        return entries

    def since(self, length: int) -> Sequence[Entry]:
        """The entries written after the journal had `length` entries, until now."""
        return self._all()[length:]

    def listen(self, listener: Callable[[Entry], None]) -> Callable[[], None]:
        """Call `listener` with every entry from now on; what is returned ends that."""
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener)

    def named(self, channel: str, event: str) -> Iterator[Entry]:
        """All entries of one kind, oldest first."""
        for entry in self.entries:
            if entry.channel == channel and entry.event == event:
                yield entry

    @contextmanager
    def because(self, cause: Cause) -> Iterator[None]:
        """Within the block, `cause` is the cause of all that is written."""
        before, self.cause = self.cause, cause
        try:
            yield
        finally:
            self.cause = before

    @contextmanager
    def apart(self) -> Iterator[None]:
        """Within the block, this thread has causes of its own, for it works while others go on. Begins with none."""
        self._ever_apart = True
        before, self._apart.cause = getattr(self._apart, "cause", None), Cause()
        try:
            yield
        finally:
            self._apart.cause = before

    def to_jsonl(self) -> str:
        """The whole journal as JSON Lines."""
        return to_jsonl(self.entries)


def to_jsonl(entries: Iterable[Entry]) -> str:
    """JSON Lines, one entry a line, keys in fixed order, umlauts as they are."""
    return "".join(
        json.dumps(e.as_dict(), ensure_ascii=False, default=_plain, separators=(", ", ": ")) + "\n" for e in entries
    )


def _plain(value: object) -> str:
    if isinstance(value, bytes | bytearray):
        return value.hex().upper()
    if isinstance(value, datetime):
        return value.isoformat(timespec="milliseconds")
    if isinstance(value, set | frozenset):  # the order of a set changes from process to process
        return str(sorted(map(str, value)))
    return str(value)
