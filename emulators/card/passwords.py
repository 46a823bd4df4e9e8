"""The cardholder's secret: format-2 blocks, retry counter, PUK, transport protection (gemSpec_COS, VERIFY ff.)."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

from . import status
from .access import AccessRules
from .status import StatusWord

BLOCK_SIZE = 8
MIN_DIGITS, MAX_DIGITS = 6, 8
TRIES = 3
PUK_USES = 10


def pin_block(digits: str) -> bytes:
    """A format-2 block: `123456` becomes 26123456FFFFFFFF. Raises `ValueError` unless 4 to 12 digits."""
    if not (4 <= len(digits) <= 12 and digits.isascii() and digits.isdigit()):
        raise ValueError(f"a PIN has 4 to 12 digits, not {digits!r}")
    return bytes.fromhex(f"2{len(digits):X}{digits:F<14}")


def digits_of(block: bytes) -> str | None:
    """The digits in a format-2 block, or `None` if it is none."""
    text = block.hex().upper()
    count = int(text[1], 16) if len(block) == BLOCK_SIZE and text[0] == "2" else 0
    digits, filling = text[2 : 2 + count], text[2 + count :]
    return digits if 4 <= count <= 12 and digits.isdigit() and filling == "F" * (14 - count) else None


class TransportState(StrEnum):
    """How a password leaves the personaliser; anything but REGULAR must be changed before use."""

    REGULAR = "regular"
    EMPTY_PIN = "empty_pin"  # Leer-PIN: the first secret is set without an old one
    TRANSPORT_PIN = "transport_pin"  # a short PIN that only serves to set the real one


_TRANSPORT_STATUS = {TransportState.EMPTY_PIN: status.EMPTY_PIN, TransportState.TRANSPORT_PIN: status.TRANSPORT_PIN}


@dataclass(frozen=True, slots=True)
class SecretLimits:
    """What an object system says about a secret. `settable`: a new one may be set without the old one at any time."""

    min_digits: int = MIN_DIGITS
    max_digits: int = MAX_DIGITS
    tries: int = TRIES
    puk_uses: int = PUK_USES
    settable: bool = False


COMMON_LIMITS = SecretLimits()


@dataclass(frozen=True, slots=True, eq=False)
class PasswordReference:
    """One of the references under which commands and rules name a secret (PIN.CH, MRPIN.home…).

    `secret` is the name of the password whose secret it is: its own, or for a multireference another's.
    """

    name: str
    reference: int
    rules: AccessRules
    secret: str
    limits: SecretLimits
    enabled: bool = True


class PasswordState(NamedTuple):
    """What outlives a reset, apart from the secrets themselves."""

    tries: int
    puk_uses: int
    transport: TransportState


class PowerFailed(Exception):
    """The card has lost its power in the midst of a command; what was written is kept."""


class Secret:
    """The secret that all its references share, with its counters.

    Counters are written before the comparison: a card torn from the field meanwhile has used up the try. Where there
    is nothing to compare it has done nothing.
    """

    __slots__ = ("limits", "pin", "power_fails", "puk", "puk_uses", "transport", "tries")

    def __init__(
        self,
        pin: str,
        puk: str,
        transport: TransportState = TransportState.REGULAR,
        limits: SecretLimits = COMMON_LIMITS,
    ) -> None:
        self.pin = pin
        self.puk = puk
        self.transport = transport
        self.limits = limits
        self.tries = limits.tries
        self.puk_uses = limits.puk_uses
        self.power_fails = False  # the card is torn from the field as soon as a counter has been written

    @property
    def state(self) -> PasswordState:
        return PasswordState(self.tries, self.puk_uses, self.transport)

    def status(self) -> StatusWord:
        """The part of GET PIN STATUS that depends on the secret alone."""
        if self.transport is TransportState.REGULAR:
            return status.retries_left(self.tries)
        return _TRANSPORT_STATUS[self.transport]

    def verify(self, block: bytes) -> StatusWord:
        """Compare. 6983 once blocked, even for the right PIN; 6985 under transport protection; 63Cx after a miss."""
        if not self.tries:
            return status.AUTH_METHOD_BLOCKED
        if self.transport is not TransportState.REGULAR:
            return status.CONDITIONS_NOT_SATISFIED
        return self._compare(block)

    def change(self, old: bytes, new: bytes) -> StatusWord:
        """Old secret (or Transport-PIN) and new one. 6983 blocked, 6985 bad length or Leer-PIN, 63Cx old one wrong."""
        if not self.tries:
            return status.AUTH_METHOD_BLOCKED
        fresh = self._usable(new)
        if fresh is None or self.transport is TransportState.EMPTY_PIN:
            return status.CONDITIONS_NOT_SATISFIED
        if (compared := self._compare(old)) != status.OK:
            return compared
        self._set(fresh)
        return status.OK

    def set_first(self, new: bytes) -> StatusWord:
        """The first secret in place of a Leer-PIN. 6982 if there is one already, 6983 blocked, 6985 bad length."""
        if self.transport is not TransportState.EMPTY_PIN and not self.limits.settable:
            return status.SECURITY_STATUS_NOT_SATISFIED
        if not self.tries:
            return status.AUTH_METHOD_BLOCKED
        self._written()
        return self._take(new)

    def unblock(self, puk: bytes, new: bytes | None) -> StatusWord:
        """With the PUK, and a new secret if given. Each use counts, also a right one, and none ever comes back.

        6983 once the PUK is used up, 6985 for a bad length, 63Cx with the uses left after a wrong PUK.
        """
        if not self.puk_uses:
            return status.AUTH_METHOD_BLOCKED
        if new is not None and self._usable(new) is None:
            return status.CONDITIONS_NOT_SATISFIED
        self.puk_uses -= 1
        self._written()
        if digits_of(puk) != self.puk:
            return status.retries_left(self.puk_uses)
        self.tries = self.limits.tries
        return status.OK if new is None else self._take(new)

    def renew(self, new: bytes | None) -> StatusWord:
        """All tries again, and a new secret if given, as an access rule alone allows. 6985 for a bad length."""
        self._written()
        if new is not None:
            return self._take(new)
        self.tries = self.limits.tries
        return status.OK

    def spare(self) -> StatusWord:
        """No comparison, as an access rule alone allows."""
        self._written()
        return status.OK

    def block(self) -> None:
        """Use up all tries at once, as a card that arrives blocked."""
        self.tries = 0

    def _compare(self, block: bytes) -> StatusWord:
        self.tries -= 1
        self._written()
        # What is no format-2 block equals no secret: it counts like any wrong PIN.
        if digits_of(block) != self.pin:
            return status.retries_left(self.tries)
        self.tries = self.limits.tries
        return status.OK

    def _written(self) -> None:
        """Counters are; without power the command ends here."""
        if self.power_fails:
            raise PowerFailed

    def _take(self, block: bytes) -> StatusWord:
        fresh = self._usable(block)
        if fresh is None:
            return status.CONDITIONS_NOT_SATISFIED
        self._set(fresh)
        return status.OK

    def _set(self, digits: str) -> None:
        self.pin = digits
        self.tries = self.limits.tries
        self.transport = TransportState.REGULAR

    def _usable(self, block: bytes) -> str | None:
        digits = digits_of(block)
        least, most = self.limits.min_digits, self.limits.max_digits
        return digits if digits is not None and least <= len(digits) <= most else None
