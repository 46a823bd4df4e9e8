"""What the rules know: facts about accounts and devices, gathered from accepted actions and from the journal.

No part of the system under test is looked into; a code is known because it stood in a letter that was posted.
`state` holds the named states that the diagram shows; the tables in this package move them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Protocol

from emulators.core.person import CardData, Person
from emulators.core.workdays import Workdays
from harness.profile import InsurerProfile

# Regions of an account and the state each starts in. A region's further states appear in the tables' moves.
REGIONS: Mapping[str, str] = {
    "account": "none",
    "email": "none",
    "mobile": "none",
    "tan": "none",
    "letter": "none",
    "identity": "none",
    "release": "none",
    "pin": "none",
    "setup": "none",
    "record": "none",
}
# Regions of a device, seen from one account.
DEVICE_REGIONS: Mapping[str, str] = {"binding": "unbound", "barmer": "closed", "ecare": "closed"}

# The chain of the setup, in the order of the page, and what is missing when a link has not been done.
CHAIN: Mapping[str, str] = {
    "terms": "terms_missing",
    "data_transfer": "data_transfer_missing",
    "summary": "summary_missing",
    "random_code": "random_code_missing",
    "key_saved": "key_not_saved",
    "key_confirmed": "key_not_confirmed",
    "login_way": "login_way_missing",
    "security_notes": "security_notes_missing",
    "mail": "email_unconfirmed",
}


class DeviceFacts(Protocol):
    """What the rules must know of a phone; the emulated phone has it."""

    @property
    def os(self) -> str: ...
    @property
    def os_major(self) -> int: ...
    @property
    def model(self) -> str: ...
    @property
    def lock(self) -> bool: ...
    @property
    def rooted(self) -> bool: ...
    @property
    def keystore_present(self) -> bool: ...
    @property
    def auto_time(self) -> bool: ...
    @property
    def has_nfc(self) -> bool: ...
    @property
    def nfc_on(self) -> bool: ...
    @property
    def antenna(self) -> str: ...
    @property
    def enrolled(self) -> frozenset[str]: ...
    @property
    def enrolment_id(self) -> int: ...
    @property
    def apps(self) -> frozenset[str]: ...
    @property
    def online(self) -> bool: ...


@dataclass
class Issued:
    """A code or link that went out: to whom, when, and whether it still counts."""

    value: str
    at: datetime
    to: str = ""
    used: bool = False


@dataclass
class Evidence:
    """What was shown to the ident provider in the present case; `entitled` and `day` are those of its opening."""

    entitled: str = ""
    day: date = date.min
    case_id: str = ""
    documents: set[tuple[str, str]] = field(default_factory=set)  # whose and which kind, from both sides
    face_of: str = ""
    cards_of: set[str] = field(default_factory=set)
    document_valid: bool = True


@dataclass
class CardFacts:
    """A health card as the rules see it: its tries, and whether the insurer has released it."""

    data: CardData
    released: bool = False
    pin_tries: int = 3


@dataclass
class Device:
    """One phone of one role: its facts, and what runs on it."""

    role: str
    which: str
    facts: DeviceFacts
    running: set[str] = field(default_factory=set)
    sessions: dict[str, Account] = field(default_factory=dict)
    bound_to: Account | None = None
    released_for: Account | None = None
    unlock: dict[str, tuple[Account, str, int]] = field(default_factory=dict)  # app -> whose, method, enrolment
    release_code: Issued | None = None  # of the account that it is bound to
    release_code_owed: bool = False  # a code was asked for and must be shown
    codes_shown: list[str] = field(default_factory=list)  # release codes ever read off its Barmer app, newest last

    @property
    def name(self) -> str:
        return f"{self.role}/{self.which}"


@dataclass
class Account:
    """The facts about one insured person and their account."""

    role: str
    person: Person
    card: CardFacts
    state: dict[str, str] = field(default_factory=lambda: dict(REGIONS))
    updating: bool = False  # an account from before that is being brought up to date
    user_name: str | None = None
    password: str | None = None
    email: str | None = None
    mobile: str | None = None
    terms: bool = False
    number_checked: bool = False  # an old account's stored number confirmed, or entered anew
    number_seen: bool = False  # the number checked since the last log-in, as it was stored
    number_typed: bool = False  # or typed anew since then
    tan: Issued | None = None
    tan_tries: int = 0
    letter: Issued | None = None
    letter_tries: int = 0
    codes: set[str] = field(default_factory=set)  # TANs and activation codes that ever went out
    links: list[Issued] = field(default_factory=list)  # of the account, newest last
    setup_links: list[Issued] = field(default_factory=list)  # of the eCare setup, newest last
    evidence: Evidence = field(default_factory=Evidence)
    ident_step: str = "none"  # the provider's next step, or `check`, or `none` without a case
    ident_left: str = ""  # the step at which the provider's app was left
    ident_away: bool = False  # whether it has not been opened again since
    ident_failures: int = 0  # tries that failed at the provider's present step
    appointments: set[date] = field(default_factory=set)  # the days for which a visit is booked
    decided_at: datetime | None = None  # when the provider decided on the case
    decided_by: tuple[str, ...] = ()  # the requirements by which that case had to end as it did
    decided_bent: bool = False  # a fault took part in that decision
    lag: str = ""  # the requirement of a fault in the provider's messages: the insurer may learn later
    card_shown: bool = False  # whether the present card took part in that proof
    release_due: datetime | None = None
    release_pending_at: datetime | None = None  # when the release was last seen to be still to come
    pins: list[str] = field(default_factory=list)  # PINs in posted letters, newest last
    done: set[str] = field(default_factory=set)  # links of the setup chain
    login_way: str = "none"
    recovery_key: str | None = None
    key_on: str = ""  # the device whose app holds the random code of an unfinished setup
    for_practice: bool = False  # a branch has created the record, before the app or without it
    record_on: set[str] = field(default_factory=set)  # devices that may open the record
    releases: int = 0  # how often account and card were released
    card_revoked: bool = False  # the present card's certificate is on the revocation list
    variants: dict[str, CardFacts] = field(default_factory=dict)  # expired, revoked… variants of the card
    card_came: bool = False  # the letter with the new card has arrived

    @property
    def exists(self) -> bool:
        return self.state["account"] in ("old", "pending", "active")

    @property
    def active(self) -> bool:
        return self.state["account"] == "active"


@dataclass
class Situation:
    """Everything the rules know at one moment."""

    profile: InsurerProfile
    accounts: dict[str, Account]
    devices: dict[tuple[str, str], Device]
    phone: Callable[[str, str], DeviceFacts]
    now: datetime
    workdays: Workdays

    @property
    def today(self) -> date:
        return self.now.date()

    def device(self, by: str, on: str) -> Device:
        """The device that `by` uses with `on`: one of their own, or (`on` is a role) the first of somebody else."""
        key = (by, on) if on in ("first", "second") else (on, "first")
        if key not in self.devices:
            self.devices[key] = Device(*key, self.phone(*key))
        return self.devices[key]

    def guardian_needed(self, account: Account) -> bool:
        """Under the age of consent the family member through whom the child is insured acts (FAM-02, FAM-03)."""
        return account.person.age_on(self.today) < self.profile.age_of_consent

    def entitled(self, account: Account) -> str:
        """The role of the one whose document counts for that account today."""
        return "guardian" if self.guardian_needed(account) else account.role
