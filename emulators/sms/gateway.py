"""The SMS gateway: takes messages, brings them to handsets, reports on them.

It knows numbers of the Bundesnetzagentur's range for fiction only, so no scenario can reach a real person.
Every wire protocol (REST today) ends in `submit`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import timedelta
from functools import cached_property
from typing import ClassVar
from urllib.parse import urlsplit

from starlette.applications import Starlette

from emulators.core.emulator import Door
from emulators.core.faults import Fault
from emulators.core.numbers import is_fictional
from emulators.core.physics import Physics

from . import rest
from .callback import signed_request, status_form
from .coding import coding_of
from .doors import post_callback, rest_door
from .faults import FAULTS, Duplicate, Late, Lost
from .faults import Rejected as RejectedFault
from .handset import Handset
from .message import Message, Rejected, Status

__all__ = ["Message", "Rejected", "SmsGateway", "Status"]

MAX_BODY = 1600  # characters

_E164 = re.compile(r"\+[1-9]\d{6,14}", re.ASCII)
_GERMAN_MOBILE = re.compile(r"\+491[567]\d+", re.ASCII)
# A sender is a number, a short code, or up to eleven letters and digits with at least one letter.
_SENDER = re.compile(r"\+[1-9]\d{6,14}|\d{3,8}|(?=[^A-Za-z]*[A-Za-z])[A-Za-z0-9 +&_-]{1,11}", re.ASCII)
_NOW = timedelta(0)


class SmsGateway:
    """One account at a gateway and the handsets it can reach. SID and token derive from the seed, TEST ONLY."""

    name: ClassVar[str] = "sms"
    faults: ClassVar[Mapping[str, type[Fault]]] = FAULTS

    def __init__(self, physics: Physics) -> None:
        self.physics = physics
        self._random = physics.randomness(self.name)
        self.account_sid = f"AC{self._hex()}"
        self.auth_token = self._hex()
        self._handsets: dict[str, Handset] = {}
        self._messages: dict[str, Message] = {}

    @cached_property
    def app(self) -> Starlette:
        """The REST surface, for a socket or for `mount`."""
        return rest.app(self)

    def doors(self) -> Iterable[Door]:
        return (rest_door(self),)

    def handset(self, number: str, *, receives_sms: bool | None = None) -> Handset:
        """The one handset behind `number` (E.164), made when first asked for.

        `receives_sms` sets the ability, `None` leaves it (a new handset has it). Raises `ValueError` for a number
        that is not E.164 or not one of fiction.
        """
        if not _E164.fullmatch(number) or not is_fictional(number):
            raise ValueError(f"{number!r} is not an E.164 number from the Bundesnetzagentur's ranges for fiction")
        handset = self._handsets.get(number)
        if handset is None:
            handset = self._handsets[number] = Handset(self.physics, self.name, number)
        if receives_sms is not None:
            handset.receives_sms = receives_sms
        return handset

    @property
    def messages(self) -> tuple[Message, ...]:
        """All messages taken, the oldest first."""
        return tuple(self._messages.values())

    def message(self, sid: str) -> Message:
        """Raises `Rejected` (20404) for an unknown SID."""
        if sid not in self._messages:
            raise Rejected.because(20404, sid)
        return self._messages[sid]

    def submit(self, to: str, sender: str, body: str, status_callback: str | None = None) -> Message:
        """Take a message for delivery at once; raises `Rejected`."""
        hit = self.physics.faults.strike(self.name, "submit")
        with self.physics.bent_by(hit):
            try:
                if hit is not None and isinstance(hit.fault, RejectedFault):
                    raise Rejected.because(hit.fault.code)
                _check(to, sender, body, status_callback)
            except Rejected as refused:
                self._journal_refusal(to, sender, refused)
                raise
        now = self.physics.clock.now
        message = Message(
            f"SM{self._hex()}", self.account_sid, to, sender, body, coding_of(body), status_callback, now, now
        )
        self._messages[message.sid] = message
        self._journal_submission(message)
        self.physics.later(_NOW, lambda: self._carry(message), f"sms {message.sid} sets out")
        return message

    def _carry(self, message: Message) -> None:
        """The way from the gateway to the handset, where messages get lost, late or doubled."""
        message.sent = self.physics.clock.now
        self._turn(message, Status.SENT)
        hit = self.physics.faults.strike(self.name, "delivery")
        with self.physics.bent_by(hit):
            match hit.fault if hit else None:
                case Lost():
                    self._fail(message, 30003)
                case Late(minutes=minutes):
                    self._write("delayed", sid=message.sid, to=message.to, minutes=minutes)
                    self._arrive_in(minutes, message)
                case Duplicate(minutes=minutes):
                    self._arrive(message)
                    self._write("duplicated", sid=message.sid, to=message.to, minutes=minutes)
                    self._arrive_in(minutes, message)
                case _:
                    self._arrive(message)

    def _arrive_in(self, minutes: int, message: Message) -> None:
        delay = timedelta(minutes=minutes)
        self.physics.later(delay, lambda: self._arrive(message), f"sms {message.sid} arrives")

    def _arrive(self, message: Message) -> None:
        handset = self._handsets.get(message.to)
        if handset is None:
            self._fail(message, 30005)
        elif not handset.receives_sms:
            self._fail(message, 30006)
        else:
            self._write("delivered", sid=message.sid, to=message.to)
            handset.receive(message.sid, message.sender, message.body)
            self._turn(message, Status.DELIVERED)

    def _fail(self, message: Message, error_code: int) -> None:
        message.error_code = error_code
        self._write("undelivered", sid=message.sid, to=message.to, error_code=error_code)
        self._turn(message, Status.UNDELIVERED)

    def _turn(self, message: Message, status: Status) -> None:
        """Change the state, and tell whoever asked to be told: once per state, also after a duplicate."""
        if message.status is status:
            return
        message.status, message.updated = status, self.physics.clock.now
        if message.status_callback is not None:
            self._report(replace(message), message.status_callback)

    def _report(self, message: Message, url: str) -> None:
        headers, body = signed_request(self.auth_token, url, status_form(message))

        def errand() -> None:
            answer = post_callback(url, headers, body)
            with self.physics.lock:
                self._write("callback", sid=message.sid, status=message.status.value, url=url, answer=answer)

        self.physics.send_out(errand)

    # `from` is a keyword of Python, hence the dictionaries.
    def _journal_refusal(self, to: str, sender: str, refused: Rejected) -> None:
        data = {"to": to, "from": sender}
        self._write("refused", **data, code=refused.code, status=refused.status, text=refused.text)

    def _journal_submission(self, message: Message) -> None:
        data = {"sid": message.sid, "to": message.to, "from": message.sender, "body": message.body}
        self._write("submitted", **data, segments=message.coding.segments)

    def _write(self, event: str, **data: str | int | None) -> None:
        self.physics.journal.write(self.name, event, **data)

    def _hex(self) -> str:
        return f"{self._random.getrandbits(128):032x}"


def _check(to: str, sender: str, body: str, status_callback: str | None) -> None:
    """Raises `Rejected` for the first thing that is wrong with a submission."""
    if not to:
        raise Rejected.because(21604)
    if not _E164.fullmatch(to):
        raise Rejected.because(21211, f"{to!r} is not an E.164 number such as +491713920000")
    if not is_fictional(to):
        raise Rejected.because(
            21211, f"{to} could be a real person's; this test gateway knows the Bundesnetzagentur's numbers for fiction"
        )
    if not _GERMAN_MOBILE.fullmatch(to):
        raise Rejected.because(21614, to)
    if not sender:
        raise Rejected.because(21603)
    if not _SENDER.fullmatch(sender):
        raise Rejected.because(21212, repr(sender))
    if not body:
        raise Rejected.because(21602)
    if len(body) > MAX_BODY:
        raise Rejected.because(21617)
    if status_callback is not None and not _is_http_url(status_callback):
        raise Rejected.because(21609, repr(status_callback))


def _is_http_url(url: str) -> bool:
    try:
        parts = urlsplit(url)
        return parts.scheme in ("http", "https") and bool(parts.hostname) and (parts.port is None or parts.port > 0)
    except ValueError:  # a port that is no number, a bracket that never closes
        return False
