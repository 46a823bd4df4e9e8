"""What a model of phone or tablet is: facts that no setting changes."""

from __future__ import annotations

from enum import StrEnum

from pydantic import BaseModel, ConfigDict, Field, model_validator

# CLA INS P1 P2 Lc, 255 octets of data, Le: the longest short command, and what AOSP is limited to by default.
SHORT_APDU = 261


class OperatingSystem(StrEnum):
    ANDROID = "android"
    IOS = "ios"
    WINDOWS = "windows"


class Form(StrEnum):
    PHONE = "phone"
    TABLET = "tablet"


class Nfc(StrEnum):
    """`PAY_ONLY`: a chip for payment without a reader that apps could use (iPhone 6 to SE 2016)."""

    YES = "yes"
    NO = "no"
    PAY_ONLY = "pay-only"


class Zone(StrEnum):
    """Where on the back the antenna is best met."""

    TOP = "top"
    MIDDLE = "middle"
    BOTTOM = "bottom"


class Biometric(StrEnum):
    FINGERPRINT = "fingerprint"
    FACE = "face"


class DeviceProfile(BaseModel):
    """One entry of the catalogue.

    `models` names more than one device when the entry stands for a class of models whose abilities no single one
    combines; otherwise it is empty. `source` says where the facts come from, in the keys of the catalogue.
    `max_transceive` is the longest command in octets that the phone sends to a card, `None` if no limit is known: it
    belongs to the firmware more than to the model. `polls_computing_cards`: the phone checks for presence even while
    a command runs, and so may lose a card that computes.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: str
    vendor: str
    model: str
    model_code: str
    os: OperatingSystem
    os_version: str
    form: Form
    nfc: Nfc
    antenna: Zone | None = None
    biometrics: frozenset[Biometric] = frozenset()
    sms: bool
    source: str
    max_transceive: int | None = Field(default=None, ge=1)
    polls_computing_cards: bool = False
    models: tuple[str, ...] = ()

    @model_validator(mode="after")
    def _antenna_goes_with_reader(self) -> DeviceProfile:
        if self.reads_cards != (self.antenna is not None):
            raise ValueError(f"{self.id}: an antenna zone goes with a card reader, and only with one")
        if self.max_transceive is not None and not self.reads_cards:
            raise ValueError(f"{self.id}: without a card reader there is no max_transceive")
        return self

    @property
    def reads_cards(self) -> bool:
        """Whether apps can speak to a card at all; whether they may is the app's rule, not the device's."""
        return self.nfc is Nfc.YES

    @property
    def extended_length_supported(self) -> bool:
        """As Android reports it (AOSP NativeNfcManager: no more than this comparison)."""
        return self.reads_cards and (self.max_transceive is None or self.max_transceive > SHORT_APDU)

    @property
    def os_release(self) -> tuple[int, ...]:
        """The version as numbers, to be compared: (7, 1, 2) < (8,)."""
        return tuple(int(part) for part in self.os_version.split("."))

    @property
    def title(self) -> str:
        return f"{self.vendor} {self.model} ({self.os.value} {self.os_version})"
