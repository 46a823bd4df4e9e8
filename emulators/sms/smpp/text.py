"""What a submission carries: its octets as text, and which part of a long message it is.

Source: SMPP v3.4, 5.2.19 (data_coding), 3GPP TS 23.038, section 4 (message classes).
"""

from __future__ import annotations

from collections.abc import Callable

from .. import coding, header
from ..message import Part
from .bodies import Malformed, Tlvs, find_number
from .codes import DataCoding, Status, Tag

_gsm7 = coding.decode


def _ucs2(octets: bytes) -> str:
    # Half a surrogate pair is no character: phones decode each part by itself, and show a sign for what is none.
    return octets.decode("utf-16-be", "replace")


def _hex(octets: bytes) -> str:
    return octets.hex().upper()


_DECODERS: dict[int, Callable[[bytes], str]] = {
    DataCoding.DEFAULT: _gsm7,
    DataCoding.ASCII: lambda octets: octets.decode("ascii", "replace"),
    DataCoding.OCTETS: _hex,
    DataCoding.LATIN_1: lambda octets: octets.decode("latin-1"),
    DataCoding.BINARY: _hex,
    DataCoding.UCS2: _ucs2,
}
_ALPHABETS = (_gsm7, _hex, _ucs2, _gsm7)  # bits 2 and 3 of a data coding with a message class


def content(octets: bytes, data_coding: int, has_header: bool, tlvs: Tlvs) -> tuple[str, bytes, bytes, Part | None]:
    """A submission's text, its octets without header, the header, and the part they are.

    Raises `Malformed` for a header that does not parse, an unknown data coding, or half a set of sar parameters.
    """
    udh, part = b"", None
    if has_header:
        try:
            udh, octets = header.cut_off(octets)
            part = header.part_of(udh)
        except ValueError as error:
            raise Malformed(Status.RINVESMCLASS, str(error)) from None
    elif tlvs:
        part = _part_of_tlvs(tlvs)
    return (_DECODERS.get(data_coding) or _decoder(data_coding))(octets), octets, udh, part


def data_coding_of(text: str) -> DataCoding:
    """The cheapest for a text on its way to a client: the default alphabet, or UCS-2."""
    return DataCoding.DEFAULT if coding.coding_of(text).encoding is coding.Encoding.GSM7 else DataCoding.UCS2


def encode(data_coding: DataCoding, text: str) -> bytes:
    """Raises `UnicodeEncodeError` for a character that the default alphabet does not have."""
    return coding.encode(text) if data_coding is DataCoding.DEFAULT else text.encode("utf-16-be", "surrogatepass")


def default_alphabet(text: str) -> bytes:
    """A text in the default alphabet; what that does not have becomes a question mark."""
    septets = coding.by_latin_1(text)
    if septets is not None:
        return septets
    try:
        return coding.encode(text)
    except UnicodeEncodeError as error:
        return default_alphabet(text.replace(text[error.start], "?"))


def _decoder(data_coding: int) -> Callable[[bytes], str]:
    if data_coding in _DECODERS:
        return _DECODERS[data_coding]
    if data_coding & 0xF0 == 0xF0:
        return _hex if data_coding & 0x04 else _gsm7
    if data_coding & 0xF0 == 0x10:
        return _ALPHABETS[(data_coding >> 2) & 3]
    raise Malformed(Status.RSUBMITFAIL, f"data_coding 0x{data_coding:02X} is not known here")


def _part_of_tlvs(tlvs: Tlvs) -> Part | None:
    reference = find_number(tlvs, Tag.SAR_MSG_REF_NUM, 2)
    total = find_number(tlvs, Tag.SAR_TOTAL_SEGMENTS, 1)
    number = find_number(tlvs, Tag.SAR_SEGMENT_SEQNUM, 1)
    if reference is None and total is None and number is None:
        return None
    if reference is None or total is None or number is None:
        raise Malformed(Status.RMISSINGOPTPARAM, "of the three sar parameters one or two are missing")
    if not 1 <= number <= total:
        raise Malformed(Status.RINVOPTPARAMVAL, f"part {number} of {total} cannot be")
    return Part(reference, number, total, wide=reference > 0xFF)


def coding_carried(octets: bytes, data_coding: int, part: Part | None) -> coding.Coding | None:
    """How the octets of `content` travel, where the data coding says it and not the text; a part is one segment."""
    decode = _decoder(data_coding)
    if decode not in (_ucs2, _hex):
        return None
    kind, size = (coding.Encoding.UCS2, 2) if decode is _ucs2 else (coding.Encoding.OCTETS, 1)
    units = -(-len(octets) // size)
    return coding.coding_of_units(kind, units) if part is None else coding.Coding(kind, units, 1)


def doubts_of(octets: bytes, data_coding: int, part: Part | None) -> list[str]:
    """What is accepted of `content`, as networks do, but hardly meant."""
    doubts: list[str] = []
    if part is None and data_coding == 0 and octets.isascii():  # the default alphabet, as a rule
        return doubts
    decode = _decoder(data_coding)
    if decode is _gsm7:
        if not octets.isascii():
            doubts.append("eighth_bit_set")  # another alphabet than data_coding says, mostly Latin-1 or UTF-8
        if part is not None and part.number < part.total and _ends_in_escape(octets):
            doubts.append("escape_pair_split")
    elif decode is _ucs2:
        if len(octets) % 2:
            doubts.append("odd_octets")
        elif (
            part is not None
            and octets
            and (
                (part.number < part.total and octets[-2] & 0xFC == 0xD8)
                or (part.number > 1 and octets[0] & 0xFC == 0xDC)
            )
        ):
            doubts.append("surrogate_pair_split")
    return doubts


def _ends_in_escape(septets: bytes) -> bool:
    return (len(septets) - len(septets.rstrip(bytes((coding.ESCAPE,))))) % 2 == 1
