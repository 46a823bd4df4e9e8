"""The recovery key: made of movement, and what it seals."""

from __future__ import annotations

import hashlib
import json
from array import array

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from harness.reference.declined import Declined

from .platform import MOTION_RATE

_WINDOW = MOTION_RATE // 2  # samples: half a second
_VIGOROUS = 500  # mean deviation in mg; a phone in a walking hand stays below 300


def vigorous_seconds(samples: bytes) -> float:
    """For how long the phone was moved vigorously, by windows of half a second."""
    values = array("h", samples[: len(samples) // 6 * 6])
    step = 3 * _WINDOW
    windows = (values[start : start + step] for start in range(0, len(values), step))
    return sum(len(window) // 3 for window in windows if _deviation(window) >= _VIGOROUS) / MOTION_RATE


def _deviation(window: array[int]) -> float:
    """The mean distance from the mean, over the three axes."""
    total = 0.0
    for axis in (window[0::3], window[1::3], window[2::3]):
        mean = sum(axis) / len(axis)
        total += sum(abs(value - mean) for value in axis) / len(axis)
    return total / 3


def make_key(samples: bytes, randomness: bytes, count: int) -> str:
    """`count` decimal digits out of the movement and the device's own randomness."""
    number = int.from_bytes(hashlib.sha512(randomness + samples).digest(), "big")
    return f"{number % 10**count:0{count}}"


def data_key(digits: str, kvnr: str) -> bytes:
    """The key of the data, from what the person has saved. Blanks and hyphens of the printed groups do not matter."""
    plain = "".join(char for char in digits if char.isdigit())
    # 24 random digits need no stretching; the cost stays at the least that the function takes.
    return hashlib.scrypt(plain.encode(), salt=kvnr.encode(), n=2**4, r=8, p=1, dklen=32)


def seal(key: bytes, nonce: bytes, documents: list[str]) -> bytes:
    """AES-256-GCM, nonce first (12 octets)."""
    return nonce + AESGCM(key).encrypt(nonce, json.dumps(documents, ensure_ascii=False).encode(), None)


def unseal(key: bytes, sealed: bytes) -> list[str]:
    """Raises `Declined` (`key_wrong`)."""
    try:
        documents: list[str] = json.loads(AESGCM(key).decrypt(sealed[:12], sealed[12:], None))
    except InvalidTag as error:
        raise Declined("key_wrong") from error
    return documents
