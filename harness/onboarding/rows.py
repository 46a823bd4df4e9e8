"""The form of the tables: what refuses an action with which reason, what an accepted one moves, what must follow.

Every row names the requirements it stands for. Rows are looked through in order; the first that holds decides.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from emulators.core.journal import Entry
from emulators.core.outcome import Outcome
from harness.actions import Action

from .situation import Account, Device, Situation


@dataclass(frozen=True, slots=True)
class Scene:
    """One action in one situation: who acts, on which device, and what the journal says of its course.

    `struck` are the faults (`sms.outage`) that hit while it was carried out.
    """

    situation: Situation
    action: Any  # the concrete Action; each table knows the class its rows are for
    account: Account
    device: Device
    entries: Sequence[Entry] = ()
    struck: frozenset[str] = frozenset()

    @property
    def now(self) -> datetime:
        return self.situation.now

    def session(self, app: str) -> Account | None:
        """Whose session is open in the app on this device."""
        return self.device.sessions.get(app)


Condition = Callable[[Scene], bool]


@dataclass(frozen=True, slots=True)
class Refusal:
    """The action is refused with `reason` when the condition holds. `notes` are what the person is told.

    Where the page leaves it to the system, the refusal is `tolerated`: it may come, and the action may go on without.
    """

    reason: str
    requirements: tuple[str, ...]
    when: Condition
    notes: Callable[[Scene], tuple[str, ...]] | None = None
    tolerated: bool = False


@dataclass(frozen=True, slots=True)
class Move:
    """A region of the account (or of the device, from the account's side) changes its named state."""

    region: str
    before: tuple[str, ...]
    after: str
    requirements: tuple[str, ...]
    when: Condition | None = None


@dataclass(frozen=True, slots=True)
class Duty:
    """Something that must be seen in the journal: a message of that kind, to that address, until that moment."""

    kind: str
    to: str
    requirements: tuple[str, ...]
    account: Account
    by: datetime


@dataclass(frozen=True, slots=True)
class Rule:
    """All that the tables say about one action.

    `app` is the app it happens in (`action` stands for the action's own `app` field, `None` for no app);
    `then` notes further facts when it was accepted; `owes` gives the duties that arise; `proves` says that the
    identity is proved by it, so that release and PIN letter are due.
    """

    requirements: tuple[str, ...]
    refusals: tuple[Refusal, ...] = ()
    moves: tuple[Move, ...] = ()
    app: str | None = None
    then: Callable[[Scene], None] | None = None
    owes: Callable[[Scene], tuple[Duty, ...]] | None = None
    notes: Callable[[Scene], tuple[str, ...]] | None = None
    on_refusal: Callable[[Scene, str], None] | None = None
    proves: bool = False


@dataclass(frozen=True, slots=True)
class Prediction:
    """How an action must end, and by which requirements."""

    outcome: Outcome
    requirements: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Deviation:
    """Something the rules do not allow: what was seen, what they say, by which requirements."""

    seen: str
    required: str
    requirements: tuple[str, ...]

    def __str__(self) -> str:
        return f"{self.seen}, the rules say {self.required} ({', '.join(self.requirements)})"


@dataclass
class Table:
    """Rules by action class. One for each part of the page."""

    title: str
    rules: dict[type[Action], Rule] = field(default_factory=dict)
