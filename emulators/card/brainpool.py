"""brainpoolP256r1 (RFC 5639): points as octets and their multiplication, by `ecdsa` with gmpy2."""

from __future__ import annotations

from typing import Protocol

from ecdsa import BRAINPOOLP256r1  # type: ignore[import-untyped]  # the one place that knows a library without types
from ecdsa.ellipticcurve import INFINITY, PointJacobi  # type: ignore[import-untyped]

SIZE = 32
POINT_SIZE = 1 + 2 * SIZE


class NotAPoint(ValueError):
    """The octets are no uncompressed point of the curve, or the point is the one at infinity."""


class Point(Protocol):
    """A point of the curve, the one at infinity included."""

    def __mul__(self, scalar: int) -> Point: ...

    def __add__(self, other: Point) -> Point: ...

    def scale(self) -> Point: ...

    def x(self) -> int: ...

    def y(self) -> int: ...


GENERATOR: Point = BRAINPOOLP256r1.generator
ORDER: int = int(BRAINPOOLP256r1.order)
_CURVE = BRAINPOOLP256r1.curve
_PRIME: int = int(_CURVE.p())


def decode(octets: bytes) -> Point:
    """The point 04‖X‖Y. Raises `NotAPoint`; the order needs no check, for the curve has the cofactor 1."""
    if len(octets) != POINT_SIZE or octets[0] != 0x04:
        raise NotAPoint(f"{octets[:1].hex()}… of {len(octets)} octets is no uncompressed point")
    x, y = int.from_bytes(octets[1 : 1 + SIZE], "big"), int.from_bytes(octets[1 + SIZE :], "big")
    if x >= _PRIME or y >= _PRIME or not _CURVE.contains_point(x, y):
        raise NotAPoint("the point is not on brainpoolP256r1")
    point: Point = PointJacobi(_CURVE, x, y, 1, ORDER)
    return point


def encode(point: Point) -> bytes:
    """04‖X‖Y. Raises `NotAPoint` at infinity."""
    x, y = _affine(point)
    return b"\x04" + x.to_bytes(SIZE, "big") + y.to_bytes(SIZE, "big")


def x_coordinate(point: Point) -> bytes:
    """X in 32 octets, leading zeros included. Raises `NotAPoint` at infinity."""
    return _affine(point)[0].to_bytes(SIZE, "big")


def _affine(point: Point) -> tuple[int, int]:
    if point == INFINITY:
        raise NotAPoint("the point at infinity")
    flat = point.scale()  # in place: the division is paid once, also for what is computed from the point later
    return int(flat.x()), int(flat.y())
