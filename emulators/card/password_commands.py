"""VERIFY, GET PIN STATUS, CHANGE REFERENCE DATA, RESET RETRY COUNTER, ENABLE and DISABLE VERIFICATION REQUIREMENT
(gemSpec_COS 14.6). Order of refusals: password unknown 6A88, rule 6982, terminated 6400, length of the data; then what
the secret itself says.
"""

from __future__ import annotations

from collections.abc import Mapping

from . import status
from .access import LifeCycle, Operation
from .apdu import CommandApdu, Response
from .chip import Chip
from .commands import demand
from .passwords import BLOCK_SIZE, PasswordReference
from .session import Session
from .status import CommandRefused, StatusWord

Variants = Mapping[int, Operation]

_VERIFY: Variants = {0x00: Operation.VERIFY}
_STATUS: Variants = {0x00: Operation.GET_PIN_STATUS}
_CHANGE: Variants = {0x00: Operation.CHANGE_WITH_OLD, 0x01: Operation.CHANGE_WITHOUT_OLD}
_RESET: Variants = {
    0x00: Operation.RESET_WITH_PUK_AND_NEW,
    0x01: Operation.RESET_WITH_PUK,
    0x02: Operation.RESET_WITH_NEW,
    0x03: Operation.RESET,
}
_ENABLE: Variants = {0x00: Operation.ENABLE_WITH_SECRET, 0x01: Operation.ENABLE}
_DISABLE: Variants = {0x00: Operation.DISABLE_WITH_SECRET, 0x01: Operation.DISABLE}
# How many blocks the data field holds, by operation.
_BLOCKS = {
    Operation.VERIFY: 1,
    Operation.CHANGE_WITH_OLD: 2,
    Operation.CHANGE_WITHOUT_OLD: 1,
    Operation.RESET_WITH_PUK_AND_NEW: 2,
    Operation.RESET_WITH_PUK: 1,
    Operation.RESET_WITH_NEW: 1,
    Operation.RESET: 0,
    Operation.ENABLE_WITH_SECRET: 1,
    Operation.ENABLE: 0,
    Operation.DISABLE_WITH_SECRET: 1,
    Operation.DISABLE: 0,
}


def verify(chip: Chip, session: Session, command: CommandApdu) -> Response:
    """Access rule (6982), then blocked (6983), transport (6985), comparison (63Cx)."""
    password, _ = _addressed(chip, session, command, _VERIFY)
    sw = chip.secret_of(password).verify(command.data)
    if sw == status.OK:
        session.security.verified.add(password.name)
    return _answer(session, password, sw)


def get_pin_status(chip: Chip, session: Session, command: CommandApdu) -> Response:
    """Blocked 63C0, disabled 62D0, verified 9000, transport 62Cx, tries left 63Cx; in this order since COS 3.12."""
    password, _ = _addressed(chip, session, command, _STATUS)
    secret = chip.secret_of(password)
    if not secret.tries and chip.profile.blocked_before_transport_in_status:
        return Response(b"", status.retries_left(0))
    if password.name in chip.disabled:
        return Response(b"", status.PASSWORD_DISABLED)
    if password.name in session.security.verified:
        return Response(b"", status.OK)
    return Response(b"", secret.status())


def change_reference_data(chip: Chip, session: Session, command: CommandApdu) -> Response:
    """P1=00 old‖new, P1=01 the first secret of a Leer-PIN. A success verifies nothing, a miss takes back."""
    password, operation = _addressed(chip, session, command, _CHANGE)
    secret = chip.secret_of(password)
    if operation is Operation.CHANGE_WITHOUT_OLD:
        return Response(b"", secret.set_first(command.data))
    return _answer(session, password, secret.change(command.data[:BLOCK_SIZE], command.data[BLOCK_SIZE:]))


def reset_retry_counter(chip: Chip, session: Session, command: CommandApdu) -> Response:
    """P1=00 PUK‖new secret, 01 PUK alone, 02 new secret alone, 03 nothing. Whatever comes of it, the password counts
    as not verified."""
    password, operation = _addressed(chip, session, command, _RESET)
    secret = chip.secret_of(password)
    session.security.verified.discard(password.name)
    first, second = command.data[:BLOCK_SIZE], command.data[BLOCK_SIZE:]
    match operation:
        case Operation.RESET_WITH_PUK_AND_NEW:
            return Response(b"", secret.unblock(first, second))
        case Operation.RESET_WITH_PUK:
            return Response(b"", secret.unblock(first, None))
        case _:
            return Response(b"", secret.renew(first or None))


def enable_verification(chip: Chip, session: Session, command: CommandApdu) -> Response:
    """From now on the password must be verified. P1=00 with the secret, 01 without."""
    return _require(chip, session, command, _ENABLE, enabled=True)


def disable_verification(chip: Chip, session: Session, command: CommandApdu) -> Response:
    """From now on the password counts as verified. P1=00 with the secret, 01 without."""
    return _require(chip, session, command, _DISABLE, enabled=False)


def _require(chip: Chip, session: Session, command: CommandApdu, variants: Variants, *, enabled: bool) -> Response:
    password, _ = _addressed(chip, session, command, variants)
    secret = chip.secret_of(password)
    sw = secret.verify(command.data) if command.data else secret.spare()
    if sw == status.OK:
        (chip.disabled.discard if enabled else chip.disabled.add)(password.name)
    return _answer(session, password, sw)


def _answer(session: Session, password: PasswordReference, sw: StatusWord) -> Response:
    """A miss takes the verification back."""
    if sw != status.OK and sw.tries_left is not None:
        session.security.verified.discard(password.name)
    return Response(b"", sw)


def _addressed(
    chip: Chip, session: Session, command: CommandApdu, variants: Variants
) -> tuple[PasswordReference, Operation]:
    """The password named by P2, if the rule allows the variant named by P1, and the data have its length."""
    password = chip.system.password(command.p2, session.folder)
    if password is None:
        raise CommandRefused(status.KEY_OR_PASSWORD_NOT_FOUND)
    operation = variants.get(command.p1)
    if operation is None or not session.may(operation, password):
        raise CommandRefused(status.SECURITY_STATUS_NOT_SATISFIED)
    demand(chip.state(password) is not LifeCycle.TERMINATED, status.KEY_INVALID)
    size = _BLOCKS.get(operation)
    if size is not None and len(command.data) != size * BLOCK_SIZE:
        raise CommandRefused(chip.profile.wrong_length)
    return password, operation
