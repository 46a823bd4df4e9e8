"""PSO DECIPHER, ENCIPHER and TRANSCIPHER (gemSpec_COS 14.8.3, 14.8.4, 14.8.6; the EC cipher 6.8.1.4, its keys 6.2.4).

RSA cryptograms are 00 ‖ C, those of the curve A6 { 06 curve, 7F49 { 86 point }, 86 { 02 ‖ C }, 8E MAC }. TRANSCIPHER
has an RSA cryptogram in A6 { 86 { 00 ‖ C } } too. Whom to encipher for is told in A0 { 80 algorithm, 06 curve, 7F49
key } and, for ENCIPHER, 80 message. Enciphering with keys on the card is Kryptobox, which service cards alone have; the
PKCS#1 v1.5 ciphers were taken out with COS 3.12, DECIPHER still has them for the keys of generation 2.0.
"""

from __future__ import annotations

from collections.abc import Sequence
from hmac import compare_digest

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from . import cvc, status, tlv
from .access import Operation
from .apdu import CommandApdu, Response
from .chip import Chip
from .commands import chosen_key, demand, objects_in, whole
from .key_commands import aes256_keys
from .keys import Algorithm, KeyObject, Purpose
from .pace import SessionKeys
from .rsa_keys import SIZE, encipher_oaep
from .secure_messaging import SecureMessagingError, cmac, pad, unpad
from .session import Session
from .status import CommandRefused, StatusWord

BRAINPOOL_P256R1 = bytes.fromhex("2B2403030208010107")
_RSA, _CURVE = b"\0", b"\2"  # padding indicators
_CIPHER, _PLAIN, _ALGORITHM_OR_MESSAGE, _OID, _KEY, _POINT, _CRYPTOGRAM, _MAC = (
    0xA6,
    0xA0,
    0x80,
    0x06,
    0x7F49,
    0x86,
    0x86,
    0x8E,
)
_MODULUS, _EXPONENT = 0x81, 0x82
_RSA_OAEP, _ELC = b"\5", b"\x0b"  # rsaEncipherOaep, elcSharedSecretCalculation
_EXPONENTS = range(0x10001, 1 << 32)  # gemSpec_COS N002.100
_SEED = 32
_RANDOMNESS = "encipher"


def decipher(chip: Chip, session: Session, command: CommandApdu) -> Response:
    """6A80 for what was not enciphered for the key."""
    key, algorithm = chosen_key(session, Purpose.DECIPHER, Operation.DECIPHER)
    data = command.data
    if algorithm is Algorithm.ELC_DECIPHER:
        return whole(chip, command, _deciphered(chip, key, algorithm, data))
    demand(data[:1] == _RSA, status.WRONG_DATA)
    return whole(chip, command, _deciphered(chip, key, algorithm, data[1:]))


def encipher(chip: Chip, session: Session, command: CommandApdu) -> Response:
    """For a key in the command; no rule is asked, for no key of the card is used (N091.700).

    6A81 for another algorithm, 6400 for a curve, point or modulus that is none, and a message that is too long.
    """
    told = _objects(objects_in(command.data).get(_PLAIN, b""))
    message = _last(told, _ALGORITHM_OR_MESSAGE) if _count(told, _ALGORITHM_OR_MESSAGE) > 1 else None
    if message is None:
        raise CommandRefused(status.WRONG_DATA)
    return whole(chip, command, _enciphered(chip, told, message, status.KEY_INVALID, status.KEY_INVALID))


def transcipher(chip: Chip, session: Session, command: CommandApdu) -> Response:
    """Decipher with a key of the card and encipher for another; the plain text stays inside.

    6A80 for what was not enciphered for the key, or a recipient's key that is none; 6A84 for more than fits into RSA.
    """
    key, algorithm = chosen_key(session, Purpose.DECIPHER, Operation.TRANSCIPHER)
    objects = objects_in(command.data)
    cipher, told = objects.get(_CIPHER, b""), _objects(objects.get(_PLAIN, b""))
    if algorithm is Algorithm.ELC_DECIPHER:
        data = tlv.encode(_CIPHER, cipher)
    else:
        cryptogram = objects_in(cipher).get(_CRYPTOGRAM, b"")
        demand(cryptogram[:1] == _RSA, status.WRONG_DATA)
        data = cryptogram[1:]
    message = _deciphered(chip, key, algorithm, data)
    return whole(chip, command, _enciphered(chip, told, message, status.WRONG_DATA, status.OUT_OF_MEMORY))


def _objects(octets: bytes) -> Sequence[tlv.DataObject]:
    """All of them: tag 80 comes twice. Refuses (6A80) what is no sequence of data objects."""
    try:
        return tuple(tlv.decode(octets))
    except tlv.TlvError as error:
        raise CommandRefused(status.WRONG_DATA) from error


def _first(told: Sequence[tlv.DataObject], tag: int) -> bytes:
    return next((value for found, value in told if found == tag), b"")


def _last(told: Sequence[tlv.DataObject], tag: int) -> bytes:
    return _first(told[::-1], tag)


def _count(told: Sequence[tlv.DataObject], tag: int) -> int:
    return sum(found == tag for found, _ in told)


def _deciphered(chip: Chip, key: KeyObject, algorithm: Algorithm, data: bytes) -> bytes:
    """Refuses (6A80) what was not enciphered for the key."""
    if algorithm is Algorithm.ELC_DECIPHER:
        plain = elc_decipher(chip.private_ec(key), data)
    elif algorithm is Algorithm.RSA_DECIPHER_OAEP:
        plain = chip.private_rsa(key).decipher_oaep(data)
    else:
        plain = chip.private_rsa(key).decipher_pkcs1(data)
    if plain is None:
        raise CommandRefused(status.WRONG_DATA)
    return plain


def _enciphered(
    chip: Chip, told: Sequence[tlv.DataObject], message: bytes, no_key: StatusWord, too_long: StatusWord
) -> bytes:
    """For the key that `told` describes. Refuses with `no_key` or `too_long`, 6A81 for another algorithm."""
    algorithm, parts = _first(told, _ALGORITHM_OR_MESSAGE), objects_in(_first(told, _KEY))
    if algorithm == _RSA_OAEP:
        modulus, exponent = (int.from_bytes(parts.get(tag, b""), "big") for tag in (_MODULUS, _EXPONENT))
        demand(modulus.bit_length() == 8 * SIZE and modulus % 2 == 1 and exponent in _EXPONENTS, no_key)
        sealed = encipher_oaep(modulus, exponent, message, chip.source(_RANDOMNESS).randbytes(_SEED))
        if sealed is None:
            raise CommandRefused(too_long)
        return _RSA + sealed
    demand(algorithm == _ELC, status.FUNCTION_NOT_SUPPORTED)
    demand(_first(told, _OID) == BRAINPOOL_P256R1, no_key)
    try:
        key = ec.EllipticCurvePublicKey.from_encoded_point(cvc.CURVE, parts.get(_POINT, b""))
    except ValueError as error:
        raise CommandRefused(no_key) from error
    return elc_encipher(key, chip.draw_key(_RANDOMNESS), message)


def elc_decipher(key: ec.EllipticCurvePrivateKey, data: bytes) -> bytes | None:
    """The plain text of `elc_encipher`, `None` if MAC or padding are wrong. Refuses (6A80) what is not of that form."""
    parts = objects_in(objects_in(data).get(_CIPHER, b""))
    sealed, mac = parts.get(_CRYPTOGRAM, b""), parts.get(_MAC, b"")
    demand(parts.get(_OID) == BRAINPOOL_P256R1 and sealed[:1] == _CURVE, status.WRONG_DATA)
    try:
        point = objects_in(parts.get(_KEY, b"")).get(_POINT, b"")
        theirs = ec.EllipticCurvePublicKey.from_encoded_point(cvc.CURVE, point)
    except ValueError as error:
        raise CommandRefused(status.WRONG_DATA) from error
    keys = _elc_keys(key, theirs)
    if not compare_digest(mac, cmac(keys.authentication, sealed[1:])) or len(sealed) % 16 != 1:
        return None
    decryptor = _cbc(keys).decryptor()
    try:
        return unpad(decryptor.update(sealed[1:]) + decryptor.finalize())
    except SecureMessagingError:
        return None


def elc_encipher(key: ec.EllipticCurvePublicKey, ephemeral: ec.EllipticCurvePrivateKey, plain: bytes) -> bytes:
    """What DECIPHER takes, for whoever has the private key."""
    keys = _elc_keys(ephemeral, key)
    encryptor = _cbc(keys).encryptor()
    cryptogram = encryptor.update(pad(plain)) + encryptor.finalize()
    point = tlv.encode(_KEY, tlv.encode(_POINT, cvc.public_point(ephemeral.public_key())))
    body = tlv.encode(_OID, BRAINPOOL_P256R1) + point + tlv.encode(_CRYPTOGRAM, _CURVE + cryptogram)
    return tlv.encode(_CIPHER, body + tlv.encode(_MAC, cmac(keys.authentication, cryptogram)))


def _elc_keys(own: ec.EllipticCurvePrivateKey, theirs: ec.EllipticCurvePublicKey) -> SessionKeys:
    """KeyDerivation_AES256 of the shared secret."""
    return aes256_keys(own.exchange(ec.ECDH(), theirs))


def _cbc(keys: SessionKeys) -> Cipher[modes.CBC]:
    """The first vector is the counter, which is 0 here, enciphered."""
    aes = algorithms.AES(keys.encryption)
    return Cipher(aes, modes.CBC(Cipher(aes, modes.ECB()).encryptor().update(bytes(16))))
