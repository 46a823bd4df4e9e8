"""The gateway's ways in and out: its REST surfaces and SMPP on a socket, its status callbacks."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from emulators.wire.http import HttpDoor
from emulators.wire.outside import Patience, Unanswered, call
from emulators.wire.tcp import TcpDoor

from .smpp.account import SmppAccount
from .smpp.doors import smpp_door

if TYPE_CHECKING:
    from .gateway import SmsGateway


def rest_door(gateway: SmsGateway) -> HttpDoor:
    """The REST surfaces on a socket."""
    return HttpDoor(gateway.name, gateway.app, gateway.physics.lock)


def account_door(account: SmppAccount) -> TcpDoor:
    """SMPP on a socket, for one account only."""
    return smpp_door("smpp", lambda system_id: account if system_id == account.system_id else None)


def post_callback(url: str, headers: Mapping[str, str], body: bytes, patience: Patience) -> int | Unanswered:
    """Post a status callback; returns the HTTP status, or why there is none."""
    return call("POST", url, headers, body, patience)
