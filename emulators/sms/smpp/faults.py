"""What can go wrong in an SMPP session; declared by the gateway as kinds of `sms`, each name with `smpp_` before it."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import ClassVar, Literal

from pydantic import Field

from emulators.core.faults import Fault

from .codes import Status

BIND, SUBMIT, ENQUIRE_LINK, RECEIPT = "smpp.bind", "smpp.submit", "smpp.enquire_link", "smpp.receipt"


class BindRefused(Fault):
    """The bind is answered with `status` (13 is ESME_RBINDFAIL), whatever the password."""

    point: ClassVar[str] = BIND
    status: int = Field(default=Status.RBINDFAIL, ge=1, le=0xFFFFFFFF)


class NoAnswer(Fault):
    """The submission is never answered; with `taken` the message is on its way all the same.

    It fills no place in the window, for the SMS centre is done with it: the response timer is the client's.
    Source: SMPP v3.4, 7.2.
    """

    point: ClassVar[str] = SUBMIT
    taken: bool = True


class LateAnswer(Fault):
    """The submission is answered `seconds` late; the message is on its way at once."""

    point: ClassVar[str] = SUBMIT
    seconds: int = Field(default=60, gt=0)


class ConnectionReset(Fault):
    """The connection is reset after the first `octets` of the answer; the message is on its way."""

    point: ClassVar[str] = SUBMIT
    octets: int = Field(default=8, ge=0)


class PartialPdu(Fault):
    """The answer breaks off after `octets`; its rest comes `seconds` later."""

    point: ClassVar[str] = SUBMIT
    octets: int = Field(default=8, ge=1)
    seconds: int = Field(default=60, ge=0)


class OutOfOrder(Fault):
    """The submission is answered only after the next one was."""

    point: ClassVar[str] = SUBMIT


class GenericNack(Fault):
    """The submission is answered with generic_nack and `status`, and not taken."""

    point: ClassVar[str] = SUBMIT
    status: int = Field(default=Status.RINVCMDID, ge=1, le=0xFFFFFFFF)


class ServerUnbind(Fault):
    """After the answer the server unbinds, as before maintenance."""

    point: ClassVar[str] = SUBMIT


class DuplicateMessageId(Fault):
    """The answer carries the id of the message before this one."""

    point: ClassVar[str] = SUBMIT


class Refusing(Fault):
    """The submission is answered with an error and not taken."""

    status: ClassVar[Status]
    point: ClassVar[str] = SUBMIT


class QueueFull(Refusing):
    """The submission is answered with ESME_RMSGQFUL (0x14)."""

    status: ClassVar[Status] = Status.RMSGQFUL


class SystemFailure(Refusing):
    """The submission is answered with ESME_RSYSERR (0x08)."""

    status: ClassVar[Status] = Status.RSYSERR


class Throttled(Refusing):
    """The submission is answered with ESME_RTHROTTLED (0x58)."""

    status: ClassVar[Status] = Status.RTHROTTLED


class ReceiptBeforeAnswer(Fault):
    """The receipt of a message comes before the answer to its submission."""

    point: ClassVar[str] = SUBMIT


class EnquireLinkIgnored(Fault):
    """An enquire_link is not answered."""

    point: ClassVar[str] = ENQUIRE_LINK


class ReceiptNeverSent(Fault):
    """The message's receipt is never sent."""

    point: ClassVar[str] = RECEIPT


class ReceiptDialect(Fault):
    """One receipt is written in another dialect than the account's."""

    point: ClassVar[str] = RECEIPT
    date_digits: Literal[10, 12] = 12
    text_label: Literal["text", "Text"] = "Text"
    receipt_id: Literal["hex", "decimal"] = "decimal"
    sub: bool = False
    tlvs: bool = False


class DelivrdAfterUndeliv(Fault):
    """The receipt is preceded by one that says UNDELIV."""

    point: ClassVar[str] = RECEIPT


FAULTS: Mapping[str, type[Fault]] = MappingProxyType(
    {
        "smpp_bind_refused": BindRefused,
        "smpp_no_answer": NoAnswer,
        "smpp_late_answer": LateAnswer,
        "smpp_connection_reset": ConnectionReset,
        "smpp_partial_pdu": PartialPdu,
        "smpp_out_of_order": OutOfOrder,
        "smpp_generic_nack": GenericNack,
        "smpp_server_unbind": ServerUnbind,
        "smpp_duplicate_message_id": DuplicateMessageId,
        "smpp_queue_full": QueueFull,
        "smpp_system_error": SystemFailure,
        "smpp_throttled": Throttled,
        "smpp_receipt_before_answer": ReceiptBeforeAnswer,
        "smpp_enquire_link_ignored": EnquireLinkIgnored,
        "smpp_receipt_never_sent": ReceiptNeverSent,
        "smpp_receipt_dialect": ReceiptDialect,
        "smpp_delivrd_after_undeliv": DelivrdAfterUndeliv,
    }
)
