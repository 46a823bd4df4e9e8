"""The authorities of the test PKI: keys from labels, a root, below it the sub-CA that signs cards. All TEST-ONLY."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from .brainpool import ORDER

CURVE = ec.BrainpoolP256R1()
_AUTHORITY_FROM = datetime(2015, 1, 1, tzinfo=UTC)
_AUTHORITY_UNTIL = datetime(2055, 1, 1, tzinfo=UTC)


def private_key(label: str) -> ec.EllipticCurvePrivateKey:
    """A key on brainpoolP256r1 that derives from `label` alone. TEST ONLY: whoever knows the label knows the key."""
    number = int.from_bytes(hashlib.sha512(label.encode()).digest(), "big")
    return ec.derive_private_key(number % (ORDER - 1) + 1, CURVE)


@dataclass(frozen=True, slots=True)
class Authority:
    """A root and the sub-CA below it that signs cards."""

    root: x509.Certificate
    issuer: x509.Certificate
    issuer_key: ec.EllipticCurvePrivateKey


@cache
def authority(label: str) -> Authority:
    """The authority of that name, always the same one."""
    root_key, issuer_key = private_key(f"{label}/root"), private_key(f"{label}/issuer")
    root_name = _name(label, "Zentrale Root-CA (Test)", f"{label}.RCA1 TEST-ONLY")
    issuer_name = _name(label, "Elektronische Gesundheitskarte-CA (Test)", f"{label}.EGK-CA1 TEST-ONLY")
    root = _ca_certificate(root_name, root_key.public_key(), root_name, root_key, 1)
    issuer = _ca_certificate(issuer_name, issuer_key.public_key(), root_name, root_key, 0)
    return Authority(root, issuer, issuer_key)


def _name(label: str, unit: str, common: str) -> x509.Name:
    return x509.Name(
        [
            x509.NameAttribute(NameOID.COUNTRY_NAME, "DE"),
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, f"{label} TEST-ONLY NOT-VALID"),
            x509.NameAttribute(NameOID.ORGANIZATIONAL_UNIT_NAME, unit),
            x509.NameAttribute(NameOID.COMMON_NAME, common),
        ]
    )


def _ca_certificate(
    subject: x509.Name,
    public_key: ec.EllipticCurvePublicKey,
    issuer: x509.Name,
    issuer_key: ec.EllipticCurvePrivateKey,
    path_length: int,
) -> x509.Certificate:
    return (
        x509.CertificateBuilder(issuer, subject, public_key, serial_of(subject.rfc4514_string()))
        .not_valid_before(_AUTHORITY_FROM)
        .not_valid_after(_AUTHORITY_UNTIL)
        .add_extension(x509.BasicConstraints(ca=True, path_length=path_length), critical=True)
        .add_extension(key_usage({"key_cert_sign", "crl_sign"}), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(public_key), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer_key.public_key()), critical=False)
        .sign(issuer_key, hashes.SHA256(), ecdsa_deterministic=True)
    )


def key_usage(allowed: set[str]) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature="digital_signature" in allowed,
        content_commitment=False,
        key_encipherment="key_encipherment" in allowed,
        data_encipherment="data_encipherment" in allowed,
        key_agreement="key_agreement" in allowed,
        key_cert_sign="key_cert_sign" in allowed,
        crl_sign="crl_sign" in allowed,
        encipher_only=False,
        decipher_only=False,
    )


def serial_of(label: str) -> int:
    """63 bits, never zero."""
    return int.from_bytes(hashlib.sha256(label.encode()).digest()[:8], "big") >> 1 | 1
