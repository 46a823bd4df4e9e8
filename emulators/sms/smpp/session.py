"""The SMS centre's end of one SMPP connection. Sans-IO: octets in, octets out through a wire.

It knows bind, unbind, enquire_link both ways, submissions and deliveries within their windows. It does not know
encryption or SMPP 5.0's broadcasts and congestion control. What is wrong with a PDU is answered in SMPP's words and
noted in the journal; only where framing is lost is the connection closed.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from functools import partial
from threading import RLock

from emulators.wire.line import struck
from emulators.wire.tcp import Wire

from .account import SmppAccount
from .bent_line import answer_over, is_refused
from .binding import MODES, RECEIVES, SUBMITS, Mode, admission, admit
from .bodies import Bind, Malformed
from .codes import RESPONSE, Command, Status, name_of
from .faults import ENQUIRE_LINK, SUBMIT, ServerUnbind
from .framer import Framer, FramingLost, Pdu
from .operations import OPERATIONS, SUBMITTING, answer
from .pdu import BINDS, decode, pdu
from .spoiled import spoil
from .submitted import Delivery
from .upkeep import enquire_later, look_after
from .voice import Voice

_MAX_SEQUENCE = 0x7FFFFFFF


class SmppSession:
    """One connection. It is without a world until a bind says whose account it is; then it holds that world's lock.

    `accounts` finds the account of a system_id, `busy` is told of the account after each piece of input.
    """

    heard_at: datetime

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
        self._lock = RLock()  # its world's, once it has one
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
            lock, closed = self._locked(), Mode.CLOSED
            try:
                for request in requests:
                    if self.mode is closed:
                        break
                    self._take(request)
            finally:
                lock.release()
        except FramingLost as lost:
            self._lose("framing_lost", str(lost), lost.sequence)
        if self.account is not None:
            if self.account.rules.idle_after is not None:
                self.heard_at = self.account.physics.clock.now
            self._busy(self.account)

    def lost(self, why: str) -> None:
        self._lose("connection_lost", why)

    def _lose(self, event: str, why: str, nack: int | None = None) -> None:
        lock = self._locked()
        try:
            if why:
                self._note(event, why=why)
            if nack is not None:
                self._say(Command.GENERIC_NACK, nack, Status.RINVCMDLEN)
            self._end()
        finally:
            lock.release()

    def _locked(self) -> RLock:
        """The lock of its world, to be released: of the one that it is in once the lock is had (see `move`)."""
        while True:
            lock = self._lock
            lock.acquire()
            if lock is self._lock:
                return lock
            lock.release()

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
            if account.ended:  # its world was dropped a moment ago
                self._say(request.command | RESPONSE, request.sequence, Status.RINVSYSID)
            elif is_refused(account):
                self._end()
            else:
                self._handle(account, request, lambda session, _: session._bind_to(account, request, bind))

    def _bind_to(self, account: SmppAccount, request: Pdu, bind: Bind) -> None:
        mode = MODES[Command(request.command)]
        if status := admit(account, mode, bind):
            self._say(request.command | RESPONSE, request.sequence, status)
            return
        self.mode, self._may_submit = mode, mode in SUBMITS
        self._say(request.command | RESPONSE, request.sequence, body=admission(account, bind))
        self._enter(account)

    def _enter(self, account: SmppAccount) -> None:
        """The account is this session's from now on; its world's lock is held."""
        self.account, self._lock = account, account.physics.lock
        account.sessions.append(self)
        if self.mode in RECEIVES:
            account.join(self)
        look_after(self, account)

    def move(self, heir: SmppAccount | None) -> None:
        """Its world is gone, and so is its account: go on at `heir`, which is of the same client, or be unbound.

        A session that still owes an answer is unbound in any case: only the clock that has stopped would have let it
        go. The lock of the former world is held; worlds are dropped one by one, so waiting for the next one's is safe.
        """
        if heir is not None and self.mode is not Mode.UNBOUND and not self._voice.withheld:
            with heir.physics.lock:
                if not heir.ended:
                    heir.write("taken_over", system_id=heir.system_id, mode=self.mode.value)
                    self._enter(heir)
                    return
        if self.mode is not Mode.UNBOUND:
            self._note("unbound", by="server")
            self._say(Command.UNBIND, self._next())
        self.mode, self._may_submit = Mode.CLOSED, False
        self.wire.close()

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

    @property
    def closed(self) -> bool:
        return self.mode is Mode.CLOSED

    def enquire(self) -> None:
        self._say(Command.ENQUIRE_LINK, self._next())

    def give_up(self, silent: timedelta) -> None:
        self._note("idle", seconds=int(silent.total_seconds()))
        self._end()

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
            if account is not None:
                enquire_later(self, account)
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
