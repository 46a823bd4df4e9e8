"""A scenario told in German, for reviewers who do not read YAML: what a person would do, step by step."""

from __future__ import annotations

from harness.telling import title_of

from .steps import Row


def prose(row: Row) -> str:
    """A whole row: title, person and device, and its steps, numbered."""
    head = f"{row.scenario.told}\n{row.title}: Person {row.persona}, Gerät {row.device}\n"
    return head + "".join(f"{number:>4}. {title_of(step)}\n" for number, step in enumerate(row.steps, 1))
