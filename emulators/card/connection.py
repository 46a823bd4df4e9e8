"""Cards in readers that are not of this bench, by address: the same methods as those of an emulated card.

`pcsc:READER` is a card in a reader that PC/SC knows (`pcsc`), `ble:NAME` one in a Bluetooth reader (`ble.reach`).
Whatever is written against `HealthCard` runs against them. What a kind of reader needs is imported with the first one.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Protocol

from .access import Interface
from .card import HealthCard


class MissingExtra(ImportError):
    """An optional package is not installed; the text names the extra that brings it."""


class NoSuchReader(LookupError):
    """No reader has that name, or several do; the text lists them."""


class NoCard(ConnectionError):
    """The reader is empty, or its card was taken out or is mute, or the reader itself is gone."""


class ConnectedCard(Protocol):
    """A card in a reader. Raises `NoCard` once it, or the reader, is gone."""

    reader: str

    def power_on(self) -> bytes:
        """Cold reset. Returns the ATR as the reader gives it."""

    def reset(self) -> None:
        """Reset without a look at the ATR."""

    def transmit(self, command: bytes) -> bytes:
        """Response data ‖ status word."""

    def close(self) -> None:
        """Let the card and the reader go. Closing again is no error."""


class Contactless:
    """A card on the antenna of a reader: the same card, by the rules of its other interface."""

    def __init__(self, card: HealthCard) -> None:
        self.card = card

    def power_on(self) -> bytes:
        return self.card.power_on(Interface.CONTACTLESS)

    def reset(self) -> None:
        self.card.reset()

    def transmit(self, command: bytes) -> bytes:
        return self.card.transmit(command, Interface.CONTACTLESS)


def connect(address: str, **settings: Any) -> ConnectedCard:
    """The card in a reader, powered.

    `pcsc:READER` takes the reader's name or any part that no other name has; `pcsc:` alone the first card there is.
    `ble:NAME` takes a Bluetooth reader's address, its name or any part of it; `settings` are those of
    `ble.reach.connected`, for example the back ends of `bleak` that find emulated readers.
    Raises `ValueError` for another kind of address, `NoSuchReader`, `NoCard`, `MissingExtra`.
    """
    kind, colon, name = address.partition(":")
    if not colon or kind not in _KINDS:
        raise ValueError(f"'{address}' is no address of a card; pcsc:READER and ble:NAME are")
    return _KINDS[kind](name.strip(), **settings)


def _in_pcsc(name: str) -> ConnectedCard:
    from .pcsc import inserted

    return inserted(name)


def _on_bluetooth(name: str, **settings: Any) -> ConnectedCard:
    from .ble.reach import connected

    return connected(name, **settings)


_KINDS: Mapping[str, Callable[..., ConnectedCard]] = {"pcsc": _in_pcsc, "ble": _on_bluetooth}
