"""From the mappings of a file to its steps. Every mistake is noted, none stops the reading of the other steps."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import Annotated, Any, NoReturn, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from emulators.core.clock import BERLIN
from emulators.phone.phone import Settings
from harness.actions import Device, Who

from .problems import Problem, explain, known, said, unknown
from .recipe import PathStep, Recipe
from .steps import Act, ArmFault, Expect, Place, SetPhone, Step, Until, Wait
from .tree import Tree
from .vocabulary import Vocabulary

Where = tuple[str | int, ...]  # the way from the top of the file: keys and indices
Count = Annotated[int, Field(ge=0, strict=True)]
Amount = Annotated[float, Field(ge=0)]
_M = TypeVar("_M", bound=BaseModel)

LONGEST_WAIT = timedelta(days=100 * 365)
RELEASE_DUE = "release_due"  # waiting until a release of account and card would be overdue
_OUTCOMES = ("refused", "accepted")
_FORMS: Mapping[type, str] = {int: "a number", str: "a text", tuple: "a list of words"}
_MOMENTS = ("%Y-%m-%d %H:%M", "%Y-%m-%d %H:%M:%S", "%Y-%m-%d")


class Duration(BaseModel):
    """How long to wait: working days, then any true time."""

    model_config = ConfigDict(extra="forbid")
    workdays: Count = 0
    days: Amount = 0
    hours: Amount = 0
    minutes: Amount = 0
    seconds: Amount = 0


class Role(BaseModel):
    """Who, and on which of their devices."""

    model_config = ConfigDict(extra="forbid")
    by: Who = "person"
    on: Device = "first"


class _Mistakes(Exception):
    """What is wrong with a step; never leaves this module."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        super().__init__()
        self.problems = tuple(problems)


def moment(text: object) -> datetime:
    """`2021-04-06 09:00` or `2021-04-06` (midnight), Europe/Berlin. Raises `ValueError`."""
    for form in _MOMENTS if isinstance(text, str) else ():
        try:
            return datetime.strptime(str(text), form).replace(tzinfo=BERLIN)
        except ValueError:
            continue
    raise ValueError(f"{said(text)} is not a moment such as '2021-04-06 09:00'")


def _words(value: object) -> tuple[str, ...] | None:
    """One word or a list of them; `None` for anything else."""
    every = [value] if isinstance(value, str) else value
    return tuple(every) if isinstance(every, list) and all(isinstance(word, str) for word in every) else None


class StepReader:
    """Reads the steps of one file. `problems` grows as it goes; a step with a mistake is left out."""

    def __init__(self, file: Path, tree: Tree, words: Vocabulary) -> None:
        self.file = file
        self.tree = tree
        self.words = words
        self.problems: list[Problem] = []
        self._special: Mapping[str, Callable[[object, Where], Step | PathStep]] = {
            "fault": self._fault,
            "wait": self._wait,
            "until": self._until,
            "phone": self._phone,
            "expect": self._expect,
            "path": self._path,
        }

    def steps(self, values: list[Any]) -> Recipe:
        """The steps of the list `steps` of the file."""
        steps: list[Step | PathStep] = []
        for index, value in enumerate(values):
            try:
                steps.append(self._step(value, ("steps", index)))
            except _Mistakes as mistakes:
                self.problems += mistakes.problems
        return tuple(steps)

    def path(self, value: object) -> Recipe:
        """The one path of a file that has no `steps`."""
        try:
            return (self._path(value, ("path",)),)
        except _Mistakes as mistakes:
            self.problems += mistakes.problems
            return ()

    def choice(self, name: str, value: object, at: Where) -> list[Problem]:
        """What is wrong about one value of a choice."""
        values = {**self.words.choices, "person": tuple(self.words.personas), "device": self.words.devices}
        if name not in values:
            return [self._problem(at, unknown("choice", name, values))]
        if value not in values[name]:
            what = {"person": "persona", "device": "device"}.get(name, f"value of '{name}'")
            return [self._problem(at, unknown(what, value, values[name]))]
        return []

    def _step(self, value: object, at: Where) -> Step | PathStep:
        if not isinstance(value, dict) or not value:
            example = f"{value}: {{}}" if isinstance(value, str) else "request_letter: {}"
            self._reject(at, f"a step is a mapping such as '- {example}', not {said(value)}")
        verbs = [key for key in value if key not in _OUTCOMES]
        if len(verbs) != 1:
            self._reject(at, f"a step has one verb, this one has {' and '.join(verbs) or 'none'}")
        verb = verbs[0]
        if verb in self.words.verbs:
            return self._act(verb, value, at)
        if verb not in self._special:
            self._reject((*at, verb), unknown("action", verb, (*self.words.verbs, *self._special)))
        if len(value) > 1:
            self._reject(at, f"'refused' and 'accepted' are said of actions, not of '{verb}'")
        return self._special[verb](value[verb], (*at, verb))

    def _act(self, verb: str, step: dict[str, Any], at: Where) -> Act:
        refused, accepted = step.get("refused"), step.get("accepted")
        if len(step) > 2:
            self._reject(at, f"'{verb}' cannot be both refused and accepted")
        reasons, notes = _words(refused), _words(accepted) if "accepted" in step else ()
        if "refused" in step and not reasons:
            self._reject((*at, "refused"), f"'refused' takes a reason such as 'code_wrong', not {said(refused)}")
        if notes is None:
            self._reject((*at, "accepted"), f"'accepted' takes a list of notes, not {said(accepted)}")
        action = self._valid(self.words.verbs[verb], step[verb], (*at, verb), f"'{verb}'")
        given = self.words.reasons(action)
        for reason in reasons or ():
            if reason not in given:
                self._reject((*at, "refused"), f"'{verb}' is never refused with '{reason}'; {known(reason, given)}")
        return Act(action, self._place(at), reasons or (), notes if "accepted" in step else None)

    def _fault(self, value: object, at: Where) -> ArmFault:
        """`{post: lost}` or `{post: {late: {workdays: 5, nth: 2, times: 3}}}`."""
        if not isinstance(value, dict) or len(value) != 1:
            self._reject(at, f"'fault' takes one emulator with its fault, such as {{post: lost}}, not {said(value)}")
        ((emulator, fault),) = value.items()
        if emulator not in self.words.faults:
            self._reject((*at, emulator), unknown("emulator", emulator, self.words.faults))
        kinds = self.words.faults[emulator]
        if not isinstance(fault, str) and not (isinstance(fault, dict) and len(fault) == 1):
            self._reject((*at, emulator), f"'{emulator}' takes one fault, not {said(fault)}; {known('', kinds)}")
        kind, parameters = (fault, {}) if isinstance(fault, str) else next(iter(fault.items()))
        place = (*at, emulator) if isinstance(fault, str) else (*at, emulator, kind)
        if kind not in kinds:
            self._reject(place, f"fault '{kind}' is not known to '{emulator}'; {known(kind, kinds)}")
        given = dict(parameters) if isinstance(parameters, dict) else parameters or {}
        counts = {name: given.pop(name, 1) if isinstance(given, dict) else 1 for name in ("nth", "times")}
        for name, count in counts.items():
            if type(count) is not int or count < 1:
                self._reject((*place, name), f"'{name}' counts events from 1, it cannot be {said(count)}")
        self._valid(kinds[kind], given, place, f"fault '{kind}' of '{emulator}'")
        return ArmFault(emulator, kind, given, self._place(at), **counts)

    def _wait(self, value: object, at: Where) -> Wait:
        """`{workdays: 3}`, or `release_due`."""
        if value == RELEASE_DUE:
            return Wait(self._place(at), until_release_due=True)
        time = self._valid(Duration, value, at, "'wait'")
        try:
            true = timedelta(days=time.days, hours=time.hours, minutes=time.minutes, seconds=time.seconds)
            too_long = max(true, timedelta(days=time.workdays)) > LONGEST_WAIT
        except (OverflowError, ValueError):  # beyond what Python counts, or not a number
            too_long = True
        if too_long:
            self._reject(at, f"'wait' is for {LONGEST_WAIT.days // 365} years at most")
        if not time.workdays and not true:
            self._reject(at, f"'wait' needs some time; {known('', (*Duration.model_fields, RELEASE_DUE))}")
        return Wait(self._place(at), time.workdays, true)

    def _until(self, value: object, at: Where) -> Until:
        try:
            return Until(moment(value), self._place(at))
        except ValueError as error:
            self._reject(at, f"'until': {error}")

    def _phone(self, value: object, at: Where) -> SetPhone:
        settings, role = self._parted(value, at, "'phone'")
        if not settings:
            self._reject(at, f"'phone' needs a setting; {known('', self.words.phone_settings)}")
        self._valid(Settings, settings, at, "'phone'")
        return SetPhone(settings, self._place(at), role.by, role.on)

    def _expect(self, value: object, at: Where) -> Expect:
        given, role = self._parted(value, at, "'expect'")
        if not given:
            self._reject(at, f"'expect' needs a field; {known('', self.words.expected)}")
        problems = [p for name, wanted in given.items() for p in self._expectable(name, wanted, (*at, name))]
        if problems:
            raise _Mistakes(problems)
        fields = {name: tuple(wanted) if isinstance(wanted, list) else wanted for name, wanted in given.items()}
        return Expect(fields, self._place(at), role.by, role.on)

    def _expectable(self, field: str, value: object, at: Where) -> list[Problem]:
        if field not in self.words.expected:
            return [self._problem(at, unknown("field to expect", field, (*self.words.expected, *Role.model_fields)))]
        allowed = self.words.expected[field]
        if isinstance(value, list) and all(isinstance(word, str) for word in value):
            value = tuple(value)
        if isinstance(value, tuple) and field in self.words.listed:
            words = self.words.listed[field]
            return [self._problem(at, unknown(f"word in '{field}'", w, words)) for w in value if w not in words]
        if type(value) in allowed or (isinstance(value, str) and value in allowed):
            return []
        forms = ", ".join(form if isinstance(form, str) else _FORMS[form] for form in allowed)
        return [self._problem(at, f"'{field}' cannot be expected to be {said(value)}; allowed: {forms}")]

    def _path(self, value: object, at: Where) -> PathStep:
        """`onboard`, or `{name: onboard, login: card}` with choices of its own."""
        choices = {"name": value} if isinstance(value, str) else dict(value) if isinstance(value, dict) else {}
        name = choices.pop("name", None)
        if not isinstance(name, str):
            self._reject(at, f"'path' needs the name of a path; {known('', self.words.paths)}")
        if name not in self.words.paths:
            self._reject(at, unknown("path", name, self.words.paths))
        problems = [p for choice, made in choices.items() for p in self._path_choice(name, choice, made, (*at, choice))]
        if problems:
            raise _Mistakes(problems)
        return PathStep(name, self.words.paths[name], choices, self._place(at))

    def _path_choice(self, path: str, choice: str, made: object, at: Where) -> list[Problem]:
        reads = self.words.paths[path].reads
        if choice in reads:
            return self.choice(choice, made, at)
        others = known(choice, reads) if reads else "it has no choices"
        return [self._problem(at, f"the path '{path}' does not depend on '{choice}'; {others}")]

    def _parted(self, value: object, at: Where, of: str) -> tuple[dict[str, Any], Role]:
        """The fields of a step, and apart from them who and on which device."""
        fields = dict(value) if isinstance(value, dict) else {}
        role = {name: fields.pop(name) for name in Role.model_fields if name in fields}
        return fields, self._valid(Role, role, at, of)

    def _valid(self, model: type[_M], value: object, at: Where, of: str) -> _M:
        if value is not None and not isinstance(value, dict):
            self._reject(at, f"{of} takes a mapping of fields, not {said(value)}; {known('', model.model_fields)}")
        try:
            return model.model_validate(value or {})
        except ValidationError as error:
            details = error.errors()
            raise _Mistakes(self._problem((*at, *d["loc"]), explain(d, model, of)) for d in details) from error

    def _place(self, at: Where) -> Place:
        return Place(self.file, self.tree.line(*at))

    def _problem(self, at: Where, text: str) -> Problem:
        return Problem(self.tree.line(*at), text)

    def _reject(self, at: Where, text: str) -> NoReturn:
        raise _Mistakes([self._problem(at, text)])
