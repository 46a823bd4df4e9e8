"""Plug-ins: a table in the tree and entry points outside it.

One line in a table, or one entry point in another distribution, makes a plug-in known; it is imported when it
is first asked for.
"""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from importlib import import_module
from importlib.metadata import entry_points
from types import MappingProxyType
from typing import Any


class UnknownPlugin(LookupError):
    """No plug-in has that name; the text lists the known ones and the nearest."""


class Registry:
    """Names to `module:attribute`, in tree and from the entry-point `group`. A name in the tree wins."""

    def __init__(self, group: str, table: Mapping[str, str]) -> None:
        self.group = group
        self.table: Mapping[str, str] = MappingProxyType(dict(table))

    def names(self) -> tuple[str, ...]:
        return tuple(sorted({*self.table, *(e.name for e in entry_points(group=self.group))}))

    def load(self, name: str) -> Any:
        """The object behind `name`. Raises `UnknownPlugin`."""
        if name in self.table:
            module, _, attribute = self.table[name].partition(":")
            return getattr(import_module(module), attribute)
        for point in entry_points(group=self.group, name=name):
            return point.load()
        known = self.names()
        near = difflib.get_close_matches(name, known, 1)
        hint = f"; did you mean '{near[0]}'?" if near else ""
        raise UnknownPlugin(f"no plug-in '{name}' in {self.group}; known: {', '.join(known)}{hint}")
