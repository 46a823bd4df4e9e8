"""What both apps do alike: start, die, log in and out, unlock by finger or face."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import MutableMapping
from typing import ClassVar

from cryptography.hazmat.primitives.asymmetric import ec

from harness.reference.declined import Declined
from harness.reference.insurer.accounts import Session
from harness.reference.insurer.insurer import Insurer

from .device_check import check_device
from .platform import KeyLost, Platform


class AppKey:
    """The key of one app in the device's keystore."""

    def __init__(self, platform: Platform, app: str) -> None:
        self._platform = platform
        self._alias = f"{app}/device"

    def create(self) -> ec.EllipticCurvePublicKey:
        return self._platform.keystore.create(self._alias)

    def sign(self, challenge: bytes) -> bytes | None:
        try:
            return self._platform.keystore.sign(self._alias, challenge)
        except KeyLost:
            return None


class App(ABC):
    """One app on one device. What is in attributes is memory and dies with it; what is in `storage` stays."""

    name: ClassVar[str]

    def __init__(self, platform: Platform, insurer: Insurer) -> None:
        self.platform = platform
        self.insurer = insurer
        self.key = AppKey(platform, self.name)
        self._runs_with: MutableMapping[str, object] | None = None
        self._session: Session | None = None

    @property
    def storage(self) -> MutableMapping[str, object]:
        return self.platform.storage(self.name)

    @property
    def running(self) -> bool:
        """Whether it runs; an app that was removed meanwhile does not, even if it was installed again."""
        return (
            self._runs_with is not None
            and self.platform.installed(self.name)
            and self._runs_with is self.platform.storage(self.name)
        )

    @property
    def open_session(self) -> Session | None:
        """The session, unless it was ended or the app does not run."""
        session = self._session
        return session if session is not None and not session.ended and self.running else None

    @property
    def session(self) -> Session:
        """The session; raises `Declined` if nobody is logged in."""
        session = self.open_session
        if session is None:
            raise Declined("not_logged_in")
        return session

    def open(self) -> None:
        """Start the app, after all conditions of the device. Raises `Declined`; the app then does not run."""
        self.kill()
        if not self.platform.installed(self.name):
            raise Declined("app_missing")
        check_device(self.platform, self.insurer.profile)
        self._runs_with = self.storage

    def kill(self) -> None:
        if self._session is not None:
            self._session.end()
        self._runs_with = self._session = None

    def require_running(self) -> None:
        """Raises `Declined`."""
        if not self.platform.installed(self.name):
            raise Declined("app_missing")
        if not self.running:
            raise Declined("app_not_open")
        if not self.platform.online:
            raise Declined("no_network")

    def require_session(self) -> None:
        """Raises `Declined` if nobody is logged in."""
        _ = self.session

    def log_in(self, user_name: str, password: str) -> None:
        """Open a session with the password, which also accepts what is enrolled on the device now."""
        session = self.insurer.log_in(self.name, user_name, password, self.platform.vendor_id, self.key)
        self._enter(session)
        if self.storage.get("unlock_of") == session.account.insured.kvnr:
            self.storage["unlock_enrolment"] = self.platform.enrolment_id

    def log_out(self) -> None:
        self.session.end()
        self._session = None

    @abstractmethod
    def accept_terms(self, accept: bool) -> None:
        """Agree, or not, to this app's terms."""

    @abstractmethod
    def change_password(self, password: str) -> None:
        """Give the account another password."""

    def choose_unlock(self, method: str) -> None:
        """Choose finger, face or none. For the former the app keeps a token instead of the password."""
        account = self.session.account
        if method != "none" and method not in self.platform.enrolled:
            raise Declined("not_enrolled")
        self.storage.update(
            unlock=method,
            unlock_of=account.insured.kvnr,
            unlock_enrolment=self.platform.enrolment_id,
            unlock_token=self.insurer.accounts.unlock_token(account) if method != "none" else "",
        )

    def unlock(self, method: str) -> None:
        """Open a session by finger or face."""
        if self.storage.get("unlock", "none") != method:
            raise Declined("unlock_not_chosen")
        if self.storage["unlock_enrolment"] != self.platform.enrolment_id or not self.platform.authenticate(method):
            raise Declined("enrolment_changed")
        token = str(self.storage["unlock_token"])
        self._enter(self.insurer.unlock(self.name, token, self.platform.vendor_id, self.key))

    def unlock_offers(self) -> tuple[str, ...]:
        return tuple(method for method in ("fingerprint", "face") if method in self.platform.enrolled)

    def _enter(self, session: Session) -> None:
        if self._session is not None:
            self._session.end()
        self._session = session
