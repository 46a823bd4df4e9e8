"""Sending mail in process: `smtplib.SMTP` with its socket taken away.

Everything that `smtplib` decides (who is refused, which exception, when to reset) stays its own code; only the
commands go straight to the conversation that also serves the socket.
"""

from __future__ import annotations

import re
import smtplib
import ssl
from base64 import b64decode, b64encode
from binascii import Error
from collections.abc import Sequence
from email.message import EmailMessage
from types import TracebackType
from typing import TYPE_CHECKING, Any, Protocol, Self

from .conversation import ACCEPTED, BYE, HOSTNAME, Broken, Conversation
from .doors import server_context

if TYPE_CHECKING:
    from typing_extensions import Buffer

    from .certificates import Certificates

Reply = tuple[int, bytes]

_LINE_END = re.compile(r"\r\n|\r|\n")


class SmtpClient(Protocol):
    """What `smtplib.SMTP` and the client in process have in common."""

    def send_message(
        self, msg: EmailMessage, from_addr: str | None = None, to_addrs: str | Sequence[str] | None = None
    ) -> dict[str, Reply]:
        """Send to all recipients; returns those refused, if not all were.

        Raises `SMTPRecipientsRefused` (all refused), `SMTPSenderRefused`, `SMTPDataError` or
        `SMTPServerDisconnected`, all of `smtplib`.
        """

    def starttls(self, *, context: ssl.SSLContext | None = None) -> Reply:
        """Go on with TLS. Raises `SMTPNotSupportedError`, `SMTPResponseException`, `ssl.SSLError`."""

    def login(self, user: str, password: str, *, initial_response_ok: bool = True) -> Reply:
        """Log in. Raises `SMTPAuthenticationError`."""

    def quit(self) -> Reply:
        """End the session."""

    def __enter__(self) -> Self: ...

    def __exit__(
        self, exc_type: type[BaseException] | None, exc_value: BaseException | None, tb: TracebackType | None
    ) -> None: ...


class InProcessSmtp(smtplib.SMTP):
    """A session with the server. Raises `SMTPConnectError` right away if the server does not take it."""

    def __init__(self, conversation: Conversation, certificates: Certificates) -> None:
        # With a host name of its own, smtplib does not ask the resolver for one.
        super().__init__(local_hostname="client.post.example")
        self._host = HOSTNAME
        self._conversation = conversation
        self._certificates = certificates
        self._expected = ""
        code, text = _parsed(conversation.greet())
        self._open = code == 220
        if not self._open:
            raise smtplib.SMTPConnectError(code, text)

    def ehlo(self, name: str = "") -> Reply:
        code, text = self._greeted()
        if code == 250:
            self.does_esmtp = True
            offered = (feature.partition(" ") for feature in self._conversation.features)
            self.esmtp_features = {keyword.lower(): parameters for keyword, _, parameters in offered}
        self.ehlo_resp = text
        return code, text

    def helo(self, name: str = "") -> Reply:
        code, self.helo_resp = self._greeted()
        return code, self.helo_resp

    def starttls(self, keyfile: object = None, certfile: object = None, context: ssl.SSLContext | None = None) -> Reply:
        """As on a socket, with a handshake in memory; afterwards there is no wire that would need it."""
        self.ehlo_or_helo_if_needed()
        if not self.has_extn("starttls"):
            raise smtplib.SMTPNotSupportedError("STARTTLS extension not supported by server.")
        line, kind = self._conversation.start_tls()
        code, text = _parsed(line)
        if code != 220:
            raise smtplib.SMTPResponseException(code, text)
        try:
            shake_hands(context or _trusting(), server_context(self._certificates.of(kind)), self._host)
        except ssl.SSLError:
            self.close()
            raise
        self._conversation.secure()
        self.helo_resp = self.ehlo_resp = None
        self.esmtp_features = {}
        self.does_esmtp = False
        return code, text

    def mail(self, sender: str, options: Sequence[str] = ()) -> Reply:
        self._must_be_open()
        return _parsed(self._conversation.mail(sender, options))

    def rcpt(self, recip: str, options: Sequence[str] = ()) -> Reply:
        self._must_be_open()
        return _parsed(self._conversation.recipient(recip))

    def data(self, msg: Buffer | str) -> Reply:
        """Hand over the content. There is no wire, hence no dot to stuff and none to take out again."""
        self._must_be_open()
        code, text = _parsed(self._conversation.data())
        if code != 354:
            raise smtplib.SMTPDataError(code, text)
        content = _LINE_END.sub("\r\n", msg).encode("ascii") if isinstance(msg, str) else bytes(msg)
        if not content.endswith(b"\r\n"):
            content += b"\r\n"
        try:
            return _parsed(self._conversation.content(content))
        except Broken as broken:
            self.close()
            raise smtplib.SMTPServerDisconnected("Connection unexpectedly closed") from broken

    def docmd(self, cmd: str, args: str = "") -> Reply:
        """Knows what `smtplib` sends by itself: QUIT, RSET, NOOP, AUTH and its responses; nothing else."""
        self._must_be_open()
        if self._expected:
            return self._respond(cmd)
        match cmd.upper():
            case "QUIT":
                return _parsed(BYE)
            case "RSET":
                self._conversation.reset()
                return _parsed(ACCEPTED)
            case "NOOP":
                return _parsed(ACCEPTED)
            case "AUTH":
                return self._begin_auth(*args.split())
            case _:
                return 502, b"5.5.1 Command not implemented"

    def close(self) -> None:
        self._open = False
        super().close()

    def _greeted(self) -> Reply:
        self._must_be_open()
        return _parsed(self._conversation.hello())

    def _begin_auth(self, mechanism: str = "", initial: str = "") -> Reply:
        if mechanism not in ("PLAIN", "LOGIN"):
            return 504, b"5.5.4 Unrecognized authentication type"
        self._expected, self._login = mechanism, ""
        return self._respond(initial) if initial else (334, b64encode(b"Username:" if mechanism == "LOGIN" else b""))

    def _respond(self, encoded: str) -> Reply:
        """Take the next response of an authentication that is under way."""
        expected, self._expected = self._expected, ""
        try:
            given = b64decode(encoded, validate=True).decode("utf-8", "replace")
        except (Error, ValueError):
            return 501, b"5.5.2 Can't decode base64"
        if expected == "LOGIN":
            self._expected, self._login = "password", given
            return 334, b64encode(b"Password:")
        if expected == "password":
            return _parsed(self._conversation.log_in(self._login, given))
        if given.count("\0") != 2:
            return 501, b"5.5.2 Can't split auth value"
        _, user, password = given.split("\0")
        return _parsed(self._conversation.log_in(user, password))

    def _must_be_open(self) -> None:
        if not self._open:
            raise smtplib.SMTPServerDisconnected("please run connect() first")


def shake_hands(client: ssl.SSLContext, server: ssl.SSLContext, host: str) -> None:
    """The TLS handshake of two contexts in memory. Raises what it raises: the client's verdict on the certificate."""
    to_client, to_server = ssl.MemoryBIO(), ssl.MemoryBIO()
    sides: tuple[Any, ...] = (
        client.wrap_bio(to_client, to_server, server_hostname=host),
        server.wrap_bio(to_server, to_client, server_side=True),
    )
    shaken = [False, False]
    while not all(shaken):
        shaken = [_has_shaken(side) for side in sides]


def _trusting() -> ssl.SSLContext:
    """What smtplib takes if it is given no context: nothing is verified."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


def _has_shaken(side: ssl.SSLObject) -> bool:
    try:
        side.do_handshake()
    except ssl.SSLWantReadError:
        return False
    return True


def _parsed(reply: str) -> Reply:
    """A reply of one line as smtplib gives it: the code, and the text as bytes."""
    return int(reply[:3]), reply[4:].encode()
