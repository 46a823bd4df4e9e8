"""An account at the SMS centre: who may bind, what was submitted, and what waits to be delivered to its sessions."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from hmac import compare_digest
from typing import TYPE_CHECKING, Protocol

from ..coding import split
from ..header import concatenation
from ..message import Message, Part
from .bodies import ShortMessage, Tlvs, find
from .codes import ALPHANUMERIC, E164, INTERNATIONAL, EsmClass, Tag
from .codes import Status as Esme
from .envelope import Envelope
from .pdu import encode
from .receipt import Dialect, written
from .submission import order_of
from .submitted import Delivery, Submission
from .text import data_coding_of, doubts_of
from .text import encode as in_alphabet

if TYPE_CHECKING:
    from ..gateway import SmsGateway

_ID_DIGITS = 16
_ID_ENDS = 2 + _ID_DIGITS  # in a SID, after its two letters


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


class Receiver(Protocol):
    """A session that takes deliveries."""

    def take(self, delivery: Delivery) -> bool:
        """Send it, unless so many are sent ahead already that it must wait."""


class Bound(Protocol):
    """A session that is bound to the account."""

    def move(self, heir: SmppAccount | None) -> None:
        """Go on at `heir`, or be unbound: the account is no more."""


class SmppAccount:
    """The gateway's account, seen by SMPP. Its deliveries go to any of its sessions that takes them.

    To be used with the world's lock held. `waiting` are deliveries for which no session was free. `settle` lets happen
    what is due in this world, without the lock. Once it has `ended`, nobody binds to it.
    """

    def __init__(self, gateway: SmsGateway, rules: Rules | None = None) -> None:
        self.gateway = gateway
        self.physics = gateway.physics
        self.name = gateway.name
        self.system_id = gateway.smpp_system_id
        self.rules = rules or Rules()
        self.settle: Callable[[], object] = self.physics.happen
        self.sessions: list[Bound] = []
        self.ended = False
        self.newest_id: str | None = None
        self._receivers: list[Receiver] = []
        self.waiting: deque[Delivery] = deque()
        self._submissions: dict[str, Submission] = {}
        self.reported = self.physics.journal.kind(self.name, "smpp.receipt", "sid", "message_id", "stat")
        gateway.listen_inbound(self._inbound)

    def admits(self, password: str) -> bool:
        return compare_digest(password.encode("latin-1", "replace"), self.gateway.smpp_password.encode())

    def end(self, heir: SmppAccount | None = None) -> None:
        """Its world is dropped: the sessions go on at `heir`, which has the same credentials, or are unbound."""
        self.ended = True
        self._receivers.clear()
        sessions, self.sessions = self.sessions, []
        for session in sessions:
            session.move(heir)

    # -- submissions ------------------------------------------------------------------------------------------------

    def submit(self, envelope: Envelope, octets: bytes, tlvs: Tlvs = (), first: Submission | None = None) -> Submission:
        """Hand a message to the gateway; `first` is the one whose id it shares if it is one to many.

        Raises `Malformed` for a field that is wrong, the gateway's `Rejected` otherwise.
        """
        submission = Submission(self, envelope)
        order = order_of(envelope, octets, tlvs, self.physics.clock.now, submission.changed)
        submission.message = message = self.gateway.submit(order)
        if first is None:
            submission.message_id = message_id = message.sid[2:_ID_ENDS]
            self._submissions[message_id] = submission
        else:
            submission.message_id = first.message_id
            first.others = (*first.others, submission)
        if tlvs:
            submission.reference = find(tlvs, Tag.USER_MESSAGE_REFERENCE)
        part = order.part
        for doubt in doubts_of(order.payload or b"", envelope.data_coding, part):
            about = {"part": part.number, "parts": part.total} if part else {}
            self.write("doubt", what=doubt, sid=message.sid, data_coding=envelope.data_coding, **about)
        return submission

    def written_id(self, message_id: str) -> bytes:
        """A message id as the answer writes it, without NUL."""
        return written(message_id, self.rules.dialect.answer_id).encode()

    def find(self, message_id: str) -> Submission | None:
        """The submission with that id, however the dialect writes it."""
        if self.rules.dialect.answer_id == "decimal" and message_id.isascii() and message_id.isdigit():
            message_id = f"{int(message_id):0{_ID_DIGITS}x}" if len(message_id) <= 20 else ""
        return self._submissions.get(message_id.lower())

    def pending(self, source: str, destination: str, service_type: str | None = None) -> list[Submission]:
        """Those between two addresses that have not come to their end, the oldest first; of one service, if named."""
        return [
            submission
            for first in self._submissions.values()
            for submission in (first, *first.others)
            if submission.sm.source_addr == source
            and submission.sm.destination_addr == destination
            and service_type in (None, submission.sm.service_type)
            and submission.message.pending
        ]

    # -- deliveries -------------------------------------------------------------------------------------------------

    def join(self, receiver: Receiver) -> None:
        """A session takes deliveries from now on."""
        self._receivers.append(receiver)
        self.pump()

    def withdraw(self, receiver: Receiver) -> None:
        """A session takes no more deliveries."""
        if receiver in self._receivers:
            self._receivers.remove(receiver)

    def leave(self, receiver: Receiver, unanswered: list[Delivery]) -> None:
        """A session has ended; what it did not answer goes to the next."""
        self.withdraw(receiver)
        self.waiting.extendleft(reversed(unanswered))
        self.pump()
        self._make_room()

    def deliver(self, delivery: Delivery) -> None:
        """Send to a session that is free, or once there is one."""
        if not self.waiting:
            for receiver in self._receivers:
                if receiver.take(delivery):
                    return
        self.waiting.append(delivery)
        self._make_room()

    def _make_room(self) -> None:
        while len(self.waiting) > self.rules.keep:
            self.write("dropped", why=f"more than {self.rules.keep} wait", **self.waiting.popleft().about)

    def pump(self) -> None:
        """Send what waits to the sessions that are free."""
        while self.waiting and any(receiver.take(self.waiting[0]) for receiver in self._receivers):
            self.waiting.popleft()

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
        data_coding = data_coding_of(message.body)  # one for all parts, also for a part that could do with less
        for number, part in enumerate(parts, 1):
            header = concatenation(Part(message.position, number, len(parts))) if len(parts) > 1 else b""
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

    def write(self, event: str, **data: object) -> None:
        self.physics.journal.write(self.name, f"smpp.{event}", **data)


_TEMPORARY = frozenset({Esme.RX_T_APPN, Esme.RMSGQFUL, Esme.RTHROTTLED, Esme.RSYSERR})


def _address(address: str) -> tuple[int, int, str]:
    """Type of number, numbering plan and address."""
    if address.startswith("+"):
        return INTERNATIONAL, E164, address[1:]
    return (0 if address.isdigit() else ALPHANUMERIC), 0, address
