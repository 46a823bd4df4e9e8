"""The result of a run for a terminal and for machines: progress, a table of scenario files, `summary.json`."""

from __future__ import annotations

import io
import json
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from pathlib import Path
from typing import Any, TextIO

import pytest
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

STATUSES = ("passed", "failed", "broken", "skipped")
LONG_RUN = 50  # rows from which on progress is shown
LONG_TABLE = 40  # files from which on those that passed are told by folder
REFRESH_SECONDS = 0.1
CUT_SHORT: Mapping[int, str] = {
    pytest.ExitCode.INTERRUPTED: "interrupted",
    pytest.ExitCode.INTERNAL_ERROR: "pytest itself failed",
}
COLLECTED = "of a folder, files below one named 'scenarios' are; any other file has to be named itself"
TABLE_WIDTH = 110  # where the output is no terminal


@dataclass
class FileResult:
    """What became of the rows of one scenario file."""

    file: str
    id: str
    rows: Counter[str] = field(default_factory=Counter)
    seconds: float = 0.0


@dataclass
class Summary:
    """What became of all scenarios of a run. `failures` are (node id, status, message).

    `cut_short` says why the run ended before all was played: empty if it did not.
    """

    files: dict[str, FileResult] = field(default_factory=dict)
    failures: list[tuple[str, str, str]] = field(default_factory=list)
    collection_errors: list[tuple[str, str]] = field(default_factory=list)
    touched: set[str] = field(default_factory=set)
    cut_short: str = ""

    @property
    def totals(self) -> Counter[str]:
        return sum((result.rows for result in self.files.values()), Counter())

    @property
    def rows(self) -> int:
        return self.totals.total()

    def verdict(self) -> tuple[int, str]:
        """Exit code and the sentence that goes with it: 0 as required, 1 the system deviates, 2 the bench is wrong."""
        totals = self.totals
        if self.cut_short:
            return 2, f"{self.cut_short} after {self.rows} rows"
        if self.collection_errors:
            return 2, f"{len(self.collection_errors)} scenario files cannot be used"
        if totals["broken"]:
            too = f"; in {totals['failed']} more the system under test deviates" if totals["failed"] else ""
            return 2, f"{totals['broken']} of {self.rows} rows are broken: bench, driver or scenario is wrong{too}"
        if totals["failed"]:
            return 1, f"the system under test deviates in {totals['failed']} of {self.rows} rows"
        if not self.rows:
            return 2, f"no scenario was played: {COLLECTED}"
        skipped = totals["skipped"]
        if skipped == self.rows:
            return 2, f"no scenario was played: all {skipped} rows were skipped"
        left = f"; {skipped} were skipped" if skipped else ""
        return 0, f"the system under test does what is required, in all {self.rows - skipped} rows{left}"

    def as_dict(self, **about: Any) -> dict[str, Any]:
        code, sentence = self.verdict()
        totals = self.totals
        return {
            **about,
            "exit_code": code,
            "verdict": sentence,
            "totals": {"rows": self.rows, **{status: totals[status] for status in STATUSES}},
            "scenarios": [
                {
                    "file": result.file,
                    "id": result.id,
                    "rows": result.rows.total(),
                    **{status: result.rows[status] for status in STATUSES},
                    "seconds": round(result.seconds, 3),
                }
                for result in sorted(self.files.values(), key=lambda result: result.file)
            ],
            "failures": [dict(zip(("row", "status", "message"), failure, strict=True)) for failure in self.failures],
            "collection_errors": [{"file": file, "message": message} for file, message in self.collection_errors],
            "touched": sorted(self.touched),
        }


def lines(summary: Summary) -> list[FileResult]:
    """What the table has a line for: each file, or of many files the folders of those that passed."""
    files = sorted(summary.files.values(), key=lambda result: result.file)
    if len(files) <= LONG_TABLE:
        return files
    right = [result for result in files if result.rows["passed"] == result.rows.total()]
    folders = [(folder, list(found)) for folder, found in groupby(right, key=lambda r: str(Path(r.file).parent))]
    return [*(_whole(folder, found) for folder, found in folders), *(f for f in files if f not in right)]


def _whole(folder: str, files: Sequence[FileResult]) -> FileResult:
    rows = sum((result.rows for result in files), Counter())
    count = "1 file" if len(files) == 1 else f"{len(files)} files"
    return FileResult(f"{folder}/ ({count})", "", rows, sum(result.seconds for result in files))


def table(summary: Summary) -> Table:
    """One line for each scenario file (in a long run: for each folder, and each file not all right), totals below."""
    shown = Table(show_footer=True, title="Scenarios", title_justify="left", header_style="bold")
    totals = summary.totals
    shown.add_column("file", "total", overflow="fold")
    shown.add_column("rows", str(summary.rows), justify="right")
    for status in STATUSES:
        shown.add_column(status, _count(totals[status], status), justify="right")
    shown.add_column("time", _seconds(sum(r.seconds for r in summary.files.values())), justify="right")
    for result in lines(summary):
        counts = (_count(result.rows[status], status) for status in STATUSES)
        shown.add_row(result.file, str(result.rows.total()), *counts, _seconds(result.seconds))
    return shown


def _count(count: int, status: str) -> str:
    colour = {"passed": "green", "failed": "red", "broken": "yellow"}.get(status)
    return "" if not count else f"[{colour}]{count}[/]" if colour else str(count)


def _seconds(seconds: float) -> str:
    return f"{seconds:.2f} s"


class SummaryReport:
    """Watches a session of pytest, in the controller if there are workers."""

    def __init__(self, config: pytest.Config, stream: TextIO) -> None:
        """`stream` is what the user sees: `sys.stdout` may be captured."""
        self.config = config
        self.summary = Summary()
        self._status: dict[str, str] = {}
        self._progress: _Bar | _Lines | None = None
        self._stream = stream

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        if report.failed:
            self.summary.collection_errors.append((report.nodeid, report.longreprtext))

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        self._begin([item.nodeid for item in session.items])

    @pytest.hookimpl(optionalhook=True)
    def pytest_xdist_node_collection_finished(self, node: object, ids: Sequence[str]) -> None:
        if self._progress is None:
            self._begin(ids)

    def _begin(self, ids: Sequence[str]) -> None:
        rows = sum(".yaml::" in nodeid for nodeid in ids)
        if rows > LONG_RUN and rows == len(ids) and self.config.get_verbosity() <= 0:
            terminal = getattr(self._stream, "isatty", lambda: False)()
            self._progress = _Bar(rows, Console(file=self._stream)) if terminal else _Lines(rows, self.config)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        properties = dict(report.user_properties)
        scenario = properties.get("scenario")
        file, _, row = report.nodeid.partition("::")
        file = file or report.location[0]  # outside of the project's folder
        crashed = scenario is None and report.failed and bool(row) and file.endswith(".yaml")
        if scenario is None and not crashed:
            return
        result = self.summary.files.setdefault(file, FileResult(file, ""))
        result.seconds += report.duration
        if crashed:  # with its worker, which says nothing more of it
            self.summary.failures.append((report.nodeid, "broken", report.longreprtext))
            self._ended(result, "broken")
            return
        result.id = str(scenario)
        status = str(properties.get("verdict", "broken")) if report.failed else report.outcome
        if report.failed:
            self.summary.failures.append((report.nodeid, status, report.longreprtext))
        if report.when == "setup" or status != "passed":
            self._status[report.nodeid] = status
        if report.when == "teardown":
            self.summary.touched.update(str(properties.get("touched", "")).split())
            self._ended(result, self._status.pop(report.nodeid, status))

    def _ended(self, result: FileResult, status: str) -> None:
        result.rows[status] += 1
        if self._progress is not None:
            self._progress.advance(self.summary.totals["failed"] + self.summary.totals["broken"])

    def pytest_report_teststatus(self, report: pytest.TestReport) -> tuple[str, str, str] | None:
        """Where progress is shown, a dot for each row would only be in its way."""
        if self._progress is None or not isinstance(report, pytest.TestReport) or report.skipped:
            return None
        quiet = report.when != "call" and report.passed
        return ("" if quiet else report.outcome), "", ""

    def pytest_sessionfinish(self, exitstatus: int) -> None:
        if self._progress is not None:
            self._progress.end()
        self.summary.cut_short = CUT_SHORT.get(exitstatus, "")
        file: Path | None = self.config.getoption("summary")
        if file is not None:
            option = self.config.getoption
            about = {name: option(name) for name in ("seed", "cover", "driver")}
            file.parent.mkdir(parents=True, exist_ok=True)
            text = json.dumps(self.summary.as_dict(**about), ensure_ascii=False, indent=2)
            file.write_text(text + "\n", encoding="utf-8")

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        if not self.summary.files:
            return
        terminal = self.config.get_terminal_writer().hasmarkup
        width = self.config.get_terminal_writer().fullwidth if terminal else TABLE_WIDTH
        text = io.StringIO()
        console = Console(file=text, width=width, force_terminal=terminal, color_system="auto" if terminal else None)
        console.print(table(self.summary))
        terminalreporter.ensure_newline()
        terminalreporter.write(text.getvalue())


class _Bar:
    """A bar in a terminal. It draws only between tests: during one, pytest captures what is written."""

    def __init__(self, total: int, console: Console) -> None:
        columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
        self._progress = Progress(
            *columns,
            console=console,
            auto_refresh=False,
            redirect_stdout=False,
            redirect_stderr=False,
            transient=True,
        )
        self._task = self._progress.add_task("rows", total=total)
        self._drawn = 0.0

    def advance(self, wrong: int) -> None:
        described = f"rows [red]({wrong} wrong)[/]" if wrong else "rows"
        self._progress.update(self._task, advance=1, description=described)
        now = time.monotonic()
        if now - self._drawn > REFRESH_SECONDS:
            self._drawn = now
            self._progress.start()  # at the first time; later it does nothing
            self._progress.refresh()

    def end(self) -> None:
        self._progress.stop()


class _Lines:
    """A line for every tenth of the way, for logs."""

    def __init__(self, total: int, config: pytest.Config) -> None:
        self._total = total
        self._done = 0
        self._config = config

    def advance(self, wrong: int) -> None:
        before = self._done * 10 // self._total
        self._done += 1
        if self._done * 10 // self._total > before:
            reporter = self._config.pluginmanager.get_plugin("terminalreporter")
            if reporter is not None:
                percent = self._done * 100 // self._total
                note = f", {wrong} wrong" if wrong else ""
                reporter.write_line(f"{percent:>3} %  {self._done} of {self._total} rows{note}")

    def end(self) -> None:
        """Nothing is left on the screen."""
