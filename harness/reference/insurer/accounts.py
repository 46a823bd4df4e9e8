"""Accounts: registration, credentials, contact data, consent, sessions."""

from __future__ import annotations

import hmac
import re
from dataclasses import dataclass, field
from hashlib import scrypt
from random import Random
from typing import TYPE_CHECKING, Literal

from harness.profile import InsurerProfile
from harness.reference.declined import Declined

from .register import Insured, Register, is_kvnr

if TYPE_CHECKING:
    from .letters import ActivationCode
    from .tan import Tan

Status = Literal["none", "pending", "active"]
WEAK_PASSWORD = "abc123"

_EMAIL = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]+@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+", re.ASCII)
_E164 = re.compile(r"\+[1-9][0-9]{7,14}", re.ASCII)


@dataclass(frozen=True, slots=True)
class PasswordHash:
    """A salted hash. `weak` notes, while the password was at hand, that it misses the policy."""

    salt: bytes
    digest: bytes
    weak: bool

    def fits(self, password: str) -> bool:
        return hmac.compare_digest(self.digest, _hash(password, self.salt))


@dataclass(eq=False, slots=True)
class Account:
    """One insured person's account. `old` marks one from before, which its owner updates; a draft has status `none`."""

    insured: Insured
    old: bool = False
    status: Status = "none"
    user_name: str | None = None
    password: PasswordHash | None = None
    email: str | None = None
    email_confirmed: bool = False
    mobile: str | None = None
    mobile_acknowledged: bool = False  # looked at and confirmed, or entered, by its owner
    mobile_confirmed: bool = False  # proved by a TAN
    terms_accepted: bool = False
    tan: Tan | None = None
    activation: ActivationCode | None = None
    sessions: list[Session] = field(default_factory=list)

    def enter_mobile(self, number: str) -> None:
        """Raises `Declined` unless E.164 (`+` and 8 to 15 digits). A TAN sent to another number proves nothing here."""
        if not _E164.fullmatch(number):
            raise Declined("mobile_invalid")
        if number != self.mobile:
            self.tan = None
        self.mobile, self.mobile_acknowledged, self.mobile_confirmed = number, True, False

    def accept_terms(self, accept: bool) -> None:
        if not accept:
            raise Declined("terms_declined")
        self.terms_accepted = True


@dataclass(eq=False, slots=True)
class Session:
    """A login of one account in one app on one device. `level` is `limited` until the record is on the device."""

    account: Account
    app: str
    device_id: str
    level: Literal["limited", "open"] = "open"
    mobile_checked: bool = False
    ended: bool = False

    def enter_mobile(self, number: str) -> None:
        """A number that its owner has just typed is checked. Raises `Declined`."""
        self.account.enter_mobile(number)
        self.mobile_checked = True

    def confirm_mobile(self) -> None:
        """The owner has looked at the stored number. Raises `Declined`."""
        if self.account.mobile is None:
            raise Declined("mobile_missing")
        self.mobile_checked = self.account.mobile_acknowledged = True

    def end(self) -> None:
        self.ended = True
        if self in self.account.sessions:
            self.account.sessions.remove(self)


class Accounts:
    """All accounts. At most one per insured person."""

    def __init__(self, register: Register, profile: InsurerProfile, random: Random) -> None:
        self._register = register
        self._profile = profile
        self._random = random
        self._accounts: dict[str, Account] = {}
        self._user_names: dict[str, Account] = {}
        self._unlock_tokens: dict[str, Account] = {}

    def of(self, kvnr: str) -> Account | None:
        return self._accounts.get(kvnr)

    def provide_old(self, kvnr: str, *, user_name: bool, mobile: bool, weak_password: bool) -> Account:
        """An account from before, with what was asked for then. Raises `Declined` if there is an account already."""
        insured = self._register[kvnr]
        if kvnr in self._accounts:
            raise Declined("cannot_register")
        person = insured.person
        account = self._accounts[kvnr] = Account(insured, old=True, status="pending", email=person.email)
        self._set_password(account, WEAK_PASSWORD if weak_password else person.password)
        account.mobile = person.mobile if mobile else None
        if user_name:
            self._give_user_name(account, person.user_name)
        return account

    def register(self, given_names: str, family_name: str, birth_date: str, kvnr: str) -> Account:
        """Begin a registration, or go on with an unfinished one.

        Raises `Declined`; the reason is the same whether data differ or an account exists.
        """
        if not is_kvnr(kvnr):
            raise Declined("kvnr_invalid")
        insured = self._register.find(given_names, family_name, birth_date, kvnr)
        account = self._accounts.get(kvnr)
        if insured is None or (account is not None and account.status != "none"):
            raise Declined("cannot_register")
        return self._accounts.setdefault(kvnr, Account(insured))

    def check(self, user_name: str, password: str) -> Account:
        """The account of these credentials; the insurance number serves where there is no user name yet.

        A draft is no account yet: its registration is gone on with instead. Raises `Declined`.
        """
        account = self._user_names.get(user_name.casefold())
        if account is None:
            by_number = self._accounts.get(user_name)
            account = by_number if by_number is not None and by_number.user_name is None else None
        if account is None or account.status == "none":
            raise Declined("bad_credentials")
        if account.password is None or not account.password.fits(password):
            raise Declined("bad_credentials")
        return account

    def choose_user_name(self, account: Account, user_name: str) -> None:
        if account.user_name is not None:
            raise Declined("user_name_fixed")
        if not user_name.strip():
            raise Declined("user_name_invalid")
        if user_name.casefold() in self._user_names:
            raise Declined("user_name_taken")
        self._give_user_name(account, user_name)

    def choose_password(self, account: Account, password: str, repeat: str) -> None:
        if not self._is_strong(password):
            raise Declined("password_too_weak")
        if password != repeat:
            raise Declined("passwords_differ")
        self._set_password(account, password)

    def unlock_token(self, account: Account) -> str:
        """What an app may keep behind finger or face instead of the password."""
        token = f"{self._random.getrandbits(128):032x}"
        self._unlock_tokens[token] = account
        return token

    def check_token(self, token: str) -> Account:
        if token not in self._unlock_tokens:
            raise Declined("unlock_not_chosen")
        return self._unlock_tokens[token]

    def open_session(self, account: Account, app: str, device_id: str) -> Session:
        session = Session(account, app, device_id)
        account.sessions.append(session)
        return session

    def _give_user_name(self, account: Account, user_name: str) -> None:
        account.user_name = user_name
        self._user_names[user_name.casefold()] = account

    def _set_password(self, account: Account, password: str) -> None:
        salt = self._random.randbytes(16)
        account.password = PasswordHash(salt, _hash(password, salt), weak=not self._is_strong(password))

    def _is_strong(self, password: str) -> bool:
        """Long enough, with a lower-case and an upper-case letter, a digit and a special character."""
        return len(password) >= self._profile.password_minimum and all(
            any(kind(char) for char in password) for kind in (str.islower, str.isupper, _is_digit, _is_special)
        )


def require_email(address: str) -> None:
    """Raises `Declined` unless it looks like an e-mail address."""
    if not _EMAIL.fullmatch(address):
        raise Declined("email_invalid")


def _is_digit(char: str) -> bool:
    return char in "0123456789"


def _is_special(char: str) -> bool:
    return not char.isalnum() and not char.isspace()


def _hash(password: str, salt: bytes) -> bytes:
    # A cost far too low for real accounts: people here are made up, and a suite logs in some ten thousand times.
    return scrypt(password.encode(), salt=salt, n=2**4, r=8, p=1, dklen=32)
