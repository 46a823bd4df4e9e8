"""The issuer makes cards of every kind there is."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from emulators.card import CardIssuer, Enforcement
from emulators.card.connection import Contactless
from emulators.card.object_system import G20, G21, G21_CONTACT, ObjectSystemError
from emulators.core.person import Person
from emulators.core.physics import Physics
from tests.card_holder import holder

PERSON = holder("Ines", "Prüfer", born=date(1979, 5, 4))
OF_OLD = replace(PERSON, card=replace(PERSON.card, nfc=False, can=""))
READ_PROTECTED = bytes.fromhex("00B0810000")  # EF.PD in DF.HCA: over the air only after PACE
SELECT_HCA = bytes.fromhex("00A4040C06D27600000102")


@pytest.fixture
def physics() -> Physics:
    physics = Physics()
    physics.faults.declare(CardIssuer.name, CardIssuer.faults)
    return physics


@pytest.fixture
def issuer(physics: Physics) -> CardIssuer:
    return CardIssuer(physics)


@pytest.mark.parametrize(
    ("person", "system", "made", "nfc"),
    [
        (PERSON, None, G21, True),
        (OF_OLD, None, G21_CONTACT, False),
        (PERSON, G21, G21, True),
        (PERSON, G21_CONTACT, G21_CONTACT, False),
        (OF_OLD, G21_CONTACT, G21_CONTACT, False),
        (PERSON, G20, G20, True),
    ],
)
def test_a_card_has_the_object_system_asked_for_and_the_numbers_that_go_with_it(
    issuer: CardIssuer, physics: Physics, person: Person, system: str | None, made: str, nfc: bool
) -> None:
    card = issuer.issue(person, system=system)
    (entry,) = physics.journal.named("card", "issued")
    assert (card.chip.system.name, card.nfc) == (made, nfc)
    assert (card.person.card.nfc, bool(card.person.card.can)) == (nfc, nfc)
    assert (entry.data["system"], entry.data["nfc"]) == (made, nfc)


def test_a_card_with_nfc_needs_a_can(issuer: CardIssuer, physics: Physics) -> None:
    with pytest.raises(ValueError, match=r"egk-g2\.1 has NFC, and Ines Prüfer has no CAN"):
        issuer.issue(OF_OLD, system=G21)
    assert not physics.journal.entries


def test_an_unknown_object_system_is_told_with_those_that_are_known(issuer: CardIssuer) -> None:
    with pytest.raises(ObjectSystemError, match=r"no object system 'egk-g3'; known: egk-g2\.0, egk-g2\.1"):
        issuer.issue(PERSON, system="egk-g3")


def test_a_card_that_is_issued_without_nfc_by_mistake_has_none_whatever_was_asked_for(
    issuer: CardIssuer, physics: Physics
) -> None:
    physics.faults.arm("card", "misissued", {"without_nfc": True})
    card = issuer.issue(PERSON, system=G21)
    assert (card.chip.system.name, card.person.card.can) == (G21_CONTACT, "")


@pytest.mark.parametrize(
    ("enforcement", "answer"), [(Enforcement.AS_SPECIFIED, "6982"), (Enforcement.CONTACT_RULES_EVERYWHERE, "9000")]
)
def test_the_antenna_keeps_the_rules_that_the_card_was_issued_with(
    issuer: CardIssuer, physics: Physics, enforcement: Enforcement, answer: str
) -> None:
    card = Contactless(issuer.issue(PERSON, enforcement=enforcement))
    card.power_on()
    assert card.transmit(SELECT_HCA).hex() == "9000"
    assert card.transmit(READ_PROTECTED)[-2:].hex() == answer
    (entry,) = physics.journal.named("card", "issued")
    assert entry.data["enforcement"] == enforcement.value
