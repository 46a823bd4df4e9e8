"""What a submission says beside its text: from whom, to whom, how. It is the same for many of a client's messages."""

from __future__ import annotations

from functools import lru_cache

from .bodies import Malformed, ShortMessage
from .codes import (
    ALPHANUMERIC,
    INTERNATIONAL,
    MAX_SERVICE_TYPE,
    NATIONAL,
    NUMBERING_PLANS,
    PRIORITIES,
    RESERVED_OF_REGISTERED_DELIVERY,
    TYPES_OF_NUMBER,
    EsmClass,
)
from .codes import Status as Esme
from .pdu import decode, encode

_REMEMBERED, _SHORT = 1024, 256  # so many of these are remembered, unless their octets are more than that
_NO_TEXT = b"\0"  # sm_length 0
_BOTH, _FAILURE, _SUCCESS, _BETWEEN = 1, 2, 3, 0x10  # registered_delivery: bits 0 and 1 (success is of 5.0), and bit 4


class Envelope:
    """The fields of `sm` but for its text and parameters, and what follows from them. Raises `Malformed`.

    `to` is the E.164 number meant, `sender` a number or a name. `wants_success`, `wants_failure`, `wants_between` are
    the receipts asked for.
    """

    __slots__ = (
        "_heads", "data_coding", "has_header", "has_times", "sender", "sm", "to",
        "wants_between", "wants_failure", "wants_success",
    )  # fmt: skip

    def __init__(self, sm: ShortMessage) -> None:
        if len(sm.service_type) > MAX_SERVICE_TYPE:
            raise Malformed(Esme.RINVSERTYP, f"service_type has {len(sm.service_type)} octets, not 5 at most")
        if sm.priority_flag not in PRIORITIES:
            raise Malformed(Esme.RINVPRTFLG, f"priority_flag {sm.priority_flag} is not one of 0 to 4")
        check_registered_delivery(sm.registered_delivery)
        self.sm = sm._replace(short_message=b"", tlvs=())
        self.data_coding = sm.data_coding
        asked = sm.registered_delivery & 3
        self.wants_success, self.wants_failure = asked in (_BOTH, _SUCCESS), asked in (_BOTH, _FAILURE)
        self.wants_between = bool(sm.registered_delivery & _BETWEEN)
        self.has_header = bool(sm.esm_class & EsmClass.UDHI)
        self.has_times = bool(sm.schedule_delivery_time or sm.validity_period)
        self.to, self.sender = _destination(*sm[4:7]), _source(*sm[1:4])
        self._heads: dict[EsmClass, bytes] = {}

    @classmethod
    def of(cls, head: bytes) -> Envelope:
        """Of the octets of a submit_sm before sm_length."""
        return (_remembered if len(head) <= _SHORT else _read)(head)

    def head_of_receipt(self, kind: EsmClass) -> bytes:
        """The octets before sm_length of a deliver_sm that goes back the way this came."""
        head = self._heads.get(kind)
        if head is None:
            back = ShortMessage("", *self.sm[4:7], *self.sm[1:4], kind)
            head = self._heads[kind] = encode(back).removesuffix(_NO_TEXT)
        return head


def check_registered_delivery(asked: int) -> None:
    """Raises `Malformed` (0x07)."""
    if asked & RESERVED_OF_REGISTERED_DELIVERY:
        raise Malformed(Esme.RINVREGDLVFLG, f"registered_delivery 0x{asked:02X} has bits that are reserved")


def _read(head: bytes) -> Envelope:
    return Envelope(decode(ShortMessage, head + _NO_TEXT))


_remembered = lru_cache(_REMEMBERED)(_read)


def _destination(ton: int, npi: int, address: str) -> str:
    """The E.164 number meant: with TON 0 as written, or in German writing. Raises `Malformed` (0x50, 0x51)."""
    if ton not in TYPES_OF_NUMBER:
        raise Malformed(Esme.RINVDSTTON, f"dest_addr_ton {ton} is not one of 0 to 6")
    if npi not in NUMBERING_PLANS:
        raise Malformed(Esme.RINVDSTNPI, f"dest_addr_npi {npi} is not a numbering plan of SMPP")
    return _e164(ton, address)


def _source(ton: int, npi: int, address: str) -> str:
    """The sender: a number, or with TON 5 a name. Raises `Malformed` (0x48, 0x49)."""
    if ton not in TYPES_OF_NUMBER:
        raise Malformed(Esme.RINVSRCTON, f"source_addr_ton {ton} is not one of 0 to 6")
    if npi not in NUMBERING_PLANS:
        raise Malformed(Esme.RINVSRCNPI, f"source_addr_npi {npi} is not a numbering plan of SMPP")
    return _e164(ton, address) if ton in (INTERNATIONAL, NATIONAL) else address


def _e164(ton: int, address: str) -> str:
    if ton == ALPHANUMERIC or not address or address[0] == "+":
        return address
    if address.startswith("00"):
        return f"+{address[2:]}"
    if ton == NATIONAL or address[0] == "0":
        return f"+49{address.removeprefix('0')}"
    return f"+{address}"
