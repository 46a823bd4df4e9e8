"""The benchmarks' shape. What they measure is never part of a test."""

from __future__ import annotations

import pytest
from typer.testing import CliRunner

from harness.bench import SUITES, Measurement, Unmeasured, main, measure
from harness.cli import app


@pytest.mark.parametrize("suite", ["onboarding", "card", "services"])
def test_a_suite_is_known_and_can_be_imported(suite: str) -> None:
    assert iter(measure(suite, full=False))


@pytest.mark.parametrize(
    ("reached", "verdict"), [(True, "reached"), (False, "MISSED"), (None, "")], ids=["reached", "missed", "no goal"]
)
def test_a_measurement_is_a_row_with_its_goal_and_verdict(reached: bool | None, verdict: str) -> None:
    row = Measurement("SELECT, in process", 1234.567, "µs", "< 8 µs", reached).row()
    assert row == ("SELECT, in process", "1,234.57 µs", "< 8 µs", verdict)


def test_the_table_holds_what_could_not_be_measured_with_the_remedy(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert set(SUITES) >= {"onboarding", "card", "services"}
    monkeypatch.setenv("COLUMNS", "120")
    figures = {True: Measurement("one", 1, "ms", "< 2 ms", True), False: Measurement("one", 3, "ms", "< 2 ms", False)}
    for kept, figure in figures.items():
        told = iter([figure, Unmeasured("peer", "not installed: pip install 'it[extra]'")])
        monkeypatch.setattr("harness.bench.measure", lambda suite, *, full, told=told: told)
        assert main(("card",)) == (0 if kept else 1)
        table = capsys.readouterr().out
        assert "pruefstand bench card" in table
        assert "pip install 'it[extra]'" in table
        assert ("MISSED" in table) != kept


def test_an_unknown_suite_is_refused_with_the_known_ones() -> None:
    with pytest.raises(KeyError):
        next(iter(measure("coffee", full=False)))
    told = CliRunner().invoke(app, ["bench", "coffee"])
    assert told.exit_code != 0
    assert "no benchmark 'coffee'; known: onboarding, card" in f"{told.output}{told.exception}"
