"""The facts of an emulated phone, as the rules ask for them."""

from __future__ import annotations

from dataclasses import dataclass

from emulators.phone.phone import Phone


@dataclass(frozen=True, slots=True)
class PhoneFacts:
    """A live view: what is read is the phone's state at that moment."""

    phone: Phone

    @property
    def os(self) -> str:
        return self.phone.profile.os.value

    @property
    def os_major(self) -> int:
        return int(self.phone.profile.os_version.partition(".")[0])

    @property
    def model(self) -> str:
        return self.phone.profile.model

    @property
    def lock(self) -> bool:
        return self.phone.settings.lock

    @property
    def rooted(self) -> bool:
        return self.phone.settings.rooted

    @property
    def keystore_present(self) -> bool:
        return self.phone.settings.keystore

    @property
    def auto_time(self) -> bool:
        return self.phone.settings.auto_time

    @property
    def has_nfc(self) -> bool:
        return self.phone.profile.reads_cards

    @property
    def nfc_on(self) -> bool:
        return self.phone.settings.nfc_on

    @property
    def antenna(self) -> str:
        return self.phone.profile.antenna.value if self.phone.profile.antenna else ""

    @property
    def enrolled(self) -> frozenset[str]:
        return frozenset(b.value for b in self.phone.settings.enrolled)

    @property
    def enrolment_id(self) -> int:
        return self.phone.enrolment_id

    @property
    def apps(self) -> frozenset[str]:
        return frozenset(self.phone.apps)

    @property
    def online(self) -> bool:
        return self.phone.settings.network
