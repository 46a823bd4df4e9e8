"""GENERAL AUTHENTICATE for asynchronous card administration: session keys that were sealed beforehand for this card.

Two commands. 7C { 81 } (symmetric: gemSpec_COS N085.060, N085.062) or 7C { C3 whose key } (asymmetric: N085.068) is
answered with 7C { 81 number } of the last scenario that the card's key has let in, then 7C { 82 scenario } brings the
keys, in force from the next command on: number needed ‖ own number ‖ sealed key material ‖ MAC or signature. Numbers
only grow, so a scenario works once.
"""

from __future__ import annotations

from hmac import compare_digest

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from . import cvc, status, tlv
from .access import Operation
from .apdu import CommandApdu, Response
from .chip import Chip
from .commands import DONE, demand, objects_in, whole
from .commands_cipher import BRAINPOOL_P256R1, elc_decipher
from .elc_authentication import DYNAMIC_AUTHENTICATION_DATA, KEY_REFERENCE, step, their_key
from .key_agreement import AdministrationOpening, Agreed
from .key_commands import mutual_session_keys
from .keys import Algorithm, KeyObject, PublicKey, Purpose
from .pace import SessionKeys
from .secure_messaging import MAC_SIZE, cmac
from .session import Session
from .status import CommandRefused

_NUMBER, _SCENARIO = 0x81, 0x82
_NUMBER_SIZE, _MATERIAL = 2, 64
_CIPHER, _OID = 0xA6, 0x06
_SYMMETRIC_SCENARIO = 2 * _NUMBER_SIZE + _MATERIAL + MAC_SIZE


def symmetric(chip: Chip, session: Session, command: CommandApdu) -> Response:
    """With the AES key chosen for MUTUAL AUTHENTICATE; 6985 without one."""
    chosen = session.chosen.get(Purpose.CHECK)
    if chosen is None or not isinstance(chosen.key, KeyObject) or chosen.algorithm is not Algorithm.AES_SESSION:
        raise CommandRefused(status.CONDITIONS_NOT_SATISFIED)
    first, objects = step(command, _NUMBER)
    if first:
        return _open(chip, session, command, AdministrationOpening(chosen.key, None))
    own, _ = _opened(session)
    demand(session.may(Operation.GENERAL_AUTHENTICATE, own))
    scenario = objects.get(_SCENARIO, b"")
    demand(len(scenario) == _SYMMETRIC_SCENARIO, status.WRONG_DATA)
    message, mac = scenario[:-MAC_SIZE], scenario[-MAC_SIZE:]
    keys = SessionKeys(*chip.personalisation.symmetric_keys(own.name))
    demand(compare_digest(mac, cmac(keys.authentication, message)), status.AUTHENTICATION_FAILURE)
    decryptor = Cipher(algorithms.AES(keys.encryption), modes.CBC(bytes(16))).decryptor()
    material = decryptor.update(_let_in(chip, own, message)) + decryptor.finalize()
    agreed = mutual_session_keys(material, bytes(_MATERIAL), len(keys.encryption))
    session.agreement.agreed = Agreed(agreed, own.name)
    return DONE


def asymmetric(chip: Chip, session: Session, command: CommandApdu, own: KeyObject) -> Response:
    """With the card's private key, chosen for elcAsynchronAdmin, and the key of a CV certificate that signs.

    6300 for a wrong signature, 6400 for another curve; 6A80 also for what was not enciphered for the card, of which COS
    says nothing.
    """
    first, objects = step(command, KEY_REFERENCE)
    if first:
        return _open(chip, session, command, AdministrationOpening(own, their_key(chip, objects[KEY_REFERENCE])))
    own, theirs = _opened(session)
    if theirs is None:
        raise CommandRefused(status.CONDITIONS_NOT_SATISFIED)
    demand(session.may(Operation.GENERAL_AUTHENTICATE, own))
    scenario = objects.get(_SCENARIO, b"")
    message, signature = scenario[: -2 * cvc.COORDINATE], scenario[-2 * cvc.COORDINATE :]
    demand(cvc.verifies(theirs.key(), message, signature), status.AUTHENTICATION_FAILURE)
    cipher = _let_in(chip, own, message)
    demand(objects_in(objects_in(cipher).get(_CIPHER, b"")).get(_OID) == BRAINPOOL_P256R1, status.KEY_INVALID)
    material = elc_decipher(chip.private_ec(own), cipher)
    if material is None or len(material) != _MATERIAL:
        raise CommandRefused(status.WRONG_DATA)
    session.agreement.agreed = Agreed(SessionKeys.derived(material), theirs.name, theirs.chat)
    return DONE


def _open(chip: Chip, session: Session, command: CommandApdu, opening: AdministrationOpening) -> Response:
    number = tlv.encode(_NUMBER, chip.scenarios.get(opening.own.name, 0).to_bytes(_NUMBER_SIZE, "big"))
    answer = whole(chip, command, tlv.encode(DYNAMIC_AUTHENTICATION_DATA, number))
    session.agreement.open(opening)
    return answer


def _opened(session: Session) -> tuple[KeyObject, PublicKey | None]:
    """The keys of the first step, once; 6985 if it was not the command before."""
    opening = session.agreement.close()
    if not isinstance(opening, AdministrationOpening):
        raise CommandRefused(status.CONDITIONS_NOT_SATISFIED)
    return opening


def _let_in(chip: Chip, key: KeyObject, message: bytes) -> bytes:
    """What is sealed in a scenario that comes in its turn, whose number then stays; 6A80 for any other."""
    needed, own = (int.from_bytes(message[at : at + _NUMBER_SIZE], "big") for at in (0, _NUMBER_SIZE))
    demand(needed <= chip.scenarios.get(key.name, 0) < own, status.WRONG_DATA)
    chip.scenarios[key.name] = own
    return message[2 * _NUMBER_SIZE :]
