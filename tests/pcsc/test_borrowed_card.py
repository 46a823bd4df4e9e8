"""Scenarios with a card behind a reader in the person's hand: our own card, seen through a real pcscd."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from datetime import date
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from emulators.card import HealthCard
from emulators.card.connection import Contactless
from emulators.card.pki import Variant
from harness.options import CAN_VARIABLE, PIN_VARIABLE
from tests.pcsc.virtual_reader import PERSON, PIN, SLOT_NAMES, Insert

LOGIN = "scenarios/card/each-time.yaml"
SIGN = 0x2A


class Played(NamedTuple):
    printed: str
    code: int
    summary: dict[str, Any]


class Counted(Contactless):
    """On the antenna of a reader; counts the commands by their instruction."""

    def __init__(self, card: HealthCard) -> None:
        super().__init__(card)
        self.seen: dict[int, int] = {}

    def transmit(self, command: bytes) -> bytes:
        self.seen[command[1]] = self.seen.get(command[1], 0) + 1
        return super().transmit(command)


def play(out: Path, *paths: str, pin: str = PIN, can: str = PERSON.card.can) -> Played:
    """`pruefstand run` with the card in the first slot."""
    command = (sys.executable, "-m", "harness.cli", "run", *paths, "--no-html", "--out", str(out))
    done = subprocess.run(
        (*command, "--card", f"pcsc:{SLOT_NAMES[0]}"),
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
        env={**os.environ, PIN_VARIABLE: pin, CAN_VARIABLE: can},
    )
    file = out / "summary.json"
    summary = json.loads(file.read_text("utf-8")) if file.exists() else {}
    return Played(done.stdout + done.stderr, done.returncode, summary)


def test_scenarios_run_with_the_card_on_a_readers_antenna(insert: Insert, card: HealthCard, tmp_path: Path) -> None:
    counted = Counted(card)
    with insert(counted):
        played = play(tmp_path, "scenarios/card", "scenarios/practice/practice-pin.yaml")
    assert played.code == 0, played.printed
    assert played.summary["totals"]["passed"] > 40, played.printed
    assert f"card {PERSON.card.iccsn} of {PERSON.kvnr}, by air, with CAN" in played.printed
    assert counted.seen[SIGN] > 20
    assert card.password.tries == 3


def test_one_reader_with_contacts_serves_phone_and_practice(insert: Insert, card: HealthCard, tmp_path: Path) -> None:
    with insert(card):
        played = play(tmp_path, "scenarios/practice", "scenarios/card/login.yaml")
    assert played.code == 0, played.printed
    assert played.summary["totals"]["passed"] > 20, played.printed
    assert "were skipped" in played.printed
    assert "by contact, with CAN" in played.printed


def test_a_card_that_is_not_genuine_fails_the_login(insert: Insert, tmp_path: Path) -> None:
    foreign = HealthCard.personalised(PERSON, today=date(2021, 3, 23), variant=Variant.FOREIGN)
    with insert(foreign):
        played = play(tmp_path, LOGIN)
    assert played.code == 1, played.printed
    assert "card_foreign" in played.printed


def test_a_wrong_pin_is_shown_once_and_nothing_is_played(insert: Insert, card: HealthCard, tmp_path: Path) -> None:
    with insert(card):
        played = play(tmp_path, "scenarios/card", pin="654321")
    assert "the PIN is not the card's: SW=0x63C2 (RETRIES_LEFT_2)" in played.printed
    assert "VERDICT: BROKEN: nothing was played" in played.printed
    assert (played.code, played.summary, card.password.tries) == (2, {}, 2)


def test_a_card_on_its_last_try_is_not_shown_a_pin(insert: Insert, card: HealthCard, tmp_path: Path) -> None:
    for _ in range(2):
        card.transmit(bytes.fromhex("002000020826999999FFFFFFFF"))
    counted = Counted(card)
    with insert(counted):
        played = play(tmp_path, LOGIN)
    assert played.code == 2
    assert "1 tries of the PIN are left" in played.printed
    assert card.password.tries == 1


@pytest.mark.parametrize(
    ("pin", "can", "told"),
    [
        ("", "", f"set {PIN_VARIABLE}"),
        ("12345678901234", "", "a PIN has 4 to 12 digits"),
        (PIN, "000000", "the card does not know this CAN"),
    ],
)
def test_what_is_missing_to_borrow_a_card_is_told(
    pin: str, can: str, told: str, insert: Insert, card: HealthCard, tmp_path: Path
) -> None:
    with insert(card):
        played = play(tmp_path, LOGIN, pin=pin, can=can)
    assert (played.code, card.password.tries) == (2, 3)
    assert told in played.printed
