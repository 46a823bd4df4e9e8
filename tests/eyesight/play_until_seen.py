"""Plays scenario files until a row fails and names a requirement, for one broken copy of the sources after the other.

A job is a line of JSON on standard input, its outcome a line on standard output. Each job is done by a fork of this
process, which imports from its own copy all that may be broken, and all that rests on it. What can never be broken is
imported once, before any job: that takes longer than to play.
"""

from __future__ import annotations

import importlib
import json
import os
import signal
import sys
import traceback
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from harness.runner import Run

SEED = 0
PATIENCE = 60  # seconds for one job; it takes one
BREAKABLE = ("harness.reference", "emulators.ident", "emulators.branch", "harness.drivers.handset")
SOUND = (
    "emulators.card.ble.radio", "emulators.card.borrowed", "emulators.core.people", "emulators.mail.server",
    "emulators.phone.phone", "emulators.post.office", "emulators.services", "emulators.sms.gateway",
    "emulators.sms.takeover", "emulators.wire.loop", "harness.facts", "harness.scenario.format",
    "harness.scenario.tree", "harness.telling", "pypdfium2", "reportlab.pdfgen.canvas", "segno", "zxingcpp",
)  # fmt: skip


def main() -> None:
    for module in SOUND:
        importlib.import_module(module)
    for line in sys.stdin:
        sys.stdout.write(_done(json.loads(line)) + "\n")
        sys.stdout.flush()


def _done(job: Mapping[str, Any]) -> str:
    """The outcome of a job that a fork does."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        signal.alarm(PATIENCE)
        os.write(writing, json.dumps(_outcome(job)).encode())
        os._exit(0)
    os.close(writing)
    with open(reading, "rb") as pipe:
        told = pipe.read().decode()
    _, code = os.waitpid(child, 0)
    return told or json.dumps({"error": f"the fork ended with {os.waitstatus_to_exitcode(code)} (-14: out of time)"})


def _outcome(job: Mapping[str, Any]) -> Mapping[str, object]:
    try:
        _move_to(job["copy"])
        return _play(job["requirement"], job["named_by"], map(Path, job["files"]))
    except BaseException:
        return {"error": traceback.format_exc()}


def _move_to(copy: str) -> None:
    """Import from `copy` what has not been imported yet."""
    early = [name for name in sys.modules if name.startswith(BREAKABLE)]
    if early:
        raise RuntimeError(f"imported before any job, though they may be broken: {', '.join(early)}")
    sound = Path(sys.modules["emulators"].__path__[0]).parent
    os.chdir(copy)
    sys.path[:] = [copy if entry == str(sound) else entry for entry in sys.path]
    for module in list(sys.modules.values()):
        for entry in list(getattr(module, "__path__", ())):
            if Path(entry).is_relative_to(sound):
                module.__path__ = [str(copy / Path(entry).relative_to(sound))]
    importlib.invalidate_caches()


def _play(requirement: str, named_by: str, files: Iterable[Path]) -> Mapping[str, object]:
    """`seen` is the failure that names the requirement (empty if none does), `rows` how many rows were played,
    `others` the failures that do not."""
    from harness.errors import Mismatch, Violation

    seen, rows = "", 0
    others: list[str] = []
    for run in _runs(files):
        rows += 1
        title, deviation = run.row.title, _deviation(run)
        named = requirement in (title + deviation if named_by == "row" else deviation)
        if named and isinstance(run.failure, Mismatch | Violation):
            seen = title + deviation
            break
        if run.failure is not None:
            others.append(f"{type(run.failure).__name__}: {title}{deviation}")
    return {"seen": seen, "rows": rows, "others": others}


def _runs(files: Iterable[Path]) -> Iterator[Run]:
    """Every row of the files, played in a world of its own."""
    from harness.runner import play
    from harness.scenario.load import load
    from harness.setup import build_driver, build_world

    for file in files:
        for draft in load(file).drafts():
            row = draft.row()
            world = build_world(row, seed=SEED)
            try:
                driver = build_driver("reference", row, world, seed=SEED)
                run = play(row, world, driver, seed=SEED)
                driver.remove()
            finally:
                world.close()
            yield run


def _deviation(run: Run) -> str:
    """What a failure says after the row's title, which bears the id of a requirement whatever has gone wrong."""
    return str(run.failure or "").partition("\n")[0].removeprefix(run.row.title)


if __name__ == "__main__":
    main()
