"""SELECT, and what the commands of all chapters share (gemSpec_COS 14)."""

from __future__ import annotations

from . import status, tlv
from .access import LifeCycle, Operation
from .apdu import CommandApdu, Response
from .chip import Chip
from .filesystem import ElementaryFile, Folder, TransparentFile
from .keys import Algorithm, KeyObject, Purpose
from .session import Session
from .status import CommandRefused, StatusWord

DONE = Response(b"", status.OK)

_MOST_DIGEST, _MOST_DIGEST_INFO = 64, 102  # the latter is less than 40 % of a modulus of 256 octets
_NO_ANSWER, _FCP = 0x0C, 0x04
_FIRST, _NEXT = 0x00, 0x02  # occurrence of an AID
_ANSWERS = frozenset({_NO_ANSWER | _FIRST, _FCP | _FIRST, _NO_ANSWER | _NEXT, _FCP | _NEXT})
_BY_FID_ANYWHERE, _FOLDER, _FILE, _PARENT, _AID = range(5)
_SELECTED = {
    LifeCycle.ACTIVE: status.OK,
    LifeCycle.DEACTIVATED: status.FILE_DEACTIVATED,
    LifeCycle.TERMINATED: status.FILE_TERMINATED,
}


def demand(allowed: bool, otherwise: StatusWord = status.SECURITY_STATUS_NOT_SATISFIED) -> None:
    """Go on, or refuse the command with `otherwise`."""
    if not allowed:
        raise CommandRefused(otherwise)


def up_to_ne(chip: Chip, command: CommandApdu, data: bytes) -> Response:
    """A wildcard takes what there is; a number larger than that takes it with 6282."""
    if not command.ne:
        raise CommandRefused(chip.profile.wrong_length)
    short = command.ne > len(data) and not command.is_wildcard
    return Response(data[: command.ne], status.END_OF_FILE if short else status.OK)


def whole(chip: Chip, command: CommandApdu, data: bytes) -> Response:
    """The result of a computation: it fits or is cut, but is no file that could end."""
    demand(command.ne > 0, chip.profile.wrong_length)
    return Response(data[: command.ne], status.OK)


def chosen_key(session: Session, purpose: Purpose, operation: Operation) -> tuple[KeyObject, Algorithm]:
    """The key chosen and its algorithm: 6985 without one, 6982 by rule."""
    chosen = session.chosen.get(purpose)
    if chosen is None or not isinstance(chosen.key, KeyObject) or chosen.algorithm is None:
        raise CommandRefused(status.CONDITIONS_NOT_SATISFIED)
    demand(session.may(operation, chosen.key))
    return chosen.key, chosen.algorithm


def rsa_signature(chip: Chip, key: KeyObject, algorithm: Algorithm, data: bytes) -> bytes:
    """By signPKCS1_V1_5 over a DigestInfo, else by PSS over a digest (gemSpec_COS N087.300, N086.200). COS names no
    trailer for data that are too long."""
    pkcs1 = algorithm is Algorithm.SIGN_PKCS1
    demand(0 < len(data) <= (_MOST_DIGEST_INFO if pkcs1 else _MOST_DIGEST), chip.profile.wrong_digest_size)
    rsa = chip.private_rsa(key)
    return rsa.sign_pkcs1(data) if pkcs1 else rsa.sign_pss(data)


def objects_in(data: bytes) -> dict[int, bytes]:
    """Data objects by tag. Refuses (6A80) what is no sequence of them."""
    try:
        return dict(tlv.decode(data))
    except tlv.TlvError as error:
        raise CommandRefused(status.WRONG_DATA) from error


def file_in_question(session: Session, sfid: int) -> ElementaryFile:
    """The file with that short identifier, which is the current one from then on, whatever comes of the command
    (gemSpec_COS N051.800 a and its like); or the current one for 0."""
    if not sfid:
        if session.file is None:
            raise CommandRefused(status.NO_CURRENT_EF)
        return session.file
    file = session.folder.file_by_sfid(sfid)
    if file is None:
        raise CommandRefused(status.FILE_NOT_FOUND)
    session.file = file
    return file


def select(chip: Chip, session: Session, command: CommandApdu) -> Response:
    """P1: 00 by FID from anywhere (vendor), 01 folder, 02 file, 03 parent, 04 AID. P2: 04 with FCP, 0C without; 06 and
    0E ask for the next folder of that AID, of which there is none. The FCP is as long as Le says, so without Le nothing
    of it comes (gemSpec_COS N048.300 a)."""
    _, _, p1, p2, data, ne, _ = command
    demand(p2 in _ANSWERS, chip.profile.wrong_p1_p2)
    if p1 == _FILE:
        return _select_file(chip, session, command)
    folder = _wanted_folder(chip, session, p1, data)
    if folder is None or p2 & _NEXT:
        raise CommandRefused(status.FILE_NOT_FOUND)
    state = chip.state(folder)
    session.enter(folder)
    return Response(folder.fcp(chip.own_state(folder))[:ne] if p2 & _NO_ANSWER == _FCP else b"", _SELECTED[state])


def _wanted_folder(chip: Chip, session: Session, p1: int, data: bytes) -> Folder | None:
    if p1 == _AID:
        return chip.system.folder(data)
    if p1 == _PARENT:
        return chip.system.parent(session.folder)
    if p1 == _FOLDER:
        return next((folder for folder in session.folder.folders if _has_fid(folder, data)), None)
    demand(p1 == _BY_FID_ANYWHERE and chip.profile.select_by_file_id_from_anywhere, chip.profile.wrong_p1_p2)
    around = (chip.system.root, *session.folder.folders, *chip.system.path(session.folder))
    return next((folder for folder in around if _has_fid(folder, data)), None)


def _has_fid(folder: Folder, data: bytes) -> bool:
    return folder.fid is not None and data == folder.fid.to_bytes(2, "big")


def _select_file(chip: Chip, session: Session, command: CommandApdu) -> Response:
    demand(len(command.data) == 2, chip.profile.wrong_length)
    file = session.folder.file_by_fid(int.from_bytes(command.data, "big"))
    if file is None:
        raise CommandRefused(status.FILE_NOT_FOUND)
    session.file = file
    state = chip.state(file)
    if command.p2 & _NO_ANSWER == _NO_ANSWER:
        return Response(b"", _SELECTED[state])
    own = chip.own_state(file)
    fcp = file.fcp(len(chip.content(file)), own) if isinstance(file, TransparentFile) else file.fcp(own)
    return Response(fcp[: command.ne], _SELECTED[state])
