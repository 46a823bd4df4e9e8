"""A message on its way through the gateway, and the reasons why one is refused or not delivered."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from .coding import Coding


class Status(StrEnum):
    """The states of Twilio's message resource that an outbound message passes here."""

    QUEUED = "queued"
    SENT = "sent"
    DELIVERED = "delivered"
    UNDELIVERED = "undelivered"


# Codes of a refused request: HTTP status and text. Source: Twilio's published error dictionary.
REFUSALS: dict[int, tuple[int, str]] = {
    20003: (401, "Authenticate"),
    20004: (405, "Method not allowed"),
    20404: (404, "The requested resource was not found"),
    20429: (429, "Too Many Requests"),
    20503: (503, "Service unavailable"),
    21211: (400, "Invalid 'To' Phone Number"),
    21212: (400, "Invalid 'From' Number"),
    21408: (403, "Permission to send an SMS has not been enabled for the region"),
    21602: (400, "Message body is required."),
    21603: (400, "A 'From' phone number is required."),
    21604: (400, "A 'To' phone number is required."),
    21606: (400, "The 'From' phone number is not a valid, SMS-capable inbound phone number"),
    21609: (400, "The StatusCallback URL is not a valid URL."),
    21610: (400, "Attempt to send to unsubscribed recipient"),
    21611: (429, "This 'From' number has exceeded the maximum number of queued messages"),
    21612: (400, "The 'To' phone number is not currently reachable via SMS"),
    21614: (400, "'To' number is not a valid mobile number"),
    21617: (400, "The concatenated message body exceeds the 1600 character limit."),
}

# Codes of a message that was taken but not delivered (`error_code` of the resource and of the callback).
UNDELIVERED: dict[int, str] = {
    30003: "Unreachable destination handset",
    30005: "Unknown destination handset",
    30006: "Landline or unreachable carrier",
}


class Rejected(Exception):
    """The gateway refuses a request: `code` is the gateway's, `status` the HTTP one, `text` says why."""

    def __init__(self, code: int, status: int, text: str) -> None:
        super().__init__(f"{code}: {text}")
        self.code = code
        self.status = status
        self.text = text

    @classmethod
    def because(cls, code: int, detail: str = "") -> Rejected:
        """The refusal of the dictionary with that code; `detail` is added to its text."""
        status, text = REFUSALS[code]
        return cls(code, status, f"{text}: {detail}" if detail else text)


@dataclass
class Message:
    """An outbound message; `status`, `updated`, `sent` and `error_code` change as it travels."""

    sid: str
    account_sid: str
    to: str
    sender: str
    body: str
    coding: Coding
    status_callback: str | None
    created: datetime
    updated: datetime
    sent: datetime | None = None
    status: Status = Status.QUEUED
    error_code: int | None = None

    @property
    def error_message(self) -> str | None:
        return None if self.error_code is None else UNDELIVERED[self.error_code]
