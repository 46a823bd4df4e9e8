"""A phone or tablet: settings, apps with their storage, and what a hand does with it."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import ClassVar

from pydantic import BaseModel, ConfigDict, ValidationError

from emulators.core.emulator import Door
from emulators.core.faults import Fault
from emulators.core.physics import Physics

from .faults import FAULTS
from .keystore import Keystore
from .nfc import INSTANT, CardTimes, ContactlessCard, Hold, Nfc
from .profile import Biometric, DeviceProfile, OperatingSystem, Zone
from .sensors import Motion, Vigour


class Settings(BaseModel):
    """What its owner can change. `clock_skew` is how far the phone's clock is ahead."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    nfc_on: bool = True
    lock: bool = True
    rooted: bool = False
    keystore: bool = True
    auto_time: bool = True
    clock_skew: timedelta = timedelta(0)
    enrolled: frozenset[Biometric] = frozenset()
    network: bool = True


class Phone:
    """One device. `number` is E.164, or `None` without a SIM. Fresh: NFC on, locked, all its biometrics enrolled."""

    name: ClassVar[str] = "phone"
    faults: ClassVar[Mapping[str, type[Fault]]] = FAULTS

    def __init__(
        self, profile: DeviceProfile, physics: Physics, *, name: str = "phone", number: str | None = None
    ) -> None:
        self.profile = profile
        self.label = name
        self.number = number
        self.settings = Settings(nfc_on=profile.reads_cards, enrolled=profile.biometrics)
        self.enrolment_id = 1
        self.nfc = Nfc(profile, physics, name)
        self.motion = Motion(physics.randomness(f"phone/{name}"))
        self.keystore = Keystore(f"{physics.seed}/{name}", lambda: self.settings.keystore)
        self._physics = physics
        self._apps: dict[str, dict[str, object]] = {}

    def doors(self) -> Iterable[Door]:
        """None: a phone is held, not called."""
        return ()

    @property
    def now(self) -> datetime:
        """What the phone's clock shows."""
        return self._physics.clock.now + self.settings.clock_skew

    def set(self, **changes: object) -> None:
        """Change settings.

        Removing the lock loses the keys of the keystore and the biometrics enrolled; each change of what is
        enrolled gives a new `enrolment_id`. Raises `ValueError` for an unknown setting, a value that does not
        fit, or one that this device cannot take.
        """
        before, after = self.settings, self._settings_with(changes)
        self._demand_possible(after)
        changed = {k: v for k, v in _plain(after).items() if v != _plain(before)[k]}
        if not changed:
            return
        self.settings = after
        self.nfc.switch(after.nfc_on)
        self._write("set", **changed)
        if "enrolled" in changed:
            self.enrolment_id += 1
        if before.lock and not after.lock and (lost := self.keystore.invalidate()):
            self._write("keys.invalidated", keys=lost)

    def _settings_with(self, changes: Mapping[str, object]) -> Settings:
        for setting in changes:
            if setting not in Settings.model_fields:
                near = difflib.get_close_matches(setting, Settings.model_fields, 1)
                hint = f"; did you mean '{near[0]}'?" if near else ""
                raise ValueError(f"no setting '{setting}'; known: {', '.join(Settings.model_fields)}{hint}")
        no_lock: dict[str, object] = {"enrolled": frozenset()} if changes.get("lock") is False else {}
        try:
            return Settings.model_validate({**self.settings.model_dump(), **no_lock, **changes})
        except ValidationError as error:
            problem = error.errors()[0]
            raise ValueError(f"setting '{'.'.join(map(str, problem['loc']))}': {problem['msg']}") from error

    def install(self, app: str) -> None:
        """Install an app; one that is there stays as it is."""
        if app not in self._apps:
            self._apps[app] = {}
            self._write("installed", app=app)

    def remove(self, app: str) -> None:
        """Remove an app with its storage. Its keys go too on Android; the iOS Keychain keeps them.

        Raises `LookupError` if it is not installed.
        """
        self.storage(app)
        del self._apps[app]
        if self.profile.os is not OperatingSystem.IOS:
            self.keystore.delete_of(app)
        self._write("removed", app=app)

    @property
    def apps(self) -> tuple[str, ...]:
        """The apps installed, oldest first."""
        return tuple(self._apps)

    def storage(self, app: str) -> dict[str, object]:
        """What the app keeps across restarts. Raises `LookupError` if it is not installed."""
        if app not in self._apps:
            raise LookupError(f"'{app}' is not installed on {self.label}; installed: {', '.join(self._apps) or 'none'}")
        return self._apps[app]

    def authenticate(self, method: str) -> bool:
        """The owner unlocks by `fingerprint` or `face`: whether that is enrolled behind a screen lock."""
        passed = self.settings.lock and method in self.settings.enrolled
        self._write("authenticated", method=method, passed=passed)
        return passed

    def hold(
        self,
        card: ContactlessCard,
        at: str | Iterable[str] = ("top",),
        *,
        coupling: float = 0.0,
        times: CardTimes = INSTANT,
    ) -> None:
        """Hold a card to the back, at one position after another, four seconds each.

        At the antenna the card is recognised after `coupling` seconds, if it stays that long; `times` is how long it
        computes. Raises `ValueError` for a position other than top, middle, bottom, and for a negative coupling.
        """
        if coupling < 0:
            raise ValueError(f"a card cannot be recognised {-coupling:g} s before it is held")
        positions = tuple(Zone(zone) for zone in ((at,) if isinstance(at, str) else at))
        self.nfc.held = Hold(card, positions, coupling, times)
        self._write("held", at=[zone.value for zone in positions])

    def take_away(self) -> None:
        """Take the card away; without one nothing happens."""
        if self.nfc.held is not None:
            self.nfc.held = None
            self._write("taken_away")

    def shake(self, seconds: float, vigour: str = "full", *, rehearsed: bool = False) -> bytes:
        """Move the phone; an app reads the same samples from `motion`. Raises `ValueError` for an unknown vigour."""
        samples = self.motion.shake(seconds, Vigour(vigour), rehearsed=rehearsed)
        self._write("shaken", seconds=seconds, vigour=vigour, **({"rehearsed": True} if rehearsed else {}))
        return samples

    def _demand_possible(self, settings: Settings) -> None:
        if foreign := settings.enrolled - self.profile.biometrics:
            raise ValueError(f"{self.profile.title} has no {', '.join(sorted(foreign))}")
        if settings.enrolled and not settings.lock:
            raise ValueError("biometrics need a screen lock")
        if settings.nfc_on and not self.profile.reads_cards:
            raise ValueError(f"{self.profile.title} has no NFC to switch on")

    def _write(self, event: str, **data: object) -> None:
        self._physics.journal.write(self.name, event, phone=self.label, **data)


def _plain(settings: Settings) -> dict[str, object]:
    """As the journal holds them, with what is enrolled in fixed order."""
    return {**settings.model_dump(mode="json"), "enrolled": sorted(method.value for method in settings.enrolled)}
