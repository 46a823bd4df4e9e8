"""Whether a client may bind, and what it may do from then on."""

from __future__ import annotations

from enum import Enum

from .account import SmppAccount
from .bodies import Bind, BindResp, Tlv
from .codes import Command, Status, Tag
from .faults import BIND, BindRefused
from .pdu import encode

INTERFACE_VERSION = 0x34
_FIRST_WITH_PARAMETERS = 0x34  # interface versions below do not know optional parameters


class Mode(Enum):
    """The states of a session. Source: SMPP v3.4, 2.2."""

    OPEN = "open"
    TRANSMITTER = "transmitter"
    RECEIVER = "receiver"
    TRANSCEIVER = "transceiver"
    UNBOUND = "unbound"
    CLOSED = "closed"


MODES = {
    Command.BIND_TRANSMITTER: Mode.TRANSMITTER,
    Command.BIND_RECEIVER: Mode.RECEIVER,
    Command.BIND_TRANSCEIVER: Mode.TRANSCEIVER,
}
SUBMITS = frozenset({Mode.TRANSMITTER, Mode.TRANSCEIVER})
RECEIVES = frozenset({Mode.RECEIVER, Mode.TRANSCEIVER})


def admit(account: SmppAccount, mode: Mode, bind: Bind) -> int:
    """The status that a bind is answered with, noted in the journal."""
    hit = account.physics.faults.strike(account.name, BIND)
    with account.physics.bent_by(hit):
        status: int = Status.ROK
        if hit is not None and isinstance(hit.fault, BindRefused):
            status = hit.fault.status
        elif not account.admits(bind.password):
            status = Status.RINVPASWD
        elif len(account.sessions) >= account.rules.sessions:
            status = Status.RBINDFAIL
        event = "bind.refused" if status else "bound"
        about = {"status": status} if status else {}
        version = f"0x{bind.interface_version:02X}"
        account.write(event, system_id=bind.system_id, mode=mode.value, interface_version=version, **about)
    return status


def admission(account: SmppAccount, bind: Bind) -> bytes:
    """The body of the answer to a bind that is admitted."""
    version = Tlv(Tag.SC_INTERFACE_VERSION, bytes((INTERFACE_VERSION,)))
    return encode(BindResp(account.system_id, (version,) if bind.interface_version >= _FIRST_WITH_PARAMETERS else ()))
