"""An account at the SMS centre: who may bind, what was submitted, and what waits to be delivered to its sessions."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta
from functools import partial
from hmac import compare_digest
from typing import TYPE_CHECKING, Protocol

from emulators.core.faults import Armed

from ..coding import split
from ..message import Message
from .bodies import ShortMessage
from .codes import ALPHANUMERIC, E164, INTERNATIONAL, EsmClass, MessageState
from .codes import Status as Esme
from .faults import RECEIPT, DelivrdAfterUndeliv, ReceiptDialect, ReceiptNeverSent
from .pdu import encode
from .receipt import Dialect, Receipt, written
from .submission import network_error_of, order_of, state_of
from .text import data_coding_of, doubts_of
from .text import encode as in_alphabet

if TYPE_CHECKING:
    from ..gateway import SmsGateway

_ID_DIGITS = 16
_UNDELIVERED_ERROR = 1  # absent subscriber
_INTERMEDIATE = 0x10  # bit 4 of registered_delivery


@dataclass(frozen=True, slots=True)
class Rules:
    """What the operator of the SMS centre has set up for an account.

    `window` is how many submissions may be unanswered; one more is answered with `over_window`. `deliveries` is how
    many deliver_sm are sent ahead of their answers. After a temporary error a delivery is tried again `tries` times in
    all, `retry_after` apart. `keep` deliveries wait for a session; the oldest make room.
    `enquire_every` and `idle_after` count on the world's clock: off, since a world that is moved on by days at once
    would find every client silent; for a world that runs in real time 30 seconds and 5 minutes are usual.
    """

    window: int = 100
    over_window: Esme = Esme.RTHROTTLED
    sessions: int = 100
    deliveries: int = 100
    tries: int = 3
    retry_after: timedelta = timedelta(minutes=1)
    keep: int = 10_000
    enquire_every: timedelta | None = None
    idle_after: timedelta | None = None
    dialect: Dialect = field(default_factory=Dialect)


@dataclass(eq=False, slots=True)
class Delivery:
    """A deliver_sm on its way to a client, about the message `sid`; `stat` is the receipt's."""

    body: bytes
    sid: str
    stat: str | None = None
    tries: int = 0

    @property
    def about(self) -> Mapping[str, str]:
        """What the journal says of it."""
        return {"sid": self.sid} if self.stat is None else {"sid": self.sid, "stat": self.stat}


class Receiver(Protocol):
    """A session that takes deliveries."""

    def take(self, delivery: Delivery) -> bool:
        """Send it, unless so many are sent ahead already that it must wait."""


@dataclass(eq=False, slots=True)
class Submission:
    """A message as its submitter knows it. `then` is what waits for its receipt."""

    sm: ShortMessage
    message_id: str = ""
    messages: list[Message] = field(default_factory=list)
    then: Callable[[], None] | None = None

    def wants_receipt(self, state: MessageState) -> bool:
        """By bits 0 and 1 of registered_delivery: all, failures only (2), or successes only (3, of SMPP 5.0)."""
        asked = self.sm.registered_delivery & 3
        return asked == 1 or (asked == 2 and state is not MessageState.DELIVRD) or (
            asked == 3 and state is MessageState.DELIVRD
        )  # fmt: skip


class SmppAccount:
    """The gateway's account, seen by SMPP. Its deliveries go to any of its sessions that takes them.

    To be used with the world's lock held. `settle` lets happen what is due in this world, without the lock.
    """

    def __init__(self, gateway: SmsGateway, rules: Rules | None = None) -> None:
        self.gateway = gateway
        self.physics = gateway.physics
        self.name = gateway.name
        self.system_id = gateway.smpp_system_id
        self.rules = rules or Rules()
        self.settle: Callable[[], object] = self.physics.happen
        self.sessions: list[object] = []
        self.newest_id: str | None = None
        self._receivers: list[Receiver] = []
        self._waiting: deque[Delivery] = deque()
        self._submissions: dict[str, Submission] = {}
        self._reported = self.physics.journal.kind(self.name, "smpp.receipt", "sid", "message_id", "stat")
        gateway.listen_inbound(self._inbound)

    def admits(self, password: str) -> bool:
        return compare_digest(password.encode("latin-1", "replace"), self.gateway.smpp_password.encode())

    # -- submissions ------------------------------------------------------------------------------------------------

    def submit(self, sm: ShortMessage, joined: Submission | None = None) -> Submission:
        """Hand a message to the gateway; `joined` is the submission it belongs to if it goes to many.

        Raises `Malformed` for a field that is wrong, the gateway's `Rejected` otherwise.
        """
        submission = Submission(sm) if joined is None else joined
        order = order_of(sm, self.physics.clock.now, partial(self._changed, submission, sm))
        message = self.gateway.submit(order)
        if not submission.message_id:
            submission.message_id = message.sid[2 : 2 + _ID_DIGITS]
            self._submissions[submission.message_id] = submission
        submission.messages.append(message)
        part = order.part
        for doubt in doubts_of(order.payload or b"", sm.data_coding, part):
            about = {"part": part.number, "parts": part.total} if part else {}
            self.write("doubt", what=doubt, sid=message.sid, data_coding=sm.data_coding, **about)
        return submission

    def answer_id(self, submission: Submission) -> str:
        """The message id as the answer writes it."""
        return written(submission.message_id, self.rules.dialect.answer_id)

    def find(self, message_id: str) -> Submission | None:
        """The submission with that id, however the dialect writes it."""
        if self.rules.dialect.answer_id == "decimal" and message_id.isascii() and message_id.isdigit():
            message_id = f"{int(message_id):0{_ID_DIGITS}x}" if len(message_id) <= 20 else ""
        return self._submissions.get(message_id.lower())

    def pending(self, source: str, destination: str) -> list[Submission]:
        """Those between two addresses that have not come to their end, the oldest first."""
        return [
            submission
            for submission in self._submissions.values()
            if submission.sm.source_addr == source
            and submission.sm.destination_addr == destination
            and not submission.messages[0].status.final
        ]

    # -- deliveries -------------------------------------------------------------------------------------------------

    def join(self, receiver: Receiver) -> None:
        """A session takes deliveries from now on."""
        self._receivers.append(receiver)
        self.pump()

    def leave(self, receiver: Receiver, unanswered: list[Delivery]) -> None:
        """A session takes no more; what it did not answer goes to the next."""
        if receiver in self._receivers:
            self._receivers.remove(receiver)
        self._waiting.extendleft(reversed(unanswered))
        self.pump()

    def deliver(self, delivery: Delivery) -> None:
        """Send to a session that is free, or once there is one."""
        if not self._waiting and self._taken(delivery):
            return
        self._waiting.append(delivery)
        if len(self._waiting) > self.rules.keep:
            self.write("dropped", why=f"more than {self.rules.keep} wait", **self._waiting.popleft().about)

    def pump(self) -> None:
        """Send what waits to the sessions that are free."""
        while self._waiting and self._taken(self._waiting[0]):
            self._waiting.popleft()

    def _taken(self, delivery: Delivery) -> bool:
        return any(receiver.take(delivery) for receiver in self._receivers)

    def refused(self, delivery: Delivery, status: int) -> None:
        """A client has answered a delivery with an error: temporary ones are tried again, all others end it."""
        delivery.tries += 1
        again = status in _TEMPORARY and delivery.tries < self.rules.tries
        outcome = "again" if again else "rejected" if status == Esme.RX_R_APPN else "given_up"
        self.write("deliver.refused", status=status, tries=delivery.tries, outcome=outcome, **delivery.about)
        if again:
            self.physics.later(self.rules.retry_after, lambda: self.deliver(delivery), "smpp delivery once more")

    def _inbound(self, message: Message) -> None:
        """A message from a handset, in as many parts as it takes."""
        parts = split(message.body)
        reference = message.position & 0xFF
        data_coding = data_coding_of(message.body)  # one for all parts, also for a part that could do with less
        for number, part in enumerate(parts, 1):
            header = bytes((5, 0, 3, reference, len(parts), number)) if len(parts) > 1 else b""
            octets = in_alphabet(data_coding, part)
            sm = ShortMessage(
                "",
                *_address(message.sender),
                *_address(message.to),
                esm_class=EsmClass.UDHI if header else 0,
                data_coding=data_coding,
                short_message=header + octets,
            )
            self.deliver(Delivery(encode(sm), message.sid))

    def _changed(self, submission: Submission, sm: ShortMessage, message: Message) -> None:
        """The message has got another status: a receipt, if it was asked for."""
        if not message.status.final:
            if sm.registered_delivery & _INTERMEDIATE and state_of(message) is MessageState.ENROUTE:
                self._report(submission, sm, message, MessageState.ENROUTE, self.rules.dialect, EsmClass.INTERMEDIATE)
            return
        state = state_of(message)
        if submission.wants_receipt(state):
            hit = self.physics.faults.strike(self.name, RECEIPT)
            if hit is None:
                self._report(submission, sm, message, state, self.rules.dialect)
            else:
                self._report_bent(hit, submission, sm, message, state)
        if submission.then is not None:
            then, submission.then = submission.then, None
            then()

    def _report_bent(
        self, hit: Armed, submission: Submission, sm: ShortMessage, message: Message, state: MessageState
    ) -> None:
        dialect = self.rules.dialect
        with self.physics.bent_by(hit):
            match hit.fault:
                case ReceiptNeverSent():
                    self.write("receipt.withheld", sid=message.sid, stat=state.name)
                    return
                case ReceiptDialect() as other:
                    dialect = replace(dialect, **other.model_dump())
                case DelivrdAfterUndeliv():
                    self._report(submission, sm, message, MessageState.UNDELIV, dialect)
            self._report(submission, sm, message, state, dialect)

    def _report(
        self,
        submission: Submission,
        sm: ShortMessage,
        message: Message,
        state: MessageState,
        dialect: Dialect,
        kind: EsmClass = EsmClass.RECEIPT,
    ) -> None:
        error = network_error_of(message) or (_UNDELIVERED_ERROR if state is MessageState.UNDELIV else 0)
        message_id, now = submission.message_id, self.physics.clock.now
        receipt = Receipt(message_id, message.created, now, state, error, message.body)
        self._reported(message.sid, message_id, receipt.stat)
        self.deliver(Delivery(receipt.body(sm, dialect, kind), message.sid, receipt.stat))

    def write(self, event: str, **data: object) -> None:
        self.physics.journal.write(self.name, f"smpp.{event}", **data)


_TEMPORARY = frozenset({Esme.RX_T_APPN, Esme.RMSGQFUL, Esme.RTHROTTLED, Esme.RSYSERR})


def _address(address: str) -> tuple[int, int, str]:
    """Type of number, numbering plan and address."""
    if address.startswith("+"):
        return INTERNATIONAL, E164, address[1:]
    return (0 if address.isdigit() else ALPHANUMERIC), 0, address
