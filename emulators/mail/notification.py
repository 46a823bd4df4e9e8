"""The delivery status notification that tells a sender that a mail did not arrive (RFC 3464, in RFC 3462's report).

Written by hand: the library draws boundaries and dates from outside the world.
"""

from __future__ import annotations

from datetime import datetime
from email.utils import format_datetime
from typing import TYPE_CHECKING

from .conversation import HOSTNAME

if TYPE_CHECKING:
    from .delivery import Submission


def notification(notice_id: str, mail: Submission, to: str, status: str, reply: str, now: datetime) -> bytes:
    """The notification about `mail` to `to`: its text, its machine-readable part, the headers of what was returned."""
    boundary = f"=_{notice_id}-{mail.id}"
    told = (
        f"This is the mail system at host {HOSTNAME} (TEST ONLY).\r\n\r\n"
        "Your message could not be delivered to one recipient.\r\n\r\n"
        f"<{to}>: {reply}\r\n"
    )
    status_fields = (
        f"Reporting-MTA: dns; {HOSTNAME}\r\nArrival-Date: {format_datetime(now)}\r\n\r\n"
        f"Final-Recipient: {_typed(to)}\r\nAction: failed\r\nStatus: {status}\r\nDiagnostic-Code: smtp; {reply}\r\n"
    )
    head, _, _ = mail.content.raw.partition(b"\r\n\r\n")
    parts = (
        ("text/plain; charset=utf-8", told.encode()),
        ("message/delivery-status", status_fields.encode()),
        ("text/rfc822-headers", head + b"\r\n"),
    )
    written = [
        f"From: Mail Delivery System <MAILER-DAEMON@{HOSTNAME}>\r\n"
        f"To: {mail.sender}\r\n"
        "Subject: Undelivered Mail Returned to Sender\r\n"
        f"Date: {format_datetime(now)}\r\n"
        f"Message-ID: <{notice_id}@{HOSTNAME}>\r\n"
        "Auto-Submitted: auto-replied\r\n"
        "MIME-Version: 1.0\r\n"
        f'Content-Type: multipart/report; report-type=delivery-status; boundary="{boundary}"\r\n\r\n'.encode()
    ]
    for content_type, body in parts:
        written.append(
            f"--{boundary}\r\nContent-Type: {content_type}\r\nContent-Transfer-Encoding: 8bit\r\n\r\n".encode()
        )
        written.append(body + b"\r\n")
    written.append(f"--{boundary}--\r\n".encode())
    return b"".join(written)


def _typed(address: str) -> str:
    """The address with its type; one that is not ASCII in the form of RFC 6533, 3."""
    if address.isascii():
        return f"rfc822; {address}"
    return "utf-8; " + "".join(char if char.isascii() else f"\\x{{{ord(char):X}}}" for char in address)
