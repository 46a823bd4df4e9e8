"""Which faults cannot strike at doors that several worlds share."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from types import MappingProxyType

from emulators.core.faults import Armed, Fault

UNKNOWN_AT: Mapping[str, frozenset[str]] = MappingProxyType({"mail": frozenset({"connect", "ehlo", "starttls"})})
"""By emulator, the points of faults that a client passes before it has said at a shared door whose it is.

All others come later: a request over HTTP says it at once, SMPP with the bind, and mail with AUTH or RCPT. A fault of
the line strikes whatever is exchanged then.
"""


def never_strikes(worlds: int, emulator: str, kind: str, fault: type[Fault]) -> str | None:
    """Why a fault would wait in vain behind doors of so many worlds, and what helps; `None` if it can strike."""
    if worlds < 2 or not _comes_too_early(emulator, fault):
        return None
    return (
        f"'{emulator}.{kind}' strikes at '{fault.point}', before a client has said which of {worlds} worlds here "
        "it means: it would never strike. Serve that world alone (pruefstand serve with one --world), or drop the "
        "others first"
    )


def would_never_strike(armed: Iterable[Armed]) -> str:
    """Which of these faults could not strike any more behind shared doors; empty if there is none."""
    return ", ".join(f"'{each.name}'" for each in armed if _comes_too_early(each.emulator, type(each.fault)))


def _comes_too_early(emulator: str, fault: type[Fault]) -> bool:
    return fault.point in UNKNOWN_AT.get(emulator, ())
