"""MSE SET for SK.CAN and GENERAL AUTHENTICATE: the commands around PACE (gemSpec_COS 14.7.2, 14.9.9)."""

from __future__ import annotations

from . import key_commands, status, tlv
from .apdu import CommandApdu, Response
from .chip import Chip, Session
from .pace import CAN_KEY, OID, CardSide, is_opening
from .status import CommandRefused

GENERAL_AUTHENTICATE = 0x86
CHAINED = 0x10
_BOTH_DIRECTIONS, _AUTHENTICATION = 0xC1, 0xA4


def manage_security_environment(chip: Chip, session: Session, command: CommandApdu) -> Response:
    """SET C1 A4 chooses SK.CAN (80 OID, 83 reference); 6A88 on a card without it, 6A81 for another algorithm."""
    if (command.p1, command.p2) != (_BOTH_DIRECTIONS, _AUTHENTICATION):
        return key_commands.manage_security_environment(chip, session, command)
    try:
        objects = dict(tlv.decode(command.data))
    except tlv.TlvError as error:
        raise CommandRefused(status.WRONG_DATA) from error
    if objects.get(0x83) != bytes((CAN_KEY,)) or chip.can is None:
        raise CommandRefused(status.KEY_OR_PASSWORD_NOT_FOUND)
    if objects.get(0x80) != OID:
        raise CommandRefused(status.FUNCTION_NOT_SUPPORTED)
    session.agreement.chosen = True
    return Response(b"", status.OK)


def general_authenticate(chip: Chip, session: Session, command: CommandApdu) -> Response:
    """A round of PACE. The first one begins a new run, also amid another.

    6985 if no key was chosen; a wrong CAN shows in the last round only, as 6300, and costs nothing.
    """
    agreement = session.agreement
    if (command.p1, command.p2) != (0x00, 0x00):
        raise CommandRefused(status.WRONG_P1_P2)
    if not command.ne:
        raise CommandRefused(status.WRONG_LENGTH)
    if not agreement.chosen or chip.can is None:
        raise CommandRefused(status.CONDITIONS_NOT_SATISFIED)
    if is_opening(command.data):
        agreement.begin(CardSide(chip.can, chip.draw_ephemerals()))
    answer = agreement.advance(command.data, chained=bool(command.cla & CHAINED))
    return Response(answer[: command.ne], status.OK)
