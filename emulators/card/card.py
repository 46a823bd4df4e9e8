"""The card one holds in the hand: power, reset, octets in and out on either interface."""

from __future__ import annotations

from datetime import date

from emulators.core.person import Person
from emulators.core.physics import Physics

from . import status
from .access import Interface
from .apdu import Response
from .chip import Chip
from .cos import INSTRUCTIONS, CardOs, describe
from .faults import DamagedSignature, MemoryFailure
from .object_system import CONTACT_ONLY, DUAL_INTERFACE
from .passwords import PasswordState, Secret
from .personalisation import Personalisation, TransportState
from .pki import CardPki, Variant

# T=1, G2 (pcsc-tools, smartcard_list) and the form PC/SC gives a contactless card of this kind.
_ATR = {
    Interface.CONTACT: bytes.fromhex("3BD096FF81B1FE451F032E"),
    Interface.CONTACTLESS: bytes.fromhex("3B858001300101301014"),
}
_PASSWORD_COMMANDS = frozenset(
    key for key, instruction in INSTRUCTIONS.items() if instruction.name.split()[0] in ("VERIFY", "CHANGE", "RESET")
)
_SIGNATURE_COMMAND = (0x00, 0x2A)


class HealthCard:
    """An eGK of generation 2.1. Any octets give a status word; nothing raises.

    With `physics`, faults strike at the points `password` and `signature`, and changes of the password's
    counters are written as `password.changed` on the channel `card`.
    """

    def __init__(self, chip: Chip, physics: Physics | None = None) -> None:
        self.chip = chip
        self._os = CardOs(chip)
        self._physics = physics

    @classmethod
    def personalised(
        cls,
        person: Person,
        *,
        today: date,
        pki: CardPki | None = None,
        variant: Variant = Variant.GENUINE,
        transport: TransportState = TransportState.REGULAR,
        physics: Physics | None = None,
    ) -> HealthCard:
        """The person's card, made `today`. A Transport-PIN is the first five digits of the person's PIN."""
        data = person.card
        pin = data.pin[:5] if transport is TransportState.TRANSPORT_PIN else data.pin
        seed = physics.seed if physics else 0
        chip = Chip(
            DUAL_INTERFACE if data.nfc else CONTACT_ONLY,
            Secret(pin, data.puk, transport),
            Personalisation(person, today, pki or CardPki(), variant, seed),
        )
        return cls(chip, physics)

    @property
    def nfc(self) -> bool:
        """Whether the card has an antenna."""
        return self.chip.system is DUAL_INTERFACE

    @property
    def person(self) -> Person:
        return self.chip.personalisation.person

    @property
    def iccsn(self) -> str:
        return self.person.card.iccsn

    @property
    def password(self) -> PasswordState:
        """Tries and PUK uses left, transport state; what a look into the chip would show."""
        return self.chip.secret.state

    def block_pin(self) -> None:
        """Use up the tries of the PIN, as if wrong ones had been entered before the story begins."""
        self.chip.secret.block()

    def power_on(self, interface: Interface = Interface.CONTACT) -> bytes:
        """Answer to reset."""
        self.reset()
        return _ATR[interface]

    def reset(self) -> None:
        self._os.reset()

    def transmit(self, command: bytes, interface: Interface = Interface.CONTACT) -> bytes:
        """Response data ‖ status word."""
        if self._physics is None:
            return self._os.transmit(command, interface).to_bytes()
        key = (command[0], command[1]) if len(command) > 1 else (0, 0)
        if key in _PASSWORD_COMMANDS:
            return self._password_command(self._physics, command, interface).to_bytes()
        if key == _SIGNATURE_COMMAND:
            return self._signature_command(self._physics, command, interface).to_bytes()
        return self._os.transmit(command, interface).to_bytes()

    def transmit_contactless(self, command: bytes) -> bytes:
        """As a reader's antenna does."""
        return self.transmit(command, Interface.CONTACTLESS)

    def describe(self, command: bytes) -> str:
        """The command in words."""
        return describe(command, self.chip.system)

    def _password_command(self, physics: Physics, command: bytes, interface: Interface) -> Response:
        hit = physics.faults.strike("card", MemoryFailure.point)
        if hit is not None:
            with physics.bent_by(hit):
                physics.journal.write("card", "memory.failed", iccsn=self.iccsn, command=self.describe(command))
            return Response(b"", status.MEMORY_FAILURE)
        before = self.password
        response = self._os.transmit(command, interface)
        if (after := self.password) != before:
            physics.journal.write("card", "password.changed", iccsn=self.iccsn, **after._asdict())
        return response

    def _signature_command(self, physics: Physics, command: bytes, interface: Interface) -> Response:
        response = self._os.transmit(command, interface)
        if response.sw != status.OK:
            return response
        hit = physics.faults.strike("card", DamagedSignature.point)
        if hit is None:
            return response
        with physics.bent_by(hit):
            physics.journal.write("card", "signature.damaged", iccsn=self.iccsn)
        return Response(bytes((response.data[0] ^ 1,)) + response.data[1:], response.sw)
