"""The SMS centre's end of one SMPP connection. Sans-IO: octets in, octets out through a wire.

It knows bind, unbind, enquire_link both ways, submissions and deliveries within their windows. It does not know
encryption or SMPP 5.0's broadcasts and congestion control. What is wrong with a PDU is answered in SMPP's words and
noted in the journal; only where framing is lost is the connection closed.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from datetime import datetime, timedelta
from enum import Enum
from functools import partial
from typing import Any

from emulators.core.clock import elapsed
from emulators.wire.line import struck
from emulators.wire.tcp import Wire

from .account import SmppAccount
from .bent_line import answer_over, is_refused
from .bodies import Bind, BindResp, Malformed, Tlv
from .codes import RESPONSE, Command, Status, Tag, name_of
from .faults import BIND, ENQUIRE_LINK, SUBMIT, BindRefused, ServerUnbind
from .framer import Framer, FramingLost, Pdu
from .operations import OPERATIONS, SUBMITTING, answer
from .pdu import BINDS, decode, encode, pdu
from .spoiled import spoil
from .submitted import Delivery
from .voice import Voice

INTERFACE_VERSION = 0x34
_MAX_SEQUENCE = 0x7FFFFFFF
_FIRST_WITH_PARAMETERS = 0x34  # interface versions below do not know optional parameters


class Mode(Enum):
    """The states of a session. Source: SMPP v3.4, 2.2."""

    OPEN = "open"
    TRANSMITTER = "transmitter"
    RECEIVER = "receiver"
    TRANSCEIVER = "transceiver"
    UNBOUND = "unbound"
    CLOSED = "closed"


_MODES = {
    Command.BIND_TRANSMITTER: Mode.TRANSMITTER,
    Command.BIND_RECEIVER: Mode.RECEIVER,
    Command.BIND_TRANSCEIVER: Mode.TRANSCEIVER,
}
_SUBMITS = frozenset({Mode.TRANSMITTER, Mode.TRANSCEIVER})
_RECEIVES = frozenset({Mode.RECEIVER, Mode.TRANSCEIVER})


class SmppSession:
    """One connection. It is without a world until a bind says whose account it is; then it holds that world's lock.

    `accounts` finds the account of a system_id, `busy` is told of the account after each piece of input.
    """

    _heard_at: datetime

    def __init__(
        self,
        wire: Wire,
        accounts: Callable[[str], SmppAccount | None],
        busy: Callable[[SmppAccount], object] = lambda _: None,
    ) -> None:
        self.wire = wire
        self.mode = Mode.OPEN
        self._may_submit = False
        self.account: SmppAccount | None = None
        self._accounts = accounts
        self._busy = busy
        self._lock: AbstractContextManager[Any] = nullcontext()
        self._framer = Framer()
        self._sequence = 0
        self._unanswered_submissions = 0
        self._voice = Voice(wire)
        self._unanswered: dict[int, Delivery] = {}

    # -- the wire's side --------------------------------------------------------------------------------------------

    def receive(self, data: bytes) -> None:
        """Take octets as they come. Submissions that come in one piece were all sent before an answer to any."""
        self._unanswered_submissions = self._voice.withheld
        requests = self._framer.feed(data)
        try:
            while self.account is None and self.mode is not Mode.CLOSED and (request := next(requests, None)):
                self._take(request)
            with self._lock:
                closed = Mode.CLOSED
                for request in requests:
                    if self.mode is closed:
                        break
                    self._take(request)
        except FramingLost as lost:
            with self._lock:
                self._note("framing_lost", why=str(lost))
                self._say(Command.GENERIC_NACK, lost.sequence, Status.RINVCMDLEN)
                self._end()
        if self.account is not None:
            if self.account.rules.idle_after is not None:
                self._heard_at = self.account.physics.clock.now
            self._busy(self.account)

    def lost(self, why: str) -> None:
        with self._lock:
            if why:
                self._note("connection_lost", why=why)
            self._end()

    def _take(self, request: Pdu) -> None:
        command = request.command
        if command & RESPONSE:
            self._take_answer(request)
        elif (handle := _HANDLERS.get(command)) is None:
            self._note("unknown_command", command=name_of(Command, command))
            self._say(Command.GENERIC_NACK, request.sequence, Status.RINVCMDID)
        elif self.account is None or not self.account.physics.faults.armed:
            handle(self, request)
        else:
            self._handle(self.account, request, handle)

    def _handle(self, account: SmppAccount, request: Pdu, handle: Callable[[SmppSession, Pdu], None]) -> None:
        hit = struck(account.physics, account.name)
        if hit is None:
            handle(self, request)
        else:
            answer_over(hit, self.wire, account, request, partial(handle, self, request))

    # -- binding ----------------------------------------------------------------------------------------------------

    def _bind(self, request: Pdu) -> None:
        try:
            bind = decode(Bind, request.body)
        except Malformed as error:
            self._say(request.command | RESPONSE, request.sequence, error.status)
            return
        if self.mode is not Mode.OPEN:
            self._say(request.command | RESPONSE, request.sequence, Status.RALYBND)
            return
        account = self._accounts(bind.system_id)
        if account is None:
            self._say(request.command | RESPONSE, request.sequence, Status.RINVSYSID)
            return
        with account.physics.lock:
            if is_refused(account):
                self._end()
            else:
                self._handle(account, request, lambda session, _: session._bind_to(account, request, bind))

    def _bind_to(self, account: SmppAccount, request: Pdu, bind: Bind) -> None:
        mode = _MODES[Command(request.command)]
        hit = account.physics.faults.strike(account.name, BIND)
        with account.physics.bent_by(hit):
            status: int = Status.ROK
            if hit is not None and isinstance(hit.fault, BindRefused):
                status = hit.fault.status
            elif not account.admits(bind.password):
                status = Status.RINVPASWD
            elif len(account.sessions) >= account.rules.sessions:
                status = Status.RBINDFAIL
            event = "bind.refused" if status else "bound"
            about = {"status": status} if status else {}
            version = f"0x{bind.interface_version:02X}"
            account.write(event, system_id=bind.system_id, mode=mode.value, interface_version=version, **about)
        if status:
            self._say(request.command | RESPONSE, request.sequence, status)
            return
        self.account, self.mode, self._lock = account, mode, account.physics.lock
        self._may_submit = mode in _SUBMITS
        version_tlv = Tlv(Tag.SC_INTERFACE_VERSION, bytes((INTERFACE_VERSION,)))
        tlvs = (version_tlv,) if bind.interface_version >= _FIRST_WITH_PARAMETERS else ()
        self._say(request.command | RESPONSE, request.sequence, body=encode(BindResp(account.system_id, tlvs)))
        account.sessions.append(self)
        if mode in _RECEIVES:
            account.join(self)
        if account.rules.enquire_every is not None:
            self._enquire_after(account, account.rules.enquire_every)
        if account.rules.idle_after is not None:
            self._heard_at = account.physics.clock.now
            self._drop_after(account, account.rules.idle_after, account.rules.idle_after)

    def _unbind(self, request: Pdu) -> None:
        if self.account is None:
            self._say(request.command | RESPONSE, request.sequence, Status.RINVBNDSTS)
            return
        self._say(request.command | RESPONSE, request.sequence)
        self._note("unbound", by="client")
        self._end()

    def unbind(self) -> None:
        """Unbind from the server's side: the client answers, then the connection ends. Nothing is taken meanwhile but
        answers to what was delivered before."""
        self._note("unbound", by="server")
        if self.account is not None:
            self.account.withdraw(self)
        self.mode, self._may_submit = Mode.UNBOUND, False
        self._say(Command.UNBIND, self._next())

    def _end(self) -> None:
        if self.mode is not Mode.CLOSED:
            self._leave()
            self.mode = Mode.CLOSED
            self._voice.close()

    def _leave(self) -> None:
        if self.account is not None and self in self.account.sessions:
            self.account.sessions.remove(self)
            unanswered, self._unanswered = list(self._unanswered.values()), {}
            self.account.leave(self, unanswered)

    # -- keeping alive ----------------------------------------------------------------------------------------------

    def _enquire_link(self, request: Pdu) -> None:
        hit = self.account.physics.faults.strike(self.account.name, ENQUIRE_LINK) if self.account else None
        if hit is not None and self.account is not None:
            with self.account.physics.bent_by(hit):
                self.account.write("enquire_link.ignored")
            return
        self._say(request.command | RESPONSE, request.sequence)

    def _enquire_after(self, account: SmppAccount, period: timedelta) -> None:
        """Once only: the next one comes so long after the client has answered this one."""

        def enquire() -> None:
            if self.mode is not Mode.CLOSED:
                self._say(Command.ENQUIRE_LINK, self._next())

        account.physics.later(period, enquire, "smpp enquire_link", upkeep=True)

    def _drop_after(self, account: SmppAccount, delay: timedelta, limit: timedelta) -> None:
        def look() -> None:
            silent = elapsed(self._heard_at, account.physics.clock.now)
            if self.mode is Mode.CLOSED:
                return
            if silent < limit:
                self._drop_after(account, limit - silent, limit)
                return
            self._note("idle", seconds=int(silent.total_seconds()))
            self._end()

        account.physics.later(delay, look, "smpp session looked after", upkeep=True)

    # -- submissions ------------------------------------------------------------------------------------------------

    def _operate(self, request: Pdu) -> None:
        (command, _, sequence, octets), account = request, self.account
        if account is None or not self._may_submit:
            self._say(command | RESPONSE, sequence, Status.RINVBNDSTS)
            return
        if command not in SUBMITTING:
            status, body, _ = answer(account, command, octets)
            self._say(command | RESPONSE, sequence, status, body)
            return
        voice, rules = self._voice, account.rules
        self._unanswered_submissions = unanswered = self._unanswered_submissions + 1
        if unanswered > rules.window:
            self._note("window_exceeded", unanswered=unanswered, window=rules.window)
            voice.reply(pdu(command | RESPONSE, sequence, status=rules.over_window))
            return
        faults = account.physics.faults
        hit = faults.strike(account.name, SUBMIT) if faults.armed else None
        if hit is not None:
            with account.physics.bent_by(hit):
                spoil(voice, account, hit.fault, request)
                if isinstance(hit.fault, ServerUnbind):
                    self.unbind()
            return
        status, body, submission = answer(account, command, octets)
        if submission is not None:
            account.newest_id = submission.message_id
        voice.reply(pdu(command | RESPONSE, sequence, body, status))

    # -- deliveries -------------------------------------------------------------------------------------------------

    def take(self, delivery: Delivery) -> bool:
        if self.account is None or len(self._unanswered) >= self.account.rules.deliveries:
            return False
        sequence = self._next()
        self._unanswered[sequence] = delivery
        self._voice.send(pdu(_DELIVER_SM, sequence, delivery.body))
        return True

    def _take_answer(self, request: Pdu) -> None:
        (command, status, sequence, _), account = request, self.account
        delivery = self._unanswered.pop(sequence, None) if command in _DELIVERED else None
        if delivery is not None and account is not None:
            if status:
                account.refused(delivery, status)
            if account.waiting:
                account.pump()
        elif command == Command.UNBIND | RESPONSE and self.mode is Mode.UNBOUND:
            self._end()
        elif command == Command.ENQUIRE_LINK | RESPONSE:
            if account is not None and account.rules.enquire_every is not None:
                self._enquire_after(account, account.rules.enquire_every)
        else:
            self._note("unasked_answer", command=name_of(Command, command), status=name_of(Status, status))

    def _out_of_place(self, request: Pdu) -> None:
        """What only a server sends, or only before a bind."""
        self._note("out_of_place", command=name_of(Command, request.command))
        if request.command == Command.DELIVER_SM:
            self._say(request.command | RESPONSE, request.sequence, Status.RINVBNDSTS)

    # -- speaking ---------------------------------------------------------------------------------------------------

    def _say(self, command: int, sequence: int, status: int = 0, body: bytes = b"") -> None:
        self._voice.send(pdu(command, sequence, body, status))

    def _next(self) -> int:
        self._sequence = self._sequence % _MAX_SEQUENCE + 1
        return self._sequence

    def _note(self, event: str, **data: object) -> None:
        if self.account is not None:  # before a bind there is no world whose journal it could be
            self.account.write(event, **data)


_DELIVER_SM = Command.DELIVER_SM
_DELIVERED = frozenset({Command.DELIVER_SM | RESPONSE, Command.GENERIC_NACK})
_HANDLERS: Mapping[int, Callable[[SmppSession, Pdu], None]] = {
    **dict.fromkeys(BINDS, SmppSession._bind),
    **dict.fromkeys(OPERATIONS, SmppSession._operate),
    Command.UNBIND: SmppSession._unbind,
    Command.ENQUIRE_LINK: SmppSession._enquire_link,
    Command.DELIVER_SM: SmppSession._out_of_place,
    Command.OUTBIND: SmppSession._out_of_place,
    Command.ALERT_NOTIFICATION: SmppSession._out_of_place,
}
