"""MSE SET for SK.CAN and GENERAL AUTHENTICATE: PACE, and the way to what else it does (gemSpec_COS 14.7.2, 14.9.9)."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from . import administration, elc_authentication, key_commands, status, tlv
from .apdu import CommandApdu, Response
from .chip import Chip
from .key_agreement import CAN_KEY_NAME
from .keys import Algorithm, KeyObject, Purpose
from .pace import CAN_KEY, OID, CardSide, is_opening
from .session import Session
from .status import CommandRefused

GENERAL_AUTHENTICATE = 0x86
CHAINED = 0x10
_BOTH_DIRECTIONS, _AUTHENTICATION = 0xC1, 0xA4
_PROTOCOLS: Mapping[Algorithm | None, Callable[[Chip, Session, CommandApdu, KeyObject], Response]] = {
    Algorithm.ELC_SESSION: elc_authentication.general_authenticate,
    Algorithm.ELC_ASYNCHRON_ADMIN: administration.asymmetric,
}


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
    for purpose in (Purpose.PROVE, Purpose.CHECK):
        session.chosen.pop(purpose, None)
    return Response(b"", status.OK)


def general_authenticate(chip: Chip, session: Session, command: CommandApdu) -> Response:
    """A round of PACE if SK.CAN was chosen last, else what the keys chosen say (gemSpec_COS N085.051).

    6985 if no key was chosen, 6A81 for a key chosen for something else. The first round begins a new run, also amid
    another.
    """
    if (command.p1, command.p2) != (0x00, 0x00):
        raise CommandRefused(chip.profile.wrong_p1_p2)
    if session.agreement.chosen and chip.can is not None:
        if not command.ne:
            raise CommandRefused(chip.profile.wrong_length)
        return _pace(session, chip, chip.can, command)
    chosen = session.chosen.get(Purpose.PROVE)
    if chosen is None:
        return administration.symmetric(chip, session, command)
    protocol = _PROTOCOLS.get(chosen.algorithm)
    if protocol is None or not isinstance(chosen.key, KeyObject):
        raise CommandRefused(status.FUNCTION_NOT_SUPPORTED)
    return protocol(chip, session, command, chosen.key)


def _pace(session: Session, chip: Chip, can: str, command: CommandApdu) -> Response:
    """A wrong CAN shows in the last round only, as 6300, and costs no try; a session that PACE had opened ends with it
    (gemSpec_COS N085.064 d.6.i)."""
    agreement = session.agreement
    if is_opening(command.data):
        agreement.begin(CardSide(can, chip.draw_ephemerals()))
    try:
        answer = agreement.advance(command.data, chained=bool(command.cla & CHAINED))
    except CommandRefused as refused:
        if refused.sw == status.AUTHENTICATION_FAILURE:
            session.clear_key(CAN_KEY_NAME)
        raise
    return Response(answer[: command.ne], status.OK)
