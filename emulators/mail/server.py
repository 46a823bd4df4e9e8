"""The mail server: knows its mailboxes and users, decides at each stage of a session, and offers its doors.

The session itself is `conversation`, the way of an accepted mail to the mailboxes is `delivery`.
"""

from __future__ import annotations

import hmac
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cached_property
from typing import ClassVar, Literal

from starlette.applications import Starlette

from emulators.core.emulator import Door
from emulators.core.faults import Armed, Fault
from emulators.core.people import MAIL_DOMAIN
from emulators.core.physics import Physics

from .api import build
from .certificates import Certificates, Kind
from .content import Content
from .conversation import ACCEPTED, HOSTNAME, MAX_BYTES, SIZE_EXCEEDED, UNAVAILABLE, Broken, Conversation
from .delivery import Delivery, Submission
from .doors import SmtpDoor, api_door
from .faults import (
    FAULTS,
    BadCertificate,
    Bounced,
    Dropped,
    Filtered,
    Greylisted,
    Outage,
    RecipientReply,
    RefusedConnection,
    Reply,
    SenderRefused,
    SizeExceeded,
)
from .mailbox import LinkState, Mailbox, Mailboxes, MailMessage, postmaster_at
from .smtp import InProcessSmtp, SmtpClient

Logins = Literal["any", "own"]
HOSTS = (HOSTNAME, "localhost", "mail.test", "127.0.0.1", "::1")
"""The names and addresses in the server's certificate."""

_UNANSWERED = "the connection breaks before the reply to the content"


class MailServer:
    """All mailboxes of the world. An address that nobody asked a mailbox for is unknown and refused.

    The postmaster's is there from the start, at `domain` and wherever somebody else has a mailbox (RFC 5321, 4.5.1).
    `logins`: `any` user name and password will do, and none as well; or only this world's `own` may send.
    """

    name: ClassVar[str] = "mail"
    faults: ClassVar[Mapping[str, type[Fault]]] = FAULTS

    def __init__(self, physics: Physics, *, logins: Logins = "any", domain: str = MAIL_DOMAIN) -> None:
        self.physics = physics
        self.logins = logins
        self.mailboxes = Mailboxes()
        self.postmaster = self.mailboxes.of(postmaster_at(domain)).address
        self._delivery = Delivery(physics, self.name, self.mailboxes)

    # -- the doors ------------------------------------------------------------------------------------------------

    @cached_property
    def app(self) -> Starlette:
        """The read API as an ASGI app."""
        return build(self)

    def doors(self) -> Iterable[Door]:
        return (SmtpDoor(self.name, lambda *_: self, self.certificates), api_door(self))

    def smtp(self) -> SmtpClient:
        """A connected client in process. Raises `smtplib.SMTPConnectError` if the server does not take it."""
        return InProcessSmtp(Conversation(lambda *_: self), self.certificates)

    @property
    def smtp_user(self) -> str:
        """The user name of this world, TEST ONLY."""
        return self.physics.credential("TEST-ONLY-mail-user")

    @property
    def smtp_password(self) -> str:
        """The password that goes with it, TEST ONLY."""
        return self.physics.credential("TEST-ONLY-mail-password")

    @cached_property
    def certificates(self) -> Certificates:
        """The server's certificates; `certificates.ca` is what a client has to trust."""
        return Certificates(self.physics.randomness("mail/certificates"), HOSTS)

    # -- the mailboxes --------------------------------------------------------------------------------------------

    def mailbox(self, address: str) -> Mailbox:
        """The one mailbox of `address`, made when first asked for. Raises `ValueError` for what is no address."""
        return self.mailboxes.of(address)

    def note_link(self, message: MailMessage, link: str, state: LinkState) -> None:
        """Note that a person followed a link of a mail (`used`). Raises `ValueError` if it is not in the mail."""
        if link not in message.links:
            raise ValueError(f"the mail {message.uid} has no link {link!r}")
        self.mailboxes.note_link(message, link, state)
        self.physics.journal.write(self.name, "link.noted", id=message.id, to=message.to, link=link, state=state)

    def delete(self, message: MailMessage) -> None:
        """Take a mail out of its mailbox, as its owner might."""
        self.mailboxes.delete(message)
        self.physics.journal.write(self.name, "deleted", id=message.id, to=message.to)

    # -- the stages of a session ----------------------------------------------------------------------------------

    def stage(self, point: str, *addresses: str) -> str | None:
        """The refusal of a fault that strikes this stage, `None` if there is none."""
        return self.struck(point, *addresses)[1]

    def struck(self, point: str, *addresses: str) -> tuple[Fault | None, str | None]:
        """The fault that strikes this stage, if any, and its refusal, if it is one.

        Raises `Broken` if it breaks the connection.
        """
        hit = self._strike(point)
        with self.physics.bent_by(hit):
            match fault := hit.fault if hit else None:
                case RefusedConnection():
                    raise self._broken(point, addresses, "the connection is refused")
                case Outage():
                    return fault, self.refuse(point, UNAVAILABLE, *addresses)
                case Reply():
                    return fault, self.refuse(point, fault.line, *addresses)
                case _:
                    return fault, None

    def start_tls(self) -> tuple[str, Kind]:
        """The reply to STARTTLS, and the certificate that is shown then."""
        fault, refused = self.struck("starttls")
        kind: Kind = fault.how if isinstance(fault, BadCertificate) else "valid"
        return refused or "220 2.0.0 Ready to start TLS", kind

    def log_in(self, user: str, password: str) -> str:
        """The reply to credentials: 235, or 535 (wrong)."""
        if self.logins == "own" and not self._is_own(user, password):
            return self.refuse("auth", "535 5.7.8 Authentication credentials invalid")
        self.physics.journal.write(self.name, "authenticated", user=user)
        return "235 2.7.0 Authentication successful"

    def sender(self, address: str, login: tuple[str, str] | None = None) -> str | None:
        """The refusal of a sender, `None` if it may send. `login` are the credentials of this session, if any."""
        if self.logins == "own" and not (login and self._is_own(*login)):
            return self.refuse("mail", "530 5.7.0 Authentication required", address)
        hit = self._strike("sender", lambda fault: not isinstance(fault, SenderRefused) or fault.concerns(address))
        with self.physics.bent_by(hit):
            return self.refuse("mail", hit.fault.line, address) if hit and isinstance(hit.fault, Reply) else None

    def recipient(self, address: str) -> str:
        """The reply to RCPT: 250, 451 (not now), 550 (unknown, or not this one), or what a fault has chosen."""
        hit = self._strike("recipient", lambda fault: not isinstance(fault, RecipientReply) or fault.concerns(address))
        with self.physics.bent_by(hit):
            match hit.fault if hit else None:
                case Greylisted():
                    return self.refuse("rcpt", "451 4.7.1 Greylisted, please try again later", address)
                case Bounced():
                    return self.refuse("rcpt", f"550 5.7.1 <{address}>: Recipient address rejected", address)
                case Reply() as fault:
                    return self.refuse("rcpt", fault.line, address)
                case _:
                    if self.mailboxes.known(address) is None:
                        return self.refuse("rcpt", f"550 5.1.1 <{address}>: User unknown", address)
                    return "250 2.1.5 OK"

    def accept(self, mail_from: str, recipients: Sequence[str], raw: bytes, *, user: str = "") -> str:
        """The reply to the end of the content: 250 and the mail is on its way, 552 (too large), 554 (not this content).

        Raises `Broken` if the connection breaks instead.
        """
        hit = self._strike("data", lambda fault: not isinstance(fault, SizeExceeded) or fault.concerns(len(raw)))
        with self.physics.bent_by(hit):
            match hit.fault if hit else None:
                case Filtered():
                    return self.refuse("data", "554 5.7.1 Message rejected because of its content", *recipients)
                case Reply() as fault:
                    return self.refuse("data", fault.line, *recipients)
                case Dropped(taken=False):
                    raise self._broken("data", recipients, _UNANSWERED)
                case _ if len(raw) > MAX_BYTES:
                    return self.refuse("data", SIZE_EXCEEDED, *recipients)
        with self.physics.bent_by(hit):
            mail_id = self._delivery.accept(Submission("", mail_from, tuple(recipients), Content(raw), user))
            if hit is not None and isinstance(hit.fault, Dropped):
                raise self._broken("data", recipients, _UNANSWERED)
        return f"{ACCEPTED}: queued as {mail_id}"

    def refuse(self, stage: str, reply: str, *addresses: str) -> str:
        """Note a refusal, and give it back."""
        self.physics.journal.write(self.name, "refused", stage=stage, to=list(addresses), reply=reply)
        return reply

    def _broken(self, stage: str, addresses: Sequence[str], why: str) -> Broken:
        self.physics.journal.write(self.name, "connection.broken", stage=stage, to=list(addresses))
        return Broken(why)

    def _is_own(self, user: str, password: str) -> bool:
        # Both are compared, whatever the first says.
        right = hmac.compare_digest(user.encode(), self.smtp_user.encode())
        return hmac.compare_digest(password.encode(), self.smtp_password.encode()) and right

    def _strike(self, point: str, concerns: Callable[[Fault], bool] = lambda _: True) -> Armed | None:
        return self.physics.faults.strike(self.name, point, concerns)
