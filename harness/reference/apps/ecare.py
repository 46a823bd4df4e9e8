"""The eCare app: the way to the identity check, the setup of the record, and the record in use."""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar

from emulators.core.person import CardData
from harness.reference.declined import Declined
from harness.reference.insurer.accounts import Account
from harness.reference.insurer.devices import Device
from harness.reference.insurer.records import Record

from .app import App
from .card_reader import CardReader
from .device_check import check_card_login, login_offers
from .platform import CanWrong, CardLost, NfcOff, NoCard
from .recovery import data_key, make_key, seal, unseal, vigorous_seconds

KEY, DATA_KEY, OWNER = "recovery_key", "data_key", "owner"  # what the app keeps on the device


class EcareApp(App):
    name: ClassVar[str] = "ecare"

    def open(self) -> None:
        super().open()
        if not self.platform.installed("barmer"):
            self.kill()
            raise Declined("barmer_app_missing")

    def log_in(self, user_name: str, password: str) -> None:
        super().log_in(user_name, password)
        self._take_stock()

    def unlock(self, method: str) -> None:
        super().unlock(method)
        self._take_stock()

    def change_password(self, password: str) -> None:
        """Credentials have one place."""
        raise Declined("managed_in_barmer_app")

    def login_offers(self) -> tuple[str, ...]:
        """The ways of login shown to who is logged in."""
        return login_offers(self.platform, self.insurer.profile) if self.open_session else ()

    @property
    def recovery_key(self) -> str | None:
        """What is to be written down, until its saving is confirmed."""
        storage = self.storage if self.open_session else {}
        return str(storage[KEY]) if KEY in storage and not storage["key_confirmed"] else None

    # -- identity and release ------------------------------------------------------------------------------------

    def follow_ident_link(self, in_hand: CardData) -> None:
        self.insurer.follow_ident_link(self.session, in_hand)

    def enter_release_code(self, code: str) -> None:
        device = self.insurer.device_of(self.session)
        self.insurer.devices.release(device, code, self.key)

    # -- the setup -----------------------------------------------------------------------------------------------

    def start_setup(self) -> None:
        self.insurer.start_setup(self.session)

    def accept_terms(self, accept: bool) -> None:
        self._confirm_if(accept, "terms", "terms_declined")

    def accept_data_transfer(self, accept: bool) -> None:
        self._confirm_if(accept, "data_transfer", "data_transfer_declined")

    def confirm_summary(self) -> None:
        self._record.confirm("summary")

    def move_phone(self, move: Callable[[], object]) -> None:
        """Ask the person to `move` the phone until the bar is full; a key that is made already stays."""
        record = self._record
        record.require("random_code")
        self.platform.motion()  # what was felt before the screen came up does not count
        move()
        samples = self.platform.motion()
        if vigorous_seconds(samples) < self.insurer.profile.shake_seconds:
            raise Declined("too_little_movement")
        if "random_code" not in record.done:
            count = self.insurer.profile.recovery_key_digits
            self.storage[KEY] = make_key(samples, self.platform.random_bytes(32), count)
            self.storage["key_confirmed"] = False
            record.key_on = self.platform.vendor_id
        record.confirm("random_code")

    def save_recovery_key(self, to: str) -> None:
        """Whether it really was saved elsewhere the app cannot see; it refuses the one place that it can name."""
        record = self._record
        record.require("key_saved")
        if to == "this_device":
            raise Declined("not_outside_device")
        record.confirm("key_saved")

    def confirm_key_saved(self) -> None:
        self._record.confirm("key_confirmed")
        self.storage["key_confirmed"] = True

    def choose_login(self, method: str, in_hand: CardData) -> None:
        """`in_hand` is the card that the person looks at to answer whether it bears the NFC sign."""
        record = self._record
        record.require("login_way")
        if method == "account":
            return record.choose_login("account")
        check_card_login(self.platform, self.insurer.profile)
        self._check_card(self.session.account, in_hand)
        return record.choose_login("card")

    def confirm_security_notes(self) -> None:
        self._record.confirm_notes()

    def check_email(self) -> None:
        self.insurer.check_email(self.session.account)

    def confirm_device(self) -> None:
        """The last step: the data are sealed with the recovery key, and the record is there."""
        session, record = self.session, self._record
        record.require("device")
        device = self.insurer.device_of(session)
        key = data_key(str(self.storage[KEY]), session.account.insured.kvnr)
        record.complete(seal(key, self.platform.random_bytes(12), []))
        self._keep(device, key)
        session.level = "open"

    def restore_data(self, digits: str) -> None:
        """Get the data onto this device with the saved key; without it they cannot be read."""
        session = self.session
        device = self.insurer.device_of(session)
        if not device.released:
            raise Declined("device_not_released")
        insured = session.account.insured
        if insured.record.status != "ready":
            raise Declined("record_missing")
        if not digits:
            raise Declined("key_missing")
        key = data_key(digits, insured.kvnr)
        unseal(key, insured.record.sealed)
        self._keep(device, key)
        session.level = "open"

    # -- the record in use ---------------------------------------------------------------------------------------

    def log_in_with_card(self, can: str, pin: str, in_hand: CardData) -> None:
        """Ask for CAN and PIN, look for the card, have it sign, and the insurer judge.

        `in_hand` is the owner's own card, by which the app advises beforehand; which card comes, it learns later.
        """
        device = self._device_with_record()
        check_card_login(self.platform, self.insurer.profile)
        if device.account.insured.record.login != "card":
            raise Declined("card_login_not_chosen")
        if not can:
            raise Declined("can_missing")
        if not pin:
            raise Declined("pin_missing")
        self._check_card(device.account, in_hand)
        jws = self._read_card(can, pin)
        self._enter(self.insurer.log_in_with_card(device, jws))

    def view_record(self) -> list[str]:
        """The documents, unsealed on the device."""
        session = self.session
        if session.level != "open":
            raise Declined("record_missing")
        return unseal(self._data_key, session.account.insured.record.sealed)

    def add_document(self, title: str = "Arztbrief") -> None:
        documents = [*self.view_record(), title]
        self.session.account.insured.record.sealed = seal(self._data_key, self.platform.random_bytes(12), documents)

    # -- within --------------------------------------------------------------------------------------------------

    @property
    def _record(self) -> Record:
        return self.session.account.insured.record

    @property
    def _data_key(self) -> bytes:
        key = self.storage.get(DATA_KEY)
        return key if isinstance(key, bytes) else b""

    def _confirm_if(self, accept: bool, link: str, otherwise: str) -> None:
        record = self._record
        record.require(link)
        if not accept:
            raise Declined(otherwise)
        record.confirm(link)

    def _take_stock(self) -> None:
        """After a login: the app may have been installed anew, or killed in the middle of a setup."""
        session = self.session
        record = session.account.insured.record
        if session.level == "open" and not self._data_key:
            session.level = "limited"
        if record.key_on != self.platform.vendor_id:
            self.storage.pop(KEY, None)  # left behind by a setup that has gone on elsewhere
        if record.status != "setting_up":
            return
        if self.insurer.profile.interrupted_setup == "starts_again":
            record.abandon()
            self.storage.pop(KEY, None)
        elif "random_code" in record.done and KEY not in self.storage:
            record.forget_key()

    def _keep(self, device: Device, key: bytes) -> None:
        """From now on the record is on this device; the digits of the recovery key are not."""
        device.holds_record = True
        self.storage[DATA_KEY] = key
        self.storage[OWNER] = device.account.insured.kvnr
        self.storage.pop(KEY, None)

    def _device_with_record(self) -> Device:
        """This device, if a record was set up or restored on it. Raises `Declined`."""
        account = self.insurer.accounts.of(str(self.storage.get(OWNER)))
        device = self.insurer.devices.bound(account, self.platform.vendor_id) if account else None
        if device is None or not self.insurer.has_record(device):
            raise Declined("record_missing")
        return device

    def _check_card(self, account: Account, in_hand: CardData) -> None:
        """Whether the owner's card can serve for login. Raises `Declined`."""
        if not in_hand.nfc:
            raise Declined("card_without_nfc", "order_new_card")
        account.insured.require_released(in_hand.iccsn)

    def _read_card(self, can: str, pin: str) -> str:
        """A signed challenge from the card that is held to the device. Raises `Declined`."""
        try:
            connection = self.platform.find_card()
        except NfcOff as error:
            raise Declined("nfc_off") from error
        except NoCard as error:
            raise Declined("card_not_found") from error
        reader = CardReader(connection)
        try:
            connection.open_channel(can)
            certificate = reader.certificate()
            reader.verify_pin(pin)
            return reader.signed_challenge(certificate, self.insurer.cards.challenge())
        except CanWrong as error:
            raise Declined("can_wrong") from error
        except CardLost as error:
            raise Declined("card_lost") from error
        finally:
            connection.close()
