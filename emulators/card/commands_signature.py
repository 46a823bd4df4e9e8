"""PERFORM SECURITY OPERATION: COMPUTE DIGITAL SIGNATURE, DECIPHER, VERIFY CERTIFICATE (gemSpec_COS 14.8).

Left out: ISO 9796-2 signatures (a G2.0 key lists them, the card answers 6A81), TRANSCIPHER, ENCIPHER, and the
Kryptobox commands that only service cards have.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from hmac import compare_digest

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.cmac import CMAC

from . import cvc, key_commands, status, tlv
from .access import Operation
from .apdu import CommandApdu, Response
from .chip import Chip, Session
from .commands import demand, objects_in, whole
from .keys import DIGEST_SIZE, Algorithm, KeyObject, Purpose
from .secure_messaging import SecureMessagingError, pad, unpad
from .status import CommandRefused

BRAINPOOL_P256R1 = bytes.fromhex("2B2403030208010107")
_MOST_DIGEST_INFO = 102  # less than 40 % of a modulus of 256 octets
_RSA_CRYPTOGRAM = b"\0"  # padding indicator


def perform_security_operation(chip: Chip, session: Session, command: CommandApdu) -> Response:
    """Which operation, P1 and P2 say."""
    operation = _OPERATIONS.get((command.p1, command.p2))
    if operation is None:
        raise CommandRefused(status.FUNCTION_NOT_SUPPORTED)
    return operation(chip, session, command)


def _key(session: Session, purpose: Purpose, operation: Operation) -> tuple[KeyObject, Algorithm]:
    """The key chosen and its algorithm: 6985 without one, 6982 by rule."""
    chosen = session.chosen.get(purpose)
    if chosen is None or not isinstance(chosen.key, KeyObject) or chosen.algorithm is None:
        raise CommandRefused(status.CONDITIONS_NOT_SATISFIED)
    demand(session.may(operation, chosen.key))
    return chosen.key, chosen.algorithm


def _compute_signature(chip: Chip, session: Session, command: CommandApdu) -> Response:
    """R‖S, 64 octets, by an EC key over 32 octets; 256 octets by an RSA key. COS names no trailer for a digest of
    another size."""
    key, algorithm = _key(session, Purpose.SIGN, Operation.COMPUTE_DIGITAL_SIGNATURE)
    data = command.data
    if algorithm is Algorithm.SIGN_PKCS1:
        demand(0 < len(data) <= _MOST_DIGEST_INFO, chip.profile.wrong_digest_size)
        return whole(chip, command, chip.private_rsa(key).sign_pkcs1(data))
    demand(algorithm in (Algorithm.SIGN_ECDSA, Algorithm.SIGN_PSS), status.FUNCTION_NOT_SUPPORTED)
    demand(len(data) == DIGEST_SIZE, chip.profile.wrong_digest_size)
    if algorithm is Algorithm.SIGN_PSS:
        return whole(chip, command, chip.private_rsa(key).sign_pss(data))
    return whole(chip, command, cvc.sign_digest(chip.private_ec(key), data))


def _recovering_signature(chip: Chip, session: Session, command: CommandApdu) -> Response:
    """ISO 9796-2 is not there."""
    _key(session, Purpose.SIGN, Operation.COMPUTE_DIGITAL_SIGNATURE)
    raise CommandRefused(status.FUNCTION_NOT_SUPPORTED)


def _decipher(chip: Chip, session: Session, command: CommandApdu) -> Response:
    """RSA: 00 ‖ cryptogram. EC: A6 { 06 curve, 7F49 { 86 point }, 86 { 02 ‖ cryptogram }, 8E MAC }. 6A80 for what was
    not enciphered for the key."""
    key, algorithm = _key(session, Purpose.DECIPHER, Operation.DECIPHER)
    if algorithm is Algorithm.ELC_DECIPHER:
        plain = _decipher_elc(chip.private_ec(key), command.data)
    else:
        demand(command.data[:1] == _RSA_CRYPTOGRAM, status.WRONG_DATA)
        private = chip.private_rsa(key)
        oaep = algorithm is Algorithm.RSA_DECIPHER_OAEP
        plain = (private.decipher_oaep if oaep else private.decipher_pkcs1)(command.data[1:])
    if plain is None:
        raise CommandRefused(status.WRONG_DATA)
    return whole(chip, command, plain)


def _decipher_elc(key: ec.EllipticCurvePrivateKey, data: bytes) -> bytes | None:
    parts = objects_in(objects_in(data).get(0xA6, b""))
    sealed, mac = parts.get(0x86, b""), parts.get(0x8E, b"")
    demand(parts.get(0x06) == BRAINPOOL_P256R1 and sealed[:1] == b"\2", status.WRONG_DATA)
    try:
        point = objects_in(parts.get(0x7F49, b"")).get(0x86, b"")
        theirs = ec.EllipticCurvePublicKey.from_encoded_point(cvc.CURVE, point)
    except ValueError as error:
        raise CommandRefused(status.WRONG_DATA) from error
    encryption, authentication = elc_keys(key, theirs)
    if not compare_digest(mac, elc_mac(authentication, sealed[1:])) or len(sealed) % 16 != 1:
        return None
    decryptor = Cipher(algorithms.AES(encryption), modes.CBC(bytes(16))).decryptor()
    try:
        return unpad(decryptor.update(sealed[1:]) + decryptor.finalize())
    except SecureMessagingError:
        return None


def elc_encipher(key: ec.EllipticCurvePublicKey, ephemeral: ec.EllipticCurvePrivateKey, plain: bytes) -> bytes:
    """What PSO DECIPHER takes, for a key of the card.

    That the keys are AES-256 from SHA-256, and the first vector zero, is a choice: the facts at hand do not say.
    """
    encryption, authentication = elc_keys(ephemeral, key)
    encryptor = Cipher(algorithms.AES(encryption), modes.CBC(bytes(16))).encryptor()
    cryptogram = encryptor.update(pad(plain)) + encryptor.finalize()
    point = tlv.encode(0x7F49, tlv.encode(0x86, cvc.public_point(ephemeral.public_key())))
    body = tlv.encode(0x06, BRAINPOOL_P256R1) + point + tlv.encode(0x86, b"\2" + cryptogram)
    return tlv.encode(0xA6, body + tlv.encode(0x8E, elc_mac(authentication, cryptogram)))


def elc_keys(own: ec.EllipticCurvePrivateKey, theirs: ec.EllipticCurvePublicKey) -> tuple[bytes, bytes]:
    """For encipherment and MAC, from the shared point."""
    secret = own.exchange(ec.ECDH(), theirs)
    first, second = (hashlib.sha256(secret + number.to_bytes(4, "big")).digest() for number in (1, 2))
    return first, second


def elc_mac(key: bytes, cryptogram: bytes) -> bytes:
    """Eight octets of CMAC over the padded cryptogram."""
    cmac = CMAC(algorithms.AES(key))
    cmac.update(pad(cryptogram))
    return cmac.finalize()[:8]


_OPERATIONS: Mapping[tuple[int, int], Callable[[Chip, Session, CommandApdu], Response]] = {
    (0x9E, 0x9A): _compute_signature,
    (0x9E, 0xAC): _recovering_signature,
    (0x80, 0x86): _decipher,
    (0x00, 0xBE): key_commands.verify_certificate,
}
