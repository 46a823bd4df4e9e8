"""The description of the read API."""

from __future__ import annotations

from emulators.mail.api import HANDLERS
from emulators.mail.openapi import OPERATIONS, document


def test_every_route_is_described_and_every_operation_exists() -> None:
    handled = {(path, method) for path, by_method in HANDLERS.items() for method in by_method}
    assert handled - {("/openapi.json", "GET")} == set(OPERATIONS)


def test_every_reference_leads_somewhere() -> None:
    described = document()
    text = str(described)
    names = described["components"]["schemas"]
    assert {"Summaries", "Summary", "Detail", "Address", "LinkStatus"} <= set(names)
    assert text.count("#/components/schemas/") == sum(text.count(f"'#/components/schemas/{name}'") for name in names)
