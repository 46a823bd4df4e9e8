"""GENERATE ASYMMETRIC KEY PAIR on a card whose rules allow it, which no health card's do."""

from __future__ import annotations

from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from emulators.card import CardPki, HealthCard, cvc
from emulators.card.chip import Chip
from emulators.card.object_system import ObjectSystem, ObjectSystemError, parse
from emulators.card.passwords import Secret
from emulators.card.personalisation import Personalisation
from tests.card.conftest import CLARA, TODAY, Insert, Reader, data

TEXT = """
name: own
object system version: 9.9.9
nfc: false
access:
  all:
    READ PUBLIC KEY: ALW
    GENERATE ASYMMETRIC KEY PAIR: ALW
    PSO COMPUTE DIGITAL SIGNATURE: ALW
  readable: {READ PUBLIC KEY: ALW}
root:
  name: MF
  aid: D2760001448000
  access: all
  keys:
    - {name: PrK.Empty, kid: 0x04, kind: ec, algorithms: [signECDSA], access: all, empty: true}
    - {name: PrK.Full, kid: 0x05, kind: ec, algorithms: [signECDSA], access: all}
    - {name: PrK.Fixed, kid: 0x06, kind: ec, algorithms: [signECDSA], access: readable}
    - {name: PrK.Rsa, kid: 0x07, kind: rsa2048, algorithms: [signPSS], access: all}
"""
DIGEST = bytes(range(32))
SIGN = "002A9E9A20" + DIGEST.hex() + "00"


@pytest.fixture
def card() -> HealthCard:
    made = Personalisation(CLARA, TODAY, CardPki())
    return HealthCard(Chip(ObjectSystem("own", parse(TEXT)), Secret("123456", "12345678"), made))


@pytest.fixture
def reader(card: HealthCard, insert: Insert) -> Reader:
    return insert(card)


def point(answer: str) -> bytes:
    octets = data(answer)
    assert octets[:5].hex() == "7f49438641"
    return octets[5:]


def proves(reader: Reader, kid: int, public: bytes) -> bool:
    """Whether the key signs, and the public key tells."""
    reader(f"002241B6068401{kid:02X}800100")
    key = ec.EllipticCurvePublicKey.from_encoded_point(cvc.CURVE, public)
    return cvc.verifies_digest(key, DIGEST, data(reader(SIGN)))


def test_a_key_object_without_a_key_can_do_nothing(reader: Reader) -> None:
    assert reader("0046810400") == "6400"
    assert reader("002241B606840104800100") == "9000"
    assert reader(SIGN) == "6400"


def test_the_first_key_is_generated_and_then_stays(reader: Reader) -> None:
    made = point(reader("0046800400"))
    assert proves(reader, 4, made)
    assert point(reader("0046810400")) == made
    assert reader("0046800400") == "6985"
    assert reader("00468404") == "6985"
    assert point(reader("0046810400")) == made


def test_a_key_is_generated_over_another_on_demand(reader: Reader) -> None:
    before = point(reader("0046810500"))
    assert reader("00468405") == "6985"
    after = point(reader("0046C00500"))
    assert after != before
    assert proves(reader, 5, after)
    assert not proves(reader, 5, before)
    assert reader("0046C405") == "9000"
    assert not proves(reader, 5, after)
    assert proves(reader, 5, point(reader("0046810500")))


def test_without_an_answer_nothing_comes_back(reader: Reader) -> None:
    assert reader("00468404") == "9000"
    assert proves(reader, 4, point(reader("0046810400")))


def test_a_command_that_has_no_room_for_the_key_generates_none(reader: Reader) -> None:
    before = point(reader("0046810500"))
    assert reader("0046C005") == "6700"
    assert point(reader("0046810500")) == before


def test_the_key_may_be_the_one_chosen_for_signatures(reader: Reader) -> None:
    assert reader("0046800000") == "6985"
    reader("002241B606840104800100")
    assert proves(reader, 4, point(reader("0046800000")))


@pytest.mark.parametrize(
    ("command", "answer"),
    [("0046C00600", "6982"), ("0046800900", "6A88"), ("0046820500", "6A86"), ("0046C00700", "6A81")],
)
def test_what_cannot_be_generated_is_refused(command: str, answer: str, reader: Reader) -> None:
    assert reader(command) == answer


def test_cards_generate_keys_of_their_own_and_one_card_always_the_same(insert: Insert) -> None:
    def first(seed: int) -> bytes:
        made = Personalisation(CLARA, TODAY, CardPki(), seed=seed)
        system = ObjectSystem("own", parse(TEXT))
        return point(insert(HealthCard(Chip(system, Secret("123456", "12345678"), made)))("0046800400"))

    assert first(1) == first(1) != first(2)


def test_only_keys_that_can_be_generated_may_be_missing() -> None:
    with pytest.raises(ObjectSystemError, match=r"PrK\.Rsa cannot be empty"):
        parse(TEXT.replace("[signPSS], access: all", "[signPSS], access: all, empty: true"))


@pytest.mark.parametrize("command", ["0046808400", "0046C48400", "0046C08400"])
def test_no_key_of_a_health_card_may_be_generated(command: str, cardholder: Reader) -> None:
    assert cardholder(command) == "6982"


def test_a_key_of_the_cards_own_making_is_saved_with_it(insert: Insert, tmp_path: Path) -> None:
    card = HealthCard.personalised(CLARA, today=TODAY)
    key = card.chip.given_keys["PrK.eGK.AUT_CVC.E256"] = card.chip.draw_key("key generation")
    card.save(tmp_path / "card.json")
    again = insert(HealthCard.load(tmp_path / "card.json"))
    assert point(again("0046810900")) == cvc.public_point(key.public_key())
