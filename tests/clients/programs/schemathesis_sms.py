"""Hooks of schemathesis: what a new message needs of the account and of its clock, which no description can know."""

from __future__ import annotations

import os
import re
from typing import Any

import schemathesis


@schemathesis.hook  # type: ignore[untyped-decorator]  # it is not here to be looked at
def before_call(_context: object, case: Any, _kwargs: object) -> None:
    form = case.body
    if not isinstance(form, dict):
        return
    if re.fullmatch("MG[0-9a-f]{32}", str(form.get("MessagingServiceSid"))):
        form["MessagingServiceSid"] = os.environ["SERVICE_SID"]
    if re.match(r"\d{4}-\d\d-\d\d[Tt]\d\d:", str(form.get("SendAt"))):
        form["SendAt"] = os.environ["SEND_AT"]
