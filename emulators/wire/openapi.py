"""What descriptions in OpenAPI 3.1 are made of: an API lists its operations, its types give the schemas.

Source: OpenAPI Specification 3.1.1.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any, Literal

from pydantic import TypeAdapter

Schema = dict[str, Any]

_REF = "#/components/schemas/{model}"


def reference(name: str) -> Schema:
    """The schema of that name, which is described among the components."""
    return {"$ref": _REF.format(model=name)}


def json_content(schema: Schema) -> Schema:
    """The content of a body in JSON."""
    return {"application/json": {"schema": schema}}


def schemas(shapes: Mapping[str, TypeAdapter[Any]]) -> Schema:
    """The components: each of `shapes` by its name, and by their own names all types that they are made of."""
    made, below = TypeAdapter.json_schemas(
        [(name, "validation", adapter) for name, adapter in shapes.items()], ref_template=_REF
    )
    named = {name: schema for (name, _), schema in made.items() if schema != reference(str(name))}
    return {**below.get("$defs", {}), **named}


def parameter(name: str, place: Literal["path", "query"], about: str, schema: Schema, *, required: bool) -> Schema:
    """One parameter of an operation."""
    return {"name": name, "in": place, "required": required, "description": about, "schema": schema}


def names_in(path: str) -> list[str]:
    """The parameters in a path, as in `/message/{id}`."""
    return re.findall(r"{(\w+)}", path)


def operation(
    path: str,
    method: str,
    about: str,
    parameters: Iterable[Schema],
    responses: Mapping[int, tuple[str, Mapping[str, Any]]],
    body: tuple[bool, Schema] | None = None,
) -> Schema:
    """What can be asked at a path. `responses` are, by status, what it means and its content.

    `body` is whether there must be one, and its content.
    """
    described: Schema = {
        "operationId": re.sub(r"\W+", "_", f"{method} {path}").strip("_").lower(),
        "summary": about,
        "parameters": list(parameters),
        "responses": {
            str(status): {"description": what, "content": content} for status, (what, content) in responses.items()
        },
    }
    if body is not None:
        required, content = body
        described["requestBody"] = {"required": required, "content": content}
    return described


def document(
    title: str, version: str, about: str, operations: Mapping[tuple[str, str], Schema], components: Schema
) -> Schema:
    """The whole description. `operations` are by path and method; `components` are OpenAPI's, by their kind."""
    paths: Schema = {}
    for (path, method), described in operations.items():
        paths.setdefault(path, {})[method.lower()] = described
    return {
        "openapi": "3.1.0",
        "info": {"title": title, "version": version, "description": about},
        "paths": paths,
        "components": components,
    }


def below(described: Schema, base: str) -> Schema:
    """A description as it is served: `base` is what stands in front of its paths, as `/worlds/NAME` (`root_path`)."""
    return {**described, "servers": [{"url": base or "/"}]}
