"""One of each, put together: physics, emulators, people with their phones, cards, letterboxes and mailboxes.

`open()` makes the doors reachable, `close()` shuts them. In process, `requests` is answered by the emulators' own
ASGI apps and mail goes straight to the SMTP handler; with `sockets=True` the very same are served on loopback.
"""

from __future__ import annotations

import smtplib
from collections.abc import Mapping
from contextlib import AbstractContextManager
from dataclasses import replace
from datetime import datetime, timedelta
from functools import cache
from random import Random
from urllib.parse import urlsplit

from cryptography.x509 import Certificate
from starlette.types import ASGIApp

from emulators.branch.office import BranchOffices
from emulators.card.ble.radio import Air
from emulators.card.borrowed import BorrowedCard
from emulators.card.card import HealthCard
from emulators.card.issuer import CardIssuer
from emulators.card.pki import Variant as CardVariant
from emulators.core.clock import DEFAULT_START, elapsed
from emulators.core.emulator import Emulator
from emulators.core.numbers import make_can, make_iccsn, make_pin, make_puk
from emulators.core.people import MAIL_DOMAIN, PERSONAS, People, Persona
from emulators.core.person import CardData, Person
from emulators.core.physics import Physics
from emulators.core.registry import Registry
from emulators.core.workdays import Workdays
from emulators.entrance import Entrance
from emulators.ident.provider import IdentProvider
from emulators.mail.server import MailServer
from emulators.mail.smtp import SmtpClient
from emulators.phone.catalogue import device
from emulators.phone.faults import FAULTS as PHONE_FAULTS
from emulators.phone.phone import Phone
from emulators.phone.profile import DeviceProfile, OperatingSystem
from emulators.post.office import PostOffice
from emulators.post.profile import PostProfile
from emulators.services import Services
from emulators.sms.gateway import SmsGateway
from emulators.sms.handset import TAKEOVER_WINDOW
from emulators.sms.one_time_code import Way, ios_autofill, user_consent
from emulators.sms.takeover import Platform

# The emulators of every world. Guests from other distributions come by the entry point of the same name.
EMULATORS = Registry(
    "pruefstand.emulators",
    {
        "sms": "emulators.sms.gateway:SmsGateway",
        "mail": "emulators.mail.server:MailServer",
        "post": "emulators.post.office:PostOffice",
        "ident": "emulators.ident.provider:IdentProvider",
        "branch": "emulators.branch.office:BranchOffices",
        "card": "emulators.card.issuer:CardIssuer",
        "ble": "emulators.card.ble.radio:Air",
    },
)


@cache
def guests() -> Mapping[str, type[Emulator]]:
    """The emulators that other distributions bring, by name. Looked up once: entry points are slow to list."""
    return {name: EMULATORS.load(name) for name in EMULATORS.names() if name not in EMULATORS.table}


# What the device looks for in an SMS when it hands a code over by itself. The insurer's domain is a fictitious one.
_TAKEOVER: Mapping[OperatingSystem, Way] = {
    OperatingSystem.ANDROID: user_consent,
    OperatingSystem.IOS: ios_autofill("musterkasse.example"),
}

_PLATFORM: Mapping[OperatingSystem, Platform] = {
    OperatingSystem.ANDROID: Platform.ANDROID,
    OperatingSystem.IOS: Platform.IOS,
}

_VARIANTS = {
    "expired": CardVariant.EXPIRED,
    "revoked": CardVariant.REVOKED,
    "foreign": CardVariant.FOREIGN,
    "copied": CardVariant.CLONED,
}


class World:
    """A small world with one clock, one journal and one set of faults. Nothing in it is shared with another world."""

    def __init__(
        self,
        seed: int = 0,
        start: datetime = DEFAULT_START,
        *,
        land: str | None = None,
        personas: Mapping[str, Persona] = PERSONAS,
        name: str = "",
        realm: str | None = None,
        services: Services | None = None,
        addresses: dict[str, str] | None = None,
    ) -> None:
        """`name` tells worlds behind shared doors apart: their credentials and mail addresses follow from it.

        `realm` is whose credentials the world has, its own (`SEED/NAME`) unless given. `services` says how those who
        run its services have set them up. `addresses` are where its doors are, if others share them.
        """
        self.name = name
        own_realm = f"{seed}/{name}" if name else ""
        self.physics = Physics(seed, start, Workdays(land), realm=own_realm if realm is None else realm)
        self.clock, self.journal, self.faults = self.physics.clock, self.physics.journal, self.physics.faults
        self.services = services = services or Services()
        self.sms = SmsGateway(self.physics, smpp=services.smpp)
        self.mail_domain = f"{name}.{MAIL_DOMAIN}" if name else MAIL_DOMAIN
        self.mail = MailServer(self.physics, logins=services.mail_logins, domain=self.mail_domain)
        self.post = PostOffice(self.physics, PostProfile(delivery=services.letter_delivery))
        self.ident = IdentProvider(self.physics)
        self.branch = BranchOffices(self.physics)
        self.issuer = CardIssuer(self.physics)
        self.air = Air(self.physics)
        self.guests = {name: make(self.physics) for name, make in guests().items()}
        self.people: dict[str, Person] = {}
        self.addresses = {} if addresses is None else addresses
        self._population = People(seed, start.date(), personas, self.mail_domain)
        self._phones: dict[tuple[str, str], Phone] = {}
        self._cards: dict[str, HealthCard | BorrowedCard] = {}
        self._anchors: tuple[Certificate, ...] = ()
        self._entrance = Entrance(self.addresses)
        for emulator in self.emulators:
            self.faults.declare(emulator.name, emulator.faults)
        self.faults.declare(Phone.name, PHONE_FAULTS)

    @property
    def emulators(self) -> tuple[Emulator, ...]:
        return self.sms, self.mail, self.post, self.ident, self.branch, self.issuer, self.air, *self.guests.values()

    # -- doors ----------------------------------------------------------------------------------------------------

    def open(self, *, sockets: bool = False) -> World:
        """Make every door reachable; `addresses` then maps the emulators' names to URLs. Returns the world itself.

        In process `requests` is answered by the world that was opened last, so worlds nest: the one opened last is
        closed first. Worlds side by side need sockets.
        """
        self._entrance.open(self.emulators, sockets=sockets)
        if not sockets:
            self.addresses["mail_api"] = self.addresses[self.mail.name]  # as on sockets: two doors of one emulator
            self.addresses[self.mail.name] = "smtp://mail.test"
        return self

    def publish(self, name: str, app: ASGIApp) -> str:
        """Make an app of somebody else (the insurer's web door) part of this world; returns its base URL.

        On sockets it is given a loop of its own: it may call back into the world while it answers.
        """
        return self._entrance.publish(name, app)

    def connect_clerks(self, url: str) -> None:
        """Where the clerks in the branches report to: the insurer's system under test."""
        self.branch.connect(url, self.keys["terminal"])

    def close(self) -> None:
        """Shut all doors. Closing a closed world is no error.

        Raises `RuntimeError` in process if a world that was opened later is still open.
        """
        self._entrance.close()

    def __enter__(self) -> World:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def keys(self) -> dict[str, str]:
        """Keys and secrets of the doors, TEST ONLY."""
        return {
            "sms_sid": self.sms.account_sid,
            "sms_token": self.sms.auth_token,
            "sms_test_sid": self.sms.credentials.test_account_sid,
            "sms_test_token": self.sms.credentials.test_auth_token,
            "smpp_system_id": self.sms.credentials.smpp_system_id,
            "smpp_password": self.sms.credentials.smpp_password,
            "seven": self.sms.credentials.seven_key,
            "mail_user": self.mail.smtp_user,
            "mail_password": self.mail.smtp_password,
            "post": self.post.api_key,
            "letterxpress_user": self.post.credentials.username,
            "letterxpress_key": self.post.credentials.apikey,
            "ident": self.ident.api_key,
            "ident_webhook": self.ident.webhook_secret,
            "branch": self.branch.api_key,
            "terminal": self.physics.credential("TEST-ONLY-terminal-key"),
        }

    @property
    def mail_ca(self) -> str:
        """The certificate (PEM) of the CA that a client of the mail server has to trust."""
        return self.mail.certificates.ca.decode()

    def smtp(self) -> AbstractContextManager[SmtpClient]:
        """A client connected to the mail server: in process, or real smtplib once the door is on a socket.

        Raises what smtplib raises.
        """
        if self._entrance.in_process:
            return self.mail.smtp()
        address = urlsplit(self.addresses[self.mail.name])
        return smtplib.SMTP(address.hostname or "", address.port or 25, timeout=5)

    # -- time -----------------------------------------------------------------------------------------------------

    def happen(self) -> None:
        """Let all happen that is due now."""
        self.physics.happen()

    def advance(self, duration: timedelta) -> None:
        """Let true time pass."""
        self.physics.advance_to(self.clock.later(duration))

    def advance_workdays(self, count: int, calendar: Workdays | None = None) -> None:
        """Let time pass to the same hour of the `count`-th working day from today."""
        days = calendar or self.physics.workdays
        there = days.add_to(self.clock.now, count)
        self.physics.advance_to(self.clock.now if self.clock.has_passed(there) else there)

    # -- people, phones, cards ------------------------------------------------------------------------------------

    def settle_in(self, role: str, persona: str) -> Person:
        """Let a person live in this world, with a letterbox, a mailbox and a SIM; a child comes with its guardian."""
        person = self._population.named(persona, role)
        self._settle(role, person)
        if person.guardian is not None:
            self._settle("guardian", person.guardian)
        return self.people[role]

    def _settle(self, role: str, person: Person) -> None:
        if person.replacement is None:
            person = replace(person, replacement=_new_card(self.physics.randomness(f"replacement/{role}")))
        self.people[role] = person
        self.post.household(person.full_name, person.address)
        self.mail.mailbox(person.email)
        self.sms.handset(person.mobile)

    def has_number(self, number: str) -> bool:
        """Whether somebody in this world has that mobile number (E.164); asked without its lock, too."""
        return any(person.mobile == number for person in tuple(self.people.values()))

    def give_phone(self, role: str, which: str, profile: str | DeviceProfile) -> Phone:
        """Give somebody a device: `which` is first or second. The first one holds the person's SIM, if it can."""
        found = device(profile) if isinstance(profile, str) else profile
        number = self.people[role].mobile if which == "first" and found.sms else None
        if number is not None:
            self.sms.handset(number).platform = _PLATFORM.get(found.os)
        phone = Phone(found, self.physics, name=f"{role}/{which}", number=number)
        self._phones[role, which] = phone
        return phone

    def phone(self, by: str = "person", on: str = "first") -> Phone:
        """The device that `by` uses with `on`: first, second, or the first one of another role.

        Somebody who was given none has the same model as the person in the scenario.
        """
        key = (by, on) if on in ("first", "second") else (on, "first")
        if key not in self._phones:
            self.give_phone(*key, self._phones["person", "first"].profile)
        return self._phones[key]

    def offered_code(self, phone: Phone) -> str | None:
        """The SMS code that the device would offer to an app now; writes nothing."""
        newest = self.sms.handset(phone.number).newest if phone.number else None
        if newest is None or elapsed(newest.received_at, self.clock.now) > TAKEOVER_WINDOW:
            return None
        return _TAKEOVER[phone.profile.os](newest.body)

    def takeover(self, phone: Phone) -> str | None:
        """The SMS code that the device hands to an app, now; noted in the journal."""
        if phone.number is None or phone.profile.os not in _TAKEOVER:
            return None
        return self.sms.handset(phone.number).takeover(self.clock.now, _TAKEOVER[phone.profile.os])

    def card(self, which: str = "person") -> HealthCard | BorrowedCard:
        """The card in somebody's hand; `expired`, `revoked`, `foreign`, `copied` are variants of the person's own.

        Emulated, unless `lend` has put another there.
        """
        if which not in self._cards:
            owner = self.people["person" if which in _VARIANTS else which]
            self._cards[which] = self.issuer.issue(owner, variant=_VARIANTS.get(which, CardVariant.GENUINE))
        return self._cards[which]

    def hold_card_without_nfc(self, role: str) -> Person:
        """Give somebody a card of the older kind, without NFC and without a CAN. Before the world is used."""
        person = self.people[role]
        self.people[role] = replace(person, card=replace(person.card, nfc=False, can=""))
        return self.people[role]

    def lend(self, role: str, card: BorrowedCard) -> Person:
        """Put a card in a reader in somebody's hand, for whom it then counts as issued. Before the world is used."""
        person = self.people[role]
        data = replace(person.card, iccsn=card.iccsn, can=card.can, pin=card.pin, nfc=card.nfc)
        self.people[role] = replace(person, kvnr=card.kvnr, card=data)
        self._cards[role] = card
        return self.people[role]

    @property
    def secrets(self) -> frozenset[str]:
        """PIN and CAN of cards that were lent: real ones, unlike all else here."""
        lent = [card for card in self._cards.values() if isinstance(card, BorrowedCard)]
        return frozenset(secret for card in lent for secret in (card.pin, card.can) if secret)

    def take_new_card(self, role: str = "person") -> Person:
        """From now on the person uses the card that came as a replacement."""
        person = self.people[role]
        if person.replacement is None:
            raise LookupError(f"no new card has been made for {person.full_name}")
        self.people[role] = replace(person, card=person.replacement, replacement=None)
        self._cards.pop(role, None)
        return self.people[role]

    def trust(self, *anchors: Certificate) -> None:
        """Trust more than the test PKI: a card in a reader has its own issuer. Before the world is used."""
        self._anchors += anchors

    @property
    def trust_anchors(self) -> tuple[Certificate, ...]:
        """The root that signs genuine cards' issuers, and whom else the world trusts."""
        return self.issuer.pki.trust_anchor(), *self._anchors

    def revoked(self, serial: int) -> bool:
        """Whether the certificate with that serial number is on the revocation list now."""
        return self.issuer.pki.revocations.is_revoked(serial, self.clock.now)


def _new_card(random: Random) -> CardData:
    return CardData(
        iccsn=make_iccsn(random.randrange(10**10)), can=make_can(random), pin=make_pin(random), puk=make_puk(random)
    )
