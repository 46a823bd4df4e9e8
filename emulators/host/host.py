"""Worlds by name, side by side in one process, and how to find the one that a client means.

A world costs no more than its emulators (well under a millisecond) and is dropped by forgetting it. Its journal is
kept in memory, about half a kilobyte an entry, until the world is dropped or the host ends.
"""

from __future__ import annotations

import re
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from random import Random
from secrets import token_hex
from threading import RLock

from emulators.core.clock import DEFAULT_START
from emulators.core.people import PERSONAS, Persona
from emulators.mail.certificates import Certificates
from emulators.mail.server import HOSTS
from emulators.services import Services
from emulators.world import World

from .hosted import Hosted
from .in_vain import would_never_strike
from .surfaces import ACCOUNTS

NAME = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,30}[a-z0-9])?", re.ASCII)
"""A world's name is a label of the mail domain of its people: 1 to 32 lower-case letters, digits and hyphens."""

_REMEMBERED = 100  # callers that no world knew


class FaultWaits(ValueError):
    """A fault is armed that strikes only where there is one world."""


class NameTaken(ValueError):
    """A world of that name exists; drop it first or choose another name."""


class NoSuchWorld(LookupError):
    """No world has that name; the text lists some that there are."""


@dataclass(frozen=True, slots=True)
class Stranger:
    """Somebody who called with credentials that no world has, or with none (`account` is then `None`)."""

    surface: str
    account: str | None


class Host:
    """All worlds of this process. Sync and without I/O of its own; each world is guarded by its own lock."""

    def __init__(
        self,
        personas: Mapping[str, Persona] = PERSONAS,
        monotonic: Callable[[], float] = time.monotonic,
        longest_wait: float = 300.0,
    ) -> None:
        """`monotonic` gives the real seconds that worlds follow whose time runs by itself.

        `longest_wait`, in real seconds, ends whoever waits for an event and asked for more.
        """
        self.longest_wait = longest_wait
        self.personas = personas
        self.monotonic = monotonic
        self.addresses: dict[str, str] = {}
        self.strangers: deque[Stranger] = deque(maxlen=_REMEMBERED)
        self.stopping = False
        self._worlds: dict[str, Hosted] = {}
        self._accounts: dict[tuple[str, str], tuple[Hosted, ...]] = {}
        self._guard = RLock()
        self._dropped: list[Callable[[Hosted], object]] = []
        self._changed: list[Callable[[], object]] = []
        self.certificates = Certificates(Random("host/mail/certificates"), HOSTS)

    def create(
        self,
        name: str,
        seed: int = 0,
        start: datetime = DEFAULT_START,
        *,
        land: str | None = None,
        account_of: str | None = None,
        services: Services | None = None,
    ) -> Hosted:
        """A new world. `account_of` names one whose credentials it shares, for a system under test with one account.

        Where several worlds share an account, the recipient decides: the phone number of a text message, the domain or
        mailbox of a mail. What says no recipient (an SMPP session, a list of all messages) is for the world that had
        the account first, unless a path names another in front. Raises `NameTaken`, `NoSuchWorld` (`account_of`),
        `ValueError` for a name that is none or an unknown Land, `FaultWaits` if one is armed that strikes only where
        there is no other world.
        """
        if not NAME.fullmatch(name):
            raise ValueError(f"a world's name is 1 to 32 of a-z, 0-9 and '-', not {name!r}")
        with self._guard:
            if name in self._worlds:
                raise NameTaken(f"there is a world '{name}' already; drop it first or choose another name")
            for other in self._worlds.values():
                if waits := would_never_strike(other.world.faults.armed):
                    raise FaultWaits(
                        f"{waits} in the world '{other.name}' would never strike once doors are shared with another: "
                        "let it strike first, or take it back (DELETE its faults)"
                    )
            realm = None if account_of is None else self.get(account_of).world.physics.realm
            world = World(
                seed,
                start,
                land=land,
                personas=self.personas,
                name=name,
                realm=realm,
                services=services,
                addresses=self.addresses,
            )
            hosted = Hosted(name, world, self._nudge)
            self._worlds[name] = hosted
            for key in _credentials(world):
                self._accounts[key] = (*self._accounts.get(key, ()), hosted)
            return hosted

    def drop(self, name: str) -> Hosted:
        """Forget a world: nobody finds it any more, and who waits in it is told. Raises `NoSuchWorld`.

        Its SMPP sessions go on in the next world that shares its account, or are unbound.
        """
        with self._guard:
            hosted = self.get(name)
            del self._worlds[name]
            for key in _credentials(hosted.world):
                left = tuple(other for other in self._accounts.get(key, ()) if other is not hosted)
                if left:
                    self._accounts[key] = left
                else:
                    self._accounts.pop(key, None)
        hosted.end(f"the world '{name}' was dropped")
        self._pass_on(hosted)
        for tell in self._dropped:
            tell(hosted)
        return hosted

    def _pass_on(self, dropped: Hosted) -> None:
        with dropped.world.physics.lock:
            heirs = self.having("smpp", dropped.world.sms.smpp_system_id)
            dropped.smpp_account.end(heirs[0].smpp_account if heirs else None)

    def get(self, name: str) -> Hosted:
        """Raises `NoSuchWorld`."""
        hosted = self._worlds.get(name)
        if hosted is None:
            some = ", ".join(sorted(self._worlds)[:10]) or "none"
            raise NoSuchWorld(f"no world '{name}'; there are {len(self._worlds)}: {some}")
        return hosted

    def has(self, hosted: Hosted) -> bool:
        """Whether that world, and not just one of its name, has not been dropped."""
        return self._worlds.get(hosted.name) is hosted

    def __iter__(self) -> Iterator[Hosted]:
        with self._guard:
            return iter(tuple(self._worlds.values()))

    def __len__(self) -> int:
        return len(self._worlds)

    def having(self, surface: str, account: str) -> tuple[Hosted, ...]:
        """The worlds that have these credentials at this surface: one, more if they share it, or none."""
        return self._accounts.get((surface, account), ())

    def nobodys_world(self) -> World:
        """A fresh world that nobody has credentials of, to refuse a caller in a surface's own words."""
        return World(name="nobody", realm=token_hex(8))

    def note_stranger(self, surface: str, account: str | None) -> None:
        """Remember a caller whom no world knows, for whoever wonders why nothing arrived."""
        self.strangers.append(Stranger(surface, account))

    def on_drop(self, tell: Callable[[Hosted], object]) -> None:
        """Call `tell` with each world that is dropped."""
        self._dropped.append(tell)

    def on_change(self, tell: Callable[[], object]) -> None:
        """Call `tell` whenever something may be due at another moment than before."""
        self._changed.append(tell)

    def end(self) -> None:
        """Let all who wait go; worlds and journals stay as they are."""
        self.stopping = True
        for hosted in self:
            hosted.end("the host is ending")

    def _nudge(self) -> None:
        for tell in self._changed:
            tell()


def _credentials(world: World) -> Iterator[tuple[str, str]]:
    for surface, accounts in ACCOUNTS.items():
        for account in accounts(world):
            yield surface, account
