"""Keys on the card: what a key object is, which algorithms it may be chosen for, and the public keys it learns."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum, StrEnum

from cryptography.hazmat.primitives.asymmetric import ec

from .access import AccessRules, Chat, flag_bits

DIGEST_SIZE = 32
_ISSUER = flag_bits(0)


class KeyKind(StrEnum):
    """What lies in a key object."""

    CONNECTION = "connection"  # the CAN
    EC = "ec"  # private, on brainpoolP256r1
    RSA = "rsa2048"  # private
    AES128 = "aes128"
    AES256 = "aes256"


class Purpose(Enum):
    """What MSE SET chooses a key for; the value is its P1 and P2."""

    __hash__ = object.__hash__  # Enum's own is written in Python

    PROVE = (0x41, 0xA4)  # INTERNAL AUTHENTICATE
    CHECK = (0x81, 0xA4)  # EXTERNAL AUTHENTICATE, MUTUAL AUTHENTICATE
    CONNECT = (0xC1, 0xA4)  # PACE
    SIGN = (0x41, 0xB6)
    VERIFY_CERTIFICATE = (0x81, 0xB6)
    DECIPHER = (0x41, 0xB8)


class Algorithm(Enum):
    """Algorithms under the names and identifiers of gemSpec_COS 16.1; what an id means depends on the purpose."""

    PACE = ("pace", 0x00, (Purpose.CONNECT,))
    AES_SESSION = ("aesSessionkey4SM", 0x54, (Purpose.PROVE, Purpose.CHECK))
    ELC_ASYNCHRON_ADMIN = ("elcAsynchronAdmin", 0xF4, (Purpose.PROVE,))
    ELC_ROLE_AUTHENTICATION = ("elcRoleAuthentication", 0x00, (Purpose.PROVE,))
    ELC_ROLE_CHECK = ("elcRoleCheck", 0x00, (Purpose.CHECK,))
    ELC_SESSION = ("elcSessionkey4SM", 0x54, (Purpose.PROVE,))
    RSA_CLIENT_AUTHENTICATION = ("rsaClientAuthentication", 0x05, (Purpose.PROVE,))
    SIGN_ECDSA = ("signECDSA", 0x00, (Purpose.SIGN,))
    SIGN_PKCS1 = ("signPKCS1_V1_5", 0x02, (Purpose.SIGN, Purpose.PROVE))
    SIGN_PSS = ("signPSS", 0x05, (Purpose.SIGN,))
    SIGN_9796 = ("sign9796_2_DS2", 0x07, (Purpose.SIGN,))
    ELC_DECIPHER = ("elcSharedSecretCalculation", 0x0B, (Purpose.DECIPHER,))
    RSA_DECIPHER_OAEP = ("rsaDecipherOaep", 0x85, (Purpose.DECIPHER,))
    RSA_DECIPHER_PKCS1 = ("rsaDecipherPKCS1", 0x81, (Purpose.DECIPHER,))

    def __init__(self, title: str, identifier: int, purposes: tuple[Purpose, ...]) -> None:
        self.title = title
        self.identifier = identifier
        self.purposes = purposes


ALGORITHMS: Mapping[str, Algorithm] = {algorithm.title: algorithm for algorithm in Algorithm}


@dataclass(frozen=True, slots=True, eq=False)
class KeyObject:
    """A key of the object system: `kid` its identifier (0x04), `algorithms` what MSE SET may choose it for."""

    name: str
    kid: int
    kind: KeyKind
    algorithms: tuple[Algorithm, ...]
    rules: AccessRules
    empty: bool = False  # as the card is made: there is room for key data, and none in it (keyAvailable false)

    def algorithm(self, purpose: Purpose, identifier: int) -> Algorithm | None:
        """The algorithm that the id names for this purpose, if the key has it."""
        for algorithm in self.algorithms:
            if algorithm.identifier == identifier and purpose in algorithm.purposes:
                return algorithm
        return None


@dataclass(frozen=True, slots=True)
class PublicKey:
    """The key of a CV certificate: an anchor of the object system, or one that PSO VERIFY CERTIFICATE has let in.

    `reference` is the CAR of an issuer (8 octets) or the CHR of somebody who authenticates (12 octets); `chat` what
    it is allowed, `until` its last day as the digits YYMMDD.
    """

    name: str
    reference: bytes
    point: bytes  # uncompressed
    chat: Chat
    until: str
    rules: AccessRules

    @property
    def issues(self) -> bool:
        """Whether it is a key for the verification of certificates: its highest flag says so, not the length of its
        name (gemSpec_COS N095.900 b.15)."""
        return bool(self.chat.flags & _ISSUER)

    def key(self) -> ec.EllipticCurvePublicKey:
        return ec.EllipticCurvePublicKey.from_encoded_point(ec.BrainpoolP256R1(), self.point)


@dataclass(frozen=True, slots=True)
class Chosen:
    """What MSE SET has chosen: a key, what for, and how."""

    key: KeyObject | PublicKey
    algorithm: Algorithm | None
