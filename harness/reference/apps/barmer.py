"""The Barmer app: the account, its activation, its devices, and the code that releases a device for eCare."""

from __future__ import annotations

from typing import ClassVar

from emulators.core.person import CardData
from harness.reference.declined import Declined

from .app import App


class BarmerApp(App):
    name: ClassVar[str] = "barmer"

    def register(self, given_names: str, family_name: str, birth_date: str, kvnr: str) -> None:
        account = self.insurer.accounts.register(given_names, family_name, birth_date, kvnr)
        self._enter(self.insurer.accounts.open_session(account, self.name, self.platform.vendor_id))

    def choose_user_name(self, user_name: str) -> None:
        self.insurer.accounts.choose_user_name(self.session.account, user_name)

    def change_user_name(self) -> None:
        """There is no such function: a user name is for good."""
        self.require_session()
        raise Declined("user_name_fixed")

    def choose_password(self, password: str, repeat: str) -> None:
        self.insurer.accounts.choose_password(self.session.account, password, repeat)

    def change_password(self, password: str) -> None:
        self.choose_password(password, password)

    def enter_email(self, address: str) -> None:
        self.insurer.enter_email(self.session.account, address)

    def enter_mobile(self, number: str) -> None:
        self.session.enter_mobile(number)

    def confirm_mobile(self) -> None:
        self.session.confirm_mobile()

    def request_tan(self) -> None:
        self.insurer.request_tan(self.session.account)

    def enter_tan(self, code: str) -> None:
        """`auto` leaves it to the device to hand the TAN over."""
        account = self.session.account
        self.insurer.tans.pending(account)
        typed = self.platform.sms_code() if code == "auto" else code
        if typed is None:
            raise Declined("no_takeover")
        self.insurer.tans.enter(account, typed)

    def accept_terms(self, accept: bool) -> None:
        self.session.account.accept_terms(accept)

    def request_letter(self) -> None:
        self.insurer.request_letter(self.session)

    def enter_activation_code(self, code: str) -> None:
        self.insurer.activate(self.session, code, self.key)

    def remove_device(self, vendor_id: str) -> None:
        self.insurer.devices.remove(self.session.account, vendor_id)

    def create_release_code(self) -> None:
        self.insurer.create_release_code(self.session)

    def order_card(self, in_hand: CardData) -> None:
        self.insurer.order_card(self.session, in_hand)

    def request_pin(self) -> None:
        """A PIN is sent after an identity check and never for the asking."""
        self.require_session()
        raise Declined("identity_check_needed")
