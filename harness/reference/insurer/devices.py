"""Devices: which account each is bound to, its keys, and the code that releases it for the record.

One device belongs to one account; one account may have several devices.
"""

from __future__ import annotations

import hmac
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Protocol

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec

from harness.profile import InsurerProfile
from harness.reference.declined import Declined

from .accounts import Account
from .agenda import Agenda, digits

_SIGNATURE = ec.ECDSA(hashes.SHA256())


class DeviceKey(Protocol):
    """A key in a device's keystore, one for each app and account."""

    def create(self) -> ec.EllipticCurvePublicKey:
        """A new key in place of the old one."""

    def sign(self, challenge: bytes) -> bytes | None:
        """ECDSA with SHA-256 in DER; `None` if the key is gone."""


@dataclass(frozen=True, slots=True)
class ReleaseCode:
    code: str
    expires: datetime


@dataclass(eq=False, slots=True)
class Device:
    """A bound device. `holds_record`: the record was set up or restored there."""

    device_id: str
    account: Account
    keys: dict[str, ec.EllipticCurvePublicKey] = field(default_factory=dict)
    released: bool = False
    holds_record: bool = False
    release_code: ReleaseCode | None = None


class Devices:
    """All bound devices by their id."""

    def __init__(self, agenda: Agenda, profile: InsurerProfile, random: Random) -> None:
        self._agenda = agenda
        self._profile = profile
        self._random = random
        self._devices: dict[str, Device] = {}

    def of(self, account: Account) -> list[Device]:
        return [device for device in self._devices.values() if device.account is account]

    def bound(self, account: Account, device_id: str) -> Device | None:
        """The device if it is bound to this very account."""
        device = self._devices.get(device_id)
        return device if device is not None and device.account is account else None

    def require_free(self, account: Account, device_id: str) -> None:
        """Raises `Declined` if the device is bound to somebody else's account."""
        device = self._devices.get(device_id)
        if device is not None and device.account is not account:
            raise Declined("device_taken")

    def require_bound(self, account: Account, device_id: str) -> Device:
        """Raises `Declined`."""
        device = self.bound(account, device_id)
        if device is None:
            raise Declined("device_not_bound")
        return device

    def bind(self, account: Account, device_id: str, key: DeviceKey) -> None:
        """Bind a device; one that is bound to the account already stays as it is."""
        self.require_free(account, device_id)
        device = self._devices.setdefault(device_id, Device(device_id, account))
        device.keys["barmer"] = key.create()

    def remove(self, account: Account, device_id: str) -> None:
        """Unbind a device; its logins to the record end. Raises `Declined`."""
        if self.bound(account, device_id) is None:
            raise Declined("device_unknown")
        del self._devices[device_id]
        for session in [s for s in account.sessions if s.app == "ecare" and s.device_id == device_id]:
            session.end()

    def prove(self, device: Device, app: str, key: DeviceKey, *, may_renew: bool) -> None:
        """Have the device prove the key that it was given for this app, if it was given one.

        A lost key (screen lock removed, app installed anew) is renewed for whoever has just typed the password;
        else raises `Declined`.
        """
        public = device.keys.get(app)
        if public is None:
            return
        challenge = self._random.randbytes(32)
        signature = key.sign(challenge)
        try:
            if signature is not None:
                public.verify(signature, challenge, _SIGNATURE)
                return
        except InvalidSignature:
            pass
        if not may_renew:
            raise Declined("device_not_bound")
        device.keys[app] = key.create()

    def create_release_code(self, device: Device) -> str:
        """A code to be typed on the same device; an earlier one is void."""
        code = digits(self._random, self._profile.release_code_digits)
        expires = self._agenda.now.astimezone(UTC) + timedelta(
            minutes=self._profile.release_code_minutes
        )  # in UTC: true time
        device.release_code = ReleaseCode(code, expires)
        return code

    def valid_release_code(self, device: Device) -> str | None:
        """The code shown in the Barmer app, as long as it serves."""
        code = device.release_code
        return code.code if code is not None and self._agenda.now < code.expires else None

    def release(self, device: Device, code: str, key: DeviceKey) -> None:
        """Release the device for the record; the code is used up. Raises `Declined`."""
        expected = device.release_code
        if expected is None:
            raise Declined("no_release_code")
        if self._agenda.now >= expected.expires:
            raise Declined("release_code_expired")
        if not hmac.compare_digest(code.strip().encode(), expected.code.encode()):
            raise Declined("release_code_wrong")
        device.release_code = None
        device.released = True
        device.keys["ecare"] = key.create()
