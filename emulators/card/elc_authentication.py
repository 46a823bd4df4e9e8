"""GENERAL AUTHENTICATE with EC keys: both sides prove the keys of their CV certificates and agree on session keys.

Two commands: 7C { C3 whose key } is answered with 7C { 85 ephemeral point }, then 7C { 85 ephemeral point } with
nothing (gemSpec_COS 14.7.2, N085.052 and N085.054).
"""

from __future__ import annotations

from collections.abc import Mapping

from cryptography.hazmat.primitives.asymmetric import ec

from . import cvc, status, tlv
from .access import Operation
from .apdu import CommandApdu, Response
from .chip import Chip
from .commands import DONE, demand, objects_in, whole
from .key_agreement import Agreed, ElcOpening
from .key_commands import serial_number
from .keys import KeyObject, PublicKey
from .pace import SessionKeys
from .session import Session
from .status import CommandRefused

DYNAMIC_AUTHENTICATION_DATA, KEY_REFERENCE = 0x7C, 0xC3
_POINT = 0x85
_CHR = 12
_CHAINED = 0x10


def general_authenticate(chip: Chip, session: Session, command: CommandApdu, own: KeyObject) -> Response:
    """With `own`, the private key chosen for it. The order of the class bytes, and 6985 and 6A80 for steps and data out
    of order, are a choice as in PACE: COS names no trailer."""
    first, objects = step(command, KEY_REFERENCE)
    if first:
        return _open(chip, session, command, own, objects[KEY_REFERENCE])
    return _close(chip, session, objects)


def step(command: CommandApdu, opening: int) -> tuple[bool, Mapping[int, bytes]]:
    """Whether it is the first of two steps, and the objects in 7C. The first is chained and has the object `opening`,
    the second neither (6985)."""
    objects = objects_in(objects_in(command.data).get(DYNAMIC_AUTHENTICATION_DATA, b""))
    first = bool(command.cla & _CHAINED)
    demand(first == (opening in objects), status.CONDITIONS_NOT_SATISFIED)
    return first, objects


def their_key(chip: Chip, holder: bytes) -> PublicKey:
    """6A88 for a key that no certificate has brought, 6A81 for one of an issuer, 6983 for one past its last day."""
    demand(len(holder) == _CHR, status.WRONG_DATA)
    theirs = chip.public_key(holder)
    if theirs is None:
        raise CommandRefused(status.KEY_OR_PASSWORD_NOT_FOUND)
    demand(not theirs.issues, status.FUNCTION_NOT_SUPPORTED)
    demand(theirs.until >= chip.point_in_time, status.AUTH_METHOD_BLOCKED)
    return theirs


def _open(chip: Chip, session: Session, command: CommandApdu, own: KeyObject, holder: bytes) -> Response:
    """6300 for the card's own number, 6400 for a key object without a key."""
    demand(holder[-len(serial_number(chip)) :] != serial_number(chip), status.AUTHENTICATION_FAILURE)
    theirs = their_key(chip, holder)
    demand(chip.available(own), status.KEY_INVALID)
    ephemeral = chip.draw_key("elc authentication")
    session.agreement.open(ElcOpening(own, theirs, ephemeral))
    point = tlv.encode(_POINT, cvc.public_point(ephemeral.public_key()))
    return whole(chip, command, tlv.encode(DYNAMIC_AUTHENTICATION_DATA, point))


def _close(chip: Chip, session: Session, objects: Mapping[int, bytes]) -> Response:
    """6982 by rule. That the other side has the keys shows in the first command under the new session keys."""
    opening = session.agreement.close()
    if not isinstance(opening, ElcOpening):
        raise CommandRefused(status.CONDITIONS_NOT_SATISFIED)
    try:
        point = ec.EllipticCurvePublicKey.from_encoded_point(cvc.CURVE, objects.get(_POINT, b""))
    except ValueError as error:
        raise CommandRefused(status.WRONG_DATA) from error
    demand(session.may(Operation.GENERAL_AUTHENTICATE, opening.own))
    keys = session_keys(chip.private_ec(opening.own), point, opening.ephemeral, opening.theirs.key())
    session.agreement.agreed = Agreed(keys, opening.theirs.name, opening.theirs.chat)
    return DONE


def session_keys(
    static: ec.EllipticCurvePrivateKey,
    theirs_ephemeral: ec.EllipticCurvePublicKey,
    ephemeral: ec.EllipticCurvePrivateKey,
    theirs: ec.EllipticCurvePublicKey,
) -> SessionKeys:
    """For AES-128, from both shared secrets: static with the other's ephemeral, ephemeral with the other's static.

    On the other side of the card the two change places.
    """
    return SessionKeys.derived(static.exchange(ec.ECDH(), theirs_ephemeral) + ephemeral.exchange(ec.ECDH(), theirs))
