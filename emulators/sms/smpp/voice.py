"""What a session says and when: at once, after the next answer, or once it need not hold its tongue any more."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

from emulators.wire.tcp import Wire


@dataclass(slots=True)
class _Hold:
    """What waits to be said, so many answers among it; the next hold's comes after it."""

    octets: list[bytes]
    answers: int = 1
    released: bool = False


class Voice:
    """A session's way out. What `send` takes goes out through the wire, or waits while there is something to `hold`.

    `reply` sends an answer to a submission, and those that were to come after it; `withheld` counts those that are
    still to come.
    """

    def __init__(self, wire: Wire) -> None:
        self.wire = wire
        self.withheld = 0
        self.send: Callable[[bytes], None] = wire.send
        self.reply: Callable[[bytes], None] = wire.send
        self._behind: list[bytes] = []
        self._holds: deque[_Hold] = deque()
        self._closes = False

    def reply_late(self, octets: bytes) -> None:
        """Send an answer that was withheld."""
        self.withheld -= 1
        self.reply(octets)

    def reply_after_next(self, octets: bytes) -> None:
        """Keep an answer back until another one has been sent."""
        self.withheld += 1
        self._behind.append(octets)
        self.reply = self._reply

    def release_behind(self) -> None:
        """Send the answers that were to come after another one."""
        late, self._behind = self._behind, []
        self.withheld -= len(late)
        for one in late:
            self._answer(one)
        self._straighten()

    def hold(self, rest: bytes) -> Callable[[], None]:
        """Say nothing until what is returned is called; then `rest` of an answer comes, and what was said meanwhile."""
        hold = _Hold([rest])
        self._holds.append(hold)
        self.withheld += 1
        self.send, self.reply = hold.octets.append, self._reply

        def release() -> None:
            hold.released = True
            while self._holds and self._holds[0].released:
                spoken = self._holds.popleft()
                self.withheld -= spoken.answers
                self.wire.send(b"".join(spoken.octets))
            if not self._holds:
                self.send = self.wire.send
                self._straighten()
                if self._closes:
                    self.wire.close()

        return release

    def close(self) -> None:
        """End the connection once all is said."""
        self._closes = True
        if not self._holds:
            self.wire.close()

    def _reply(self, octets: bytes) -> None:
        self._answer(octets)
        self.release_behind()

    def _straighten(self) -> None:
        """Once no answer has to wait for anything, each is just sent."""
        if not (self._behind or self._holds):
            self.reply = self.wire.send

    def _answer(self, octets: bytes) -> None:
        self.send(octets)
        if self._holds:
            self._holds[-1].answers += 1
            self.withheld += 1
