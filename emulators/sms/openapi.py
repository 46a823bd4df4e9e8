"""Where the REST surfaces describe themselves in OpenAPI 3.1, and what their descriptions have in common.

A description asks for no credentials and no fault strikes it: it tells nothing of any account, and neither Twilio nor
seven.io has anything at its path.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Literal

from pydantic import TypeAdapter

from emulators.wire.openapi import Schema, below, parameter, schemas

from .callback import API_VERSION
from .errors import Rejected
from .surface import Reply, Request

TWILIO, SEVEN = f"/{API_VERSION}/openapi.json", "/api/openapi.json"
PATHS = frozenset({TWILIO, SEVEN})


def respond(request: Request, root_path: str) -> Reply:
    """The description at that path. `root_path` is what stands in front of all paths of the surface."""
    from . import rest_openapi, seven_openapi  # a surface that nobody asks about itself need not load them

    if request.method not in ("GET", "HEAD"):
        refused = Rejected.because(20004, request.method)
        return Reply(refused.status, refused.text.encode(), b"text/plain", ((b"allow", b"GET, HEAD"),))
    document = (rest_openapi if request.path == TWILIO else seven_openapi).document()
    return Reply.of(200, below(document, root_path))


def components(shapes: Iterable[type], ways_in: Schema) -> Schema:
    """The components of a description: the named shapes, and the security schemes."""
    return {
        "schemas": schemas({shape.__name__: TypeAdapter(shape) for shape in shapes}),
        "securitySchemes": ways_in,
    }


def field(
    name: str, place: Literal["path", "query"], schema: Mapping[str, object], *, required: bool = False
) -> Schema:
    """A parameter; what its schema says about it is said of the parameter."""
    bare = {key: value for key, value in schema.items() if key != "description"}
    return parameter(name, place, str(schema.get("description", "")), bare, required=required)


def header(about: str, schema: Mapping[str, object]) -> Schema:
    """A header that always comes with an answer."""
    return {"description": about, "required": True, "schema": schema}
