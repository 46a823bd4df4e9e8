"""A handset as far as text messages go: its SIMs, what arrived, what the screen showed, which code an app may take."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from enum import StrEnum
from typing import NamedTuple

from emulators.core.clock import elapsed
from emulators.core.physics import Physics

from .assembly import Assembly
from .message import Message, Part
from .one_time_code import Way, codes_in, domain_bound, ios_autofill, retriever, user_consent
from .takeover import Api, CodeRequest, Platform

# SMS Retriever and User Consent listen for five minutes; older messages are not offered.
TAKEOVER_WINDOW = timedelta(minutes=5)

_NOTICE_LENGTH = 80  # characters of a message that a lock screen shows


class Hindrance(StrEnum):
    """Why a message must wait for the handset."""

    OFF = "off"
    MEMORY_FULL = "memory_full"


class TextMessage(NamedTuple):
    """A message as it lies in the handset; `to` is the number (the SIM) it was sent to."""

    sid: str
    sender: str
    body: str
    received_at: datetime
    to: str = ""

    @property
    def codes(self) -> tuple[str, ...]:
        """The codes a person would read in it, the likeliest first."""
        return codes_in(self.body)


class Handset:
    """A device with one or several SIMs. `number` is the one it was made for, `numbers` are the SIMs in it now.

    `receives_sms` is false for a tablet without telephony, or a landline. `platform` decides which ways of taking a
    code over exist; `None` leaves that open. `contacts` are senders the person knows. `hindrances` are why
    nothing arrives, `hindrance` is the one that is told: being off comes before a full memory.
    """

    def __init__(
        self,
        physics: Physics,
        channel: str,
        number: str,
        *,
        receives_sms: bool = True,
        available: Callable[[Handset], object] | None = None,
        send: Callable[[str, str, str], Message] | None = None,
    ) -> None:
        self._physics = physics
        self._channel = channel
        self.number = number
        self.receives_sms = receives_sms
        self.platform: Platform | None = None
        self.contacts: set[str] = set()
        self._numbers = [number]
        self._inbox: list[TextMessage] = []
        self._flashes: list[TextMessage] = []
        self._assembly = Assembly()
        self.hindrances: set[Hindrance] = set()
        self.hindrance: Hindrance | None = None
        self._requests: list[CodeRequest] = []
        self._asked: list[CodeRequest] = []
        self._noticed = physics.journal.kind(channel, "notice", "sid", "to", "from", "text")
        self._flashed = physics.journal.kind(channel, "flash", "sid", "to", "from", "text")
        self._available = available
        self._send = send

    # -- SIMs and state -------------------------------------------------------------------------------------------

    @property
    def numbers(self) -> tuple[str, ...]:
        """The numbers of the SIMs in it; empty after a SIM swap."""
        return tuple(self._numbers)

    def insert(self, number: str) -> None:
        """Put a SIM in. The network does this (`move_sim`), for it must know."""
        if number not in self._numbers:
            self._numbers.append(number)

    def eject(self, number: str) -> None:
        """Take a SIM out."""
        if number in self._numbers:
            self._numbers.remove(number)

    def hinder(self, hindrance: Hindrance) -> None:
        """Switch it off, or fill its memory."""
        self.hindrances.add(hindrance)
        self._look_at_hindrances()
        self._write("handset.hindered", number=self.number, reason=hindrance.value)

    def recover(self, hindrance: Hindrance) -> None:
        """Switch it on, or make room; all that waited comes at once, if nothing else hinders it."""
        if hindrance not in self.hindrances:
            return
        self.hindrances.discard(hindrance)
        self._look_at_hindrances()
        self._write("handset.recovered", number=self.number, reason=hindrance.value)
        if not self.hindrances and self._available is not None:
            self._available(self)

    def _look_at_hindrances(self) -> None:
        self.hindrance = next((each for each in Hindrance if each in self.hindrances), None)

    # -- messages -------------------------------------------------------------------------------------------------

    @property
    def inbox(self) -> tuple[TextMessage, ...]:
        """All messages, the oldest first."""
        return tuple(self._inbox)

    @property
    def newest(self) -> TextMessage | None:
        return self._inbox[-1] if self._inbox else None

    @property
    def flashes(self) -> tuple[TextMessage, ...]:
        """The flash messages (class 0) that were on the screen; they are in no inbox."""
        return tuple(self._flashes)

    def receive(self, sid: str, sender: str, body: str, *, to: str | None = None, flash: bool = False) -> TextMessage:
        """Take a message in and show it on the lock screen; a flash message is shown whole and not stored."""
        message = TextMessage(sid, sender, body, self._physics.clock.now, to or self.number)
        if flash:
            self._flashed(sid, message.to, sender, body)
            self._flashes.append(message)
            return message
        self._noticed(sid, message.to, sender, body[:_NOTICE_LENGTH])
        self._inbox.append(message)
        for request in self._requests.copy() if self._requests else ():
            request.offer(message)
        return message

    def receive_part(
        self, sid: str, sender: str, text: str, part: Part, *, to: str | None = None, flash: bool = False
    ) -> TextMessage | None:
        """Take one part in; the message is shown once the last missing part is here, in whatever order they come."""
        number = to or self.number
        whole = self._assembly.add(number, sender, part, text)
        if whole is not None:
            return self.receive(sid, sender, whole, to=number, flash=flash)
        self._write("part", sid=sid, to=number, reference=part.reference, number=part.number, total=part.total)
        return None

    def send(self, to: str, text: str, *, number: str | None = None) -> Message:
        """Send a message from one of its SIMs (the first, unless `number` says which) to the gateway's number `to`.

        Raises `ValueError` if it holds no such SIM, or if `to` is a name: nobody can answer to a name.
        """
        number = number or next(iter(self._numbers), None)
        if self._send is None or number is None or number not in self._numbers:
            raise ValueError(f"there is no SIM of {number or self.number} in this handset")
        if not to.removeprefix("+").isdecimal():
            raise ValueError(f"a message can be sent to a number, not to {to!r}")
        return self._send(number, to, text)

    # -- one-time codes -------------------------------------------------------------------------------------------

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
        elif elapsed(newest.received_at, now) > TAKEOVER_WINDOW:
            reason = "too_old"
        else:
            code, reason = way(newest.body), "no_code_for_this_app"
        if code is None:
            self._write("code.not_offered", sid=sid, to=self.number, reason=reason)
        else:
            self._write("code.taken_over", sid=sid, to=self.number, code=code)
        return code

    def start_retriever(self, app_hash: str) -> CodeRequest:
        """Android's SMS Retriever: a message that comes within five minutes and ends with `app_hash`; nobody is asked.

        Source: Google, SMS Retriever API.
        """
        return self._await(Api.RETRIEVER, retriever(app_hash))

    def start_user_consent(self, sender: str | None = None) -> CodeRequest:
        """Android's SMS User Consent: the person is asked about one message with a code, within five minutes.

        A sender among the contacts is never offered; `sender` narrows it to one number.
        Source: Google, SMS User Consent API.
        """

        def may(message: TextMessage) -> bool:
            return message.sender not in self.contacts and sender in (None, message.sender)

        return self._await(Api.USER_CONSENT, user_consent, may)

    def start_autofill(self, domain: str, embedded: str | None = None) -> CodeRequest:
        """iOS AutoFill above the keyboard: the newest message of the last five minutes, or one that comes.

        Source: Apple, Password AutoFill; WICG, Origin-bound one-time codes.
        """
        request = self._await(Api.AUTOFILL, domain_bound(domain, embedded) if embedded else ios_autofill(domain))
        newest = self.newest
        if newest is not None and elapsed(newest.received_at, self._physics.clock.now) <= TAKEOVER_WINDOW:
            request.offer(newest)
        return request

    @property
    def code_requests(self) -> tuple[CodeRequest, ...]:
        """All that apps have asked for, the oldest first, however they ended."""
        return tuple(self._asked)

    def _await(self, api: Api, way: Way, may: Callable[[TextMessage], bool] = lambda _: True) -> CodeRequest:
        request = CodeRequest(api, self.number, way, may, self._write, self._requests.remove)
        self._requests.append(request)
        self._asked.append(request)
        request.start(self.platform)
        self._physics.later(TAKEOVER_WINDOW, request.time_out, f"{api.value} on {self.number} ends")
        return request

    def _write(self, event: str, **data: object) -> None:
        self._physics.journal.write(self._channel, event, **data)
