"""The SMS gateway: takes messages, brings them to handsets, reports on them.

It knows numbers of the Bundesnetzagentur's range for fiction only, so no scenario can reach a real person.
Every wire protocol (Twilio's REST, seven.io's, SMPP) ends in `submit`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime, timedelta
from functools import cached_property, partial
from typing import ClassVar

from starlette.types import ASGIApp

from emulators.core.clock import Timer, elapsed
from emulators.core.emulator import Door
from emulators.core.faults import Armed, Fault
from emulators.core.physics import Physics
from emulators.wire.line_faults import LineFaults

from . import surface
from .admission import check, check_length
from .bends import bend
from .coding import coding_of
from .credentials import credentials_of
from .doors import account_door, rest_door
from .faults import FAULTS, CreditExhausted, QueueFull
from .faults import Rejected as RejectedFault
from .handset import Handset
from .message import Message, Part, Rejected, Replacement, SmsOrder, Status
from .network import Network
from .reports import Reports
from .smpp.account import Rules, SmppAccount
from .store import Messages

__all__ = ["Message", "Part", "Rejected", "SmsGateway", "SmsOrder", "Status"]

_NOW = timedelta(0)
_CANCELED, _SENT = Status.CANCELED, Status.SENT

# Words by which a recipient stops and resumes messages. Source: Twilio, default keywords of opt-out management.
_STOP = frozenset({"STOP", "STOPALL", "UNSUBSCRIBE", "CANCEL", "END", "QUIT", "STOPP"})
_START = frozenset({"START", "YES", "UNSTOP"})


class SmsGateway:
    """One account at a gateway and the network behind it. All keys are TEST ONLY.

    `service_sender` is who messages of the messaging service come from, `price_per_segment` what one costs in US
    dollars (an assumption), `inbound_url` where messages from handsets are reported to, as Twilio does. `seven_hook` is
    where seven.io reports to if the order does not say, `seven_balance` the euros on that account. `smpp` are the rules
    of the account's SMPP sessions.
    """

    name: ClassVar[str] = "sms"
    faults: ClassVar[Mapping[str, type[Fault]]] = FAULTS

    def __init__(self, physics: Physics, *, smpp: Rules | None = None) -> None:
        self.physics = physics
        self.credentials = credentials_of(physics)
        self.account_sid = self.credentials.account_sid
        self.auth_token = self.credentials.auth_token
        self.smpp_system_id = self.credentials.smpp_system_id
        self.smpp_password = self.credentials.smpp_password
        self.seven_key = self.credentials.seven_key
        self._smpp_rules = smpp
        self.service_sender = "Musterkasse"
        self.price_per_segment = 0.085
        self.inbound_url: str | None = None
        self.seven_hook: str | None = None
        self.seven_balance = 500.0
        self.network = Network(physics, self.name, self._turn, self.receive)
        self.reports = Reports(physics, self.name, self.auth_token)
        self.store = Messages()
        self._submitted = physics.journal.kind(self.name, "submitted", "sid", "to", "from", "body", "segments")
        self._random = physics.randomness(self.name)
        self._scheduled: dict[str, Timer] = {}  # of each message that has not set out
        self._opted_out: set[tuple[str, str]] = set()
        self._inbound_listeners: list[Callable[[Message], object]] = []

    @cached_property
    def app(self) -> ASGIApp:
        """The REST surfaces, for a socket or for `mount`: Twilio's, and seven.io's at /api/sms."""
        return LineFaults(surface.app(self), self.physics, self.name)

    def doors(self) -> Iterable[Door]:
        return rest_door(self), account_door(self.smpp_account)

    @cached_property
    def smpp_account(self) -> SmppAccount:
        """The account as SMPP knows it. From the first use on, it also takes what handsets send."""
        return SmppAccount(self, self._smpp_rules)

    def handset(self, number: str, *, receives_sms: bool | None = None) -> Handset:
        """The one handset that the owner of `number` (E.164) carries, made when first asked for.

        `receives_sms` sets the ability, `None` leaves it (a new handset has it). Raises `ValueError` for a number
        that is not E.164 or not one of fiction.
        """
        handset = self.network.handset(number)
        if receives_sms is not None:
            handset.receives_sms = receives_sms
        return handset

    # -- messages of the account ----------------------------------------------------------------------------------

    @property
    def messages(self) -> tuple[Message, ...]:
        """All messages taken or received, the oldest first."""
        return tuple(self.store)

    def message(self, sid: str) -> Message:
        """Raises `Rejected` (20404) for an unknown SID."""
        message = self.store.get(sid)
        if message is None:
            raise Rejected.because(20404, sid)
        return message

    def submit(self, order: SmsOrder) -> Message:
        """Take a message for delivery, at once or when the order says; raises `Rejected`."""
        to, sender = order.to, order.sender or (self.service_sender if order.service_sid is not None else "")
        faults = self.physics.faults
        hit = faults.strike(self.name, "submit") if faults.armed else None
        try:
            if hit is not None:
                _refuse_by(hit)
            check(order, sender)
            if self._opted_out and (to, sender) in self._opted_out:
                raise Rejected.because(21610)
        except Rejected as refused:
            with self.physics.bent_by(hit):
                self._journal_refusal(to, sender, refused)
            raise
        message = self._enter(order, sender)
        sid = message.sid
        self._submitted(sid, to, sender, message.body, message.coding.segments)
        carry, label = partial(self._carry, message), f"sms {sid} sets out"
        if order.send_at is not None and elapsed(message.created, order.send_at) > _NOW:
            message.status = Status.SCHEDULED
            self._scheduled[sid] = self.physics.at(order.send_at, carry, label)
        else:
            if order.service_sid is not None:
                message.status = Status.ACCEPTED
            self.physics.soon(carry, label)
        return message

    def cancel(self, sid: str) -> Message:
        """Take a message back that has not arrived. Raises `Rejected`: 20404, or 20409 if it is too late."""
        message = self._pending(sid)
        self._write("canceled", sid=sid, to=message.to)
        self.network.forget(message)
        if (timer := self._scheduled.pop(sid, None)) is not None:
            timer.cancel()
        self._turn(message, Status.CANCELED, None, 0)
        return message

    def replace(self, sid: str, new: Replacement) -> Message:
        """Give a message that has not arrived another text, and, if they are given, other times.

        Raises `Rejected`: 20404, 20409 (also for another `send_at` once it has set out), 21602, 21617.
        """
        message, body = self._pending(sid), new.body
        if not body:
            raise Rejected.because(21602)
        check_length(body)
        if new.send_at is not None:
            self._reschedule(message, new.send_at)
        message.order = message.order._replace(payload=new.payload)
        if new.validity is not None:
            message.order = message.order._replace(validity=new.validity)
            self.network.revalidated(message)
        message.body, message.coding, message.updated = body, new.coding or coding_of(body), self.physics.clock.now
        times = {"send_at": new.send_at, "valid_until": None if new.validity is None else message.expires}
        told = {name: moment for name, moment in times.items() if moment is not None}
        self._write("replaced", sid=sid, to=message.to, body=body, **told)
        return message

    def _reschedule(self, message: Message, send_at: datetime) -> None:
        if message.status is not Status.SCHEDULED:
            raise Rejected.because(20409, f"{message.sid} is {message.status.value}, it has set out already")
        timer = self._scheduled[message.sid]
        timer.cancel()
        message.order = message.order._replace(send_at=send_at)
        self._scheduled[message.sid] = self.physics.at(send_at, partial(self._carry, message), timer.label)

    def redact(self, sid: str) -> Message:
        """Forget the text of a message that has come to its end. Raises `Rejected`: 20404, 20409."""
        message = self._finished(sid)
        message.body, message.updated = "", self.physics.clock.now
        self._write("redacted", sid=sid)
        return message

    def delete(self, sid: str) -> None:
        """Forget a message that has come to its end. Raises `Rejected`: 20404, 20409."""
        self.store.remove(self._finished(sid))
        self._write("deleted", sid=sid)

    def _pending(self, sid: str) -> Message:
        message = self.message(sid)
        if not message.pending:
            raise Rejected.because(
                20409, f"{sid} {'has arrived' if message.arrived else f'is {message.status.value}'} already"
            )
        return message

    def _finished(self, sid: str) -> Message:
        message = self.message(sid)
        if not message.status.final:
            raise Rejected.because(20409, f"{sid} is {message.status.value}, not at its end")
        return message

    # -- messages from handsets -----------------------------------------------------------------------------------

    def receive(self, sender: str, to: str, body: str) -> Message:
        """Take a message that the handset of `sender` sends to the account's number `to`.

        STOP and its like end messages from `to` to `sender`; START begins them again.
        """
        message = self._enter(SmsOrder(to, sender, body), sender)
        message.status = Status.RECEIVED
        self._write("received", sid=message.sid, to=to, **{"from": sender}, body=body)
        word = body.strip().upper()
        if word in _STOP:
            self._opted_out.add((sender, to))
            self._write("opted_out", to=sender, **{"from": to})
        elif word in _START:
            self._opted_out.discard((sender, to))
            self._write("opted_in", to=sender, **{"from": to})
        for listener in self._inbound_listeners:
            listener(message)
        if self.inbound_url is not None:
            self.reports.inbound(message, self.inbound_url)
        return message

    def listen_inbound(self, listener: Callable[[Message], object]) -> Callable[[], None]:
        """Call `listener`, with the world locked, for each message from a handset; what is returned ends that."""
        self._inbound_listeners.append(listener)
        return lambda: self._inbound_listeners.remove(listener)

    # -- on the way -----------------------------------------------------------------------------------------------

    def _enter(self, order: SmsOrder, sender: str) -> Message:
        now, body = self.physics.clock.now, order.body
        coding = order.coding or coding_of(body)
        message = Message(self.new_sid(), self.account_sid, order, sender, body, coding, now, now)
        self.store.add(message)
        return message

    def _carry(self, message: Message) -> None:
        """The message leaves the gateway; on the way it may be lost, late, doubled…"""
        if self._scheduled:
            self._scheduled.pop(message.sid, None)
        if message.status is _CANCELED:
            return
        message.sent = self.physics.clock.now
        self._turn(message, _SENT, None, 0)
        faults = self.physics.faults
        hit = faults.strike(self.name, "delivery") if faults.armed else None
        if hit is None:
            self.network.arrive(message)
            return
        with self.physics.bent_by(hit):
            bend(self.network, message, hit.fault)

    def _turn(self, message: Message, status: Status, error_code: int | None, network_error: int) -> None:
        """Change the state and tell whoever asked to be told. A state at the end of the way stays as it is."""
        former = message.status
        if former is status or former.final:
            return
        message.status, message.updated = status, self.physics.clock.now
        message.error_code, message.network_error = error_code, network_error
        listener, callback = message.order.listener, message.order.status_callback
        if listener is not None:
            listener(message)
        if callback is not None:
            self.reports.status(message, callback)

    # `from` is a keyword of Python, hence the dictionaries.
    def _journal_refusal(self, to: str, sender: str, refused: Rejected) -> None:
        data = {"to": to, "from": sender}
        self._write("refused", **data, code=refused.code, status=refused.status, text=refused.text)

    def _write(self, event: str, **data: object) -> None:
        self.physics.journal.write(self.name, event, **data)

    def new_sid(self) -> str:
        """A message SID that was not there before."""
        return "SM" + self._random.getrandbits(128).to_bytes(16, "big").hex()


def _refuse_by(hit: Armed) -> None:
    match hit.fault:
        case RejectedFault(code=code):
            raise Rejected.because(code)
        case CreditExhausted():
            raise Rejected.because(20005, "the account's credit is exhausted")
        case QueueFull():
            raise Rejected.because(21611)
