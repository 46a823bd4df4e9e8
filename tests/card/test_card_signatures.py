"""Signatures: those the card makes with the cardholder's keys, and those it checks for others."""

from __future__ import annotations

import hashlib

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed, decode_dss_signature

from emulators.card import cvc, tlv
from emulators.card.commands_cipher import BRAINPOOL_P256R1
from emulators.card.rsa_keys import SIZE, mask
from tests.card.conftest import ESIGN, VERIFY_HOME, Insert, MakeCard, Reader, data, extended, public_key

DIGEST = hashlib.sha256(b"TEST ONLY").digest()
DIGEST_INFO = bytes.fromhex("3031300d060960864801650304020105000420") + DIGEST
# Curves by object identifier (gemSpec_COS 16.1, CosT_a91), each with the digest that goes with it (N096.382).
CURVES: dict[str, tuple[ec.EllipticCurve, hashes.HashAlgorithm]] = {
    "2A8648CE3D030107": (ec.SECP256R1(), hashes.SHA256()),
    "2B81040022": (ec.SECP384R1(), hashes.SHA384()),
    "2B2403030208010107": (ec.BrainpoolP256R1(), hashes.SHA256()),
    "2B240303020801010B": (ec.BrainpoolP384R1(), hashes.SHA384()),
    "2B240303020801010D": (ec.BrainpoolP512R1(), hashes.SHA512()),
}


def test_rsa_signs_in_both_ways(cardholder: Reader) -> None:
    certificate = public_key(cardholder, 0x01)
    key = certificate.public_key()
    assert isinstance(key, rsa.RSAPublicKey)
    cardholder("002241B606840182800105")
    signature = data(cardholder("002A9E9A20" + DIGEST.hex() + "00"))
    key.verify(signature, DIGEST, padding.PSS(padding.MGF1(hashes.SHA256()), 32), Prehashed(hashes.SHA256()))
    cardholder("002241B606840182800102")
    info = bytes.fromhex("3031300d060960864801650304020105000420") + DIGEST
    signature = data(cardholder(f"002A9E9A{len(info):02X}" + info.hex() + "00"))
    key.verify(signature, DIGEST, padding.PKCS1v15(), Prehashed(hashes.SHA256()))
    assert cardholder("002A9E9A67" + "00" * 103 + "00") == "6A80"


def test_rsa_keys_are_read_and_prove_themselves(cardholder: Reader) -> None:
    key = public_key(cardholder, 0x01).public_key()
    assert isinstance(key, rsa.RSAPublicKey)
    modulus = f"{key.public_numbers().n:0512X}"
    assert cardholder("00468182000000").startswith("7F4982010981820100" + modulus)
    assert cardholder("002241A406840182800105") == "9000"
    proof = data(cardholder("0088000020" + DIGEST.hex() + "00"))
    key.verify(proof, DIGEST, padding.PSS(padding.MGF1(hashes.SHA256()), 32), Prehashed(hashes.SHA256()))


def test_generation_2_0_names_iso_9796_but_does_not_have_it(make_card: MakeCard, insert: Insert) -> None:
    reader = insert(make_card(system="egk-g2.0"))
    reader(VERIFY_HOME)
    reader(ESIGN)
    assert reader("002241B606840182800107") == "9000"
    assert reader("002A9EAC20" + DIGEST.hex() + "00") == "6A81"


def test_a_public_key_read_is_the_one_certified(cardholder: Reader) -> None:
    key = public_key(cardholder, 0x04).public_key()
    assert isinstance(key, ec.EllipticCurvePublicKey)
    assert cardholder("0046818400") == "7F49438641" + cvc.public_point(key).hex().upper() + "9000"
    assert cardholder("0046808400") == "6982"
    assert cardholder("0046819F00") == "6A88"


def opened(key: rsa.RSAPublicKey, signature: bytes) -> bytes:
    """What was signed, as it was padded."""
    numbers = key.public_numbers()
    return pow(int.from_bytes(signature, "big"), numbers.e, numbers.n).to_bytes(SIZE, "big")


def is_pss(key: rsa.RSAPublicKey, digest: bytes, signature: bytes) -> bool:
    """RFC 8017, 9.1.2, with SHA-256 and 32 octets of salt, for a digest of any length."""
    padded = opened(key, signature)
    masked, inner = padded[: SIZE - 33], padded[SIZE - 33 : -1]
    block = bytes(a ^ b for a, b in zip(masked, mask(inner, len(masked)), strict=True))
    return padded[-1] == 0xBC and inner == hashlib.sha256(bytes(8) + digest + block[-32:]).digest()


# gemSpec_COS N087.300 a and d, N086.200 b
@pytest.mark.parametrize("size", [1, 20, 32, 48, 64])
def test_rsa_signs_digests_of_up_to_64_octets(size: int, cardholder: Reader) -> None:
    key, digest = public_key(cardholder, 0x01).public_key(), bytes(range(size))
    assert isinstance(key, rsa.RSAPublicKey)
    cardholder("002241B606840182800105")
    assert is_pss(key, digest, data(cardholder(f"002A9E9A{size:02X}{digest.hex()}00")))
    cardholder("002241A406840182800105")
    assert is_pss(key, digest, data(cardholder(f"00880000{size:02X}{digest.hex()}00")))
    assert cardholder("0088000041" + "00" * 65 + "00") == "6A80"
    assert cardholder("002A9E9A41" + "00" * 65 + "00") == "6A80"


# gemSpec_COS N100.800 a and N086.900 e
def test_rsa_proves_itself_by_pkcs1_too(cardholder: Reader) -> None:
    key = public_key(cardholder, 0x01).public_key()
    assert isinstance(key, rsa.RSAPublicKey)
    assert cardholder("002241A406840182800102") == "9000"
    proof = data(cardholder(f"00880000{len(DIGEST_INFO):02X}{DIGEST_INFO.hex()}00"))
    key.verify(proof, DIGEST, padding.PKCS1v15(), Prehashed(hashes.SHA256()))
    assert cardholder("0088000067" + "00" * 103 + "00") == "6A80"
    assert cardholder("002241A406840186800102") == "6A81"  # PrK.CH.AUTN.R2048 does not have it


class Signed:
    """A signature by a key of one of the curves, as PSO VERIFY DIGITAL SIGNATURE is told of it."""

    def __init__(self, curve: str = "2B2403030208010107") -> None:
        self.oid = bytes.fromhex(curve)
        domain, algorithm = CURVES[curve]
        key = ec.derive_private_key(0xC0FFEE, domain)
        self.digest = hashlib.new(algorithm.name, b"TEST ONLY").digest()
        r, s = decode_dss_signature(key.sign(self.digest, ec.ECDSA(Prehashed(algorithm), deterministic_signing=True)))
        size = (domain.key_size + 7) // 8
        self.signature = r.to_bytes(size, "big") + s.to_bytes(size, "big")
        self.point = cvc.public_point(key.public_key())

    def command(self, **changes: bytes) -> str:
        told = {**vars(self), **changes}
        key = tlv.encode(0x7F49, tlv.encode(0x86, told["point"]))
        body = tlv.encode(0x06, told["oid"]) + tlv.encode(0x90, told["digest"]) + tlv.encode(0x9C, key)
        return extended("002A00A8", body + tlv.encode(0x9E, told["signature"]))


# gemSpec_COS N096.392 a and N096.396: for anybody, with no key chosen.
@pytest.mark.parametrize("curve", CURVES)
def test_the_card_checks_anybodys_signature(curve: str, reader: Reader) -> None:
    signed = Signed(curve)
    assert reader(signed.command()) == "9000"
    wrong = signed.signature[:-1] + bytes((signed.signature[-1] ^ 1,))
    assert reader(signed.command(signature=wrong)) == "6A80"
    assert reader(signed.command(digest=bytes(len(signed.digest)))) == "6A80"


@pytest.mark.parametrize(
    "changes",
    [
        {"oid": b""},
        {"oid": bytes.fromhex("2B8104000A")},
        {"point": b""},
        {"point": bytes(65)},
        {"point": b"\4" + bytes(64)},
        {"digest": bytes(31)},
        {"digest": bytes(48)},
        {"signature": b""},
        {"signature": bytes(64)},
        {"signature": bytes(63)},
        {"signature": bytes(96)},
    ],
)
def test_what_is_no_signature_is_not_verified(changes: dict[str, bytes], reader: Reader) -> None:
    assert reader(Signed().command(**changes)) == "6A80"


def test_what_tells_of_no_signature_is_not_verified(reader: Reader) -> None:
    assert Signed().oid == BRAINPOOL_P256R1
    for command in ("002A00A8", "002A00A8020601", "002A00A8049C027F49"):
        assert reader(command) == "6A80"
