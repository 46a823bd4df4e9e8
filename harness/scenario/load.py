"""Reading a scenario file: from text to a family of rows, or to a list of all that is wrong with it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from pathlib import Path

from pydantic import ValidationError

from emulators.core.personas import Kind
from harness.errors import BenchError
from harness.names import DEFAULT_COVER, PERSONAS_FILE
from harness.profile import InsurerProfile

from .constraints import CONSTRAINTS
from .format import RESERVED_TAGS, ScenarioShape
from .matrix import Family
from .problems import Problem, ScenarioError, duplicates, explain, unknown
from .reader import StepReader, Where, moment
from .recipe import PathStep, Recipe
from .steps import Act, Expect, Place, Scenario, SetPhone, Step
from .tree import Tree, read_tree
from .vocabulary import OF_THE_WORLD, Vocabulary, vocabulary


def load(path: Path, shown: Path | None = None) -> Family:
    """Read one scenario file, called `shown` in messages and places (default: as given).

    Raises `ScenarioError` with every mistake in it; `BenchError` if the personas beside it cannot be read.
    """
    shown = shown or path
    try:
        tree = read_tree(path, shown)
    except OSError as error:
        raise ScenarioError(shown, [Problem(1, f"cannot be read: {error.strerror}")]) from error
    return _Loader(shown, tree, vocabulary(path)).family()


def scenario_files(paths: Iterable[Path]) -> list[Path]:
    """All scenario files at or below the given files and folders, in order of their names; never `personas.yaml`."""
    found: dict[Path, None] = {}
    for path in paths:
        files = sorted(path.rglob("*.yaml")) if path.is_dir() else [path]
        found.update(dict.fromkeys(file for file in files if file.name != PERSONAS_FILE))
    return list(found)


def load_all(files: Sequence[Path]) -> tuple[list[Family], list[BenchError]]:
    """All families, and what is wrong with the other files."""
    families: list[Family] = []
    errors: list[BenchError] = []
    first: dict[str, Place] = {}
    for file in files:
        try:
            family = load(file)
            scenario = family.scenario
            if scenario.id in first:
                raise twice(family, first[scenario.id])
            first[scenario.id] = Place(scenario.file, scenario.line)
            families.append(family)
        except BenchError as error:
            errors.append(error)
    return families, errors


def twice(family: Family, first: Place) -> ScenarioError:
    """The error for an id that another file has already."""
    scenario = family.scenario
    return ScenarioError(scenario.file, [Problem(scenario.line, f"id '{scenario.id}' is taken already by {first}")])


class _Loader:
    """One reading of one file."""

    def __init__(self, file: Path, tree: Tree, words: Vocabulary) -> None:
        self.file, self.tree, self.words = file, tree, words
        self.reader = StepReader(file, tree, words)
        self.problems = self.reader.problems

    def family(self) -> Family:
        shape = self._shape()
        choices = self._choices(shape)
        self._names(shape)
        self._profile(shape)
        recipe = self.reader.path(shape.path) if shape.steps is None else self.reader.steps(shape.steps)
        self._effects(shape, recipe)
        self._cast(shape, recipe, choices["person"])
        start = self._moment("start", shape.start)
        if self.problems:
            raise ScenarioError(self.file, self.problems)
        scenario = Scenario(
            id=shape.id,
            title=shape.title,
            titel=shape.titel,
            requirements=shape.requirements,
            file=self.file,
            line=self.tree.line("id"),
            start=start,
            land=shape.land,
            second_device=shape.second_device,
            severity=shape.severity,
            tags=shape.tags,
            family=shape.choices is not None,
            profile=shape.profile,
        )
        family = Family(
            scenario=scenario,
            recipe=recipe,
            choices=choices,
            constraints=tuple(CONSTRAINTS[name] for name in shape.only_if),
            cover=(shape.cover or DEFAULT_COVER) if shape.choices else None,
        )
        self._first_row(family)
        return family

    def _shape(self) -> ScenarioShape:
        """The file's top level. Raises at once if it does not fit, with what is wrong in the steps as well."""
        try:
            return ScenarioShape.model_validate(self.tree.data)
        except ValidationError as error:
            for detail in error.errors():
                text = explain(detail, ScenarioShape, "a scenario") if detail["loc"] else _sentence(detail["msg"])
                self._wrong(detail["loc"], text)
        steps = self.tree.data.get("steps")
        if isinstance(steps, list):
            self.reader.steps(steps)
        raise ScenarioError(self.file, self.problems)

    def _choices(self, shape: ScenarioShape) -> Mapping[str, tuple[str, ...]]:
        """All that tells rows apart, in the order of the file."""
        made: dict[str, tuple[str, ...]] = {}
        for key in self.tree.data:
            if key in ("person", "device"):
                made[key] = getattr(shape, key)
            elif key == "choices":
                made.update(shape.choices or {})
        made.setdefault("person", shape.person)
        if "device_class" not in made:
            made.setdefault("device", shape.device)
        for name, values in made.items():
            at: Where = ("choices", name) if name in (shape.choices or {}) else (name,)
            for index, value in enumerate(values):
                self.problems += self.reader.choice(name, value, (*at, index))
            for value in duplicates(values):
                self._wrong(at, f"'{value}' is listed twice in '{name}'")
        for index, name in enumerate(shape.only_if):
            self._constraint(name, made, ("only_if", index))
        return made

    def _effects(self, shape: ScenarioShape, recipe: Recipe) -> None:
        """A choice that neither the world nor a path depends on would play the same row several times."""
        paths = [part for part in recipe if isinstance(part, PathStep)]
        for name in shape.choices or {}:
            read = any(name in path.compose.reads and name not in path.choices for path in paths)
            if name in self.words.choices and name not in OF_THE_WORLD and not read:
                self._wrong(("choices", name), f"no path in this file depends on the choice '{name}'")

    def _cast(self, shape: ScenarioShape, recipe: Recipe, personas: Iterable[str]) -> None:
        """Whoever acts or is spoken of must live in the world, and every device must have been given to somebody."""
        alone = [p for p in personas if p in self.words.personas and self.words.personas[p].kind is not Kind.CHILD]
        for step in recipe:
            meant = _meant(step)
            if "guardian" in meant and alone:
                self._wrong_at(step, f"nobody plays 'guardian': '{alone[0]}' is no child, and only a child has one")
            if "second" in meant and shape.second_device is None:
                self._wrong_at(
                    step, "there is no second device: say at the top which one, as in 'second_device: pixel-6'"
                )
            if (who := _who(step)) is not None and who[1] == "second" and who[0] != "person":
                self._wrong_at(step, f"'{who[0]}' has one device only")

    def _wrong_at(self, step: Step | PathStep, text: str) -> None:
        self.problems.append(Problem(step.place.line, text))

    def _constraint(self, name: str, choices: Mapping[str, tuple[str, ...]], at: Where) -> None:
        if name not in CONSTRAINTS:
            self._wrong(at, unknown("constraint", name, CONSTRAINTS))
            return
        missing = [need for need in CONSTRAINTS[name].needs if need not in choices]
        if missing:
            self._wrong(at, f"the constraint '{name}' needs a choice of {', '.join(missing)}")

    def _names(self, shape: ScenarioShape) -> None:
        for index, requirement in enumerate(shape.requirements):
            if requirement not in self.words.requirements:
                self._wrong(("requirements", index), unknown("requirement", requirement, self.words.requirements))
        if shape.second_device is not None and shape.second_device not in self.words.devices:
            self._wrong(("second_device",), unknown("device", shape.second_device, self.words.devices))
        if shape.land is not None and shape.land not in self.words.laender:
            self._wrong(("land",), unknown("Land", shape.land, self.words.laender))
        for index, tag in enumerate(shape.tags):
            if tag in RESERVED_TAGS:
                self._wrong(("tags", index), f"'{tag}' cannot be a tag: pytest would act on it")

    def _profile(self, shape: ScenarioShape) -> None:
        try:
            InsurerProfile.model_validate(shape.profile)
        except ValidationError as error:
            for detail in error.errors():
                self._wrong(("profile", *detail["loc"]), explain(detail, InsurerProfile, "the profile"))

    def _moment(self, field: str, text: str | None) -> datetime | None:
        try:
            return None if text is None else moment(text)
        except ValueError as error:
            self._wrong((field,), f"'{field}': {error}")
            return None

    def _first_row(self, family: Family) -> None:
        """Make sure that there are rows and that they can be composed: one stands for all."""
        drafts = family.drafts("all")
        if not drafts:
            self._wrong(("only_if",), "no row is left: the constraints exclude every combination of the choices")
            raise ScenarioError(self.file, self.problems)
        drafts[0].row()

    def _wrong(self, at: Where, text: str) -> None:
        self.problems.append(Problem(self.tree.line(*at), text))


def _who(step: Step | PathStep) -> tuple[str, str] | None:
    """Who does or sees it, and on which device."""
    match step:
        case Act(action=action):
            return action.by, action.on
        case Expect() | SetPhone():
            return step.by, step.on
    return None


def _meant(step: Step | PathStep) -> set[object]:
    """Every word in a step that may stand for somebody or for a device."""
    match step:
        case Act(action=action):
            return {value for value in action.model_dump().values() if isinstance(value, str)}
        case Expect() | SetPhone():
            return {step.by, step.on}
    return set()


def _sentence(message: str) -> str:
    return message.removeprefix("Value error, ")
