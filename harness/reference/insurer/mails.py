"""Mails with a link to confirm an address. The newest link of its purpose counts, once, for some hours."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage, MIMEPart
from email.utils import format_datetime
from html import escape
from importlib.resources import files
from random import Random

from harness.profile import InsurerProfile
from harness.reference.declined import Declined

from .accounts import Account
from .agenda import Agenda
from .outside import MailSender, Rejected, Unavailable

SENDER = "Musterkasse <nicht-antworten@musterkasse.example>"
CONFIRM = "E-Mail-Adresse bestätigen"


def _picture(name: str) -> MIMEPart:
    """A picture to send along, named by the same content id in all mails, for it is the same in all (RFC 2045, 7)."""
    part = MIMEPart()
    drawn = files("harness.reference.insurer").joinpath("pictures", f"{name}.png").read_bytes()
    cid = f"<{name}.v1@musterkasse.example>"
    part.set_content(drawn, "image", "png", cid=cid, filename=f"{name}.png", disposition="inline")
    return part


# They travel within each mail (RFC 2387, RFC 2392): nobody is called when it is opened. Never changed.
LOGO, BUTTON = _picture("logo"), _picture("button")


@dataclass(eq=False, slots=True)
class Link:
    """A link in a mail that has gone out. `confirmed` is what following it does."""

    address: str
    expires: datetime
    confirmed: Callable[[], None]
    used: bool = False


class Mails:
    """Sends mails with a link and takes the link's following."""

    def __init__(self, agenda: Agenda, sender: MailSender, profile: InsurerProfile, random: Random) -> None:
        self._agenda = agenda
        self._sender = sender
        self._profile = profile
        self._random = random
        self._links: dict[str, Link] = {}
        self._newest: dict[tuple[Account, str], str] = {}

    def send_link(self, account: Account, purpose: str, address: str, base: str, confirmed: Callable[[], None]) -> None:
        """Send one mail; only then is the earlier link of that purpose void.

        Raises `Declined` (`mail_unavailable`, `email_rejected`).
        """
        token = f"{self._random.getrandbits(128):032x}"
        try:
            self._sender.send(self._written(address, f"{base}/confirm/{token}", token))
        except Unavailable as error:
            raise Declined("mail_unavailable") from error
        except Rejected as error:
            raise Declined("email_rejected") from error
        self._links.pop(self._newest.get((account, purpose), ""), None)
        self._newest[account, purpose] = token
        expires = self._agenda.now.astimezone(UTC) + timedelta(hours=self._profile.mail_link_hours)  # in UTC: true time
        self._links[token] = Link(address, expires, confirmed)

    def look(self, token: str) -> Link:
        """The link behind a token. Raises `Declined` (`link_invalid`, `link_used`, `link_expired`)."""
        link = self._links.get(token)
        if link is None:
            raise Declined("link_invalid")
        if link.used:
            raise Declined("link_used")
        if self._agenda.now >= link.expires:
            raise Declined("link_expired")
        return link

    def follow(self, token: str) -> None:
        """Use a link up. Raises `Declined` as `look` does."""
        link = self.look(token)
        link.used = True
        link.confirmed()

    def _written(self, address: str, url: str, token: str) -> EmailMessage:
        name, hours = self._profile.name, self._profile.mail_link_hours
        message = EmailMessage()
        message["From"] = SENDER
        message["To"] = address
        message["Subject"] = f"{name}: Bitte bestätigen Sie Ihre E-Mail-Adresse"
        message["Date"] = format_datetime(self._agenda.now)
        message["Message-ID"] = f"<{token[::-1]}@musterkasse.example>"
        message.set_content(
            f"Guten Tag,\n\nbitte bestätigen Sie Ihre E-Mail-Adresse:\n\n{url}\n\n"
            f"Der Link gilt {hours} Stunden und nur einmal.\n\nIhre {name}\n"
        )
        message.add_alternative(self._page(url), subtype="html")
        _, page = message.iter_parts()
        # Left alone, the library draws the boundaries from the process's own dice.
        page.make_related(f"=_related-{token[:16]}")
        page.set_param("type", "text/html")  # RFC 2387, 3.1
        page.attach(LOGO)
        page.attach(BUTTON)
        message.set_boundary(f"=_{token[:16]}")
        return message

    def _page(self, url: str) -> str:
        """The mail as HTML. Its button is a picture: whose mail program loads none clicks on what it says instead."""
        name, hours = escape(self._profile.name), self._profile.mail_link_hours
        return (
            f'<p><img src="{_source(LOGO)}" alt="{name}" width="200" height="48"></p>'
            "<p>Guten Tag,</p><p>bitte bestätigen Sie Ihre E-Mail-Adresse:</p>"
            f'<p><a href="{url}"><img src="{_source(BUTTON)}" alt="{CONFIRM}"'
            ' width="300" height="48"></a></p>'
            f"<p>Der Link gilt {hours} Stunden und nur einmal.</p><p>Ihre {name}</p>"
        )


def _source(picture: MIMEPart) -> str:
    """How the page names it (RFC 2392)."""
    return f"cid:{str(picture['Content-ID']).strip('<>')}"
