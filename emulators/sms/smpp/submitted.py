"""What a client has submitted, and the receipts for it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from emulators.core.faults import Armed

from ..message import Message
from .bodies import ShortMessage
from .codes import EsmClass, MessageState, Tag
from .envelope import Envelope
from .faults import RECEIPT, DelivrdAfterUndeliv, ReceiptDialect, ReceiptNeverSent
from .pdu import encode_tlv
from .receipt import Dialect, Receipt
from .submission import network_error_of, state_of

if TYPE_CHECKING:
    from .account import SmppAccount

_RECEIPT = EsmClass.RECEIPT
_DELIVRD, _UNDELIV, _ENROUTE = MessageState.DELIVRD, MessageState.UNDELIV, MessageState.ENROUTE
_UNDELIVERED_ERROR = 1  # absent subscriber


@dataclass(eq=False, slots=True)
class Delivery:
    """A deliver_sm on its way to a client: its body, the message it is about, and for a receipt its `stat`."""

    body: bytes
    sid: str
    stat: str | None = None
    tries: int = 0

    @property
    def about(self) -> dict[str, str]:
        """What the journal says of it."""
        return {"sid": self.sid} if self.stat is None else {"sid": self.sid, "stat": self.stat}


@dataclass(eq=False, slots=True)
class Submission:
    """A message as its submitter knows it. `then` is what waits for its receipt.

    `others` went to further destinations under the same id (submit_multi); `reference` is the client's own
    (user_message_reference), which comes back with the receipt.
    """

    account: SmppAccount
    envelope: Envelope
    message_id: str = ""
    message: Message = field(init=False)
    others: tuple[Submission, ...] = ()
    reference: bytes | None = None
    then: Callable[[], None] | None = None

    @property
    def sm(self) -> ShortMessage:
        """What was submitted, but for its text and parameters."""
        return self.envelope.sm

    @property
    def pending(self) -> list[Submission]:
        """What went out under its id and has neither arrived nor come to its end."""
        return [submission for submission in (self, *self.others) if submission.message.pending]

    def replaced(self, registered_delivery: int) -> None:
        """Its text is another one now, and so are the receipts asked for."""
        self.envelope = Envelope(self.sm._replace(registered_delivery=registered_delivery))

    def changed(self, message: Message) -> None:
        """The message has got another status: a receipt, if it was asked for."""
        envelope, account = self.envelope, self.account
        if not message.status.final:
            if envelope.wants_between and state_of(message) is _ENROUTE:
                self._report(message, _ENROUTE, account.rules.dialect, EsmClass.INTERMEDIATE)
            return
        state = state_of(message)
        if envelope.wants_success if state is _DELIVRD else envelope.wants_failure:
            faults = account.physics.faults
            hit = faults.strike(account.name, RECEIPT) if faults.armed else None
            if hit is None:
                self._report(message, state, account.rules.dialect)
            else:
                self._report_bent(hit, message, state)
        if self.then is not None:
            then, self.then = self.then, None
            then()

    def _report_bent(self, hit: Armed, message: Message, state: MessageState) -> None:
        dialect = self.account.rules.dialect
        with self.account.physics.bent_by(hit):
            match hit.fault:
                case ReceiptNeverSent():
                    self.account.write("receipt.withheld", sid=message.sid, stat=state.name)
                    return
                case ReceiptDialect() as other:
                    dialect = replace(dialect, **other.model_dump())
                case DelivrdAfterUndeliv():
                    self._report(message, _UNDELIV, dialect)
            self._report(message, state, dialect)

    def _report(self, message: Message, state: MessageState, dialect: Dialect, kind: EsmClass = _RECEIPT) -> None:
        account, message_id = self.account, self.message_id
        error = (
            0 if state is _DELIVRD else network_error_of(message) or (_UNDELIVERED_ERROR if state is _UNDELIV else 0)
        )
        receipt = Receipt(message_id, message.created, account.physics.clock.now, state, error, message.body)
        stat = receipt.stat
        account.reported(message.sid, message_id, stat)
        body = receipt.body(self.envelope.head_of_receipt(kind), dialect)
        if self.reference is not None and dialect.tlvs:
            body += encode_tlv(Tag.USER_MESSAGE_REFERENCE, self.reference)
        account.deliver(Delivery(body, message.sid, stat))
