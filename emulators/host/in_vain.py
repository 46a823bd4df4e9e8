"""Which faults cannot strike at doors that several worlds share."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from emulators.core.faults import Fault

from .host import Host

UNKNOWN_AT: Mapping[str, frozenset[str]] = MappingProxyType({"mail": frozenset({"connect", "ehlo", "starttls"})})
"""By emulator, the points of faults that a client passes before it has said at a shared door whose it is.

All others come later: a request over HTTP says it at once, SMPP with the bind, and mail with AUTH or RCPT. A fault of
the line strikes whatever is exchanged then.
"""


def never_strikes(host: Host, emulator: str, kind: str, fault: type[Fault]) -> str | None:
    """Why a fault would wait in vain behind the doors of this host, and what helps; `None` if it can strike."""
    if len(host) < 2 or fault.point not in UNKNOWN_AT.get(emulator, ()):
        return None
    return (
        f"'{emulator}.{kind}' strikes at '{fault.point}', before a client has said which of {len(host)} worlds here "
        "it means: it would never strike. Serve that world alone (pruefstand serve with one --world), or drop the "
        "others first"
    )
