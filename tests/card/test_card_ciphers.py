"""PSO DECIPHER, ENCIPHER and TRANSCIPHER: what is enciphered for a key, by the card or outside, only that key reads."""

from __future__ import annotations

from datetime import date
from hashlib import sha256

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.cmac import CMAC
from hypothesis import given, settings
from hypothesis import strategies as st

from emulators.card import CardPki, HealthCard, cvc, tlv
from emulators.card.apdu import CommandApdu
from emulators.card.authority import private_key
from emulators.card.chip import Chip
from emulators.card.commands_cipher import BRAINPOOL_P256R1, elc_decipher, elc_encipher
from emulators.card.object_system import ObjectSystem, parse
from emulators.card.passwords import Secret
from emulators.card.personalisation import Personalisation
from emulators.card.rsa_keys import rsa_key
from tests.card.conftest import CLARA, ESIGN, VERIFY_HOME, Insert, MakeCard, Reader, data, extended, public_key

TODAY = date(2021, 3, 23)
OAEP = padding.OAEP(padding.MGF1(hashes.SHA256()), hashes.SHA256(), None)
RECIPIENT = private_key("TEST-ONLY/recipient")
RSA_RECIPIENT = rsa_key("TEST-ONLY/recipient")
POINT = cvc.public_point(RECIPIENT.public_key())
FOR_THE_CURVE = (
    bytes.fromhex("80010B") + tlv.encode(0x06, BRAINPOOL_P256R1) + tlv.encode(0x7F49, tlv.encode(0x86, POINT))
)
MODULUS = RSA_RECIPIENT.modulus.to_bytes(256, "big")


def for_rsa(modulus: bytes = MODULUS, exponent: str = "010001") -> bytes:
    key = tlv.encode(0x81, modulus) + tlv.encode(0x82, bytes.fromhex(exponent))
    return bytes.fromhex("800105") + tlv.encode(0x7F49, key)


def test_rsa_deciphers_what_was_enciphered_for_it(cardholder: Reader) -> None:
    key = public_key(cardholder, 0x02).public_key()
    assert isinstance(key, rsa.RSAPublicKey)
    oaep = padding.OAEP(padding.MGF1(hashes.SHA256()), hashes.SHA256(), None)
    cryptogram = key.encrypt(b"TEST ONLY", oaep)
    assert cardholder(extended("002A8086", b"\0" + cryptogram)) == "6985"
    assert cardholder("002241B806840183800185") == "9000"
    assert data(cardholder(extended("002A8086", b"\0" + cryptogram))) == b"TEST ONLY"
    assert cardholder(extended("002A8086", b"\0" + cryptogram[:-1] + b"\0")) == "6A80"
    assert cardholder(extended("002A8086", b"\1" + cryptogram)) == "6A80"


def test_generation_2_0_deciphers_the_old_way_too(make_card: MakeCard, insert: Insert) -> None:
    reader = insert(make_card(system="egk-g2.0"))
    reader(VERIFY_HOME)
    reader(ESIGN)
    key = public_key(reader, 0x02).public_key()
    assert isinstance(key, rsa.RSAPublicKey)
    cryptogram = key.encrypt(b"TEST ONLY", padding.PKCS1v15())
    assert reader("002241B806840183800181") == "9000"
    assert data(reader(extended("002A8086", b"\0" + cryptogram))) == b"TEST ONLY"
    assert reader("002241B606840184800100") == "6A88"
    assert reader("00B08400000000") == "6A82"


def test_the_curve_deciphers_what_was_enciphered_for_it(cardholder: Reader) -> None:
    key = public_key(cardholder, 0x05).public_key()
    assert isinstance(key, ec.EllipticCurvePublicKey)
    sealed = elc_encipher(key, private_key("TEST-ONLY/ephemeral"), b"TEST ONLY")
    assert cardholder("002241B80684018580010B") == "9000"
    command = f"002A8086{len(sealed):02X}"
    assert data(cardholder(command + sealed.hex() + "00")) == b"TEST ONLY"
    assert cardholder(command + sealed[:-1].hex() + "00" + "00") == "6A80"
    other_curve = sealed.replace(bytes.fromhex("2B2403030208010107"), bytes.fromhex("2B240303020801010B"))
    assert cardholder(command + other_curve.hex() + "00") == "6A80"


@settings(deadline=None, max_examples=60)
@given(st.binary(max_size=80))
def test_any_octets_are_deciphered_or_refused(octets: bytes) -> None:
    card = HealthCard.personalised(CLARA, today=TODAY)
    for command in (VERIFY_HOME, ESIGN, "002241B80684018580010B"):
        card.transmit(bytes.fromhex(command))
    answer = card.transmit(CommandApdu(0, 0x2A, 0x80, 0x86, octets, 256).to_bytes())
    assert answer in (b"\x6a\x80", b"\x67\x00")


# Computed anew from the specification: the first vector is the counter 0 enciphered (gemSpec_COS N004.500, N001.520).
def test_the_curves_cipher_is_the_one_specified() -> None:
    ephemeral = private_key("TEST-ONLY/ephemeral")
    parts = dict(tlv.decode(dict(tlv.decode(elc_encipher(RECIPIENT.public_key(), ephemeral, b"TEST ONLY")))[0xA6]))
    secret = RECIPIENT.exchange(ec.ECDH(), ephemeral.public_key())
    key, mac_key = (sha256(secret + bytes((0, 0, 0, n))).digest() for n in (1, 2))
    vector = Cipher(algorithms.AES(key), modes.ECB()).encryptor().update(bytes(16))
    encryptor = Cipher(algorithms.AES(key), modes.CBC(vector)).encryptor()
    assert parts[0x86] == b"\2" + encryptor.update(b"TEST ONLY\x80" + bytes(6))
    mac = CMAC(algorithms.AES(mac_key))
    mac.update(parts[0x86][1:] + b"\x80" + bytes(15))
    assert parts[0x8E] == mac.finalize()[:8]


@pytest.mark.parametrize("size", [0, 1, 15, 16, 190])
def test_the_card_enciphers_for_a_key_in_the_command(size: int, reader: Reader) -> None:
    message = tlv.encode(0x80, bytes(range(size)))
    sealed = data(reader(extended("002A8680", tlv.encode(0xA0, FOR_THE_CURVE + message))))
    assert elc_decipher(RECIPIENT, sealed) == bytes(range(size))
    sealed = data(reader(extended("002A8680", tlv.encode(0xA0, for_rsa() + message))))
    assert sealed[:1] == b"\0"
    assert RSA_RECIPIENT.decipher_oaep(sealed[1:]) == bytes(range(size))


def test_the_same_message_is_never_enciphered_alike(reader: Reader) -> None:
    for told in (FOR_THE_CURVE, for_rsa()):
        command = extended("002A8680", tlv.encode(0xA0, told + b"\x80\1x"))
        assert reader(command) != reader(command)


MESSAGE = b"\x80\1x"


@pytest.mark.parametrize(
    ("body", "answer"),
    [
        (b"", "6A80"),
        (tlv.encode(0xA0, b"\x80"), "6A80"),
        (tlv.encode(0xA0, FOR_THE_CURVE), "6A80"),
        (tlv.encode(0xA0, FOR_THE_CURVE.replace(b"\x80\1\x0b", b"\x80\1\1") + MESSAGE), "6A81"),
        (tlv.encode(0xA0, FOR_THE_CURVE.replace(BRAINPOOL_P256R1, bytes(9)) + MESSAGE), "6400"),
        (tlv.encode(0xA0, FOR_THE_CURVE[:-1] + bytes((FOR_THE_CURVE[-1] ^ 1,)) + MESSAGE), "6400"),
        (tlv.encode(0xA0, for_rsa(MODULUS[1:]) + MESSAGE), "6400"),
        (tlv.encode(0xA0, for_rsa(exponent="010000"[:2]) + MESSAGE), "6400"),
        (tlv.encode(0xA0, for_rsa() + tlv.encode(0x80, bytes(191))), "6400"),
    ],
)
def test_nobody_is_enciphered_for_whose_key_is_none(body: bytes, answer: str, reader: Reader) -> None:
    assert reader(extended("002A8680", body) if body else "002A868000") == answer


OWN = """
name: own
object system version: 9.9.9
nfc: false
access:
  all: {PSO TRANSCIPHER: ALW, PSO DECIPHER: ALW}
root:
  name: MF
  aid: D2760001448000
  access: all
  keys:
    - {name: PrK.Rsa, kid: 0x03, kind: rsa2048, algorithms: [rsaDecipherOaep], access: all}
    - {name: PrK.Curve, kid: 0x05, kind: ec, algorithms: [elcSharedSecretCalculation], access: all}
    - {name: PrK.Empty, kid: 0x06, kind: ec, algorithms: [elcSharedSecretCalculation], access: all, empty: true}
"""


@pytest.fixture(scope="module")
def own() -> HealthCard:
    made = Personalisation(CLARA, TODAY, CardPki())
    return HealthCard(Chip(ObjectSystem("own", parse(OWN)), Secret("123456", "12345678"), made))


def sealed_for(card: HealthCard, source: str) -> tuple[str, bytes]:
    """The command that chooses the key, and an A6 with TEST ONLY in it."""
    if source == "rsa":
        cryptogram = card.chip.personalisation.rsa_key("PrK.Rsa").public_key().encrypt(b"TEST ONLY", OAEP)
        return "002241B806840103800185", tlv.encode(0xA6, tlv.encode(0x86, b"\0" + cryptogram))
    key = card.chip.personalisation.ec_key("PrK.Curve").public_key()
    return "002241B80684010580010B", elc_encipher(key, private_key("TEST-ONLY/ephemeral"), b"TEST ONLY")


@pytest.mark.parametrize("source", ["rsa", "curve"])
@pytest.mark.parametrize("target", ["rsa", "curve"])
def test_a_cryptogram_is_transciphered_between_all_kinds_of_keys(
    source: str, target: str, own: HealthCard, insert: Insert
) -> None:
    reader = insert(own)
    choose, sealed = sealed_for(own, source)
    command = extended("002A86B8", sealed + tlv.encode(0xA0, for_rsa() if target == "rsa" else FOR_THE_CURVE))
    assert reader(command) == "6985"
    assert reader(choose) == "9000"
    answer = data(reader(command))
    told = RSA_RECIPIENT.decipher_oaep(answer[1:]) if target == "rsa" else elc_decipher(RECIPIENT, answer)
    assert told == b"TEST ONLY"


def test_what_cannot_be_transciphered_is_refused(own: HealthCard, insert: Insert) -> None:
    reader = insert(own)
    choose, sealed = sealed_for(own, "curve")
    reader(choose)
    for_curve = tlv.encode(0xA0, FOR_THE_CURVE)
    assert reader(extended("002A86B8", sealed[:-1] + bytes((sealed[-1] ^ 1,)) + for_curve)) == "6A80"
    assert reader(extended("002A86B8", for_curve)) == "6A80"
    assert reader(extended("002A86B8", sealed + tlv.encode(0xA0, for_rsa(MODULUS[1:])))) == "6A80"
    assert reader(extended("002A86B8", sealed + tlv.encode(0xA0, b"\x80\1\1"))) == "6A81"
    key = own.chip.personalisation.ec_key("PrK.Curve").public_key()
    longer = elc_encipher(key, private_key("TEST-ONLY/ephemeral"), bytes(191))
    assert reader(extended("002A86B8", longer + tlv.encode(0xA0, for_rsa()))) == "6A84"
    assert reader("002241B80684010680010B") == "9000"
    assert reader(extended("002A86B8", sealed + for_curve)) == "6400"


def test_no_key_of_a_health_card_may_transcipher(cardholder: Reader) -> None:
    assert cardholder("002241B80684018580010B") == "9000"
    key = public_key(cardholder, 0x05).public_key()
    assert isinstance(key, ec.EllipticCurvePublicKey)
    sealed = elc_encipher(key, private_key("TEST-ONLY/ephemeral"), b"TEST ONLY")
    assert cardholder(extended("002A86B8", sealed + tlv.encode(0xA0, FOR_THE_CURVE))) == "6982"


@settings(deadline=None, max_examples=60)
@given(st.binary(max_size=120), st.sampled_from([(0x86, 0x80), (0x86, 0xB8)]))
def test_any_octets_are_enciphered_or_refused(own: HealthCard, octets: bytes, which: tuple[int, int]) -> None:
    own.transmit(bytes.fromhex("002241B80684010580010B"))
    answer = own.transmit(CommandApdu(0, 0x2A, *which, octets, 256).to_bytes())
    assert answer[-2:].hex() in ("9000", "6a80", "6a81", "6400", "6700")
