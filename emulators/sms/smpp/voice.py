"""What a session says and when: at once, after the next answer, or once it need not hold its tongue any more."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

from emulators.wire.tcp import Wire


@dataclass(slots=True)
class _Hold:
    """What waits to be said; the next hold's comes after it."""

    octets: list[bytes]
    released: bool = False


class Voice:
    """A session's way out. What `send` takes goes out through the wire, or waits while there is something to `hold`.

    `withheld` counts the answers that are still to come, `behind` are those of them that come after the next.
    """

    def __init__(self, wire: Wire) -> None:
        self.wire = wire
        self.withheld = 0
        self.send: Callable[[bytes], None] = wire.send
        self.behind: list[bytes] = []
        self._holds: deque[_Hold] = deque()

    def reply(self, octets: bytes) -> None:
        """Send an answer, and those that were to come after it."""
        self.send(octets)
        late, self.behind = self.behind, []
        self.withheld -= len(late)
        for one in late:
            self.send(one)

    def reply_late(self, octets: bytes) -> None:
        """Send an answer that was withheld."""
        self.withheld -= 1
        self.reply(octets)

    def reply_after_next(self, octets: bytes) -> None:
        """Keep an answer back until another one has been sent."""
        self.withheld += 1
        self.behind.append(octets)

    def hold(self, rest: bytes) -> Callable[[], None]:
        """Say nothing until what is returned is called; then `rest` comes, and what was to be said meanwhile."""
        hold = _Hold([rest])
        self._holds.append(hold)
        self.send = hold.octets.append

        def release() -> None:
            hold.released = True
            while self._holds and self._holds[0].released:
                self.wire.send(b"".join(self._holds.popleft().octets))
            if not self._holds:
                self.send = self.wire.send

        return release
