"""SELECT, READ and the signature commands (gemSpec_COS 14). Trailers that COS leaves open are the ISO ones."""

from __future__ import annotations

from . import status, tlv
from .access import Operation
from .apdu import CommandApdu, Response
from .chip import Chip, Session
from .filesystem import ElementaryFile, Folder, RecordFile, TransparentFile
from .keys import DIGEST_SIZE
from .status import CommandRefused, StatusWord

DONE = Response(b"", status.OK)
_WITH_FCP, _WITHOUT_RESPONSE = 0x04, 0x0C
_NEXT_OCCURRENCE = (0x06, 0x0E)  # of folders that share an AID; there are none here
_IN_FOLDER = 0x80  # bit of a key reference: search the current folder rather than the root


def select(chip: Chip, session: Session, command: CommandApdu) -> Response:
    """By AID (empty: root), by FID below the current folder, or the parent; P2=04 answers with the FCP."""
    if command.p2 in _NEXT_OCCURRENCE:
        raise CommandRefused(status.FILE_NOT_FOUND)
    if command.p2 not in (_WITH_FCP, _WITHOUT_RESPONSE):
        raise CommandRefused(status.WRONG_P1_P2)
    if command.p1 == 0x02:
        return _answer_select(chip, command, _select_file(session, command.data))
    folder = _wanted_folder(chip, session, command)
    if folder is None:
        raise CommandRefused(status.FILE_NOT_FOUND)
    session.enter(folder)
    return _answer_select(chip, command, folder)


def _wanted_folder(chip: Chip, session: Session, command: CommandApdu) -> Folder | None:
    match command.p1:
        case 0x04:
            return chip.system.folder(command.data)
        case 0x03:
            return None if session.folder is chip.system.root else chip.system.root
        case 0x01:  # folders have no FID in this object system
            return None
        case _:
            raise CommandRefused(status.WRONG_P1_P2)


def _select_file(session: Session, data: bytes) -> ElementaryFile:
    if len(data) != 2:
        raise CommandRefused(status.WRONG_LENGTH)
    file = session.folder.file_by_fid(int.from_bytes(data, "big"))
    if file is None:
        raise CommandRefused(status.FILE_NOT_FOUND)
    session.file = file
    return file


def _answer_select(chip: Chip, command: CommandApdu, selected: Folder | ElementaryFile) -> Response:
    if command.p2 == _WITHOUT_RESPONSE:
        return DONE
    if isinstance(selected, TransparentFile):
        return Response(selected.fcp(len(chip.content(selected.name))), status.OK)
    return Response(selected.fcp(), status.OK)


def read_binary(chip: Chip, session: Session, command: CommandApdu) -> Response:
    """From an offset of the current file, or of the one named by SFID, which becomes current."""
    by_sfid = bool(command.p1 & 0x80)
    if by_sfid and command.p1 & 0x60:
        raise CommandRefused(status.WRONG_P1_P2)
    file = _addressed(session, command.p1 & 0x1F if by_sfid else 0)
    offset = command.p2 if by_sfid else command.p1 << 8 | command.p2
    _demand(session.may(Operation.READ_BINARY, file))
    if not isinstance(file, TransparentFile):
        raise CommandRefused(status.WRONG_FILE_TYPE)
    content = chip.content(file.name)
    if offset >= len(content):
        raise CommandRefused(status.OFFSET_BEYOND_END)
    session.file = file
    return _up_to_ne(command, content[offset:])


def read_record(chip: Chip, session: Session, command: CommandApdu) -> Response:
    """Record P1 (from 1) of the current file, or of the one named by SFID in P2."""
    if command.p2 & 0x07 != 0x04:
        raise CommandRefused(status.WRONG_P1_P2)
    file = _addressed(session, command.p2 >> 3)
    _demand(session.may(Operation.READ_RECORD, file))
    if not isinstance(file, RecordFile):
        raise CommandRefused(status.WRONG_FILE_TYPE)
    records = chip.records(file.name)
    if not 1 <= command.p1 <= len(records):
        raise CommandRefused(status.RECORD_NOT_FOUND)
    session.file = file
    return _up_to_ne(command, records[command.p1 - 1])


def _addressed(session: Session, sfid: int) -> ElementaryFile:
    """The file with that short identifier, or the current one for 0."""
    file = session.folder.file_by_sfid(sfid) if sfid else session.file
    if file is None:
        raise CommandRefused(status.FILE_NOT_FOUND if sfid else status.NO_CURRENT_EF)
    return file


def _up_to_ne(command: CommandApdu, data: bytes) -> Response:
    """A wildcard takes what there is; a number larger than that takes it with 6282."""
    if not command.ne:
        raise CommandRefused(status.WRONG_LENGTH)
    short = command.ne > len(data) and not command.is_wildcard
    return Response(data[: command.ne], status.END_OF_FILE if short else status.OK)


def _demand(allowed: bool, otherwise: StatusWord = status.SECURITY_STATUS_NOT_SATISFIED) -> None:
    if not allowed:
        raise CommandRefused(otherwise)


def manage_security_environment(chip: Chip, session: Session, command: CommandApdu) -> Response:
    """SET of a signature key: 41 B6 with 84 01 kid and 80 01 algorithm."""
    _demand((command.p1, command.p2) == (0x41, 0xB6), status.FUNCTION_NOT_SUPPORTED)
    try:
        objects = dict(tlv.decode(command.data))
    except tlv.TlvError as error:
        raise CommandRefused(status.WRONG_DATA) from error
    reference, algorithm = objects.get(0x84, b""), objects.get(0x80, b"")
    _demand(len(reference) == 1 and len(algorithm) == 1, status.WRONG_DATA)
    folder = session.folder if reference[0] & _IN_FOLDER else chip.system.root
    key = folder.key(reference[0] & ~_IN_FOLDER)
    if key is None or (reference[0] & _IN_FOLDER and folder is chip.system.root):
        raise CommandRefused(status.KEY_OR_PASSWORD_NOT_FOUND)
    _demand(algorithm[0] in key.algorithms, status.FUNCTION_NOT_SUPPORTED)
    session.key, session.algorithm = key, algorithm[0]
    return DONE


def perform_security_operation(chip: Chip, session: Session, command: CommandApdu) -> Response:
    """COMPUTE DIGITAL SIGNATURE (9E 9A) over a 32-octet digest: R‖S, 64 octets.

    COS names no trailer for a digest of another size; this card answers 6A80.
    """
    _demand((command.p1, command.p2) == (0x9E, 0x9A), status.FUNCTION_NOT_SUPPORTED)
    if session.key is None:
        raise CommandRefused(status.CONDITIONS_NOT_SATISFIED)
    _demand(session.may(Operation.COMPUTE_DIGITAL_SIGNATURE, session.key))
    _demand(len(command.data) == DIGEST_SIZE, status.WRONG_DATA)
    return _up_to_ne(command, chip.sign(command.data))
