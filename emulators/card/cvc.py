"""Card-verifiable certificates of generation 2: the codec, signing and checking (gemSpec_PKI, reference card.md 4.10).

7F21 { 7F4E { 5F29 70 · 42 CAR · 7F49 { 06 · 86 point } · 5F20 CHR · 7F4C { 06 · 53 flags } · 5F25 · 5F24 } 5F37 R‖S }
"""

from __future__ import annotations

from typing import NamedTuple

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed, decode_dss_signature, encode_dss_signature
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from . import tlv
from .access import Chat

CURVE = ec.BrainpoolP256R1()
COORDINATE = 32
CA_KEY = bytes.fromhex("2A8648CE3D040302")  # ecdsa-with-SHA256
CARD_KEY = bytes.fromhex("2B2403050301")  # authS-gemSpec-COS-G2-ecc-with-sha256
_PROFILE = b"\x70"
_FLAGS = 7
_SHA256 = hashes.SHA256()
_SIGN = ec.ECDSA(hashes.SHA256(), deterministic_signing=True)
_SIGN_DIGEST = ec.ECDSA(Prehashed(hashes.SHA256()), deterministic_signing=True)


class CvcError(ValueError):
    """The octets are no CV certificate of this profile."""


class CvCertificate(NamedTuple):
    """A certificate taken apart. `begin` and `until` are six digits, YYMMDD; `message` is what is signed."""

    issuer: bytes  # CAR
    key_oid: bytes
    point: bytes
    holder: bytes  # CHR
    chat: Chat
    begin: str
    until: str
    message: bytes
    signature: bytes

    def is_signed_by(self, key: ec.EllipticCurvePublicKey) -> bool:
        return verifies(key, self.message, self.signature)

    def to_bytes(self) -> bytes:
        """As in the EF: 7F21 { 7F4E, 5F37 }."""
        return tlv.encode(0x7F21, self.message + tlv.encode(0x5F37, self.signature))

    def content(self) -> bytes:
        """As PSO VERIFY CERTIFICATE takes it: without the envelope."""
        return self.message + tlv.encode(0x5F37, self.signature)


def public_point(key: ec.EllipticCurvePublicKey) -> bytes:
    """04 ‖ X ‖ Y."""
    return key.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)


def issue(
    signer: ec.EllipticCurvePrivateKey,
    issuer: bytes,
    holder: bytes,
    key: ec.EllipticCurvePublicKey,
    chat: Chat,
    begin: str,
    until: str,
) -> CvCertificate:
    """A certificate; what kind follows from the holder reference (8 octets: CA, 12: somebody who authenticates)."""
    oid = CA_KEY if len(holder) == 8 else CARD_KEY
    point = public_point(key)
    body = tlv.encode(0x5F29, _PROFILE) + tlv.encode(0x42, issuer)
    body += tlv.encode(0x7F49, tlv.encode(0x06, oid) + tlv.encode(0x86, point)) + tlv.encode(0x5F20, holder)
    body += tlv.encode(0x7F4C, tlv.encode(0x06, chat.oid) + tlv.encode(0x53, chat.flags.to_bytes(_FLAGS, "big")))
    body += tlv.encode(0x5F25, bytes(map(int, begin))) + tlv.encode(0x5F24, bytes(map(int, until)))
    message = tlv.encode(0x7F4E, body)
    return CvCertificate(issuer, oid, point, holder, chat, begin, until, message, sign(signer, message))


def parse(octets: bytes) -> CvCertificate:
    """With or without the envelope 7F21. Raises `CvcError`."""
    try:
        outer = dict(tlv.decode(octets))
        if 0x7F21 in outer:
            outer = dict(tlv.decode(outer[0x7F21]))
        body = dict(tlv.decode(outer[0x7F4E]))
        key, authorisation = dict(tlv.decode(body[0x7F49])), dict(tlv.decode(body[0x7F4C]))
        certificate = CvCertificate(
            body[0x42],
            key[0x06],
            key[0x86],
            body[0x5F20],
            Chat(authorisation[0x06], int.from_bytes(authorisation[0x53], "big")),
            _digits(body[0x5F25]),
            _digits(body[0x5F24]),
            tlv.encode(0x7F4E, outer[0x7F4E]),
            outer[0x5F37],
        )
        ec.EllipticCurvePublicKey.from_encoded_point(CURVE, certificate.point)
    except (KeyError, ValueError) as error:
        raise CvcError(f"no CV certificate: {error}") from error
    if body.get(0x5F29) != _PROFILE or len(certificate.holder) not in (8, 12) or len(authorisation[0x53]) != _FLAGS:
        raise CvcError("not of the profile of generation 2")
    return certificate


def _digits(octets: bytes) -> str:
    if len(octets) != 6 or max(octets) > 9:
        raise CvcError("a date has six digits")
    return "".join(map(str, octets))


def sign(key: ec.EllipticCurvePrivateKey, message: bytes) -> bytes:
    """R‖S over the SHA-256 of the message."""
    return _raw(key.sign(message, _SIGN))


def sign_digest(key: ec.EllipticCurvePrivateKey, digest: bytes) -> bytes:
    """R‖S, twice 32 octets, of a 32-octet digest (gemSpec_COS, signECDSA). A real card draws its nonce; here it follows
    from key and digest (RFC 6979): one world, one journal."""
    return _raw(key.sign(digest, _SIGN_DIGEST))


def verifies(key: ec.EllipticCurvePublicKey, message: bytes, signature: bytes) -> bool:
    """Whether R‖S is a signature over the message."""
    return _verifies(key, message, signature, ec.ECDSA(hashes.SHA256()))


def verifies_digest(
    key: ec.EllipticCurvePublicKey, digest: bytes, signature: bytes, algorithm: hashes.HashAlgorithm = _SHA256
) -> bool:
    """As `verifies`, for a digest that is signed as it is. `algorithm` is what made it, on the curve of the key."""
    return len(digest) == algorithm.digest_size and _verifies(key, digest, signature, ec.ECDSA(Prehashed(algorithm)))


def _verifies(key: ec.EllipticCurvePublicKey, data: bytes, signature: bytes, how: ec.ECDSA) -> bool:
    size = (key.curve.key_size + 7) // 8
    if len(signature) != 2 * size:
        return False
    r, s = (int.from_bytes(half, "big") for half in (signature[:size], signature[size:]))
    try:
        key.verify(encode_dss_signature(r, s), data, how)
    except InvalidSignature:
        return False
    return True


def _raw(der: bytes) -> bytes:
    r, s = decode_dss_signature(der)
    return r.to_bytes(COORDINATE, "big") + s.to_bytes(COORDINATE, "big")
