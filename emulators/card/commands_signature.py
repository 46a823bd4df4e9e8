"""PERFORM SECURITY OPERATION: which one, COMPUTE and VERIFY DIGITAL SIGNATURE (gemSpec_COS 14.8).

Left out: ISO 9796-2 signatures (a G2.0 key lists them, the card answers 6A81), and the Kryptobox commands that only
service cards have.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec

from . import commands_cipher, cvc, key_commands, status
from .access import Operation
from .apdu import CommandApdu, Response
from .chip import Chip
from .commands import DONE, chosen_key, demand, objects_in, rsa_signature, whole
from .keys import DIGEST_SIZE, Algorithm, Purpose
from .session import Session
from .status import CommandRefused

_RSA = frozenset({Algorithm.SIGN_PKCS1, Algorithm.SIGN_PSS})
_CURVE, _DIGEST, _KEY, _PUBLIC_KEY, _POINT, _SIGNATURE = 0x06, 0x90, 0x9C, 0x7F49, 0x86, 0x9E
# The curves of gemSpec_COS N002.500 by object identifier (CosT_a91), each with the digest of its size.
_CURVES: Mapping[bytes, tuple[ec.EllipticCurve, hashes.HashAlgorithm]] = {
    bytes.fromhex("2A8648CE3D030107"): (ec.SECP256R1(), hashes.SHA256()),
    bytes.fromhex("2B81040022"): (ec.SECP384R1(), hashes.SHA384()),
    commands_cipher.BRAINPOOL_P256R1: (ec.BrainpoolP256R1(), hashes.SHA256()),
    bytes.fromhex("2B240303020801010B"): (ec.BrainpoolP384R1(), hashes.SHA384()),
    bytes.fromhex("2B240303020801010D"): (ec.BrainpoolP512R1(), hashes.SHA512()),
}


def perform_security_operation(chip: Chip, session: Session, command: CommandApdu) -> Response:
    """Which operation, P1 and P2 say."""
    operation = _OPERATIONS.get((command.p1, command.p2))
    if operation is None:
        raise CommandRefused(status.FUNCTION_NOT_SUPPORTED)
    return operation(chip, session, command)


def _compute_signature(chip: Chip, session: Session, command: CommandApdu) -> Response:
    """R‖S, 64 octets, by an EC key over 32 octets; 256 octets by an RSA key. COS names no trailer for a digest of
    another size."""
    key, algorithm = chosen_key(session, Purpose.SIGN, Operation.COMPUTE_DIGITAL_SIGNATURE)
    if algorithm in _RSA:
        return whole(chip, command, rsa_signature(chip, key, algorithm, command.data))
    demand(algorithm is Algorithm.SIGN_ECDSA, status.FUNCTION_NOT_SUPPORTED)
    demand(len(command.data) == DIGEST_SIZE, chip.profile.wrong_digest_size)
    return whole(chip, command, cvc.sign_digest(chip.private_ec(key), command.data))


def _recovering_signature(chip: Chip, session: Session, command: CommandApdu) -> Response:
    """ISO 9796-2 is not there."""
    chosen_key(session, Purpose.SIGN, Operation.COMPUTE_DIGITAL_SIGNATURE)
    raise CommandRefused(status.FUNCTION_NOT_SUPPORTED)


def _verify_signature(chip: Chip, session: Session, command: CommandApdu) -> Response:
    """06 curve ‖ 90 digest ‖ 9C { 7F49 { 86 point } } ‖ 9E R‖S: a signature by anybody, checked for anybody; no key is
    chosen and no rule asked (gemSpec_COS N096.392 to N096.396). 6A80 for whatever is not signed."""
    told = objects_in(command.data)
    curve, algorithm = _CURVES.get(told.get(_CURVE, b""), (None, None))
    if curve is None or algorithm is None:
        raise CommandRefused(status.WRONG_DATA)
    point = objects_in(objects_in(told.get(_KEY, b"")).get(_PUBLIC_KEY, b"")).get(_POINT, b"")
    try:
        key = ec.EllipticCurvePublicKey.from_encoded_point(curve, point)
    except ValueError as error:
        raise CommandRefused(status.WRONG_DATA) from error
    signed = cvc.verifies_digest(key, told.get(_DIGEST, b""), told.get(_SIGNATURE, b""), algorithm)
    demand(signed, status.WRONG_DATA)
    return DONE


_OPERATIONS: Mapping[tuple[int, int], Callable[[Chip, Session, CommandApdu], Response]] = {
    (0x9E, 0x9A): _compute_signature,
    (0x9E, 0xAC): _recovering_signature,
    (0x80, 0x86): commands_cipher.decipher,
    (0x86, 0x80): commands_cipher.encipher,
    (0x86, 0xB8): commands_cipher.transcipher,
    (0x00, 0xA8): _verify_signature,
    (0x00, 0xBE): key_commands.verify_certificate,
}
