"""Folders and files as an object system describes them, and their control parameters (FCP). What is written in them
and the life cycle they are in belong to the card (`chip.Chip`)."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from . import tlv
from .access import AccessRules, LifeCycle
from .keys import KeyObject
from .passwords import PasswordReference

_RECORDS_HAVE_A_LIFE_CYCLE = tlv.encode(0x8F, b"\x01")


def _identity(fid: int, sfid: int, state: LifeCycle) -> bytes:
    short = bytes((sfid << 3,)) if sfid else b""
    return tlv.encode(0x83, fid.to_bytes(2, "big")) + tlv.encode(0x88, short) + tlv.encode(0x8A, bytes((state,)))


@dataclass(frozen=True, slots=True, eq=False)
class TransparentFile:
    """`size` is the room reserved; how much of it is written is the logical end of file (LEOF). SFID 0: none."""

    name: str
    fid: int
    sfid: int
    size: int
    rules: AccessRules

    def fcp(self, logical_end: int, state: LifeCycle = LifeCycle.ACTIVE) -> bytes:
        """What SELECT with P2=04 answers, without vendor objects."""
        body = tlv.encode(0x80, self.size.to_bytes(2, "big")) + tlv.encode(0x82, b"\x41")
        body += _identity(self.fid, self.sfid, state)
        return tlv.encode(0x62, body + tlv.encode(0xC5, logical_end.to_bytes(2, "big")))


class RecordKind(Enum):
    """The value is the file descriptor in the FCP."""

    LINEAR_FIXED = 0x42
    LINEAR_VARIABLE = 0x44
    CYCLIC = 0x46


@dataclass(frozen=True, slots=True, eq=False)
class RecordFile:
    """At most `records` records of at most (linear variable) or exactly `record_size` octets.

    With `record_life_cycle` each record can be deactivated by itself.
    """

    name: str
    fid: int
    sfid: int
    kind: RecordKind
    size: int
    record_size: int
    records: int
    record_life_cycle: bool
    rules: AccessRules

    def fcp(self, state: LifeCycle = LifeCycle.ACTIVE) -> bytes:
        """What SELECT with P2=04 answers, without vendor objects. Where every record is as long as any other no size is
        told (gemSpec_COS N014.000), and a profile only where records have a life cycle (N014.600)."""
        variable = self.kind is RecordKind.LINEAR_VARIABLE
        body = tlv.encode(0x80, self.size.to_bytes(2, "big")) if variable else b""
        descriptor = bytes((self.kind.value, 0x41)) + self.record_size.to_bytes(2, "big") + bytes((self.records,))
        body += tlv.encode(0x82, descriptor) + _identity(self.fid, self.sfid, state)
        return tlv.encode(0x62, body + (_RECORDS_HAVE_A_LIFE_CYCLE if self.record_life_cycle else b""))


ElementaryFile = TransparentFile | RecordFile


@dataclass(frozen=True, slots=True, eq=False)
class Folder:
    """A folder is selected by its AID; on cards of today only the root has a file identifier."""

    name: str
    aid: bytes
    fid: int | None
    rules: AccessRules
    files: tuple[ElementaryFile, ...] = ()
    keys: tuple[KeyObject, ...] = ()
    passwords: tuple[PasswordReference, ...] = ()
    folders: tuple[Folder, ...] = ()

    def fcp(self, state: LifeCycle = LifeCycle.ACTIVE) -> bytes:
        """What SELECT with P2=04 answers, without vendor objects."""
        body = tlv.encode(0x82, b"\x78")
        if self.fid is not None:
            body += tlv.encode(0x83, self.fid.to_bytes(2, "big"))
        return tlv.encode(0x62, body + tlv.encode(0x8A, bytes((state,))) + tlv.encode(0x84, self.aid))

    def file_by_fid(self, fid: int) -> ElementaryFile | None:
        return next((file for file in self.files if file.fid == fid), None)

    def file_by_sfid(self, sfid: int) -> ElementaryFile | None:
        for file in self.files:
            if file.sfid == sfid:
                return file
        return None

    def key(self, kid: int) -> KeyObject | None:
        return next((key for key in self.keys if key.kid == kid), None)

    def password(self, reference: int) -> PasswordReference | None:
        return next((password for password in self.passwords if password.reference == reference), None)
