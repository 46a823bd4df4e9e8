"""The table at the end of a run: short where all is well, exact where it is not."""

from __future__ import annotations

from collections import Counter

from harness.report.summary import LONG_TABLE, FileResult, Summary, lines


def summary(files: int, *, failed: str = "") -> Summary:
    names = [f"scenarios/{'sms' if n % 2 else 'letter'}/{n:03}.yaml" for n in range(files)]
    rows = {name: Counter({"failed" if name == failed else "passed": 2}) for name in names}
    return Summary({name: FileResult(name, name, rows[name], 0.5) for name in names})


def test_few_files_have_a_line_each() -> None:
    assert [line.file for line in lines(summary(2))] == ["scenarios/letter/000.yaml", "scenarios/sms/001.yaml"]


def test_many_files_are_told_by_folder_and_each_that_failed_by_name() -> None:
    odd = "scenarios/sms/001.yaml"
    told = {line.file: line for line in lines(summary(LONG_TABLE + 2, failed=odd))}
    assert list(told) == ["scenarios/letter/ (21 files)", "scenarios/sms/ (20 files)", odd]
    assert told["scenarios/sms/ (20 files)"].rows == Counter(passed=40)
    assert told["scenarios/sms/ (20 files)"].seconds == 10.0
    assert told[odd].rows == Counter(failed=2)


def test_no_row_is_lost_on_the_way() -> None:
    whole = summary(LONG_TABLE + 5, failed="scenarios/letter/000.yaml")
    assert sum((line.rows for line in lines(whole)), Counter()) == whole.totals
