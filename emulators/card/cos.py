"""The interpreter: from an instruction to its handler, with room for a secure channel around it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import NamedTuple

from . import (
    commands,
    commands_binary,
    commands_card,
    commands_signature,
    key_commands,
    key_generation,
    life_cycle,
    pace_commands,
    password_commands,
    record_commands,
    status,
)
from .access import Interface
from .apdu import CommandApdu, MalformedApdu, Response, parse
from .chip import Chip
from .object_data import CardProfile
from .object_system import ObjectSystem
from .pace_commands import CHAINED, GENERAL_AUTHENTICATE
from .personalisation import BUFFERS
from .secure_messaging import SECURE, CardChannel, is_secured
from .session import Session
from .status import CommandRefused, StatusWord

Handler = Callable[[Chip, Session, CommandApdu], Response]
Execute = Callable[[CommandApdu], Response]


class Instruction(NamedTuple):
    name: str
    handler: Handler


ISO, PROPRIETARY = 0x00, 0x80
INSTRUCTIONS: Mapping[tuple[int, int], Instruction] = {
    (ISO, 0xA4): Instruction("SELECT", commands.select),
    (ISO, 0xB0): Instruction("READ BINARY", commands_binary.read_binary),
    (ISO, 0xD6): Instruction("UPDATE BINARY", commands_binary.update_binary),
    (ISO, 0xD0): Instruction("WRITE BINARY", commands_binary.write_binary),
    (ISO, 0x0E): Instruction("ERASE BINARY", commands_binary.erase_binary),
    (PROPRIETARY, 0x0E): Instruction("SET LOGICAL EOF", commands_binary.set_logical_eof),
    (ISO, 0xB2): Instruction("READ RECORD", record_commands.read_record),
    (ISO, 0xA2): Instruction("SEARCH RECORD", record_commands.search_record),
    (ISO, 0xDC): Instruction("UPDATE RECORD", record_commands.update_record),
    (ISO, 0xE2): Instruction("APPEND RECORD", record_commands.append_record),
    (ISO, 0x0C): Instruction("ERASE RECORD", record_commands.erase_record),
    (PROPRIETARY, 0x0C): Instruction("DELETE RECORD", record_commands.delete_record),
    (ISO, 0x08): Instruction("ACTIVATE RECORD", record_commands.activate_record),
    (ISO, 0x06): Instruction("DEACTIVATE RECORD", record_commands.deactivate_record),
    (ISO, 0x44): Instruction("ACTIVATE", life_cycle.activate),
    (ISO, 0x04): Instruction("DEACTIVATE", life_cycle.deactivate),
    (ISO, 0xE8): Instruction("TERMINATE", life_cycle.terminate),
    (ISO, 0xE6): Instruction("TERMINATE DF", life_cycle.terminate_folder),
    (ISO, 0xFE): Instruction("TERMINATE CARD USAGE", life_cycle.terminate_card),
    (ISO, 0xE4): Instruction("DELETE", life_cycle.delete),
    (ISO, 0xEA): Instruction("LOAD APPLICATION", life_cycle.load_application),
    (ISO | CHAINED, 0xEA): Instruction("LOAD APPLICATION", life_cycle.load_application),
    (ISO, 0x20): Instruction("VERIFY", password_commands.verify),
    (PROPRIETARY, 0x20): Instruction("GET PIN STATUS", password_commands.get_pin_status),
    (ISO, 0x24): Instruction("CHANGE REFERENCE DATA", password_commands.change_reference_data),
    (ISO, 0x2C): Instruction("RESET RETRY COUNTER", password_commands.reset_retry_counter),
    (ISO, 0x28): Instruction("ENABLE VERIFICATION REQUIREMENT", password_commands.enable_verification),
    (ISO, 0x26): Instruction("DISABLE VERIFICATION REQUIREMENT", password_commands.disable_verification),
    (ISO, 0x22): Instruction("MANAGE SECURITY ENVIRONMENT", pace_commands.manage_security_environment),
    (ISO, 0x2A): Instruction("PSO", commands_signature.perform_security_operation),
    (ISO, GENERAL_AUTHENTICATE): Instruction("GENERAL AUTHENTICATE", pace_commands.general_authenticate),
    (ISO | CHAINED, GENERAL_AUTHENTICATE): Instruction("GENERAL AUTHENTICATE", pace_commands.general_authenticate),
    (ISO, 0x88): Instruction("INTERNAL AUTHENTICATE", key_commands.internal_authenticate),
    (ISO, 0x82): Instruction("EXTERNAL AUTHENTICATE", key_commands.external_authenticate),
    (PROPRIETARY, 0x82): Instruction("GET SECURITY STATUS KEY", key_commands.get_security_status_key),
    (ISO, 0x46): Instruction("GENERATE ASYMMETRIC KEY PAIR", key_generation.generate_key_pair),
    (ISO, 0x84): Instruction("GET CHALLENGE", commands_card.get_challenge),
    (PROPRIETARY, 0x84): Instruction("GET RANDOM", commands_card.get_random),
    (PROPRIETARY, 0xCA): Instruction("LIST PUBLIC KEY", commands_card.list_public_key),
    (PROPRIETARY, 0xFA): Instruction("FINGERPRINT", commands_card.fingerprint),
    (ISO, 0x70): Instruction("MANAGE CHANNEL", commands_card.manage_channel),
}
_SELECT, _TERMINATE_CARD_USAGE = 0xA4, 0xFE
_PSO_NAMES = {
    (0x9E, 0x9A): "COMPUTE DIGITAL SIGNATURE",
    (0x9E, 0xAC): "COMPUTE DIGITAL SIGNATURE",
    (0x80, 0x86): "DECIPHER",
    (0x86, 0x80): "ENCIPHER",
    (0x86, 0xB8): "TRANSCIPHER",
    (0x00, 0xA8): "VERIFY DIGITAL SIGNATURE",
    (0x00, 0xBE): "VERIFY CERTIFICATE",
}
# Bits of CLA: the number of channels 0 to 3; that it is one of 4 to 19, and the number above 4; what no coding has.
_CHANNEL, _FURTHER, _FURTHER_CHANNEL, _OTHER_CLASS = 0x03, 0x40, 0x0F, 0x60
_NO_CLASS = 0xFF
_NOT_THE_FIRST = _CHANNEL | _OTHER_CLASS
_SURE_TO_FIT = min(BUFFERS.command, BUFFERS.secured_command)


class CardOs:
    """Runs commands against a chip, in plain or through the secure channel that a command of the card has set up.

    `bend` is given every plain command and what would execute it, and may do so, or something else.
    """

    def __init__(self, chip: Chip, bend: Callable[[CommandApdu, Execute], Response] | None = None) -> None:
        self.chip = chip
        self._channels = Session(chip).peers
        self._session = self._channels[0]  # of the command now under way
        self.bend = bend

    @property
    def session(self) -> Session:
        """What is known on the channel of the last command."""
        return self._session

    def reset(self) -> None:
        """Forget all that a reset forgets; counters and files stay."""
        self._channels = Session(self.chip).peers
        self._session = self._channels[0]

    def transmit(self, raw: bytes, interface: Interface) -> Response:
        """Any octets in, a response out.

        What does not fit into the buffer that EF.ATR announces is refused before anybody has looked at it, so sessions
        go on. COS names no trailer; the vendor's for a wrong length is a choice.
        """
        cla = raw[0] if raw else 0
        if len(raw) > _SURE_TO_FIT and len(raw) > (BUFFERS.secured_command if is_secured(cla) else BUFFERS.command):
            return Response(b"", self.chip.profile.wrong_length)
        session = self._channels.get(_channel_in(cla) if cla & _OTHER_CLASS else cla & _CHANNEL)
        if session is None:  # within a session of channel 0 the refusal is protected like any other
            session = self._channels[0]
            if session.secure_channel is None or not is_secured(cla):
                return Response(b"", status.CHANNEL_CLOSED)
        self._session = session
        session.interface = interface
        if session.secure_channel is not None and not is_secured(cla):
            session.end_secure_messaging()  # the command then runs in plain (gemSpec_COS N031.600.a)
        channel = session.secure_channel
        try:
            command = parse(raw)
            response = self._through(channel, command) if channel else self._execute(command)
        except MalformedApdu:
            session.end_secure_messaging()
            return Response(b"", status.SM_DATA_OBJECTS_WRONG if channel else self.chip.profile.wrong_length)
        except CommandRefused as refused:
            session.end_secure_messaging()
            return Response(b"", refused.sw)
        if agreed := session.agreement.take():
            session.begin_secure_messaging(agreed)
        return response

    def _through(self, channel: CardChannel, command: CommandApdu) -> Response:
        """Raises `CommandRefused` for a command that was tampered with; the session then ends."""
        session = self._session
        plain = channel.unwrap(command)
        session.security.session_key = session.session_key
        session.security.command_encrypted = channel.enciphered
        try:
            response = self._execute(plain)
        finally:
            session.security.session_key = ""
            session.security.command_encrypted = False
        if session.secure_channel is None:  # the command has ended the session, so it is answered in plain (N031.900 b)
            return response
        return channel.wrap(response, enciphered=session.enciphers_response)

    def _execute(self, command: CommandApdu) -> Response:
        if command.cla & _NOT_THE_FIRST and (number := _channel_in(command.cla)):
            if number not in self._channels:
                return Response(b"", status.CHANNEL_CLOSED)
            command = command._replace(cla=command.cla & ~_CHANNEL)
        return self.bend(command, self._answer) if self.bend else self._answer(command)

    def _answer(self, command: CommandApdu) -> Response:
        try:
            return self._interpret(command)
        except CommandRefused as refused:
            self._session.agreement.refuse()
            return Response(b"", refused.sw)

    def _interpret(self, command: CommandApdu) -> Response:
        session = self._session
        session.enciphers_response = False
        if command.ins != GENERAL_AUTHENTICATE:
            session.agreement.interrupt()
        instruction = INSTRUCTIONS.get((command.cla, command.ins))
        if instruction is None:
            raise CommandRefused(_unknown(command.cla, self.chip.profile))
        if self.chip.terminated and command.ins != _TERMINATE_CARD_USAGE:  # COS says so of SELECT (N047.590)
            raise CommandRefused(status.INSTRUCTION_NOT_SUPPORTED)
        return instruction.handler(self.chip, session, command)


def _channel_in(cla: int) -> int:
    """Which logical channel the class byte means (ISO 7816-4, 5.4.1). Those from 4 on never open here: 6881."""
    if cla & _FURTHER and cla != _NO_CLASS:
        return 4 + (cla & _FURTHER_CHANNEL)
    return 0 if cla & _OTHER_CLASS else cla & _CHANNEL


def _unknown(cla: int, profile: CardProfile) -> StatusWord:
    """Why no instruction was found; COS leaves all but 6988 to the vendor."""
    if cla in (ISO, PROPRIETARY):
        return profile.unknown_instruction
    if cla & _OTHER_CLASS:
        return profile.unknown_class
    return status.SM_DATA_OBJECTS_WRONG if cla & SECURE else profile.chaining_not_supported


def describe(raw: bytes, system: ObjectSystem) -> str:
    """A command in words: `VERIFY MRPIN.home`, `SELECT DF.ESIGN`. Unknown ones are named by their header.

    Of a command under secure messaging the header is all there is to read: `secured SELECT`.
    """
    try:
        command = parse(raw)
    except MalformedApdu:
        return "malformed command"
    secured = is_secured(command.cla)
    cla = command.cla & ~SECURE if secured else command.cla
    instruction = INSTRUCTIONS.get((cla & ~_CHANNEL, command.ins))
    if instruction is None:
        return f"unknown command {raw[:4].hex().upper()}"
    name = f"secured {instruction.name}" if secured else instruction.name
    target = "" if secured and command.ins == _SELECT else _target(command, system)
    return f"{name} {target}" if target else name


def _target(command: CommandApdu, system: ObjectSystem) -> str:
    match command.ins, command.p1:
        case 0xA4, 0x04:
            folder = system.folder(command.data)
            return folder.name if folder else command.data.hex().upper()
        case 0xA4, 0x02:
            return system.file_names.get(int.from_bytes(command.data, "big"), command.data.hex().upper())
        case ((0x20 | 0x24 | 0x2C | 0x26 | 0x28), _):
            password = next((p for p in system.passwords if p.reference == command.p2 & 0x1F), None)
            return password.name if password else f"{command.p2:02X}"
        case ((0xB0 | 0xD6 | 0xD0 | 0x0E), p1) if p1 & 0x80:
            return f"SFID {p1 & 0x1F:02X}"
        case 0x2A, p1:
            return _PSO_NAMES.get((p1, command.p2), f"{p1:02X} {command.p2:02X}")
        case _:
            return ""
