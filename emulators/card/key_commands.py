"""MSE, INTERNAL, EXTERNAL and MUTUAL AUTHENTICATE, PSO VERIFY CERTIFICATE and GET SECURITY STATUS KEY
(gemSpec_COS 14.7, 14.9). Order of refusals: no key chosen 6985, rule 6982, then the data.
"""

from __future__ import annotations

import hashlib
from hmac import compare_digest

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from . import cvc, status
from .access import Chat, Operation, flag_bits
from .apdu import CommandApdu, Response
from .chip import Chip
from .commands import DONE, demand, objects_in, rsa_signature, whole
from .key_agreement import Agreed
from .keys import Algorithm, Chosen, KeyKind, KeyObject, PublicKey, Purpose
from .pace import KeyPurpose, SessionKeys
from .secure_messaging import MAC_SIZE, cmac
from .session import Session
from .status import CommandRefused

_RESTORE = 0xF3
_ALGORITHM, _PUBLIC_OR_SYMMETRIC, _PRIVATE = 0x80, 0x83, 0x84
_PURPOSES = {purpose.value: purpose for purpose in Purpose}
_CHR, _CAR = 12, 8
_RANDOM, _SERIAL = 16, 8
_TOKEN = _RANDOM + _SERIAL
_KEY_MATERIAL = 64
_MUTUAL_PLAIN = 2 * _TOKEN + _KEY_MATERIAL
_ROOT = flag_bits(0, 1)
_AUTHENTICATION = frozenset({Purpose.PROVE, Purpose.CHECK})
_RSA = frozenset({Algorithm.RSA_CLIENT_AUTHENTICATION, Algorithm.SIGN_PKCS1})
_AES = frozenset({KeyKind.AES128, KeyKind.AES256})


def manage_security_environment(chip: Chip, session: Session, command: CommandApdu) -> Response:
    """RESTORE (F3, 1 to 4): the current folder begins anew in that environment. SET: choose key and algorithm."""
    if command.p1 == _RESTORE:
        demand(1 <= command.p2 <= 4, status.KEY_OR_PASSWORD_NOT_FOUND)
        session.forget(session.folder)
        session.environments.pop(session.folder, None)
        if command.p2 != 1:
            session.environments[session.folder] = command.p2
        return DONE
    purpose = _PURPOSES.get((command.p1, command.p2))
    if purpose is None:
        raise CommandRefused(status.FUNCTION_NOT_SUPPORTED)
    session.chosen[purpose] = _choice(chip, session, purpose, objects_in(command.data))
    if purpose in _AUTHENTICATION:
        session.agreement.chosen = False  # SK.CAN was chosen for both (gemSpec_COS N102.448)
    return DONE


def _choice(chip: Chip, session: Session, purpose: Purpose, objects: dict[int, bytes]) -> Chosen:
    reference = objects.get(_PRIVATE) or objects.get(_PUBLIC_OR_SYMMETRIC) or b""
    identifier = objects.get(_ALGORITHM, b"")
    if len(reference) in (_CAR, _CHR):
        return _public_choice(chip, purpose, reference, identifier)
    demand(len(reference) == 1, status.WRONG_DATA)
    key = chip.system.key(reference[0], session.folder)
    if key is None:
        raise CommandRefused(status.KEY_OR_PASSWORD_NOT_FOUND)
    demand(len(identifier) == 1, status.WRONG_DATA)
    algorithm = key.algorithm(purpose, identifier[0])
    if algorithm is None:
        raise CommandRefused(status.FUNCTION_NOT_SUPPORTED)
    return Chosen(key, algorithm)


def _public_choice(chip: Chip, purpose: Purpose, reference: bytes, identifier: bytes) -> Chosen:
    """A CV key: of an issuer, by 8 octets, to verify certificates with, or of somebody who authenticates, by 12
    (gemSpec_COS N104.300 b and c)."""
    key = chip.public_key(reference)
    if key is None:
        raise CommandRefused(status.KEY_OR_PASSWORD_NOT_FOUND)
    named = purpose, len(reference), key.issues
    if named == (Purpose.VERIFY_CERTIFICATE, _CAR, True):
        return Chosen(key, None)
    checks = identifier == bytes((Algorithm.ELC_ROLE_CHECK.identifier,))
    if named == (Purpose.CHECK, _CHR, False) and checks:
        return Chosen(key, Algorithm.ELC_ROLE_CHECK)
    raise CommandRefused(status.FUNCTION_NOT_SUPPORTED)


def _chosen(session: Session, purpose: Purpose) -> Chosen:
    chosen = session.chosen.get(purpose)
    if chosen is None:
        raise CommandRefused(status.CONDITIONS_NOT_SATISFIED)
    return chosen


def serial_number(chip: Chip) -> bytes:
    """iccsn8: the last eight octets of the card's number."""
    return bytes.fromhex(chip.personalisation.person.card.iccsn)[-_SERIAL:]


def role_digest(token: bytes) -> bytes:
    """What is signed for a token of 24 octets: the number token ‖ 00 (the algorithm), in 32 octets."""
    return (token + b"\0").rjust(cvc.COORDINATE, b"\0")


def internal_authenticate(chip: Chip, session: Session, command: CommandApdu) -> Response:
    """The card proves a key: EC over random ‖ iccsn8 of the other side (6A80 for its own), RSA over a digest by PSS or
    a DigestInfo by PKCS#1 v1.5 (gemSpec_COS N086.900)."""
    key, algorithm = _private(session, Purpose.PROVE)
    demand(session.may(Operation.INTERNAL_AUTHENTICATE, key))
    demand((command.p1, command.p2) == (0, 0), chip.profile.wrong_p1_p2)
    if algorithm in _RSA:
        return whole(chip, command, rsa_signature(chip, key, algorithm, command.data))
    demand(algorithm is Algorithm.ELC_ROLE_AUTHENTICATION, status.FUNCTION_NOT_SUPPORTED)
    demand(len(command.data) == _TOKEN, chip.profile.wrong_length)
    demand(command.data[_RANDOM:] != serial_number(chip), status.WRONG_DATA)
    return whole(chip, command, cvc.sign_digest(chip.private_ec(key), role_digest(command.data)))


def _private(session: Session, purpose: Purpose) -> tuple[KeyObject, Algorithm]:
    chosen = _chosen(session, purpose)
    if not isinstance(chosen.key, KeyObject) or chosen.algorithm is None:
        raise CommandRefused(status.FUNCTION_NOT_SUPPORTED)
    return chosen.key, chosen.algorithm


def external_authenticate(chip: Chip, session: Session, command: CommandApdu) -> Response:
    """EXTERNAL AUTHENTICATE with a key out of a CV certificate, MUTUAL AUTHENTICATE with a symmetric one.

    Either uses the random number of GET CHALLENGE up (6985 without one of 16 octets); 6300 for a wrong proof.
    """
    chosen = _chosen(session, Purpose.CHECK)
    challenge, session.challenge = session.challenge, b""
    if isinstance(chosen.key, PublicKey):
        return _external(chip, session, command, chosen.key, challenge)
    return _mutual(chip, session, command, chosen.key, challenge)


def _external(chip: Chip, session: Session, command: CommandApdu, key: PublicKey, challenge: bytes) -> Response:
    demand(key.until >= chip.point_in_time, status.AUTH_METHOD_BLOCKED)
    demand(len(challenge) == _RANDOM, status.CONDITIONS_NOT_SATISFIED)
    digest = role_digest(challenge + serial_number(chip))
    if not cvc.verifies_digest(key.key(), digest, command.data):
        session.clear_key(key.chat)
        return Response(b"", status.AUTHENTICATION_FAILURE)
    if key.chat not in session.security.roles:
        session.security.roles.append(key.chat)
    return DONE


def _mutual(chip: Chip, session: Session, command: CommandApdu, key: KeyObject, challenge: bytes) -> Response:
    """Cryptogram ‖ MAC over random.A ‖ iccsn8.A ‖ random.card ‖ iccsn8.card ‖ key material, and the like back.

    Both halves of the key material added (xor) give the session keys, in force from the next command on. 6300, which
    ends a session of the same key, for a wrong proof and for the card's own number on both sides (gemSpec_COS N084.410
    a.7 and N084.500).
    """
    demand(session.may(Operation.MUTUAL_AUTHENTICATE, key))
    demand(key.kind in _AES, status.FUNCTION_NOT_SUPPORTED)
    demand(command.ne > 0, chip.profile.wrong_length)
    demand(len(challenge) == _RANDOM, status.CONDITIONS_NOT_SATISFIED)
    keys = SessionKeys(*chip.personalisation.symmetric_keys(key.name))
    number = serial_number(chip)
    theirs = mutual_open(keys, command.data)
    if theirs is None or theirs[_TOKEN : 2 * _TOKEN] != challenge + number or theirs[_RANDOM:_TOKEN] == number:
        session.clear_key(key.name)
        return Response(b"", status.AUTHENTICATION_FAILURE)
    ours = chip.draw(_KEY_MATERIAL)
    answer = mutual_seal(keys, theirs[_TOKEN : 2 * _TOKEN] + theirs[:_TOKEN] + ours)
    agreed = mutual_session_keys(theirs[2 * _TOKEN :], ours, len(keys.encryption))
    session.agreement.agreed = Agreed(agreed, key.name)
    return whole(chip, command, answer)


def mutual_seal(keys: SessionKeys, plain: bytes) -> bytes:
    """AES-CBC without padding, then eight octets of CMAC over the padded cryptogram."""
    encryptor = Cipher(algorithms.AES(keys.encryption), modes.CBC(bytes(16))).encryptor()
    cryptogram = encryptor.update(plain) + encryptor.finalize()
    return cryptogram + cmac(keys.authentication, cryptogram)


def mutual_open(keys: SessionKeys, octets: bytes) -> bytes | None:
    """The plain text of `mutual_seal`; `None` if length or MAC are wrong."""
    cryptogram, mac = octets[:-MAC_SIZE], octets[-MAC_SIZE:]
    if len(cryptogram) != _MUTUAL_PLAIN or not compare_digest(mac, cmac(keys.authentication, cryptogram)):
        return None
    decryptor = Cipher(algorithms.AES(keys.encryption), modes.CBC(bytes(16))).decryptor()
    return decryptor.update(cryptogram) + decryptor.finalize()


def mutual_session_keys(theirs: bytes, ours: bytes, size: int) -> SessionKeys:
    """Of 16 octets by SHA-1, of 32 by SHA-256."""
    secret = bytes(a ^ b for a, b in zip(theirs, ours, strict=True))
    return SessionKeys.derived(secret) if size == 16 else aes256_keys(secret)


def aes256_keys(secret: bytes) -> SessionKeys:
    """KeyDerivation_AES256: SHA-256 of the secret and a counter (gemSpec_COS N001.520)."""
    purposes = (KeyPurpose.ENCRYPTION, KeyPurpose.AUTHENTICATION)
    return SessionKeys(*(hashlib.sha256(secret + p.to_bytes(4, "big")).digest() for p in purposes))


def verify_certificate(chip: Chip, session: Session, command: CommandApdu) -> Response:
    """PSO 00 BE: 7F4E ‖ 5F37. The key in it is kept, with at most the rights of its issuer.

    6985 no issuer chosen, 6983 the issuer's key or the certificate has expired, 6A88 another issuer, 6A80 signature,
    structure or dates wrong. The key of a root never expires. What is issued later than the card's point in time moves
    that (gemSpec_COS N095.810 and N095.900 b).
    """
    issuer = _chosen(session, Purpose.VERIFY_CERTIFICATE).key
    if not isinstance(issuer, PublicKey):
        raise CommandRefused(status.FUNCTION_NOT_SUPPORTED)
    demand(session.may(Operation.VERIFY_CERTIFICATE, issuer))
    demand(_is_root(issuer.chat) or issuer.until >= chip.point_in_time, status.AUTH_METHOD_BLOCKED)
    try:
        certificate = cvc.parse(command.data)
    except cvc.CvcError as error:
        raise CommandRefused(status.WRONG_DATA) from error
    demand(certificate.issuer == issuer.reference, status.KEY_OR_PASSWORD_NOT_FOUND)
    demand(certificate.is_signed_by(issuer.key()), status.WRONG_DATA)
    demand(certificate.chat.oid == issuer.chat.oid, status.WRONG_DATA)
    demand(certificate.begin <= certificate.until, status.WRONG_DATA)
    rights = Chat(certificate.chat.oid, certificate.chat.flags & issuer.chat.flags)
    if not _is_root(rights):
        demand(certificate.until <= issuer.until, status.WRONG_DATA)
        demand(certificate.until >= chip.point_in_time, status.AUTH_METHOD_BLOCKED)
    name = f"PuK.{certificate.holder.hex().upper()}"
    chip.learn(PublicKey(name, certificate.holder, certificate.point, rights, certificate.until, issuer.rules))
    chip.point_in_time = max(chip.point_in_time, certificate.begin)
    return DONE


def _is_root(chat: Chat) -> bool:
    """The two highest flags together say that the key is one of a root."""
    return chat.flags & _ROOT == _ROOT


def get_security_status_key(chip: Chip, session: Session, command: CommandApdu) -> Response:
    """Whether a role (7F4C { 06, 53 }) or a key (83) has been proved: 9000 or 63CF."""
    demand(session.may(Operation.GET_SECURITY_STATUS_KEY, chip.system.root))
    objects = objects_in(command.data)
    if 0x7F4C in objects:
        wanted = objects_in(objects[0x7F4C])
        chat = Chat(wanted.get(0x06, b""), int.from_bytes(wanted.get(0x53, b""), "big"))
        proved = any(role.covers(chat) for role in session.security.roles)
    else:
        reference = objects.get(0x83, b"")
        key = chip.system.key(reference[0], session.folder) if len(reference) == 1 else chip.public_key(reference)
        if key is None:
            raise CommandRefused(status.KEY_OR_PASSWORD_NOT_FOUND)
        roles = session.security.roles
        proved = key.chat in roles if isinstance(key, PublicKey) else key.name == session.security.session_key
    return DONE if proved else Response(b"", status.NO_AUTHENTICATION)
