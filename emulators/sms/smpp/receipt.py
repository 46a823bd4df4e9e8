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

from .codes import MessageState, Tag
from .pdu import encode_tlv
from .text import default_alphabet

_TEXT = 20  # characters of the message
_REMEMBERED = 256  # moments
_DELIVRD, _RECEIPTED = MessageState.DELIVRD, Tag.RECEIPTED_MESSAGE_ID
_STATES = {state: (state.name, encode_tlv(Tag.MESSAGE_STATE, bytes((state,)))) for state in MessageState}


@dataclass(frozen=True, slots=True, eq=False)  # no two are compared, and so it is quickly found among those remembered
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

    @property
    def stat(self) -> str:
        return _STATES[self.state][0]

    def line(self, dialect: Dialect) -> str:
        message_id, submitted, done, state, error, text = self
        told = _told(dialect, submitted, done, _STATES[state][0], error)
        return f"id:{written(message_id, dialect.receipt_id)} {told}:{text[:_TEXT]}"

    def tlvs(self, dialect: Dialect) -> bytes:
        """receipted_message_id, message_state and, after a failure, network_error_code (3: GSM), as they travel."""
        if not dialect.tlvs:
            return b""
        message_id = written(self.message_id, dialect.receipt_id).encode() + b"\0"
        tlvs = encode_tlv(_RECEIPTED, message_id) + _STATES[self.state][1]
        return tlvs + encode_tlv(Tag.NETWORK_ERROR_CODE, b"\x03%c%c" % divmod(self.error, 256)) if self.error else tlvs

    def body(self, head: bytes, dialect: Dialect) -> bytes:
        """The deliver_sm that begins with `head`, all before sm_length."""
        line = default_alphabet(self.line(dialect))
        return b"%b%c%b%b" % (head, len(line), line, self.tlvs(dialect))


@lru_cache(_REMEMBERED)  # in a stepped world many receipts are of the same moments
def _told(dialect: Dialect, submitted: datetime, done: datetime, stat: str, error: int) -> str:
    """What a receipt says between the id and the text."""
    digits = dialect.date_digits
    return (
        f"{'sub:001 ' if dialect.sub else ''}dlvrd:{'001' if stat == _DELIVRD.name else '000'} "
        f"submit date:{_date(submitted, digits)} done date:{_date(done, digits)} stat:{stat} "
        f"err:{error:03} {dialect.text_label}"
    )


def _date(at: datetime, digits: int) -> str:
    minutes = f"{at.year % 100:02}{at.month:02}{at.day:02}{at.hour:02}{at.minute:02}"  # strftime takes 4 times as long
    return minutes if digits == 10 else f"{minutes}{at.second:02}"


def written(message_id: str, how: Literal["hex", "decimal"]) -> str:
    """A message's id, which is hexadecimal, as a dialect writes it."""
    return message_id if how == "hex" else str(int(message_id, 16))
