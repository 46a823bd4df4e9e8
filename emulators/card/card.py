"""The card one holds in the hand: power, reset, octets in and out on either interface."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from pathlib import Path

from emulators.core.person import Person
from emulators.core.physics import Physics

from . import card_file, status
from .access import ENFORCEMENT, Enforcement, Interface
from .apdu import CommandApdu, Response
from .chip import Chip
from .cos import INSTRUCTIONS, CardOs, Execute, describe
from .faults import CorruptData, DamagedSignature, LeadingZero, MemoryFailure
from .object_data import card_profile
from .object_system import G21, G21_CONTACT, object_system
from .pace import CardEphemerals, is_opening
from .pace_commands import GENERAL_AUTHENTICATE
from .passwords import PasswordState, PowerFailed, Secret
from .personalisation import Personalisation, TransportState
from .pki import CardPki, Variant

_PASSWORD_VERBS = ("VERIFY", "CHANGE", "RESET", "ENABLE", "DISABLE")
_PASSWORD_COMMANDS = frozenset(
    key for key, instruction in INSTRUCTIONS.items() if instruction.name.split()[0] in _PASSWORD_VERBS
)
_SIGNATURE_COMMAND, _SIGNATURE = (0x00, 0x2A), 0x9E  # PSO, and the P1 that has it answer with a signature
_READING_COMMANDS = frozenset(key for key, instruction in INSTRUCTIONS.items() if instruction.name.startswith("READ "))
_WITH_DATA = frozenset({status.OK, status.END_OF_FILE})


class HealthCard:
    """An eGK of generation 2. Any octets give a status word; nothing raises.

    With `physics`, faults strike at the points `password`, `reading`, `signature` and `agreement` (the first round of
    PACE), and changes of the password's counters are written as `password.changed` on the channel `card`.
    """

    def __init__(self, chip: Chip, physics: Physics | None = None) -> None:
        self.chip = chip
        self._physics = physics
        self._os = CardOs(chip, self._bent if physics else None)

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
        ephemerals: Callable[[], CardEphemerals] | None = None,
        system: str | None = None,
        profile: str = "tcos",
        enforcement: Enforcement = ENFORCEMENT,
    ) -> HealthCard:
        """The person's card, made `today`. A Transport-PIN is the first five digits of the person's PIN.

        `ephemerals` are what the card draws in each run of PACE; without, a source of randomness of its own.
        `system` names the object system, by default G2.1 with or without NFC as the person's card has it; `profile`
        the vendor. Raises `ObjectSystemError` or `ValueError` for an unknown one.
        """
        data = person.card
        pin = data.pin[:5] if transport is TransportState.TRANSPORT_PIN else data.pin
        seed = physics.seed if physics else 0
        chip = Chip(
            object_system(system or (G21 if data.nfc else G21_CONTACT)),
            Secret(pin, data.puk, transport),
            Personalisation(person, today, pki or CardPki(), variant, seed),
            ephemerals,
            profile=card_profile(profile),
            enforcement=enforcement,
        )
        return cls(chip, physics)

    @classmethod
    def load(cls, path: Path | str, *, pki: CardPki | None = None, physics: Physics | None = None) -> HealthCard:
        """The card that `save` wrote, state included. Raises `OSError`, and `CardFileError` for what is no card."""
        return cls(card_file.from_text(Path(path).read_text("utf-8"), pki), physics)

    def save(self, path: Path | str) -> None:
        """Write the card to a file, TEST ONLY, secrets and keys included. What a reset forgets is not in it."""
        Path(path).write_text(card_file.to_text(self.chip), "utf-8")

    @property
    def nfc(self) -> bool:
        """Whether the card has an antenna."""
        return self.chip.system.nfc

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
        profile = self.chip.profile
        contact = interface is Interface.CONTACT
        return bytes.fromhex(profile.atr_contact if contact else profile.atr_contactless)

    def reset(self) -> None:
        self._os.reset()

    def transmit(self, command: bytes, interface: Interface = Interface.CONTACT) -> bytes:
        """Response data ‖ status word."""
        return self._os.transmit(command, interface).to_bytes()

    def transmit_contactless(self, command: bytes) -> bytes:
        """As a reader's antenna does."""
        return self.transmit(command, Interface.CONTACTLESS)

    def transmit_torn(self, command: bytes) -> None:
        """Begin a command over the air and lose the power: counters are written first, the rest was never begun."""
        usual, self._os.bend = self._os.bend, self._stopped
        secrets = [self.chip.secret_of(password) for password in self.chip.system.passwords]
        for secret in secrets:
            secret.power_fails = True
        try:
            self._os.transmit(command, Interface.CONTACTLESS)
        except PowerFailed:
            pass
        finally:
            self._os.bend = usual
            for secret in secrets:
                secret.power_fails = False
        self.reset()

    def _stopped(self, command: CommandApdu, execute: Execute) -> Response:
        """Only what counts tries gets as far as its counters."""
        if (command.cla, command.ins) not in _PASSWORD_COMMANDS:
            raise PowerFailed
        before = self.password
        try:
            return execute(command)
        finally:
            self._note_change(before)

    def _note_change(self, before: PasswordState) -> None:
        if self._physics is not None and (after := self.password) != before:
            self._physics.journal.write("card", "password.changed", iccsn=self.iccsn, **after._asdict())

    def describe(self, command: bytes) -> str:
        """The command in words."""
        return describe(command, self.chip.system)

    def _bent(self, command: CommandApdu, execute: Execute) -> Response:
        """A command in plain, or out of the secure channel, as the faults that are armed have it."""
        if self._physics is None:
            return execute(command)
        key = (command.cla, command.ins)
        if key in _PASSWORD_COMMANDS:
            return self._password_command(self._physics, command, execute)
        if key in _READING_COMMANDS:
            return self._reading_command(self._physics, command, execute)
        if key == _SIGNATURE_COMMAND and command.p1 == _SIGNATURE:
            return self._signature_command(self._physics, command, execute)
        opening = command.ins == GENERAL_AUTHENTICATE and is_opening(command.data)
        if opening and self._os.session.agreement.chosen:
            self._first_round(self._physics)
        return execute(command)

    def _first_round(self, physics: Physics) -> None:
        hit = physics.faults.strike("card", LeadingZero.point)
        if hit is not None:
            self.chip.leading_zero = True
            with physics.bent_by(hit):
                physics.journal.write("card", "secret.forced", iccsn=self.iccsn)

    def _password_command(self, physics: Physics, command: CommandApdu, execute: Execute) -> Response:
        hit = physics.faults.strike("card", MemoryFailure.point)
        if hit is not None:
            with physics.bent_by(hit):
                name = self.describe(command.to_bytes())
                physics.journal.write("card", "memory.failed", iccsn=self.iccsn, command=name)
            return Response(b"", status.MEMORY_FAILURE)
        before = self.password
        response = execute(command)
        self._note_change(before)
        return response

    def _signature_command(self, physics: Physics, command: CommandApdu, execute: Execute) -> Response:
        response = execute(command)
        if response.sw != status.OK:
            return response
        hit = physics.faults.strike("card", DamagedSignature.point)
        if hit is None:
            return response
        with physics.bent_by(hit):
            physics.journal.write("card", "signature.damaged", iccsn=self.iccsn)
        return Response(_with_wrong_bit(response.data), response.sw)

    def _reading_command(self, physics: Physics, command: CommandApdu, execute: Execute) -> Response:
        """6281 goes before 6282 and 9000 (reference card.md 2.7)."""
        response = execute(command)
        if response.sw not in _WITH_DATA or not response.data:
            return response
        hit = physics.faults.strike("card", CorruptData.point)
        if hit is None:
            return response
        with physics.bent_by(hit):
            name = self.describe(command.to_bytes())
            physics.journal.write("card", "data.corrupted", iccsn=self.iccsn, command=name)
        return Response(_with_wrong_bit(response.data), status.CORRUPT_DATA)


def _with_wrong_bit(data: bytes) -> bytes:
    return bytes((data[0] ^ 1,)) + data[1:]
