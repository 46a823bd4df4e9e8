"""The card that a command line asks for."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from emulators.card import HealthCard, Interface
from emulators.card.access import Enforcement
from emulators.card.card_tree import tree
from emulators.card.chosen import card_of
from emulators.card.passwords import pin_block


def verified(card: HealthCard, pin: str) -> str:
    return card.transmit(bytes.fromhex("0020000208") + pin_block(pin)).hex()


def test_a_persona_has_a_card_and_always_the_same() -> None:
    assert card_of("umlaut").iccsn == card_of("umlaut").iccsn != card_of("umlaut", seed=1).iccsn


def test_numbers_can_be_chosen() -> None:
    card = card_of(can="654321", pin="112233", puk="87654321")
    assert verified(card, "112233") == "9000"
    assert card.transmit(bytes.fromhex("002C010208") + pin_block("87654321")).hex() == "9000"
    assert card.chip.can == "654321"


def test_a_card_from_a_file_comes_with_its_state(tmp_path: Path) -> None:
    kept = tmp_path / "card.json"
    card = card_of("teen", pin="112233")
    verified(card, "999999")
    card.save(kept)
    again = card_of(file=kept)
    assert again.iccsn == card.iccsn
    assert again.password.tries == 2
    assert verified(card_of(file=kept, pin="445566"), "445566") == "9000"


def test_a_new_card_keeps_the_rules_of_its_antenna() -> None:
    read_gdo = bytes.fromhex("00B0820000")
    assert card_of().transmit(read_gdo, Interface.CONTACTLESS).hex() == "6982"
    lenient = card_of(enforcement=Enforcement.CONTACT_RULES_EVERYWHERE)
    assert lenient.transmit(read_gdo, Interface.CONTACTLESS)[-2:].hex() == "9000"


def test_a_chosen_card_can_be_shown() -> None:
    assert "3 tries" in tree(card_of()).find("PIN.CH").details


@pytest.mark.parametrize(
    ("chosen", "complaint"),
    [
        ({"can": "12345"}, "a CAN has 6 digits, not '12345'"),
        ({"pin": "12345"}, "a PIN has 6 to 8 digits"),
        ({"puk": "1234567x"}, "a PUK has 8 digits"),
        ({"persona": "card_without_nfc", "can": "123456"}, "without NFC has no CAN"),
        ({"persona": "nobody"}, "nobody"),
    ],
)
def test_what_cannot_be_is_refused(chosen: dict[str, str], complaint: str) -> None:
    with pytest.raises((ValueError, LookupError), match=complaint):
        card_of(**chosen)  # type: ignore[arg-type]  # texts only


@pytest.mark.parametrize("chosen", [{"persona": "teen"}, {"seed": 0}, {"today": date(2021, 3, 23)}])
def test_a_card_from_a_file_is_nobody_elses(chosen: dict[str, object], tmp_path: Path) -> None:
    kept = tmp_path / "card.json"
    card_of().save(kept)
    with pytest.raises(ValueError, match="a card from a file is as it was made"):
        card_of(file=kept, **chosen)  # type: ignore[arg-type]  # each of its own type
