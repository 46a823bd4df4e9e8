"""Delivery receipts: a line of text that no standard fixes, and the parameters that say the same.

`id:… sub:001 dlvrd:001 submit date:YYMMDDhhmm done date:YYMMDDhhmm stat:DELIVRD err:000 text:…`, the text being the
first 20 characters of the message. Source: SMPP v3.4, appendix B ("vendor specific"); the dialects are those that
clients met and reported (cloudhopper #105 without `sub`, python-smpplib #86 and #90 without parameters, identifiers
that are hexadecimal in the answer and decimal in the receipt as with SMPP 3.3).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Literal, NamedTuple

from .bodies import Tlv, Tlvs
from .codes import MessageState, Tag

_TEXT = 20  # characters of the message
_REMEMBERED = 256  # moments


@dataclass(frozen=True, slots=True)
class Dialect:
    """How an SMS centre writes its receipts. `date_digits` is 10 (to the minute) or 12 (to the second).

    `answer_id` and `receipt_id` say how a message's id is written in the answer to the submission and in the receipt.
    """

    date_digits: Literal[10, 12] = 10
    text_label: Literal["text", "Text"] = "text"
    answer_id: Literal["hex", "decimal"] = "hex"
    receipt_id: Literal["hex", "decimal"] = "hex"
    sub: bool = True
    tlvs: bool = True


class Receipt(NamedTuple):
    """What became of a message. `error` is the network's, 0 for none; `text` is the message's."""

    message_id: str
    submitted: datetime
    done: datetime
    state: MessageState
    error: int
    text: str

    def line(self, dialect: Dialect) -> str:
        delivered = int(self.state is MessageState.DELIVRD)
        submitted, done = _date(self.submitted, dialect.date_digits), _date(self.done, dialect.date_digits)
        message_id, sub = written(self.message_id, dialect.receipt_id), "sub:001 " if dialect.sub else ""
        return (
            f"id:{message_id} {sub}dlvrd:{delivered:03} "
            f"submit date:{submitted} done date:{done} stat:{self.state.name} "
            f"err:{self.error:03} {dialect.text_label}:{self.text[:_TEXT]}"
        )

    def tlvs(self, dialect: Dialect) -> Tlvs:
        """receipted_message_id, message_state and, after a failure, network_error_code (3: GSM)."""
        if not dialect.tlvs:
            return ()
        tlvs = (
            Tlv(Tag.RECEIPTED_MESSAGE_ID, written(self.message_id, dialect.receipt_id).encode() + b"\0"),
            Tlv(Tag.MESSAGE_STATE, bytes((self.state,))),
        )
        return (*tlvs, Tlv(Tag.NETWORK_ERROR_CODE, b"\x03" + self.error.to_bytes(2, "big"))) if self.error else tlvs


@lru_cache(_REMEMBERED)  # in a stepped world many receipts are of the same moment
def _date(at: datetime, digits: int) -> str:
    minutes = f"{at.year % 100:02}{at.month:02}{at.day:02}{at.hour:02}{at.minute:02}"  # strftime takes 4 times as long
    return minutes if digits == 10 else f"{minutes}{at.second:02}"


def written(message_id: str, how: Literal["hex", "decimal"]) -> str:
    """A message's id, which is hexadecimal, as a dialect writes it."""
    return message_id if how == "hex" else str(int(message_id, 16))
