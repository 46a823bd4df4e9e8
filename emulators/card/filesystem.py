"""Folders and files as the object system describes them, and their control parameters (FCP)."""

from __future__ import annotations

from dataclasses import dataclass

from . import tlv
from .access import AccessRules
from .keys import KeyObject

_ACTIVE = tlv.encode(0x8A, b"\x05")


@dataclass(frozen=True, slots=True)
class TransparentFile:
    """`size` is the room reserved; how much of it is written is the logical end of file (LEOF)."""

    name: str
    fid: int
    sfid: int
    size: int
    rules: AccessRules

    def fcp(self, logical_end: int) -> bytes:
        """What SELECT with P2=04 answers, without vendor objects."""
        body = tlv.encode(0x80, self.size.to_bytes(2, "big"))
        body += tlv.encode(0x82, b"\x41")
        body += tlv.encode(0x83, self.fid.to_bytes(2, "big"))
        body += tlv.encode(0x88, bytes((self.sfid << 3,))) + _ACTIVE
        return tlv.encode(0x62, body + tlv.encode(0xC5, logical_end.to_bytes(2, "big")))


@dataclass(frozen=True, slots=True)
class RecordFile:
    """A linear variable file of at most `records` records of at most `record_size` octets."""

    name: str
    fid: int
    sfid: int
    size: int
    record_size: int
    records: int
    rules: AccessRules

    def fcp(self) -> bytes:
        """What SELECT with P2=04 answers, without vendor objects."""
        body = tlv.encode(0x80, self.size.to_bytes(2, "big"))
        body += tlv.encode(0x82, b"\x44\x41" + self.record_size.to_bytes(2, "big") + bytes((self.records,)))
        body += tlv.encode(0x83, self.fid.to_bytes(2, "big"))
        return tlv.encode(0x62, body + tlv.encode(0x88, bytes((self.sfid << 3,))) + _ACTIVE)


ElementaryFile = TransparentFile | RecordFile


@dataclass(frozen=True, slots=True)
class Folder:
    """A folder is selected by its AID; only the root has a file identifier."""

    name: str
    aid: bytes
    fid: int | None = None
    files: tuple[ElementaryFile, ...] = ()
    keys: tuple[KeyObject, ...] = ()
    folders: tuple[Folder, ...] = ()

    def fcp(self) -> bytes:
        """What SELECT with P2=04 answers, without vendor objects."""
        body = tlv.encode(0x82, b"\x78")
        if self.fid is not None:
            body += tlv.encode(0x83, self.fid.to_bytes(2, "big"))
        return tlv.encode(0x62, body + _ACTIVE + tlv.encode(0x84, self.aid))

    def file_by_fid(self, fid: int) -> ElementaryFile | None:
        return next((file for file in self.files if file.fid == fid), None)

    def file_by_sfid(self, sfid: int) -> ElementaryFile | None:
        return next((file for file in self.files if file.sfid == sfid), None)

    def key(self, kid: int) -> KeyObject | None:
        return next((key for key in self.keys if key.kid == kid), None)
