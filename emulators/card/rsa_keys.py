"""RSA as a card does it, with keys that derive from labels. TEST ONLY: whoever knows the label knows the key.

Signatures are RSASSA-PSS with SHA-256 and RSASSA-PKCS1-v1_5 over a given DigestInfo (RFC 8017); the salt derives
from key and message, so that one world has one journal. A real card draws it.
"""

from __future__ import annotations

import hashlib
from functools import cache
from hmac import compare_digest
from typing import NamedTuple

import gmpy2  # type: ignore[import-untyped]  # big powers and primes, what CPython takes ten times as long for
from cryptography.hazmat.primitives.asymmetric import rsa

EXPONENT = 65537
SIZE = 256  # octets of the modulus
_DIGEST = 32


class RsaKey(NamedTuple):
    """A private key of 2,048 bits."""

    p: int
    q: int
    d: int

    @property
    def modulus(self) -> int:
        return self.p * self.q

    def public_key(self) -> rsa.RSAPublicKey:
        return rsa.RSAPublicNumbers(EXPONENT, self.modulus).public_key()

    def power(self, number: int) -> int:
        """number^d mod n, by the Chinese remainder theorem."""
        a = int(gmpy2.powmod(number, self.d % (self.p - 1), self.p))
        b = int(gmpy2.powmod(number, self.d % (self.q - 1), self.q))
        return b + (a - b) * int(gmpy2.invert(self.q, self.p)) % self.p * self.q

    def sign_pkcs1(self, digest_info: bytes) -> bytes:
        """RSASSA-PKCS1-v1_5 over a complete DigestInfo."""
        padded = b"\0\1" + b"\xff" * (SIZE - 3 - len(digest_info)) + b"\0" + digest_info
        return self._signed(padded)

    def sign_pss(self, digest: bytes) -> bytes:
        """RSASSA-PSS with SHA-256 and a salt of 32 octets, over a digest of any length (gemSpec_COS N003.500)."""
        salt = hashlib.sha256(self.d.to_bytes(SIZE, "big") + digest).digest()
        inner = hashlib.sha256(bytes(8) + digest + salt).digest()
        block = bytes(SIZE - 2 * _DIGEST - 2) + b"\1" + salt
        masked = _xor(block, mask(inner, len(block)))
        return self._signed(bytes((masked[0] & 0x7F,)) + masked[1:] + inner + b"\xbc")

    def decipher_oaep(self, cipher: bytes) -> bytes | None:
        """RSAES-OAEP with SHA-256; `None` for what was not enciphered that way."""
        padded = self._deciphered(cipher)
        if padded is None:
            return None
        seed = _xor(padded[1 : 1 + _DIGEST], mask(padded[1 + _DIGEST :], _DIGEST))
        block = _xor(padded[1 + _DIGEST :], mask(seed, SIZE - _DIGEST - 1))
        label, rest = block[:_DIGEST], block[_DIGEST:].lstrip(b"\0")
        ok = not padded[0] and compare_digest(label, hashlib.sha256().digest()) and rest[:1] == b"\1"
        return rest[1:] if ok else None

    def decipher_pkcs1(self, cipher: bytes) -> bytes | None:
        """RSAES-PKCS1-v1_5; `None` for what was not enciphered that way."""
        padded = self._deciphered(cipher)
        if padded is None or padded[:2] != b"\0\2":
            return None
        filling, found, message = padded[2:].partition(b"\0")
        return message if found and len(filling) >= 8 else None

    def _signed(self, padded: bytes) -> bytes:
        return self.power(int.from_bytes(padded, "big")).to_bytes(SIZE, "big")

    def _deciphered(self, cipher: bytes) -> bytes | None:
        number = int.from_bytes(cipher, "big")
        return self.power(number).to_bytes(SIZE, "big") if len(cipher) == SIZE and number < self.modulus else None


def encipher_oaep(modulus: int, exponent: int, message: bytes, seed: bytes) -> bytes | None:
    """RSAES-OAEP with SHA-256 for a modulus of `SIZE` octets; `None` for a message that is too long.

    `seed` are 32 random octets.
    """
    room = SIZE - 2 * _DIGEST - 2
    if len(message) > room:
        return None
    block = hashlib.sha256().digest() + bytes(room - len(message)) + b"\1" + message
    masked = _xor(block, mask(seed, len(block)))
    padded = _xor(seed, mask(masked, _DIGEST)) + masked
    return int(gmpy2.powmod(int.from_bytes(padded, "big"), exponent, modulus)).to_bytes(SIZE, "big")


def mask(seed: bytes, size: int) -> bytes:
    """MGF1 with SHA-256 (RFC 8017, B.2.1)."""
    blocks = (hashlib.sha256(seed + n.to_bytes(4, "big")).digest() for n in range(-(-size // _DIGEST)))
    return b"".join(blocks)[:size]


def _xor(a: bytes, b: bytes) -> bytes:
    return (int.from_bytes(a, "big") ^ int.from_bytes(b, "big")).to_bytes(len(a), "big")


@cache
def rsa_key(label: str) -> RsaKey:
    """The key of that name: two primes of 1,024 bits, the first found behind a number made from the label."""
    p, q = (_prime(f"{label}/{name}") for name in "pq")
    return RsaKey(p, q, int(gmpy2.invert(EXPONENT, (p - 1) * (q - 1))))


def _prime(label: str) -> int:
    start = int.from_bytes(hashlib.shake_256(label.encode()).digest(128), "big") | 3 << 1022
    while True:
        start = int(gmpy2.next_prime(start))
        if start % EXPONENT != 1:
            return start
