"""The shape of a scenario file, apart from its steps. What its names stand for is checked by `load`."""

from __future__ import annotations

from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, StrictStr, model_validator

from harness.names import Cover

# A tag becomes a pytest marker, so it must not be one that pytest or a plug-in acts on.
RESERVED_TAGS = frozenset(
    ("skip", "skipif", "xfail", "parametrize", "usefixtures", "filterwarnings", "flaky", "timeout", "xdist_group")
)
_TAG = r"^[a-z][a-z0-9_]*$"
_ID = r"^[A-Za-z0-9][A-Za-z0-9._-]*$"

Severity = Literal["blocker", "critical", "normal", "minor", "trivial"]


def _listed(value: object) -> object:
    return (value,) if isinstance(value, str) else value


Names = Annotated[tuple[StrictStr, ...], BeforeValidator(_listed), Field(min_length=1)]


class ScenarioShape(BaseModel):
    """One scenario: a path (steps in a row), or a family of paths (choices and one composition)."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    id: Annotated[StrictStr, Field(pattern=_ID)]
    """Stays for good: reports keep their history by it."""
    title: Annotated[StrictStr, Field(min_length=1)]
    titel: Annotated[StrictStr, Field(min_length=1)] | None = None
    requirements: Annotated[tuple[StrictStr, ...], Field(min_length=1)]
    person: Names = ("adult",)
    """Personas; a list is a matrix."""
    device: Names = ("pixel-6",)
    """Devices or classes of devices of the catalogue; a list is a matrix."""
    start: StrictStr | None = None
    """The world's first moment, `2021-04-01 16:00`, in Europe/Berlin."""
    land: StrictStr | None = None
    """Whose public holidays count: the two-letter code of a Land."""
    second_device: StrictStr | None = None
    severity: Severity = "normal"
    tags: tuple[Annotated[StrictStr, Field(pattern=_TAG)], ...] = ()
    profile: dict[str, Any] = Field(default_factory=dict)
    """Settings of the insurer profile that differ from the default."""
    steps: Annotated[list[Any], Field(min_length=1)] | None = None
    path: str | dict[str, Any] | None = None
    """A named composition of steps, in place of `steps`."""
    cover: Cover | None = None
    """How much of the family is run; by default each pair of choices once."""
    choices: Annotated[dict[str, Names], Field(min_length=1)] | None = None
    only_if: tuple[StrictStr, ...] = ()
    """Named constraints between choices."""

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        if (self.steps is None) == (self.path is None):
            raise ValueError("exactly one of 'steps' and 'path' is needed")
        if self.choices is None and (self.cover or self.only_if):
            raise ValueError("'cover' and 'only_if' are for files with 'choices'")
        for name in ("person", "device"):
            if name in self.model_fields_set and name in (self.choices or {}):
                raise ValueError(f"'{name}' is given twice, at the top and among the choices")
        if "device" in self.model_fields_set and "device_class" in (self.choices or {}):
            raise ValueError("'device_class' among the choices stands for 'device': give one of them")
        return self
