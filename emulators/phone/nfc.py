"""The phone's NFC reader: finding a card with the antenna, speaking to it, losing it.

No virtual time passes while the reader polls: positions times dwell, held against the timeout, decide.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NoReturn, Protocol

from emulators.core.faults import Armed
from emulators.core.physics import Physics

from .faults import NfcDead, PresenceRace, TearOff
from .profile import DeviceProfile, OperatingSystem, Zone

DWELL = 4.0  # seconds that a hand stays at one position before it tries the next
DEFAULT_TIMEOUT = 15.0
# iOS ends an NFC session after 60 s, Android does not (WWDC 2019, session 715).
_SESSION_LIMIT = {OperatingSystem.IOS: 60.0}


class ContactlessCard(Protocol):
    """What can be held to the antenna. Every command gets an answer of at least two octets."""

    @property
    def nfc(self) -> bool:
        """Whether it has an antenna."""

    def reset(self) -> None:
        """The field has come up anew."""

    def transmit_contactless(self, command: bytes) -> bytes:
        """Response data ‖ status word."""

    def describe(self, command: bytes) -> str:
        """The command in words, for the journal."""


class NfcError(OSError):
    """Speaking to a card did not work."""


class NfcNotSupported(NfcError):
    """The device has no reader that apps can use."""


class NfcSwitchedOff(NfcError):
    """The reader is switched off."""


class NoCardFound(NfcError):
    """Within the timeout no card came into the field; `reason` says why: no_card, card_without_nfc, antenna, dead."""

    def __init__(self, reason: str, seconds: float) -> None:
        super().__init__(f"no card found within {seconds:g} s")
        self.reason = reason
        self.seconds = seconds


class TagLost(NfcError):
    """The card has left the field, or the connection was closed. Whether the last command ran is unknown."""


@dataclass(frozen=True, slots=True)
class Hold:
    """A card in a hand, and the positions tried one after another."""

    card: ContactlessCard
    positions: tuple[Zone, ...]


class Nfc:
    """The reader of one phone."""

    def __init__(self, profile: DeviceProfile, physics: Physics, label: str) -> None:
        self._profile = profile
        self._physics = physics
        self._label = label
        self._on = profile.reads_cards
        self.held: Hold | None = None
        self._connection: Connection | None = None

    @property
    def available(self) -> bool:
        """Whether the device has a reader for apps."""
        return self._profile.reads_cards

    @property
    def enabled(self) -> bool:
        """Whether it is there and switched on."""
        return self.available and self._on

    def switch(self, on: bool) -> None:
        self._on = on

    def connect(self, timeout: float = DEFAULT_TIMEOUT) -> Connection:
        """Look for a card for `timeout` seconds and activate the one found.

        Raises `NfcNotSupported`, `NfcSwitchedOff`, `NoCardFound`.
        """
        if not self.available:
            raise NfcNotSupported(f"{self._profile.title} has no NFC reader for apps")
        if not self._on:
            raise NfcSwitchedOff("NFC is switched off")
        if self._connection is not None:
            self._connection.close()
        timeout = min(timeout, _SESSION_LIMIT.get(self._profile.os, timeout))
        card, seconds = self._couple(timeout)
        hit = self._physics.faults.strike("phone", TearOff.point)
        if hit is not None and isinstance(hit.fault, NfcDead):
            with self._physics.bent_by(hit):
                raise self._not_found("dead", timeout)
        card.reset()
        self._write("nfc.connected", zone=str(self._profile.antenna), seconds=seconds)
        self._connection = Connection(self, card, self._physics, hit)
        return self._connection

    def lose(self, command: int, when: str, *, taken_away: bool) -> None:
        """The card has left the field at the `command`-th command, `before` or `after` its work."""
        if taken_away:
            self.held = None
        self._write("nfc.lost", command=command, when=when)

    @property
    def presence_is_checked(self) -> bool:
        return self._profile.os is OperatingSystem.ANDROID

    def _couple(self, timeout: float) -> tuple[ContactlessCard, float]:
        """The card that meets the antenna and after how many seconds; the hand then stays where it is."""
        hold = self.held
        if hold is None:
            raise self._not_found("no_card", timeout)
        if not hold.card.nfc:
            raise self._not_found("card_without_nfc", timeout)
        for tried, zone in enumerate(hold.positions):
            seconds = tried * DWELL
            if zone is self._profile.antenna and seconds < timeout:
                self.held = Hold(hold.card, (zone,))
                return hold.card, seconds
        raise self._not_found("antenna", timeout)

    def _not_found(self, reason: str, seconds: float) -> NoCardFound:
        self._write("nfc.not_found", reason=reason, seconds=seconds)
        return NoCardFound(reason, seconds)

    def _write(self, event: str, **data: object) -> None:
        self._physics.journal.write("phone", event, phone=self._label, **data)


class Connection:
    """A card in the field. Each exchange is written as `apdu` on the channel `card`."""

    def __init__(self, nfc: Nfc, card: ContactlessCard, physics: Physics, tear: Armed | None) -> None:
        self._nfc = nfc
        self._card = card
        self._physics = physics
        self._tear = tear
        self._count = 0
        self._open = True

    def transceive(self, command: bytes) -> bytes:
        """Send a command, return the response. Raises `TagLost`."""
        held = self._nfc.held
        if not self._open or held is None or held.card is not self._card or not self._nfc.enabled:
            self.close()
            raise TagLost("the card is not in the field any more")
        self._count += 1
        match self._tear.fault if self._tear else None:
            case TearOff(after_command=self._count, when="before"):
                self._lose(self._tear, "before", taken_away=True)
            case TearOff(after_command=self._count):
                self._exchange(command)
                self._lose(self._tear, "after", taken_away=True)
        hit = self._physics.faults.strike("phone", PresenceRace.point) if self._nfc.presence_is_checked else None
        response = self._exchange(command)
        if hit is not None:
            self._lose(hit, "after", taken_away=False)
        return response

    def close(self) -> None:
        """Let the card go. A tear that never got its turn is armed again: it has not struck."""
        self._open = False
        tear, self._tear = self._tear, None
        if tear is not None:
            self._physics.faults.arm(tear.emulator, tear.kind, tear.fault.model_dump())

    def _exchange(self, command: bytes) -> bytes:
        response = self._card.transmit_contactless(command)
        self._physics.journal.write(
            "card",
            "apdu",
            name=self._card.describe(command),
            c=command.hex().upper(),
            r=response.hex().upper(),
            sw=response[-2:].hex().upper(),
        )
        return response

    def _lose(self, hit: Armed | None, when: str, *, taken_away: bool) -> NoReturn:
        if hit is self._tear:
            self._tear = None
        self.close()
        with self._physics.bent_by(hit):
            self._nfc.lose(self._count, when, taken_away=taken_away)
        raise TagLost(f"the card left the field at command {self._count}")
