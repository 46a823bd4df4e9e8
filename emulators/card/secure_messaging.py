"""Secure messaging with the session keys of PACE: both ends of the channel, without I/O.

Objects: 87 and 85 (enciphered, for even and odd INS), 81 (plain data), 97 (Le), 99 (status word), 8E (MAC).
Sources: gemSpec_COS 13, ISO 7816-4 10; vectors in reference card.md 3.4.
"""

from __future__ import annotations

from hmac import compare_digest
from typing import NamedTuple

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.cmac import CMAC

from . import status, tlv
from .apdu import EXTENDED_WILDCARD, SHORT_WILDCARD, CommandApdu, Response
from .pace import SessionKeys
from .status import CommandRefused, StatusWord

SECURE = 0x0C  # the CLA bits that say: secured, header included
BLOCK_SIZE, MAC_SIZE = 16, 8
_PLAIN, _SEALED_ODD, _SEALED, _LE, _STATUS, _MAC = 0x81, 0x85, 0x87, 0x97, 0x99, 0x8E
_MAC_OBJECT_SIZE = 2 + MAC_SIZE
_PADDED = b"\x01"  # padding indicator in object 87: ISO padding


class SecureMessagingError(ValueError):
    """Padding, structure or MAC of a protected message is wrong."""


def pad(data: bytes) -> bytes:
    """80 00…, up to the next block, also where the data end with one."""
    return data + b"\x80" + bytes(-(len(data) + 1) % BLOCK_SIZE)


def unpad(data: bytes) -> bytes:
    """Raises `SecureMessagingError` unless the last block ends with 80 00…."""
    plain = data.rstrip(b"\0")
    if not plain.endswith(b"\x80") or len(data) - len(plain) >= BLOCK_SIZE:
        raise SecureMessagingError("the padding is wrong")
    return plain[:-1]


def cmac(key: bytes, message: bytes) -> bytes:
    """Eight octets of CMAC over the padded message (gemSpec_COS, CalculateCMAC_IsoPadding)."""
    made = CMAC(algorithms.AES(key))
    made.update(pad(message))
    return made.finalize()[:MAC_SIZE]


def is_secured(cla: int) -> bool:
    """Whether the class byte speaks of secure messaging, of whatever kind."""
    return not cla & 0x60 and bool(cla & SECURE)


class _Objects(NamedTuple):
    """The objects of a protected message. `covered` are those the MAC protects, as sent."""

    found: dict[int, bytes]
    covered: bytes
    mac: bytes


def _split(body: bytes, *sequence: frozenset[int]) -> _Objects:
    """The objects, each from one set of tags in turn or absent, and the MAC at the end.

    Raises `SecureMessagingError`.
    """
    covered, last = body[:-_MAC_OBJECT_SIZE], body[-_MAC_OBJECT_SIZE:]
    if len(last) != _MAC_OBJECT_SIZE or last[:2] != bytes((_MAC, MAC_SIZE)):
        raise SecureMessagingError("no MAC at the end")
    try:
        objects = list(tlv.decode(covered))
    except tlv.TlvError as error:
        raise SecureMessagingError(str(error)) from error
    place = 0
    for tag, _ in objects:
        while place < len(sequence) and tag not in sequence[place]:
            place += 1
        place += 1
        if place > len(sequence):
            raise SecureMessagingError(f"object {tag:X} is out of place")
    return _Objects(dict(objects), covered, last[2:])


class _Session:
    """Keys, and the counter that encipherment and MAC depend on. Both ends count commands and responses alike."""

    def __init__(self, keys: SessionKeys) -> None:
        self._key = algorithms.AES(keys.encryption)
        self._blocks = Cipher(self._key, modes.ECB()).encryptor()
        self._cmac = CMAC(algorithms.AES(keys.authentication))
        self._count = 0
        self._counter = bytes(BLOCK_SIZE)

    def advance(self) -> None:
        """Before every command and before every response."""
        self._count += 1
        self._counter = self._count.to_bytes(BLOCK_SIZE, "big")

    def mac(self, *parts: bytes) -> bytes:
        """Over the counter and the parts that are not empty, each padded."""
        cmac = self._cmac.copy()
        cmac.update(self._counter + b"".join(pad(part) for part in parts if part))
        return cmac.finalize()[:MAC_SIZE]

    def check(self, mac: bytes, *parts: bytes) -> None:
        if not compare_digest(mac, self.mac(*parts)):
            raise SecureMessagingError("the MAC is wrong")

    def sealed(self, ins: int, plain: bytes) -> bytes:
        """The enciphered data object for a command, or the answer to one, with that instruction."""
        encryptor = self._cbc().encryptor()
        octets = encryptor.update(pad(plain)) + encryptor.finalize()
        return tlv.encode(_SEALED_ODD, octets) if ins & 1 else tlv.encode(_SEALED, _PADDED + octets)

    def opened(self, ins: int, found: dict[int, bytes]) -> bytes:
        """The data in 81, 85 or 87, none if there is no such object."""
        if _SEALED in found and not ins & 1:
            if found[_SEALED][:1] != _PADDED:
                raise SecureMessagingError("an unknown padding indicator")
            return self._opened(found[_SEALED][1:])
        if _SEALED_ODD in found and ins & 1:
            return self._opened(found[_SEALED_ODD])
        if found.keys() & {_SEALED, _SEALED_ODD}:
            raise SecureMessagingError("85 goes with odd instructions, 87 with even ones")
        return found.get(_PLAIN, b"")

    def _opened(self, octets: bytes) -> bytes:
        if not octets or len(octets) % BLOCK_SIZE:
            raise SecureMessagingError("the cryptogram is no number of blocks")
        decryptor = self._cbc().decryptor()
        return unpad(decryptor.update(octets) + decryptor.finalize())

    def _cbc(self) -> Cipher[modes.CBC]:
        return Cipher(self._key, modes.CBC(self._blocks.update(self._counter)))


_DATA_TAGS = frozenset({_PLAIN, _SEALED, _SEALED_ODD})
_COMMAND_SEQUENCE = (_DATA_TAGS, frozenset({_LE}))
_RESPONSE_SEQUENCE = (_DATA_TAGS, frozenset({_STATUS}))


class CardChannel:
    """The card's end. After a refused command the session is gone: make no further use of the channel."""

    def __init__(self, keys: SessionKeys) -> None:
        self._session = _Session(keys)
        self._ins = 0
        self.enciphered = False  # whether the last command carried enciphered data (SmCmdEnc)

    def unwrap(self, command: CommandApdu) -> CommandApdu:
        """The plain command. Raises `CommandRefused` (6988) if MAC, padding or structure are wrong."""
        self._session.advance()
        try:
            return self._unwrapped(command)
        except SecureMessagingError as error:
            raise CommandRefused(status.SM_DATA_OBJECTS_WRONG) from error

    def wrap(self, response: Response, *, enciphered: bool) -> Response:
        """Data in 87 if `enciphered`, else in 81; status word in 99; MAC."""
        self._session.advance()
        sw = response.sw
        try:
            body = self._data_object(response.data, enciphered) if response.data else b""
        except tlv.TlvError:  # more than one object can hold
            body, sw = b"", status.WRONG_LENGTH
        body += tlv.encode(_STATUS, sw.to_bytes(2, "big"))
        return Response(body + tlv.encode(_MAC, self._session.mac(body)), sw)

    def _data_object(self, data: bytes, enciphered: bool) -> bytes:
        return self._session.sealed(self._ins, data) if enciphered else tlv.encode(_PLAIN, data)

    def _unwrapped(self, command: CommandApdu) -> CommandApdu:
        cla, ins, p1, p2, body, *_ = command
        if cla & SECURE != SECURE:
            raise SecureMessagingError("a header without MAC")
        found, covered, mac = _split(body, *_COMMAND_SEQUENCE)
        self._session.check(mac, bytes((cla, ins, p1, p2)), covered)
        data = self._session.opened(ins, found)
        self._ins, self.enciphered = ins, bool(found.keys() & {_SEALED, _SEALED_ODD})
        le = found.get(_LE)
        if le is not None and len(le) not in (1, 2):
            raise SecureMessagingError(f"Le of {len(le)} octets")
        extended = len(data) > 255 or (le is not None and len(le) == 2)
        ne = 0 if le is None else int.from_bytes(le, "big") or (EXTENDED_WILDCARD if extended else SHORT_WILDCARD)
        return CommandApdu(cla & ~SECURE, ins, p1, p2, data, ne, extended)


class TerminalChannel:
    """The terminal's end.

    With `extended_length`, a command that expects data is sent with length fields of extended form, as gematik's
    libraries do; otherwise only what does not fit a short APDU is.
    """

    def __init__(self, keys: SessionKeys, *, extended_length: bool = False) -> None:
        self._session = _Session(keys)
        self._ins = 0
        self._extended_length = extended_length

    def wrap(self, command: CommandApdu) -> CommandApdu:
        """The protected command; its data, if any, are enciphered.

        Raises `SecureMessagingError` for a class byte in which 0C means something else: that of a channel from 4 on
        (ISO 7816-4, 5.4.1), which this card never opens. The session stays as it is.
        """
        cla = command.cla | SECURE
        if not is_secured(cla):
            raise SecureMessagingError(f"class byte {command.cla:02X} cannot be protected; 00 to 03 and 80 to 83 can")
        self._session.advance()
        self._ins = command.ins
        body = self._session.sealed(command.ins, command.data) if command.data else b""
        if command.ne:
            width = 2 if command.extended else 1
            body += tlv.encode(_LE, (command.ne % (1 << 8 * width)).to_bytes(width, "big"))
        mac = self._session.mac(bytes((cla, command.ins, command.p1, command.p2)), body)
        body += tlv.encode(_MAC, mac)
        extended = len(body) > 255 or (self._extended_length and command.ne > 0)
        ne = EXTENDED_WILDCARD if extended else SHORT_WILDCARD
        return CommandApdu(cla, command.ins, command.p1, command.p2, body, ne, extended)

    def unwrap(self, response: Response) -> Response:
        """The plain response. Raises `SecureMessagingError`, also for a bare status word: the card has no session."""
        self._session.advance()
        found, covered, mac = _split(response.data, *_RESPONSE_SEQUENCE)
        self._session.check(mac, covered)
        sw = found.get(_STATUS, b"")
        if sw != response.sw.to_bytes(2, "big"):
            raise SecureMessagingError("the status word inside is not the one outside")
        return Response(self._session.opened(self._ins, found), StatusWord(response.sw))
