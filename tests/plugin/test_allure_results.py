"""What Allure is told about a row, read from the result files."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import zxingcpp
from PIL import Image

HEAD = "id: {id}\ntitle: Title of {id}\nrequirements: [PST-06, DEV-01]\ndevice: [pixel-6, iphone-12]\ntags: [smoke]\n"
GOOD = HEAD + "steps:\n  - install_app: {{app: barmer}}\n  - wait: {{workdays: 1}}\n"
DEVIATING = HEAD + "steps:\n  - install_app: {{app: barmer}}\n  - expect: {{letterbox: 1}}\n"
LETTER = HEAD + "steps:\n  - path: letter_came\n  - expect: {{letterbox: 2}}\n"
UNSPENT = HEAD + "steps:\n  - fault: {{post: lost}}\n"

Write = Callable[[str, str], None]
Run = Callable[..., pytest.RunResult]
Results = dict[str, dict[str, Any]]


@pytest.fixture
def results(write: Write, run: Run, pytester: pytest.Pytester) -> Callable[..., Results]:
    """Plays one scenario with Allure on; the results by the name of the row."""

    def results(name: str, text: str, *options: str) -> Results:
        write(name, text)
        run("scenarios", "--alluredir", "allure", *options)
        read = [json.loads(file.read_text("utf-8")) for file in (pytester.path / "allure").glob("*-result.json")]
        return {result["name"]: result for result in read}

    return results


def labels(result: dict[str, Any], name: str) -> set[str]:
    return {label["value"] for label in result["labels"] if label["name"] == name}


def test_a_row_has_title_parameters_and_labels(results: Callable[..., Results]) -> None:
    found = results("good", GOOD)
    assert set(found) == {"Title of good [pixel-6]", "Title of good [iphone-12]"}
    result = found["Title of good [pixel-6]"]
    parameters = {parameter["name"]: parameter for parameter in result["parameters"]}
    assert {name: parameter["value"] for name, parameter in parameters.items()} == {
        "device": "pixel-6",
        "person": "adult",
        "seed": "0",
    }
    assert parameters["seed"]["excluded"] is True
    assert labels(result, "requirement") == {"PST-06", "DEV-01"}
    assert labels(result, "feature") == {"Aktivierungsbrief", "Geräte-Voraussetzungen"}
    assert labels(result, "epic") == {"Benutzerkonto erstellen", "FAQ, Voraussetzungen des Geräts"}
    assert labels(result, "story") == {"Title of good"}
    assert labels(result, "device") == {"pixel-6"}
    assert labels(result, "ALLURE_ID") == labels(result, "as_id") == {"good[pixel-6]"}
    assert labels(result, "tag") == {"smoke"}
    assert result.get("links", []) == []


def test_rows_have_histories_of_their_own(results: Callable[..., Results]) -> None:
    found = results("good", GOOD)
    assert len({result["historyId"] for result in found.values()}) == 2


def test_steps_are_german_sentences_with_the_worlds_time(results: Callable[..., Results]) -> None:
    result = results("good", GOOD)["Title of good [pixel-6]"]
    assert [step["name"] for step in result["steps"]] == [
        "1. Barmer-App installieren  (23.03.2021 09:00)",
        "2. Warten: 1 Arbeitstag  (23.03.2021 09:00)",
    ]
    assert "attachments" not in result


def test_a_deviation_is_failed_with_its_evidence(results: Callable[..., Results], pytester: pytest.Pytester) -> None:
    result = results("deviating", DEVIATING)["Title of deviating [pixel-6]"]
    assert result["status"] == "failed"
    assert [step["status"] for step in result["steps"]] == ["passed", "failed"]
    files = {attachment["name"]: attachment["source"] for attachment in result["attachments"]}
    assert {"Befund", "Journal"} <= set(files)
    card = Path(pytester.path / "allure" / files["Befund"]).read_text("utf-8")
    assert "replay" not in result["steps"][0]["name"]
    assert "scenarios/deviating.yaml::pixel-6" in card
    assert "TEST ONLY" in card


def test_a_deviation_shows_the_sheets_of_the_letters_that_came(
    results: Callable[..., Results], pytester: pytest.Pytester
) -> None:
    result = results("letter", LETTER)["Title of letter [pixel-6]"]
    (sheet,) = [attachment for attachment in result["attachments"] if attachment["type"] == "image/png"]
    assert sheet["name"].startswith("Brief L000001, Blatt 1 von 1, im Briefkasten ")
    with Image.open(pytester.path / "allure" / sheet["source"]) as picture:
        assert picture.size == (827, 1170)  # A4 at 100 dpi
        (code,) = zxingcpp.read_barcodes(picture)
    assert code.text.startswith("https://musterkasse.example/aktivieren?code=")


def test_a_wrong_scenario_is_broken_not_failed(results: Callable[..., Results]) -> None:
    assert results("unspent", UNSPENT)["Title of unspent [pixel-6]"]["status"] == "broken"


def test_all_evidence_can_be_asked_for(results: Callable[..., Results]) -> None:
    result = results("good", GOOD, "--evidence", "all")["Title of good [pixel-6]"]
    assert "Journal" in {attachment["name"] for attachment in result["attachments"]}
    assert any(step.get("steps") for step in result["steps"])
