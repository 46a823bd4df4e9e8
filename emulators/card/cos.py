"""The interpreter: from an instruction to its handler, with room for a secure channel around it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import NamedTuple, Protocol

from . import commands, password_commands, status
from .access import Interface
from .apdu import CommandApdu, MalformedApdu, Response, parse
from .chip import Chip, Session
from .object_system import ObjectSystem
from .status import CommandRefused, StatusWord

Handler = Callable[[Chip, Session, CommandApdu], Response]


class SecureChannel(Protocol):
    """What lies between the wire and the interpreter once keys have been agreed on (secure messaging)."""

    def unwrap(self, command: CommandApdu) -> CommandApdu:
        """The plain command. Raises `CommandRefused` (6988) for one that was tampered with."""

    def wrap(self, response: Response) -> Response:
        """The response with its data, if any, and its status word protected."""


class Instruction(NamedTuple):
    name: str
    handler: Handler


ISO, PROPRIETARY = 0x00, 0x80
INSTRUCTIONS: Mapping[tuple[int, int], Instruction] = {
    (ISO, 0xA4): Instruction("SELECT", commands.select),
    (ISO, 0xB0): Instruction("READ BINARY", commands.read_binary),
    (ISO, 0xB2): Instruction("READ RECORD", commands.read_record),
    (ISO, 0x20): Instruction("VERIFY", password_commands.verify),
    (PROPRIETARY, 0x20): Instruction("GET PIN STATUS", password_commands.get_pin_status),
    (ISO, 0x24): Instruction("CHANGE REFERENCE DATA", password_commands.change_reference_data),
    (ISO, 0x2C): Instruction("RESET RETRY COUNTER", password_commands.reset_retry_counter),
    (ISO, 0x22): Instruction("MANAGE SECURITY ENVIRONMENT", commands.manage_security_environment),
    (ISO, 0x2A): Instruction("PSO COMPUTE DIGITAL SIGNATURE", commands.perform_security_operation),
}
_CHAINED, _SECURE, _CHANNEL = 0x10, 0x0C, 0x03


class CardOs:
    """Runs commands against a chip. `secure_channel` stays `None` until a command of the card sets one up."""

    def __init__(self, chip: Chip) -> None:
        self.chip = chip
        self.session = Session(chip.system)
        self.secure_channel: SecureChannel | None = None

    def reset(self) -> None:
        """Forget all that a reset forgets; counters and files stay."""
        self.session = Session(self.chip.system)
        self.secure_channel = None

    def transmit(self, raw: bytes, interface: Interface) -> Response:
        """Any octets in, a response out."""
        self.session.interface = interface
        try:
            command = parse(raw)
        except MalformedApdu:
            return Response(b"", status.WRONG_LENGTH)
        try:
            channel = self.secure_channel
            return self._through(channel, command) if channel else self._interpret(command)
        except CommandRefused as refused:
            return Response(b"", refused.sw)

    def _through(self, channel: SecureChannel, command: CommandApdu) -> Response:
        plain = channel.unwrap(command)
        try:
            response = self._interpret(plain)
        except CommandRefused as refused:
            response = Response(b"", refused.sw)
        return channel.wrap(response)

    def _interpret(self, command: CommandApdu) -> Response:
        instruction = INSTRUCTIONS.get((command.cla, command.ins))
        if instruction is None:
            raise CommandRefused(_unknown(command.cla))
        return instruction.handler(self.chip, self.session, command)


def _unknown(cla: int) -> StatusWord:
    """Why no instruction was found. 6E00 and 6884 are ISO's; COS leaves them to the vendor."""
    if cla in (ISO, PROPRIETARY):
        return status.INSTRUCTION_NOT_SUPPORTED
    if cla & 0x60:
        return status.CLASS_NOT_SUPPORTED
    if cla & _SECURE:
        return status.SM_DATA_OBJECTS_WRONG
    return status.CHANNEL_CLOSED if cla & _CHANNEL else status.CHAINING_NOT_SUPPORTED


def describe(raw: bytes, system: ObjectSystem) -> str:
    """A command in words: `VERIFY MRPIN.home`, `SELECT DF.ESIGN`. Unknown ones are named by their header."""
    try:
        command = parse(raw)
    except MalformedApdu:
        return "malformed command"
    instruction = INSTRUCTIONS.get((command.cla, command.ins))
    if instruction is None:
        return f"unknown command {raw[:4].hex().upper()}"
    target = _target(command, system)
    return f"{instruction.name} {target}" if target else instruction.name


def _target(command: CommandApdu, system: ObjectSystem) -> str:
    match command.ins, command.p1:
        case 0xA4, 0x04:
            folder = system.folder(command.data)
            return folder.name if folder else command.data.hex().upper()
        case 0xA4, 0x02:
            return _file_names(system).get(int.from_bytes(command.data, "big"), command.data.hex().upper())
        case ((0x20 | 0x24 | 0x2C), _):
            password = system.password(command.p2)
            return password.name if password else f"{command.p2:02X}"
        case 0xB0, p1 if p1 & 0x80:
            return f"SFID {p1 & 0x1F:02X}"
        case _:
            return ""


def _file_names(system: ObjectSystem) -> Mapping[int, str]:
    folders = (system.root, *system.root.folders)
    return {file.fid: file.name for folder in folders for file in folder.files}
