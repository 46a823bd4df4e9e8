"""The motion sensor: what shaking the phone leaves for an app to read."""

from __future__ import annotations

import struct
from array import array
from collections.abc import Iterator
from enum import StrEnum
from random import Random

SAMPLE_RATE = 50  # a second
SAMPLE_SIZE = 6  # octets: x, y, z as signed 16-bit numbers, little endian, in thousandths of g
GRAVITY = 1000
_REHEARSAL = "rehearsed"  # the seed of the one movement that can be repeated


class Vigour(StrEnum):
    NONE = "none"
    LITTLE = "little"
    FULL = "full"


# By how many bits 16-bit noise is shifted down: ±4 (the sensor's own noise), ±128, ±4096 thousandths of g.
_DAMPING = {Vigour.NONE: 13, Vigour.LITTLE: 8, Vigour.FULL: 3}


def readings(samples: bytes) -> Iterator[tuple[int, int, int]]:
    """The samples as (x, y, z) in thousandths of g. Raises `ValueError` for a sample that is cut short."""
    if len(samples) % SAMPLE_SIZE:
        raise ValueError(f"{len(samples)} octets are no whole number of samples of {SAMPLE_SIZE}")
    return struct.iter_unpack("<hhh", samples)


class Motion:
    """The accelerometer of one phone; no two phones and no two calls give the same samples, unless rehearsed."""

    def __init__(self, random: Random) -> None:
        self._random = random
        self._unread = b""

    def shake(self, seconds: float, vigour: Vigour, *, rehearsed: bool = False) -> bytes:
        """Move the phone. The samples are returned, and wait for the app. Takes no virtual time.

        A `rehearsed` movement is the same on every phone and each time, as if a machine made it.
        """
        count = int(seconds * SAMPLE_RATE)
        damping = _DAMPING[vigour]
        random = Random(_REHEARSAL) if rehearsed else self._random
        noise = struct.unpack(f"<{3 * count}h", random.randbytes(SAMPLE_SIZE * count))
        values = array("h", (value >> damping for value in noise))
        values[2::3] = array("h", (value + GRAVITY for value in values[2::3]))
        samples = struct.pack(f"<{3 * count}h", *values)
        self._unread += samples
        return samples

    def samples(self) -> bytes:
        """What has been felt since the last reading, oldest first; reading takes it away."""
        unread, self._unread = self._unread, b""
        return unread
