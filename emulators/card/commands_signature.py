"""PERFORM SECURITY OPERATION: which one, and COMPUTE DIGITAL SIGNATURE (gemSpec_COS 14.8).

Left out: ISO 9796-2 signatures (a G2.0 key lists them, the card answers 6A81), and the Kryptobox commands that only
service cards have.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from . import commands_cipher, cvc, key_commands, status
from .access import Operation
from .apdu import CommandApdu, Response
from .chip import Chip
from .commands import chosen_key, demand, whole
from .keys import DIGEST_SIZE, Algorithm, Purpose
from .session import Session
from .status import CommandRefused

_MOST_DIGEST_INFO = 102  # less than 40 % of a modulus of 256 octets


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
    chosen_key(session, Purpose.SIGN, Operation.COMPUTE_DIGITAL_SIGNATURE)
    raise CommandRefused(status.FUNCTION_NOT_SUPPORTED)


_OPERATIONS: Mapping[tuple[int, int], Callable[[Chip, Session, CommandApdu], Response]] = {
    (0x9E, 0x9A): _compute_signature,
    (0x9E, 0xAC): _recovering_signature,
    (0x80, 0x86): commands_cipher.decipher,
    (0x86, 0x80): commands_cipher.encipher,
    (0x86, 0xB8): commands_cipher.transcipher,
    (0x00, 0xBE): key_commands.verify_certificate,
}
