"""A card as a tree that one can read: folders, files, passwords and keys, their state and their access rules."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from .access import NEVER, AccessRules, Interface, LifeCycle
from .card import HealthCard
from .chip import Chip
from .filesystem import ElementaryFile, Folder, TransparentFile
from .keys import KeyObject, PublicKey
from .passwords import PasswordReference


@dataclass(frozen=True, slots=True)
class Rule:
    """What one command needs, by interface; both alike for an object without rules of its own over the air."""

    command: str
    contact: str
    contactless: str

    def __str__(self) -> str:
        if self.contact == self.contactless:
            return f"{self.command}: {self.contact}"
        return f"{self.command}: contacts {self.contact}; over the air {self.contactless}"


@dataclass(frozen=True, slots=True)
class Node:
    """An object of the card. `str` draws it and all below it."""

    kind: str
    name: str
    details: str
    rules: tuple[Rule, ...] = ()
    children: tuple[Node, ...] = ()

    def __str__(self) -> str:
        return "\n".join(self.lines())

    def lines(self, *, with_rules: bool = True) -> Iterator[str]:
        """Line by line; without rules it is a table of contents."""
        yield f"{self.kind} {self.name}  {self.details}".rstrip()
        if with_rules:
            bar = "│ " if self.children else "  "
            yield from (f"{bar}  {rule}" for rule in self.rules)
        for child in self.children:
            last = child is self.children[-1]
            first, further = ("└─ ", "   ") if last else ("├─ ", "│  ")
            for number, line in enumerate(child.lines(with_rules=with_rules)):
                yield (further if number else first) + line

    def find(self, name: str) -> Node:
        """The node of that name, here or below. Raises `LookupError`."""
        for node in self._walk():
            if node.name == name:
                return node
        raise LookupError(f"{self.name} holds no {name}")

    def _walk(self) -> Iterator[Node]:
        yield self
        for child in self.children:
            yield from child._walk()


def tree(card: HealthCard) -> Node:
    """The whole card under a node that says whose it is and, TEST ONLY, what it was made as."""
    chip = card.chip
    made = chip.personalisation
    details = (
        f"{chip.system.title} {chip.system.version}, {made.person.full_name}, made {made.today}, "
        f"{made.variant.value}, vendor profile {chip.profile.name}, TEST ONLY"
    )
    return Node("card", card.iccsn, details, (), (_folder(chip, chip.system.root),))


def _folder(chip: Chip, folder: Folder) -> Node:
    children = [
        *(_password(chip, password) for password in folder.passwords),
        *(_key(chip, key) for key in folder.keys),
        *(_public_key(key) for key in _public_keys(chip, folder)),
        *(_file(chip, file) for file in folder.files),
        *(_folder(chip, child) for child in folder.folders),
    ]
    details = f"AID {folder.aid.hex().upper()}" + (f" FID {folder.fid:04X}" if folder.fid is not None else "")
    return Node("folder", folder.name, details + _state(chip.state(folder)), _rules(folder.rules), tuple(children))


def _file(chip: Chip, file: ElementaryFile) -> Node:
    where = f"FID {file.fid:04X} SFID {file.sfid:02X}"
    if isinstance(file, TransparentFile):
        what = f"transparent, {len(chip.content(file))} of {file.size} octets"
    else:
        records = chip.records(file)
        kind = file.kind.name.lower().replace("_", " ")
        what = f"{kind}, {len(records)} of {file.records} records of {file.record_size} octets"
    return Node("file", file.name, f"{where}, {what}{_state(chip.state(file))}", _rules(file.rules))


def _password(chip: Chip, password: PasswordReference) -> Node:
    secret = chip.secret_of(password)
    owner = "" if password.secret == password.name else f", secret of {password.secret}"
    required = "" if password.name not in chip.disabled else ", needs no verification"
    details = (
        f"{password.reference:02X}{owner}, {secret.tries} tries, PUK {secret.puk_uses} uses, {secret.transport.value}"
    )
    return Node("password", password.name, details + required + _state(chip.state(password)), _rules(password.rules))


def _key(chip: Chip, key: KeyObject) -> Node:
    algorithms = ", ".join(algorithm.title for algorithm in key.algorithms)
    empty = "" if chip.available(key) else ", no key in it"
    details = f"{key.kid:02X}, {key.kind.value}, {algorithms}{empty}{_state(chip.state(key))}"
    return Node("key", key.name, details, _rules(key.rules))


def _public_keys(chip: Chip, folder: Folder) -> tuple[PublicKey, ...]:
    return (*chip.anchors, *chip.learnt) if folder is chip.system.root else ()


def _public_key(key: PublicKey) -> Node:
    details = f"{key.reference.hex().upper()}, roles {key.chat.flags:014X}, until {key.until}"
    return Node("public key", key.name, details, _rules(key.rules))


def _state(state: LifeCycle) -> str:
    return "" if state is LifeCycle.ACTIVE else f", {state.name.lower()}"


def _rules(rules: AccessRules) -> tuple[Rule, ...]:
    contact, contactless = rules.of(Interface.CONTACT), rules.of(Interface.CONTACTLESS)
    commands = dict.fromkeys((*contact, *contactless))
    return tuple(
        Rule(command.value, str(contact.get(command, NEVER)), str(contactless.get(command, NEVER)))
        for command in commands
    )
