"""The numbers of SMPP 3.4 and what they are called; of 5.0 what clients send nevertheless.

An unknown number is a value, never an error: `name_of` prints it. Source: SMPP v3.4, issue 1.2, chapters 5.1 to 5.3.
"""

from __future__ import annotations

from enum import IntEnum

RESPONSE = 0x80000000
"""Set in the command id of an answer."""


class Command(IntEnum):
    """Requests. Their answers have the same id with the highest bit set."""

    BIND_RECEIVER = 0x01
    BIND_TRANSMITTER = 0x02
    QUERY_SM = 0x03
    SUBMIT_SM = 0x04
    DELIVER_SM = 0x05
    UNBIND = 0x06
    REPLACE_SM = 0x07
    CANCEL_SM = 0x08
    BIND_TRANSCEIVER = 0x09
    OUTBIND = 0x0B
    ENQUIRE_LINK = 0x15
    SUBMIT_MULTI = 0x21
    ALERT_NOTIFICATION = 0x102
    DATA_SM = 0x103
    GENERIC_NACK = 0x80000000


class Status(IntEnum):
    """`command_status`."""

    ROK = 0x00
    RINVMSGLEN = 0x01
    RINVCMDLEN = 0x02
    RINVCMDID = 0x03
    RINVBNDSTS = 0x04
    RALYBND = 0x05
    RINVPRTFLG = 0x06
    RINVREGDLVFLG = 0x07
    RSYSERR = 0x08
    RINVSRCADR = 0x0A
    RINVDSTADR = 0x0B
    RINVMSGID = 0x0C
    RBINDFAIL = 0x0D
    RINVPASWD = 0x0E
    RINVSYSID = 0x0F
    RCANCELFAIL = 0x11
    RREPLACEFAIL = 0x13
    RMSGQFUL = 0x14
    RINVSERTYP = 0x15
    RINVNUMDESTS = 0x33
    RINVDESTFLAG = 0x40
    RINVESMCLASS = 0x43
    RCNTSUBDL = 0x44
    RSUBMITFAIL = 0x45
    RINVSRCTON = 0x48
    RINVSRCNPI = 0x49
    RINVDSTTON = 0x50
    RINVDSTNPI = 0x51
    RTHROTTLED = 0x58
    RINVSCHED = 0x61
    RINVEXPIRY = 0x62
    RX_T_APPN = 0x64
    RX_P_APPN = 0x65
    RX_R_APPN = 0x66
    RQUERYFAIL = 0x67
    RINVOPTPARSTREAM = 0xC0
    ROPTPARNOTALLWD = 0xC1
    RINVPARLEN = 0xC2
    RMISSINGOPTPARAM = 0xC3
    RINVOPTPARAMVAL = 0xC4
    RDELIVERYFAILURE = 0xFE
    RUNKNOWNERR = 0xFF


class Tag(IntEnum):
    """Optional parameters."""

    RECEIPTED_MESSAGE_ID = 0x001E
    USER_MESSAGE_REFERENCE = 0x0204
    SAR_MSG_REF_NUM = 0x020C
    SAR_TOTAL_SEGMENTS = 0x020E
    SAR_SEGMENT_SEQNUM = 0x020F
    SC_INTERFACE_VERSION = 0x0210
    NETWORK_ERROR_CODE = 0x0423
    MESSAGE_PAYLOAD = 0x0424
    MESSAGE_STATE = 0x0427
    CONGESTION_STATE = 0x0428


class MessageState(IntEnum):
    """`message_state`; its name in a receipt is its name here."""

    SCHEDULED = 0
    ENROUTE = 1
    DELIVRD = 2
    EXPIRED = 3
    DELETED = 4
    UNDELIV = 5
    ACCEPTD = 6
    UNKNOWN = 7
    REJECTD = 8
    SKIPPED = 9


class DataCoding(IntEnum):
    DEFAULT = 0x00
    ASCII = 0x01
    OCTETS = 0x02
    LATIN_1 = 0x03
    BINARY = 0x04
    UCS2 = 0x08


class EsmClass(IntEnum):
    """Bits of `esm_class`: of a submission its features, of a delivery the type of message."""

    RECEIPT = 0x04
    INTERMEDIATE = 0x20
    UDHI = 0x40
    REPLY_PATH = 0x80


# Type of number and numbering plan: what 3.4 defines. Source: 5.2.5 and 5.2.6.
INTERNATIONAL, NATIONAL, ALPHANUMERIC = 1, 2, 5
TYPES_OF_NUMBER = range(7)
NUMBERING_PLANS = frozenset({0, 1, 3, 4, 6, 8, 9, 10, 14, 18})
E164 = 1

MAX_SERVICE_TYPE = 5
"""Octets without NUL. Any word may be agreed on, beside those that 3.4 names. Source: 5.2.11."""
PRIORITIES = range(5)
"""0 to 3; 4 is of 5.0. Source: 5.2.14."""
RESERVED_OF_REGISTERED_DELIVERY = 0b1110_0000
"""Source: 5.2.17."""


def name_of(kind: type[IntEnum], number: int) -> str:
    """`SUBMIT_SM (0x04)`; an answer is `SUBMIT_SM_RESP (0x80000004)`; a stranger is its number alone."""
    known = {member.value: member.name for member in kind}
    answer = kind is Command and number & RESPONSE and number != RESPONSE
    name = known.get(number & ~RESPONSE if answer else number)
    shown = f"0x{number:02X}"
    return shown if name is None else f"{name}{'_RESP' if answer else ''} ({shown})"
