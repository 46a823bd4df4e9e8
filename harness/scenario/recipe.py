"""Steps with paths in them: a path is a named composition that is put in its place once the choices are known."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from .paths import Composition
from .problems import Problem, ScenarioError
from .steps import Place, Step


@dataclass(frozen=True, slots=True)
class PathStep:
    """A named composition of steps, with choices of its own that win over the row's."""

    name: str
    compose: Composition
    choices: Mapping[str, str]
    place: Place


Recipe = tuple[Step | PathStep, ...]


def steps_of(recipe: Recipe, choices: Mapping[str, str]) -> tuple[Step, ...]:
    """The steps of one row. Raises `ScenarioError` if a path needs a choice that nobody made."""
    steps: list[Step] = []
    for part in recipe:
        if isinstance(part, PathStep):
            steps.extend(_composed(part, choices))
        else:
            steps.append(part)
    return tuple(steps)


def _composed(path: PathStep, choices: Mapping[str, str]) -> tuple[Step, ...]:
    try:
        return path.compose({**choices, **path.choices}, path.place)
    except LookupError as error:
        problem = Problem(path.place.line, f"the path '{path.name}' needs a choice of {error}")
        raise ScenarioError(path.place.file, [problem]) from error
