"""One SMTP connection on a socket: aiosmtpd speaks the protocol, a `Conversation` decides.

What aiosmtpd lacks is added here: enhanced codes on all replies (RFC 2034), content that is bounded while it is
being read, commands in any case, and the `AUTH=` parameter of MAIL (RFC 4954), which is taken and ignored.
"""

from __future__ import annotations

import asyncio
import logging
import re
import ssl
from collections import defaultdict
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, AnyStr, cast

from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

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
        first = self._conversation.hello()
        if not first.startswith("2"):
            return [first]
        session.host_name = name
        *lines, last = HOSTNAME, *self._conversation.features
        return [_Greeting(line) for line in (*(f"250-{line}" for line in lines), f"250 {last}")]

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
    """A connection that was greeted. `context` gives the TLS context that shows a kind of certificate."""

    AuthLoginUsernameChallenge = "Username:"
    AuthLoginPasswordChallenge = "Password:"

    def __init__(self, conversation: Conversation, context: Callable[[Kind], ssl.SSLContext]) -> None:
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

    def abort(self) -> None:
        """Break the connection off."""
        if self.transport is not None:
            cast(asyncio.WriteTransport, self.transport).abort()

    def _create_session(self) -> Session:
        return _Session(self.loop)

    async def push(self, status: AnyStr) -> None:
        """Send a reply; aiosmtpd's own are given an enhanced code, which greetings do not have (RFC 2034, 4)."""
        if isinstance(status, str) and not isinstance(status, _Greeting) and not status.startswith(f"220 {HOSTNAME}"):
            bare = _BARE_REPLY.match(status)
            if bare is not None:
                await super().push(f"{bare[1]} {_ENHANCED.get(bare[1], bare[1][0] + '.0.0')} {status[bare.end() :]}")
                return
        await super().push(status)

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


class Closed(asyncio.Protocol):
    """A connection that is greeted with a refusal and closed; aiosmtpd itself always greets with 220."""

    def __init__(self, greeting: str) -> None:
        self._greeting = greeting

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        writing = cast(asyncio.WriteTransport, transport)
        writing.write(f"{self._greeting}\r\n".encode())
        writing.close()
