"""The bodies that the read API takes. Names are Mailpit's."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, JsonValue

# IDs and a search at once would contradict each other.
_NOT_BOTH: dict[str, JsonValue] = {
    "not": {
        "properties": {"IDs": {"minItems": 1}, "Search": {"minLength": 1}},
        "required": ["IDs", "Search"],
    }
}


class ReadStatus(BaseModel):
    """Which messages are to count as read, or as unread: these, those that a search finds, or all."""

    model_config = ConfigDict(extra="forbid", strict=True, json_schema_extra=_NOT_BOTH)
    Read: bool = False
    IDs: list[str] = []
    Search: str = ""


class Deletion(BaseModel):
    """Which messages are to go; none named means all."""

    model_config = ConfigDict(extra="forbid")
    IDs: list[str] = []


class LinkStatus(BaseModel):
    """A link of a message, and what became of it."""

    model_config = ConfigDict(extra="forbid")
    URL: str
    State: Literal["used", "pre-fetched"] = "used"
