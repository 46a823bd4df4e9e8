"""The bodies of SMPP 3.4's PDUs as values, and what their octets can be held against. Source: SMPP v3.4, chapter 4."""

from __future__ import annotations

from typing import NamedTuple

from .codes import Status, Tag


class Malformed(ValueError):
    """A PDU whose body does not parse; `status` is the answer to it. Framing is not lost."""

    def __init__(self, status: Status, why: str) -> None:
        super().__init__(why)
        self.status = status
        self.why = why


class Tlv(NamedTuple):
    """An optional parameter; an unknown tag is kept as it is."""

    tag: int
    value: bytes


Tlvs = tuple[Tlv, ...]


def find(tlvs: Tlvs, tag: Tag) -> bytes | None:
    """The value of the first parameter with that tag."""
    return next((value for known, value in tlvs if known == tag), None)


def find_number(tlvs: Tlvs, tag: Tag, octets: int) -> int | None:
    """A numeric parameter. Raises `Malformed` (0xC2) if it does not have that many octets."""
    value = find(tlvs, tag)
    if value is None:
        return None
    if len(value) != octets:
        raise Malformed(Status.RINVPARLEN, f"{tag.name.lower()} has {len(value)} octets, not {octets}")
    return int.from_bytes(value, "big")


class Bind(NamedTuple):
    system_id: str = ""
    password: str = ""
    system_type: str = ""
    interface_version: int = 0x34
    addr_ton: int = 0
    addr_npi: int = 0
    address_range: str = ""


class BindResp(NamedTuple):
    system_id: str = ""
    tlvs: Tlvs = ()


class Outbind(NamedTuple):
    system_id: str = ""
    password: str = ""


class ShortMessage(NamedTuple):
    """The body of submit_sm and deliver_sm. `sm_length` follows from `short_message`."""

    service_type: str = ""
    source_addr_ton: int = 0
    source_addr_npi: int = 0
    source_addr: str = ""
    dest_addr_ton: int = 0
    dest_addr_npi: int = 0
    destination_addr: str = ""
    esm_class: int = 0
    protocol_id: int = 0
    priority_flag: int = 0
    schedule_delivery_time: str = ""
    validity_period: str = ""
    registered_delivery: int = 0
    replace_if_present_flag: int = 0
    data_coding: int = 0
    sm_default_msg_id: int = 0
    short_message: bytes = b""
    tlvs: Tlvs = ()


class Destination(NamedTuple):
    """One of submit_multi: an address, or (flag 2) the name of a distribution list."""

    flag: int = 1
    ton: int = 0
    npi: int = 0
    address: str = ""


class SubmitMulti(NamedTuple):
    """As a submit_sm without destination, to many; `message` holds the rest."""

    destinations: tuple[Destination, ...]
    message: ShortMessage


class Unsuccessful(NamedTuple):
    ton: int
    npi: int
    address: str
    status: int


class SubmitMultiResp(NamedTuple):
    message_id: str
    unsuccessful: tuple[Unsuccessful, ...] = ()


class DataSm(NamedTuple):
    service_type: str = ""
    source_addr_ton: int = 0
    source_addr_npi: int = 0
    source_addr: str = ""
    dest_addr_ton: int = 0
    dest_addr_npi: int = 0
    destination_addr: str = ""
    esm_class: int = 0
    registered_delivery: int = 0
    data_coding: int = 0
    tlvs: Tlvs = ()


class MessageIdResp(NamedTuple):
    """The body of submit_sm_resp, deliver_sm_resp and data_sm_resp."""

    message_id: str = ""
    tlvs: Tlvs = ()


class QuerySm(NamedTuple):
    message_id: str = ""
    source_addr_ton: int = 0
    source_addr_npi: int = 0
    source_addr: str = ""


class QuerySmResp(NamedTuple):
    message_id: str = ""
    final_date: str = ""
    message_state: int = 0
    error_code: int = 0


class CancelSm(NamedTuple):
    service_type: str = ""
    message_id: str = ""
    source_addr_ton: int = 0
    source_addr_npi: int = 0
    source_addr: str = ""
    dest_addr_ton: int = 0
    dest_addr_npi: int = 0
    destination_addr: str = ""


class ReplaceSm(NamedTuple):
    message_id: str = ""
    source_addr_ton: int = 0
    source_addr_npi: int = 0
    source_addr: str = ""
    schedule_delivery_time: str = ""
    validity_period: str = ""
    registered_delivery: int = 0
    sm_default_msg_id: int = 0
    short_message: bytes = b""


class AlertNotification(NamedTuple):
    source_addr_ton: int = 0
    source_addr_npi: int = 0
    source_addr: str = ""
    esme_addr_ton: int = 0
    esme_addr_npi: int = 0
    esme_addr: str = ""
    tlvs: Tlvs = ()
