"""The protocol between vsmartcard's virtual reader (vpcd) and a card, without a socket.

Each message is a two-octet big-endian length and that many octets. The driver sends one-octet messages to steer
the card (`Control`), everything else is a command APDU and gets a response APDU. Source: vsmartcard-vpcd 3.3.

What no card can do anything about: a program that sends the one-octet APDU 00, 01 or 02 means a command, the
driver hands it on as it is, and here it means power off, on or reset. Nobody answers, and the reader hangs.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from enum import IntEnum
from typing import Protocol

from . import status
from .status import StatusWord

LONGEST = 0xFFFF
"""Octets in one message. Longer commands never come: the driver drops the card instead, which is put in again."""

_LENGTH = 2
_SW = 2
_INTERNAL_ERROR = bytes.fromhex("6F00")
_TRUNCATED = StatusWord(0x6200)
_log = logging.getLogger(__name__)


class InsertableCard(Protocol):
    """What fits in a reader: a `HealthCard`, or a real card in a real reader (`connection.connect`)."""

    def power_on(self) -> bytes:
        """Answer to reset (ATR)."""

    def reset(self) -> None:
        """Forget all that a reset forgets."""

    def transmit(self, command: bytes) -> bytes:
        """Response data ‖ status word."""


class Control(IntEnum):
    """One-octet messages. Only the request for the ATR is answered."""

    OFF = 0
    ON = 1
    RESET = 2
    ATR = 4


_CONTROLS = frozenset(Control)

STARCOS = bytes.fromhex("3BD097FF81B1FE451F072B")
"""A confirmed G2.1 card (OpenSC #2861); OpenSC takes it for STARCOS 3.4 and so has a driver for it."""

ATRS: Mapping[str, bytes] = {
    "starcos": STARCOS,
    "g2": bytes.fromhex("3BD096FF81B1FE451F032E"),
    "g2-starcos": bytes.fromhex("3BD396FF81B1FE451F078081052D"),
    "contactless": bytes.fromhex("3B858001300101301014"),
    "contactless-starcos": bytes.fromhex("3B80800101"),
}
"""Answers to reset by name. OpenSC's egk-tool accepts those with `starcos`, except the contactless one."""


def atr(choice: str) -> bytes:
    """An ATR by its name in `ATRS`, or in hex. Raises `ValueError` that lists the names."""
    if choice in ATRS:
        return ATRS[choice]
    try:
        value = bytes.fromhex(choice)
    except ValueError:
        value = b""
    # ISO 7816-3, 8.2: TS is 3B or 3F, at most 33 octets.
    if not 2 <= len(value) <= 33 or value[0] not in (0x3B, 0x3F):
        raise ValueError(f"'{choice}' is no answer to reset; one in hex, or one of: {', '.join(ATRS)}")
    return value


def frame(message: bytes) -> bytes:
    """Length ‖ message. Raises `ValueError` for one longer than `LONGEST`."""
    if len(message) > LONGEST:
        raise ValueError(f"a message of {len(message)} octets does not fit; {LONGEST} do")
    return len(message).to_bytes(_LENGTH, "big") + message


class Deframer:
    """Takes octets as they come and gives whole messages."""

    __slots__ = ("_buffer", "_enough")

    def __init__(self) -> None:
        self._buffer = bytearray()
        self._enough = _LENGTH  # octets in the buffer that are worth looking at: a length, then its message

    @property
    def amid(self) -> bool:
        """Whether a message has begun and is not whole."""
        return bool(self._buffer)

    def feed(self, data: bytes) -> Sequence[bytes]:
        """The messages that `data` completes."""
        self._buffer += data
        return self._whole() if len(self._buffer) >= self._enough else ()

    def _whole(self) -> list[bytes]:
        buffer = self._buffer
        messages: list[bytes] = []
        while len(buffer) >= _LENGTH:
            end = _LENGTH + (buffer[0] << 8 | buffer[1])
            if len(buffer) < end:
                self._enough = end
                return messages
            messages.append(bytes(buffer[_LENGTH:end]))
            del buffer[:end]
        self._enough = _LENGTH
        return messages


class VpcdSession:
    """One insertion of a card. `answer_to_reset` replaces the card's own; `None` keeps that."""

    closed = False

    def __init__(self, card: InsertableCard, answer_to_reset: bytes | None = STARCOS) -> None:
        self._card = card
        self._atr = answer_to_reset
        self._deframer = Deframer()
        self._atr_of_card = b""
        self._powered = False

    def receive(self, data: bytes) -> bytes:
        """Octets from the driver in, octets to it out, perhaps none. Nothing raises."""
        messages = self._deframer.feed(data)
        if not messages:
            return b""
        return b"".join([frame(answer) for message in messages if (answer := self._answer(message))])

    @property
    def amid(self) -> bool:
        """Whether the driver is in the midst of a message: the rest is on its way."""
        return self._deframer.amid

    def _answer(self, message: bytes) -> bytes:
        """An ATR, a response APDU, or nothing; never an empty response, for the driver takes one for a hang-up."""
        if len(message) == 1 and message[0] in _CONTROLS:
            return self._steer(Control(message[0]))
        if not self._powered:  # a driver that came back after a failure of its own need not say ON first
            self._steer(Control.ON)
        try:
            response = self._card.transmit(message)
        except Exception:
            _log.exception("the card failed at %s", message[:5].hex().upper())
            return _INTERNAL_ERROR
        return _fitting(response)

    def _steer(self, control: Control) -> bytes:
        try:
            match control:
                case Control.ON:
                    self._atr_of_card = self._card.power_on()
                    self._powered = True
                case Control.OFF:
                    self._card.reset()  # what the power kept is gone now, not only when it comes back
                    self._powered = False
                case Control.RESET:
                    self._card.reset()
                case Control.ATR:
                    return self._answer_to_reset()
        except Exception:
            _log.exception("the card failed at %s", control.name)
            return STARCOS if control is Control.ATR else b""
        return b""

    def _answer_to_reset(self) -> bytes:
        """pcscd asks several times a second whether the card is there: no such question may reset the card."""
        if self._atr is None and not self._atr_of_card:
            self._atr_of_card = self._card.power_on()
        return self._atr or self._atr_of_card


def _fitting(response: bytes) -> bytes:
    """The response as the driver can take it: two octets at least, `LONGEST` at most (then 6200, data truncated)."""
    if len(response) < _SW:
        return _INTERNAL_ERROR
    if len(response) <= LONGEST:
        return response
    sw = StatusWord(int.from_bytes(response[-_SW:], "big"))
    told = _TRUNCATED if sw == status.OK else sw
    return response[: LONGEST - _SW] + told.to_bytes(_SW, "big")
