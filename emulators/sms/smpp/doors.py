"""SMPP on a socket, for one account or for those of many worlds."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import nullcontext

from emulators.wire.tcp import TcpDoor, Wire

from .account import SmppAccount
from .session import SmppSession

Accounts = Callable[[str], SmppAccount | None]


class SmppServer:
    """Makes sessions, and lets happen what is due in the worlds whose clients have just been heard."""

    def __init__(self, accounts: Accounts) -> None:
        self._accounts = accounts
        self._busy: dict[SmppAccount, None] = {}

    def session(self, wire: Wire) -> SmppSession:
        return SmppSession(wire, self._accounts, self._mark)

    def settle(self) -> None:
        """To be called without any lock, on the thread that feeds the sessions."""
        busy, self._busy = self._busy, {}
        for account in busy:
            account.settle()

    def _mark(self, account: SmppAccount) -> None:
        self._busy[account] = None


def smpp_door(name: str, accounts: Accounts, *, host: str = "127.0.0.1", port: int = 0) -> TcpDoor:
    """A door to the accounts that `accounts` finds by their system_id; the address is `smpp://HOST:PORT`.

    Each session holds the lock of its own account's world, so the door needs none.
    """
    server = SmppServer(accounts)
    return TcpDoor(name, server.session, nullcontext(), settle=server.settle, scheme="smpp", host=host, port=port)
