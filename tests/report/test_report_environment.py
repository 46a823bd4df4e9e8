"""The files beside the results."""

import json
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.report.environment import CATEGORIES, Executor, properties, write


def test_three_files_are_written_in_the_order_given_and_the_same_every_time(tmp_path: Path) -> None:
    given_values = {"Prüfling": "Referenz", "Saat": 4711, "Gerät": "pixel-6"}
    first = {path.name: path.read_bytes() for path in write(tmp_path / "a", given_values)}
    again = {path.name: path.read_bytes() for path in write(tmp_path / "b", given_values)}
    assert first == again
    assert list(first) == ["environment.properties", "categories.json", "executor.json"]
    assert first["environment.properties"].splitlines() == [
        b"Pr\\u00fcfling=Referenz",
        b"Saat=4711",
        b"Ger\\u00e4t=pixel-6",
    ]


def test_what_separates_key_and_value_is_escaped_in_the_key_only() -> None:
    assert properties({"a b=c:": " x = y\nz", "😀": "\\"}) == "a\\ b\\=c\\:=\\ x = y\\nz\n\\ud83d\\ude00=\\\\\n"


@given(st.dictionaries(st.text(min_size=1), st.text()))
def test_any_environment_becomes_one_ascii_line_per_value(values: dict[str, str]) -> None:
    text = properties(values)
    assert text.isascii()
    assert text.count("\n") == len(values)


def test_the_executor_says_what_is_known_and_leaves_out_the_rest(tmp_path: Path) -> None:
    write(tmp_path, {}, executor=Executor(name="ci", type="gitlab", build_name="#7", build_url="https://ci.example/7"))
    assert json.loads((tmp_path / "executor.json").read_text("utf-8")) == {
        "name": "ci",
        "type": "gitlab",
        "buildName": "#7",
        "buildUrl": "https://ci.example/7",
    }


@pytest.mark.parametrize(
    ("status", "message", "category"),
    [
        ("failed", "step 4: SW=0x6983 (AUTH_METHOD_BLOCKED)", "Karte und PIN"),
        ("failed", "harness.Violation: bind before bind_resp", "Verstoß gegen ein Protokoll"),
        ("broken", "fault post.lost was armed but never hit", "Störung scharf, aber nie ausgelöst"),
        ("failed", "refused with 'code_expired',\nthe rules say accepted", "Prüfling weicht von den Regeln ab"),
        ("broken", "BenchError: scenarios/a.yaml:9: no such person", "Szenariodatei fehlerhaft"),
        ("broken", "KeyError: 'x'", "Prüfstand oder Treiber fehlerhaft"),
    ],
)
def test_the_first_category_that_fits_a_failure_is_the_expected_one(
    tmp_path: Path, status: str, message: str, category: str
) -> None:
    write(tmp_path, {})
    rules = json.loads((tmp_path / "categories.json").read_text("utf-8"))
    fitting = [
        rule["name"]
        for rule in rules
        if status in rule["matchedStatuses"] and re.fullmatch(rule.get("messageRegex", r"[\s\S]*"), message)
    ]
    assert fitting[0] == category


def test_every_failure_falls_into_some_category() -> None:
    assert {status for _, status, message in CATEGORIES if message is None} == {"failed", "broken"}
