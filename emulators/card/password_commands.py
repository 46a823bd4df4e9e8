"""VERIFY, GET PIN STATUS, CHANGE REFERENCE DATA, RESET RETRY COUNTER (gemSpec_COS 14.6)."""

from __future__ import annotations

from collections.abc import Mapping

from . import status
from .access import Operation
from .apdu import CommandApdu, Response
from .chip import Chip, Session
from .passwords import BLOCK_SIZE, PasswordReference
from .status import CommandRefused, StatusWord


def verify(chip: Chip, session: Session, command: CommandApdu) -> Response:
    """Access rule (6982), then blocked (6983), transport (6985), comparison (63Cx)."""
    password = _addressed(chip, session, command, {0x00: Operation.VERIFY})
    _length(command, BLOCK_SIZE)
    sw = chip.secret.verify(command.data)
    if sw == status.OK:
        session.security.verified.add(password.reference)
    elif sw.tries_left is not None:
        session.security.verified.discard(password.reference)
    return Response(b"", sw)


def get_pin_status(chip: Chip, session: Session, command: CommandApdu) -> Response:
    """Blocked 63C0, disabled 62D0, verified 9000, transport 62Cx, tries left 63Cx; in this order since COS 3.12."""
    password = _addressed(chip, session, command, {0x00: Operation.GET_PIN_STATUS})
    if not chip.secret.tries:
        return Response(b"", status.retries_left(0))
    if not password.enabled:
        return Response(b"", status.PASSWORD_DISABLED)
    if password.reference in session.security.verified:
        return Response(b"", status.OK)
    return Response(b"", chip.secret.status())


def change_reference_data(chip: Chip, session: Session, command: CommandApdu) -> Response:
    """P1=00 old‖new, P1=01 the first secret of a Leer-PIN. A success verifies nothing, a miss takes back."""
    variants = {0x00: Operation.CHANGE_WITH_OLD, 0x01: Operation.CHANGE_WITHOUT_OLD}
    password = _addressed(chip, session, command, variants)
    if command.p1 == 0x01:
        _length(command, BLOCK_SIZE)
        return Response(b"", chip.secret.set_first(command.data))
    _length(command, 2 * BLOCK_SIZE)
    sw = chip.secret.change(command.data[:BLOCK_SIZE], command.data[BLOCK_SIZE:])
    if sw.tries_left is not None:
        session.security.verified.discard(password.reference)
    return Response(b"", sw)


def reset_retry_counter(chip: Chip, session: Session, command: CommandApdu) -> Response:
    """P1=00 PUK‖new secret, P1=01 PUK alone. Whatever comes of it, the password counts as not verified."""
    variants = {0x00: Operation.RESET_WITH_NEW, 0x01: Operation.RESET_WITHOUT_NEW}
    password = _addressed(chip, session, command, variants)
    with_new = command.p1 == 0x00
    _length(command, 2 * BLOCK_SIZE if with_new else BLOCK_SIZE)
    session.security.verified.discard(password.reference)
    puk, new = command.data[:BLOCK_SIZE], command.data[BLOCK_SIZE:]
    sw: StatusWord = chip.secret.unblock(puk, new if with_new else None)
    return Response(b"", sw)


def _addressed(
    chip: Chip, session: Session, command: CommandApdu, variants: Mapping[int, Operation]
) -> PasswordReference:
    """The password named by P2, if the rule allows the variant named by P1. Raises 6A88 before 6982."""
    password = chip.system.password(command.p2)
    if password is None:
        raise CommandRefused(status.KEY_OR_PASSWORD_NOT_FOUND)
    operation = variants.get(command.p1)
    if operation is None or not session.may(operation, password):
        raise CommandRefused(status.SECURITY_STATUS_NOT_SATISFIED)
    return password


def _length(command: CommandApdu, size: int) -> None:
    if len(command.data) != size:
        raise CommandRefused(status.WRONG_LENGTH)
