"""Sending mail in process: `smtplib.SMTP` with its socket taken away.

Everything that `smtplib` decides (who is refused, which exception, when to reset) stays its own code; only the
commands go straight to the conversation that also serves the socket. A reply that travels badly is read by `smtplib`.
"""

from __future__ import annotations

import re
import smtplib
import ssl
from base64 import b64decode, b64encode
from binascii import Error
from collections.abc import Callable, Sequence
from email.message import EmailMessage
from errno import ECONNRESET
from io import BytesIO
from types import TracebackType
from typing import TYPE_CHECKING, Any, Protocol, Self

from emulators.wire.line import BROKEN_OFF, Ending, Line

from .conversation import ACCEPTED, BYE, HOSTNAME, Broken, Conversation
from .doors import server_context

if TYPE_CHECKING:
    from typing_extensions import Buffer

    from .certificates import Certificates, Kind

Reply = tuple[int, bytes]

_LINE_END = re.compile(r"\r\n|\r|\n")
_PATIENCE = 5.0  # seconds that the client waits for the next octet of a reply
_CLOSED = "Connection unexpectedly closed"


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
    """A session with the server. Raises `SMTPConnectError` right away if the server does not take it.

    If it breaks off instead, or says nothing, that is `SMTPServerDisconnected`.
    """

    def __init__(self, conversation: Conversation, certificates: Certificates) -> None:
        # With a host name of its own, smtplib does not ask the resolver for one.
        super().__init__(local_hostname="client.post.example", timeout=_PATIENCE)
        self._host = HOSTNAME
        self._conversation = conversation
        self._certificates = certificates
        self._expected = ""
        self._open = True
        self._ending = Ending.KEPT
        code, text = self._connected()
        self._open = code == 220
        if not self._open:
            raise smtplib.SMTPConnectError(code, text)

    def ehlo(self, name: str = "") -> Reply:
        code, text = self._ask("EHLO", lambda: "\r\n".join(self._conversation.extended_hello()))
        if code == 250:
            self.does_esmtp = True
            offered = (feature.partition(" ") for feature in text.decode().split("\n")[1:])
            self.esmtp_features = {keyword.lower(): parameters for keyword, _, parameters in offered}
        self.ehlo_resp = text
        return code, text

    def helo(self, name: str = "") -> Reply:
        code, self.helo_resp = self._ask("HELO", self._conversation.hello)
        return code, self.helo_resp

    def starttls(self, keyfile: object = None, certfile: object = None, context: ssl.SSLContext | None = None) -> Reply:
        """As on a socket, with a handshake in memory; afterwards there is no wire that would need it."""
        self.ehlo_or_helo_if_needed()
        if not self.has_extn("starttls"):
            raise smtplib.SMTPNotSupportedError("STARTTLS extension not supported by server.")
        shown: Kind = "valid"

        def asked() -> str:
            nonlocal shown
            reply, shown = self._conversation.start_tls()
            return reply

        code, text = self._ask("STARTTLS", asked)
        if code != 220:
            raise smtplib.SMTPResponseException(code, text)
        try:
            if self._ending is not Ending.KEPT:
                raise ssl.SSLEOFError(ssl.SSL_ERROR_EOF, "EOF occurred in violation of protocol")
            shake_hands(context or _trusting(), server_context(self._certificates.of(shown)), self._host)
        except ssl.SSLError:
            self.close()
            raise
        self._conversation.secure()
        self.helo_resp = self.ehlo_resp = None
        self.esmtp_features = {}
        self.does_esmtp = False
        return code, text

    def mail(self, sender: str, options: Sequence[str] = ()) -> Reply:
        return self._ask("MAIL", lambda: self._conversation.mail(sender, options))

    def rcpt(self, recip: str, options: Sequence[str] = ()) -> Reply:
        return self._ask("RCPT", lambda: self._conversation.recipient(recip))

    def data(self, msg: Buffer | str) -> Reply:
        """Hand over the content. There is no wire, hence no dot to stuff and none to take out again."""
        code, text = self._ask("DATA", self._conversation.data)
        if code != 354:
            raise smtplib.SMTPDataError(code, text)
        content = _LINE_END.sub("\r\n", msg).encode("ascii") if isinstance(msg, str) else bytes(msg)
        if not content.endswith(b"\r\n"):
            content += b"\r\n"
        return self._ask("content", lambda: self._conversation.content(content))

    def docmd(self, cmd: str, args: str = "") -> Reply:
        """Knows what `smtplib` sends by itself: QUIT, RSET, NOOP, AUTH and its responses; nothing else."""
        self._must_be_open()
        if self._expected:
            return _parsed(self._respond(cmd))
        match command := cmd.upper():
            case "QUIT":
                return self._ask(command, lambda: BYE)
            case "RSET":
                return self._ask(command, self._reset)
            case "NOOP":
                return self._ask(command, lambda: ACCEPTED)
            case "AUTH":
                return self._ask(command, lambda: self._begin_auth(*args.split()))
            case _:
                return 502, b"5.5.1 Command not implemented"

    def close(self) -> None:
        self._open = False
        super().close()

    def _connected(self) -> Reply:
        """The greeting."""
        try:
            greeting = self._conversation.greet()
        except Broken:
            return self._read("", BROKEN_OFF)
        return self._ask("connect", lambda: greeting) if greeting.startswith("220") else _parsed(greeting)

    def _ask(self, exchange: str, carry_out: Callable[[], str]) -> Reply:
        """The reply to a command as it comes over the line."""
        self._must_be_open()
        hit = self._conversation.line(exchange)
        try:
            reply = carry_out() if hit is None or hit.processed else ""
        except Broken as broken:
            self.close()
            raise smtplib.SMTPServerDisconnected(_CLOSED) from broken
        return _parsed(reply) if hit is None else self._read(reply, hit.line)

    def _read(self, reply: str, line: Line) -> Reply:
        """What `smtplib` makes of a reply that comes over such a line. Raises `SMTPServerDisconnected`."""
        octets, self._ending = f"{reply}\r\n".encode()[: line.cut_after], line.ending
        if line.piece is not None and line.piece < len(octets) and line.pause > _PATIENCE:
            octets, self._ending = octets[: line.piece], Ending.SILENT
        self.file = _Heard(octets, self._ending)
        try:
            return self.getreply()
        finally:
            self.file = None

    def _reset(self) -> str:
        self._conversation.reset()
        return ACCEPTED

    def _begin_auth(self, mechanism: str = "", initial: str = "") -> str:
        if mechanism not in ("PLAIN", "LOGIN"):
            return "504 5.5.4 Unrecognized authentication type"
        self._expected, self._login = mechanism, ""
        return self._respond(initial) if initial else _challenge("Username:" if mechanism == "LOGIN" else "")

    def _respond(self, encoded: str) -> str:
        """Take the next response of an authentication that is under way."""
        expected, self._expected = self._expected, ""
        try:
            given = b64decode(encoded, validate=True).decode("utf-8", "replace")
        except (Error, ValueError):
            return "501 5.5.2 Can't decode base64"
        if expected == "LOGIN":
            self._expected, self._login = "password", given
            return _challenge("Password:")
        if expected == "password":
            return self._conversation.log_in(self._login, given)
        if given.count("\0") != 2:
            return "501 5.5.2 Can't split auth value"
        _, user, password = given.split("\0")
        return self._conversation.log_in(user, password)

    def _must_be_open(self) -> None:
        if self._open and self._ending is not Ending.KEPT:
            self.close()
            raise smtplib.SMTPServerDisconnected(_CLOSED)
        if not self._open:
            raise smtplib.SMTPServerDisconnected("please run connect() first")


class _Heard(BytesIO):
    """What comes over a line that ends like this, as `smtplib` reads it from a socket."""

    def __init__(self, octets: bytes, ending: Ending) -> None:
        super().__init__(octets)
        self._ending = ending

    def readline(self, size: int | None = -1, /) -> bytes:
        line = super().readline(size)
        if not line.endswith(b"\n") and self._ending is Ending.RESET:
            raise ConnectionResetError(ECONNRESET, "Connection reset by peer")
        if not line.endswith(b"\n") and self._ending is Ending.SILENT:
            raise TimeoutError("timed out")
        return line


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


def _challenge(text: str) -> str:
    return f"334 {b64encode(text.encode()).decode()}"


def _parsed(reply: str) -> Reply:
    """A reply as smtplib gives it: the code, and the text of its lines as bytes."""
    return int(reply[:3]), "\n".join(line[4:] for line in reply.split("\r\n")).encode()
