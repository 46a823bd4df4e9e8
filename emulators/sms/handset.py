"""A handset as far as text messages go: what arrived, what the lock screen showed, which code an app may take."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from emulators.core.physics import Physics

from .one_time_code import Way, codes_in, user_consent

# SMS Retriever and User Consent listen for five minutes; older messages are not offered.
TAKEOVER_WINDOW = timedelta(minutes=5)

_NOTICE_LENGTH = 80  # characters of a message that a lock screen shows


@dataclass(frozen=True, slots=True)
class TextMessage:
    """A message as it lies in the handset."""

    sid: str
    sender: str
    body: str
    received_at: datetime

    @property
    def codes(self) -> tuple[str, ...]:
        """The codes a person would read in it, the likeliest first."""
        return codes_in(self.body)


class Handset:
    """The device behind one number. `receives_sms` is false for a tablet without telephony, or a landline."""

    def __init__(self, physics: Physics, channel: str, number: str, *, receives_sms: bool = True) -> None:
        self._physics = physics
        self._channel = channel
        self.number = number
        self.receives_sms = receives_sms
        self._inbox: list[TextMessage] = []

    @property
    def inbox(self) -> tuple[TextMessage, ...]:
        """All messages, the oldest first."""
        return tuple(self._inbox)

    @property
    def newest(self) -> TextMessage | None:
        return self._inbox[-1] if self._inbox else None

    def receive(self, sid: str, sender: str, body: str) -> TextMessage:
        """Take a message in and show it on the lock screen."""
        message = TextMessage(sid, sender, body, self._physics.clock.now)
        self._inbox.append(message)
        self._write("notice", sid=sid, to=self.number, **{"from": sender}, text=body[:_NOTICE_LENGTH])
        return message

    def takeover(self, now: datetime, way: Way = user_consent) -> str | None:
        """The code that the phone hands to the app by itself, from the newest message only.

        `None` if there is no message, if it came more than five minutes before `now`, or if `way` finds no code
        in it for this app; the journal says which.
        """
        newest = self.newest
        sid = newest.sid if newest else None
        code = None
        if newest is None:
            reason = "no_message"
        elif now - newest.received_at > TAKEOVER_WINDOW:
            reason = "too_old"
        else:
            code, reason = way(newest.body), "no_code_for_this_app"
        if code is None:
            self._write("code.not_offered", sid=sid, to=self.number, reason=reason)
        else:
            self._write("code.taken_over", sid=sid, to=self.number, code=code)
        return code

    def _write(self, event: str, **data: str | None) -> None:
        self._physics.journal.write(self._channel, event, **data)
