"""Phone and card together: finding the antenna, exchanging commands, losing the card."""

from __future__ import annotations

from datetime import date

import pytest

from emulators.card import CardIssuer, HealthCard
from emulators.card.access import Enforcement
from emulators.card.passwords import pin_block
from emulators.core.person import Address, CardData, Person
from emulators.core.physics import Physics
from emulators.phone import NfcNotSupported, NfcSwitchedOff, NoCardFound, Phone, TagLost, device

SELECT_ROOT = bytes.fromhex("00A4040C")
WRONG_PIN = bytes.fromhex("0020000208") + pin_block("000000")
RIGHT_PIN = bytes.fromhex("0020000208") + pin_block("123456")


def person(*, nfc: bool) -> Person:
    card = CardData("80276883110000152717", "123123" if nfc else "", "123456", "12345678", nfc)
    address = Address("Weg", "1", "10115", "Berlin", "BE")
    born, ik = date(1990, 1, 1), "109500969"
    mobile = "+491713920001"
    return Person(
        "", "Ben", "Test", "", born, "M", "X110408667", ik, address, "b@example.org", mobile, "b", "x", card, ()
    )


@pytest.fixture
def physics() -> Physics:
    return Physics(seed=4711)


@pytest.fixture
def phone(physics: Physics) -> Phone:
    return fresh_phone(physics, "pixel-6")


@pytest.fixture
def card(physics: Physics) -> HealthCard:
    return open_card(physics)


def open_card(physics: Physics) -> HealthCard:
    """One that takes plain commands over NFC, where a card in the field demands PACE first."""
    today = physics.clock.now.date()
    rules = Enforcement.CONTACT_RULES_EVERYWHERE
    return HealthCard.personalised(person(nfc=True), today=today, physics=physics, enforcement=rules)


def fresh_phone(physics: Physics, model: str) -> Phone:
    phone = Phone(device(model), physics)
    physics.faults.declare(phone.name, phone.faults)
    return phone


def test_a_card_at_the_antenna_answers(phone: Phone, card: HealthCard) -> None:
    phone.hold(card, at="middle")
    connection = phone.nfc.connect()
    assert connection.transceive(SELECT_ROOT) == b"\x90\x00"


def test_every_exchange_is_written_with_its_name(phone: Phone, card: HealthCard, physics: Physics) -> None:
    phone.hold(card, at="middle")
    phone.nfc.connect().transceive(WRONG_PIN)
    (entry,) = physics.journal.named("card", "apdu")
    assert entry.data == {
        "name": "VERIFY MRPIN.home",
        "c": "002000020826000000FFFFFFFF",
        "r": "63C2",
        "sw": "63C2",
    }


def test_moving_the_card_finds_the_antenna_within_the_timeout(phone: Phone, card: HealthCard, physics: Physics) -> None:
    before = physics.clock.now
    phone.hold(card, at=("top", "bottom", "middle"))
    assert phone.nfc.connect(timeout=15)
    (entry,) = physics.journal.named("phone", "nfc.connected")
    assert entry.data["seconds"] == 8
    assert physics.clock.now == before


def test_the_hand_stays_where_the_card_was_found(phone: Phone, card: HealthCard) -> None:
    phone.hold(card, at=("top", "bottom", "middle"))
    phone.nfc.connect()
    assert phone.nfc.connect(timeout=1)


def test_an_app_that_gives_up_early_misses_the_antenna(phone: Phone, card: HealthCard) -> None:
    phone.hold(card, at=("top", "bottom", "middle"))
    with pytest.raises(NoCardFound, match="within 8 s") as caught:
        phone.nfc.connect(timeout=8)
    assert caught.value.reason == "antenna"


def test_a_card_at_the_wrong_place_is_not_found(phone: Phone, card: HealthCard) -> None:
    phone.hold(card, at=("top", "bottom"))
    with pytest.raises(NoCardFound):
        phone.nfc.connect(timeout=60)


def test_without_card_or_antenna_in_it_none_is_found(phone: Phone, physics: Physics) -> None:
    with pytest.raises(NoCardFound) as caught:
        phone.nfc.connect()
    assert caught.value.reason == "no_card"
    phone.hold(CardIssuer(physics).issue(person(nfc=False)), at="middle")
    with pytest.raises(NoCardFound) as caught:
        phone.nfc.connect()
    assert caught.value.reason == "card_without_nfc"


def test_nfc_switched_off_is_told_apart_from_nfc_absent(phone: Phone, card: HealthCard, physics: Physics) -> None:
    phone.hold(card, at="middle")
    phone.set(nfc_on=False)
    assert phone.nfc.available
    assert not phone.nfc.enabled
    with pytest.raises(NfcSwitchedOff):
        phone.nfc.connect()
    phone.set(nfc_on=True)
    assert phone.nfc.connect()
    with pytest.raises(NfcNotSupported):
        fresh_phone(physics, "iphone-se-2016").nfc.connect()


def test_an_iphone_ends_its_session_after_a_minute(physics: Physics, card: HealthCard) -> None:
    positions = ["bottom"] * 15 + ["top"]
    iphone, android = fresh_phone(physics, "iphone-12"), fresh_phone(physics, "pixel-8")
    iphone.hold(card, at=positions)
    android.hold(card, at=positions)
    assert android.nfc.connect(timeout=90)
    with pytest.raises(NoCardFound, match="within 60 s"):
        iphone.nfc.connect(timeout=90)


def test_a_position_that_does_not_exist_is_refused(phone: Phone, card: HealthCard) -> None:
    with pytest.raises(ValueError, match="corner"):
        phone.hold(card, at="corner")


def test_a_new_connection_starts_the_card_afresh(phone: Phone, card: HealthCard) -> None:
    phone.hold(card, at="middle")
    assert phone.nfc.connect().transceive(RIGHT_PIN) == b"\x90\x00"
    assert phone.nfc.connect().transceive(bytes.fromhex("80200002")) == b"\x63\xc3"


@pytest.mark.parametrize("ending", ["taken away", "closed", "switched off", "another connection"])
def test_a_connection_that_ended_is_lost(phone: Phone, card: HealthCard, ending: str) -> None:
    phone.hold(card, at="middle")
    connection = phone.nfc.connect()
    match ending:
        case "taken away":
            phone.take_away()
        case "closed":
            connection.close()
        case "switched off":
            phone.set(nfc_on=False)
        case _:
            phone.nfc.connect()
    with pytest.raises(TagLost):
        connection.transceive(SELECT_ROOT)


@pytest.mark.parametrize(("when", "tries"), [("before", 3), ("inside", 2), ("after", 2)])
def test_a_torn_verify_counts_only_if_the_card_got_it(
    phone: Phone, card: HealthCard, physics: Physics, when: str, tries: int
) -> None:
    physics.faults.arm("phone", "tear_off", {"after_command": 2, "when": when})
    phone.hold(card, at="middle")
    connection = phone.nfc.connect()
    connection.transceive(SELECT_ROOT)
    with pytest.raises(TagLost):
        connection.transceive(WRONG_PIN)
    assert card.password.tries == tries
    (entry,) = physics.journal.named("phone", "nfc.lost")
    assert entry.cause.fault == "phone.tear_off"
    assert entry.data == {"phone": "phone", "command": 2, "when": when}
    with pytest.raises(NoCardFound):
        phone.nfc.connect()
    assert not physics.faults.unspent
    phone.hold(card, at="middle")
    assert phone.nfc.connect().transceive(RIGHT_PIN) == b"\x90\x00"


def test_a_tear_that_never_got_its_turn_stays_unspent(phone: Phone, card: HealthCard, physics: Physics) -> None:
    physics.faults.arm("phone", "tear_off", {"after_command": 9})
    phone.hold(card, at="middle")
    connection = phone.nfc.connect()
    connection.transceive(SELECT_ROOT)
    connection.close()
    connection.close()
    assert [armed.name for armed in physics.faults.unspent] == ["phone.tear_off"]


def test_a_dead_reader_finds_nothing_once(phone: Phone, card: HealthCard, physics: Physics) -> None:
    physics.faults.arm("phone", "nfc_dead")
    phone.hold(card, at="middle")
    with pytest.raises(NoCardFound) as caught:
        phone.nfc.connect()
    assert caught.value.reason == "dead"
    assert phone.nfc.connect()


def test_a_presence_check_loses_the_answer_but_not_the_card(phone: Phone, card: HealthCard, physics: Physics) -> None:
    physics.faults.arm("phone", "presence_race", nth=2)
    phone.hold(card, at="middle")
    connection = phone.nfc.connect()
    connection.transceive(SELECT_ROOT)
    with pytest.raises(TagLost):
        connection.transceive(WRONG_PIN)
    assert card.password.tries == 2
    assert phone.nfc.connect().transceive(RIGHT_PIN) == b"\x90\x00"


def test_an_iphone_makes_no_presence_checks(physics: Physics, card: HealthCard) -> None:
    iphone = fresh_phone(physics, "iphone-12")
    physics.faults.arm("phone", "presence_race")
    iphone.hold(card, at="top")
    assert iphone.nfc.connect().transceive(RIGHT_PIN) == b"\x90\x00"
    assert [armed.kind for armed in physics.faults.unspent] == ["presence_race"]


def test_the_same_seed_gives_the_same_journal() -> None:
    def journal() -> str:
        physics = Physics(seed=3)
        phone = fresh_phone(physics, "android_phone_nfc")
        phone.set(enrolled=["face", "fingerprint"], rooted=True)
        phone.set(lock=False)
        phone.hold(open_card(physics), at=("top", "middle"))
        connection = phone.nfc.connect()
        for command in ("00A4040C0AA000000167455349474E", "00B08400000000", "0020000208" + pin_block("123456").hex()):
            connection.transceive(bytes.fromhex(command))
        phone.shake(1)
        return physics.journal.to_jsonl()

    assert journal() == journal()
