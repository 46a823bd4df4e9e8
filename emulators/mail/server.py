"""The mail server: knows its mailboxes, answers in SMTP replies, delivers.

`greet`, `recipient` and `accept` are the decisions; `MailHandler` offers them to aiosmtpd, on a socket and in
process alike. Replies and enhanced codes: RFC 5321, RFC 3463.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import timedelta
from functools import cached_property, partial
from typing import ClassVar

from aiosmtpd.smtp import SMTP, Envelope, Session

from emulators.core.emulator import Door
from emulators.core.faults import Fault
from emulators.core.physics import Physics

from .content import Content, Edit, break_links, escape_links
from .doors import SmtpDoor, open_link
from .faults import FAULTS, Bounced, Filtered, Greylisted, Late, Lost, MangledLink, Outage, Scanner, Spam
from .mailbox import Folder, Mailbox, MailMessage, normal_address
from .smtp import InProcessSmtp, SmtpClient

HOSTNAME = "mail.post.example"
MAX_BYTES = 32 * 1024 * 1024

_NOW = timedelta(0)
_MANGLERS: Mapping[str, Edit] = {"line_break": break_links, "escaped": escape_links}


class MailServer:
    """All mailboxes of the world. An address that nobody asked a mailbox for is unknown and refused."""

    name: ClassVar[str] = "mail"
    faults: ClassVar[Mapping[str, type[Fault]]] = FAULTS

    def __init__(self, physics: Physics) -> None:
        self.physics = physics
        self._mailboxes: dict[str, Mailbox] = {}
        self._accepted = 0

    @cached_property
    def handler(self) -> MailHandler:
        return MailHandler(self)

    def doors(self) -> Iterable[Door]:
        return (SmtpDoor(self.name, self.handler, HOSTNAME, MAX_BYTES),)

    def smtp(self) -> SmtpClient:
        """A connected client in process. Raises `smtplib.SMTPConnectError` if the server does not take it."""
        return InProcessSmtp(self.handler, HOSTNAME, MAX_BYTES)

    def mailbox(self, address: str) -> Mailbox:
        """The one mailbox of `address`, made when first asked for. Raises `ValueError` for what is no address."""
        address = normal_address(address)
        return self._mailboxes.setdefault(address, Mailbox(address))

    def greet(self) -> str:
        """The first reply to a connection: 220, or 421 and the connection is to be closed."""
        hit = self.physics.faults.strike(self.name, "connect")
        with self.physics.bent_by(hit):
            if hit is not None and isinstance(hit.fault, Outage):
                return self._refuse("connect", f"421 4.3.2 {HOSTNAME} Service not available")
        return f"220 {HOSTNAME} ESMTP TEST ONLY"

    def recipient(self, address: str) -> str:
        """The reply to RCPT: 250, 451 (not now), 550 (unknown, or not this one)."""
        hit = self.physics.faults.strike(self.name, "recipient")
        with self.physics.bent_by(hit):
            match hit.fault if hit else None:
                case Greylisted():
                    return self._refuse("rcpt", "451 4.7.1 Greylisted, please try again later", address)
                case Bounced():
                    return self._refuse("rcpt", f"550 5.7.1 <{address}>: Recipient address rejected", address)
                case _:
                    if self._known(address) is None:
                        return self._refuse("rcpt", f"550 5.1.1 <{address}>: User unknown", address)
                    return "250 2.1.5 OK"

    def accept(self, mail_from: str, recipients: Sequence[str], raw: bytes) -> str:
        """The reply to the end of DATA: 250 and the mail is on its way, 552 (too large) or 554 (not this content)."""
        hit = self.physics.faults.strike(self.name, "data")
        with self.physics.bent_by(hit):
            if hit is not None and isinstance(hit.fault, Filtered):
                return self._refuse("data", "554 5.7.1 Message rejected because of its content", *recipients)
            if len(raw) > MAX_BYTES:
                return self._refuse("data", "552 5.3.4 Message too large", *recipients)
        self._accepted += 1
        mail_id = f"M{self._accepted:06d}"
        content = Content(raw)
        envelope = {"id": mail_id, "from": mail_from, "to": list(recipients)}
        self.physics.journal.write(
            self.name, "accepted", **envelope, subject=content.subject, links=list(content.links)
        )
        for mailbox in dict.fromkeys(filter(None, map(self._known, recipients))):
            self._send(mail_id, mailbox, content)
        return f"250 2.0.0 OK: queued as {mail_id}"

    def _send(self, mail_id: str, mailbox: Mailbox, content: Content) -> None:
        label = f"mail {mail_id} to {mailbox.address}"
        self.physics.later(_NOW, lambda: self._carry(mail_id, mailbox, content), label)

    def _carry(self, mail_id: str, mailbox: Mailbox, content: Content) -> None:
        """The way from the server to one mailbox, where mails get lost, late, broken or read by machines."""
        hit = self.physics.faults.strike(self.name, "delivery")
        with self.physics.bent_by(hit):
            match hit.fault if hit else None:
                case Lost():
                    self._write("lost", mail_id, mailbox)
                case Late(minutes=minutes):
                    self._write("delayed", mail_id, mailbox, minutes=minutes)
                    arrive = timedelta(minutes=minutes)
                    self.physics.later(arrive, lambda: self._put(mail_id, mailbox, content), f"mail {mail_id} arrives")
                case Spam():
                    self._put(mail_id, mailbox, content, "spam")
                case MangledLink(how=how):
                    mangle = _MANGLERS[how]
                    broken = content.edited(mangle, mangle)
                    self._write("links.mangled", mail_id, mailbox, links=list(broken.links))
                    self._put(mail_id, mailbox, broken)
                case Scanner():
                    self._scan(mail_id, mailbox, content)
                    self._put(mail_id, mailbox, content)
                case _:
                    self._put(mail_id, mailbox, content)

    def _put(self, mail_id: str, mailbox: Mailbox, content: Content, folder: Folder = "inbox") -> None:
        mailbox.put(MailMessage(mail_id, mailbox.address, self.physics.clock.now, folder, content))
        self._write("delivered", mail_id, mailbox, folder=folder)

    def _scan(self, mail_id: str, mailbox: Mailbox, content: Content) -> None:
        # The errands run before the world comes to rest, so no person gets to the links first.
        for link in content.links:
            self.physics.send_out(partial(self._open_as_scanner, mail_id, mailbox, link))

    def _open_as_scanner(self, mail_id: str, mailbox: Mailbox, link: str) -> None:
        answer = open_link(link)
        with self.physics.lock:
            self._write("link.scanned", mail_id, mailbox, link=link, answer=answer)

    def _known(self, address: str) -> Mailbox | None:
        try:
            return self._mailboxes.get(normal_address(address))
        except ValueError:
            return None

    def _refuse(self, stage: str, reply: str, *recipients: str) -> str:
        self.physics.journal.write(self.name, "refused", stage=stage, to=list(recipients), reply=reply)
        return reply

    def _write(self, event: str, mail_id: str, mailbox: Mailbox, **data: str | int | list[str] | None) -> None:
        self.physics.journal.write(self.name, event, id=mail_id, to=mailbox.address, **data)


class MailHandler:
    """The server as a handler of aiosmtpd. In process there is neither a protocol nor a session: both are `None`.

    No hook suspends, and each holds the lock of the world.
    """

    def __init__(self, server: MailServer) -> None:
        self._server = server
        self._lock = server.physics.lock

    def greet(self) -> str:
        with self._lock:
            return self._server.greet()

    async def handle_MAIL(  # noqa: N802 (the name is aiosmtpd's)
        self, smtp: SMTP | None, session: Session | None, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        envelope.mail_from = address
        envelope.mail_options.extend(options)
        return "250 2.1.0 OK"

    async def handle_RCPT(  # noqa: N802
        self, smtp: SMTP | None, session: Session | None, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        with self._lock:
            reply = self._server.recipient(address)
        if reply.startswith("2"):
            envelope.rcpt_tos.append(address)
            envelope.rcpt_options.extend(options)
        return reply

    async def handle_DATA(  # noqa: N802
        self, smtp: SMTP | None, session: Session | None, envelope: Envelope
    ) -> str:
        raw = envelope.original_content or b""
        with self._lock:
            return self._server.accept(envelope.mail_from or "", envelope.rcpt_tos, raw)
