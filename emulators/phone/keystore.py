"""Keys that never leave the device (Android Keystore, iOS Keychain): EC P-256, made and used by alias."""

from __future__ import annotations

import hashlib
from collections.abc import Callable

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec

_SIGNATURE = ec.ECDSA(hashes.SHA256(), deterministic_signing=True)
# The order of P-256 (NIST SP 800-186).
_ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551


class KeystoreError(Exception):
    """The keystore cannot do what was asked."""


class KeystoreAbsent(KeystoreError):
    """The device has no keystore."""


class KeyUnknown(KeystoreError):
    """No key has that alias."""


class KeyInvalidated(KeystoreError):
    """The key was lost when the screen lock was removed (Android: KeyPermanentlyInvalidatedException)."""


class Keystore:
    """The keys of one phone. An alias is written `app/purpose`, so that a removed app can take its keys along.

    Keys derive from `label`, alias and a count, so they differ between phones and after a new creation.
    """

    def __init__(self, label: str, present: Callable[[], bool]) -> None:
        self._label = label
        self._present = present
        self._keys: dict[str, ec.EllipticCurvePrivateKey | None] = {}
        self._made = 0

    def create(self, alias: str) -> ec.EllipticCurvePublicKey:
        """Make a key, in place of an older one of that alias. Raises `KeystoreAbsent`."""
        self._demand_present()
        self._made += 1
        digest = hashlib.sha512(f"TEST-ONLY/{self._label}/{alias}/{self._made}".encode()).digest()
        key = ec.derive_private_key(int.from_bytes(digest, "big") % (_ORDER - 1) + 1, ec.SECP256R1())
        self._keys[alias] = key
        return key.public_key()

    def public_key(self, alias: str) -> ec.EllipticCurvePublicKey:
        """Raises `KeystoreAbsent`, `KeyUnknown`, `KeyInvalidated`."""
        return self._key(alias).public_key()

    def sign(self, alias: str, data: bytes) -> bytes:
        """ECDSA with SHA-256, in DER. Raises `KeystoreAbsent`, `KeyUnknown`, `KeyInvalidated`."""
        return self._key(alias).sign(data, _SIGNATURE)

    def __contains__(self, alias: str) -> bool:
        """Whether there is a key of that alias that can be used."""
        return self._keys.get(alias) is not None

    def delete(self, alias: str) -> None:
        """Remove a key; one that is not there is no error."""
        self._keys.pop(alias, None)

    def delete_of(self, app: str) -> None:
        """Remove all keys whose alias begins with `app/`."""
        for alias in [alias for alias in self._keys if alias.startswith(f"{app}/")]:
            del self._keys[alias]

    def invalidate(self) -> int:
        """Lose all keys but remember their aliases, as when the screen lock goes. Returns how many were lost."""
        lost = sum(key is not None for key in self._keys.values())
        self._keys = dict.fromkeys(self._keys)
        return lost

    def _key(self, alias: str) -> ec.EllipticCurvePrivateKey:
        self._demand_present()
        if alias not in self._keys:
            raise KeyUnknown(f"no key '{alias}'")
        key = self._keys[alias]
        if key is None:
            raise KeyInvalidated(f"key '{alias}' was lost with the screen lock")
        return key

    def _demand_present(self) -> None:
        if not self._present():
            raise KeystoreAbsent("this device has no keystore")
