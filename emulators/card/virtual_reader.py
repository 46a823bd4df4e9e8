"""Where Debian's virtual reader is: its ports, whether anything listens there, and what can be wrong with it."""

from __future__ import annotations

import socket
import warnings
from pathlib import Path

FIRST_PORT = 35963
SLOTS = range(2)
"""What Debian's driver offers: 35963 is `Virtual PCD 00 00`, 35964 is `Virtual PCD 00 01`."""

_TABLES = (Path("/proc/net/tcp"), Path("/proc/net/tcp6"))
_LISTENING = "0A"
_ANYWHERE = frozenset({"00000000", "0" * 32})


class NoVirtualReader(ConnectionError):
    """Nothing listens where the driver should; the text names the remedy."""

    def __init__(self, host: str, port: int) -> None:
        super().__init__(
            f"no virtual reader listens on {host}:{port}; on Debian: apt-get install pcscd vsmartcard-vpcd, "
            "then start pcscd (systemctl start pcscd, or pcscd --foreground)"
        )


class SlotTaken(ConnectionError):
    """The driver accepts the connection and says nothing: another card is in this slot."""

    def __init__(self, slot: int) -> None:
        super().__init__(
            f"slot {slot} of the virtual reader has a card in it already; take the other, or end its program"
        )


class OpenToTheNetwork(UserWarning):
    """The driver listens on all interfaces of this machine."""


def port_of(slot: int) -> int:
    """Raises `ValueError` for a slot that the driver does not have."""
    if slot not in SLOTS:
        raise ValueError(f"the virtual reader has the slots {', '.join(map(str, SLOTS))}, not {slot}")
    return FIRST_PORT + slot


def warn_if_exposed(port: int) -> None:
    """Warn with `OpenToTheNetwork` if others than this machine can put a card in, or stand in for one."""
    only_loopback = all(name == "lo" for _, name in socket.if_nameindex())
    if not only_loopback and _ANYWHERE & _listening(port):
        warnings.warn(
            f"the virtual reader listens on port {port} of all interfaces, and has no option against it: "
            "close the port in the firewall, or run pcscd in a network namespace of its own",
            OpenToTheNetwork,
            stacklevel=3,
        )


def listens(port: int) -> bool:
    """Whether anything listens on `port` of this machine. Asking the driver itself would put a card in."""
    return bool(_listening(port))


def free(port: int) -> bool:
    """Whether the driver could listen on `port` now.

    Its ports lie among those which Linux hands out to clients (32768 to 60999), and a connection keeps its port
    for a minute after it was closed (TIME-WAIT, RFC 9293).
    """
    with socket.socket() as trial:
        trial.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # as the driver does
        try:
            trial.bind(("", port))
        except OSError:
            return False
    return True


def _listening(port: int) -> set[str]:
    """The local addresses, in the kernel's hex, at which something listens on `port`. Empty where not on Linux."""
    addresses: set[str] = set()
    for table in _TABLES:
        try:
            rows = table.read_text("ascii").splitlines()[1:]
        except OSError:
            continue
        for row in rows:
            local, _, state = row.split()[1:4]
            address, _, number = local.partition(":")
            if state == _LISTENING and int(number, 16) == port:
                addresses.add(address)
    return addresses
