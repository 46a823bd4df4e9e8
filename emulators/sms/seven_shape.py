"""What seven.io's API answers in JSON. The types are the ones of the description (`seven_openapi`).

Source: seven.io, js-client (SmsJsonResponse).
"""

from __future__ import annotations

from typing import Literal

from typing_extensions import TypedDict  # pydantic reads these for the description, and takes no other before 3.12

DlrStatus = Literal["ACCEPTED", "TRANSMITTED", "DELIVERED", "NOTDELIVERED", "FAILED", "REJECTED", "EXPIRED", "UNKNOWN"]


class SentMessage(TypedDict):
    """The message to one recipient; one that was not taken has no `id`, but an `error` (a code) and its text."""

    id: str | None
    sender: str
    recipient: str
    text: str
    encoding: Literal["gsm", "ucs2"]
    label: str | None
    parts: int
    udh: str | None
    is_binary: bool
    price: float
    success: bool
    error: str | None
    error_text: str | None


class Sent(TypedDict):
    """What became of an order; `success` is a code, prices and balance are euros."""

    success: str
    total_price: float
    balance: float
    debug: Literal["false"]
    sms_type: Literal["direct"]
    messages: list[SentMessage]


class Refused(TypedDict):
    """A request that came to no message; `success` is a code."""

    success: str
    messages: list[SentMessage]


class Report(TypedDict):
    """The last that is known of a message; `status_time` is in German time."""

    id: str
    status: DlrStatus
    status_time: str
