"""Peripherals on the air, and links to them: GATT as far as a card reader needs it, without I/O."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import ClassVar, NoReturn, Protocol

from emulators.core.emulator import Door
from emulators.core.faults import Armed, Fault
from emulators.core.physics import Physics

from ..vpcd import InsertableCard
from .faults import FAULTS, LARGEST_MTU, ApduInterrupted, LinkLost, LostNotification, SmallMtu, When

LONGEST_VALUE = 512
"""Octets of an attribute value at most (Bluetooth Core 5.4, vol. 3, part F, 3.2.9)."""

_HEADER = 3  # of an ATT packet that carries a value

READ, WRITE, WRITE_WITHOUT_RESPONSE, NOTIFY = "read", "write", "write-without-response", "notify"
Notify = Callable[[str, bytes], None]


class LinkDown(ConnectionError):
    """There is no link to the peripheral, or not any more."""


class GattRefused(Exception):
    """The peripheral answers with an ATT error."""

    def __init__(self, code: int) -> None:
        super().__init__(f"ATT error {code:02X}")
        self.code = code


READ_NOT_PERMITTED, WRITE_NOT_PERMITTED, INVALID_LENGTH, UNLIKELY = 0x02, 0x03, 0x0D, 0x0E


class Line(Protocol):
    """A link, as the peripheral has it."""

    def room(self) -> int:
        """Octets of a value that a packet carries at present."""

    def notify(self, uuid: str, value: bytes) -> None:
        """Send a value unasked."""

    def exchange(self, card: InsertableCard, command: bytes) -> bytes:
        """What the card says to a command. The one way to it, for here the link may be interrupted."""

    def answered(self) -> None:
        """The answer to the last exchange is on its way whole."""


class Peripheral(Protocol):
    """A device with one service. UUIDs are 128-bit strings in lower case.

    With `pairing` its characteristics need an encrypted link (LE security mode 1, level 2).
    """

    name: str
    service: str
    pairing: bool
    characteristics: Mapping[str, tuple[str, ...]]

    def connected(self, line: Line) -> None:
        """A link is up."""

    def disconnected(self) -> None:
        """The link is gone; whatever was half received is forgotten, the card loses its power."""

    def read(self, uuid: str) -> bytes:
        """Raises `GattRefused`."""

    def write(self, uuid: str, value: bytes) -> None:
        """Raises `GattRefused`."""


class Air:
    """The peripherals within reach of one world. An emulator: `ble`, with faults of its own and no doors.

    Written to the journal: `link.up`, `link.down` and `packet.lost`, each with the peripheral's address.
    """

    name: ClassVar[str] = "ble"
    faults: ClassVar[Mapping[str, type[Fault]]] = FAULTS

    def __init__(self, physics: Physics) -> None:
        self.physics = physics
        self._peripherals: dict[str, Peripheral] = {}
        self._mtu: dict[str, int] = {}

    def doors(self) -> Iterable[Door]:
        return ()

    def add(self, address: str, peripheral: Peripheral, mtu: int = LARGEST_MTU) -> None:
        """Switch a peripheral on. `mtu` is what it would agree to."""
        self._peripherals[address.upper()] = peripheral
        self._mtu[address.upper()] = mtu

    def remove(self, address: str) -> None:
        """Switch it off, or carry it away."""
        self._peripherals.pop(address.upper(), None)

    @property
    def advertising(self) -> Mapping[str, Peripheral]:
        """Who can be found, by address."""
        return dict(self._peripherals)

    def connect(self, address: str, heard: Notify, lost: Callable[[], None]) -> Link:
        """A link to a peripheral: `heard` gets its notifications, `lost` is called when it breaks by itself.

        Raises `LinkDown` if nobody has that address.
        """
        address = address.upper()
        peripheral = self._peripherals.get(address)
        if peripheral is None:
            raise LinkDown(f"no device {address} is within reach")
        mtu = self._mtu[address]
        hit = self.physics.faults.strike(self.name, SmallMtu.point)
        match hit.fault if hit else None:
            case SmallMtu(mtu=small):
                mtu = min(mtu, small)
        link = Link(self.physics, address, peripheral, mtu, heard, lost)
        with self.physics.bent_by(hit):
            self.physics.journal.write(self.name, "link.up", address=address, name=peripheral.name, mtu=mtu)
        return link


class _Severed(Exception):
    """The link has ended amid the peripheral's work."""


class Link:
    """A connection to one peripheral. Values move at once; nothing waits.

    `mtu` may change while the link is up; `exchange` and its neighbours are the peripheral's end (`Line`).
    """

    def __init__(
        self,
        physics: Physics,
        address: str,
        peripheral: Peripheral,
        mtu: int,
        heard: Notify,
        lost: Callable[[], None],
    ) -> None:
        self.mtu = mtu
        self._physics = physics
        self._address = address
        self._peripheral = peripheral
        self._heard, self._lost = heard, lost
        self._parting: Armed | None = None
        self._complete = False
        self.up = True
        peripheral.connected(self)

    def read(self, uuid: str) -> bytes:
        """A value, as long as it may be: what does not fit in one packet is fetched in several."""
        self._permitted(uuid, READ, READ_NOT_PERMITTED)
        torn = self._torn()
        if torn is not None and not torn.delivered:
            self._break()
        value = self._peripheral.read(uuid)[:LONGEST_VALUE]
        if torn is not None:
            self._break()
        self._part()
        return value

    def write(self, uuid: str, value: bytes, *, response: bool) -> None:
        """Raises `LinkDown`, and `GattRefused`: 0D for a value too long for its kind of write."""
        self._permitted(uuid, WRITE if response else WRITE_WITHOUT_RESPONSE, WRITE_NOT_PERMITTED)
        if len(value) > (LONGEST_VALUE if response else self.room()):
            raise GattRefused(INVALID_LENGTH)
        torn = self._torn()
        if torn is None or torn.delivered:
            try:
                self._peripheral.write(uuid, value)
            except _Severed:
                self._break()
        if torn is not None:
            self._break()
        self._part()

    def close(self) -> None:
        """Hang up. Closing again is no error."""
        if self.up:
            self._end("closed")
            self._peripheral.disconnected()

    def _permitted(self, uuid: str, how: str, refusal: int) -> None:
        if not self.up:
            raise LinkDown(f"the link to {self._address} is gone")
        if how not in self._peripheral.characteristics.get(uuid, ()):
            raise GattRefused(refusal)

    def room(self) -> int:
        return self.mtu - _HEADER

    def notify(self, uuid: str, value: bytes) -> None:
        """A notification carries what fits in one packet; the rest is cut off, as radios do."""
        if not self.up:
            return
        hit = self._physics.faults.strike("ble", LostNotification.point)
        if hit is not None:
            with self._physics.bent_by(hit):
                self._physics.journal.write("ble", "packet.lost", address=self._address, uuid=uuid)
            return
        self._heard(uuid, value[: self.room()])

    def exchange(self, card: InsertableCard, command: bytes) -> bytes:
        hit = self._physics.faults.strike("ble", ApduInterrupted.point)
        when = hit.fault.when if hit is not None and isinstance(hit.fault, ApduInterrupted) else None
        if when is When.BEFORE:
            self._sever(hit)
        answer = card.transmit(command)
        if when is When.INSIDE:
            self._sever(hit)
        self._parting, self._complete = hit, False
        return answer

    def answered(self) -> None:
        self._complete = True

    def _sever(self, hit: Armed | None) -> NoReturn:
        with self._physics.bent_by(hit):
            self._end("lost")
        raise _Severed

    def _part(self) -> None:
        """Break the link after an answer, if that is what a fault has in mind for it; whoever asked has it."""
        if self._parting is None or not self._complete:
            return
        with self._physics.bent_by(self._parting):
            self._parting = None
            self._end("lost")
        self._peripheral.disconnected()
        self._lost()

    def _torn(self) -> LinkLost | None:
        hit = self._physics.faults.strike("ble", LinkLost.point)
        if hit is None or not isinstance(hit.fault, LinkLost):
            return None
        with self._physics.bent_by(hit):
            self._end("lost")
        # The peripheral still gets a packet that was on its way.
        return hit.fault

    def _end(self, why: str) -> None:
        self.up = False
        self._physics.journal.write("ble", "link.down", address=self._address, why=why)

    def _break(self) -> NoReturn:
        self._peripheral.disconnected()
        self._lost()
        raise LinkDown(f"the link to {self._address} is gone")
