"""The mutual authentication of the ACR1255U-J1, both sides: who knows the customer master key, and the session key.

Source: ACS, ACR1255U-J1 Reference Manual V1.01, 5.3 and 5.7. Its example in 5.6.7.2 was made under the factory key
with an initial vector of zero.
"""

from __future__ import annotations

from random import Random

from .acr1255_frames import HardwareError, Malformed, decrypt, encrypt

FACTORY_KEY = b"ACR1255U-J1 Auth"
"""The customer master key as delivered."""

_ASK, _PROVE = bytes.fromhex("E000004500"), bytes.fromhex("E000004600")
_ASKED, _PROVED = bytes.fromhex("E100004500"), bytes.fromhex("E100004600")
_RANDOM = 16
_HALF = 8


class ReaderProof:
    """The reader's side."""

    def __init__(self, key: bytes, random: Random) -> None:
        self._key = key
        self._random = random
        self._challenge: bytes | None = None
        self.session_key: bytes | None = None

    def answer(self, request: bytes) -> bytes | None:
        """The data of the reply to an escape; `None` for one that is wrong or no authentication at all."""
        if request == _ASK:
            self.session_key = None
            self._challenge = self._random.randbytes(_RANDOM)
            return _ASKED + encrypt(self._key, self._challenge)
        challenge, self._challenge = self._challenge, None
        proof = request[len(_PROVE) :]
        if challenge is None or not request.startswith(_PROVE) or len(proof) != 2 * _RANDOM:
            return None
        both = encrypt(self._key, proof)
        theirs, ours = both[:_RANDOM], both[_RANDOM:]
        if ours != challenge:
            return None
        self.session_key = ours[:_HALF] + theirs[:_HALF]
        return _PROVED + encrypt(self._key, theirs)


class HostProof:
    """The host's side: send `opening()`, then what `prove` makes of the reply, then let `check` see the last one."""

    def __init__(self, key: bytes, random: Random) -> None:
        self._key = key
        self._ours = random.randbytes(_RANDOM)
        self._theirs = b""
        self.session_key: bytes | None = None

    def opening(self) -> bytes:
        return _ASK

    def prove(self, reply: bytes) -> bytes:
        """Raises `Malformed` for a reply that is none."""
        if not reply.startswith(_ASKED) or len(reply) != len(_ASKED) + _RANDOM:
            raise Malformed(HardwareError.DATA, "the reader has sent no challenge")
        self._theirs = decrypt(self._key, reply[len(_ASKED) :])
        return _PROVE + decrypt(self._key, self._ours + self._theirs)

    def check(self, reply: bytes) -> bool:
        """Whether the reader knows the key."""
        if reply != _PROVED + encrypt(self._key, self._ours):
            return False
        self.session_key = self._theirs[:_HALF] + self._ours[:_HALF]
        return True
