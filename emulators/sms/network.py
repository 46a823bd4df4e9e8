"""The mobile network between gateway and handsets: numbers, SIMs, what waits for a handset that is off.

A number belongs to a SIM, a SIM sits in a handset. `handset(number)` is the device its owner carries; `holder(number)`
is the one that holds the SIM now: the same, until the SIM is swapped.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

from emulators.core.clock import Timer
from emulators.core.numbers import is_fictional
from emulators.core.physics import Physics

from .coding import split
from .errors import VALIDITY_EXPIRED
from .handset import Handset, Hindrance
from .message import Message, Part, Status

_CANCELED, _DELIVERED = Status.CANCELED, Status.DELIVERED
E164 = re.compile(r"\+[1-9]\d{6,14}", re.ASCII)

# Errors of SMPP receipts, as networks give them. Source: Twilio, SMPP error codes.
_ABSENT, _MEMORY_FULL, _UNKNOWN_SUBSCRIBER, _NO_TELESERVICE = 1, 2, 5, 7
_ERROR_OF = {Hindrance.OFF: _ABSENT, Hindrance.MEMORY_FULL: _MEMORY_FULL}

Turn = Callable[[Message, Status, int | None, int], None]
Receive = Callable[[str, str, str], Message]


Segments = tuple[tuple[Part, str], ...]
Cut = Callable[[Message], Segments]


@dataclass(frozen=True, slots=True)
class Passage:
    """How a message arrives: unaltered, unless something is named here. `None` stands for what the message has.

    `text` makes the text that arrives of the message's own, `segments` its parts: of what it is by then.

    `reported` is false where the gateway does not hear that it arrived, `more` is true where another part of it comes
    later: until then it has not arrived.
    """

    sender: str | None = None
    text: Callable[[str], str] | None = None
    flash: bool = False
    handset: Handset | None = None
    reported: bool = True
    segments: Cut | None = None
    more: bool = False


PLAIN = Passage()


class Network:
    """Brings messages to handsets. `turn` is told each change of status, `receive` each message a handset sends."""

    def __init__(self, physics: Physics, channel: str, turn: Turn, receive: Receive) -> None:
        self.physics = physics
        self._channel = channel
        self._delivered = physics.journal.kind(channel, "delivered", "sid", "to")
        self.turn = turn
        self.receive = receive
        self._handsets: dict[str, Handset] = {}
        self._holders: dict[str, Handset] = {}
        self._waiting: dict[Handset, list[tuple[Message, Passage]]] = {}
        self._held_back: dict[str, list[Callable[[], object]]] = {}
        self._expiries: dict[str, Timer] = {}  # of what waits for something, until it arrives or is given up
        self._reference = 0

    # -- numbers, SIMs, handsets ----------------------------------------------------------------------------------

    def handset(self, number: str) -> Handset:
        """The device that the owner of `number` carries, made when first asked for. Raises `ValueError`."""
        handset = self._handsets.get(number)
        if handset is None:
            if not E164.fullmatch(number) or not is_fictional(number):
                raise ValueError(f"{number!r} is not an E.164 number from the Bundesnetzagentur's ranges for fiction")
            handset = self._handsets[number] = self._holders[number] = self._make(number)
        return handset

    def holder(self, number: str) -> Handset | None:
        """The device that holds the SIM of `number` now, or `None` if nobody has that number."""
        return self._holders.get(number)

    def move_sim(self, number: str, to: Handset | None = None) -> Handset:
        """Put the SIM of `number` into another handset (a strange one, if none is given); returns that handset.

        The former device gets nothing for this number any more. What waited there goes along.
        """
        former = self._holders.get(number) or self.handset(number)
        target = to or self._make(number)
        former.eject(number)
        target.insert(number)
        self._holders[number] = target
        self.write("sim.moved", number=number)
        if former is not target:
            moving = [entry for entry in self._waiting.get(former, ()) if entry[0].to == number]
            if moving:
                self._waiting[former] = [entry for entry in self._waiting[former] if entry[0].to != number]
                for message, passage in moving:
                    self.arrive(message, passage)
        return target

    def another_handset(self, number: str) -> Handset:
        """A second device of the same number, such as a watch: it rings for what is sent to it alone."""
        return self._make(number)

    def _make(self, number: str) -> Handset:
        return Handset(self.physics, self._channel, number, available=self._burst, send=self.receive)

    # -- the way of a message -------------------------------------------------------------------------------------

    def arrive(self, message: Message, passage: Passage = PLAIN) -> None:
        """The message reaches the handset, waits for it, or fails."""
        if message.status is _CANCELED or message.error_code == VALIDITY_EXPIRED:
            return
        handset = passage.handset or self._holders.get(message.to)
        if handset is None:
            self.fail(message, 30005, _UNKNOWN_SUBSCRIBER)
        elif not handset.receives_sms:
            self.fail(message, 30006, _NO_TELESERVICE)
        elif handset.hindrance is not None:
            self._hold(message, passage, handset, handset.hindrance)
        else:
            self._hand_over(message, passage, handset)

    def arrive_later(self, delay: timedelta, message: Message, passage: Passage = PLAIN) -> None:
        """The message arrives after `delay`, or expires before that."""
        due = self.physics.clock.later(delay)
        self._expire_in_time(message)
        self.physics.at(due, lambda: self.arrive(message, passage), f"sms {message.sid} arrives")

    def hold_back(self, message: Message) -> Callable[[], None]:
        """Keep the message until the next one to the same number has arrived, or until what is returned is called."""
        gone: list[bool] = []

        def release() -> None:
            if not gone:
                gone.append(True)
                self.arrive(message)

        self._expire_in_time(message)
        self._held_back.setdefault(message.to, []).append(release)
        return release

    def fail(
        self, message: Message, error_code: int, network_error: int = 0, status: Status = Status.UNDELIVERED
    ) -> None:
        """The message is given up. One that has come to its end stays as it is."""
        if message.status.final:
            return
        self.forget(message)
        self.write("undelivered", sid=message.sid, to=message.to, error_code=error_code)
        self.turn(message, status, error_code, network_error)

    def cut(self) -> Cut:
        """A way to cut a message into the parts that travel, under one reference; one that is a part itself is one."""
        self._reference = self._reference % 255 + 1
        reference = self._reference

        def parts(message: Message) -> Segments:
            if message.part is not None:
                return ((message.part, message.body),)
            texts = split(message.body)
            return tuple((Part(reference, number, len(texts)), text) for number, text in enumerate(texts, start=1))

        return parts

    def _hand_over(self, message: Message, passage: Passage, handset: Handset) -> None:
        order = message.order
        to = order.to
        if not passage.more:
            message.arrived = True
            if self._expiries:
                self.forget(message)
        self._delivered(message.sid, to)
        if passage is PLAIN and order.part is None and not order.data_coding:  # as nearly all
            handset.receive(message.sid, message.sender, message.body, to=to)
        else:
            self._hand_over_as(message, passage, handset)
        if passage.reported:
            self.turn(message, _DELIVERED, None, 0)
        if self._held_back:
            for release in self._held_back.pop(to, ()):
                release()

    def _hand_over_as(self, message: Message, passage: Passage, handset: Handset) -> None:
        """The message is a part, has a class, or was altered on its way."""
        sid, order, to = message.sid, message.order, message.to
        sender = passage.sender or message.sender
        text = message.body if passage.text is None else passage.text(message.body)
        flash = passage.flash or order.flash
        if passage.segments is not None:
            for part, piece in passage.segments(message):
                handset.receive_part(sid, sender, piece, part, to=to, flash=flash)
        elif order.part is not None:
            handset.receive_part(sid, sender, text, order.part, to=to, flash=flash)
        else:
            handset.receive(sid, sender, text, to=to, flash=flash)

    def _hold(self, message: Message, passage: Passage, handset: Handset, hindrance: Hindrance) -> None:
        self.write("held", sid=message.sid, to=message.to, reason=hindrance.value)
        self._waiting.setdefault(handset, []).append((message, passage))
        self._expire_in_time(message)

    def revalidated(self, message: Message) -> None:
        """A message is valid longer, or less long, than it was: if it waits for anything, it expires then."""
        if message.sid in self._expiries:
            self._expire_in_time(message)

    def _expire_in_time(self, message: Message) -> None:
        """The message waits for something, but no longer than it is valid."""
        self.forget(message)
        if message.status.final:
            return

        def expire() -> None:
            handset = self._holders.get(message.to)
            hindrance = handset.hindrance if handset is not None else None
            self.fail(message, VALIDITY_EXPIRED, _ERROR_OF[hindrance] if hindrance is not None else _ABSENT)

        self._expiries[message.sid] = self.physics.at(message.expires, expire, f"sms {message.sid} expires")

    def forget(self, message: Message) -> None:
        """It does not wait any more, so it need not expire."""
        if (timer := self._expiries.pop(message.sid, None)) is not None:
            timer.cancel()

    def _burst(self, handset: Handset) -> None:
        """The handset can be reached again: all that waited comes at once, in its order."""
        for message, passage in self._waiting.pop(handset, ()):
            self.arrive(message, passage)

    def write(self, event: str, **data: object) -> None:
        self.physics.journal.write(self._channel, event, **data)
