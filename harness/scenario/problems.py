"""Mistakes in scenario files, told so that the reader can mend them: where, what, what would be right."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import BaseModel
from pydantic_core import ErrorDetails

from harness.errors import BenchError

LISTED = 45  # how many known names a message lists at most


@dataclass(frozen=True, slots=True, order=True)
class Problem:
    """One mistake; `line` counts from 1."""

    line: int
    text: str


class ScenarioError(BenchError):
    """A scenario file cannot be used. The text has one line `file:line: what; known: …` for each mistake."""

    def __init__(self, file: Path, problems: Iterable[Problem]) -> None:
        self.file = file
        self.problems = tuple(sorted(set(problems)))
        super().__init__("\n".join(f"{file}:{problem.line}: {problem.text}" for problem in self.problems))


def known(name: object, names: Iterable[str]) -> str:
    """`known: a, b, c; did you mean 'b'?`"""
    every = list(names)
    shown = ", ".join(every[:LISTED]) + (f", … ({len(every)} in all)" if len(every) > LISTED else "")
    near = difflib.get_close_matches(str(name), every, 1)
    return f"known: {shown}" + (f"; did you mean '{near[0]}'?" if near else "")


def unknown(what: str, name: object, names: Iterable[str]) -> str:
    """`no persona 'adlut'; known: …; did you mean 'adult'?`"""
    return f"no {what} '{name}'; {known(name, names)}"


def explain(detail: ErrorDetails, model: type[BaseModel], of: str) -> str:
    """A validation error of pydantic in the words of a scenario file. `of` names the thing whose field it is."""
    name = ".".join(map(str, detail["loc"]))
    value, context = detail["input"], detail.get("ctx", {})
    match detail["type"]:
        case "extra_forbidden":
            return f"{of} has no field '{name}'; {known(name, model.model_fields)}"
        case "missing":
            return f"{of} needs the field '{name}'"
        case "literal_error":
            return f"'{name}' of {of} cannot be {said(value)}; allowed: {context['expected']}"
        case "string_type":
            return f"'{name}' of {of} must be text, not {said(value)}{_quoted(value)}"
        case _:
            message = detail["msg"].removeprefix("Value error, ")
            if not name:  # it is about the fields together
                return f"{of} cannot be so: {message}"
            return f"'{name}' of {of} cannot be {said(value)}: {message[:1].lower()}{message[1:]}"


def said(value: object) -> str:
    """A value as it may stand in a YAML file."""
    match value:
        case None:
            return "empty"
        case bool():
            return "true" if value else "false"
        case str():
            return repr(value)
        case dict():
            return "a mapping"
        case list() | tuple():
            return "a list"
        case _:
            return str(value)


def _quoted(value: Any) -> str:
    return "; put it in quotation marks" if isinstance(value, int | float) else ""


def duplicates(names: Sequence[str]) -> list[str]:
    """Names that are given more than once, in order."""
    return [name for index, name in enumerate(names) if name in names[:index]]
