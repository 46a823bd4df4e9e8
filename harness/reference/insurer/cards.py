"""Login with the health card: a challenge, and whether its signature proves a card of ours.

The app answers with a JWS in compact form, `alg` BP256R1 (ECDSA on brainpoolP256r1 with SHA-256, R‖S), the card's
certificate C.CH.AUT in `x5c`, the challenge as claim `njwt`. Source: gematik's IDP, "signed challenge".
"""

from __future__ import annotations

import binascii
import hmac
import json
import re
from base64 import b64decode, urlsafe_b64decode
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from random import Random
from typing import Any

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.x509.oid import NameOID

from harness.reference.declined import Declined

from .agenda import Agenda

_KVNR = re.compile(r"[A-Z][0-9]{9}", re.ASCII)
_SIGNATURE = ec.ECDSA(hashes.SHA256())
_PARSE_ERRORS = (ValueError, KeyError, IndexError, TypeError, binascii.Error)


@dataclass(frozen=True, slots=True)
class Trust:
    """What cards are judged by: the anchors, issuers below them, and the status of a serial number."""

    anchors: Sequence[x509.Certificate]
    issuers: Sequence[x509.Certificate]
    is_revoked: Callable[[int], bool]

    def vouches_for(self, certificate: x509.Certificate) -> bool:
        """Whether a chain leads from the certificate to an anchor, straight or by one issuer."""
        if self._is_anchored(certificate):
            return True
        return any(_is_issued_by(certificate, issuer) and self._is_anchored(issuer) for issuer in self.issuers)

    def _is_anchored(self, certificate: x509.Certificate) -> bool:
        return any(certificate == anchor or _is_issued_by(certificate, anchor) for anchor in self.anchors)


@dataclass(frozen=True, slots=True)
class SignedChallenge:
    """A JWS taken apart."""

    certificate: x509.Certificate
    challenge: str
    signed: bytes
    signature: bytes

    @classmethod
    def parse(cls, jws: str) -> SignedChallenge:
        """Raises `Declined` (`card_not_proved`) for anything that is no such JWS."""
        try:
            head, body, signature = jws.split(".")
            header: dict[str, Any] = json.loads(_decode(head))
            if header["alg"] != "BP256R1":
                raise ValueError(header["alg"])
            certificate = x509.load_der_x509_certificate(b64decode(header["x5c"][0]))
            return cls(
                certificate, str(json.loads(_decode(body))["njwt"]), f"{head}.{body}".encode(), _decode(signature)
            )
        except _PARSE_ERRORS as error:
            raise Declined("card_not_proved") from error

    def is_proved(self) -> bool:
        """Whether the signature was made by the key in the certificate."""
        key = self.certificate.public_key()
        if not isinstance(key, ec.EllipticCurvePublicKey) or len(self.signature) != 64:
            return False
        r, s = (int.from_bytes(half, "big") for half in (self.signature[:32], self.signature[32:]))
        try:
            key.verify(encode_dss_signature(r, s), self.signed, _SIGNATURE)
        except InvalidSignature:
            return False
        return True

    @property
    def kvnr(self) -> str:
        """The insurance number, one of the organisational units of the subject; empty if none is."""
        units = self.certificate.subject.get_attributes_for_oid(NameOID.ORGANIZATIONAL_UNIT_NAME)
        return next((str(u.value) for u in units if _KVNR.fullmatch(str(u.value))), "")


class CardLogin:
    """Gives challenges out, each for one answer."""

    def __init__(self, agenda: Agenda, random: Random, trust: Trust) -> None:
        self._agenda = agenda
        self._random = random
        self._trust = trust
        self._open: set[str] = set()

    def challenge(self) -> str:
        challenge = f"{self._random.getrandbits(256):064x}"
        self._open.add(challenge)
        return challenge

    def judge(self, kvnr: str, jws: str) -> None:
        """Whether this proves the insured person's own card. Raises `Declined`."""
        answer = SignedChallenge.parse(jws)
        now = self._agenda.now
        certificate = answer.certificate
        if not certificate.not_valid_before_utc <= now <= certificate.not_valid_after_utc:
            raise Declined("card_expired")
        # A serial number means something under its issuer only, so the list is not asked about foreign cards.
        is_ours = self._trust.vouches_for(certificate)
        if is_ours and self._trust.is_revoked(certificate.serial_number):
            raise Declined("card_revoked")
        if not is_ours:
            raise Declined("card_foreign")
        if answer.challenge not in self._open or not answer.is_proved():
            raise Declined("card_not_proved")
        self._open.discard(answer.challenge)
        if not hmac.compare_digest(answer.kvnr.encode(), kvnr.encode()):
            raise Declined("wrong_card")


def _is_issued_by(certificate: x509.Certificate, issuer: x509.Certificate) -> bool:
    try:
        certificate.verify_directly_issued_by(issuer)
    except (ValueError, TypeError, InvalidSignature):
        return False
    return True


def _decode(part: str) -> bytes:
    return urlsafe_b64decode(part + "=" * (-len(part) % 4))
