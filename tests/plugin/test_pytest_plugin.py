"""Scenario files under pytest, as a vendor runs them."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

HEAD = "id: {id}\ntitle: Title of {id}\nrequirements: [PST-06, DEV-01]\ndevice: [pixel-6, iphone-12]\ntags: [smoke]\n"
GOOD = HEAD + "steps:\n  - install_app: {{app: barmer}}\n  - wait: {{workdays: 1}}\n"
# Nobody has a letter yet, so what is expected here is not to be seen: as if the system under test were wrong.
DEVIATING = HEAD + "steps:\n  - install_app: {{app: barmer}}\n  - expect: {{letterbox: 1}}\n"
# The fault never strikes: the scenario is wrong, not the system.
UNSPENT = HEAD + "steps:\n  - fault: {{post: lost}}\n"
MISTAKEN = HEAD + "steps:\n  - regster: {{}}\n"
FAMILY = HEAD.replace("device: [pixel-6, iphone-12]\n", "") + (
    "choices:\n  device_class: [android_phone_nfc, ipad, iphone_7]\n  account: [create, update]\n"
    "  unlock: [none, fingerprint]\nsteps:\n  - path: account_active\n"
)

Write = Callable[[str, str], None]
Run = Callable[..., pytest.RunResult]


def summary(folder: Path) -> dict[str, object]:
    read: dict[str, object] = json.loads((folder / "summary.json").read_text("utf-8"))
    return read


def test_each_row_is_a_test_named_file_and_row(write: Write, run: Run) -> None:
    write("account/lost-letter", GOOD)
    result = run("--collect-only", "-q", "scenarios")
    result.stdout.fnmatch_lines(
        ["scenarios/account/lost-letter.yaml::pixel-6", "scenarios/account/lost-letter.yaml::iphone-12"]
    )


def test_a_mistake_in_one_file_is_its_own_error_and_the_others_run(write: Write, run: Run) -> None:
    write("good", GOOD)
    write("mistaken", MISTAKEN)
    result = run()
    result.assert_outcomes(passed=2, errors=1)
    result.stdout.fnmatch_lines(["scenarios/mistaken.yaml:7: no action 'regster'; known: *did you mean 'register'?"])
    result.stdout.no_fnmatch_line("*Traceback*")


def test_an_id_may_be_used_once_only(write: Write, run: Run) -> None:
    write("a/same", GOOD)
    write("b/same", GOOD)
    result = run()
    result.assert_outcomes(passed=2, errors=1)
    result.stdout.fnmatch_lines(["scenarios/b/same.yaml:1: id 'same' is taken already by scenarios/a/same.yaml:1"])


def test_a_deviation_is_told_without_a_stack_and_with_the_command_that_replays_it(write: Write, run: Run) -> None:
    write("deviating", DEVIATING)
    result = run("scenarios", "--seed", "4711")
    result.assert_outcomes(failed=2)
    result.stdout.fnmatch_lines(
        [
            "deviating?pixel-6?, step 2 of 2, expect: letterbox is empty, the file says 1*",
            '  replay: pytest "scenarios/deviating.yaml::pixel-6" --seed 4711',
        ]
    )
    result.stdout.no_fnmatch_line("*Error*harness*")


def test_a_row_is_replayed_by_its_node_id_with_the_same_journal(
    write: Write, run: Run, pytester: pytest.Pytester
) -> None:
    write("good", GOOD)
    pytester.makeconftest(
        "import pathlib\n"
        "def pytest_pruefstand_run(item, run):\n"
        "    with pathlib.Path('journals').open('a') as file: file.write(item.name + run.journal.to_jsonl())\n"
    )
    journals = pytester.path / "journals"
    run("scenarios/good.yaml::iphone-12", "--seed", "5").assert_outcomes(passed=1)
    once = journals.read_text()
    run("scenarios/good.yaml::iphone-12", "--seed", "5").assert_outcomes(passed=1)
    assert journals.read_text() == once * 2
    assert once.startswith("iphone-12{")


def test_a_row_of_a_family_is_found_again_among_all(write: Write, run: Run) -> None:
    def rows(*options: str) -> set[str]:
        return {line for line in run("--collect-only", "-q", "scenarios", *options).outlines if "::" in line}

    write("family", FAMILY)
    some, every = rows(), rows("--cover", "all")
    assert (len(some), len(every), some <= every) == (6, 12, True)
    run("scenarios").assert_outcomes(passed=6)
    run("scenarios", "--cover", "all").assert_outcomes(passed=12)
    run("scenarios/family.yaml::ipad-update-fingerprint", "--cover", "all").assert_outcomes(passed=1)


def test_a_vendor_overrides_the_driver_in_a_conftest(write: Write, run: Run, pytester: pytest.Pytester) -> None:
    write("refusing", HEAD + "steps:\n  - install_app: {{app: barmer}}\n  - open_app: {{app: barmer}}\n")
    pytester.makeconftest(
        """
        import pytest
        from harness.drivers import Refused, View

        class Driver:
            capabilities = frozenset()
            def perform(self, action): return Refused("no_mood")
            def look(self, by="person", on="first"): return View()
            def settle(self): pass
            def remove(self): print("removed")

        @pytest.fixture
        def driver(world):
            yield Driver()
        """
    )
    result = run()
    result.assert_outcomes(failed=2)
    result.stdout.fnmatch_lines(["*open_app: refused with 'no_mood', the rules say accepted*"])


def test_an_unknown_driver_is_a_usage_error(write: Write, run: Run) -> None:
    write("good", GOOD)
    result = run("scenarios", "--driver", "other")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(["ERROR: --driver: no driver 'other'; known: reference"])


def test_a_python_test_has_the_same_world_and_driver(run: Run, pytester: pytest.Pytester) -> None:
    pytester.makepyfile(
        """
        import pytest
        from harness.actions import OpenApp

        @pytest.mark.scenario(person="teen", device="iphone-12")
        def test_a_teen_opens_the_app(world, driver, seed):
            assert seed == 0
            assert 15 <= world.people["person"].age_on(world.clock.now.date()) < 18
            assert world.phone("person", "first").profile.id == "iphone-12"
            assert driver.perform(OpenApp(app="barmer")).reason == "app_missing"
        """
    )
    run(".").assert_outcomes(passed=1)


def test_tags_select_and_need_no_registration(write: Write, run: Run) -> None:
    write("good", GOOD)
    write("other", GOOD.replace("smoke", "nightly"))
    run("scenarios", "-m", "smoke").assert_outcomes(passed=2, deselected=2)


def test_a_yaml_file_elsewhere_is_a_scenario_only_if_named_and_shaped_like_one(
    run: Run, pytester: pytest.Pytester
) -> None:
    (pytester.path / "mine.yaml").write_text(GOOD.format(id="mine"))
    (pytester.path / "other.yaml").write_text("services: {web: {image: x}}\n")
    (pytester.path / "personas.yaml").write_text("boss: {age: 60}\n")
    (pytester.path / "half.yaml").write_text("steps: []\n")
    run("mine.yaml").assert_outcomes(passed=2)
    run("half.yaml").stdout.fnmatch_lines(["*half.yaml:1: *'id'*"])
    assert run(".").ret == pytest.ExitCode.NO_TESTS_COLLECTED
    assert run("personas.yaml").ret in (pytest.ExitCode.NO_TESTS_COLLECTED, pytest.ExitCode.USAGE_ERROR)


def test_files_outside_of_the_project_are_told_apart_and_can_be_replayed(
    write: Write, run: Run, pytester: pytest.Pytester, tmp_path: Path
) -> None:
    write("good", GOOD)
    files = [tmp_path / "elsewhere" / f"{name}.yaml" for name in ("one", "two")]
    for file in files:
        file.parent.mkdir(exist_ok=True)
        file.write_text(DEVIATING.format(id=file.stem))
    result = run("scenarios", *map(str, files), "--summary", "summary.json", "--sockets")
    result.stdout.fnmatch_lines([f'*replay: pytest "{files[0]}::pixel-6" --seed 0 --sockets'])
    told = summary(pytester.path)
    assert [(each["id"], each["rows"]) for each in told["scenarios"]] == [("one", 2), ("two", 2), ("good", 2)]  # type: ignore[attr-defined]


def test_whose_fault_it_is_stands_in_the_summary(write: Write, run: Run, pytester: pytest.Pytester) -> None:
    for name, text in {"good": GOOD, "deviating": DEVIATING, "unspent": UNSPENT}.items():
        write(name, text)
    result = run("scenarios", "--summary", "summary.json", "--junitxml", "junit.xml")
    told = summary(pytester.path)
    assert told["totals"] == {"rows": 6, "passed": 2, "failed": 2, "broken": 2, "skipped": 0}
    assert told["exit_code"] == 2
    assert (pytester.path / "junit.xml").read_text().count("<testcase") == 6
    result.stdout.fnmatch_lines(["*scenarios/unspent.yaml*2*2*"])


def test_workers_play_the_same_rows_and_report_to_one_summary(
    write: Write, run: Run, pytester: pytest.Pytester
) -> None:
    for name, text in {"good": GOOD, "deviating": DEVIATING, "mistaken": MISTAKEN}.items():
        write(name, text)
    run("scenarios", "-n", "2", "--summary", "summary.json")
    told = summary(pytester.path)
    assert told["totals"] == {"rows": 4, "passed": 2, "failed": 2, "broken": 0, "skipped": 0}
    assert [error["file"] for error in told["collection_errors"]] == ["scenarios/mistaken.yaml"]  # type: ignore[attr-defined]


AT_THE_SECOND_ROW = """
import os

begun = []


def pytest_runtest_setup(item):
    begun.append(item)
    if len(begun) == 2:
        {what}
"""


def test_a_row_that_takes_its_worker_along_is_broken(write: Write, run: Run, pytester: pytest.Pytester) -> None:
    write("good", GOOD)
    pytester.makeconftest(AT_THE_SECOND_ROW.format(what="os._exit(1)"))
    run("scenarios", "-n", "1", "--summary", "summary.json")
    told = summary(pytester.path)
    assert (told["exit_code"], told["totals"]) == (
        2,
        {"rows": 2, "passed": 1, "failed": 0, "broken": 1, "skipped": 0},
    )
    assert [failure["status"] for failure in told["failures"]] == ["broken"]  # type: ignore[attr-defined]


def test_an_interrupted_run_is_never_as_required(write: Write, run: Run, pytester: pytest.Pytester) -> None:
    write("good", GOOD)
    pytester.makeconftest(AT_THE_SECOND_ROW.format(what="raise KeyboardInterrupt"))
    run("scenarios", "--summary", "summary.json")
    told = summary(pytester.path)
    assert (told["exit_code"], told["verdict"]) == (2, "interrupted after 1 rows")


def test_a_long_run_in_a_log_says_every_tenth_of_the_way(write: Write, run: Run, pytester: pytest.Pytester) -> None:
    people = "person: [adult, teen, child, noble, umlaut, sharp_s, double_name, doctor_title, diacritics]\n"
    devices = "device: [pixel-6, iphone-12, ipad, android_tablet, iphone_7, iphone_nfc]\n"
    write("many", GOOD.replace("device: [pixel-6, iphone-12]\n", people + devices))
    result = run()
    result.assert_outcomes(passed=54)
    result.stdout.fnmatch_lines([" 50 %*27 of 54 rows", "100 %*54 of 54 rows"])


IMPORTED = "import sys\ndef pytest_unconfigure(): print('imported:', 'hypothesis' in sys.modules)"


def test_hypothesis_is_not_imported_where_nothing_uses_it(write: Write, run: Run, pytester: pytest.Pytester) -> None:
    write("good", GOOD)
    pytester.makeconftest(IMPORTED)
    run("scenarios", "-s").stdout.fnmatch_lines(["imported: False"])


def test_the_bench_is_not_loaded_where_there_is_no_scenario(run: Run, pytester: pytest.Pytester) -> None:
    """It is a second of every run of pytest, in whatever project it is installed beside."""
    pytester.makeconftest("import sys\ndef pytest_unconfigure(): print('loaded:', 'emulators' in sys.modules)")
    pytester.makepyfile("def test_something_else(): pass")
    (pytester.path / "other.yaml").write_text("services: {}\n")
    run(".", "-s").stdout.fnmatch_lines(["loaded: False"])


def test_hypothesis_tells_its_statistics_where_a_test_uses_it(run: Run, pytester: pytest.Pytester) -> None:
    pytester.makeconftest(IMPORTED)
    file = pytester.makepyfile(
        "from hypothesis import given, strategies as st\n@given(st.none())\ndef test_it(it): pass"
    )
    result = run(file.name, "-s", "--hypothesis-show-statistics")
    result.stdout.fnmatch_lines(["*1 passing, 0 failing*", "imported: True"])
