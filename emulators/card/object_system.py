"""Object systems: loaded from data files beside this module, checked, and shared by all cards of their kind."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache
from importlib.resources import files
from typing import NamedTuple

import yaml

from .access import NEVER, AccessRules, Condition, Operation, Rules
from .filesystem import ElementaryFile, Folder, RecordFile, TransparentFile
from .keys import KeyKind, KeyObject
from .notation import Notation, RuleError
from .object_data import (
    AnchorData,
    FileData,
    FolderData,
    KeyData,
    ObjectSystemData,
    PasswordData,
    RuleData,
)
from .passwords import PasswordReference, SecretLimits

G21, G21_CONTACT, G20 = "egk-g2.1", "egk-g2.1-contact", "egk-g2.0"
_IN_FOLDER = 0x80  # bit of a reference: search the current folder and those above it, but never the root


class ObjectSystemError(ValueError):
    """A data file does not describe an object system; the text says where and why."""


class Anchor(NamedTuple):
    """A CV key that the card trusts from the beginning; the key itself comes with personalisation."""

    data: AnchorData
    rules: AccessRules


Thing = Folder | ElementaryFile | KeyObject | PasswordReference


class ObjectSystem:
    """A tree of folders, and what one looks up in it. Shared between cards: nothing in it ever changes."""

    def __init__(self, name: str, data: ObjectSystemData) -> None:
        builder = _Builder(data)
        self.name = name
        self.title = data.name
        self.version = data.version
        self.nfc = data.nfc
        self.root = builder.folder(data.root, ())
        self.anchors = tuple(Anchor(a, builder.rules(a.access, (data.root,))) for a in data.root.anchors)
        self._parents: dict[Folder, Folder] = {}
        self.home: dict[Thing, Folder] = {}
        for folder in self.folders():
            self._parents.update((child, folder) for child in folder.folders)
            for thing in (*folder.files, *folder.keys, *folder.passwords):
                self.home[thing] = folder
            self.home[folder] = folder
        self.passwords: tuple[PasswordReference, ...] = tuple(p for f in self.folders() for p in f.passwords)
        self.things: dict[str, Thing] = {thing.name: thing for thing in self.home}
        self.file_names = {file.fid: file.name for folder in self.folders() for file in folder.files}
        self.disabled = frozenset(p.name for p in self.passwords if not p.enabled)
        self._by_aid = {folder.aid: folder for folder in self.folders()} | {b"": self.root}
        self._paths = {folder: tuple(self._upwards(folder)) for folder in self.folders()}

    def folders(self) -> Iterator[Folder]:
        """All folders, parents before children."""
        stack = [self.root]
        while stack:
            folder = stack.pop(0)
            yield folder
            stack[:0] = folder.folders

    def folder(self, aid: bytes) -> Folder | None:
        """The folder with that AID, wherever it lies; an empty one names the root."""
        return self._by_aid.get(aid)

    def parent(self, folder: Folder) -> Folder | None:
        return self._parents.get(folder)

    def path(self, folder: Folder) -> tuple[Folder, ...]:
        """The folder, its parent, … up to the root."""
        return self._paths[folder]

    def _upwards(self, folder: Folder | None) -> Iterator[Folder]:
        while folder is not None:
            yield folder
            folder = self._parents.get(folder)

    def password(self, reference: int, folder: Folder) -> PasswordReference | None:
        """By the reference of a command: in the root, or with bit 80 from `folder` upward (gemSpec_COS 9.2.2)."""
        if not reference & _IN_FOLDER:
            return self.root.password(reference)
        found = (f.password(reference & ~_IN_FOLDER) for f in self._paths[folder][:-1])
        return next((password for password in found if password is not None), None)

    def key(self, reference: int, folder: Folder) -> KeyObject | None:
        """As `password`, for keys (gemSpec_COS 9.2.3)."""
        if not reference & _IN_FOLDER:
            return self.root.key(reference)
        local = reference & ~_IN_FOLDER
        for candidate in self._paths[folder][:-1]:
            if (key := candidate.key(local)) is not None:
                return key
        return None


class _Builder:
    """From validated data to objects. Passwords of all folders are collected first, for rules name them."""

    def __init__(self, data: ObjectSystemData) -> None:
        self._data = data
        self._notations: dict[tuple[str, ...], Notation] = {}
        self._limits = {
            p.name: SecretLimits(*p.digits, p.tries, p.puk_uses, p.settable)
            for folder in data.root.walk()
            for p in folder.passwords
        }

    def folder(self, data: FolderData, above: tuple[FolderData, ...]) -> Folder:
        path = (data, *above)
        return Folder(
            data.name,
            bytes.fromhex(data.aid),
            data.fid,
            self.rules(data.access, path),
            tuple(self._file(file, path) for file in data.files),
            tuple(self._key(key, path) for key in data.keys),
            tuple(self._password(password, path) for password in data.passwords),
            tuple(self.folder(child, path) for child in data.folders),
        )

    def _file(self, data: FileData, path: tuple[FolderData, ...]) -> ElementaryFile:
        rules = self.rules(data.access, path)
        if data.kind is None:
            return TransparentFile(data.name, data.fid, data.sfid, data.size, rules)
        size = data.size or data.record_size * data.records
        return RecordFile(
            data.name,
            data.fid,
            data.sfid,
            data.record_kind(),
            size,
            data.record_size,
            data.records,
            data.record_life_cycle,
            rules,
        )

    def _key(self, data: KeyData, path: tuple[FolderData, ...]) -> KeyObject:
        return KeyObject(
            data.name, data.kid, KeyKind(data.kind), data.known(), self.rules(data.access, path), data.empty
        )

    def _password(self, data: PasswordData, path: tuple[FolderData, ...]) -> PasswordReference:
        secret = data.of or data.name
        if secret not in self._limits:
            raise ObjectSystemError(f"{data.name} refers to the unknown password {secret}")
        rules = self.rules(data.access, path)
        return PasswordReference(data.name, data.reference, rules, secret, self._limits[secret], data.enabled)

    def rules(self, name: str, path: tuple[FolderData, ...]) -> AccessRules:
        """The access set of that name, with PWD(…) as seen from the innermost folder of the path."""
        listed = self._data.access.get(name)
        if listed is None:
            raise ObjectSystemError(f"{path[0].name} names the unknown access set {name!r}")

        def password(reference: int) -> str | None:
            found = (p.name for folder in path for p in folder.passwords if p.reference == reference)
            return next(found, None)

        seen = tuple(folder.name for folder in path if folder.passwords)  # whose passwords PWD(…) may mean
        notation = self._notations.setdefault(seen, Notation(self._data.conditions, password))
        try:
            still = self._pair(listed.deactivated, notation) if listed.deactivated is not None else None
            return AccessRules(*self._pair(listed.rules, notation), still)
        except RuleError as error:
            raise ObjectSystemError(f"access set {name!r} in {path[0].name}: {error}") from error

    def _pair(self, listed: Mapping[Operation, RuleData], notation: Notation) -> tuple[Rules, Rules]:
        def read(text: str) -> Condition:
            return notation.read(text)

        contact = {operation: read(rule.contact) for operation, rule in listed.items()}
        contactless = {operation: read(rule.contactless) for operation, rule in listed.items()}
        return contact, {operation: rule for operation, rule in contactless.items() if rule != NEVER}


@cache
def object_system(name: str = G21) -> ObjectSystem:
    """A built-in object system by the name of its file, always the same object.

    Raises `ObjectSystemError` for an unknown name or a file that describes none.
    """
    return ObjectSystem(name, _read(name))


def _read(name: str) -> ObjectSystemData:
    source = files(__package__) / "profiles" / f"{name}.yaml"
    if not source.is_file():
        raise ObjectSystemError(f"no object system {name!r}; known: {', '.join(known())}")
    return parse(source.read_text("utf-8"))


def parse(text: str) -> ObjectSystemData:
    """The data in a file's text, with what it extends. Raises `ObjectSystemError`."""
    try:
        raw = yaml.load(text, yaml.CSafeLoader)
        return ObjectSystemData.load(raw, _read)
    except (ValueError, yaml.YAMLError) as error:
        raise ObjectSystemError(str(error)) from error


def known() -> tuple[str, ...]:
    """The names of the built-in object systems."""
    folder = files(__package__) / "profiles"
    return tuple(sorted(f.name.removesuffix(".yaml") for f in folder.iterdir() if f.name.startswith("egk-")))
