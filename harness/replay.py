"""One run of the scenarios from the command line: pytest in this process, results in one folder, a report from them."""

from __future__ import annotations

import json
import os
import platform
import shutil
from collections.abc import Mapping, Sequence
from importlib.metadata import version
from pathlib import Path

import pytest

from harness.errors import BenchError
from harness.report.environment import Executor, write

BROKEN = 2
RESULTS, SUMMARY, JUNIT, REPORT, HISTORY = ("allure-results", "summary.json", "junit.xml", "report", "history.jsonl")
# Quiet: the plugin prints progress and a table of its own; failures are told once, in full.
QUIET = ("-q", "--no-header", "-rN", "--tb=short")
# pytest would rewrite the asserts of the plugin's package, which the command line has imported already: no harm.
IMPORTED = ("-W", "ignore:Module already imported:pytest.PytestAssertRewriteWarning")


class Replay:
    """Plays scenarios and leaves Allure results, JUnit XML and `summary.json` in the folder `out`."""

    def __init__(self, out: Path, about: Mapping[str, object]) -> None:
        self.out = out
        self.about = about
        self.verdict = ""
        self.played = True

    def play(self, paths: Sequence[str], options: Sequence[str]) -> int:
        """Play; returns 0 all as required, 1 the system under test deviates, 2 bench or file is wrong."""
        results, summary, junit = (self.out / name for name in (RESULTS, SUMMARY, JUNIT))
        # What an earlier run has left nobody shall take for this one's.
        if results.exists():
            shutil.rmtree(results)
        for file in (summary, junit, self.out / REPORT / "index.html"):
            file.unlink(missing_ok=True)
        self.out.mkdir(parents=True, exist_ok=True)
        files = ["--alluredir", str(results), "--junitxml", str(junit), "--summary", str(summary)]
        code = pytest.main([*paths, *QUIET, *IMPORTED, *files, *options])
        if code == pytest.ExitCode.INTERRUPTED and not summary.exists():
            self.verdict = "interrupted"
            return BROKEN
        if code == pytest.ExitCode.USAGE_ERROR and not summary.exists():
            self.played, self.verdict = False, "nothing was played; the error above says why"
            return BROKEN
        return self._judged(summary, code)

    def _judged(self, summary: Path, code: int) -> int:
        try:
            told = json.loads(summary.read_text("utf-8"))
        except (OSError, ValueError) as error:
            raise BenchError(f"pytest ended with code {int(code)} and left no {summary.name}") from error
        self.verdict = str(told["verdict"])
        judged = int(told["exit_code"])
        if judged == 0 and code != pytest.ExitCode.OK:
            self.verdict = f"pytest ended with code {int(code)} although no scenario failed"
            return BROKEN
        return judged

    def report(self) -> Path:
        """Build the HTML report; returns its first page. Raises `ReportError`."""
        from harness.report.generator import build

        results = self.out / RESULTS
        environment = {"Prüfstand": version("pruefstand"), "Python": platform.python_version(), **self.about}
        write(results, environment, executor=_executor())
        title = "Prüfstand – TEST ONLY"
        return build(results, self.out / REPORT, title=title, history=self.out / HISTORY).index


def _executor() -> Executor:
    """The CI job, as GitLab and GitHub name it in the environment; else somebody's machine."""
    job = os.environ.get("CI_PIPELINE_ID") or os.environ.get("GITHUB_RUN_ID") or ""
    return Executor(type="ci", build_name=job) if job else Executor()
