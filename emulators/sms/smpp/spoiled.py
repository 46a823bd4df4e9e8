"""How the faults of a session bend the answer to a submission."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Protocol

from emulators.core.faults import Fault
from emulators.wire.tcp import Wire

from . import faults
from .account import SmppAccount
from .codes import RESPONSE, Command
from .framer import Pdu
from .operations import Reply, answer
from .pdu import pdu


class Speaker(Protocol):
    """The session, as far as a fault needs it. `withheld` counts the answers that are still to come."""

    wire: Wire
    withheld: int

    def send(self, octets: bytes) -> None: ...
    def hold(self, rest: bytes) -> Callable[[], None]: ...
    def reply(self, octets: bytes) -> None: ...
    def reply_after_next(self, octets: bytes) -> None: ...
    def unbind(self) -> None: ...


def spoil(session: Speaker, account: SmppAccount, fault: Fault, request: Pdu) -> None:
    """Answer a submission as `fault` has it; the journal says what came of it."""
    account.write("answer.bent", how=type(fault).about(), sequence=request.sequence)
    match fault:
        case faults.Refusing():
            session.reply(pdu(request.command | RESPONSE, request.sequence, status=fault.status))
            return
        case faults.GenericNack(status=status):
            session.reply(pdu(Command.GENERIC_NACK, request.sequence, status=status))
            return
        case faults.NoAnswer(taken=False):
            session.withheld += 1
            return
    former = account.newest_id
    reply = answer(account, request.command, request.body)
    if isinstance(fault, faults.DuplicateMessageId) and former is not None and not reply.status:
        reply = reply._replace(body=account.written_id(former) + reply.body[reply.body.index(0) :])
    elif reply.submission is not None:
        account.newest_id = reply.submission.message_id
    _send(session, account, fault, reply, pdu(request.command | RESPONSE, request.sequence, reply.body, reply.status))


def _send(session: Speaker, account: SmppAccount, fault: Fault, reply: Reply, octets: bytes) -> None:
    match fault:
        case faults.NoAnswer():
            session.withheld += 1
        case faults.LateAnswer(seconds=seconds):
            session.withheld += 1
            _after(account, seconds, lambda: _catch_up(session, octets))
        case faults.PartialPdu(octets=count, seconds=seconds):
            session.send(octets[:count])
            _after(account, seconds, session.hold(octets[count:]))
        case faults.ConnectionReset(octets=count):
            session.send(octets[:count])
            session.wire.reset()
        case faults.OutOfOrder():
            session.reply_after_next(octets)
        case faults.ReceiptBeforeAnswer() if reply.submission is not None:
            session.withheld += 1
            reply.submission.then = lambda: _catch_up(session, octets)
        case faults.ServerUnbind():
            session.reply(octets)
            session.unbind()
        case _:
            session.reply(octets)


def _after(account: SmppAccount, seconds: int, what: Callable[[], None]) -> None:
    account.physics.later(timedelta(seconds=seconds), what, "smpp answer")


def _catch_up(session: Speaker, octets: bytes) -> None:
    session.withheld -= 1
    session.reply(octets)
