"""PACE with the CAN: ECDH-GM-AES-CBC-CMAC-128 on brainpoolP256r1, both sides, without I/O.

Sources: gemSpec_COS N085.064, BSI TR-03110-3; vectors in reference card.md 3. Of the specification's other
variants (192, 256, integrated mapping) an eGK has none, and neither has this module.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from enum import IntEnum
from hmac import compare_digest
from random import Random
from typing import NamedTuple

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.cmac import CMAC

from . import brainpool, status, tlv
from .brainpool import GENERATOR, ORDER, NotAPoint, Point
from .status import CommandRefused

OID = bytes.fromhex("04007F00070202040202")  # id-PACE-ECDH-GM-AES-CBC-CMAC-128
CAN_KEY = 0x02  # key identifier of SK.CAN
NONCE_SIZE, TOKEN_SIZE, KEY_SIZE = 16, 8, 16
_DYNAMIC_AUTHENTICATION_DATA = 0x7C


class KeyPurpose(IntEnum):
    """The counter of the key derivation."""

    ENCRYPTION = 1
    AUTHENTICATION = 2
    PASSWORD = 3


def derive_key(secret: bytes, purpose: KeyPurpose) -> bytes:
    """An AES-128 key: the first 16 octets of SHA-1(secret ‖ counter)."""
    return hashlib.sha1(secret + purpose.to_bytes(4, "big")).digest()[:KEY_SIZE]


class SessionKeys(NamedTuple):
    """What a key agreement ends in."""

    encryption: bytes
    authentication: bytes

    @classmethod
    def derived(cls, secret: bytes) -> SessionKeys:
        """From the shared secret, all its 32 octets: clients that strip leading zeros fail now and then."""
        return cls(derive_key(secret, KeyPurpose.ENCRYPTION), derive_key(secret, KeyPurpose.AUTHENTICATION))


def token(key: bytes, point: bytes) -> bytes:
    """What proves the key: eight octets of AES-CMAC over the other side's point, named with its algorithm."""
    cmac = CMAC(algorithms.AES(key))
    cmac.update(tlv.encode(0x7F49, tlv.encode(0x06, OID) + tlv.encode(0x86, point)))
    return cmac.finalize()[:TOKEN_SIZE]


class CardEphemerals(NamedTuple):
    """What the card draws: the nonce s, the scalars y1 and y2.

    With `leading_zero`, y2 is where the card begins to look for a scalar that makes the first octet of the
    shared secret 00; by chance that happens once in 256 runs.
    """

    nonce: bytes
    y1: int
    y2: int
    leading_zero: bool = False

    @classmethod
    def draw(cls, random: Random, *, leading_zero: bool = False) -> CardEphemerals:
        return cls(random.randbytes(NONCE_SIZE), _scalar(random), _scalar(random), leading_zero)


class TerminalEphemerals(NamedTuple):
    """What the terminal draws: the scalars x1 and x2."""

    x1: int
    x2: int

    @classmethod
    def draw(cls, random: Random) -> TerminalEphemerals:
        return cls(_scalar(random), _scalar(random))


def _scalar(random: Random) -> int:
    return random.randrange(1, ORDER)


class Round(IntEnum):
    """The four rounds of GENERAL AUTHENTICATE; OVER also stands for a run that failed."""

    NONCE = 0
    MAPPING = 1
    AGREEMENT = 2
    CONFIRMATION = 3
    OVER = 4


# What the terminal sends and the card answers in each round; the first request is empty.
_REQUEST = {Round.MAPPING: 0x81, Round.AGREEMENT: 0x83, Round.CONFIRMATION: 0x85}
_ANSWER = {Round.NONCE: 0x80, Round.MAPPING: 0x82, Round.AGREEMENT: 0x84, Round.CONFIRMATION: 0x86}


def _pack(tag: int | None, value: bytes = b"") -> bytes:
    return tlv.encode(_DYNAMIC_AUTHENTICATION_DATA, b"" if tag is None else tlv.encode(tag, value))


def _unpack(data: bytes) -> tuple[int | None, bytes]:
    """Tag and value of the one object in 7C, or `None` for an empty 7C. Raises `TlvError`."""
    outer = list(tlv.decode(data))
    if len(outer) != 1 or outer[0].tag != _DYNAMIC_AUTHENTICATION_DATA:
        raise tlv.TlvError("not one object 7C")
    inner = list(tlv.decode(outer[0].value))
    if len(inner) > 1:
        raise tlv.TlvError("more than one object in 7C")
    return inner[0] if inner else (None, b"")


def is_opening(data: bytes) -> bool:
    """Whether this is what the first round sends."""
    return data == _pack(None)


class CardSide:
    """One run on the card. `answer` takes the rounds in order; once one is refused, the run is over.

    `keys` are there when the last round has confirmed them.
    """

    def __init__(self, can: str, ephemerals: CardEphemerals) -> None:
        self._password_key = derive_key(can.encode("ascii"), KeyPurpose.PASSWORD)
        self._ephemerals = ephemerals
        self._base: Point = GENERATOR
        self._points = (b"", b"")  # the card's and the terminal's of the second agreement
        self._agreed: SessionKeys | None = None
        self.round = Round.NONCE
        self.keys: SessionKeys | None = None

    def answer(self, data: bytes) -> bytes:
        """From the command's data field to the response's.

        Raises `CommandRefused`: 6985 for a round out of order, 6A80 for what is no 7C object or no point of the
        curve (COS names no trailer for either; this is a choice), 6300 for a wrong token.
        """
        now, self.round = self.round, Round.OVER
        try:
            tag, value = _unpack(data)
            if now is Round.OVER or tag != _REQUEST.get(now):
                raise CommandRefused(status.CONDITIONS_NOT_SATISFIED)
            answer = self._steps()[now](value)
        except (tlv.TlvError, NotAPoint) as error:
            raise CommandRefused(status.WRONG_DATA) from error
        self.round = Round(now + 1)
        return _pack(_ANSWER[now], answer)

    def _steps(self) -> dict[Round, Callable[[bytes], bytes]]:
        return {
            Round.NONCE: self._nonce,
            Round.MAPPING: self._map,
            Round.AGREEMENT: self._agree,
            Round.CONFIRMATION: self._confirm,
        }

    def _nonce(self, _: bytes) -> bytes:
        return _aes(self._password_key).encryptor().update(self._ephemerals.nonce)

    def _map(self, octets: bytes) -> bytes:
        theirs = brainpool.decode(octets)
        self._base = _mapped(self._ephemerals.nonce, theirs * self._ephemerals.y1)
        return brainpool.encode(GENERATOR * self._ephemerals.y1)

    def _agree(self, octets: bytes) -> bytes:
        theirs = brainpool.decode(octets)
        scalar, shared = self._ephemerals.y2, theirs * self._ephemerals.y2
        while self._ephemerals.leading_zero and brainpool.x_coordinate(shared)[0]:
            # The next scalar costs one addition; at the end of the group the search begins anew.
            scalar, shared = (scalar + 1, shared + theirs) if scalar < ORDER - 1 else (1, theirs)
        ours = brainpool.encode(self._base * scalar)
        self._agreed = SessionKeys.derived(brainpool.x_coordinate(shared))
        self._points = (ours, octets)
        return ours

    def _confirm(self, proof: bytes) -> bytes:
        ours, theirs = self._points
        agreed = self._agreed
        if agreed is None or not compare_digest(proof, token(agreed.authentication, ours)):
            raise CommandRefused(status.AUTHENTICATION_FAILURE)
        self.keys = agreed
        return token(agreed.authentication, theirs)


class PaceFailed(Exception):
    """What the card answered is not what a card that knows the CAN would answer."""


class TerminalSide:
    """One run at the terminal: send `opening()`, then what `receive` gives for each answer, until it gives `None`."""

    def __init__(self, can: str, ephemerals: TerminalEphemerals) -> None:
        self._password_key = derive_key(can.encode("ascii"), KeyPurpose.PASSWORD)
        self._ephemerals = ephemerals
        self._base: Point = GENERATOR
        self._nonce = b""
        self._sent = b""
        self._agreed: SessionKeys | None = None
        self.round = Round.NONCE
        self.keys: SessionKeys | None = None

    def opening(self) -> bytes:
        """The data field of the first round."""
        return _pack(None)

    def receive(self, data: bytes) -> bytes | None:
        """From the response's data to the next command's, `None` when `keys` are agreed. Raises `PaceFailed`."""
        now, self.round = self.round, Round.OVER
        try:
            tag, value = _unpack(data)
            if now is Round.OVER or tag != _ANSWER[now]:
                raise PaceFailed(f"an answer out of order in round {now.name}")
            request = self._steps()[now](value)
        except (tlv.TlvError, NotAPoint) as error:
            raise PaceFailed(str(error)) from error
        self.round = Round(now + 1)
        return None if self.round is Round.OVER else _pack(_REQUEST[self.round], request)

    def _steps(self) -> dict[Round, Callable[[bytes], bytes]]:
        return {
            Round.NONCE: self._map,
            Round.MAPPING: self._agree,
            Round.AGREEMENT: self._prove,
            Round.CONFIRMATION: self._confirm,
        }

    def _map(self, encrypted_nonce: bytes) -> bytes:
        if len(encrypted_nonce) != NONCE_SIZE:
            raise PaceFailed(f"a nonce of {len(encrypted_nonce)} octets")
        self._nonce = _aes(self._password_key).decryptor().update(encrypted_nonce)
        self._sent = brainpool.encode(GENERATOR * self._ephemerals.x1)
        return self._sent

    def _agree(self, octets: bytes) -> bytes:
        self._base = _mapped(self._nonce, self._theirs(octets) * self._ephemerals.x1)
        self._sent = brainpool.encode(self._base * self._ephemerals.x2)
        return self._sent

    def _prove(self, octets: bytes) -> bytes:
        shared = self._theirs(octets) * self._ephemerals.x2
        self._agreed = SessionKeys.derived(brainpool.x_coordinate(shared))
        return token(self._agreed.authentication, octets)

    def _confirm(self, proof: bytes) -> bytes:
        if self._agreed is None or not compare_digest(proof, token(self._agreed.authentication, self._sent)):
            raise PaceFailed("the card's token is wrong")
        self.keys = self._agreed
        return b""

    def _theirs(self, octets: bytes) -> Point:
        """The card's point; one that only echoes ours is refused (BSI TR-03110-3, A.3.3)."""
        if octets == self._sent:
            raise PaceFailed("the card has sent our own point back")
        return brainpool.decode(octets)


def _aes(key: bytes) -> Cipher[modes.ECB]:
    return Cipher(algorithms.AES(key), modes.ECB())


def _mapped(nonce: bytes, shared: Point) -> Point:
    """The generic mapping: s·G + H. Raises `NotAPoint` where it is no generator."""
    base = GENERATOR * int.from_bytes(nonce, "big") + shared
    brainpool.encode(base)
    return base
