"""One ordered list of everything that happened on every channel, with its cause.

Report, diagram, coverage and replay are views of it. Same seed, same journal, to the byte: an entry holds
only virtual time and values that derive from the seed.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from threading import local
from typing import Any, NamedTuple, cast

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


# Of a kind (channel, event, keys): when, why, and the values. An entry is made of it when somebody looks.
_Noted = tuple[tuple[str, str, tuple[str, ...]], datetime, Cause, *tuple[Any, ...]]


class Journal:
    """Append-only. Values in `data` must be what JSON can hold; bytes are written as upper-case hex."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._written: list[Entry | _Noted] = []
        self._made = 0  # so many are entries, for sure
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
        return self.since(0)

    def __len__(self) -> int:
        return len(self._written)

    def write(self, channel: str, event: str, **data: Any) -> Entry:
        """Note an event now, with the cause that is in force."""
        entry = Entry(len(self._written) + 1, self._clock.now, channel, event, data, self.cause)
        self._written.append(entry)
        if self._listeners:
            self._tell()
        return entry

    def kind(self, channel: str, event: str, *keys: str) -> Callable[..., None]:
        """A way to note one kind of event that costs little: to be called with the values of `keys`, in their order."""
        what, clock, written, listeners = (channel, event, keys), self._clock, self._written, self._listeners

        def note(*values: Any) -> None:
            written.append((what, clock.now, self.cause if self._ever_apart else self._cause, *values))
            if listeners:
                self._tell()

        return note

    def _tell(self) -> None:
        entry = self.since(len(self._written) - 1)[0]
        for listen in tuple(self._listeners):
            listen(entry)

    def since(self, length: int) -> Sequence[Entry]:
        """The entries written after the journal had `length` entries, until now.

        Those of a `kind` are made here, unless somebody has looked at them before; two threads that do so at once make
        the same.
        """
        written, end = self._written, len(self._written)
        for at in range(self._made, end):
            noted = written[at]
            if not isinstance(noted, Entry):
                (channel, event, keys), moment, cause, *values = noted
                written[at] = Entry(at + 1, moment, channel, event, dict(zip(keys, values, strict=True)), cause)
        self._made = max(self._made, end)
        return cast(list[Entry], written[length:end])

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
        self._apart.cause = Cause()
        try:
            yield
        finally:
            self._apart.cause = None

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
