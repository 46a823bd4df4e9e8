"""From the choices of a scenario to its rows: full product, or a cover of all pairs or triples."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import product

from harness.names import Cover

from .constraints import Choices, Constraint
from .cover import cover
from .recipe import Recipe, steps_of
from .steps import Row, Scenario

_STRENGTH: Mapping[Cover, int | None] = {"pairwise": 2, "three-wise": 3, "all": None}


@dataclass(frozen=True, slots=True)
class Family:
    """A validated scenario file: what its rows share, and the choices that tell them apart, in file order.

    `cover` is `None` for a plain matrix (lists of people and devices), which is always run in full.
    """

    scenario: Scenario
    recipe: Recipe
    choices: Mapping[str, tuple[str, ...]]
    constraints: tuple[Constraint, ...] = ()
    cover: Cover | None = None

    def drafts(self, wanted: Cover | None = None) -> list[Draft]:
        """The rows, in a fixed order; `wanted` wins over the file's cover where the file has choices to cover.

        A row's name does not depend on the cover, so a row of any cover is found again among all.
        """
        rows = allowed(self.choices, self.constraints)
        varied = [name for name, values in self.choices.items() if len(values) > 1] or [_device(self.choices)]
        taken: dict[str, int] = {}
        names = [_unique("-".join(row[choice] for choice in varied), taken) for row in rows]
        drafts = [Draft(self, name, row) for name, row in zip(names, rows, strict=True)]
        strength = _STRENGTH[wanted or self.cover] if self.cover is not None else None
        return drafts if strength is None else [drafts[index] for index in cover(rows, strength)]


@dataclass(frozen=True, slots=True)
class Draft:
    """A row that has its name and choices; its steps are composed when it is run."""

    family: Family
    name: str
    choices: Choices

    @property
    def device(self) -> str:
        """A device, or the class of devices that stands for one."""
        return self.choices[_device(self.choices)]

    def row(self) -> Row:
        """The row with all its steps. Raises `ScenarioError` if a path lacks a choice."""
        choices = {**self.choices, "device": self.device}
        return Row(self.family.scenario, self.name, choices, steps_of(self.family.recipe, choices))


def allowed(choices: Mapping[str, Sequence[str]], constraints: Iterable[Constraint]) -> list[Choices]:
    """All combinations of the choices that every constraint allows, the last choice varying fastest."""
    rules = tuple(constraints)
    made = (dict(zip(choices, values, strict=True)) for values in product(*choices.values()))
    return [row for row in made if all(rule.allows(row) for rule in rules)]


def _device(choices: Mapping[str, object]) -> str:
    return "device_class" if "device_class" in choices else "device"


def _unique(name: str, taken: dict[str, int]) -> str:
    """Values may hold a `-` themselves, so two rows can come to the same name: the later one gets a number."""
    taken[name] = taken.get(name, 0) + 1
    return name if taken[name] == 1 else f"{name}~{taken[name]}"
