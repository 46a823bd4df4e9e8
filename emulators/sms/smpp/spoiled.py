"""How the faults of a session bend the answer to a submission."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

from emulators.core.faults import Fault

from . import faults
from .account import SmppAccount
from .codes import RESPONSE, Command
from .framer import Pdu
from .operations import Reply, answer
from .pdu import pdu
from .voice import Voice


def spoil(voice: Voice, account: SmppAccount, fault: Fault, request: Pdu) -> None:
    """Answer a submission as `fault` has it; the journal says what came of it."""
    account.write("answer.bent", how=type(fault).about(), sequence=request.sequence)
    match fault:
        case faults.Refusing():
            voice.reply(pdu(request.command | RESPONSE, request.sequence, status=fault.status))
            return
        case faults.GenericNack(status=status):
            voice.reply(pdu(Command.GENERIC_NACK, request.sequence, status=status))
            return
        case faults.NoAnswer(taken=False):
            return
    former = account.newest_id
    reply = answer(account, request.command, request.body)
    if isinstance(fault, faults.DuplicateMessageId) and former is not None and not reply.status:
        reply = reply._replace(body=account.written_id(former) + reply.body[reply.body.index(0) :])
    elif reply.submission is not None:
        account.newest_id = reply.submission.message_id
    _send(voice, account, fault, reply, pdu(request.command | RESPONSE, request.sequence, reply.body, reply.status))


def _send(voice: Voice, account: SmppAccount, fault: Fault, reply: Reply, octets: bytes) -> None:
    match fault:
        case faults.NoAnswer():
            pass
        case faults.LateAnswer(seconds=seconds):
            voice.withheld += 1
            _after(account, seconds, lambda: voice.reply_late(octets))
        case faults.PartialPdu(octets=count, seconds=seconds):
            voice.send(octets[:count])
            _after(account, seconds, voice.hold(octets[count:]))
            voice.release_behind()
        case faults.ConnectionReset(octets=count):
            voice.send(octets[:count])
            voice.wire.reset()
        case faults.OutOfOrder():
            voice.reply_after_next(octets)
        case faults.ReceiptBeforeAnswer() if reply.submission is not None:
            voice.withheld += 1
            reply.submission.then = lambda: voice.reply_late(octets)
        case _:
            voice.reply(octets)


def _after(account: SmppAccount, seconds: int, what: Callable[[], None]) -> None:
    account.physics.later(timedelta(seconds=seconds), what, "smpp answer")
