"""Sending mail in process: `smtplib.SMTP` with its socket taken away.

Everything that `smtplib` decides (who is refused, which exception, when to reset) stays its own code; only the
commands go straight to the handler that also serves the socket.
"""

from __future__ import annotations

import re
import smtplib
from collections.abc import Sequence
from email.message import EmailMessage
from types import TracebackType
from typing import TYPE_CHECKING, Protocol, Self

from aiosmtpd.smtp import Envelope

from emulators.wire.http import run_without_loop

if TYPE_CHECKING:
    from typing_extensions import Buffer

    from .server import MailHandler

Reply = tuple[int, bytes]

_LINE_END = re.compile(rb"\r\n|\r|\n")


class SmtpClient(Protocol):
    """What `smtplib.SMTP` and the client in process have in common."""

    def send_message(
        self, msg: EmailMessage, from_addr: str | None = None, to_addrs: str | Sequence[str] | None = None
    ) -> dict[str, Reply]:
        """Send to all recipients; returns those refused, if not all were.

        Raises `SMTPRecipientsRefused` (all refused), `SMTPSenderRefused`, `SMTPDataError` or
        `SMTPServerDisconnected`, all of `smtplib`.
        """

    def quit(self) -> Reply:
        """End the session."""

    def __enter__(self) -> Self: ...

    def __exit__(
        self, exc_type: type[BaseException] | None, exc_value: BaseException | None, tb: TracebackType | None
    ) -> None: ...


class InProcessSmtp(smtplib.SMTP):
    """A session with the handler. Raises `SMTPConnectError` right away if the server does not take it."""

    def __init__(self, handler: MailHandler, hostname: str, max_bytes: int) -> None:
        # With a host name of its own, smtplib does not ask the resolver for one.
        super().__init__(local_hostname="client.post.example")
        self._handler = handler
        self._hostname = hostname
        self._max_bytes = max_bytes
        self._envelope = Envelope()
        code, text = _parsed(handler.greet())
        self._open = code == 220
        if not self._open:
            raise smtplib.SMTPConnectError(code, text)

    def ehlo(self, name: str = "") -> Reply:
        self._must_be_open()
        self.does_esmtp = True
        self.esmtp_features = {"size": str(self._max_bytes), "8bitmime": "", "smtputf8": "", "help": ""}
        self.ehlo_resp = self._hostname.encode()
        return 250, self.ehlo_resp

    def mail(self, sender: str, options: Sequence[str] = ()) -> Reply:
        self._must_be_open()
        handler = self._handler
        return _parsed(run_without_loop(handler.handle_MAIL(None, None, self._envelope, sender, list(options))))

    def rcpt(self, recip: str, options: Sequence[str] = ()) -> Reply:
        self._must_be_open()
        handler = self._handler
        return _parsed(run_without_loop(handler.handle_RCPT(None, None, self._envelope, recip, list(options))))

    def data(self, msg: Buffer | str) -> Reply:
        """Hand over the content. There is no wire, hence no dot to stuff and none to take out again."""
        self._must_be_open()
        raw = msg.encode("ascii") if isinstance(msg, str) else bytes(msg)
        content = _LINE_END.sub(b"\r\n", raw)
        self._envelope.content = self._envelope.original_content = content
        reply = run_without_loop(self._handler.handle_DATA(None, None, self._envelope))
        self._envelope = Envelope()
        return _parsed(reply)

    def docmd(self, cmd: str, args: str = "") -> Reply:
        """Knows QUIT, RSET and NOOP, which `smtplib` sends by itself; all else is not implemented."""
        self._must_be_open()
        match cmd.upper():
            case "QUIT":
                return 221, b"2.0.0 Bye"
            case "RSET":
                self._envelope = Envelope()
                return 250, b"2.0.0 OK"
            case "NOOP":
                return 250, b"2.0.0 OK"
            case _:
                return 502, b"5.5.1 Command not implemented"

    def close(self) -> None:
        self._open = False
        super().close()

    def _must_be_open(self) -> None:
        if not self._open:
            raise smtplib.SMTPServerDisconnected("please run connect() first")


def _parsed(reply: str) -> Reply:
    """A reply of one line as smtplib gives it: the code, and the text as bytes."""
    return int(reply[:3]), reply[4:].encode()
