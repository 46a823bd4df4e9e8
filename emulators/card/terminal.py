"""A client for health cards, emulated or real: whatever takes a command's octets and gives the response's.

A chain of small links, each on top of the one before: format, chaining, secure channel. It neither knows the
emulator's card nor what an app makes of the answers.
"""

from __future__ import annotations

from collections.abc import Callable
from random import Random
from typing import Protocol

from . import status, tlv
from .apdu import EXTENDED_WILDCARD, SHORT_WILDCARD, CommandApdu, Response
from .pace import CAN_KEY, OID, PaceFailed, Round, TerminalEphemerals, TerminalSide
from .passwords import pin_block
from .secure_messaging import SecureMessagingError, TerminalChannel
from .status import StatusWord

Transmit = Callable[[bytes], bytes]

ESIGN = bytes.fromhex("A000000167455349474E")
MRPIN_HOME = 0x02
SIGNATURE_KEY = 0x84  # PrK.CH.AUT.E256, looked for in the current folder
_MORE_DATA, _GET_RESPONSE, _CHAINED = 0x61, 0xC0, 0x10
_SHORT_PART = 255
# Under secure messaging what fits a short response together with its padding, status and MAC.
_SHORT_SECURED_READ = 223
_LAST_OFFSET = 0x7FFF


class CardError(Exception):
    """Speaking to the card did not come to its aim."""


class ApduError(CardError):
    """The card answered with something other than success. The text reads `SW=0x6983 (AUTH_METHOD_BLOCKED)`."""

    def __init__(self, response: Response) -> None:
        super().__init__(str(response.sw))
        self.data, self.sw = response


class WrongCan(CardError):
    """The card has another CAN. That costs no try of any PIN."""


class FalseCard(CardError):
    """In PACE the card answered with what no card would that knows the CAN."""


class SessionLost(CardError):
    """The answer was not protected as it must be; no session is left. `sw` is 6988 where the card has ended it."""

    def __init__(self, sw: StatusWord, why: str) -> None:
        super().__init__(f"{why}; {sw}")
        self.sw = sw


class Link(Protocol):
    """One layer of the way to the card."""

    def send(self, command: CommandApdu) -> Response: ...


class Format:
    """Commands as octets. Raises `MalformedApdu` for what fits no length field, `CardError` for a mute card."""

    def __init__(self, transmit: Transmit) -> None:
        self._transmit = transmit

    def send(self, command: CommandApdu) -> Response:
        raw = self._transmit(command.to_bytes())
        if len(raw) < 2:
            raise CardError(f"the card answered with {len(raw)} octets")
        return Response(raw[:-2], StatusWord.from_bytes(raw[-2:], "big"))


class Chaining:
    """For a way that knows short APDUs only: long commands in parts, the rest of a response by GET RESPONSE."""

    def __init__(self, link: Link) -> None:
        self._link = link

    def send(self, command: CommandApdu) -> Response:
        data, ne = command.data, min(command.ne, SHORT_WILDCARD)
        while len(data) > _SHORT_PART:
            part = command._replace(cla=command.cla | _CHAINED, data=data[:_SHORT_PART], ne=0, extended=False)
            response = self._link.send(part)
            if response.sw != status.OK:
                return response
            data = data[_SHORT_PART:]
        return self._fetched(self._link.send(command._replace(data=data, ne=ne, extended=False)))

    def _fetched(self, response: Response) -> Response:
        data, sw = response
        while sw >> 8 == _MORE_DATA:
            more, sw = self._link.send(CommandApdu(0x00, _GET_RESPONSE, 0, 0, b"", sw & 0xFF or SHORT_WILDCARD))
            if not more:
                break
            data += more
        return Response(data, sw)


class Secured:
    """Through the channel that PACE has opened. Raises `SessionLost`."""

    def __init__(self, link: Link, channel: TerminalChannel) -> None:
        self._link = link
        self._channel = channel

    def send(self, command: CommandApdu) -> Response:
        response = self._link.send(self._channel.wrap(command))
        try:
            return self._channel.unwrap(response)
        except SecureMessagingError as error:
            raise SessionLost(response.sw, str(error)) from error


class Terminal:
    """What an app does with a card. Methods raise `ApduError` unless they say otherwise.

    `extended_length` tells whether the way to the card takes extended APDUs; ephemeral keys come from `random`.
    """

    def __init__(self, transmit: Transmit, random: Random, *, extended_length: bool = True) -> None:
        plain = Format(transmit)
        self._plain: Link = plain if extended_length else Chaining(plain)
        self._link: Link = self._plain
        self._random = random
        self._extended = extended_length
        self._everything = EXTENDED_WILDCARD if extended_length else SHORT_WILDCARD

    @property
    def secured(self) -> bool:
        """Whether a session is open."""
        return self._link is not self._plain

    def exchange(self, command: CommandApdu) -> Response:
        """Any command, through the session if there is one, and whatever the card says. Raises `SessionLost`."""
        try:
            return self._link.send(command)
        except SessionLost:
            self._link = self._plain
            raise

    def send(self, command: CommandApdu) -> bytes:
        """Like `exchange`, but anything except 9000 is an `ApduError`."""
        response = self.exchange(command)
        if response.sw != status.OK:
            raise ApduError(response)
        return response.data

    def open_pace(self, can: str, ephemerals: TerminalEphemerals | None = None) -> None:
        """Agree on session keys; all that follows is secured. Raises `WrongCan`, `FalseCard`."""
        self._link = self._plain
        self.send(CommandApdu(0x00, 0x22, 0xC1, 0xA4, tlv.encode(0x80, OID) + tlv.encode(0x83, bytes((CAN_KEY,)))))
        run = TerminalSide(can, ephemerals or TerminalEphemerals.draw(self._random))
        data: bytes | None = run.opening()
        while data is not None:
            cla = 0x00 if run.round is Round.CONFIRMATION else _CHAINED
            response = self.exchange(CommandApdu(cla, 0x86, 0, 0, data, self._everything, self._extended))
            if response.sw == status.AUTHENTICATION_FAILURE:
                raise WrongCan("the card does not know this CAN")
            if response.sw != status.OK:
                raise ApduError(response)
            try:
                data = run.receive(response.data)
            except PaceFailed as error:
                raise FalseCard(str(error)) from error
        if run.keys is not None:
            self._link = Secured(self._plain, TerminalChannel(run.keys, extended_length=self._extended))

    def select(self, aid: bytes = b"", *, with_fcp: bool = False) -> bytes:
        """A folder, without `aid` the root. Returns its control parameters if asked for."""
        return self._select(0x04, aid, with_fcp)

    def select_file(self, fid: int, *, with_fcp: bool = False) -> bytes:
        """A file in the current folder. Returns its control parameters if asked for."""
        return self._select(0x02, fid.to_bytes(2, "big"), with_fcp)

    def _select(self, how: int, name: bytes, with_fcp: bool) -> bytes:
        p2, ne = (0x04, SHORT_WILDCARD) if with_fcp else (0x0C, 0)
        return self.send(CommandApdu(0x00, 0xA4, how, p2, name, ne))

    def read_binary(self, sfid: int | None = None) -> bytes:
        """What one command reads from the start of the current file, or of the one named, which becomes current."""
        return self.send(self._read(0, sfid))

    def read_file(self, sfid: int | None = None) -> bytes:
        """The whole file: one command after another until the card says that there is no more (6282 or 6B00)."""
        content = b""
        while len(content) <= _LAST_OFFSET:
            response = self.exchange(self._read(len(content), None if content else sfid))
            if response.sw == status.OFFSET_BEYOND_END and content:
                break
            if response.sw not in (status.OK, status.END_OF_FILE):
                raise ApduError(response)
            content += response.data
            if response.sw == status.END_OF_FILE or not response.data:
                break
        return content

    def _read(self, offset: int, sfid: int | None) -> CommandApdu:
        ne = _SHORT_SECURED_READ if self.secured and not self._extended else self._everything
        p1, p2 = divmod(offset, 256) if sfid is None else (0x80 | sfid, offset)
        return CommandApdu(0x00, 0xB0, p1, p2, b"", ne, self._extended)

    def verify(self, pin: str, reference: int = MRPIN_HOME) -> None:
        """Show the PIN. The `sw` of the error tells how many tries are left."""
        self.send(CommandApdu(0x00, 0x20, 0x00, reference, pin_block(pin)))

    def pin_status(self, reference: int = MRPIN_HOME) -> StatusWord:
        """9000 verified, 63Cx tries left, 62Cx transport protection, 62D0 disabled. Raises nothing for any of them."""
        return self.exchange(CommandApdu(0x80, 0x20, 0x00, reference)).sw

    def sign(self, digest: bytes, key: int = SIGNATURE_KEY) -> bytes:
        """R‖S of a 32-octet digest by a key of the current folder."""
        self.send(CommandApdu(0x00, 0x22, 0x41, 0xB6, tlv.encode(0x84, bytes((key,))) + tlv.encode(0x80, b"\x00")))
        return self.send(CommandApdu(0x00, 0x2A, 0x9E, 0x9A, digest, SHORT_WILDCARD))

    def get_random(self, size: int) -> bytes:
        """`size` octets, at most 256, from the card's source of randomness; a health card allows it in its root."""
        return self.send(CommandApdu(0x80, 0x84, 0x00, 0x00, b"", size))
