"""Why a request is refused or a message not delivered, with the codes of Twilio's published error dictionary."""

from __future__ import annotations

# Codes of a refused request: HTTP status and text.
REFUSALS: dict[int, tuple[int, str]] = {
    20001: (400, "Unknown or invalid parameter"),
    20003: (401, "Authenticate"),
    20004: (405, "Method not allowed"),
    20005: (401, "Account not active"),
    20008: (403, "Resource not accessible with Test Account Credentials"),
    20404: (404, "The requested resource was not found"),
    20409: (409, "The message is not in a state that allows this"),
    20413: (413, "Request body too large"),
    20429: (429, "Too Many Requests"),
    20503: (503, "Service unavailable"),
    21211: (400, "Invalid 'To' Phone Number"),
    21212: (400, "Invalid 'From' Number"),
    21408: (403, "Permission to send an SMS has not been enabled for the region"),
    21602: (400, "Message body is required."),
    21603: (400, "A 'From' phone number is required."),
    21604: (400, "A 'To' phone number is required."),
    21606: (400, "The 'From' phone number is not a valid, SMS-capable inbound phone number"),
    21608: (400, "The number is unverified. Trial accounts cannot send messages to unverified numbers"),
    21609: (400, "The StatusCallback URL is not a valid URL."),
    21610: (400, "Attempt to send to unsubscribed recipient"),
    21611: (429, "This 'From' number has exceeded the maximum number of queued messages"),
    21612: (400, "The 'To' phone number is not currently reachable via SMS"),
    21614: (400, "'To' number is not a valid mobile number"),
    21617: (400, "The concatenated message body exceeds the 1600 character limit."),
    21624: (400, "Invalid validity period value"),
    21635: (400, "'To' number cannot be a landline"),
    21701: (400, "The Messaging Service resource is not found"),
    35114: (400, "SendAt must be a time between 15 minutes and 35 days from now, such as 2026-05-15T14:30:00Z"),
    35118: (400, "A MessagingServiceSid is required to schedule a message"),
}

VALIDITY_EXPIRED = 30036

# Codes of a message that was taken but not delivered (`error_code` of the resource and of the callback).
UNDELIVERED: dict[int, str] = {
    30001: "Queue overflow",
    30002: "Account suspended",
    30003: "Unreachable destination handset",
    30004: "Message blocked",
    30005: "Unknown destination handset",
    30006: "Landline or unreachable carrier",
    30007: "Message filtered",
    30008: "Unknown error",
    VALIDITY_EXPIRED: "Validity period expired",
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
