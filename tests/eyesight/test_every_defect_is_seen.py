"""Whoever breaks a requirement is caught by a scenario that claims it, and told which requirement it was.

A green scenario proves little by itself: it may look past the very thing it is named after. So for every requirement
`defects.yaml` holds systems that are broken on purpose. Each defect is planted in a copy of the sources, the scenario
files that claim the requirement are played against it by the copy in a process of its own, and one row at least has
to fail as the system's fault and name the requirement. That the sound system passes is what the scenario suite shows.
"""

from __future__ import annotations

import compileall
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from select import select
from typing import Literal

import pytest
import yaml
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter

from harness.onboarding.catalogue import REQUIREMENTS
from harness.report.coverage import NOT_YET
from harness.scenario.load import scenario_files
from tests.eyesight.play_until_seen import PATIENCE

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
PACKAGES = ("harness", "emulators")
# The system under test, the providers, and the adapter that says for how long an app looks for a card.
BREAKABLE = ("harness/reference/", "emulators/ident/", "emulators/branch/", "harness/drivers/handset.py")


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Edit(_Part):
    """`find`, which stands exactly once in `file`, becomes `put`."""

    file: str
    find: str = Field(min_length=1)
    put: str


class Defect(_Part):
    """One way of breaking one requirement, and what of a failure has to name it."""

    requirement: str
    what: str
    named_by: Literal["deviation", "row"] = "deviation"
    edits: tuple[Edit, ...] = Field(min_length=1)

    def __str__(self) -> str:
        return f"{self.requirement} {self.what}"


@dataclass(frozen=True, slots=True)
class Sight:
    """What came of playing: the failure that names the requirement, if any; how many rows; the other failures."""

    seen: str
    rows: int
    others: tuple[str, ...]


DEFECTS = TypeAdapter(tuple[Defect, ...]).validate_python(yaml.safe_load((HERE / "defects.yaml").read_text("utf-8")))


@pytest.fixture(scope="session")
def sound(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A compiled copy of the sources, which stays what it is while somebody works on them."""
    folder = tmp_path_factory.mktemp("sound")
    for package in PACKAGES:
        shutil.copytree(ROOT / package, folder / package, ignore=shutil.ignore_patterns("__pycache__"))
        compileall.compile_dir(folder / package, quiet=2)
    return folder


class Player:
    """A process that plays broken copies of the `sound` sources, one after the other."""

    def __init__(self, sound: Path) -> None:
        environment = {**os.environ, "PYTHONPATH": str(sound), "PYTHONDONTWRITEBYTECODE": "1"}
        command = (sys.executable, HERE / "play_until_seen.py")
        pipe = subprocess.PIPE
        self._process = subprocess.Popen(command, cwd=sound, env=environment, stdin=pipe, stdout=pipe, text=True)

    def watch(self, defect: Defect, broken: Path) -> Sight:
        """Play what claims the requirement with the sources in `broken`, at most until a row names it."""
        files = list(map(str, claims()[defect.requirement]))
        job = {"copy": str(broken), "requirement": defect.requirement, "named_by": defect.named_by, "files": files}
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(job) + "\n")
        self._process.stdin.flush()
        if not select([self._process.stdout], [], [], 2 * PATIENCE)[0]:
            self._process.kill()
        told = json.loads(self._process.stdout.readline() or '{"error": "the player is gone"}')
        assert "error" not in told, told["error"]
        return TypeAdapter(Sight).validate_python(told)

    def end(self) -> None:
        self._process.communicate(timeout=2 * PATIENCE)


@pytest.fixture(scope="session")
def player(sound: Path) -> Iterator[Player]:
    player = Player(sound)
    yield player
    player.end()


@pytest.mark.parametrize("defect", DEFECTS, ids=str)
def test_a_scenario_sees_the_defect_and_names_the_requirement(
    defect: Defect, sound: Path, player: Player, tmp_path: Path
) -> None:
    plant(defect, sound, tmp_path)
    sight = player.watch(defect, tmp_path)
    if not sight.seen:
        head = f"no scenario that claims {defect.requirement} sees this in {sight.rows} rows: {defect.what}"
        pytest.fail("\n".join((head, *sight.others)), pytrace=False)


def test_every_requirement_that_can_be_shown_has_a_defect() -> None:
    broken = {defect.requirement for defect in DEFECTS}
    assert [requirement for requirement in REQUIREMENTS if requirement not in broken | set(NOT_YET)] == []


def test_no_defect_is_listed_twice() -> None:
    assert len({str(defect) for defect in DEFECTS}) == len(DEFECTS)


def test_systems_are_broken_and_never_the_judge() -> None:
    assert not [edit.file for defect in DEFECTS for edit in defect.edits if not edit.file.startswith(BREAKABLE)]


def test_a_system_that_is_not_broken_is_not_accused(sound: Path, player: Player, tmp_path: Path) -> None:
    edit = Edit(file="harness/reference/apps/device_check.py", find='"rooted"', put='"rooted"')
    defect = Defect(requirement="DEV-05", what="Refuses a rooted device", edits=(edit,))
    plant(defect, sound, tmp_path)
    sight = player.watch(defect, tmp_path)
    assert sight.rows > 0
    assert (sight.seen, sight.others) == ("", ())


@pytest.mark.parametrize("text", ["", "raise raise"])
def test_an_edit_that_fits_nowhere_or_twice_says_which_defect_to_adapt(text: str) -> None:
    defect = Defect(requirement="DEV-05", what="Runs", edits=(Edit(file="app.py", find="raise", put="pass"),))
    with pytest.raises(pytest.fail.Exception, match=r"adapt the defect 'DEV-05 Runs' .* app\.py"):
        edited(defect, "app.py", text)


def plant(defect: Defect, sound: Path, broken: Path) -> None:
    """Lay the sound sources out in `broken`, by links as far as they are the same, with the edits made."""
    files = {edit.file for edit in defect.edits}
    folders = {folder for file in files for folder in Path(file).parents} | {Path()}
    for folder in sorted(folders):
        (broken / folder).mkdir(exist_ok=True)
        for entry in (sound / folder).iterdir():
            inside = entry.relative_to(sound)
            if inside not in folders and inside.as_posix() not in files:
                (broken / inside).symlink_to(entry)
    for file in files:
        text = edited(defect, file, (sound / file).read_text("utf-8"))
        (broken / file).write_text(text, "utf-8")
        os.utime(broken / file, (0, 0))  # older than any other: bytecode of the sound file can never pass for it


def edited(defect: Defect, file: str, text: str) -> str:
    for edit in defect.edits:
        if edit.file == file:
            times = text.count(edit.find)
            if times != 1:
                pytest.fail(
                    f"adapt the defect '{defect}' in defects.yaml: {file} has {times} times: {edit.find}", pytrace=False
                )
            text = text.replace(edit.find, edit.put)
    return text


@cache
def claims() -> Mapping[str, tuple[Path, ...]]:
    """The scenario files that claim each requirement; those named after it first."""
    claimed: dict[str, list[tuple[bool, Path]]] = {requirement: [] for requirement in REQUIREMENTS}
    for file in scenario_files([ROOT / "scenarios"]):
        scenario = yaml.load(file.read_text("utf-8"), yaml.CSafeLoader)
        for requirement in scenario["requirements"]:
            claimed[requirement].append((not scenario["id"].startswith(requirement), file))
    return {requirement: tuple(file for _, file in sorted(found)) for requirement, found in claimed.items()}
