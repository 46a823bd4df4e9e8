"""JSON Schema (draft 2020-12), as far as our own schema uses it: does a value fit?"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

_TYPES: Mapping[str, type | tuple[type, ...]] = {
    "object": dict,
    "array": list,
    "string": str,
    "integer": int,
    "number": (int, float),
    "boolean": bool,
    "null": type(None),
}
_SAID = frozenset(("title", "description", "default", "format", "$defs", "$schema"))  # they demand nothing


def fits(value: object, schema: Mapping[str, Any], top: Mapping[str, Any]) -> bool:
    """Raises `KeyError` for a keyword that is not known here. `top` is the whole schema, for its `$defs`."""
    return all(_KEYWORDS[word](value, asked, schema, top) for word, asked in schema.items() if word not in _SAID)


def _is(value: object, names: str | list[str]) -> bool:
    kinds = [names] if isinstance(names, str) else names
    return any(isinstance(value, _TYPES[k]) and (k == "boolean" or not isinstance(value, bool)) for k in kinds)


def _properties(value: object, asked: Any, schema: Any, top: Any) -> bool:
    return not isinstance(value, dict) or all(
        fits(value[name], sub, top) for name, sub in asked.items() if name in value
    )


def _additional(value: object, asked: Any, schema: Any, top: Any) -> bool:
    if not isinstance(value, dict):
        return True
    more = [v for name, v in value.items() if name not in schema.get("properties", {})]
    return not more if asked is False else asked is True or all(fits(each, asked, top) for each in more)


def _referred(value: object, asked: str, schema: Any, top: Any) -> bool:
    return fits(value, top["$defs"][asked.rpartition("/")[2]], top)


def _dependent(value: object, asked: Any, schema: Any, top: Any) -> bool:
    return not isinstance(value, dict) or all(set(need) <= set(value) for name, need in asked.items() if name in value)


_KEYWORDS: Mapping[str, Any] = {
    "type": lambda value, asked, schema, top: _is(value, asked),
    "enum": lambda value, asked, schema, top: value in asked,
    "const": lambda value, asked, schema, top: value == asked,
    "oneOf": lambda value, asked, schema, top: sum(fits(value, one, top) for one in asked) == 1,
    "anyOf": lambda value, asked, schema, top: any(fits(value, one, top) for one in asked),
    "not": lambda value, asked, schema, top: not fits(value, asked, top),
    "required": lambda value, asked, schema, top: not isinstance(value, dict) or set(asked) <= set(value),
    "dependentRequired": _dependent,
    "properties": _properties,
    "additionalProperties": _additional,
    "minProperties": lambda value, asked, schema, top: not isinstance(value, dict) or len(value) >= asked,
    "maxProperties": lambda value, asked, schema, top: not isinstance(value, dict) or len(value) <= asked,
    "items": lambda value, asked, schema, top: not isinstance(value, list) or all(fits(v, asked, top) for v in value),
    "minItems": lambda value, asked, schema, top: not isinstance(value, list) or len(value) >= asked,
    "uniqueItems": lambda value, asked, schema, top: (
        not isinstance(value, list) or len(set(map(str, value))) == len(value)
    ),
    "pattern": lambda value, asked, schema, top: not isinstance(value, str) or re.search(asked, value) is not None,
    "minLength": lambda value, asked, schema, top: not isinstance(value, str) or len(value) >= asked,
    "minimum": lambda value, asked, schema, top: not isinstance(value, int | float) or value >= asked,
    "maximum": lambda value, asked, schema, top: not isinstance(value, int | float) or value <= asked,
    "exclusiveMinimum": lambda value, asked, schema, top: not isinstance(value, int | float) or value > asked,
    "exclusiveMaximum": lambda value, asked, schema, top: not isinstance(value, int | float) or value < asked,
    "$ref": _referred,
}
