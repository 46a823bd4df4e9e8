"""YAML with the line of everything in it, and without the parts of YAML that surprise.

Words stay words: `on`, `yes` and `no` are not truth values and a date is text, unlike in YAML 1.1. A key given
twice, an alias or a merge key is a mistake: scenario files are poor on purpose.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import yaml

from .problems import Problem, ScenarioError

_BOOL, _TIMESTAMP, _MERGE = (f"tag:yaml.org,2002:{name}" for name in ("bool", "timestamp", "merge"))


class _Loader(yaml.CSafeLoader):
    """The safe loader with fewer ideas of its own."""

    yaml_implicit_resolvers = {  # noqa: RUF012 (its base class declares it so)
        first: [(tag, pattern) for tag, pattern in rules if tag not in (_BOOL, _TIMESTAMP, _MERGE)]
        for first, rules in yaml.CSafeLoader.yaml_implicit_resolvers.items()
    }


_Loader.add_implicit_resolver(_BOOL, re.compile("^(?:true|false)$"), list("tf"))


@dataclass(frozen=True, slots=True)
class Tree:
    """A YAML file: plain data, and where each part of it stands."""

    data: dict[str, object]
    root: yaml.MappingNode

    def line(self, *path: str | int) -> int:
        """The line, counted from 1, of what `path` leads to, or of the last part of it that exists."""
        node: yaml.Node = self.root
        line = _line(node)
        for part in path:
            found = _child(node, part)
            if found is None:
                break
            line, node = found
        return line


def read_tree(path: Path, shown: Path) -> Tree:
    """Read a YAML file that holds one mapping. Raises `ScenarioError`, in which the file is called `shown`."""
    raw = path.read_bytes()
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        raise ScenarioError(shown, [Problem(line, f"not UTF-8: byte 0x{raw[error.start]:02X}")]) from error
    try:
        loader = _Loader(text)
        root = loader.get_single_node()
        if isinstance(root, yaml.MappingNode):
            _refuse_surprises(root, shown)
            return Tree(loader.construct_document(root), root)
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        context = f" {error.context}" if error.context else ""
        raise ScenarioError(shown, [Problem(line, f"not YAML: {error.problem}{context}")]) from error
    except RecursionError as error:
        raise ScenarioError(shown, [Problem(1, "not a scenario: nested hundreds of levels deep")]) from error
    except yaml.YAMLError as error:
        raise ScenarioError(shown, [Problem(1, f"not YAML: {' '.join(str(error).split())}")]) from error
    kind = {yaml.SequenceNode: "a list", yaml.ScalarNode: "a single value"}.get(type(root), "empty")
    raise ScenarioError(shown, [Problem(1, f"a scenario file is a mapping (id, title, …), this one is {kind}")])


def _refuse_surprises(root: yaml.MappingNode, shown: Path) -> None:
    problems = list(_surprises(root, set()))
    if problems:
        raise ScenarioError(shown, problems)


def _surprises(node: yaml.Node, seen: set[int]) -> Iterator[Problem]:
    if id(node) in seen:  # an alias is the very node that the anchor names
        yield Problem(_line(node), "aliases (&name, *name) are not allowed: write it out")
        return
    seen.add(id(node))
    if isinstance(node, yaml.ScalarNode):
        return
    if isinstance(node, yaml.SequenceNode):
        for item in node.value:
            yield from _surprises(item, seen)
        return
    keys: set[str] = set()
    for key, value in node.value:
        if not isinstance(key, yaml.ScalarNode) or key.tag != "tag:yaml.org,2002:str":
            yield Problem(_line(key), "a key must be text; put it in quotation marks")
        elif key.value in keys:
            yield Problem(_line(key), f"the key '{key.value}' is given twice")
        else:
            keys.add(key.value)
        yield from _surprises(value, seen)


def _child(node: yaml.Node, part: str | int) -> tuple[int, yaml.Node] | None:
    """Line and node of one part: a mapping's entry stands where its key stands."""
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            if key.value == part:
                return _line(key), value
    elif isinstance(node, yaml.SequenceNode) and isinstance(part, int) and part < len(node.value):
        return _line(node.value[part]), node.value[part]
    return None


def _line(node: yaml.Node) -> int:
    return int(node.start_mark.line) + 1
