"""One SMTP connection on a socket: aiosmtpd speaks the protocol, a `Conversation` decides.

What aiosmtpd lacks is added here: enhanced codes on all replies (RFC 2034), content that is bounded while it is
being read, commands in any case, the `AUTH=` parameter of MAIL (RFC 4954), which is taken and ignored, and replies
that travel badly.
"""

from __future__ import annotations

import asyncio
import logging
import re
import ssl
from collections import defaultdict
from collections.abc import Awaitable, Callable, Mapping
from functools import wraps
from types import MappingProxyType
from typing import Any, AnyStr, cast

from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

from emulators.wire.line import LAST, Line, Sender

from .certificates import Kind
from .conversation import BYE, HOSTNAME, LINE_TOO_LONG, MAX_BYTES, SIZE_EXCEEDED, Broken, Conversation

# aiosmtpd notes each strange command as a warning, which without a handler would go to stderr.
logging.getLogger("mail.log").addHandler(logging.NullHandler())

_END = b".\r\n"
_LINE_OCTETS = 1000
_BARE_REPLY = re.compile(r"([245]\d\d) (?!\d\.\d)")
_AUTH_PARAMETER = re.compile(r"\s+AUTH=\S+", re.IGNORECASE)
_PLAIN_ADDRESS = re.compile(r"\s*<([\w.+=/!#$%&'*?^`{|}~-]+@[A-Za-z0-9.-]+)>(.*)", re.DOTALL)
_ENHANCED: Mapping[str, str] = MappingProxyType(
    {
        "220": "2.0.0", "221": "2.0.0", "250": "2.0.0", "252": "2.5.0",
        "421": "4.3.2", "454": "4.7.0",
        "500": "5.5.2", "501": "5.5.4", "502": "5.5.1", "503": "5.5.1", "504": "5.5.4",
        "530": "5.7.0", "552": "5.3.4", "553": "5.1.3", "554": "5.5.0", "555": "5.5.4",
    }
)  # fmt: skip
"""The enhanced code of a reply of aiosmtpd's own that has none."""


class _Greeting(str):
    """A line of the reply to EHLO or HELO."""

    __slots__ = ()


class _Session(Session):
    login_data: Any = None  # aiosmtpd's own warns of itself each time it is set


class _Handler:
    """What aiosmtpd asks, passed on to the conversation. No hook suspends."""

    def __init__(self, conversation: Conversation) -> None:
        self._conversation = conversation

    async def handle_EHLO(  # noqa: N802 (the name is aiosmtpd's)
        self, smtp: SMTP, session: Session, envelope: Envelope, name: str, _: list[str]
    ) -> list[str]:
        lines = self._conversation.extended_hello()
        if lines[0].startswith("2"):
            session.host_name = name
        return [_Greeting(line) if line.startswith("2") else line for line in lines]

    async def handle_HELO(  # noqa: N802
        self, smtp: SMTP, session: Session, envelope: Envelope, name: str
    ) -> str:
        first = self._conversation.hello()
        if first.startswith("2"):
            session.host_name = name
        return _Greeting(first)

    async def handle_MAIL(  # noqa: N802
        self, smtp: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        reply = self._conversation.mail(address, options)
        if reply.startswith("2"):
            envelope.mail_from = address
        return reply

    async def handle_RCPT(  # noqa: N802
        self, smtp: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        reply = self._conversation.recipient(address)
        if reply.startswith("2"):
            envelope.rcpt_tos.append(address)
        return reply

    async def handle_RSET(self, smtp: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        self._conversation.reset()
        return "250 2.0.0 OK"

    async def handle_QUIT(self, smtp: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        return BYE

    async def handle_exception(self, error: Exception) -> str:
        return f"500 5.5.2 Not understood ({type(error).__name__}: {str(error).splitlines()[0] if str(error) else ''})"


class SmtpConnection(SMTP):
    """A connection that is to be greeted. `context` gives the TLS context that shows a kind of certificate.

    `line` is how the greeting travels, `None` as it should.
    """

    AuthLoginUsernameChallenge = "Username:"
    AuthLoginPasswordChallenge = "Password:"

    def __init__(
        self, conversation: Conversation, context: Callable[[Kind], ssl.SSLContext], line: Line | None = None
    ) -> None:
        # aiosmtpd keeps this on its class, where each EHLO of any connection lets it grow.
        self.command_size_limits = defaultdict(lambda: 512)
        super().__init__(
            _Handler(conversation),
            hostname=HOSTNAME,
            ident="ESMTP TEST ONLY",
            data_size_limit=None,  # the conversation says it, and this class keeps to it
            enable_SMTPUTF8=True,
            auth_require_tls=False,
            authenticator=_authenticator(conversation),
            loop=asyncio.get_running_loop(),
        )
        self.command_size_limits["MAIL"] = self.line_length_limit
        self._conversation = conversation
        self._context = context
        self._line = line
        self._spoken = b""  # of a reply that goes over that line
        self._smtp_methods = {name: self._exchange(name, method) for name, method in self._smtp_methods.items()}

    def abort(self) -> None:
        """Break the connection off."""
        if self.transport is not None:
            cast(asyncio.WriteTransport, self.transport).abort()

    def _create_session(self) -> Session:
        return _Session(self.loop)

    async def push(self, status: AnyStr) -> None:
        """Send a line of a reply, as the line of this exchange has it."""
        said = _with_enhanced_code(status) if isinstance(status, str) else status
        if self._line is None:
            await super().push(said)
            return
        self._spoken += (said.encode() if isinstance(said, str) else said) + b"\r\n"
        if said[3:4] not in ("-", b"-"):  # else the reply goes on
            await self._speak(self._line)

    async def _speak(self, line: Line) -> None:
        """Send what has been said over the line; it does not come back if nothing can follow."""
        spoken, self._spoken, self._line = self._spoken, b"", None
        transport = cast(asyncio.Transport, self.transport)
        sent: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        sender = Sender(transport, asyncio.get_running_loop())
        try:
            sender.send(spoken, line, lambda: sent.set_result(None))
            await sent
        except asyncio.CancelledError:  # the client has left
            transport.close()
            raise
        finally:
            sender.stop()

    def _exchange(self, name: str, method: Callable[[str], Awaitable[None]]) -> Callable[[str], Awaitable[None]]:
        """A command's method, with the line on which its reply travels; not called if only the line is struck."""

        @wraps(method)  # HELP reads what aiosmtpd notes on its methods
        async def exchange(arg: str) -> None:
            if not await self._is_unheard(name):
                await method(arg)

        return exchange

    async def _is_unheard(self, exchange: str) -> bool:
        """Ask how the reply to an exchange is to travel; true if the exchange must not be carried out."""
        hit = self._conversation.line(exchange)
        self._line = None if hit is None else hit.line
        if hit is None or hit.processed:
            return False
        await self._speak(hit.line)
        return True

    async def smtp_STARTTLS(self, arg: str) -> None:  # noqa: N802
        if arg:
            await self.push("501 Syntax: STARTTLS")
            return
        reply, kind = self._conversation.start_tls()
        if not reply.startswith("220"):
            await self.push(reply)
            return
        self.tls_context = self._context(kind)
        await super().smtp_STARTTLS(arg)
        self._conversation.secure()

    async def smtp_AUTH(self, arg: str) -> None:  # noqa: N802
        mechanism, space, initial = (arg or "").partition(" ")
        await super().smtp_AUTH(f"{mechanism.upper()}{space}{initial}")

    async def smtp_MAIL(self, arg: str | None) -> None:  # noqa: N802
        await super().smtp_MAIL(arg and _AUTH_PARAMETER.sub("", arg))

    async def smtp_DATA(self, arg: str) -> None:  # noqa: N802
        if await self.check_helo_needed():
            return
        if arg:
            await self.push("501 Syntax: DATA")
            return
        reply = self._conversation.data()
        await self.push(reply)
        if not reply.startswith("354"):
            return
        content, refused = await self._read_content()
        if await self._is_unheard("content"):
            return
        try:
            reply = self._conversation.overlong(refused) if refused else self._conversation.content(content)
        except Broken:
            self.abort()
            return
        self._set_post_data_state()  # type: ignore[no-untyped-call]
        await self.push(reply)

    async def _read_content(self) -> tuple[bytes, str]:
        """The content to its end without stuffed dots; or nothing, and the reply that says why it was not kept."""
        content = bytearray()
        refused = ""
        within_long_line = False
        while True:
            try:
                line = await self._reader.readuntil(b"\r\n")
            except asyncio.LimitOverrunError as error:
                await self._reader.read(error.consumed)
                refused, within_long_line = refused or LINE_TOO_LONG, True
                content.clear()
                continue
            if within_long_line:
                within_long_line = False
            elif line == _END:
                return bytes(content), refused
            elif not refused:
                line = line.removeprefix(b".")
                content += line
                refused = _objection(len(line), len(content))
                if refused:
                    content.clear()

    def _getaddr(self, arg: str) -> tuple[str | None, str | None]:
        """The address and what follows it; the usual form is read without the library's parser, which is slow."""
        plain = _PLAIN_ADDRESS.fullmatch(arg)
        if plain is not None:
            return plain[1], plain[2]
        try:
            address, rest = super()._getaddr(arg)
            if address:
                address.encode()  # bytes that are no UTF-8 came as surrogates
        except (IndexError, AttributeError, UnicodeEncodeError):  # the library's parser, at its wits' end
            return None, None
        return address, rest


def _objection(line: int, content: int) -> str:
    """Why content is not to be kept after a line and a sum of so many octets, empty if there is no reason."""
    if line > _LINE_OCTETS:
        return LINE_TOO_LONG
    return SIZE_EXCEEDED if content > MAX_BYTES else ""


def _authenticator(conversation: Conversation) -> Callable[..., AuthResult]:
    def authenticate(_: SMTP, session: Session, envelope: Envelope, mechanism: str, given: LoginPassword) -> AuthResult:
        reply = conversation.log_in(given.login.decode(errors="replace"), given.password.decode(errors="replace"))
        return AuthResult(success=reply.startswith("2"), handled=False, message=reply, auth_data=given)

    return authenticate


def _with_enhanced_code(status: str) -> str:
    """A reply of aiosmtpd's own is given a code, which greetings do not have (RFC 2034, 4)."""
    if isinstance(status, _Greeting) or status.startswith(f"220 {HOSTNAME}"):
        return status
    bare = _BARE_REPLY.match(status)
    return status if bare is None else f"{bare[1]} {_ENHANCED.get(bare[1], bare[1][0] + '.0.0')} {status[bare.end() :]}"


class TurnedAway(asyncio.Protocol):
    """A connection that is greeted with a refusal and closed (aiosmtpd itself always greets with 220), or less."""

    def __init__(self, greeting: str, line: Line = LAST) -> None:
        self._greeting = greeting
        self._line = line

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        sender = Sender(cast(asyncio.Transport, transport), asyncio.get_running_loop())
        sender.send(f"{self._greeting}\r\n".encode(), self._line, transport.close)
