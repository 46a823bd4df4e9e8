"""The faults that strike the connection and not what is said: one and the same meets REST or SMPP, whoever is next."""

from __future__ import annotations

from collections.abc import Callable

from emulators.core.transport_faults import RefusedConnection
from emulators.wire.line import Struck
from emulators.wire.tcp import Wire

from .account import SmppAccount
from .codes import Command, name_of
from .framer import Pdu


def answer_over(hit: Struck, wire: Wire, account: SmppAccount, request: Pdu, carry_out: Callable[[], None]) -> None:
    """Let the answer to a request go over the line as the fault has it; carry it out only if it reaches the server."""
    with account.physics.bent_by(hit.armed), wire.over(hit.line):
        account.physics.journal.write(
            account.name,
            hit.armed.kind,
            command=name_of(Command, request.command),
            sequence=request.sequence,
            processed=hit.processed,
        )
        if hit.processed:
            carry_out()


def is_refused(account: SmppAccount) -> bool:
    """Whether the connection is refused: at the bind, for only there it is known whose connection it is."""
    refused = account.physics.faults.strike(account.name, RefusedConnection.point, _refuses)
    if refused is None:
        return False
    with account.physics.bent_by(refused):
        account.write("bind.broken")
    return True


def _refuses(fault: object) -> bool:
    return isinstance(fault, RefusedConnection)
