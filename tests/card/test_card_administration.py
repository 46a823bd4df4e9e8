"""Asynchronous card administration: scenarios sealed for one card, each of which works once (gemSpec_COS 15.5)."""

from __future__ import annotations

from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from emulators.card import CardPki, HealthCard, cvc, tlv
from emulators.card.access import CHAT_OIDS, Chat, flag_bits
from emulators.card.apdu import CommandApdu
from emulators.card.authority import private_key
from emulators.card.commands_cipher import BRAINPOOL_P256R1, elc_encipher
from emulators.card.key_commands import aes256_keys
from emulators.card.keys import PublicKey
from emulators.card.pace import SessionKeys
from emulators.card.secure_messaging import TerminalChannel, cmac
from tests.card.conftest import PRACTICE, TODAY, Answer, Insert, MakeCard, Reader, data, through

MATERIAL = bytes(range(64))
FIRST_SYMMETRIC, FIRST_ASYMMETRIC = "10860000047C02810000", "10860000107C0EC30C" + PRACTICE.hex() + "00"
UPDATE = CommandApdu(0, 0xD6, 0x91, 0, b"\xef\x2b")  # EF.Version2, which card management alone may write
KEYS = [("SK.CMS.AES128", 0x13), ("SK.CMS.AES256", 0x18)]
SIGNER = private_key("TEST-ONLY/administration")


def second(scenario: bytes) -> str:
    body = tlv.encode(0x7C, tlv.encode(0x82, scenario))
    return f"00860000{len(body):02X}{body.hex()}"


def numbers(needed: int, own: int) -> bytes:
    return needed.to_bytes(2, "big") + own.to_bytes(2, "big")


def session_of(size: int) -> TerminalChannel:
    """What the key material of a scenario makes of itself (gemSpec_COS N031.500)."""
    return TerminalChannel(SessionKeys.derived(MATERIAL) if size == 16 else aes256_keys(MATERIAL))


class Symmetric:
    """A card and who prepares scenarios for one of its AES keys."""

    def __init__(self, card: HealthCard, reader: Reader, name: str = "SK.CMS.AES128", kid: int = 0x13) -> None:
        self.card, self.reader, self.kid = card, reader, kid
        self.keys = SessionKeys(*card.chip.personalisation.symmetric_keys(name))

    def scenario(self, needed: int, own: int, material: bytes = MATERIAL) -> bytes:
        encryptor = Cipher(algorithms.AES(self.keys.encryption), modes.CBC(bytes(16))).encryptor()
        message = numbers(needed, own) + encryptor.update(material) + encryptor.finalize()
        return message + cmac(self.keys.authentication, message)

    def number(self) -> int:
        assert self.reader(f"002281A4068301{self.kid:02X}800154") == "9000"
        told = data(self.reader(FIRST_SYMMETRIC))
        assert told[:4].hex() == "7c048102"
        return int.from_bytes(told[4:], "big")

    def load(self, scenario: bytes) -> str:
        self.number()
        return self.reader(second(scenario))


@pytest.fixture
def card(make_card: MakeCard) -> HealthCard:
    return make_card()


@pytest.fixture
def reader(card: HealthCard, insert: Insert) -> Reader:
    return insert(card)


# gemSpec_COS N085.060 and N085.062
@pytest.mark.parametrize(("name", "kid"), KEYS)
def test_a_scenario_brings_session_keys_and_works_once(card: HealthCard, reader: Reader, name: str, kid: int) -> None:
    management = Symmetric(card, reader, name, kid)
    assert management.number() == 0
    assert management.load(management.scenario(0, 7)) == "9000"
    channel = session_of(len(management.keys.encryption))
    assert through(card, channel, UPDATE) == Answer(0x9000)
    assert through(card, channel, CommandApdu(0x80, 0x82, 0x80, 0, bytes((0x83, 1, kid)))) == Answer(0x9000)
    assert management.number() == 7
    for needed, own in ((0, 7), (0, 6), (8, 9)):
        assert management.load(management.scenario(needed, own)) == "6A80"
        assert management.number() == 7
    assert management.load(management.scenario(7, 300)) == "9000"
    assert management.number() == 300


def test_each_key_counts_its_own_scenarios(card: HealthCard, reader: Reader) -> None:
    first, other = (Symmetric(card, reader, name, kid) for name, kid in KEYS)
    assert first.load(first.scenario(0, 1)) == "9000"
    assert (first.number(), other.number()) == (1, 0)
    assert other.load(first.scenario(0, 2)) == "6300"


def test_a_scenario_that_was_changed_is_not_let_in(card: HealthCard, reader: Reader) -> None:
    management = Symmetric(card, reader)
    right = management.scenario(0, 1)
    for at in (0, 3, 40, -1):
        wrong = bytearray(right)
        wrong[at] ^= 1
        assert management.load(bytes(wrong)) == "6300"
    assert management.load(right[:-1]) == "6A80"
    assert management.number() == 0
    assert management.load(right) == "9000"


def test_the_steps_come_one_behind_the_other(card: HealthCard, reader: Reader) -> None:
    management = Symmetric(card, reader)
    right = second(management.scenario(0, 1))
    assert reader(FIRST_SYMMETRIC) == "6985"
    management.number()
    assert reader(FIRST_SYMMETRIC[:-2]) == "6700"
    assert reader(right) == "6985"
    management.number()
    assert reader("00" + FIRST_SYMMETRIC[2:]) == "6985"
    assert reader("10" + right[2:]) == "6985"
    management.number()
    reader("80200002")
    assert reader(right) == "6985"
    management.number()
    assert reader(right) == "9000"
    assert reader(right) == "6985"


def test_a_scenario_of_the_card_outlives_reset_and_file(card: HealthCard, reader: Reader, tmp_path: Path) -> None:
    management = Symmetric(card, reader)
    management.load(management.scenario(0, 5))
    card.reset()
    assert management.number() == 5
    card.save(tmp_path / "card.json")
    again = HealthCard.load(tmp_path / "card.json")
    assert Symmetric(again, lambda command: again.transmit(bytes.fromhex(command)).hex().upper()).number() == 5


class Asymmetric:
    """A card and who prepares scenarios for its EC key; the key of the signer is known to the card."""

    def __init__(self, card: HealthCard, reader: Reader) -> None:
        self.card, self.reader = card, reader
        role = Chat(CHAT_OIDS["cms"], flag_bits(8))
        certificate = CardPki().cv_certificate(PRACTICE, SIGNER.public_key(), role, TODAY)
        anchor = next(anchor for anchor in card.chip.anchors if anchor.chat.oid == role.oid)
        card.chip.learn(PublicKey("PuK.CMS", PRACTICE, certificate.point, role, "991231", anchor.rules))
        point = cvc.parse(data(reader("00B0860000"))).point
        self.card_key = ec.EllipticCurvePublicKey.from_encoded_point(cvc.CURVE, point)

    def sealed(self, material: bytes = MATERIAL) -> bytes:
        return elc_encipher(self.card_key, private_key("TEST-ONLY/ephemeral"), material)

    def scenario(self, needed: int, own: int, cipher: bytes) -> bytes:
        message = numbers(needed, own) + cipher
        return message + cvc.sign(SIGNER, message)

    def number(self) -> int:
        assert self.reader("002241A4068401098001F4") == "9000"
        told = data(self.reader(FIRST_ASYMMETRIC))
        assert told[:4].hex() == "7c048102"
        return int.from_bytes(told[4:], "big")

    def load(self, scenario: bytes) -> str:
        self.number()
        return self.reader(second(scenario))


# gemSpec_COS N085.068
def test_a_signed_scenario_brings_session_keys_and_a_role(card: HealthCard, reader: Reader) -> None:
    management = Asymmetric(card, reader)
    assert management.number() == 0
    scenario = management.scenario(0, 2, management.sealed())
    assert len(scenario) == 0xF5
    assert management.load(scenario) == "9000"
    assert through(card, session_of(16), UPDATE) == Answer(0x9000)
    assert management.number() == 2
    assert reader("00D6910002EF2B") == "6982"  # the role has ended with the session
    for needed, own in ((0, 2), (3, 4)):
        assert management.load(management.scenario(needed, own, management.sealed())) == "6A80"


def test_a_signed_scenario_must_be_right_in_all_its_parts(card: HealthCard, reader: Reader) -> None:
    management = Asymmetric(card, reader)
    right = management.sealed()
    signed = management.scenario(0, 1, right)
    assert management.load(signed[:-1] + bytes((signed[-1] ^ 1,))) == "6300"
    assert management.load(b"\0" * 100) == "6300"
    assert management.load(b"") == "6300"
    assert management.number() == 0
    assert (
        management.load(management.scenario(0, 1, right.replace(BRAINPOOL_P256R1, BRAINPOOL_P256R1[:-1] + b"\x0b")))
        == "6400"
    )
    assert management.load(management.scenario(1, 2, right[:-1] + bytes((right[-1] ^ 1,)))) == "6A80"
    assert management.load(management.scenario(2, 3, management.sealed(bytes(63)))) == "6A80"
    assert management.number() == 3  # a number that was let in is used up, whatever comes after
    assert management.load(management.scenario(3, 4, right)) == "9000"


def test_who_signs_must_be_known_and_no_issuer(card: HealthCard, reader: Reader) -> None:
    assert reader("002241A4068401098001F4") == "9000"
    assert reader(FIRST_ASYMMETRIC) == "6A88"
    Asymmetric(card, reader)
    card.chip.point_in_time = "991232"
    assert reader("002241A4068401098001F4") == "9000"
    assert reader(FIRST_ASYMMETRIC) == "6983"
    assert reader(second(bytes(0xF5))) == "6985"


@pytest.mark.parametrize("kind", [Symmetric, Asymmetric])
def test_the_rule_is_asked_in_the_second_step(
    kind: type[Symmetric] | type[Asymmetric], card: HealthCard, reader: Reader
) -> None:
    management = kind(card, reader)
    assert reader("0022F302") == "9000"  # in another security environment nothing is allowed
    assert management.load(bytes(76)) == "6982"
