"""Private keys on the card: what a key object is, and what it can do."""

from __future__ import annotations

from dataclasses import dataclass

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed, decode_dss_signature

from .access import AccessRules

DIGEST_SIZE = 32
SIGN_ECDSA = 0x00
# The card signs a digest it is given. RFC 6979: one world, one journal, so the nonce derives from key and digest.
_SIGN_DIGEST = ec.ECDSA(Prehashed(hashes.SHA256()), deterministic_signing=True)


@dataclass(frozen=True, slots=True)
class KeyObject:
    """A private key: `kid` its identifier (0x04), `algorithms` the ids MSE SET may choose."""

    name: str
    kid: int
    algorithms: frozenset[int]
    rules: AccessRules


def sign_digest(key: ec.EllipticCurvePrivateKey, digest: bytes) -> bytes:
    """R‖S, twice 32 octets, of a 32-octet digest (gemSpec_COS, signECDSA). A real card draws its nonce."""
    r, s = decode_dss_signature(key.sign(digest, _SIGN_DIGEST))
    return r.to_bytes(DIGEST_SIZE, "big") + s.to_bytes(DIGEST_SIZE, "big")
