"""Who may do what: access conditions as values, and rules that pick one by interface and command."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Protocol


class Interface(StrEnum):
    """How a command reaches the card. Rules are chosen by it (gemSpec_COS, 10)."""

    CONTACT = "contact"
    CONTACTLESS = "contactless"


class Operation(StrEnum):
    """What a rule speaks about: a command, with its variant where the variants differ in rule."""

    READ_BINARY = "READ BINARY"
    READ_RECORD = "READ RECORD"
    VERIFY = "VERIFY"
    GET_PIN_STATUS = "GET PIN STATUS"
    CHANGE_WITH_OLD = "CHANGE REFERENCE DATA 00"
    CHANGE_WITHOUT_OLD = "CHANGE REFERENCE DATA 01"
    RESET_WITH_NEW = "RESET RETRY COUNTER 00"
    RESET_WITHOUT_NEW = "RESET RETRY COUNTER 01"
    COMPUTE_DIGITAL_SIGNATURE = "PSO COMPUTE DIGITAL SIGNATURE"


@dataclass(slots=True)
class SecurityStatus:
    """What has been proved since the last reset.

    `verified` holds the references of passwords verified, `disabled` those that need no verification, `roles`
    the bits of a CV certificate's flag list that an authenticated peer has; no command grants a role yet.
    """

    disabled: frozenset[int]
    verified: set[int] = field(default_factory=set)
    roles: frozenset[int] = frozenset()


class Condition(Protocol):
    """One element of the access-condition vocabulary."""

    def holds(self, status: SecurityStatus) -> bool: ...


@dataclass(frozen=True, slots=True)
class Always:
    """ALW."""

    def holds(self, status: SecurityStatus) -> bool:
        return True


@dataclass(frozen=True, slots=True)
class Never:
    """NEVER, and the rule for every command that an object does not list."""

    def holds(self, status: SecurityStatus) -> bool:
        return False


@dataclass(frozen=True, slots=True)
class Password:
    """PWD(reference): verified, or in need of no verification."""

    reference: int

    def holds(self, status: SecurityStatus) -> bool:
        return self.reference in status.verified or self.reference in status.disabled


@dataclass(frozen=True, slots=True)
class Role:
    """flagTI.bit of an authenticated CV certificate."""

    bit: int

    def holds(self, status: SecurityStatus) -> bool:
        return self.bit in status.roles


@dataclass(frozen=True, slots=True)
class AllOf:
    parts: tuple[Condition, ...]

    def holds(self, status: SecurityStatus) -> bool:
        return all(part.holds(status) for part in self.parts)


@dataclass(frozen=True, slots=True)
class AnyOf:
    parts: tuple[Condition, ...]

    def holds(self, status: SecurityStatus) -> bool:
        return any(part.holds(status) for part in self.parts)


ALWAYS = Always()
NEVER = Never()

Rules = Mapping[Operation, Condition]


@dataclass(frozen=True, slots=True)
class AccessRules:
    """The rules of one object, by interface.

    For now the rules for CONTACTLESS equal those of CONTACT: a real card demands PACE with the CAN for most of
    them, and this card does not speak PACE yet. An object that has rules of its own states `contactless`.
    """

    contact: Rules
    contactless: Rules | None = None

    def allow(self, operation: Operation, interface: Interface, status: SecurityStatus) -> bool:
        own = self.contactless if interface is Interface.CONTACTLESS else None
        return (self.contact if own is None else own).get(operation, NEVER).holds(status)
