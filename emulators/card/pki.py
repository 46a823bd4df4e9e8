"""A test PKI for cards: root, sub-CA, card certificates, revocations. All names say TEST-ONLY.

Keys derive from labels and signatures follow RFC 6979, so the same card has the same certificate to the octet.
Shapes: gemSpec_PKI and a test card's C.CH.AUT.E256 (reference card.md 4.9).
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from functools import cache

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID, ObjectIdentifier

from emulators.core.person import Person

CURVE = ec.BrainpoolP256R1()
# The order of brainpoolP256r1 (RFC 5639, 3.4).
_ORDER = 0xA9FB57DBA1EEA9BC3E660A909D838D718C397AA3B561A6F7901E0E82974856A7
_AUTHORITY_FROM = datetime(2015, 1, 1, tzinfo=UTC)
_AUTHORITY_UNTIL = datetime(2055, 1, 1, tzinfo=UTC)
CARD_VALIDITY = timedelta(days=5 * 365)

INSURED = ObjectIdentifier("1.2.276.0.76.4.49")  # professionOID of "Versicherte/-r"
POLICY_GEM = ObjectIdentifier("1.2.276.0.76.4.163")
POLICY_EGK_AUT = ObjectIdentifier("1.2.276.0.76.4.70")


class Variant(StrEnum):
    """How a card's proof of its key is made, and in what it may be wrong."""

    GENUINE = "genuine"
    EXPIRED = "expired"  # certificate past its last day
    REVOKED = "revoked"  # genuine, but its serial is among the revocations
    FOREIGN = "foreign"  # signed under another root
    CLONED = "cloned"  # the person's genuine certificate without the key that belongs to it


def private_key(label: str) -> ec.EllipticCurvePrivateKey:
    """A key on brainpoolP256r1 that derives from `label` alone. TEST ONLY: whoever knows the label knows the key."""
    number = int.from_bytes(hashlib.sha512(label.encode()).digest(), "big")
    return ec.derive_private_key(number % (_ORDER - 1) + 1, CURVE)


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
        x509.CertificateBuilder(issuer, subject, public_key, _serial(subject.rfc4514_string()))
        .not_valid_before(_AUTHORITY_FROM)
        .not_valid_after(_AUTHORITY_UNTIL)
        .add_extension(x509.BasicConstraints(ca=True, path_length=path_length), critical=True)
        .add_extension(_key_usage(certifies=True), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(public_key), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer_key.public_key()), critical=False)
        .sign(issuer_key, hashes.SHA256(), ecdsa_deterministic=True)
    )


def _key_usage(*, certifies: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not certifies,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=certifies,
        crl_sign=certifies,
        encipher_only=False,
        decipher_only=False,
    )


def _serial(label: str) -> int:
    """63 bits, never zero."""
    return int.from_bytes(hashlib.sha256(label.encode()).digest()[:8], "big") >> 1 | 1


def card_serial(person: Person) -> int:
    """The serial number of the certificate on the person's card."""
    return _serial(person.card.iccsn)


class Revocations:
    """The serials taken back, and since when."""

    def __init__(self) -> None:
        self._since: dict[int, datetime] = {}

    def revoke(self, serial: int, since: datetime) -> None:
        self._since.setdefault(serial, since)

    def revoked_since(self, serial: int) -> datetime | None:
        """Since when, or `None` for a serial in good standing."""
        return self._since.get(serial)

    def is_revoked(self, serial: int, at: datetime) -> bool:
        since = self._since.get(serial)
        return since is not None and since <= at


class CardPki:
    """One insurer's view of the PKI: an authority to trust and the revocations known to it."""

    def __init__(self, label: str = "PRUEFSTAND") -> None:
        self.label = label
        self.revocations = Revocations()

    def trust_anchor(self) -> x509.Certificate:
        """The root that verifiers trust."""
        return authority(self.label).root

    def issuer_certificate(self) -> x509.Certificate:
        """The sub-CA between root and cards."""
        return authority(self.label).issuer

    def issue_card_certificate(
        self,
        person: Person,
        public_key: ec.EllipticCurvePublicKey,
        today: date,
        validity: timedelta = CARD_VALIDITY,
        *,
        foreign: bool = False,
    ) -> bytes:
        """C.CH.AUT.E256 in DER, valid from `today`; `foreign` has it signed under a root nobody here trusts."""
        signer = authority(f"{self.label}-FOREIGN" if foreign else self.label)
        begin = datetime.combine(today, time(), UTC)
        certificate = (
            x509.CertificateBuilder(signer.issuer.subject, _subject(person), public_key, card_serial(person))
            .not_valid_before(begin)
            .not_valid_after(begin + validity - timedelta(seconds=1))
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(_key_usage(certifies=False), critical=True)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(public_key), critical=False)
            .add_extension(_authority_key(signer), critical=False)
            .add_extension(_POLICIES, critical=False)
            .add_extension(_ADMISSION, critical=False)
            .sign(signer.issuer_key, hashes.SHA256(), ecdsa_deterministic=True)
        )
        return certificate.public_bytes(Encoding.DER)


def _authority_key(signer: Authority) -> x509.AuthorityKeyIdentifier:
    return x509.AuthorityKeyIdentifier.from_issuer_public_key(signer.issuer_key.public_key())


def _subject(person: Person) -> x509.Name:
    """KVNR and IK are the two organisational units (reference card.md 4.9). X.520 holds 64 characters at most."""
    attributes = [
        (NameOID.COUNTRY_NAME, "DE"),
        (NameOID.ORGANIZATION_NAME, "Musterkasse TEST-ONLY"),
        (NameOID.ORGANIZATIONAL_UNIT_NAME, person.ik),
        (NameOID.ORGANIZATIONAL_UNIT_NAME, person.kvnr),
        (NameOID.TITLE, person.title),
        (NameOID.SURNAME, person.family_name),
        (NameOID.GIVEN_NAME, person.given_names),
        (NameOID.COMMON_NAME, f"{person.full_name[:53].rstrip()} TEST-ONLY"),
    ]
    return x509.Name([x509.NameAttribute(oid, text[:64]) for oid, text in attributes if text])


_POLICIES = x509.CertificatePolicies(
    [
        x509.PolicyInformation(POLICY_GEM, ["http://www.gematik.de/go/policies"]),
        x509.PolicyInformation(POLICY_EGK_AUT, None),
    ]
)
_ADMISSION = x509.Admissions(
    None,
    [x509.Admission(None, None, [x509.ProfessionInfo(None, ["Versicherte/-r"], [INSURED], None, None)])],
)
