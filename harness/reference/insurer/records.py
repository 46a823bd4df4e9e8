"""The record: its setup, link by link, and its data, which the insurer keeps sealed and cannot read."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from harness.reference.declined import Declined

Status = Literal["none", "setting_up", "ready", "without_app"]
LoginWay = Literal["account", "card"]

# The links of the setup in their order, and what is said when one is missing.
MISSING = {
    "terms": "terms_missing",
    "data_transfer": "data_transfer_missing",
    "summary": "summary_missing",
    "random_code": "random_code_missing",
    "key_saved": "key_not_saved",
    "key_confirmed": "key_not_confirmed",
    "login_way": "login_way_missing",
    "security_notes": "security_notes_missing",
    "email": "email_unconfirmed",
    "device": "device_unconfirmed",
}
LINKS = tuple(MISSING)


@dataclass(eq=False, slots=True)
class Record:
    """One person's record.

    `sealed` is what the app has encrypted, `key_on` the device with the random code of an unfinished setup,
    `for_practice` whether a branch has created the record.
    """

    status: Status = "none"
    done: set[str] = field(default_factory=set)
    login: LoginWay | None = None
    sealed: bytes = b""
    key_on: str = ""
    for_practice: bool = False

    @property
    def exists(self) -> bool:
        """Whether there is a record that a practice could be let into."""
        return self.status == "ready" or self.for_practice

    def start(self, *, anew: bool) -> None:
        """Begin the setup, or go on with it; `anew` begins from the first link. Raises `Declined`."""
        if self.status == "ready":
            raise Declined("record_exists")
        if anew:
            self._clear()
        self.status = "setting_up"

    def require(self, link: str) -> None:
        """Raises `Declined` unless the setup runs and every link before `link` is done."""
        if self.status == "ready":
            raise Declined("already_set_up")
        if self.status != "setting_up":
            raise Declined("setup_not_started")
        for earlier in LINKS[: LINKS.index(link)]:
            if earlier == "security_notes" and self.login == "card":
                continue
            if earlier not in self.done:
                raise Declined(MISSING[earlier])

    def confirm(self, link: str) -> None:
        """Note a link as done; once more is no harm."""
        self.require(link)
        self.done.add(link)

    def choose_login(self, way: LoginWay) -> None:
        self.confirm("login_way")
        self.login = way

    def confirm_notes(self) -> None:
        """The security notes are about account login. Raises `Declined`."""
        self.require("security_notes")
        if self.login == "card":
            raise Declined("not_needed")
        self.confirm("security_notes")

    def email_confirmed(self) -> None:
        """The link in the setup's mail was followed; it may have come while the setup was started anew."""
        if self.status == "setting_up":
            self.done.add("email")

    def forget_key(self) -> None:
        """The app has lost the random code before the end: all from there on is to be done again."""
        self.done.difference_update(LINKS[LINKS.index("random_code") :])
        self.login = None

    def complete(self, sealed: bytes) -> None:
        """The last link: only now is the record set up."""
        self.confirm("device")
        self.sealed = sealed
        self.status = "ready"

    def create_without_app(self) -> None:
        """What a branch does. Raises `Declined`."""
        if self.status != "none":
            raise Declined("record_exists")
        self.status, self.for_practice = "without_app", True

    def abandon(self) -> None:
        """Give an unfinished setup up; what a branch has created stays."""
        if self.status == "setting_up":
            self._clear()
            self.status = "without_app" if self.for_practice else "none"

    def _clear(self) -> None:
        self.done.clear()
        self.login = None
