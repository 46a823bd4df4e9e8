"""The driver of the reference system: hands on the apps of its phones, in one world."""

from __future__ import annotations

import ssl
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any, ClassVar, Protocol, TypeVar

from cryptography import x509
from starlette.types import ASGIApp

from emulators.card.issuer import CardIssuer
from emulators.core.outcome import Accepted, Outcome, Refused
from emulators.core.person import CardData, Person
from emulators.core.physics import Physics
from emulators.core.workdays import Workdays
from emulators.phone.nfc import ContactlessCard
from emulators.phone.phone import Phone
from harness.actions import Action
from harness.drivers import View
from harness.drivers.handset import ContactReader, PhonePlatform, ServerAgenda
from harness.profile import InsurerProfile
from harness.reference.apps.app import App
from harness.reference.apps.barmer import BarmerApp
from harness.reference.apps.browser import Browser
from harness.reference.apps.ecare import EcareApp
from harness.reference.apps.practice_terminal import PracticeTerminal
from harness.reference.declined import Declined
from harness.reference.insurer.accounts import Account, Session
from harness.reference.insurer.cards import Trust
from harness.reference.insurer.insurer import Insurer, Surroundings
from harness.reference.insurer.outside import MailClient
from harness.reference.insurer.tan import tan_state
from harness.reference.insurer.web import build


class Card(ContactlessCard, Protocol):
    """A card in a hand, which also goes into a reader."""

    def transmit(self, command: bytes) -> bytes: ...


class World(Protocol):
    """What the driver needs of the world."""

    @property
    def physics(self) -> Physics: ...
    @property
    def people(self) -> Mapping[str, Person]: ...
    @property
    def addresses(self) -> Mapping[str, str]: ...
    @property
    def keys(self) -> Mapping[str, str]: ...
    @property
    def trust_anchors(self) -> Sequence[x509.Certificate]: ...
    @property
    def issuer(self) -> CardIssuer: ...

    def phone(self, by: str, on: str) -> Phone: ...
    def card(self, which: str) -> Card: ...
    @property
    def mail_ca(self) -> str: ...
    def smtp(self) -> AbstractContextManager[MailClient]: ...
    def publish(self, name: str, app: ASGIApp) -> str: ...
    def connect_clerks(self, url: str) -> None: ...
    def takeover(self, phone: Phone) -> str | None: ...
    def revoked(self, serial: int) -> bool: ...


@dataclass(frozen=True, slots=True)
class Installed:
    """The two apps on one phone; whether they are installed the phone knows."""

    barmer: BarmerApp
    ecare: EcareApp

    def app(self, name: str) -> App:
        return self.barmer if name == "barmer" else self.ecare


class ReferenceDriver:
    """The reference system in a world. Refusals of the system come back as `Refused`."""

    capabilities: ClassVar[frozenset[str]] = frozenset({"virtual-time", "nfc", "branch", "practice"})

    def __init__(self, world: World, profile: InsurerProfile, seed: int) -> None:
        self.seed = seed
        self.world = world
        physics = world.physics
        # Root and issuers are public: an insurer has them from the trust list.
        trust = Trust(world.trust_anchors, (world.issuer.pki.issuer_certificate(),), world.revoked)
        self.insurer = Insurer(
            world.people.values(),
            ServerAgenda(physics),
            Workdays(physics.workdays.land, saturday=profile.saturday_is_workday),
            physics.randomness("insurer"),
            profile,
            Surroundings(world.addresses, world.keys, world.smtp, _trusting(world.mail_ca), trust),
        )
        base = world.publish("insurer", build(self.insurer))
        self.insurer.open_at(base)
        world.connect_clerks(f"{base}/branch/reports")
        self.browser = Browser(base)
        self.terminal = PracticeTerminal(self.insurer.practices)
        self._phones: dict[Phone, Installed] = {}

    def perform(self, action: Action) -> Outcome:
        try:
            notes = PERFORM[action.verb](self, action)
        except Declined as declined:
            return Refused(declined.reason, declined.notes)
        return Accepted(tuple(notes or ()))

    def look(self, by: str = "person", on: str = "first") -> View:
        kvnr = self.kvnr_of(by)
        insured, account = self.insurer.register[kvnr], self.insurer.accounts.of(kvnr)
        apps = self.apps(by, on)
        device = self.insurer.devices.bound(account, apps.ecare.platform.vendor_id) if account else None
        barmer, ecare = (_own(app.open_session, account) for app in (apps.barmer, apps.ecare))
        running = apps.barmer.running or apps.ecare.running
        return View(
            account=account.status if account else "none",
            email=_contact(account.email, account.email_confirmed) if account else "none",
            mobile=_contact(account.mobile, account.mobile_confirmed) if account else "none",
            tan=tan_state(account) if account else "none",
            device="unbound" if device is None else "released" if device.released else "bound",
            devices=len(self.insurer.devices.of(account)) if account else 0,
            identity=insured.identity,
            release=insured.release,
            record=insured.record.status,
            ecare=ecare.level if ecare else "closed",
            barmer="open" if barmer else "closed",
            login=insured.record.login or "none",
            login_offers=apps.ecare.login_offers() if ecare else (),
            unlock_offers=apps.ecare.unlock_offers() if running else (),
            messages=tuple(insured.inbox),
            release_code=self.insurer.devices.valid_release_code(device) if device else None,
            recovery_key=apps.ecare.recovery_key,
        )

    def settle(self) -> None:
        self.world.physics.happen()

    def remove(self) -> None:
        self.browser.close()
        self.insurer.close()

    def apps(self, by: str, on: str) -> Installed:
        """The apps on that person's phone."""
        phone = self.world.phone(by, on)
        if phone not in self._phones:
            platform = PhonePlatform(phone, self.world.physics, len(self._phones) + 1, self.world.takeover)
            self._phones[phone] = Installed(BarmerApp(platform, self.insurer), EcareApp(platform, self.insurer))
        return self._phones[phone]

    def kvnr_of(self, role: str) -> str:
        return self.world.people[role].kvnr

    def card_in_hand(self, by: str) -> CardData:
        """What is printed on the card that the person has; the one with the NFC sign may be the replacement."""
        person = self.world.people[by]
        replaced = person.replacement is not None and self.world.card(by).nfc != person.card.nfc
        return person.replacement if replaced and person.replacement else person.card


A = TypeVar("A", bound=App)
Notes = Iterable[str] | None
# The keys of the tables say which action it is, hence `Any`.
Deed = Callable[[ReferenceDriver, Any], Notes]


def _in(app_of: Callable[[Installed, Any], A]) -> Callable[[Callable[[A, Any], object]], Deed]:
    """Deeds in one of the apps, which has to run."""

    def to_deed(do: Callable[[A, Any], object]) -> Deed:
        def deed(driver: ReferenceDriver, action: Action) -> None:
            app = app_of(driver.apps(action.by, action.on), action)
            app.require_running()
            do(app, action)

        return deed

    return to_deed


_in_barmer = _in(lambda apps, _: apps.barmer)
_in_ecare = _in(lambda apps, _: apps.ecare)
_in_app = _in(lambda apps, action: apps.app(action.app))


def _open_app(driver: ReferenceDriver, action: Any) -> None:
    driver.apps(action.by, action.on).app(action.app).open()


def _kill_app(driver: ReferenceDriver, action: Any) -> None:
    driver.apps(action.by, action.on).app(action.app).kill()


def _remove_device(driver: ReferenceDriver, action: Any) -> None:
    app = driver.apps(action.by, action.on).barmer
    app.require_running()
    app.remove_device(driver.apps(action.by, action.device).barmer.platform.vendor_id)


def _with_card(do: Callable[[Any, Any, CardData], object], app: str) -> Deed:
    """In an app that asks the person to look at their card."""

    def deed(driver: ReferenceDriver, action: Any) -> None:
        running = driver.apps(action.by, action.on).app(app)
        running.require_running()
        do(running, action, driver.card_in_hand(action.by))

    return deed


def _move_phone(driver: ReferenceDriver, action: Any) -> None:
    app, phone = driver.apps(action.by, action.on).ecare, driver.world.phone(action.by, action.on)
    app.require_running()
    app.move_phone(lambda: phone.shake(action.seconds, action.vigour, rehearsed=action.movement == "rehearsed"))


def _log_in_with_card(driver: ReferenceDriver, action: Any) -> None:
    app, phone = driver.apps(action.by, action.on).ecare, driver.world.phone(action.by, action.on)
    app.require_running()
    phone.hold(driver.world.card(action.card), at=action.at)
    try:
        app.log_in_with_card(action.can, action.pin, driver.card_in_hand(action.by))
    finally:
        phone.take_away()


def _given_account(driver: ReferenceDriver, action: Any) -> None:
    driver.insurer.accounts.provide_old(
        driver.kvnr_of(action.by), user_name=action.user_name, mobile=action.mobile, weak_password=action.weak_password
    )


def _authorise_practice(driver: ReferenceDriver, action: Any) -> None:
    driver.terminal.authorise(ContactReader(driver.world.card(action.by)), action.pin)


PERFORM: Mapping[str, Deed] = {
    # the device and its apps
    "open_app": _open_app,
    "kill_app": _kill_app,
    "log_in": _in_app(lambda app, a: app.log_in(a.user_name, a.password)),
    "log_out": _in_app(lambda app, a: app.log_out()),
    "choose_unlock": _in_app(lambda app, a: app.choose_unlock(a.method)),
    "unlock_app": _in_app(lambda app, a: app.unlock(a.method)),
    "change_password": _in_app(lambda app, a: app.change_password(a.password)),
    "accept_terms": _in_app(lambda app, a: app.accept_terms(a.accept)),
    # the Barmer app
    "register": _in_barmer(lambda app, a: app.register(a.given_names, a.family_name, a.birth_date, a.kvnr)),
    "choose_user_name": _in_barmer(lambda app, a: app.choose_user_name(a.user_name)),
    "change_user_name": _in_barmer(lambda app, a: app.change_user_name()),
    "choose_password": _in_barmer(lambda app, a: app.choose_password(a.password, a.repeat)),
    "enter_email": _in_barmer(lambda app, a: app.enter_email(a.address)),
    "enter_mobile": _in_barmer(lambda app, a: app.enter_mobile(a.number)),
    "confirm_mobile": _in_barmer(lambda app, a: app.confirm_mobile()),
    "request_tan": _in_barmer(lambda app, a: app.request_tan()),
    "enter_tan": _in_barmer(lambda app, a: app.enter_tan(a.code)),
    "request_letter": _in_barmer(lambda app, a: app.request_letter()),
    "enter_activation_code": _in_barmer(lambda app, a: app.enter_activation_code(a.code)),
    "remove_device": _remove_device,
    "create_release_code": _in_barmer(lambda app, a: app.create_release_code()),
    "order_card": _with_card(lambda app, a, card: app.order_card(card), "barmer"),
    "request_pin": _in_barmer(lambda app, a: app.request_pin()),
    # the eCare app
    "follow_ident_link": _with_card(lambda app, a, card: app.follow_ident_link(card), "ecare"),
    "enter_release_code": _in_ecare(lambda app, a: app.enter_release_code(a.code)),
    "start_setup": _in_ecare(lambda app, a: app.start_setup()),
    "accept_data_transfer": _in_ecare(lambda app, a: app.accept_data_transfer(a.accept)),
    "confirm_summary": _in_ecare(lambda app, a: app.confirm_summary()),
    "move_phone": _move_phone,
    "save_recovery_key": _in_ecare(lambda app, a: app.save_recovery_key(a.to)),
    "confirm_key_saved": _in_ecare(lambda app, a: app.confirm_key_saved()),
    "choose_login": _with_card(lambda app, a, card: app.choose_login(a.method, card), "ecare"),
    "confirm_security_notes": _in_ecare(lambda app, a: app.confirm_security_notes()),
    "check_email": _in_ecare(lambda app, a: app.check_email()),
    "confirm_device": _in_ecare(lambda app, a: app.confirm_device()),
    "restore_data": _in_ecare(lambda app, a: app.restore_data(a.key)),
    "log_in_with_card": _log_in_with_card,
    "view_record": _in_ecare(lambda app, a: app.view_record()),
    "add_document": _in_ecare(lambda app, a: app.add_document()),
    # without an app
    "given_account": _given_account,
    "confirm_email": lambda driver, a: driver.browser.confirm(a.link),
    "book_appointment": lambda driver, a: driver.insurer.branches.book(driver.kvnr_of(a.by)),
    "authorise_practice": _authorise_practice,
    "physician_creates_record": lambda driver, a: driver.insurer.practices.create_record(driver.kvnr_of(a.by)),
}


def _trusting(ca: str) -> ssl.SSLContext:
    """TLS for a client that trusts `ca` (PEM) and nobody else."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.load_verify_locations(cadata=ca)
    return context


def _own(session: Session | None, account: Account | None) -> Session | None:
    """A session that is somebody else's is not one's own, though it is open on the device that one looks at."""
    return session if session is not None and session.account is account else None


def _contact(value: str | None, confirmed: bool) -> str:
    return "none" if value is None else "confirmed" if confirmed else "unconfirmed"
