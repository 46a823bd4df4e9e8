"""Cards the way a PC/SC program holds them, in both directions.

`InProcessConnection` lets a program written for pyscard talk to an emulated card without pcscd. `inserted` opens a
real card in a real reader and gives it the same methods as `HealthCard`. Needs pyscard; importing this module without
it names the extra.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import IntEnum
from importlib import import_module
from types import ModuleType
from typing import Any

from .connection import MissingExtra, NoCard, NoSuchReader
from .vpcd import InsertableCard


def _imported(module: str) -> ModuleType:
    try:
        return import_module(module)
    except ImportError as error:
        raise MissingExtra(
            f"this needs pyscard ({error}): pip install 'pruefstand[pcsc]'; on Debian it is built against "
            "libpcsclite: apt-get install libpcsclite-dev swig gcc python3-dev",
            name=module,
        ) from error


_imported("smartcard")
from smartcard.CardConnection import CardConnection  # noqa: E402  (pyscard is untyped)

_exceptions = _imported("smartcard.Exceptions")
# What pyscard raises of its own, and what it hands on from the PC/SC library.
_TROUBLE = (_exceptions.SmartcardException, _imported("smartcard.pcsc.PCSCExceptions").BaseSCardException)


class Disposition(IntEnum):
    """What becomes of the card at the end of a connection (PC/SC part 5)."""

    LEAVE = 0
    RESET = 1
    UNPOWER = 2
    EJECT = 3


class InProcessConnection(CardConnection):  # type: ignore[misc]
    """pyscard's `CardConnection` to a card in this process.

    Observers, error checking chains and `with` work as pyscard has them. `card = None` is an empty reader:
    `connect` and `transmit` then raise `NoCardException`, as they do when a card has been pulled out.
    """

    def __init__(self, card: InsertableCard | None, reader: str = "Pruefstand in process 00 00") -> None:
        super().__init__(reader)
        self.card = card
        self._atr: list[int] | None = None
        self._held: InsertableCard | None = None
        self._disposition = Disposition.UNPOWER

    def connect(self, protocol: int | None = None, mode: int | None = None, disposition: int | None = None) -> None:
        """Power the card. Whatever protocols are asked for, T=1 is spoken if among them; nothing else is there."""
        super().connect(protocol, mode, disposition)
        self._agree(protocol)
        self._power(disposition, Disposition.UNPOWER)

    def reconnect(self, protocol: int | None = None, mode: int | None = None, disposition: int | None = None) -> None:
        """Power the card anew, or leave it as it is with `Disposition.LEAVE`."""
        super().reconnect(protocol, mode, disposition)
        self._card_in_use()
        self._agree(protocol)
        if disposition != Disposition.LEAVE:
            self._power(None, self._disposition)

    def disconnect(self) -> None:
        super().disconnect()
        if self._held is not None and self._held is self.card and self._disposition is not Disposition.LEAVE:
            self._held.reset()
        self._atr = self._held = None

    def getATR(self) -> list[int]:  # noqa: N802  (pyscard's name)
        self._card_in_use()
        return list(self._atr or ())

    def doTransmit(self, command: list[int], protocol: int | None = None) -> tuple[list[int], int, int]:  # noqa: N802
        """Data, SW1, SW2. Raises `CardConnectionException` while not connected or for an empty command."""
        card = self._card_in_use()
        if not command:
            raise _exceptions.CardConnectionException("an empty command cannot be transmitted")
        *data, sw1, sw2 = card.transmit(bytes(command))
        return data, sw1, sw2

    def _agree(self, protocol: int | None) -> None:
        if not (protocol or self.getProtocol()) & CardConnection.T1_protocol:
            raise _exceptions.CardConnectionException("the card speaks T=1 only")
        self.setProtocol(CardConnection.T1_protocol)

    def _power(self, disposition: int | None, otherwise: Disposition) -> None:
        if self.card is None:
            raise _exceptions.NoCardException("there is no card in the reader", -1)
        self._disposition = otherwise if disposition is None else Disposition(disposition)
        self._held = self.card
        self._atr = list(self.card.power_on())

    def _card_in_use(self) -> InsertableCard:
        if self._held is None:
            raise _exceptions.CardConnectionException("the card is not connected")
        if self._held is not self.card:
            raise _exceptions.NoCardException("the card has been taken out of the reader", -1)
        return self._held


class ReaderCard:
    """A card in a reader that PC/SC knows, real or virtual, with the methods of an emulated one.

    Shared access, T=1 or T=0. Errors of the reader are `NoCard`; `close` lets the card go and takes its power.
    """

    def __init__(self, reader: str, connection: Any) -> None:
        self.reader = reader
        self._connection = connection
        self._powered = False

    def power_on(self) -> bytes:
        """Cold reset. Returns the ATR as PC/SC gives it."""
        return self._again(Disposition.UNPOWER)

    def reset(self) -> None:
        """Warm reset."""
        self._again(Disposition.RESET)

    def transmit(self, command: bytes) -> bytes:
        """Response data ‖ status word."""
        if not self._powered:
            self.power_on()
        data, sw1, sw2 = self._ask("transmit", list(command))
        return bytes((*data, sw1, sw2))

    def close(self) -> None:
        """Let the card and the reader go. Closing again is no error."""
        self._powered = False
        self._connection.release()

    def _again(self, disposition: Disposition) -> bytes:
        if self._powered:
            self._ask("reconnect", disposition=int(disposition))
        else:
            self._ask("connect", disposition=int(Disposition.UNPOWER))
            self._powered = True
        return bytes(self._ask("getATR"))

    def _ask(self, what: str, *values: object, **named: object) -> Any:
        try:
            return getattr(self._connection, what)(*values, **named)
        except _TROUBLE as error:
            self._powered = False
            raise NoCard(f"{self.reader}: {error}") from error


def readers() -> Mapping[str, Any]:
    """The readers PC/SC knows, by name, in its order. Raises `NoSuchReader` without a running pcscd."""
    system = _imported("smartcard.System")
    try:
        return {str(reader): reader for reader in system.readers()}
    except _TROUBLE as error:
        raise NoSuchReader(f"PC/SC does not answer ({error}); is pcscd running?") from error


def inserted(name: str) -> ReaderCard:
    """The card in the reader of that name or any part of it that no other has; an empty one takes the first card.

    Raises `NoSuchReader`, `NoCard`.
    """
    known = readers()
    fitting = [name] if name in known else [full for full in known if name.casefold() in full.casefold()]
    if not fitting or (name and len(fitting) > 1):
        problem = "several readers are" if fitting else "no reader is"
        raise NoSuchReader(f"{problem} called '{name}'; PC/SC knows: {', '.join(known) or 'none'}")
    for full in fitting:
        card = ReaderCard(full, known[full].createConnection())
        try:
            card.power_on()
        except NoCard:
            card.close()
            if full == fitting[-1]:
                raise
        else:
            return card
    raise AssertionError("the last reader either gave a card or raised")
