"""Faults in the card's memory: what is read wrong, and that only what was aimed at is struck."""

from __future__ import annotations

from typing import Any

import pytest

from emulators.card import CardIssuer, CardPki, HealthCard
from emulators.core.physics import Physics
from tests.card.conftest import CLARA, ESIGN, ROOT_CAR, TODAY, VERIFY_HOME, Insert, Reader, tell

GDO = "5A0A80276883110000152715"
FATE = ("armed", "struck")  # what the journal says of the fault itself
FLIPPED = "5B0A80276883110000152715"


@pytest.fixture
def physics() -> Physics:
    physics = Physics(seed=1)
    physics.faults.declare("card", CardIssuer.faults)
    return physics


@pytest.fixture
def reader(physics: Physics, insert: Insert) -> Reader:
    return insert(HealthCard.personalised(CLARA, today=TODAY, physics=physics))


def events(physics: Physics) -> list[tuple[str, Any]]:
    return [(entry.event, entry.data.get("command")) for entry in physics.journal.entries if entry.event not in FATE]


def test_corrupt_data_are_read_once_and_the_card_says_so(physics: Physics, reader: Reader) -> None:
    physics.faults.arm("card", "corrupt_data", {})
    assert reader("00B0820000") == FLIPPED + "6281"
    assert reader("00B0820000") == GDO + "9000"
    assert events(physics) == [("data.corrupted", "READ BINARY SFID 02")]


def test_corrupt_goes_before_the_end_of_the_file(physics: Physics, reader: Reader) -> None:
    physics.faults.arm("card", "corrupt_data", {})
    assert reader("00B082000D") == FLIPPED + "6281"
    assert reader("00B082000D") == GDO + "6282"


def test_records_can_be_corrupt_too(physics: Physics, reader: Reader) -> None:
    good = reader("00B2018400")
    physics.faults.arm("card", "corrupt_data", {})
    bad = reader("00B2018400")
    assert bad[-4:] == "6281"
    assert bad[2:-4] == good[2:-4]
    assert bad[:2] != good[:2]


def test_what_gives_no_data_is_not_struck(physics: Physics, reader: Reader) -> None:
    physics.faults.arm("card", "corrupt_data", {})
    for command, answer in (("00B0830000", "6A82"), ("00B0820C00", "6B00"), ("00A4040C", "9000")):
        assert reader(command) == answer
    assert reader("00B0820000")[-4:] == "6281"


def test_a_damaged_signature_waits_for_one(physics: Physics, reader: Reader) -> None:
    """A certificate that is verified is a security operation as well, and answers with no data to damage."""
    physics.faults.arm("card", "damaged_signature", {})
    assert tell(reader, CardPki().cv_issuer_certificate(), ROOT_CAR) == "9000"
    assert events(physics) == []
    for command in (VERIFY_HOME, ESIGN, "002241B606840184800100"):
        reader(command)
    reader("002A9E9A20" + "AB" * 32 + "00")
    assert events(physics)[-1] == ("signature.damaged", None)
