"""What can go wrong with a mail: at each stage of the SMTP session, with its content, with the line, on the way.

A fault of a stage has the reply as parameters: `code`, `enhanced` (RFC 3463) and `text`. One that names a
`recipient` or `sender` (a pattern as in a shell, `*@musterkasse.example`) counts only those who match.
"""

from __future__ import annotations

from collections.abc import Mapping
from fnmatch import fnmatchcase
from types import MappingProxyType
from typing import Annotated, ClassVar, Literal, Self

from pydantic import Field, StringConstraints, model_validator

from emulators.core.faults import Fault
from emulators.core.transport_faults import LINE_FAULTS

from .delivery_faults import DELIVERY_FAULTS

Code = Annotated[int, Field(ge=400, le=599)]
Enhanced = Annotated[str, StringConstraints(pattern=r"^[45]\.\d{1,3}\.\d{1,3}$")]
Text = Annotated[str, StringConstraints(min_length=1, max_length=400, pattern=r"^[ -~]+$")]


class Reply(Fault):
    """A stage of the session answers with a refusal."""

    code: Code
    enhanced: Enhanced
    text: Text

    @model_validator(mode="after")
    def _one_class(self) -> Self:
        if self.enhanced[0] != str(self.code)[0]:
            raise ValueError(f"the enhanced code {self.enhanced} is not of the class of {self.code}")
        return self

    @property
    def line(self) -> str:
        return f"{self.code} {self.enhanced} {self.text}"


class RecipientReply(Reply):
    """A refusal for those recipients that match a pattern."""

    recipient: str = "*"

    def concerns(self, address: str) -> bool:
        return fnmatchcase(address.lower(), self.recipient.lower())


# -- the session ------------------------------------------------------------------------------------------------------


class Outage(Fault):
    """The server greets the connection with 421 and closes it."""

    point: ClassVar[str] = "connect"


class RefusedConnection(Fault):
    """The connection is closed before the server has said a word."""

    point: ClassVar[str] = "connect"


class ConnectRefused(Reply):
    """The server greets the connection with a chosen refusal and closes it."""

    point: ClassVar[str] = "connect"
    code: Literal[421, 554] = 554
    enhanced: Enhanced = "5.7.1"
    text: Text = "No SMTP service here"


class EhloRefused(Reply):
    """EHLO and HELO are refused, all through the session."""

    point: ClassVar[str] = "ehlo"
    code: Code = 550
    enhanced: Enhanced = "5.7.1"
    text: Text = "Access denied"


class StartTlsStripped(Fault):
    """Somebody between client and server removes STARTTLS from what EHLO offers."""

    point: ClassVar[str] = "ehlo"


class SmtpUtf8Refused(Fault):
    """The server does not offer SMTPUTF8 in this session, and refuses addresses and mails that need it."""

    point: ClassVar[str] = "ehlo"


class StartTlsRefused(Reply):
    """STARTTLS is offered, and then is not available."""

    point: ClassVar[str] = "starttls"
    code: Literal[454] = 454
    enhanced: Enhanced = "4.7.0"
    text: Text = "TLS not available due to temporary reason"


class BadCertificate(Fault):
    """The server's certificate has expired, is for another host, or is from a CA that nobody knows."""

    point: ClassVar[str] = "starttls"
    how: Literal["expired", "wrong_host", "unknown_ca"] = "expired"


class AuthRefused(Reply):
    """The user name and password are refused, right or not, all through the session."""

    point: ClassVar[str] = "auth"
    code: Literal[454, 535] = 535
    enhanced: Enhanced = "5.7.8"
    text: Text = "Authentication credentials invalid"


class SenderRefused(Reply):
    """The sender is refused at MAIL."""

    point: ClassVar[str] = "sender"
    code: Code = 550
    enhanced: Enhanced = "5.7.1"
    text: Text = "Sender address rejected"
    sender: str = "*"

    def concerns(self, address: str) -> bool:
        return fnmatchcase(address.lower(), self.sender.lower())


class Bounced(Fault):
    """The recipient is refused for good (550 at RCPT)."""

    point: ClassVar[str] = "recipient"


class Greylisted(Fault):
    """The recipient is refused for now (451 at RCPT); the next try passes."""

    point: ClassVar[str] = "recipient"


class RecipientRefused(RecipientReply):
    """The recipient is refused at RCPT with a chosen code."""

    point: ClassVar[str] = "recipient"
    code: Code = 550
    enhanced: Enhanced = "5.1.1"
    text: Text = "Recipient address rejected"


class MailboxFull(RecipientReply):
    """The recipient's mailbox is full: 452 at RCPT, or 552 where the server gives up at once."""

    point: ClassVar[str] = "recipient"
    code: Literal[452, 552] = 452
    enhanced: Enhanced = "4.2.2"
    text: Text = "Mailbox full"

    @model_validator(mode="before")
    @classmethod
    def _matching(cls, given: object) -> object:
        # 552 asked for by itself means 5.2.2.
        return {"enhanced": "5.2.2", **given} if isinstance(given, dict) and given.get("code") == 552 else given


class DataRefused(Reply):
    """The command DATA is refused, before any content."""

    point: ClassVar[str] = "data_command"
    code: Code = 451
    enhanced: Enhanced = "4.3.0"
    text: Text = "Temporary system problem"


class Filtered(Fault):
    """The content is refused after its last dot (554 at DATA)."""

    point: ClassVar[str] = "data"


class ContentRefused(Reply):
    """The content is refused after its last dot with a chosen code."""

    point: ClassVar[str] = "data"
    code: Code = 554
    enhanced: Enhanced = "5.6.0"
    text: Text = "Message content rejected"


class SizeExceeded(Reply):
    """A mail of more than `limit` bytes is refused after its last dot, whatever SIZE has promised."""

    point: ClassVar[str] = "data"
    code: Literal[552] = 552
    enhanced: Enhanced = "5.3.4"
    text: Text = "Message size exceeds fixed limit"
    limit: int = Field(default=0, ge=0)

    def concerns(self, size: int) -> bool:
        return size > self.limit


class Dropped(Fault):
    """The connection breaks after the last dot, before the reply: the mail was taken (or, with `taken: false`, not)."""

    point: ClassVar[str] = "data"
    taken: bool = True


FAULTS: Mapping[str, type[Fault]] = MappingProxyType(
    {
        "outage": Outage,
        "refused_connection": RefusedConnection,
        "connect_refused": ConnectRefused,
        "ehlo_refused": EhloRefused,
        "starttls_stripped": StartTlsStripped,
        "starttls_refused": StartTlsRefused,
        "bad_certificate": BadCertificate,
        "smtputf8_refused": SmtpUtf8Refused,
        "auth_refused": AuthRefused,
        "sender_refused": SenderRefused,
        "bounced": Bounced,
        "greylisted": Greylisted,
        "recipient_refused": RecipientRefused,
        "mailbox_full": MailboxFull,
        "data_refused": DataRefused,
        "filtered": Filtered,
        "content_refused": ContentRefused,
        "size_exceeded": SizeExceeded,
        "dropped": Dropped,
        **LINE_FAULTS,
        **DELIVERY_FAULTS,
    }
)
