"""The insurer's back end as its apps see it: the concerns put together, and what spans several of them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from random import Random
from ssl import SSLContext

from emulators.core.person import CardData, Person
from harness.profile import InsurerProfile
from harness.reference.declined import Declined

from .accounts import Account, Accounts, Session, require_email
from .agenda import Agenda, Workdays
from .branch import Branches
from .cards import CardLogin, Trust
from .devices import Device, DeviceKey, Devices
from .identity import IdentityChecks
from .letters import Letters
from .mails import Mails
from .outside import BranchClient, IdentClient, Line, MailSender, OpenMail, PostClient, SmsClient
from .practice import PracticeAccess
from .register import Register
from .release import Releases
from .tan import Tans


@dataclass(frozen=True, slots=True)
class Surroundings:
    """Where everything is: base URLs by door (sms, post, ident, branch), keys by name, the way to the mail server.

    `mail_tls` says whom to trust there.
    """

    addresses: Mapping[str, str]
    keys: Mapping[str, str]
    open_mail: OpenMail
    mail_tls: SSLContext
    trust: Trust


class Insurer:
    """One insurer. `open_at` tells it under which address its web door can be reached."""

    def __init__(
        self,
        people: Iterable[Person],
        agenda: Agenda,
        workdays: Workdays,
        random: Random,
        profile: InsurerProfile,
        around: Surroundings,
    ) -> None:
        addresses, keys = around.addresses, around.keys
        self.profile = profile
        self.line = Line()
        self.register = Register(people)
        self.accounts = Accounts(self.register, profile, random)
        sms = SmsClient(self.line, addresses["sms"], keys["sms_sid"], keys["sms_token"])
        self.tans = Tans(agenda, sms, profile, random)
        self.letters = Letters(agenda, PostClient(self.line, addresses["post"], keys["post"]), profile, random)
        mail = MailSender(around.open_mail, keys["mail_user"], keys["mail_password"], around.mail_tls)
        self.mails = Mails(agenda, mail, profile, random)
        self.devices = Devices(agenda, profile, random)
        self.releases = Releases(agenda, workdays, self.letters, profile)
        ident = IdentClient(self.line, addresses["ident"], keys["ident"])
        self.identity = IdentityChecks(agenda, ident, self.releases, profile, random, keys["ident_webhook"])
        calendar = BranchClient(self.line, addresses["branch"], keys["branch"])
        self.branches = Branches(
            agenda, calendar, self.register, self.accounts, self.releases, profile, keys["terminal"]
        )
        self.cards = CardLogin(agenda, random, around.trust)
        self.practices = PracticeAccess(self.register, self.cards)
        self.sms_token = keys["sms_token"]
        self._base = ""

    def open_at(self, base: str) -> None:
        self._base = base.rstrip("/")

    def close(self) -> None:
        self.line.close()

    @property
    def sms_callback(self) -> str:
        return f"{self._base}/webhooks/sms"

    def log_in(self, app: str, user_name: str, password: str, device_id: str, key: DeviceKey) -> Session:
        """Raises `Declined`."""
        return self._admit(self.accounts.check(user_name, password), app, device_id, key, with_password=True)

    def unlock(self, app: str, token: str, device_id: str, key: DeviceKey) -> Session:
        """Log in with what the app was given when unlocking was chosen. Raises `Declined`."""
        return self._admit(self.accounts.check_token(token), app, device_id, key, with_password=False)

    def log_in_with_card(self, device: Device, jws: str) -> Session:
        """Raises `Declined` unless the card proves to be that of the account's owner."""
        account = device.account
        self.cards.judge(account.insured.kvnr, jws)
        return self.accounts.open_session(account, "ecare", device.device_id)

    def device_of(self, session: Session) -> Device:
        """Raises `Declined` (`device_not_bound`)."""
        return self.devices.require_bound(session.account, session.device_id)

    def enter_email(self, account: Account, address: str) -> None:
        require_email(address)

        def confirmed() -> None:
            account.email_confirmed = True

        self.mails.send_link(account, "email", address, self._base, confirmed)
        account.email, account.email_confirmed = address, False

    def check_email(self, account: Account) -> None:
        """A link of its own for the setup: an older one proves nothing about today."""
        record = account.insured.record
        record.require("email")
        try:
            self.mails.send_link(account, "setup", account.email or "", self._base, record.email_confirmed)
        except Declined as declined:
            raise Declined("mail_unavailable") from declined

    def request_tan(self, account: Account) -> None:
        self.tans.request(account, self.sms_callback)

    def request_letter(self, session: Session) -> None:
        """Order the letter with the activation code. Raises `Declined` for the first thing that is missing."""
        account = session.account
        password = account.password
        demands = (
            (account.user_name is not None, "user_name_missing"),
            (password is not None and not password.weak, "password_missing"),
            (account.email is not None, "email_missing"),
            (account.terms_accepted, "terms_missing"),
            (account.email_confirmed or not account.old, "email_unconfirmed"),
            (account.mobile_confirmed or not account.old, "mobile_unconfirmed"),
        )
        _demand(demands)
        if account.status == "active" and self.devices.bound(account, session.device_id) is not None:
            raise Declined("already_active")
        self.letters.send_activation_code(account)
        if account.status == "none":
            account.status = "pending"

    def activate(self, session: Session, code: str, key: DeviceKey) -> None:
        """Enter the code from the letter: the account becomes active, the device bound. Raises `Declined`."""
        account = session.account
        demands = (
            (account.activation is not None, "no_letter"),
            (account.email_confirmed or not self.profile.activation_needs_email, "email_unconfirmed"),
            (account.mobile_confirmed, "mobile_unconfirmed"),
            (session.mobile_checked or not account.old, "mobile_unchecked"),
        )
        _demand(demands)
        self.devices.require_free(account, session.device_id)
        self.letters.check_activation_code(account, code)
        account.status = "active"
        self.devices.bind(account, session.device_id, key)

    def create_release_code(self, session: Session) -> str:
        """Raises `Declined`."""
        account = session.account
        if account.status != "active":
            raise Declined("account_not_active")
        device = self.device_of(session)
        if account.insured.release != "released":
            raise Declined("not_released")
        return self.devices.create_release_code(device)

    def start_setup(self, session: Session) -> None:
        """Raises `Declined`."""
        insured = session.account.insured
        if insured.release != "released":
            raise Declined("not_released")
        if not self.device_of(session).released:
            raise Declined("device_not_released")
        insured.record.start(anew=False)

    def follow_ident_link(self, session: Session, in_hand: CardData) -> None:
        """Open a case with the card in the person's hand, if it is one of theirs, else with the newest issued."""
        insured = session.account.insured
        iccsn = in_hand.iccsn if in_hand.iccsn in insured.cards else list(insured.cards)[-1]
        self.identity.open_case(insured, iccsn, self._base)

    def order_card(self, session: Session, in_hand: CardData) -> None:
        """Send a card with NFC to who has none. Raises `Declined`."""
        account = session.account
        if account.status != "active":
            raise Declined("account_not_active")
        person = account.insured.person
        card = person.replacement
        if in_hand.nfc or card is None:
            raise Declined("card_has_nfc")
        self.letters.send_card(person, card)
        account.insured.issue(card)

    def _admit(self, account: Account, app: str, device_id: str, key: DeviceKey, *, with_password: bool) -> Session:
        """The record's app serves active accounts on their own devices only. Raises `Declined`."""
        if app == "barmer":
            return self.accounts.open_session(account, app, device_id)
        if account.status != "active":
            raise Declined("account_not_active")
        self.devices.require_free(account, device_id)
        device = self.devices.require_bound(account, device_id)
        self.devices.prove(device, app, key, may_renew=with_password)
        session = self.accounts.open_session(account, app, device_id)
        session.level = "open" if self.has_record(device) else "limited"
        return session

    def has_record(self, device: Device) -> bool:
        """Whether the record is set up and was set up or restored on that device."""
        return device.holds_record and device.account.insured.record.status == "ready"


def _demand(demands: Iterable[tuple[bool, str]]) -> None:
    for met, reason in demands:
        if not met:
            raise Declined(reason)
