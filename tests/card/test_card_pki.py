"""What a verifier sees of a card: chain, names, dates, revocation, proof of the key."""

from __future__ import annotations

import hashlib
from datetime import date, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.x509.oid import AuthorityInformationAccessOID, NameOID, ObjectIdentifier

from emulators.card import CardIssuer, HealthCard, TransportState, Variant
from emulators.card.passwords import pin_block
from emulators.core.clock import BERLIN
from emulators.core.faults import UnknownFault
from emulators.core.person import Address, CardData
from emulators.core.physics import Physics
from tests.card_holder import holder

MESSAGE = b"TEST ONLY: a challenge"
PERSON = holder(
    "Ben",
    born=date(1990, 1, 1),
    sex="M",
    kvnr="X110408667",
    address=Address("Weg", "1", "10115", "Berlin", "BE"),
    card=CardData("80276883110000152716", "123123", "123456", "12345678"),
)


@pytest.fixture
def physics() -> Physics:
    return Physics(seed=4711)


@pytest.fixture
def issuer(physics: Physics) -> CardIssuer:
    issuer = CardIssuer(physics)
    physics.faults.declare(issuer.name, issuer.faults)
    return issuer


def send(card: HealthCard, command: str) -> bytes:
    return card.transmit(bytes.fromhex(command))


def certificate(card: HealthCard) -> x509.Certificate:
    send(card, "00A4040C0AA000000167455349474E")
    answer = send(card, "00B08400000000")
    assert answer[-2:] == b"\x90\x00"
    return x509.load_der_x509_certificate(answer[:-2])


def signature(card: HealthCard) -> bytes:
    """R‖S over MESSAGE, after the right PIN."""
    send(card, "0020000208" + pin_block("123456").hex())
    send(card, "00A4040C0AA000000167455349474E")
    send(card, "002241B606840184800100")
    answer = send(card, "002A9E9A20" + hashlib.sha256(MESSAGE).hexdigest() + "00")
    assert answer[-2:] == b"\x90\x00"
    return answer[:-2]


def proves_its_key(card: HealthCard) -> bool:
    raw = signature(card)
    der = encode_dss_signature(int.from_bytes(raw[:32], "big"), int.from_bytes(raw[32:], "big"))
    key = certificate(card).public_key()
    assert isinstance(key, ec.EllipticCurvePublicKey)
    try:
        key.verify(der, MESSAGE, ec.ECDSA(hashes.SHA256()))
    except InvalidSignature:
        return False
    return True


def test_a_genuine_card_chains_to_the_trust_anchor_and_proves_its_key(issuer: CardIssuer) -> None:
    card = issuer.issue(PERSON)
    certificate(card).verify_directly_issued_by(issuer.pki.issuer_certificate())
    issuer.pki.issuer_certificate().verify_directly_issued_by(issuer.pki.trust_anchor())
    assert proves_its_key(card)


def test_the_certificate_names_person_insurer_and_test_only(issuer: CardIssuer) -> None:
    found = certificate(issuer.issue(PERSON))
    units = [unit.value for unit in found.subject.get_attributes_for_oid(NameOID.ORGANIZATIONAL_UNIT_NAME)]
    assert units == ["109500969", "X110408667"]
    assert "TEST-ONLY" in found.subject.rfc4514_string()
    assert "TEST-ONLY" in found.issuer.rfc4514_string()
    assert isinstance(found.public_key(), ec.EllipticCurvePublicKey)


def test_the_certificate_states_an_insured_person_and_its_policies(issuer: CardIssuer) -> None:
    extensions = certificate(issuer.issue(PERSON)).extensions
    admissions = extensions.get_extension_for_class(x509.Admissions).value
    (admission,) = admissions
    (profession,) = admission.profession_infos
    assert profession.profession_items == ["Versicherte/-r"]
    assert profession.profession_oids == [ObjectIdentifier("1.2.276.0.76.4.49")]
    policies = extensions.get_extension_for_class(x509.CertificatePolicies).value
    assert [p.policy_identifier.dotted_string for p in policies] == ["1.2.276.0.76.4.163", "1.2.276.0.76.4.70"]


def test_each_certificate_says_where_its_status_can_be_asked(issuer: CardIssuer) -> None:
    """Under a name nobody can own (RFC 6761), as the one of a card image does (reference card.md 4.9)."""
    card = issuer.issue(PERSON)
    send(card, "00A4040C0AA000000167455349474E")
    for sfid in (0x01, 0x02, 0x04, 0x05):  # those for everybody to read
        found = x509.load_der_x509_certificate(send(card, f"00B0{0x80 | sfid:02X}00000000")[:-2])
        (access,) = found.extensions.get_extension_for_class(x509.AuthorityInformationAccess).value
        assert access.access_method == AuthorityInformationAccessOID.OCSP
        assert access.access_location.value == "http://ocsp.pruefstand.example/TEST-ONLY"


def test_a_card_is_valid_from_the_first_minute_of_its_day() -> None:
    """Midnight is that of the person who is given it, not of UTC: whoever logs in right after it has a valid card."""
    midnight = datetime(2021, 3, 23, tzinfo=BERLIN)
    for variant, valid in ((Variant.GENUINE, True), (Variant.EXPIRED, False)):
        found = certificate(CardIssuer(Physics(seed=1, start=midnight)).issue(PERSON, variant=variant))
        assert (found.not_valid_before_utc <= midnight <= found.not_valid_after_utc) is valid


def test_an_expired_card_ended_yesterday(physics: Physics, issuer: CardIssuer) -> None:
    assert certificate(issuer.issue(PERSON, variant=Variant.EXPIRED)).not_valid_after_utc < physics.clock.now


def test_a_revoked_card_is_genuine_but_on_the_list(physics: Physics, issuer: CardIssuer) -> None:
    card = issuer.issue(PERSON, variant=Variant.REVOKED)
    assert proves_its_key(card)
    assert issuer.pki.revocations.is_revoked(certificate(card).serial_number, physics.clock.now)


def test_a_card_can_be_revoked_later(physics: Physics, issuer: CardIssuer) -> None:
    card = issuer.issue(PERSON)
    serial = certificate(card).serial_number
    assert not issuer.pki.revocations.is_revoked(serial, physics.clock.now)
    issuer.revoke(card)
    now = physics.clock.now
    assert issuer.pki.revocations.revoked_since(serial) == now
    assert not issuer.pki.revocations.is_revoked(serial, now - timedelta(seconds=1))
    assert issuer.pki.revocations.is_revoked(serial, now)


def test_a_foreign_card_proves_its_key_under_another_root(issuer: CardIssuer) -> None:
    card = issuer.issue(PERSON, variant=Variant.FOREIGN)
    assert proves_its_key(card)
    with pytest.raises(ValueError, match=r".*"):
        certificate(card).verify_directly_issued_by(issuer.pki.issuer_certificate())


def test_a_cloned_card_carries_the_genuine_certificate_without_its_key(issuer: CardIssuer) -> None:
    clone, genuine = issuer.issue(PERSON, variant=Variant.CLONED), issuer.issue(PERSON)
    assert certificate(clone) == certificate(genuine)
    assert proves_its_key(genuine)
    assert not proves_its_key(clone)


def test_a_misissued_card_is_what_the_fault_says_and_the_journal_names_it(physics: Physics, issuer: CardIssuer) -> None:
    physics.faults.arm("card", "misissued", {"without_nfc": True, "blocked": True})
    card = issuer.issue(PERSON)
    assert not card.nfc
    assert card.password.tries == 0
    (entry,) = physics.journal.named("card", "issued")
    assert entry.cause.fault == "card.misissued"
    assert issuer.issue(PERSON).nfc


def test_a_misissued_transport_pin_is_the_start_of_the_pin(physics: Physics, issuer: CardIssuer) -> None:
    physics.faults.arm("card", "misissued", {"transport": "transport_pin"})
    assert issuer.issue(PERSON).password.transport is TransportState.TRANSPORT_PIN


def test_a_memory_failure_changes_nothing(physics: Physics, issuer: CardIssuer) -> None:
    card = issuer.issue(PERSON)
    physics.faults.arm("card", "memory_failure")
    assert send(card, "0020000208" + pin_block("000000").hex()) == b"\x65\x81"
    assert card.password.tries == 3
    assert send(card, "0020000208" + pin_block("000000").hex()) == b"\x63\xc2"
    (entry,) = physics.journal.named("card", "password.changed")
    assert entry.data["tries"] == 2


def test_a_damaged_signature_proves_nothing_once(physics: Physics, issuer: CardIssuer) -> None:
    card = issuer.issue(PERSON)
    physics.faults.arm("card", "damaged_signature")
    assert not proves_its_key(card)
    assert proves_its_key(card)


def test_an_unknown_variant_cannot_be_armed(physics: Physics, issuer: CardIssuer) -> None:
    with pytest.raises(UnknownFault, match="variant"):
        physics.faults.arm("card", "misissued", {"variant": "stolen"})


def test_two_seeds_give_two_keys(issuer: CardIssuer) -> None:
    other = CardIssuer(Physics(seed=1)).issue(PERSON)
    assert certificate(other).public_key() != certificate(issuer.issue(PERSON)).public_key()
