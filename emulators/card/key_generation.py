"""GENERATE ASYMMETRIC KEY PAIR: reading the public key of a key object, and making a new pair (gemSpec_COS 14.9.3).

P1 says which: 81 reads; 80 and 84 generate where there is no key yet, C0 and C4 also over one; 80 and C0 answer with
the public key. P2 names the key object, 00 the one chosen for signatures. On an eGK the rules allow reading alone.
"""

from __future__ import annotations

from . import cvc, status, tlv
from .access import Operation
from .apdu import CommandApdu, Response
from .chip import Chip
from .commands import DONE, demand, whole
from .keys import KeyKind, KeyObject, Purpose
from .rsa_keys import EXPONENT, SIZE
from .session import Session
from .status import CommandRefused

_READ = 0x81
_WHERE_EMPTY = frozenset({0x80, 0x84})
_ANEW = frozenset({0xC0, 0xC4})
_WITH_ANSWER = frozenset({0x80, 0x81, 0xC0})


def generate_key_pair(chip: Chip, session: Session, command: CommandApdu) -> Response:
    """7F49 { 86 point } or { 81 modulus, 82 exponent }, or no data.

    6A88 unknown key, 6982 by rule, 6985 a key is there already, 6400 none is there to read. RSA keys are not generated
    (Option_RSA_KeyGeneration, which gemSpec_COS 3.11 has taken out of the normal card): 6A81.
    """
    key = _meant(chip, session, command)
    if command.p1 == _READ:
        demand(session.may(Operation.READ_PUBLIC_KEY, key))
        return whole(chip, command, _public_key(chip, key))
    demand(session.may(Operation.GENERATE_KEY_PAIR, key))
    demand(command.p1 in _WHERE_EMPTY | _ANEW, chip.profile.wrong_p1_p2)
    demand(command.p1 in _ANEW or not chip.available(key), status.CONDITIONS_NOT_SATISFIED)
    demand(key.kind is KeyKind.EC, status.FUNCTION_NOT_SUPPORTED)
    demand(command.p1 not in _WITH_ANSWER or command.ne > 0, chip.profile.wrong_length)  # before anything is lost
    chip.given_keys[key.name] = chip.draw_key("key generation")
    return whole(chip, command, _public_key(chip, key)) if command.p1 in _WITH_ANSWER else DONE


def _meant(chip: Chip, session: Session, command: CommandApdu) -> KeyObject:
    """COS leaves to the vendor what P2 = 00 means with nothing chosen; here 6985."""
    if command.p2:
        found = chip.system.key(command.p2, session.folder)
        if found is None:
            raise CommandRefused(status.KEY_OR_PASSWORD_NOT_FOUND)
        return found
    chosen = session.chosen.get(Purpose.SIGN)
    if chosen is None or not isinstance(chosen.key, KeyObject):
        raise CommandRefused(status.CONDITIONS_NOT_SATISFIED)
    return chosen.key


def _public_key(chip: Chip, key: KeyObject) -> bytes:
    if key.kind is KeyKind.RSA:
        rsa = chip.private_rsa(key)
        value = tlv.encode(0x81, rsa.modulus.to_bytes(SIZE, "big")) + tlv.encode(0x82, EXPONENT.to_bytes(3, "big"))
    else:
        value = tlv.encode(0x86, cvc.public_point(chip.private_ec(key).public_key()))
    return tlv.encode(0x7F49, value)
