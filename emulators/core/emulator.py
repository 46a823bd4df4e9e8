"""What the world expects of the things in it."""

from __future__ import annotations

from collections.abc import Coroutine, Iterable, Mapping
from typing import Any, ClassVar, Protocol, TypeVar, runtime_checkable

from .faults import Fault
from .physics import Physics

T = TypeVar("T")


class Loop(Protocol):
    """The world's background event loop, seen from a door."""

    def run(self, coroutine: Coroutine[Any, Any, T]) -> T:
        """Run a coroutine on the loop from any other thread and wait for its result."""


@runtime_checkable
class Door(Protocol):
    """A way into an emulator from outside: HTTP, SMTP, PC/SC… Opened on a socket, or mounted in process."""

    name: str

    def open(self, loop: Loop) -> str:
        """Start to listen on loopback, on a port chosen by the system; returns the address, a URL."""

    def close(self) -> None:
        """Stop listening. Closing a closed door is no error."""


@runtime_checkable
class Emulator(Protocol):
    """One thing in the world. Plain and synchronous; only its doors do I/O."""

    name: ClassVar[str]
    faults: ClassVar[Mapping[str, type[Fault]]]

    def __init__(self, physics: Physics) -> None: ...

    def doors(self) -> Iterable[Door]:
        """What can be opened on a socket; may be empty."""
