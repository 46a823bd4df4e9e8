"""Plays scenario files until a row fails and names a requirement.

`play_until_seen.py <requirement> <deviation|row> <file>...`; the second argument says where it is to be named. A
process of its own for each defect, since what it plays with is the copy of the sources it is started in. One object
of JSON comes out: `seen` is the failure that names the requirement (empty if none does), `rows` how many rows were
played, `others` the failures that do not.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

import harness
from harness.errors import Mismatch, Violation
from harness.runner import Run, play
from harness.scenario.load import load
from harness.setup import build_driver, build_world

SEED = 0


def main(requirement: str, named_by: str, files: Iterable[Path]) -> None:
    if not Path(harness.__file__).is_relative_to(Path.cwd()):
        sys.exit(f"plays {harness.__file__}, not the broken copy in {Path.cwd()}")
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
    json.dump({"seen": seen, "rows": rows, "others": others}, sys.stdout)


def _runs(files: Iterable[Path]) -> Iterator[Run]:
    """Every row of the files, played in a world of its own."""
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
    main(sys.argv[1], sys.argv[2], map(Path, sys.argv[3:]))
