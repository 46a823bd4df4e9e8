"""Letters: activation code, card PIN, new card. Always to the registered address. All codes are TEST ONLY."""

from __future__ import annotations

import hmac
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from random import Random
from typing import TYPE_CHECKING

from emulators.core.person import CardData, Person
from harness.profile import InsurerProfile
from harness.reference.declined import Declined

from .agenda import Agenda
from .outside import PostClient, Rejected, Unavailable
from .print import print_letter

if TYPE_CHECKING:
    from .accounts import Account

ALPHABET = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789"  # without 0 and O, 1 and I, which people mix up


@dataclass(eq=False, slots=True)
class ActivationCode:
    """The code in the newest letter."""

    code: str
    expires: datetime
    tries_left: int


class Letters:
    """What the insurer sends by post."""

    def __init__(self, agenda: Agenda, post: PostClient, profile: InsurerProfile, random: Random) -> None:
        self._agenda = agenda
        self._post = post
        self._profile = profile
        self._random = random
        self._count = 0

    def send_activation_code(self, account: Account) -> None:
        """Send a new code; only then are older ones void. Raises `Declined`."""
        profile = self._profile
        code = "".join(self._random.choices(ALPHABET, k=profile.letter_code_length))
        text = (
            "mit diesem Code schalten Sie Ihr Benutzerkonto frei und verbinden es mit Ihrem Gerät:\n\n"
            f"Aktivierungscode: {code}\n\n"
            f"Geben Sie ihn in der App ein. Er gilt {profile.letter_code_days} Tage und nur einmal."
        )
        scan = f"https://musterkasse.example/aktivieren?code={code}"
        self._send("activation", account.insured.person, "Ihr Aktivierungscode", text, scan)
        expires = self._agenda.now.astimezone(UTC) + timedelta(days=profile.letter_code_days)  # in UTC: true time
        account.activation = ActivationCode(code, expires, profile.letter_code_tries)

    def check_activation_code(self, account: Account, code: str) -> None:
        """Check the code and use it up. Raises `Declined`."""
        expected = account.activation
        if expected is None:
            raise Declined("no_letter")
        if expected.tries_left == 0:
            raise Declined("code_locked")
        if self._agenda.now >= expected.expires:
            raise Declined("code_expired")
        if not hmac.compare_digest(code.strip().upper().encode(), expected.code.encode()):
            expected.tries_left -= 1
            raise Declined("code_wrong")
        account.activation = None

    def send_pin(self, person: Person, card: CardData) -> None:
        """Raises `Declined` (`post_unavailable`)."""
        text = (
            f"zu Ihrer Gesundheitskarte mit der Kennnummer, die auf {card.iccsn[-4:]} endet, gehört diese PIN:\n\n"
            f"PIN: {card.pin}\n\n"
            "Bewahren Sie sie getrennt von der Karte auf. Die PUK steht auf dem zweiten Blatt.\n\nTEST ONLY\f"
            f"Ist die PIN nach drei Fehlversuchen gesperrt, hilft die PUK:\n\nPUK: {card.puk}"
        )
        self._send("pin", person, "PIN und PUK Ihrer Gesundheitskarte", text)

    def send_card(self, person: Person, card: CardData) -> None:
        """The letter with a new card on it. Raises `Declined` (`post_unavailable`)."""
        text = (
            "anbei erhalten Sie Ihre neue Gesundheitskarte mit NFC-Funktion.\n\n"
            f"Kennnummer der Karte: {card.iccsn}\n\n"
            "Vor der Nutzung mit der eCare prüfen wir damit noch einmal Ihre Identität."
        )
        self._send("card", person, "Ihre neue Gesundheitskarte", text)

    def _send(self, reference: str, person: Person, subject: str, text: str, qr: str | None = None) -> None:
        name = self._profile.name
        body = f"Guten Tag {person.full_name},\n\n{text}\n\nIhre {name}\n\nTEST ONLY"
        recipient = [person.full_name, *person.address.lines()]
        sender = f"{name} · Musterstraße 1 · 12345 Musterstadt"
        pdf = print_letter(sender, tuple(recipient), self._agenda.now.date(), subject, body, qr)
        self._count += 1
        try:
            self._post.send(f"{reference}-{self._count}.pdf", pdf, recipient)
        except (Unavailable, Rejected) as error:
            raise Declined("post_unavailable") from error
