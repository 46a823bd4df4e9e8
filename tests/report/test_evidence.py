"""What a reader of a failed row finds: letters, messages, mails, card commands, one page that sums it up."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from emulators.core.clock import Clock
from emulators.core.journal import Cause, Journal
from harness.actions import EnterTan
from harness.drivers import Accepted, Refused
from harness.errors import Mismatch
from harness.onboarding import Prediction
from harness.pictures import Picture
from harness.report.evidence import apdus, letters, line, mails, messages, pieces
from harness.runner import Run, StepRecord
from harness.scenario.steps import Act, Place, Row, Scenario


@pytest.fixture
def journal() -> Journal:
    """A letter, an SMS, a mail and a card command, each with what became of it."""
    clock = Clock()
    journal = Journal(clock)
    journal.cause = Cause(step=3)
    journal.write("post", "posted", letter_id="L1", recipient=["Ada Muster", "12345 Stadt"], pages=["Code:\nABCD2345"])
    journal.write("sms", "submitted", sid="S1", to="+491713920003", body="Ihre TAN lautet 123456.")
    journal.write("mail", "accepted", id="M1", to=["a@post.example"], subject="Bestätigen", links=["http://x.test/1"])
    journal.write("card", "apdu", name="VERIFY MRPIN.home", c="00200002", r="63C2", sw="63C2")
    clock.advance(timedelta(days=2))
    journal.cause = Cause(step=4, fault="post.late")
    journal.write("post", "delivered", letter_id="L1", letterbox="Muster")
    return journal


def test_a_letter_is_told_with_its_text_and_what_became_of_it(journal: Journal) -> None:
    assert letters(journal.entries).splitlines() == [
        "23.03.2021 09:00  posted",
        "    Ada Muster",
        "    12345 Stadt",
        "    ",
        "    Code:",
        "    ABCD2345",
        "25.03.2021 09:00  delivered  (post.late)",
    ]


def test_sms_and_mails_are_told_with_their_receivers(journal: Journal) -> None:
    assert "    An +491713920003:\n    Ihre TAN lautet 123456.\n" in messages(journal.entries)
    assert "    An a@post.example: Bestätigen\n    http://x.test/1\n" in mails(journal.entries)


def test_card_commands_are_a_table(journal: Journal) -> None:
    assert apdus(journal.entries).splitlines() == [
        "Zeit,Schritt,Kommando,Status,gesendet,empfangen",
        "09:00:00,3,VERIFY MRPIN.home,63C2,00200002,63C2",
    ]


def test_a_line_of_the_journal_names_the_fault_that_caused_it(journal: Journal) -> None:
    assert line(journal.entries[-1]) == (
        "25.03. 09:00:00  post delivered  letter_id=L1  letterbox=Muster  [Störung post.late]"
    )


def test_the_failure_card_says_what_was_required_and_what_was_seen(journal: Journal) -> None:
    file = Path("scenarios/tan.yaml")
    row = Row(Scenario("TAN-01", "<b>TAN</b>", ("TAN-01",), file), "pixel-6", {}, ())
    moment = journal.entries[0].at
    step = StepRecord(1, 1, Act(EnterTan(), Place(file, 5)), "TAN & mehr", moment, moment, 0, 1, status="failed")
    step.outcome, step.predicted = Refused("tan_wrong"), Prediction(Accepted(), ("TAN-04",))
    run = Run(row, 0, journal, "pytest", [step], Mismatch("TAN-01: refused\n  replay: pytest"))
    found = {piece.name: piece for piece in pieces(run, 'pytest "scenarios/tan.yaml::pixel-6" --seed 0')}
    assert list(found) == ["Befund", "Journal", "Briefe", "SMS", "E-Mails", "Kartenkommandos"]
    card = found["Befund"].body
    assert isinstance(card, str)
    for text in (
        "TAN &amp; mehr",
        "angenommen (TAN-04)",
        "abgelehnt: tan_wrong",
        "<b>TAN-04</b> A wrong TAN",
    ):
        assert text in card
    assert card.count("pytest") == 1


def test_pin_and_can_of_a_card_that_was_lent_are_told_nowhere(journal: Journal) -> None:
    """By contact the PIN stands in the command itself, as a PIN block (ISO 9564-1, format 2)."""
    journal.write("card", "apdu", name="VERIFY", c="00200002082691827355FFFFFF", r="9000", sw="9000")
    journal.write("run", "step", action="log_in_with_card", pin="91827355", can="314159")
    row = Row(Scenario("X", "x", (), Path("x.yaml")), "pixel-6", {}, ())
    run = Run(row, 0, journal, "pytest", secrets=frozenset({"91827355", "314159"}))
    told = "".join(str(piece.body) for piece in pieces(run, ""))
    assert "00200002082" in told
    assert not any(secret in told for secret in run.secrets)


def test_pictures_of_letters_stand_behind_their_text(journal: Journal) -> None:
    row = Row(Scenario("X", "x", (), Path("x.yaml")), "pixel-6", {}, ())
    run = Run(row, 0, journal, "pytest", pictures=lambda: [Picture("Brief L1, Blatt 1 von 1", b"\x89PNG")])
    found = pieces(run, "")
    assert [piece.name for piece in found][1:3] == ["Briefe", "Brief L1, Blatt 1 von 1"]
    assert (found[2].kind, found[2].body, found[2].extension) == ("image/png", b"\x89PNG", "png")


def test_without_letters_there_is_no_piece_about_letters() -> None:
    row = Row(Scenario("X", "x", (), Path("x.yaml")), "pixel-6", {}, ())
    assert [piece.name for piece in pieces(Run(row, 0, Journal(Clock()), "pytest"), "")] == []
