"""The certificates of the mail server and the CA that signs them, TEST ONLY.

The keys follow from the seed, so a world keeps its CA from run to run. A client judges validity by the real clock,
not by the world's: what is valid is so until 2049, what has expired did so before any world began.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from random import Random
from types import MappingProxyType
from typing import Literal

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

Kind = Literal["valid", "expired", "wrong_host", "unknown_ca"]

_CURVE = ec.SECP256R1()
_ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
_BEGINNING = datetime(2020, 1, 1, tzinfo=UTC)
_END: Mapping[bool, datetime] = MappingProxyType(
    {False: datetime(2049, 12, 31, tzinfo=UTC), True: datetime(2020, 12, 31, tzinfo=UTC)}
)
_STRANGER = "mail.elsewhere.example"


@dataclass(frozen=True, slots=True)
class Credential:
    """A certificate chain and its private key, both PEM."""

    chain: bytes
    key: bytes


@dataclass(frozen=True, slots=True)
class _Authority:
    certificate: x509.Certificate
    key: ec.EllipticCurvePrivateKey


class Certificates:
    """A CA and the server certificates it has signed, made when first asked for. `hosts` are names and IP addresses."""

    def __init__(self, random: Random, hosts: Sequence[str]) -> None:
        self._hosts = tuple(hosts)
        self._keys = {name: random.randrange(1, _ORDER) for name in ("ca", "unknown_ca", "server")}
        self._made: dict[Kind, Credential] = {}

    @property
    def ca(self) -> bytes:
        """The CA's certificate, PEM: what a client has to trust."""
        return self._authority.certificate.public_bytes(serialization.Encoding.PEM)

    def of(self, kind: Kind) -> Credential:
        """The server's certificate: the valid one, or one that a client must not accept."""
        if kind not in self._made:
            self._made[kind] = self._make(kind)
        return self._made[kind]

    @cached_property
    def _authority(self) -> _Authority:
        return _authority("Prüfstand mail CA TEST-ONLY", self._keys["ca"])

    def _make(self, kind: Kind) -> Credential:
        unknown = kind == "unknown_ca"
        authority = _authority("Unknown CA TEST-ONLY", self._keys["unknown_ca"]) if unknown else self._authority
        key = ec.derive_private_key(self._keys["server"], _CURVE)
        hosts = (_STRANGER,) if kind == "wrong_host" else self._hosts
        builder = _builder(_name(hosts[0]), key, authority.certificate.subject, expired=kind == "expired")
        serial = 1 + ("valid", "expired", "wrong_host", "unknown_ca").index(kind)
        certificate = (
            builder.serial_number(serial)
            .add_extension(x509.SubjectAlternativeName([_alternative(host) for host in hosts]), critical=False)
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
            .add_extension(
                x509.AuthorityKeyIdentifier.from_issuer_public_key(authority.key.public_key()), critical=False
            )
            .sign(authority.key, hashes.SHA256())
        )
        chain = (certificate, authority.certificate)
        return Credential(
            b"".join(each.public_bytes(serialization.Encoding.PEM) for each in chain),
            key.private_bytes(
                serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
            ),
        )


def _authority(common: str, secret: int) -> _Authority:
    key = ec.derive_private_key(secret, _CURVE)
    usage = x509.KeyUsage(
        key_cert_sign=True, crl_sign=True, digital_signature=False, content_commitment=False, key_encipherment=False,
        data_encipherment=False, key_agreement=False, encipher_only=False, decipher_only=False,
    )  # fmt: skip
    certificate = (
        _builder(_name(common), key, _name(common), expired=False)
        .serial_number(1)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(usage, critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .sign(key, hashes.SHA256())
    )
    return _Authority(certificate, key)


def _builder(
    subject: x509.Name, key: ec.EllipticCurvePrivateKey, issuer: x509.Name, *, expired: bool
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .not_valid_before(_BEGINNING)
        .not_valid_after(_END[expired])
    )


def _name(common: str) -> x509.Name:
    return x509.Name(
        [
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, "Prüfstand TEST-ONLY NOT-VALID"),
            x509.NameAttribute(NameOID.COMMON_NAME, common),
        ]
    )


def _alternative(host: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(host))
    except ValueError:
        return x509.DNSName(host)
