"""JSON Schema of scenario files, for editors that complete and check while one writes (draft 2020-12)."""

from __future__ import annotations

from typing import Any

from emulators.phone.phone import Settings

from .constraints import CONSTRAINTS
from .format import ScenarioShape
from .reader import RELEASE_DUE, Duration, Role
from .vocabulary import Vocabulary

Schema = dict[str, Any]
DRAFT = "https://json-schema.org/draft/2020-12/schema"


def schema(words: Vocabulary) -> Schema:
    """The schema of a file that may use these names."""
    shape = ScenarioShape.model_json_schema()
    properties: Schema = shape["properties"]
    personas, devices = _enum(words.personas), _enum(words.devices)
    properties["person"] = _one_or_many(personas)
    properties["device"] = _one_or_many(devices)
    properties["second_device"] = devices
    properties["land"] = _enum(words.laender)
    properties["requirements"]["items"] = _enum(words.requirements)
    properties["only_if"] = {"type": "array", "items": _enum(CONSTRAINTS)}
    choices = {name: _one_or_many(_enum(values)) for name, values in words.choices.items()}
    choices |= {"person": _one_or_many(personas), "device": _one_or_many(devices)}
    properties["choices"] = {"type": "object", "properties": choices, "additionalProperties": False}
    properties["path"] = _path(words)
    properties["steps"] = {"type": "array", "minItems": 1, "items": {"oneOf": _steps(words)}}
    return _with_definitions_on_top(
        {
            "$schema": DRAFT,
            "title": "Prüfstand: scenario file",
            "description": (ScenarioShape.__doc__ or "").strip(),
            "type": "object",
            "additionalProperties": False,
            "required": ["id", "title", "requirements"],
            "oneOf": [{"required": ["steps"]}, {"required": ["path"]}],
            "properties": properties,
        }
    )


def _with_definitions_on_top(made: Schema) -> Schema:
    """Pydantic puts the definitions of a model beside the model, but refers to them from the top of the document."""
    definitions: Schema = {}

    def lifted(part: Any) -> Any:
        if isinstance(part, list):
            return [lifted(each) for each in part]
        if not isinstance(part, dict):
            return part
        definitions.update(part.get("$defs", {}))
        return {key: lifted(value) for key, value in part.items() if key != "$defs"}

    top = lifted(made)
    return {**top, "$defs": definitions} if definitions else dict(top)


def _steps(words: Vocabulary) -> list[Schema]:
    outcomes = {
        "refused": _one_or_many({"type": "string"}),
        "accepted": {"type": "array", "items": {"type": "string"}},
    }
    actions = [_step(verb, _fields(action.model_json_schema()), outcomes) for verb, action in words.verbs.items()]
    roles = Role.model_json_schema()["properties"]
    expected = {name: _seen(allowed) for name, allowed in words.expected.items() if name not in words.listed}
    expected |= {name: {"type": "array", "items": _enum(listed)} for name, listed in words.listed.items()}
    settings = Settings.model_json_schema()
    changes = {name: _in_seconds(value) for name, value in settings["properties"].items()}
    phone = {**settings, "properties": {**changes, **roles}}
    return [
        *actions,
        _step("fault", _faults(words)),
        _step("wait", {"oneOf": [{"const": RELEASE_DUE}, {**Duration.model_json_schema(), "minProperties": 1}]}),
        _step("until", {"type": "string", "pattern": r"^\d{4}-\d{2}-\d{2}( \d{2}:\d{2}(:\d{2})?)?$"}),
        _step("phone", phone),
        _step("expect", {"type": "object", "properties": {**expected, **roles}, "additionalProperties": False}),
        _step("path", _path(words)),
    ]


def _in_seconds(value: Schema) -> Schema:
    """A duration may be given as a number of seconds, too: pydantic takes both and names one."""
    return {**value, "type": ["string", "number"]} if value.get("format") == "duration" else value


def _step(verb: str, value: Schema, more: Schema | None = None) -> Schema:
    return {
        "type": "object",
        "properties": {verb: value, **(more or {})},
        "required": [verb],
        "additionalProperties": False,
    }


def _fields(model: Schema) -> Schema:
    """An action's fields; an action that needs none may be left empty."""
    return model if model.get("required") else {**model, "type": ["object", "null"]}


_COUNTS: Schema = {
    "nth": {"type": "integer", "minimum": 1, "description": "which event it strikes first, 1 is the next"},
    "times": {"type": "integer", "minimum": 1, "description": "how many events in a row it strikes"},
}


def _faults(words: Vocabulary) -> Schema:
    emulators: Schema = {}
    for emulator, kinds in words.faults.items():
        with_parameters: Schema = {}
        for kind, fault in kinds.items():
            model = fault.model_json_schema()
            with_parameters[kind] = _fields({**model, "properties": {**model.get("properties", {}), **_COUNTS}})
        one = {"type": "object", "properties": with_parameters, "additionalProperties": False, "maxProperties": 1}
        emulators[emulator] = {"oneOf": [_enum(kinds), one]}
    return {"type": "object", "properties": emulators, "additionalProperties": False, "maxProperties": 1}


def _path(words: Vocabulary) -> Schema:
    named: list[Schema] = []
    for name, path in words.paths.items():
        fields = {"name": {"const": name}, **{choice: _enum(words.choices[choice]) for choice in path.reads}}
        named.append({"type": "object", "properties": fields, "required": ["name"], "additionalProperties": False})
    return {"oneOf": [_enum(words.paths), *named]}


def _seen(allowed: tuple[str | type, ...]) -> Schema:
    forms: dict[type, Schema] = {
        int: {"type": "integer"},
        str: {"type": "string"},
    }
    fixed = [form for form in allowed if isinstance(form, str)]
    kinds = [forms[form] for form in allowed if not isinstance(form, str)]
    every = [*([_enum(fixed)] if fixed else []), *kinds]
    return every[0] if len(every) == 1 else {"anyOf": every}


def _enum(names: Any) -> Schema:
    return {"enum": list(names)}


def _one_or_many(one: Schema) -> Schema:
    return {"oneOf": [one, {"type": "array", "items": one, "minItems": 1, "uniqueItems": True}]}
