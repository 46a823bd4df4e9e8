"""The PDUs of SMPP 3.4: octets to values and back, for both ends of a session.

A PDU is a header of four 32-bit numbers (length, id, status, sequence number) and a body: C-octet strings, octets,
and optional parameters (tag, length, value) at the end. Parsing takes longer strings than the standard allows;
encoding does not make any. Source: SMPP v3.4, issue 1.2, chapter 4.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from struct import Struct
from struct import error as StructError  # noqa: N812
from typing import Any, TypeVar

from .bodies import (
    AlertNotification,
    Bind,
    BindResp,
    CancelSm,
    DataSm,
    Destination,
    Malformed,
    MessageIdResp,
    Outbind,
    QuerySm,
    QuerySmResp,
    ReplaceSm,
    ShortMessage,
    SubmitMulti,
    SubmitMultiResp,
    Tlv,
    Tlvs,
    Unsuccessful,
)
from .codes import Command, Status
from .framer import HEADER

_TLV = Struct(">HH")
_LENGTH = Struct(">I")


class _Layout:
    """The fields of a body in order: a string of at most n octets with its NUL is -n, a run of n octets is n.

    With `text`, sm_length and short_message follow, with `tlvs` optional parameters. `form` matches the fields before.
    """

    def __init__(self, steps: tuple[int, ...], *, text: bool = False, tlvs: bool = False) -> None:
        self.steps, self.text, self.tlvs = steps, text, tlvs
        self.form = re.compile(b"".join(_form(step) for step in steps), re.DOTALL)


def _form(step: int) -> bytes:
    return rb"[^\0]*\0" if step < 0 else b".{%d}" % step


Body = (
    Bind | BindResp | Outbind | ShortMessage | DataSm | MessageIdResp | QuerySm | QuerySmResp | CancelSm
    | ReplaceSm | AlertNotification
)  # fmt: skip
B = TypeVar("B", bound=Body)

_LAYOUTS: Mapping[type[tuple[Any, ...]], _Layout] = {
    Bind: _Layout((-16, -9, -13, 3, -41)),
    BindResp: _Layout((-16,), tlvs=True),
    Outbind: _Layout((-16, -9)),
    ShortMessage: _Layout((-6, 2, -21, 2, -21, 3, -17, -17, 4), text=True, tlvs=True),
    DataSm: _Layout((-6, 2, -65, 2, -65, 3), tlvs=True),
    MessageIdResp: _Layout((-65,), tlvs=True),
    QuerySm: _Layout((-65, 2, -21)),
    QuerySmResp: _Layout((-65, -17, 2)),
    CancelSm: _Layout((-6, -65, 2, -21, 2, -21)),
    ReplaceSm: _Layout((-65, 2, -21, -17, -17, 2), text=True),
    AlertNotification: _Layout((2, -65, 2, -65), tlvs=True),
}


def split(kind: type[B], body: bytes) -> tuple[bytes, bytes, Tlvs]:
    """The body of a PDU (without header) as the octets of its fields, its text, its parameters. Raises `Malformed`."""
    layout = _LAYOUTS[kind]
    found = layout.form.match(body)
    if found is None:
        raise Malformed(Status.RINVCMDLEN, _where_it_ended(kind, layout, body))
    end, size, text = found.end(), len(body), b""
    at = end
    if layout.text:
        if at >= size:
            raise Malformed(Status.RINVCMDLEN, "the PDU ends before sm_length")
        start, at = at + 1, at + 1 + body[at]
        if at > size:
            raise Malformed(Status.RINVMSGLEN, f"sm_length says {at - start}, {size - start} octets are there")
        text = body[start:at]
    if at == size:
        return body[:end], text, ()
    if not layout.tlvs:
        raise Malformed(Status.RINVCMDLEN, f"{size - at} octets follow where the PDU should end")
    return body[:end], text, tuple(_tlvs(body, at))


def decode(kind: type[B], body: bytes) -> B:
    """The body of a PDU (without header) as a value. Raises `Malformed`."""
    head, text, tlvs = split(kind, body)
    layout = _LAYOUTS[kind]
    values: list[Any] = []
    at = 0
    for step in layout.steps:
        if step < 0:
            end = head.index(0, at)
            values.append(head[at:end].decode("latin-1"))
            at = end + 1
        else:
            values += head[at : at + step]
            at += step
    if layout.text:
        values.append(text)
    if layout.tlvs:
        values.append(tlvs)
    made: B = tuple.__new__(kind, values)
    return made


def encode(body: Body) -> bytes:
    """The body of a PDU. Raises `ValueError` for a field that is too long for its place."""
    layout = _LAYOUTS[type(body)]
    values: tuple[Any, ...] = body
    pieces: list[bytes] = []
    at = 0
    for step in layout.steps:
        if step < 0:
            pieces.append(_c_octets(values[at], -step))
            at += 1
        else:
            pieces.append(bytes(values[at : at + step]))
            at += step
    if layout.text:
        short_message = values[at]
        pieces += (bytes((len(short_message),)), short_message)
        at += 1
    if layout.tlvs:
        pieces += (encode_tlv(*tlv) for tlv in values[at])
    return b"".join(pieces)


def pdu(command: int, sequence: int, body: bytes = b"", status: int = 0) -> bytes:
    """A whole PDU."""
    return HEADER.pack(HEADER.size + len(body), command, status, sequence) + body


def decode_submit_multi(body: bytes) -> SubmitMulti:
    """Raises `Malformed`: 0x33 without any destination, 0x40 for an unknown flag."""
    try:
        first = body.index(0)
        source = body.index(0, first + 3)
        count, at = body[source + 1], source + 2
        destinations = []
        for _ in range(count):
            destination, at = _destination(body, at)
            destinations.append(destination)
    except (ValueError, IndexError) as error:
        if isinstance(error, Malformed):
            raise
        raise Malformed(Status.RINVCMDLEN, "the PDU ends within its destinations") from None
    if not destinations:
        raise Malformed(Status.RINVNUMDESTS, "number_of_dests is 0")
    # Without its destinations the body is that of a submit_sm to nobody.
    return SubmitMulti(tuple(destinations), decode(ShortMessage, body[: source + 1] + b"\0\0\0" + body[at:]))


def encode_submit_multi(multi: SubmitMulti) -> bytes:
    """Raises `ValueError` for a field that is too long for its place."""
    message = multi.message._replace(dest_addr_ton=0, dest_addr_npi=0, destination_addr="")
    body = encode(message)
    cut = body.index(0, body.index(0) + 3) + 1
    pieces = [bytes((len(multi.destinations),))]
    for flag, ton, npi, address in multi.destinations:
        pieces += (bytes((flag,)), bytes((ton, npi)) if flag == 1 else b"", _c_octets(address, 21))
    return body[:cut] + b"".join(pieces) + body[cut + 3 :]


def encode_submit_multi_resp(answer: SubmitMultiResp) -> bytes:
    pieces = [_c_octets(answer.message_id, 65), bytes((len(answer.unsuccessful),))]
    for ton, npi, address, status in answer.unsuccessful:
        pieces += (bytes((ton, npi)), address.encode("latin-1") + b"\0", _LENGTH.pack(status))
    return b"".join(pieces)


def decode_submit_multi_resp(body: bytes) -> SubmitMultiResp:
    """Raises `Malformed`."""
    try:
        end = body.index(0)
        count, at, failed = body[end + 1], end + 2, []
        for _ in range(count):
            stop = body.index(0, at + 2)
            address = body[at + 2 : stop].decode("latin-1")
            failed.append(Unsuccessful(body[at], body[at + 1], address, *_LENGTH.unpack_from(body, stop + 1)))
            at = stop + 5
    except (ValueError, IndexError, StructError):
        raise Malformed(Status.RINVCMDLEN, "the PDU ends within its unsuccessful destinations") from None
    return SubmitMultiResp(body[:end].decode("latin-1"), tuple(failed))


def _tlvs(body: bytes, at: int) -> Iterator[Tlv]:
    while at < len(body):
        if len(body) - at < _TLV.size:
            raise Malformed(Status.RINVOPTPARSTREAM, f"{len(body) - at} octets are left, too few for a parameter")
        tag, length = _TLV.unpack_from(body, at)
        at += _TLV.size
        if len(body) - at < length:
            why = f"parameter 0x{tag:04X} says {length} octets, {len(body) - at} are there"
            raise Malformed(Status.RINVOPTPARSTREAM, why)
        yield Tlv(tag, body[at : at + length])
        at += length


def encode_tlv(tag: int, value: bytes) -> bytes:
    """An optional parameter as it travels."""
    return _TLV.pack(tag, len(value)) + value


def _c_octets(text: str, room: int) -> bytes:
    octets = text.encode("latin-1")
    if len(octets) >= room or 0 in octets:
        raise ValueError(f"{text!r} is no C-octet string of at most {room} octets with its NUL")
    return octets + b"\0"


def _destination(body: bytes, at: int) -> tuple[Destination, int]:
    flag = body[at]
    if flag not in (1, 2):
        raise Malformed(Status.RINVDESTFLAG, f"dest_flag {flag} is neither 1 (address) nor 2 (distribution list)")
    ton, npi, start = (body[at + 1], body[at + 2], at + 3) if flag == 1 else (0, 0, at + 1)
    end = body.index(0, start)
    return Destination(flag, ton, npi, body[start:end].decode("latin-1")), end + 1


def _where_it_ended(kind: type[tuple[Any, ...]], layout: _Layout, body: bytes) -> str:
    names: tuple[str, ...] = kind._fields  # type: ignore[attr-defined]  # a NamedTuple
    whole = 0
    for step in layout.steps:
        found = re.match(_form(step), body, re.DOTALL)
        if found is None:
            whole += len(body) if step > 0 else 0
            break
        whole += 1 if step < 0 else step
        body = body[found.end() :]
    return f"the PDU ends within {names[whole]}"


BINDS = (Command.BIND_RECEIVER, Command.BIND_TRANSMITTER, Command.BIND_TRANSCEIVER)
