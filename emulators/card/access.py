"""Who may do what: conditions as values, and rules that pick one (gemSpec_COS 10). `notation` reads them.

A rule is chosen by interface, security environment and life cycle. Nothing is asked twice: conditions are built when
an object system is loaded, and judging one walks its few parts.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import IntEnum, StrEnum
from typing import NamedTuple, Protocol


class Interface(StrEnum):
    """How a command reaches the card. Rules are chosen by it."""

    CONTACT = "contact"
    CONTACTLESS = "contactless"


class Enforcement(StrEnum):
    """Whether the contactless interface has rules of its own, as specified, or borrows those of the contacts."""

    AS_SPECIFIED = "as_specified"
    CONTACT_RULES_EVERYWHERE = "contact_rules_everywhere"


# What cards are made with unless told otherwise. The other one is for clients that do not speak PACE yet.
ENFORCEMENT = Enforcement.AS_SPECIFIED


class LifeCycle(IntEnum):
    """Of a folder, file, key, password or record; the value is what the FCP says in 8A."""

    ACTIVE = 0x05
    DEACTIVATED = 0x04
    TERMINATED = 0x0C


class Operation(StrEnum):
    """What a rule speaks about: a command, with its variant where the variants differ in rule."""

    __hash__ = str.__hash__  # every command looks its rule up by one; Enum's own is written in Python

    READ_BINARY = "READ BINARY"
    UPDATE_BINARY = "UPDATE BINARY"
    WRITE_BINARY = "WRITE BINARY"
    ERASE_BINARY = "ERASE BINARY"
    SET_LOGICAL_EOF = "SET LOGICAL EOF"
    READ_RECORD = "READ RECORD"
    SEARCH_RECORD = "SEARCH RECORD"
    APPEND_RECORD = "APPEND RECORD"
    UPDATE_RECORD = "UPDATE RECORD"
    ERASE_RECORD = "ERASE RECORD"
    DELETE_RECORD = "DELETE RECORD"
    ACTIVATE_RECORD = "ACTIVATE RECORD"
    DEACTIVATE_RECORD = "DEACTIVATE RECORD"
    ACTIVATE = "ACTIVATE"
    DEACTIVATE = "DEACTIVATE"
    TERMINATE = "TERMINATE"
    DELETE = "DELETE"
    LOAD_APPLICATION = "LOAD APPLICATION"
    VERIFY = "VERIFY"
    GET_PIN_STATUS = "GET PIN STATUS"
    CHANGE_WITH_OLD = "CHANGE REFERENCE DATA 00"
    CHANGE_WITHOUT_OLD = "CHANGE REFERENCE DATA 01"
    RESET_WITH_PUK_AND_NEW = "RESET RETRY COUNTER 00"
    RESET_WITH_PUK = "RESET RETRY COUNTER 01"
    RESET_WITH_NEW = "RESET RETRY COUNTER 02"
    RESET = "RESET RETRY COUNTER 03"
    ENABLE_WITH_SECRET = "ENABLE VERIFICATION REQUIREMENT 00"
    ENABLE = "ENABLE VERIFICATION REQUIREMENT 01"
    DISABLE_WITH_SECRET = "DISABLE VERIFICATION REQUIREMENT 00"
    DISABLE = "DISABLE VERIFICATION REQUIREMENT 01"
    COMPUTE_DIGITAL_SIGNATURE = "PSO COMPUTE DIGITAL SIGNATURE"
    DECIPHER = "PSO DECIPHER"
    TRANSCIPHER = "PSO TRANSCIPHER"
    VERIFY_CERTIFICATE = "PSO VERIFY CERTIFICATE"
    GENERAL_AUTHENTICATE = "GENERAL AUTHENTICATE"
    INTERNAL_AUTHENTICATE = "INTERNAL AUTHENTICATE"
    EXTERNAL_AUTHENTICATE = "EXTERNAL AUTHENTICATE"
    MUTUAL_AUTHENTICATE = "MUTUAL AUTHENTICATE"
    GET_SECURITY_STATUS_KEY = "GET SECURITY STATUS KEY"
    READ_PUBLIC_KEY = "READ PUBLIC KEY"
    GENERATE_KEY_PAIR = "GENERATE ASYMMETRIC KEY PAIR"
    GET_RANDOM = "GET RANDOM"
    FINGERPRINT = "FINGERPRINT"


class Chat(NamedTuple):
    """A certificate holder's authorisation: which list of flags, and the flags; bit 0 is the highest of 56."""

    oid: bytes
    flags: int

    @classmethod
    def ti(cls, *bits: int) -> Chat:
        """Roles in the telematics infrastructure, by bit."""
        return cls(CHAT_OIDS["ti"], flag_bits(*bits))

    def covers(self, other: Chat) -> bool:
        """Whether it grants at least what `other` grants, of the same list."""
        return self.oid == other.oid and self.flags & other.flags == other.flags


CHAT_OIDS = {"ti": bytes.fromhex("2A8214004C048118"), "cms": bytes.fromhex("2A8214004C048119")}


def flag_bits(*bits: int) -> int:
    """A flag list of seven octets with those bits set."""
    return sum(1 << (55 - bit) for bit in set(bits))


@dataclass(slots=True)
class SecurityStatus:
    """What has been proved on one channel since its last reset.

    `disabled` is the card's own set of passwords in no need of verification. `session_key` names the key behind the
    session keys of secure messaging (`SK.CAN` after PACE); both it and `command_encrypted` speak of the command now
    under way, so whoever unwraps commands sets them: "" and false for one that came in plain.
    """

    disabled: set[str]
    verified: set[str] = field(default_factory=set)
    roles: list[Chat] = field(default_factory=list)
    session_key: str = ""
    command_encrypted: bool = False


# What a condition comes to. The last is true as well, and demands that the response be enciphered.
REFUSED, GRANTED, GRANTED_ENCIPHERED = 0, 1, 2


class Condition(Protocol):
    """One element of the access-condition vocabulary; `str` gives its notation."""

    def judge(self, status: SecurityStatus) -> int: ...


@dataclass(frozen=True, slots=True)
class Always:
    def judge(self, status: SecurityStatus) -> int:
        return GRANTED

    def __str__(self) -> str:
        return "ALW"


@dataclass(frozen=True, slots=True)
class Never:
    """Also the rule for every command that an object does not list."""

    def judge(self, status: SecurityStatus) -> int:
        return REFUSED

    def __str__(self) -> str:
        return "NEVER"


@dataclass(frozen=True, slots=True)
class PasswordProved:
    """PWD(reference): the password of that name has been verified, or needs no verification."""

    name: str
    reference: int

    def judge(self, status: SecurityStatus) -> int:
        return GRANTED if self.name in status.verified or self.name in status.disabled else REFUSED

    def __str__(self) -> str:
        return f"PWD({self.reference:02X})"


@dataclass(frozen=True, slots=True)
class SecuredWith:
    """SmMac(key): the command came through secure messaging whose keys were agreed on with that key."""

    key: str

    def judge(self, status: SecurityStatus) -> int:
        return GRANTED if status.session_key == self.key else REFUSED

    def __str__(self) -> str:
        return f"SmMac({self.key})"


@dataclass(frozen=True, slots=True)
class CommandEncrypted:
    def judge(self, status: SecurityStatus) -> int:
        return GRANTED if status.command_encrypted else REFUSED

    def __str__(self) -> str:
        return "CmdEnc"


@dataclass(frozen=True, slots=True)
class ResponseEncrypted:
    """Always true; as part of the alternative that decides it has the response enciphered."""

    def judge(self, status: SecurityStatus) -> int:
        return GRANTED_ENCIPHERED

    def __str__(self) -> str:
        return "RspEnc"


@dataclass(frozen=True, slots=True)
class Authorised:
    """AUT(CHAT): one proved authorisation covers it; several are not added up."""

    chat: Chat
    text: str

    def judge(self, status: SecurityStatus) -> int:
        return GRANTED if any(role.covers(self.chat) for role in status.roles) else REFUSED

    def __str__(self) -> str:
        return self.text


@dataclass(frozen=True, slots=True)
class AllOf:
    parts: tuple[Condition, ...]

    def judge(self, status: SecurityStatus) -> int:
        most = GRANTED
        for part in self.parts:
            verdict = part.judge(status)
            if not verdict:
                return REFUSED
            most = max(most, verdict)
        return most

    def __str__(self) -> str:
        return " and ".join(f"({part})" if isinstance(part, AnyOf) else str(part) for part in self.parts)


@dataclass(frozen=True, slots=True)
class AnyOf:
    """The first alternative that is true decides."""

    parts: tuple[Condition, ...]

    def judge(self, status: SecurityStatus) -> int:
        for part in self.parts:
            if verdict := part.judge(status):
                return verdict
        return REFUSED

    def __str__(self) -> str:
        return " or ".join(map(str, self.parts))


ALWAYS = Always()
NEVER = Never()
Rules = Mapping[Operation, Condition]
_IN_ANY_STATE = (Operation.ACTIVATE, Operation.DELETE, Operation.TERMINATE)


class AccessRules:
    """The rules of one object, by interface and life cycle; of a terminated object only DELETE is left."""

    __slots__ = ("_active", "_others")

    def __init__(self, contact: Rules, contactless: Rules, deactivated: tuple[Rules, Rules] | None = None) -> None:
        pair = contact, contactless
        self._active = pair
        self._others: Mapping[LifeCycle, tuple[Rules, ...]] = {
            LifeCycle.DEACTIVATED: deactivated or tuple(_kept(rules, _IN_ANY_STATE) for rules in pair),
            LifeCycle.TERMINATED: tuple(_kept(rules, (Operation.DELETE,)) for rules in pair),
        }

    def find(self, operation: Operation, contactless: bool, state: LifeCycle = LifeCycle.ACTIVE) -> Condition:
        """The condition for an operation, `NEVER` where none is listed."""
        return self._of(contactless, state).get(operation, NEVER)

    def of(self, interface: Interface, state: LifeCycle = LifeCycle.ACTIVE) -> Rules:
        """All that is listed for an interface and a life cycle."""
        return self._of(interface is Interface.CONTACTLESS, state)

    def _of(self, contactless: bool, state: LifeCycle) -> Rules:
        return (self._active if state is LifeCycle.ACTIVE else self._others[state])[contactless]


def _kept(rules: Rules, operations: tuple[Operation, ...]) -> Rules:
    return {operation: rules[operation] for operation in operations if operation in rules}
