"""The command line as a shell sees it: what it prints, and its exit code."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner

from harness.cli import app

HEAD = "id: {id}\ntitle: Title of {id}\nrequirements: [PST-06, DEV-01]\n"
GOOD = HEAD + "steps:\n  - install_app: {{app: barmer}}\n"
DEVIATING = HEAD + "steps:\n  - expect: {{letterbox: 1}}\n"
UNSPENT = HEAD + "steps:\n  - fault: {{post: lost}}\n"
MISTAKEN = HEAD + "steps:\n  - regster: {{}}\n"

Write = Callable[..., None]
Call = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Writes scenario files, name by name; the id is the name."""

    def write(**texts: str) -> None:
        folder = tmp_path / "scenarios"
        folder.mkdir(exist_ok=True)
        for name, text in texts.items():
            (folder / f"{name}.yaml").write_text(text.format(id=name), encoding="utf-8")

    return write


@pytest.fixture
def call(tmp_path: Path) -> Call:
    """Calls `pruefstand` in that folder, in a process of its own."""

    def call(*arguments: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "harness.cli", *arguments]
        return subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=120, check=False)

    return call


@pytest.mark.parametrize(
    ("texts", "code", "verdict"),
    [
        ({"good": GOOD}, 0, "VERDICT: PASSED: the system under test does what is required, in all 1 rows"),
        ({"good": GOOD, "bad": DEVIATING}, 1, "VERDICT: FAILED: the system under test deviates in 1 of 2 rows"),
        ({"bad": DEVIATING, "fault": UNSPENT}, 2, "VERDICT: BROKEN: 1 of 2 rows are broken"),
        ({"good": GOOD, "mistaken": MISTAKEN}, 2, "VERDICT: BROKEN: 1 scenario files cannot be used"),
        ({}, 2, "VERDICT: BROKEN: no scenario was played"),
    ],
    ids=["all as required", "system deviates", "bench is wrong", "file is wrong", "nothing to play"],
)
def test_the_exit_code_says_whose_fault_it_is(
    write: Write, call: Call, texts: dict[str, str], code: int, verdict: str
) -> None:
    write(**texts)
    ended = call("run", "--no-html")
    assert ended.stdout.splitlines()[-1].startswith(verdict)
    assert ended.returncode == code
    assert "Traceback" not in ended.stdout + ended.stderr


def test_a_run_leaves_results_for_allure_ci_and_machines(write: Write, call: Call, tmp_path: Path) -> None:
    write(good=GOOD)
    out = tmp_path / "there"
    stale = [out / "allure-results" / "stale-result.json", out / "report" / "index.html"]
    for file in stale:
        file.parent.mkdir(parents=True)
        file.touch()
    assert call("run", "--no-html", "--out", str(out), "--seed", "7").returncode == 0
    told = json.loads((out / "summary.json").read_text("utf-8"))
    assert (told["seed"], told["driver"], told["totals"]["passed"]) == (7, "reference", 1)
    assert "<testsuite" in (out / "junit.xml").read_text("utf-8")
    assert len(list((out / "allure-results").glob("*-result.json"))) == 1
    assert not any(file.exists() for file in stale)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("run", "--cover", "most"), "pairwise"),
        (("run", "--driver", "other"), "no driver 'other'; known: reference"),
        (("run", "nowhere"), "there is no nowhere"),
        (("people", "nobody"), "no persona 'nobody'; known: adult"),
        (("check", "nowhere.yaml"), "nowhere.yaml:1: cannot be read"),
        (("check", "."), "no scenario files (*.yaml) in ."),
        (("run", ".", "--out", "/dev/null"), "/dev/null"),
        (("schema", "--out", "/dev/null/schema.json"), "/dev/null"),
        (("measure",), "No such command"),
    ],
)
def test_an_expected_error_is_told_without_a_traceback(call: Call, arguments: tuple[str, ...], said: str) -> None:
    ended = call(*arguments)
    assert ended.returncode == 2
    assert said in ended.stderr
    assert "Traceback" not in ended.stderr


def in_process(*arguments: str) -> str:
    result = CliRunner().invoke(app, list(arguments))
    assert result.exit_code == 0, result.output
    return result.stdout


def test_check_tells_rows_or_mistakes(write: Write, tmp_path: Path) -> None:
    write(good=GOOD, mistaken=MISTAKEN)
    result = CliRunner().invoke(app, ["check", str(tmp_path / "scenarios")])
    assert result.exit_code == 2
    assert "good.yaml: ok, 1 row\n" in result.stdout
    assert "mistaken.yaml:5: no action 'regster'" in result.stderr


def test_check_tells_a_scenario_in_german(write: Write, tmp_path: Path) -> None:
    write(good=GOOD)
    told = in_process("check", str(tmp_path / "scenarios" / "good.yaml"), "--prose")
    assert "   1. Barmer-App installieren\n" in told


def test_coverage_fails_while_a_requirement_is_claimed_by_no_scenario(write: Write, tmp_path: Path) -> None:
    write(good=GOOD)
    folder = str(tmp_path / "scenarios")
    result = CliRunner().invoke(app, ["rules", "--coverage", "--scenarios", folder, "--out", str(tmp_path)])
    assert result.exit_code == 1
    assert "2 of 94 requirements are claimed by a scenario; 92 missing" in result.stdout


def test_coverage_names_the_scenarios_of_each_requirement_or_only_what_is_missing(write: Write, tmp_path: Path) -> None:
    write(good=GOOD)
    options = ["rules", "--coverage", "--markdown", "--scenarios", str(tmp_path / "scenarios"), "--out", str(tmp_path)]
    told = CliRunner().invoke(app, options).stdout
    assert (told.count("| good |"), told.count("| MISSING |")) == (2, 92)
    told = CliRunner().invoke(app, [*options, "--missing"]).stdout
    assert (told.count("| good |"), told.count("| MISSING |")) == (0, 92)


def test_coverage_is_complete_once_every_requirement_is_claimed(tmp_path: Path) -> None:
    from harness.onboarding.catalogue import REQUIREMENTS

    claimed = ", ".join(REQUIREMENTS)
    text = f"id: all\ntitle: All\nrequirements: [{claimed}]\nsteps:\n  - register: {{}}\n"
    (tmp_path / "all.yaml").write_text(text)
    told = in_process("rules", "--coverage", "--scenarios", str(tmp_path), "--out", str(tmp_path))
    assert "94 of 94 requirements are claimed by a scenario; 0 missing" in told


def test_rules_are_a_table_a_diagram_or_markdown() -> None:
    assert "open_app" in in_process("rules")
    assert in_process("rules", "--diagram").startswith("stateDiagram")
    assert in_process("rules", "--markdown").splitlines()[1].startswith("| ---")


def test_the_schema_can_be_written_to_a_file(tmp_path: Path) -> None:
    file = tmp_path / "deep" / "scenario.schema.json"
    assert str(file) in in_process("schema", "--out", str(file)).replace("\n", "")
    assert json.loads(file.read_text("utf-8"))["title"] == "Prüfstand: scenario file"
    assert json.loads(in_process("schema"))["type"] == "object"


def test_people_are_shown_as_a_table_or_as_json_and_follow_the_seed() -> None:
    assert "TEST ONLY" in in_process("people")
    assert "kvnr" in in_process("people", "child")
    one, other = (json.loads(in_process("people", "adult", "--json", "--seed", seed)) for seed in ("1", "2"))
    assert one["birth_date"][:2] in ("19", "20")
    assert one["kvnr"] != other["kvnr"]


def test_a_text_is_shown_as_it_travels() -> None:
    told = in_process("sms", "Ihre TAN lautet 1234 – gültig")
    assert "UCS-2 because of '–' (EN DASH) at character 22" in told
    shown = json.loads(in_process("sms", "TAN €", "--json"))
    assert (shown["encoding"], shown["units"], shown["offenders"]) == ("gsm7", 6, [])
    assert [segment["hex"] for segment in shown["segments"]] == ["54414E201B65"]


def test_the_version_is_that_of_the_installed_package() -> None:
    assert in_process("version").startswith("pruefstand 0.")
