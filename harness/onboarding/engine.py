"""Rules at work: predict an action's end, take note of what happened, say what must be visible."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime

from emulators.core.journal import Entry
from emulators.core.outcome import Accepted, Outcome, Refused
from emulators.core.person import Person
from emulators.core.workdays import Workdays
from harness.actions import Action
from harness.drivers import View
from harness.errors import BenchError
from harness.profile import InsurerProfile

from .account import ACCOUNT
from .apps import APPS, app_refusals, ecare_session
from .branch import BRANCH
from .cards import CARDS
from .contact import CONTACT
from .identity import IDENTITY
from .observing import Debts, Observer
from .releasing import release_overdue
from .rows import Deviation, Move, Prediction, Refusal, Rule, Scene, Table
from .seeing import Sight, changed, compare, permitted, told_of_release
from .setup import SETUP
from .situation import Account, CardFacts, DeviceFacts, Situation

TABLES: tuple[Table, ...] = (APPS, ACCOUNT, CONTACT, IDENTITY, BRANCH, SETUP, CARDS)
RULES: Mapping[type[Action], Rule] = {action: rule for table in TABLES for action, rule in table.rules.items()}

# Refusals that follow from an action's app, made once for each app.
_APP_REFUSALS: Mapping[str, tuple[Refusal, ...]] = {app: app_refusals(app) for app in ("barmer", "ecare")}


def refusals_of(rule: Rule, action: Action | None = None) -> tuple[Refusal, ...]:
    """All refusals of a rule in their order; those of the app come first."""
    app = getattr(action, "app", None) if rule.app == "action" else rule.app
    return (*_APP_REFUSALS.get(app or "", ()), *rule.refusals)


class Rules:
    """The rules of one world: pure state, no I/O. `phone` gives the facts of a phone by role and which.

    `named` gathers the requirements whose rows took part: those of predictions and moves, of duties that were
    fulfilled, and of fields of the view that changed.
    """

    def __init__(
        self,
        profile: InsurerProfile,
        people: Mapping[str, Person],
        phone: Callable[[str, str], DeviceFacts],
        now: datetime,
        workdays: Workdays | None = None,
    ) -> None:
        accounts = {role: Account(role, person, CardFacts(person.card)) for role, person in people.items()}
        calendar = workdays or Workdays(saturday=profile.saturday_is_workday)
        self.situation = Situation(profile, accounts, {}, phone, now, calendar)
        self.named: set[str] = set()
        self.debts = Debts([], self.named)
        self._seen: dict[tuple[str, str], View] = {}
        self.observer = Observer(self.situation, self.debts)

    def scene(self, action: Action, entries: Sequence[Entry] = ()) -> Scene:
        device = self.situation.device(action.by, action.on)
        struck = frozenset(
            f"{e.data['emulator']}.{e.data['kind']}" for e in entries if e.channel == "fault" and e.event == "struck"
        )
        return Scene(self.situation, action, self.situation.accounts[action.by], device, entries, struck)

    def predict(self, action: Action, entries: Sequence[Entry] = ()) -> Prediction:
        """How the action must end now. `entries` are the journal of its course, for the faults that bent it.

        Raises `BenchError` for an action that no table knows.
        """
        return self._predict(self.scene(action, entries))

    def _predict(self, scene: Scene, outcome: Outcome | None = None) -> Prediction:
        """A refusal that is only tolerated is predicted if `outcome` is just that."""
        rule = self._rule(scene.action)
        reason = outcome.reason if isinstance(outcome, Refused) else ""
        for refusal in refusals_of(rule, scene.action):
            if (not refusal.tolerated or refusal.reason == reason) and refusal.when(scene):
                notes = refusal.notes(scene) if refusal.notes else ()
                return Prediction(Refused(refusal.reason, notes), refusal.requirements)
        notes = rule.notes(scene) if rule.notes else ()
        return Prediction(Accepted(notes), rule.requirements)

    def apply(self, action: Action, entries: Sequence[Entry] = (), outcome: Outcome | None = None) -> Prediction:
        """Predict the action and take note of its end: states move, facts change, duties arise.

        `outcome` is how it did end: it decides where the tables leave the end to the system.
        """
        scene = self.scene(action, entries)
        rule, prediction = self._rule(action), self._predict(scene, outcome)
        self.named.update(prediction.requirements)
        if isinstance(prediction.outcome, Refused):
            if rule.on_refusal:
                rule.on_refusal(scene, prediction.outcome.reason)
            return prediction
        moves = [m for m in rule.moves if m.when is None or m.when(scene)]
        for move in moves:
            self._move(scene, move)
            self.named.update(move.requirements)
        if rule.then:
            rule.then(scene)
        self._check_device(scene, moves)
        if rule.proves:
            self.observer.prove(scene.account, scene.now)
        if rule.owes:
            self.debts.open.extend(rule.owes(scene))
        return prediction

    def behind(self, action: Action, reason: str) -> tuple[str, ...]:
        """The requirements by which that action may be refused with `reason`; none for a reason of no table."""
        rows = refusals_of(self._rule(action), action)
        return tuple(dict.fromkeys(r for row in rows if row.reason == reason for r in row.requirements))

    def observe(self, entries: Iterable[Entry]) -> list[Deviation]:
        """Take note of journal entries; returns what the rules do not allow in them."""
        return [deviation for entry in entries for deviation in self.observer.observe(entry)]

    def release_overdue(self, moment: datetime) -> datetime:
        """The first moment at which a release of what was proved at `moment` is too late."""
        return release_overdue(self.situation, moment)

    def now(self, moment: datetime) -> list[Deviation]:
        """Time has moved on; returns the duties that are overdue."""
        self.situation.now = moment
        return self.debts.overdue(moment)

    def settled(self) -> list[Deviation]:
        """Nothing is in flight any more; returns the duties of this very moment that are not fulfilled."""
        return self.debts.overdue(self.situation.now, settled=True)

    def see(self, view: View, by: str = "person", on: str = "first") -> list[Deviation]:
        """Hold what is visible against the rules."""
        before = self._seen.get((by, on))
        self._seen[by, on] = view
        if before is not None and view != before:
            self.named.update(changed(before, view))
        sight = self._sight(by, on)
        found = compare(sight, view)
        if told_of_release(sight, view):
            self.named.add("REL-02")
        return found

    def permitted(self, field: str, by: str = "person", on: str = "first") -> tuple[object, ...] | None:
        """What that field of the view may show now; `None` where the rules do not say."""
        return permitted(self._sight(by, on), field)

    def _sight(self, by: str, on: str) -> Sight:
        return Sight(self.situation, self.situation.accounts[by], self.situation.device(by, on))

    @staticmethod
    def _rule(action: Action) -> Rule:
        try:
            return RULES[type(action)]
        except KeyError:
            raise BenchError(f"no table has a rule for the action '{action.verb}'") from None

    def _move(self, scene: Scene, move: Move) -> None:
        state = scene.account.state
        if move.region in state:
            if state[move.region] not in move.before:
                raise BenchError(f"{scene.action.verb}: {move.region} is {state[move.region]}, not {move.before}")
            state[move.region] = move.after

    def _check_device(self, scene: Scene, moves: Iterable[Move]) -> None:
        """The tables' word on a device's state and the facts must agree."""
        for move in moves:
            if move.region in _DEVICE_STATE and _DEVICE_STATE[move.region](scene) != move.after:
                found = _DEVICE_STATE[move.region](scene)
                raise BenchError(f"{scene.action.verb}: the tables say {move.region} is {move.after}, it is {found}")


def _binding(scene: Scene) -> str:
    if scene.device.bound_to is not scene.account:
        return "unbound"
    return "released" if scene.device.released_for is scene.account else "bound"


def _session(app: str) -> Callable[[Scene], str]:
    def state(scene: Scene) -> str:
        if scene.device.sessions.get(app) is not scene.account:
            return "closed"
        return ecare_session(scene.account, scene.device) if app == "ecare" else "open"

    return state


_DEVICE_STATE: Mapping[str, Callable[[Scene], str]] = {
    "binding": _binding,
    "barmer": _session("barmer"),
    "ecare": _session("ecare"),
}
