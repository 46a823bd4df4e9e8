"""What a bound client may ask of its account: submit, query, cancel, replace. A body in, a status and a body out."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import NamedTuple

from ..message import Rejected
from . import pdu
from .account import SmppAccount
from .bodies import (
    CancelSm,
    DataSm,
    Malformed,
    QuerySm,
    QuerySmResp,
    ReplaceSm,
    ShortMessage,
    SubmitMultiResp,
    Unsuccessful,
    find,
)
from .codes import Command, Status, Tag
from .envelope import Envelope
from .submission import REFUSALS, network_error_of, replacement_of, state_of
from .submitted import Submission
from .times import format_absolute

_ROK = Status.ROK


class Reply(NamedTuple):
    """The answer to a request; `submission` is what was taken by it."""

    status: int
    body: bytes = b""
    submission: Submission | None = None


Operation = Callable[[SmppAccount, bytes], Reply]


def answer(account: SmppAccount, command: int, body: bytes) -> Reply:
    """Carry a request out. What is wrong with it is in the reply's status and, in words, in the journal."""
    try:
        return OPERATIONS[command](account, body)
    except Malformed as error:
        account.write("malformed", command=Command(command).name.lower(), status=error.status, why=error.why)
        return Reply(error.status)
    except Rejected as refused:
        return Reply(status_of(refused))


def status_of(refused: Rejected) -> Status:
    return REFUSALS.get(refused.code, Status.RSUBMITFAIL)


def _submit_sm(account: SmppAccount, body: bytes) -> Reply:
    head, octets, tlvs = pdu.split(ShortMessage, body)
    envelope = Envelope.of(head)
    sm = envelope.sm
    former = _present(account, sm) if sm.replace_if_present_flag else ()
    submission = account.submit(envelope, octets, tlvs)
    for each in former:
        account.gateway.cancel(each.message.sid)
    return Reply(_ROK, account.written_id(submission.message_id) + b"\0", submission)


def _present(account: SmppAccount, sm: ShortMessage) -> Sequence[Submission]:
    """What is pending between the same addresses for the same service: the new message replaces it, once it is taken.

    Source: SMPP v3.4, 5.2.18.
    """
    return account.pending(sm.source_addr, sm.destination_addr, sm.service_type)


def _data_sm(account: SmppAccount, body: bytes) -> Reply:
    """Source: SMPP v3.4, 4.7: as submit_sm, with the text in message_payload alone."""
    data = pdu.decode(DataSm, body)
    if find(data.tlvs, Tag.MESSAGE_PAYLOAD) is None:
        raise Malformed(Status.RMISSINGOPTPARAM, "data_sm carries its text in message_payload, which is not there")
    sm = ShortMessage(*data[:8], registered_delivery=data.registered_delivery, data_coding=data.data_coding)
    submission = account.submit(Envelope(sm), b"", data.tlvs)
    return Reply(_ROK, account.written_id(submission.message_id) + b"\0", submission)


def _submit_multi(account: SmppAccount, body: bytes) -> Reply:
    multi = pdu.decode_submit_multi(body)
    first: Submission | None = None
    failed = []
    for flag, ton, npi, address in multi.destinations:
        try:
            if flag == 2:
                raise Malformed(Status.RCNTSUBDL, f"there is no distribution list {address!r}")
            sm = multi.message._replace(dest_addr_ton=ton, dest_addr_npi=npi, destination_addr=address)
            submission = account.submit(Envelope(sm), sm.short_message, sm.tlvs, first)
            first = first or submission
        except Malformed as error:
            failed.append(Unsuccessful(ton, npi, address, error.status))
        except Rejected as refused:
            failed.append(Unsuccessful(ton, npi, address, status_of(refused)))
    if first is None:
        return Reply(failed[0].status)
    resp = SubmitMultiResp(account.written_id(first.message_id).decode(), tuple(failed))
    return Reply(Status.ROK, pdu.encode_submit_multi_resp(resp), first)


def _query_sm(account: SmppAccount, body: bytes) -> Reply:
    query = pdu.decode(QuerySm, body)
    message = _submission(account, query.message_id, query.source_addr, Status.RQUERYFAIL).message
    done = format_absolute(message.updated) if message.status.final else ""
    resp = QuerySmResp(query.message_id, done, state_of(message), network_error_of(message) & 0xFF)
    return Reply(Status.ROK, pdu.encode(resp))


def _cancel_sm(account: SmppAccount, body: bytes) -> Reply:
    """With a message id what was submitted under it, as far as it is pending; without, all between the two addresses
    (of one service, if it names one). Source: SMPP v3.4, 4.9."""
    cancel = pdu.decode(CancelSm, body)
    if cancel.message_id:
        first = _submission(account, cancel.message_id, cancel.source_addr, Status.RCANCELFAIL)
        found = first.pending
    else:
        found = account.pending(cancel.source_addr, cancel.destination_addr, cancel.service_type or None)
    for submission in found:
        account.gateway.cancel(submission.message.sid)
    return Reply(Status.ROK if found else Status.RCANCELFAIL)


def _replace_sm(account: SmppAccount, body: bytes) -> Reply:
    """Gives what is pending under the id another text and another wish for a receipt, and other times if it names any.

    Source: SMPP v3.4, 4.10.
    """
    new = pdu.decode(ReplaceSm, body)
    found = _submission(account, new.message_id, new.source_addr, Status.RREPLACEFAIL).pending
    if not found:
        return Reply(Status.RREPLACEFAIL)
    replacements = [replacement_of(new, each.envelope, each.message, account.physics.clock.now) for each in found]
    try:
        for submission, replacement in zip(found, replacements, strict=True):
            account.gateway.replace(submission.message.sid, replacement)
            submission.replaced(new.registered_delivery)
    except Rejected as refused:
        return Reply(Status.RREPLACEFAIL if refused.code == 20409 else status_of(refused))
    return Reply(Status.ROK)


def _submission(account: SmppAccount, message_id: str, source: str, mismatch: Status) -> Submission:
    """What was submitted under that id and from that source address. Raises `Malformed`."""
    submission = account.find(message_id)
    if submission is None:
        raise Malformed(Status.RINVMSGID, f"no message has the id {message_id!r}")
    if submission.sm.source_addr != source:
        raise Malformed(
            mismatch, f"the source address of {message_id} is {submission.sm.source_addr!r}, not {source!r}"
        )
    return submission


OPERATIONS: Mapping[int, Operation] = MappingProxyType(
    {
        Command.SUBMIT_SM: _submit_sm,
        Command.SUBMIT_MULTI: _submit_multi,
        Command.DATA_SM: _data_sm,
        Command.QUERY_SM: _query_sm,
        Command.CANCEL_SM: _cancel_sm,
        Command.REPLACE_SM: _replace_sm,
    }
)
SUBMITTING = frozenset({Command.SUBMIT_SM, Command.SUBMIT_MULTI, Command.DATA_SM})
