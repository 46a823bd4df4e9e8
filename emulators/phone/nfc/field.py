"""The phone's NFC reader: finding a card with the antenna.

No virtual time passes while the reader polls: positions times dwell and coupling, held against the timeout, decide.
"""

from __future__ import annotations

from collections.abc import Iterator

from emulators.core.faults import Armed
from emulators.core.physics import Physics

from ..faults import Cancelled, NfcDead, SlowCoupling, TearOff
from ..profile import DeviceProfile, OperatingSystem
from .card import Hold
from .connection import Connection
from .errors import (
    NfcNotSupported,
    NfcSwitchedOff,
    NoCardFound,
    PlatformError,
    Trouble,
    platform_error,
)

DWELL = 4.0  # seconds that a hand stays at one position before it tries the next
DEFAULT_TIMEOUT = 15.0
# iOS ends an NFC session after 60 s, Android does not (WWDC 2019, session 715).
_SESSION_LIMIT = {OperatingSystem.IOS: 60.0}
# Between two presence checks, unless the app asks for another delay (AOSP NfcService, DEFAULT_PRESENCE_CHECK_DELAY).
DEFAULT_PRESENCE_CHECK_DELAY = 0.125


class Nfc:
    """The reader of one phone.

    `presence_check_delay` in seconds is what an app sets as EXTRA_READER_PRESENCE_CHECK_DELAY. `tag_limit` in seconds
    ends a connection of that age with iOS's 100; 20 s are often told but not confirmed, so it is off by default.
    """

    def __init__(self, profile: DeviceProfile, physics: Physics, label: str) -> None:
        self._profile = profile
        self._physics = physics
        self._label = label
        self._on = profile.reads_cards
        self.held: Hold | None = None
        self.presence_check_delay = DEFAULT_PRESENCE_CHECK_DELAY
        self.tag_limit: float | None = None
        self._connection: Connection | None = None

    @property
    def available(self) -> bool:
        """Whether the device has a reader for apps."""
        return self._profile.reads_cards

    @property
    def enabled(self) -> bool:
        """Whether it is there and switched on."""
        return self.available and self._on

    @property
    def max_transceive(self) -> int | None:
        """The longest command in octets (Android: `getMaxTransceiveLength`), or `None` if no limit is known."""
        return self._profile.max_transceive

    @property
    def extended_length_supported(self) -> bool:
        """Android: `isExtendedLengthApduSupported`."""
        return self._profile.extended_length_supported

    @property
    def os(self) -> OperatingSystem:
        return self._profile.os

    @property
    def session_limit(self) -> float | None:
        """Seconds after which the system ends a session, finding the card included."""
        return _SESSION_LIMIT.get(self._profile.os)

    @property
    def presence_is_checked(self) -> bool:
        return self._profile.os is OperatingSystem.ANDROID

    @property
    def polls_computing_cards(self) -> bool:
        """Whether this phone checks for presence even while a command runs."""
        return self.presence_is_checked and self._profile.polls_computing_cards

    def switch(self, on: bool) -> None:
        self._on = on

    def connect(self, timeout: float = DEFAULT_TIMEOUT) -> Connection:
        """Look for a card for `timeout` seconds and activate the one found.

        Raises `NfcNotSupported`, `NfcSwitchedOff`, `NoCardFound`.
        """
        if not self.available:
            raise NfcNotSupported(
                f"{self._profile.title} has no NFC reader for apps", self.error(Trouble.NOT_SUPPORTED)
            )
        if not self._on:
            raise NfcSwitchedOff("NFC is switched off", self.error(Trouble.RADIO_OFF))
        if self._connection is not None:
            self._connection.close()
        timeout = min(timeout, self.session_limit or timeout)
        bent = self._physics.faults.strike("phone", SlowCoupling.point)
        with self._physics.bent_by(bent):
            hold, seconds = self._couple(timeout, bent)
        hit = self._physics.faults.strike("phone", TearOff.point)
        if hit is not None and isinstance(hit.fault, NfcDead):
            with self._physics.bent_by(hit):
                raise self._not_found("dead", timeout)
        hold.card.reset()
        with self._physics.bent_by(bent):
            self._write("nfc.connected", zone=str(self._profile.antenna), seconds=seconds)
        self._connection = Connection(self, hold, self._physics, hit, seconds)
        return self._connection

    def cancel(self) -> None:
        """The person closes the sheet in which the phone asks for the card; without a connection nothing happens."""
        if self._connection is not None and self._connection.end(Trouble.CANCELLED):
            self._write("nfc.cancelled")

    def lose(self, command: int, when: str, *, taken_away: bool, reason: str | None = None) -> None:
        """The card has left the field at the `command`-th command: `before`, `inside` or `after` its work."""
        if taken_away:
            self.held = None
        self._write("nfc.lost", command=command, when=when, **({"reason": reason} if reason else {}))

    def note(self, event: str, **data: object) -> None:
        """Write down what a connection does."""
        self._write(event, **data)

    def error(self, trouble: Trouble) -> PlatformError | None:
        """What this phone calls it."""
        return platform_error(self._profile.os, trouble)

    def _couple(self, timeout: float, bent: Armed | None) -> tuple[Hold, float]:
        """The card that meets the antenna and after how many seconds; the hand then stays where it is."""
        match bent.fault if bent else None:
            case Cancelled():
                raise self._not_found("cancelled", 0.0)
            case SlowCoupling(seconds=late):
                pass
            case _:
                late = 0.0
        hold = self.held
        if hold is None:
            raise self._not_found("no_card", timeout)
        if not hold.card.nfc:
            raise self._not_found("card_without_nfc", timeout)
        coupling = hold.coupling + late
        for begun, stay in self._stays(hold, timeout):
            if coupling < stay:
                assert self._profile.antenna is not None  # what has a reader has an antenna
                self.held = Hold(hold.card, (self._profile.antenna,), hold.coupling, hold.times)
                return self.held, begun + coupling
        raise self._not_found("antenna", timeout)

    def _stays(self, hold: Hold, timeout: float) -> Iterator[tuple[float, float]]:
        """When the hand comes to the antenna, and how long it stays; at the last position until the timeout."""
        last = len(hold.positions) - 1
        for tried, zone in enumerate(hold.positions):
            begun = tried * DWELL
            if zone is self._profile.antenna and begun < timeout:
                yield begun, timeout - begun if tried == last else min(DWELL, timeout - begun)

    def _not_found(self, reason: str, seconds: float) -> NoCardFound:
        self._write("nfc.not_found", reason=reason, seconds=seconds)
        trouble = Trouble.CANCELLED if reason == "cancelled" else Trouble.SESSION_EXPIRED
        told = reason == "cancelled" or seconds == self.session_limit
        return NoCardFound(reason, seconds, self.error(trouble) if told else None)

    def _write(self, event: str, **data: object) -> None:
        self._physics.journal.write("phone", event, phone=self._label, **data)
