"""`pruefstand card …` as its users type it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from typer.testing import CliRunner

from emulators.card.card import HealthCard
from harness.cli_card import card
from harness.errors import BenchError


def told(*words: str) -> str:
    result = CliRunner().invoke(card, list(words), catch_exceptions=True)
    if isinstance(result.exception, BenchError):
        return f"error: {result.exception}"
    assert result.exit_code == 0, result.output
    return result.output


def test_a_card_is_drawn_with_its_rules_or_without() -> None:
    with_rules, without = told("show"), told("show", "--no-rules")
    assert "file EF.C.CH.AUT.E256" in without or "C.CH.AUT.E256" in without
    assert "VERIFY: contacts ALW; over the air SmMac(SK.CAN) and CmdEnc" in with_rules
    assert "VERIFY" not in without
    assert "TEST ONLY" in without


def test_a_card_without_nfc_has_no_key_for_pace() -> None:
    assert "SK.CAN" in told("show", "--persona", "adult")
    assert "SK.CAN" not in told("show", "--persona", "card_without_nfc", "--no-rules")


def test_a_written_card_is_read_again_with_its_state(tmp_path: Path) -> None:
    file = tmp_path / "card.json"
    assert "TEST ONLY" in told("new", str(file), "--pin", "123456", "--can", "123123")
    loaded = HealthCard.load(file)
    assert loaded.transmit(bytes.fromhex("00200002082612345FFFFFFFFF"))[-2:].hex() == "63c2"
    loaded.save(file)
    shown = told("show", "--file", str(file), "--no-rules")
    assert re.search(r"PIN\.CH +01, 2 tries", shown)


@pytest.mark.parametrize("more", [("--persona", "child"), ("--persona", "adult"), ("--seed", "0")])
@pytest.mark.parametrize("verb", ["show", "insert"])
def test_a_card_from_a_file_and_a_persona_contradict_each_other(
    verb: str, more: tuple[str, str], tmp_path: Path
) -> None:
    file = tmp_path / "card.json"
    told("new", str(file))
    assert told(verb, "--file", str(file), *more).startswith("error: a card from a file is as it was made")


def test_a_pin_that_is_none_is_said_to_be_one(tmp_path: Path) -> None:
    assert told("new", str(tmp_path / "x"), "--pin", "12") == "error: a PIN has 6 to 8 digits, not '12'"


def test_an_image_that_is_no_image_is_refused_by_name(tmp_path: Path) -> None:
    image = tmp_path / "image.xml"
    image.write_text("<nothing>", "utf-8")
    assert told("import", str(image)).startswith("error: ")


def test_an_unknown_persona_is_refused_with_the_known_ones() -> None:
    assert "known: adult" in told("show", "--persona", "adlut")
