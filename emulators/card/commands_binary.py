"""READ, UPDATE, WRITE, ERASE BINARY and SET LOGICAL EOF (gemSpec_COS 14.3).

All address octets of a transparent file alike: P1‖P2 an offset in the current file, or P1 = 80|SFID and P2 an offset.
An SFID makes its file current as soon as it is found. Order of refusals: file, rule, kind of file, offset. Reading ends
at the logical end of the file, writing at the end of the room reserved.
"""

from __future__ import annotations

from . import status
from .access import Operation
from .apdu import CommandApdu, Response
from .chip import Chip
from .commands import DONE, demand, file_in_question, up_to_ne
from .filesystem import TransparentFile
from .session import Session
from .status import CommandRefused

_BY_SFID, _RESERVED, _SFID = 0x80, 0x60, 0x1F


def _place(chip: Chip, session: Session, command: CommandApdu, operation: Operation) -> tuple[TransparentFile, int]:
    """The file and the offset in it, once the rule for `operation` is fulfilled."""
    p1, p2 = command.p1, command.p2
    by_sfid = p1 & _BY_SFID
    if by_sfid and p1 & _RESERVED:
        raise CommandRefused(chip.profile.wrong_p1_p2)
    file = file_in_question(session, p1 & _SFID if by_sfid else 0)
    if not session.may(operation, file):
        raise CommandRefused(status.SECURITY_STATUS_NOT_SATISFIED)
    if not isinstance(file, TransparentFile):
        raise CommandRefused(status.WRONG_FILE_TYPE)
    return file, p2 if by_sfid else p1 << 8 | p2


def read_binary(chip: Chip, session: Session, command: CommandApdu) -> Response:
    """From the offset on, at most to the logical end; 6B00 where that is not beyond the offset."""
    file, offset = _place(chip, session, command, Operation.READ_BINARY)
    content = chip.content(file)
    demand(offset < len(content), status.OFFSET_BEYOND_END)
    return up_to_ne(chip, command, content[offset:])


def update_binary(chip: Chip, session: Session, command: CommandApdu) -> Response:
    """Over what is there, and beyond the logical end, which then moves; zeros fill a gap (gemSpec_COS N054.500).
    6B00 for an offset behind the room reserved, 6A84 for data that reach beyond it."""
    file, offset = _place(chip, session, command, Operation.UPDATE_BINARY)
    demand(bool(command.data), chip.profile.wrong_length)
    demand(offset < file.size, status.OFFSET_BEYOND_END)
    content = chip.content(file)
    before, behind = content[:offset].ljust(offset, b"\0"), content[offset + len(command.data) :]
    return _store(chip, file, before + command.data + behind)


def write_binary(chip: Chip, session: Session, command: CommandApdu) -> Response:
    """Append at the logical end; the offset is of no importance."""
    file, _ = _place(chip, session, command, Operation.WRITE_BINARY)
    demand(bool(command.data), chip.profile.wrong_length)
    return _store(chip, file, chip.content(file) + command.data)


def erase_binary(chip: Chip, session: Session, command: CommandApdu) -> Response:
    """Zeros from the offset up to the logical end, which stays; none if the offset lies behind it (N050.200)."""
    file, offset = _place(chip, session, command, Operation.ERASE_BINARY)
    demand(offset < file.size, status.OFFSET_BEYOND_END)
    content = chip.content(file)
    return _store(chip, file, content[:offset].ljust(len(content), b"\0"))


def set_logical_eof(chip: Chip, session: Session, command: CommandApdu) -> Response:
    """Cut the file off at the offset; nothing changes if that lies behind the logical end (N052.954 b)."""
    file, offset = _place(chip, session, command, Operation.SET_LOGICAL_EOF)
    demand(offset < file.size, status.OFFSET_BEYOND_END)
    return _store(chip, file, chip.content(file)[:offset])


def _store(chip: Chip, file: TransparentFile, content: bytes) -> Response:
    demand(len(content) <= file.size, status.OUT_OF_MEMORY)
    chip.contents[file] = content
    return DONE
