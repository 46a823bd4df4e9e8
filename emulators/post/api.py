"""The senders' two APIs as one ASGI app: E-POSTBUSINESS below `/api`, LetterXpress below `/v3`.

Made after the public contracts of both; this project is affiliated with neither.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from starlette.applications import Starlette

from emulators.wire.json_api import json_app

from . import epost, letterxpress

if TYPE_CHECKING:
    from .office import PostOffice


def build(office: PostOffice) -> Starlette:
    return json_app(office, (*epost.ROUTES, *letterxpress.ROUTES), "the post office")
