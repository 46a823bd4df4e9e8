"""A check that goes on past midnight: system, provider and rules judge by the day on which its case was opened."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.runner import Run, play
from harness.scenario.load import load
from harness.setup import build_driver, build_world

SCENARIOS = Path(__file__).parents[2] / "scenarios"
PERSONAS = (SCENARIOS / "personas.yaml").read_text("utf-8")

TILL_MIDNIGHT = '  - path: in_ecare\n  - until: "2021-03-26 23:58"\n  - log_in: {app: ecare}\n'
DEPUTY = "  - film_document: {side: front, whose: guardian}\n  - film_document: {side: back, whose: guardian}\n"
PERSON = DEPUTY.replace("guardian", "person")
TO_FILMING = (
    "  - follow_ident_link: {}\n  - enter_card_digits: {}\n  - open_ident_app: {}\n  - accept_ident_terms: {}\n"
)
LATE = "  - wait: {minutes: 5}\n"
CARD = "  - film_card: {side: front}\n  - film_card: {side: back}\n  - wait: {minutes: 10}\n"


def ended(tmp_path: Path, person: str, steps: str, identity: str) -> Run:
    """The world begins on Tuesday; the document is valid until Friday, and on Saturday the person is 15 years old."""
    (tmp_path / "personas.yaml").write_text(PERSONAS, "utf-8")
    file = tmp_path / "midnight.yaml"
    head = f'id: x\ntitle: x\nrequirements: [IDN-09]\nperson: {person}\nstart: "2021-03-23 09:00"\n'
    file.write_text(f"{head}steps:\n{TILL_MIDNIGHT}{steps}  - expect: {{identity: {identity}}}\n", "utf-8")
    row = load(file).drafts()[0].row()
    world = build_world(row, seed=0)
    try:
        driver = build_driver("reference", row, world, seed=0)
        played = play(row, world, driver, seed=0)
        driver.remove()
    finally:
        world.close()
    return played


@pytest.mark.parametrize("late", ["", LATE], ids=["filmed before midnight", "filmed after it"])
def test_a_document_that_was_valid_when_the_case_was_opened_passes(tmp_path: Path, late: str) -> None:
    steps = f"{TO_FILMING}{late}{DEPUTY.replace('guardian', 'entitled')}  - read_words: {{}}\n{CARD}"
    assert ended(tmp_path, "document_expires_with_letter", steps, "passed").failure is None


def test_who_turns_15_during_the_check_is_still_acted_for_by_the_deputy(tmp_path: Path) -> None:
    steps = f"{TO_FILMING}{LATE}{DEPUTY}  - read_words: {{face: guardian}}\n{CARD}"
    assert ended(tmp_path, "turns_15_in_four_days", steps, "passed").failure is None


def test_and_is_not_yet_asked_for_a_document_of_their_own(tmp_path: Path) -> None:
    steps = f"{TO_FILMING}{LATE}{PERSON}  - read_words: {{face: person}}\n{CARD}"
    assert ended(tmp_path, "turns_15_in_four_days", steps, "refused").failure is None


def test_who_is_entitled_stays_so_until_the_case_is_over(tmp_path: Path) -> None:
    steps = f"{TO_FILMING}{LATE}{DEPUTY.replace('guardian', 'entitled')}  - read_words: {{}}\n{CARD}"
    assert ended(tmp_path, "turns_15_in_four_days", steps, "passed").failure is None
