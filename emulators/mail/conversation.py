"""One SMTP session, without the wire: what is answered to each command, on a socket and in process alike.

Replies are lines as they are sent, without CRLF: RFC 5321, with enhanced codes (RFC 2034, 3463). Whose world a
session concerns is found by who has logged in, else by the first recipient; until then no fault strikes.

Who speaks for a conversation asks `line` before each exchange (the greeting, a command, the content) how the reply is
to travel.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from emulators.core.faults import Armed
from emulators.core.physics import Physics
from emulators.wire.line import Struck, struck

from .certificates import Kind
from .faults import SmtpUtf8Refused, StartTlsStripped
from .mailbox import is_address, is_postmaster

if TYPE_CHECKING:
    from .server import MailServer

Route = Callable[[str | None, str], "MailServer | None"]
"""Whose server it is: by the user who has logged in (or `None`) and the recipient (empty before the first one)."""

Settle = Callable[["MailServer"], object]
"""Called without any lock after each command that has changed the world of that server."""

HOSTNAME = "mail.post.example"
MAX_BYTES = 10 * 1024 * 1024
MAX_RECIPIENTS = 1000
ACCEPTED = "250 2.0.0 OK"
UNAVAILABLE = f"421 4.3.2 {HOSTNAME} Service not available"
BYE = "221 2.0.0 Bye"
SIZE_EXCEEDED = f"552 5.3.4 Message too large: the limit is {MAX_BYTES} bytes"
LINE_TOO_LONG = "500 5.6.0 A line of the message is longer than 1000 octets (RFC 5321, 4.5.3.1.6)"

_WHOSE_POSTMASTER = "Whose postmaster? Worlds share this server: log in, or add the domain of one"
_NEEDS_UTF8 = "an address that is not ASCII needs SMTPUTF8"


class Broken(ConnectionError):
    """The connection is to be broken off without a reply."""


@dataclass(slots=True)
class _Transaction:
    """From MAIL to the end of DATA. `asked`: what the servers that were asked about the sender have said."""

    sender: str | None = None
    utf8: bool = False
    asked: dict[MailServer, str | None] = field(default_factory=dict)
    server: MailServer | None = None
    recipients: list[str] = field(default_factory=list)


class Conversation:
    """The decisions of one session. Its methods hold the lock of the world they concern."""

    def __init__(self, route: Route, settle: Settle | None = None) -> None:
        self._route = route
        self._settle = settle
        self._server = route(None, "")
        self._offers_tls = self._offers_utf8 = True
        self._transaction = _Transaction()
        self._no_hello = self._no_login = ""
        self._bent: Armed | None = None
        self._login: tuple[str, str] | None = None
        self.secured = False

    @property
    def user(self) -> str | None:
        """Who has logged in, `None` if nobody has."""
        return self._login[0] if self._login else None

    def line(self, exchange: str) -> Struck | None:
        """The fault of the line that strikes the exchange which begins now, a cause of all that is decided in it."""
        self._bent = None
        server = self._transaction.server or self._server
        if server is None:
            return None
        with server.physics.lock:
            hit = struck(server.physics, server.name)
            if hit is not None:
                self._bent = hit.armed
                with server.physics.bent_by(hit.armed):
                    about = {"exchange": exchange, "processed": hit.processed}
                    server.physics.journal.write(server.name, hit.armed.kind, **about)
        return hit

    def greet(self) -> str:
        """The first reply: 220, or a refusal after which the connection is to be closed.

        Raises `Broken` if the connection is to be closed without a word.
        """
        if self._server is not None:
            with self._within(self._server):
                if (refused := self._server.stage("connect")) is not None:
                    return refused
        return f"220 {HOSTNAME} ESMTP TEST ONLY"

    def extended_hello(self) -> tuple[str, ...]:
        """The lines of the reply to EHLO."""
        first = self.hello()
        if not first.startswith("2"):
            return (first,)
        *lines, last = HOSTNAME, *self._features
        return *(f"250-{line}" for line in lines), f"250 {last}"

    def hello(self) -> str:
        """The reply to HELO."""
        self.reset()
        if self._server is not None:
            with self._within(self._server):
                if self._no_hello:
                    return self._server.refuse("ehlo", self._no_hello)
                hit, refused = self._server.struck("ehlo")
            # What is refused or stripped once stays so for the session: a client must not get it by asking again.
            self._no_hello = refused or ""
            self._offers_tls &= not isinstance(hit, StartTlsStripped)
            self._offers_utf8 &= not isinstance(hit, SmtpUtf8Refused)
        return self._no_hello or f"250 {HOSTNAME}"

    @property
    def _features(self) -> tuple[str, ...]:
        """What EHLO lists, in order."""
        offered = {
            "PIPELINING": True,
            f"SIZE {MAX_BYTES}": True,
            "8BITMIME": True,
            "SMTPUTF8": self._offers_utf8,
            "STARTTLS": self._offers_tls and not self.secured,
            "AUTH PLAIN LOGIN": True,
            "ENHANCEDSTATUSCODES": True,
            "HELP": True,
        }
        return tuple(feature for feature, there in offered.items() if there)

    def start_tls(self) -> tuple[str, Kind]:
        """The reply to STARTTLS and, if it is 220, which certificate is shown."""
        if self.secured:
            return "503 5.5.1 TLS is active already", "valid"
        if not self._offers_tls:
            return "502 5.5.1 STARTTLS is not offered here", "valid"
        if self._server is None:
            return "220 2.0.0 Ready to start TLS", "valid"
        with self._within(self._server):
            return self._server.start_tls()

    def secure(self) -> None:
        """TLS has begun: what was said before is forgotten (RFC 3207, 4.2)."""
        self.secured = True
        self._login = None
        self.reset()

    def log_in(self, user: str, password: str) -> str:
        """The reply to complete credentials.

        A user whom no world knows may log in, too: the recipient's world then decides whether it takes anybody.
        """
        if self._login is not None:
            return "503 5.5.1 Already authenticated"
        server = self._route(user, "")
        if server is not None:
            with self._within(server):
                reply = self._struck_login(server) or server.log_in(user, password)
            if not reply.startswith("2"):
                return reply
            self._server = server
        self._login = user, password
        return "235 2.7.0 Authentication successful"

    def _struck_login(self, server: MailServer) -> str | None:
        """The refusal of a fault, for the whole session: many clients try another mechanism at once."""
        if self._no_login:
            return server.refuse("auth", self._no_login)
        self._no_login = server.stage("auth") or ""
        return self._no_login or None

    def mail(self, address: str, options: Sequence[str]) -> str:
        """The reply to MAIL; `options` as in SIZE=1000. The null sender is `<>` or empty."""
        sender = "" if address == "<>" else address
        given = {name.upper(): value for name, _, value in (option.partition("=") for option in options)}
        utf8 = "SMTPUTF8" in given
        if self._transaction.sender is not None:
            return "503 5.5.1 Nested MAIL command"
        if utf8 and not self._offers_utf8:
            return self._refuse("mail", "555 5.5.4 SMTPUTF8 is not offered here", sender)
        if sender and not is_address(sender):
            return self._refuse("mail", f"553 5.1.7 <{sender}>: no mail address", sender)
        if not sender.isascii() and not utf8:
            return self._refuse("mail", f"553 5.6.7 <{sender}>: {_NEEDS_UTF8}", sender)
        if _number(given.get("SIZE", "")) > MAX_BYTES:
            return self._refuse("mail", SIZE_EXCEEDED, sender)
        transaction = _Transaction(sender, utf8)
        if self._server is not None and (refused := self._ask_about(self._server, transaction)) is not None:
            return refused
        self._transaction = transaction
        return "250 2.1.0 OK"

    def recipient(self, address: str) -> str:
        """The reply to RCPT: 250, 4xx (not now), 5xx (unknown, or not this one).

        `postmaster` without a domain is that of the world of this transaction or session. Where nothing says which, it
        is refused as ambiguous (RFC 3463, X.1.4): RFC 5321, 4.5.1 wants it taken, but what is taken must not be lost
        (6.1), and no one world could show it.
        """
        transaction = self._transaction
        if transaction.sender is None:
            return "503 5.5.1 MAIL comes first"
        if not address.isascii() and not transaction.utf8:
            return self._refuse("rcpt", f"553 5.6.7 <{address}>: {_NEEDS_UTF8}", address)
        if len(transaction.recipients) >= MAX_RECIPIENTS:
            return f"452 4.5.3 Too many recipients: the limit is {MAX_RECIPIENTS}"
        if is_postmaster(address):
            concerned = transaction.server or self._server or self._route(self.user, "")
            address = concerned.postmaster if concerned else address
        server = self._route(self.user, address)
        if server is None:
            return (
                f"553 5.1.4 {_WHOSE_POSTMASTER}" if is_postmaster(address) else f"550 5.1.1 <{address}>: User unknown"
            )
        if transaction.server not in (None, server):
            return f"451 4.5.3 <{address}>: of another world than the recipients before; send it by itself"
        if (refused := self._ask_about(server, transaction)) is not None:
            return refused
        with self._within(server):
            reply = server.recipient(address)
        if reply.startswith("2"):
            transaction.server = server
            transaction.recipients.append(address)
        return reply

    def data(self) -> str:
        """The reply to the command DATA: 354, or a refusal."""
        server = self._transaction.server
        if server is None:
            return "503 5.5.1 RCPT comes first"
        if self._has_gone(self._transaction):
            return UNAVAILABLE
        with self._within(server):
            refused = server.stage("data_command", *self._transaction.recipients)
        return refused or "354 End data with <CR><LF>.<CR><LF>"

    def content(self, raw: bytes) -> str:
        """The reply to the end of the content. Raises `Broken` if there is none."""
        transaction, self._transaction = self._transaction, _Transaction()
        server = transaction.server
        if server is None:
            return "503 5.5.1 RCPT comes first"
        if self._has_gone(transaction):
            return UNAVAILABLE
        try:
            with self._within(server):
                return server.accept(transaction.sender or "", transaction.recipients, raw, user=self.user or "")
        finally:
            if self._settle is not None:
                self._settle(server)

    def overlong(self, reply: str) -> str:
        """The reply to content of which no more was kept than had to be, noted as a refusal."""
        transaction, self._transaction = self._transaction, _Transaction()
        if transaction.server is None:
            return reply
        with self._within(transaction.server):
            return transaction.server.refuse("data", reply, *transaction.recipients)

    def reset(self) -> None:
        """Forget the transaction: RSET, EHLO, the end of DATA."""
        self._transaction = _Transaction()

    def _has_gone(self, transaction: _Transaction) -> bool:
        """Whether the world that took the recipients was dropped since: what it accepted now would be in no world."""
        return self._route(self.user, transaction.recipients[0]) is not transaction.server

    def _within(self, server: MailServer) -> AbstractContextManager[Any]:
        """That world's lock and, if a fault of the line is at work, that fault as a cause."""
        return server.physics.lock if self._bent is None else _locked(server.physics, self._bent)

    def _refuse(self, stage: str, reply: str, *addresses: str) -> str:
        if self._server is None:
            return reply
        with self._within(self._server):
            return self._server.refuse(stage, reply, *addresses)

    def _ask_about(self, server: MailServer, transaction: _Transaction) -> str | None:
        """The refusal of the sender, `None` if it may send: asked once, and the same for all recipients of a world."""
        sender, said = transaction.sender or "", transaction.asked.get(server)
        with self._within(server):
            if said is not None:
                return server.refuse("mail", said, sender)
            if server not in transaction.asked:
                transaction.asked[server] = server.sender(sender, self._login)
        return transaction.asked[server]


@contextmanager
def _locked(physics: Physics, bent: Armed) -> Iterator[None]:
    with physics.lock, physics.bent_by(bent):
        yield


def _number(digits: str) -> int:
    return int(digits[:20]) if digits.isascii() and digits.isdigit() else 0
