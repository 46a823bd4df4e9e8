"""A test PKI for cards: root, sub-CA, card certificates, revocations. All names say TEST-ONLY.

Keys derive from labels and signatures follow RFC 6979, so the same card has the same certificate to the octet.
Shapes: gemSpec_PKI and a test card's C.CH.AUT.E256 (reference card.md 4.9).
"""

from __future__ import annotations

import hashlib
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from typing import NamedTuple

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import ocsp
from cryptography.x509.oid import AuthorityInformationAccessOID, ExtendedKeyUsageOID, NameOID, ObjectIdentifier

from emulators.core.clock import BERLIN
from emulators.core.person import Person

from . import cvc
from .access import Chat, flag_bits
from .authority import Authority, authority, key_usage, private_key, serial_of
from .cvc import CvCertificate

CARD_VALIDITY = timedelta(days=5 * 365)

INSURED = ObjectIdentifier("1.2.276.0.76.4.49")  # professionOID of "Versicherte/-r"
POLICY_GEM = ObjectIdentifier("1.2.276.0.76.4.163")
POLICY_EGK_AUT = ObjectIdentifier("1.2.276.0.76.4.70")
AUTH_E256 = "C.CH.AUT.E256"
# Policy and key usage by what a certificate is for (gemSpec_OID, gemSpec_PKI Tab_PKI_232).
_POLICY = {"AUT": 70, "AUTN": 71, "ENC": 68, "ENCV": 69}
_USAGE = {
    ("AUT", "E256"): {"digital_signature"},
    ("AUT", "R2048"): {"digital_signature", "key_encipherment"},
    ("ENC", "E256"): {"key_agreement"},
    ("ENC", "R2048"): {"key_encipherment", "data_encipherment"},
}
# Names of the CV authorities: country, holder, and six digits as a real CAR has them.
_CV_ROOT = b"DEPST" + bytes.fromhex("870221")
_CV_ADMIN = bytes.fromhex("0000000000000013")  # PuK.RCA.ADMINCMS.CS.E256
_CV_FROM, _CV_UNTIL = "150101", "541231"
_CV_VALIDITY = timedelta(days=5 * 365)


class CvIssuer(NamedTuple):
    """A CA below the CV root: its CAR, and what it can hand on. Its bits 0 and 1 are 10, a root's 11."""

    label: str
    reference: bytes
    flags: int


CARDS_CA = CvIssuer("cv-issuer", b"DEPST" + bytes.fromhex("110221"), flag_bits(0))  # a health card has no role
PRACTICES_CA = CvIssuer("cv-practices", b"DEPST" + bytes.fromhex("120221"), flag_bits(0, *range(2, 56)))


class Variant(StrEnum):
    """How a card's proof of its key is made, and in what it may be wrong."""

    GENUINE = "genuine"
    EXPIRED = "expired"  # certificate past its last day
    REVOKED = "revoked"  # genuine, but its serial is among the revocations
    FOREIGN = "foreign"  # signed under another root
    CLONED = "cloned"  # the person's genuine certificate without the key that belongs to it


def card_serial(person: Person, name: str = AUTH_E256) -> int:
    """The serial number of a certificate on the person's card."""
    return serial_of(person.card.iccsn if name == AUTH_E256 else f"{person.card.iccsn}/{name}")


class Revocations:
    """The serials taken back, and since when."""

    def __init__(self) -> None:
        self._since: dict[int, datetime] = {}

    def revoke(self, serial: int, since: datetime) -> None:
        self._since.setdefault(serial, since)

    def revoked_since(self, serial: int) -> datetime | None:
        """Since when, or `None` for a serial in good standing."""
        return self._since.get(serial)

    def all_at(self, at: datetime) -> list[tuple[int, datetime]]:
        """What has been taken back by then, in order of serial."""
        return sorted((serial, since) for serial, since in self._since.items() if since <= at)

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
        public_key: ec.EllipticCurvePublicKey | rsa.RSAPublicKey,
        today: date,
        validity: timedelta = CARD_VALIDITY,
        *,
        name: str = AUTH_E256,
        foreign: bool = False,
    ) -> bytes:
        """A certificate in DER, valid from `today`; `name` says which (C.CH.AUT.E256, C.CH.ENCV.R2048…), `foreign`
        has it signed under a root nobody here trusts."""
        _, _, use, kind = name.split(".")
        pseudonymous = use.endswith(("TN", "CV"))
        signer = authority(f"{self.label}-FOREIGN" if foreign else self.label)
        begin = datetime.combine(today, time(), BERLIN)  # midnight of who is given it: two hours before that of UTC
        certificate = (
            x509.CertificateBuilder(signer.issuer.subject, _subject(person, pseudonymous), public_key)
            .serial_number(card_serial(person, name))
            .not_valid_before(begin)
            .not_valid_after(begin + validity - timedelta(seconds=1))
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(key_usage(_USAGE[use[:3], kind]), critical=True)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(public_key), critical=False)
            .add_extension(_authority_key(signer), critical=False)
            .add_extension(_STATUS, critical=False)
            .add_extension(_policies(use), critical=False)
            .add_extension(_ADMISSION, critical=False)
        )
        if use == "AUTN":
            certificate = certificate.add_extension(_CLIENT_AUTHENTICATION, critical=False)
        signed = certificate.sign(signer.issuer_key, hashes.SHA256(), ecdsa_deterministic=True)
        return signed.public_bytes(Encoding.DER)

    # -- status ---------------------------------------------------------------------------------------------------

    def revocation_list(self, at: datetime) -> bytes:
        """The issuer's CRL of that moment, in DER, good for a day."""
        issuer = authority(self.label)
        builder = x509.CertificateRevocationListBuilder(issuer.issuer.subject, at, at + timedelta(days=1))
        for serial, since in self.revocations.all_at(at):
            entry = x509.RevokedCertificateBuilder(serial, since).build()
            builder = builder.add_revoked_certificate(entry)
        crl = builder.sign(issuer.issuer_key, hashes.SHA256(), ecdsa_deterministic=True)
        return crl.public_bytes(Encoding.DER)

    def status(self, request: bytes, at: datetime) -> bytes:
        """The answer to an OCSP request in DER: good, revoked, or unknown for another issuer's certificate.

        A request that cannot be read is answered as malformed. Signed by the issuer itself.
        """
        try:
            asked = ocsp.load_der_ocsp_request(request)
        except ValueError:
            refusal = ocsp.OCSPResponseBuilder.build_unsuccessful(ocsp.OCSPResponseStatus.MALFORMED_REQUEST)
            return refusal.public_bytes(Encoding.DER)
        issuer = authority(self.label)
        ours = ocsp.OCSPRequestBuilder().add_certificate(issuer.issuer, issuer.issuer, asked.hash_algorithm).build()
        known = asked.issuer_key_hash == ours.issuer_key_hash
        since = self.revocations.revoked_since(asked.serial_number)
        revoked = known and since is not None and since <= at
        good = ocsp.OCSPCertStatus.GOOD if known else ocsp.OCSPCertStatus.UNKNOWN
        builder = ocsp.OCSPResponseBuilder().add_response_by_hash(
            asked.issuer_name_hash,
            asked.issuer_key_hash,
            asked.serial_number,
            asked.hash_algorithm,
            ocsp.OCSPCertStatus.REVOKED if revoked else good,
            at,
            None,
            since if revoked else None,
            None,
        )
        builder = builder.responder_id(ocsp.OCSPResponderEncoding.HASH, issuer.issuer)
        return builder.sign(issuer.issuer_key, hashes.SHA256()).public_bytes(Encoding.DER)

    # -- CV certificates ------------------------------------------------------------------------------------------

    def cv_anchor(self, which: str) -> tuple[bytes, bytes]:
        """CAR and point of a CV root: `root` of the infrastructure, `admin` of card management."""
        key = private_key(f"{self.label}/cv-{which}").public_key()
        return _CV_ROOT if which == "root" else _CV_ADMIN, cvc.public_point(key)

    def cv_issuer_key(self, issuer: CvIssuer = PRACTICES_CA) -> ec.EllipticCurvePrivateKey:
        return private_key(f"{self.label}/{issuer.label}")

    def cv_issuer_certificate(self, issuer: CvIssuer = PRACTICES_CA) -> CvCertificate:
        """Of a CA below the CV root: it can hand on all roles that its flags name (reference card.md 4.10)."""
        root, key = private_key(f"{self.label}/cv-root"), self.cv_issuer_key(issuer).public_key()
        chat = Chat.ti()._replace(flags=issuer.flags)
        return cvc.issue(root, _CV_ROOT, issuer.reference, key, chat, _CV_FROM, _CV_UNTIL)

    def cv_certificate(
        self,
        holder: bytes,
        key: ec.EllipticCurvePublicKey,
        chat: Chat,
        today: date,
        *,
        validity: timedelta = _CV_VALIDITY,
        issuer: CvIssuer = PRACTICES_CA,
    ) -> CvCertificate:
        """For somebody who authenticates: a card, a practice. `holder` is the CHR of 12 octets."""
        begin, until = f"{today:%y%m%d}", f"{today + validity:%y%m%d}"
        return cvc.issue(self.cv_issuer_key(issuer), issuer.reference, holder, key, chat, begin, until)


def _authority_key(signer: Authority) -> x509.AuthorityKeyIdentifier:
    return x509.AuthorityKeyIdentifier.from_issuer_public_key(signer.issuer_key.public_key())


def _subject(person: Person, pseudonymous: bool) -> x509.Name:
    """KVNR and IK are the two organisational units (reference card.md 4.9). X.520 holds 64 characters at most."""
    if pseudonymous:
        pseudonym = hashlib.sha256(f"{person.kvnr}/pseudonym".encode()).hexdigest()[:20]
        return x509.Name(
            [
                x509.NameAttribute(NameOID.COUNTRY_NAME, "DE"),
                x509.NameAttribute(NameOID.ORGANIZATION_NAME, "Musterkasse TEST-ONLY"),
                x509.NameAttribute(NameOID.COMMON_NAME, f"{pseudonym} TEST-ONLY"),
            ]
        )
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


def _policies(use: str) -> x509.CertificatePolicies:
    egk = ObjectIdentifier(f"1.2.276.0.76.4.{_POLICY[use]}")
    gem = x509.PolicyInformation(POLICY_GEM, ["http://www.gematik.de/go/policies"])
    return x509.CertificatePolicies([gem, x509.PolicyInformation(egk, None)])


# Where a status would be asked for; the name is reserved, so nobody answers there (RFC 6761). `CardPki.status` does.
_OCSP = x509.UniformResourceIdentifier("http://ocsp.pruefstand.example/TEST-ONLY")
_STATUS = x509.AuthorityInformationAccess([x509.AccessDescription(AuthorityInformationAccessOID.OCSP, _OCSP)])
_CLIENT_AUTHENTICATION = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CLIENT_AUTH])
_ADMISSION = x509.Admissions(
    None,
    [x509.Admission(None, None, [x509.ProfessionInfo(None, ["Versicherte/-r"], [INSURED], None, None)])],
)
