"""MANAGE CHANNEL, GET CHALLENGE, GET RANDOM, FINGERPRINT, LIST PUBLIC KEY (gemSpec_COS 14.9)."""

from __future__ import annotations

import hashlib

from . import status, tlv
from .access import Operation
from .apdu import CommandApdu, Response
from .chip import Chip
from .commands import DONE, demand, whole
from .keys import PublicKey
from .session import Session
from .status import CommandRefused

_CHALLENGES = (8, 16)
_PREFIX = 128
_AUTHENTICATION, _VERIFICATION = 0xA4, 0xB6


def manage_channel(chip: Chip, session: Session, command: CommandApdu) -> Response:
    """Open a channel (its number comes back), close or reset the one the command came on, or reset the application."""
    match (command.p1, command.p2):
        case (0x00, 0x00):
            return _open(chip, session, command)
        case (0x80, 0x00):
            demand(session is not session.peers[0], status.WRONG_FILE_TYPE)  # channel 0 stays open
            _leave(session)
        case (0x40, 0x00):
            session.peers[_number(session)] = Session(chip, session.peers)
        case (0x40, 0x01):
            session.start_over()
        case _:
            raise CommandRefused(chip.profile.wrong_p1_p2)
    return DONE


def _open(chip: Chip, session: Session, command: CommandApdu) -> Response:
    demand(command.ne > 0, chip.profile.wrong_length)
    free = (number for number in range(chip.profile.logical_channels) if number not in session.peers)
    number = next(free, None)
    if number is None:
        raise CommandRefused(status.WRONG_FILE_TYPE)  # 6981 also says: no more channels
    session.peers[number] = Session(chip, session.peers)
    return Response(bytes((number,)), status.OK)


def _number(session: Session) -> int:
    return next(number for number, other in session.peers.items() if other is session)


def _leave(session: Session) -> None:
    del session.peers[_number(session)]


def get_challenge(chip: Chip, session: Session, command: CommandApdu) -> Response:
    """8 or 16 octets, kept for the authentication of somebody else."""
    demand((command.p1, command.p2) == (0, 0), chip.profile.wrong_p1_p2)
    demand(command.ne in _CHALLENGES, chip.profile.wrong_length)
    session.challenge = chip.draw(command.ne)
    return Response(session.challenge, status.OK)


def get_random(chip: Chip, session: Session, command: CommandApdu) -> Response:
    """1 to 256 octets for use outside, by the rule of the current folder (gemSpec_COS N099.348)."""
    demand(session.may(Operation.GET_RANDOM, session.folder))
    demand((command.p1, command.p2) == (0, 0), chip.profile.wrong_p1_p2)
    demand(1 <= command.ne <= 256, chip.profile.wrong_length)
    return Response(chip.draw(command.ne), status.OK)


def fingerprint(chip: Chip, session: Session, command: CommandApdu) -> Response:
    """Of the operating system, with a prefix of exactly 128 octets. There is no code to take one of: it is the
    SHA-256 of prefix and profile, so that one profile has one fingerprint. The current folder rules (N096.472)."""
    demand(session.may(Operation.FINGERPRINT, session.folder))
    demand(len(command.data) == _PREFIX, chip.profile.wrong_length)
    return whole(chip, command, hashlib.sha256(command.data + f"TEST ONLY {chip.profile.name}".encode()).digest())


def list_public_key(chip: Chip, session: Session, command: CommandApdu) -> Response:
    """E0 { 4F AID, control reference template { 83 reference } } for each CV key; 6200 if the answer is cut."""
    demand((command.p1, command.p2) == (1, 0), chip.profile.wrong_p1_p2)
    demand(command.ne > 0, chip.profile.wrong_length)
    listed = b"".join(_listed(chip, key) for key in (*chip.anchors, *chip.learnt))
    cut = len(listed) > command.ne
    return Response(listed[: command.ne], status.DATA_TRUNCATED if cut else status.OK)


def _listed(chip: Chip, key: PublicKey) -> bytes:
    template = _VERIFICATION if key.issues else _AUTHENTICATION
    reference = tlv.encode(template, tlv.encode(0x83, key.reference))
    return tlv.encode(0xE0, tlv.encode(0x4F, chip.system.root.aid) + reference)
