"""The way of an accepted mail to its mailboxes, where mails get lost, late, broken or read by machines."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import partial
from types import MappingProxyType

from emulators.core.faults import Fault
from emulators.core.physics import Physics

from .content import Blocked, Content
from .delivery_faults import (
    Duplicated,
    ImagesBlocked,
    Late,
    Lost,
    MangledLink,
    Overtaken,
    PlusStripped,
    Returned,
    Scanner,
    Spam,
    TextOnly,
)
from .doors import open_link
from .mailbox import Folder, Mailboxes, MailMessage, normal_address, without_tag
from .mangling import MANGLERS
from .notification import notification

_WANTED: Mapping[str, str] = MappingProxyType({"text": "text/plain", "html": "text/html"})


@dataclass(frozen=True, slots=True)
class Submission:
    """A mail that was handed in. `sender` is the envelope's, empty for a notification; `user` who had logged in."""

    id: str
    sender: str
    recipients: tuple[str, ...]
    content: Content
    user: str = ""


class Delivery:
    """Carries mails. `name` is the emulator's, for journal and faults."""

    def __init__(self, physics: Physics, name: str, mailboxes: Mailboxes) -> None:
        self._physics = physics
        self._name = name
        self._mailboxes = mailboxes
        self._taken = 0
        self._overtaken: dict[str, list[Submission]] = {}

    def accept(self, mail: Submission) -> str:
        """Send a mail on its way to each recipient; returns its id."""
        mail = replace(mail, id=self._next_id())
        content = mail.content
        envelope = {"id": mail.id, "from": mail.sender, "to": list(mail.recipients)}
        self._physics.journal.write(
            self._name, "accepted", **envelope, subject=content.subject, links=list(content.links)
        )
        for to in dict.fromkeys(map(normal_address, mail.recipients)):
            self._physics.soon(partial(self._carry, mail, to), f"mail {mail.id} to {to}")
        return mail.id

    def _next_id(self) -> str:
        self._taken += 1
        return f"M{self._taken:06d}"

    def _carry(self, mail: Submission, to: str) -> None:
        hit = self._physics.faults.strike(self._name, "delivery")
        with self._physics.bent_by(hit):
            self._carry_bent(mail, to, hit.fault if hit else None)

    def _carry_bent(self, mail: Submission, to: str, fault: Fault | None) -> None:
        match fault:
            case Lost():
                self._write("lost", mail.id, to)
            case Late(minutes=minutes):
                self._write("delayed", mail.id, to, minutes=minutes)
                self._later(minutes, partial(self._arrive, mail, to), f"mail {mail.id} arrives")
            case Duplicated(copies=copies):
                self._write("duplicated", mail.id, to, copies=copies)
                for _ in range(copies):
                    self._arrive(mail, to)
            case Overtaken(minutes=minutes):
                self._hold(mail, to, minutes)
            case Returned():
                self._later(fault.minutes, partial(self._return, mail, to, fault), f"mail {mail.id} comes back")
            case Spam():
                self._arrive(mail, to, "spam")
            case MangledLink(how=how):
                broken = replace(mail, content=mail.content.edited(*MANGLERS[how]))
                self._write("links.mangled", mail.id, to, links=list(broken.content.links))
                self._arrive(broken, to)
            case TextOnly(part=part):
                self._write("part.removed", mail.id, to, kept=part)
                self._arrive(replace(mail, content=mail.content.only(_WANTED[part])), to)
            case ImagesBlocked(which=which):
                self._block_images(mail, to, which)
            case PlusStripped():
                self._write("plus.stripped", mail.id, to, now=without_tag(to))
                self._arrive(mail, without_tag(to))
            case Scanner():
                self._scan(self._arrive(mail, to))
            case _:
                self._arrive(mail, to)

    def _arrive(
        self, mail: Submission, to: str, folder: Folder = "inbox", images_blocked: Blocked = "none"
    ) -> MailMessage:
        uid = self._mailboxes.next_uid(mail.id)
        now = self._physics.clock.now
        message = MailMessage(mail.id, to, now, folder, mail.content, uid, mail.sender, mail.user, images_blocked)
        self._mailboxes.put(self._mailboxes.known(to) or self._mailboxes.of(to), message)
        self._write("delivered", mail.id, to, folder=folder)
        for overtaken in self._overtaken.pop(to, ()):
            self._arrive(overtaken, to)
        return message

    def _block_images(self, mail: Submission, to: str, which: Blocked) -> None:
        """Note what the person still sees: `links` can be clicked, `hidden_links` could if the images were loaded."""
        loaded, seen = mail.content.page(), mail.content.page(which)
        self._write(
            "images.blocked",
            mail.id,
            to,
            which=which,
            alternatives=list(seen.alternatives),
            links=list(seen.links),
            hidden_links=[link for link in loaded.links if link not in seen.links],
        )
        self._arrive(mail, to, images_blocked=which)

    def _hold(self, mail: Submission, to: str, minutes: int) -> None:
        """Keep a mail back until the next one to `to` has arrived, at most for `minutes`."""
        self._write("held.back", mail.id, to, minutes=minutes)
        self._overtaken.setdefault(to, []).append(mail)
        self._later(minutes, partial(self._release, mail, to), f"mail {mail.id} arrives after all")

    def _release(self, mail: Submission, to: str) -> None:
        waiting = self._overtaken.get(to, [])
        if mail in waiting:
            waiting.remove(mail)
            self._arrive(mail, to)

    def _return(self, mail: Submission, to: str, fault: Returned) -> None:
        """Tell the sender that the mail did not arrive. A notification is never answered by one (RFC 5321, 4.5.5)."""
        if not mail.sender:
            self._write("returned", mail.id, to, status=fault.status, reply=fault.reply, notice=None)
            return
        notice_id = self._next_id()
        self._write("returned", mail.id, to, status=fault.status, reply=fault.reply, notice=notice_id)
        raw = notification(notice_id, mail, to, fault.status, fault.reply, self._physics.clock.now)
        sender = normal_address(mail.sender)
        self._arrive(Submission(notice_id, "", (sender,), Content(raw)), sender)

    def _scan(self, message: MailMessage) -> None:
        # The errands run before the world comes to rest, so no person gets to the links first.
        for link in message.links:
            self._physics.send_out(partial(self._open_as_scanner, message, link))

    def _open_as_scanner(self, message: MailMessage, link: str) -> None:
        answer = open_link(link)
        with self._physics.lock:
            if answer is not None:
                self._mailboxes.note_link(message, link, "pre-fetched")
            self._write("link.scanned", message.id, message.to, link=link, answer=answer)

    def _later(self, minutes: int, what: Callable[[], object], label: str) -> None:
        self._physics.later(timedelta(minutes=minutes), what, label)

    def _write(self, event: str, mail_id: str, to: str, **data: str | int | list[str] | None) -> None:
        self._physics.journal.write(self._name, event, id=mail_id, to=to, **data)
