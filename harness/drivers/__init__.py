"""Drivers: a system under test, reached through a user's hands.

A new one is a class that is made as `Class(world, profile, seed)` for each row and has the methods of `Driver`; one
entry point in the group `pruefstand.drivers` makes it known to `--driver`, or a conftest overrides the fixture
`driver`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from emulators.core.outcome import Accepted, Outcome, Refused
from emulators.core.registry import Registry
from harness.actions import Action

__all__ = ["DRIVERS", "Accepted", "Driver", "Outcome", "Refused", "View"]

DRIVERS = Registry("pruefstand.drivers", {"reference": "harness.drivers.reference:ReferenceDriver"})


@dataclass(frozen=True, slots=True)
class View:
    """What a person can see of the system under test on one of their devices, in words that rules and scenario
    files share. A driver that cannot see a field leaves it `None`: it is then not compared.
    """

    account: str | None = None  # none | pending | active
    email: str | None = None  # none | unconfirmed | confirmed
    mobile: str | None = None  # none | unconfirmed | confirmed
    tan: str | None = None  # none | sent | undelivered
    device: str | None = None  # unbound | bound | released, for the device looked at
    devices: int | None = None  # how many devices are bound to the account
    identity: str | None = None  # none | running | passed | refused
    release: str | None = None  # none | pending | released
    record: str | None = None  # none | setting_up | ready | without_app
    ecare: str | None = None  # closed | limited | open: the session in the eCare app on this device
    barmer: str | None = None  # closed | open: the session in the Barmer app on this device
    login: str | None = None  # none | account | card: the chosen way of login
    login_offers: tuple[str, ...] | None = None  # the ways of login on offer on this device
    unlock_offers: tuple[str, ...] | None = None  # the ways of unlocking on offer on this device
    messages: tuple[str, ...] | None = None  # kinds of messages in the insurer's inbox, oldest first
    release_code: str | None = None  # shown in the Barmer app, once created
    recovery_key: str | None = None  # shown in the eCare app until its saving is confirmed


class Driver(Protocol):
    """A system under test through a user's hands."""

    @property
    def capabilities(self) -> frozenset[str]:
        """What it can do: `virtual-time`, `nfc`, `branch`, `practice`…"""

    def perform(self, action: Action) -> Outcome:
        """Carry out one action; returns how it ended. Raises `BenchError` if the driver itself fails."""

    def look(self, by: str = "person", on: str = "first") -> View:
        """What that person sees on that device now."""

    def settle(self) -> None:
        """Return when nothing is in flight any more."""

    def remove(self) -> None:
        """Take the system out of the world again."""
