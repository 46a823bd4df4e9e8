"""The shape of the files that describe object systems and vendors: validated as they are read.

Errors are pydantic's, which name the place in the file.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import cache
from importlib.resources import files
from typing import Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from .access import Operation
from .filesystem import RecordKind
from .keys import ALGORITHMS, Algorithm
from .status import StatusWord


class _Data(BaseModel):
    """Keys are written with spaces; what is unknown is an error."""

    model_config = ConfigDict(
        extra="forbid", frozen=True, alias_generator=lambda name: name.replace("_", " "), populate_by_name=True
    )


class RuleData(_Data):
    """A rule by interface, in the notation of `notation.Notation`."""

    contact: str
    contactless: str

    @model_validator(mode="before")
    @classmethod
    def _forms(cls, raw: object) -> object:
        match raw:
            case str():
                return {"contact": raw, "contactless": raw}
            case {"CB": contact, "CL": contactless, **others} if not others:
                return {"contact": contact, "contactless": contactless}
            case {"rule": rule, "adds": more, **others} if not others:
                return {"contact": rule, "contactless": f"({rule}) and {more}"}
            case _:
                raise ValueError("a rule is a text, {CB: …, CL: …} or {rule: …, adds: …}")


class AccessData(_Data):
    """What one kind of object allows: by command while active, and while deactivated if that is stated."""

    rules: Mapping[Operation, RuleData]
    deactivated: Mapping[Operation, RuleData] | None = None

    @model_validator(mode="before")
    @classmethod
    def _flat(cls, raw: object) -> object:
        if not isinstance(raw, dict):
            raise ValueError("an access set maps commands to rules")
        rules = {name: rule for name, rule in raw.items() if name != "deactivated"}
        return {"rules": rules, "deactivated": raw.get("deactivated")}


class FileData(_Data):
    name: str
    fid: int = Field(ge=0, le=0xFFFF)
    sfid: int = Field(default=0, ge=0, le=30)
    kind: Literal["linear fixed", "linear variable", "cyclic"] | None = None
    size: int = Field(default=0, ge=0, le=0xFFFF)
    record_size: int = Field(default=0, ge=0, le=255)
    records: int = Field(default=0, ge=0, le=254)
    record_life_cycle: bool = False
    access: str

    @model_validator(mode="after")
    def _complete(self) -> FileData:
        if self.kind is None and (not self.size or self.record_size or self.records):
            raise ValueError(f"{self.name} is transparent: it has a size and no records")
        if self.kind is not None and not (self.record_size and self.records):
            raise ValueError(f"{self.name} has records: it needs `record size` and `records`")
        return self

    def record_kind(self) -> RecordKind:
        """Which kind of record file; for one that has records."""
        return RecordKind[(self.kind or "").upper().replace(" ", "_")]


class KeyData(_Data):
    name: str
    kid: int = Field(ge=1, le=0x1F)
    kind: Literal["connection", "ec", "rsa2048", "aes128", "aes256"]
    algorithms: tuple[str, ...]
    access: str
    empty: bool = False

    @model_validator(mode="after")
    def _fillable(self) -> KeyData:
        if self.empty and self.kind != "ec":
            raise ValueError(f"{self.name} cannot be empty: only EC keys are generated on the card")
        return self

    @field_validator("algorithms")
    @classmethod
    def _known(cls, names: tuple[str, ...]) -> tuple[str, ...]:
        for name in names:
            if name not in ALGORITHMS:
                raise ValueError(f"unknown algorithm {name!r}; known: {', '.join(ALGORITHMS)}")
        return names

    def known(self) -> tuple[Algorithm, ...]:
        return tuple(ALGORITHMS[name] for name in self.algorithms)


class PasswordData(_Data):
    name: str
    reference: int = Field(ge=1, le=0x1F)
    of: str | None = None
    access: str
    enabled: bool = True
    digits: tuple[int, int] = (6, 8)
    tries: int = Field(default=3, ge=1, le=15)
    puk_uses: int = Field(default=10, ge=0, le=15)
    settable: bool = False


class AnchorData(_Data):
    """A CV key trusted from the beginning: of which authority of the test PKI, and what it can hand on."""

    name: str
    authority: Literal["root", "admin"]
    chat: Literal["ti", "cms"]
    flags: str = Field(pattern="^[0-9a-f]{14}$")
    access: str


class FolderData(_Data):
    name: str
    aid: str = Field(pattern="^([0-9A-F]{2}){5,16}$")
    fid: int | None = None
    access: str
    files: tuple[FileData, ...] = ()
    keys: tuple[KeyData, ...] = ()
    passwords: tuple[PasswordData, ...] = ()
    anchors: tuple[AnchorData, ...] = ()
    folders: tuple[FolderData, ...] = ()

    def walk(self) -> Iterator[FolderData]:
        """This folder and all below it."""
        yield self
        for folder in self.folders:
            yield from folder.walk()

    def without(self, names: frozenset[str]) -> FolderData:
        """A copy that lacks the objects of those names, at any depth."""
        return self.model_copy(
            update={
                "files": tuple(f for f in self.files if f.name not in names),
                "keys": tuple(k for k in self.keys if k.name not in names),
                "passwords": tuple(p for p in self.passwords if p.name not in names),
                "folders": tuple(f.without(names) for f in self.folders if f.name not in names),
            }
        )

    def with_more(self, more: Mapping[str, AdditionData]) -> FolderData:
        """A copy with objects added, by the name of the folder they go to."""
        added = more.get(self.name, AdditionData())
        return self.model_copy(
            update={
                "files": self.files + added.files,
                "keys": self.keys + added.keys,
                "passwords": self.passwords + added.passwords,
                "folders": tuple(f.with_more(more) for f in self.folders) + added.folders,
            }
        )


class AdditionData(_Data):
    files: tuple[FileData, ...] = ()
    keys: tuple[KeyData, ...] = ()
    passwords: tuple[PasswordData, ...] = ()
    folders: tuple[FolderData, ...] = ()


class ObjectSystemData(_Data):
    """A whole object system. `version` is what EF.Version2 says under C1."""

    name: str
    version: str = Field(alias="object system version", pattern=r"^\d{1,2}\.\d{1,2}\.\d{1,2}$")
    nfc: bool
    conditions: Mapping[str, str] = {}
    access: Mapping[str, AccessData] = {}
    root: FolderData

    @classmethod
    def load(cls, raw: object, read: Callable[[str], ObjectSystemData]) -> ObjectSystemData:
        """From what YAML gives; `read` finds what the file extends. Raises `ValueError`."""
        if not isinstance(raw, dict) or "extends" not in raw:
            return cls.model_validate(raw).checked()
        change = _Change.model_validate(raw)
        base = read(change.extends)
        known = {thing for folder in base.root.walk() for thing in _names(folder)}
        if strange := [name for name in change.without if name not in known]:
            raise ValueError(f"`without` names what {change.extends} does not have: {', '.join(strange)}")
        return cls(
            name=change.name,
            version=change.version,
            nfc=change.nfc,
            conditions={**base.conditions, **change.conditions},
            access={**base.access, **change.access},
            root=base.root.without(frozenset(change.without)).with_more(change.add),
        ).checked()

    def checked(self) -> ObjectSystemData:
        """This system, if no two objects share a name and no two files of a folder an identifier."""
        names = [name for folder in self.root.walk() for name in _names(folder)]
        twice = [name for name in names if names.count(name) > 1]
        for folder in self.root.walk():
            fids = [file.fid for file in folder.files]
            twice += [f"{folder.name} {fid:04X}" for fid in fids if fids.count(fid) > 1]
        if twice:
            raise ValueError(f"more than once: {', '.join(sorted(set(twice)))}")
        return self


class _Change(_Data):
    """A file that tells how it differs from another one."""

    extends: str
    name: str
    version: str = Field(alias="object system version")
    nfc: bool
    without: tuple[str, ...] = ()
    conditions: Mapping[str, str] = {}
    access: Mapping[str, AccessData] = {}
    add: Mapping[str, AdditionData] = {}


def _names(folder: FolderData) -> tuple[str, ...]:
    files, keys, passwords = folder.files, folder.keys, folder.passwords
    return (folder.name, *(f.name for f in files), *(k.name for k in keys), *(p.name for p in passwords))


class CardProfile(_Data):
    """What COS leaves to the vendor. Status words are those of the case; ISO's where the vendor's are not known."""

    name: str
    atr_contact: str
    atr_contactless: str
    logical_channels: int = Field(ge=1, le=4)
    persistent_key_slots: int = Field(ge=0)
    unknown_class: StatusWord
    unknown_instruction: StatusWord
    chaining_not_supported: StatusWord
    wrong_length: StatusWord
    wrong_p1_p2: StatusWord
    wrong_digest_size: StatusWord
    select_by_file_id_from_anywhere: bool
    blocked_before_transport_in_status: bool

    @field_validator(
        "unknown_class",
        "unknown_instruction",
        "chaining_not_supported",
        "wrong_length",
        "wrong_p1_p2",
        "wrong_digest_size",
        mode="plain",
    )
    @classmethod
    def _status_word(cls, raw: object) -> StatusWord:
        if not isinstance(raw, int) or not 0x6000 <= raw <= 0xFFFF:
            raise ValueError("a status word is a number such as 0x6A86")
        return StatusWord(raw)


@cache
def card_profile(name: str = "tcos") -> CardProfile:
    """A vendor's profile by the name of its file, always the same object. Raises `ValueError` for an unknown one."""
    source = files(__package__) / "profiles" / f"{name}.yaml"
    if name.startswith("egk-") or not source.is_file():
        raise ValueError(f"no card profile {name!r}")
    return CardProfile.model_validate(yaml.load(source.read_text("utf-8"), yaml.CSafeLoader))
