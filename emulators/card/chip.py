"""The chip: what outlives a reset (`Chip`) and what does not (`Session`)."""

from __future__ import annotations

from .access import Interface, Operation, SecurityStatus
from .filesystem import ElementaryFile, Folder
from .keys import KeyObject, sign_digest
from .object_system import ObjectSystem
from .passwords import PasswordReference, Secret
from .personalisation import FILES, RECORDS, Personalisation

__all__ = ["Chip", "Interface", "Session"]


class Chip:
    """Object system, secret and contents. Contents are made when first read, and then kept."""

    __slots__ = ("_contents", "personalisation", "secret", "system")

    def __init__(self, system: ObjectSystem, secret: Secret, personalisation: Personalisation) -> None:
        self.system = system
        self.secret = secret
        self.personalisation = personalisation
        self._contents: dict[str, bytes] = {}

    def content(self, file: str) -> bytes:
        """What is written in a transparent file, up to its logical end."""
        if file not in self._contents:
            self._contents[file] = FILES[file](self.personalisation)
        return self._contents[file]

    def records(self, file: str) -> tuple[bytes, ...]:
        """The records of a record file, the first first."""
        return RECORDS[file](self.system)

    def sign(self, digest: bytes) -> bytes:
        """R‖S by the cardholder's authentication key."""
        return sign_digest(self.personalisation.private_key, digest)


class Session:
    """What a reset clears: place, security status, chosen key. One logical channel, number 0."""

    __slots__ = ("_root", "algorithm", "file", "folder", "interface", "key", "security")

    def __init__(self, system: ObjectSystem) -> None:
        self._root = system.root
        self.folder: Folder = system.root
        self.file: ElementaryFile | None = None
        self.security = SecurityStatus(system.disabled)
        self.key: KeyObject | None = None
        self.algorithm = 0
        self.interface = Interface.CONTACT

    def enter(self, folder: Folder) -> None:
        """Make `folder` the current one. Root passwords stay verified, a key chosen in a folder left is forgotten.

        Source: gemSpec_COS N048.200.
        """
        if self.key is not None and self.key not in folder.keys and self.key not in self._root.keys:
            self.key = None
        self.folder, self.file = folder, None

    def may(self, operation: Operation, thing: ElementaryFile | KeyObject | PasswordReference) -> bool:
        return thing.rules.allow(operation, self.interface, self.security)
