"""What a scenario consists of, once it is read: steps, rows, scenarios. Plain frozen data with their places."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from harness.actions import Action, Device, Who


@dataclass(frozen=True, slots=True)
class Place:
    """Where in a file something stands; line counts from 1."""

    file: Path
    line: int

    def __str__(self) -> str:
        return f"{self.file}:{self.line}"


@dataclass(frozen=True, slots=True)
class Act:
    """A person acts. `refused` or `accepted` is what the file itself asks for; the rules are asked in any case.

    Where the page leaves the system a choice (when it releases), one of several reasons may be given: `refused` names
    all that a right system can give, the rules say which it is.
    """

    action: Action
    place: Place
    refused: tuple[str, ...] = ()
    accepted: tuple[str, ...] | None = None  # notes that must be among those given


@dataclass(frozen=True, slots=True)
class ArmFault:
    """A fault is armed for `times` matching events in a row, beginning with the `nth` from here on."""

    emulator: str
    kind: str
    parameters: Mapping[str, Any]
    place: Place
    nth: int = 1
    times: int = 1


@dataclass(frozen=True, slots=True)
class Wait:
    """Time passes: working days (of the insurer's calendar), and any true duration; or all the time that a release
    of account and card may take from now on."""

    place: Place
    workdays: int = 0
    duration: timedelta = timedelta(0)
    until_release_due: bool = False


@dataclass(frozen=True, slots=True)
class Until:
    """Time passes until a moment."""

    moment: datetime
    place: Place


@dataclass(frozen=True, slots=True)
class SetPhone:
    """Settings of a phone are changed by hand (`nfc_on`, `lock`, `rooted`, `auto_time`, `enrolled`…)."""

    settings: Mapping[str, Any]
    place: Place
    by: Who = "person"
    on: Device = "first"


@dataclass(frozen=True, slots=True)
class Expect:
    """What must be visible now: fields of the view, and counts of the world (`letterbox`, `sms`…)."""

    fields: Mapping[str, Any]
    place: Place
    by: Who = "person"
    on: Device = "first"


Step = Act | ArmFault | Wait | Until | SetPhone | Expect


@dataclass(frozen=True, slots=True)
class Row:
    """One row of a scenario's matrix: a test of its own. `name` is unique within its file."""

    scenario: Scenario
    name: str
    choices: Mapping[str, str]  # choice -> value; `person`/`persona` and `device` always among them
    steps: tuple[Step, ...]

    @property
    def persona(self) -> str:
        return self.choices["person"]

    @property
    def device(self) -> str:
        """A device id or a device class of the catalogue."""
        return self.choices["device"]

    @property
    def title(self) -> str:
        return f"{self.scenario.id}[{self.name}]"


@dataclass(frozen=True, slots=True)
class Scenario:
    """A scenario file after validation. Rows are made by `harness.scenario.matrix`."""

    id: str
    title: str
    requirements: tuple[str, ...]
    file: Path
    line: int = 1
    start: datetime | None = None  # the world's first moment; default: the date of the source page
    land: str | None = None  # whose public holidays count
    second_device: str | None = None  # the person's second device, a catalogue id
    titel: str | None = None  # the title in German, for reports
    severity: str = "normal"
    tags: tuple[str, ...] = ()
    family: bool = False  # rows come from a cover of choices
    profile: Mapping[str, Any] = field(default_factory=dict)  # settings of the insurer profile that differ

    @property
    def told(self) -> str:
        """The title as reports show it: in German where the file has one."""
        return self.titel or self.title
