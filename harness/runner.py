"""Act, let the world happen, compare.

Each step of a row is carried out, the world is let happen, and what came of it is held against the prediction:
the outcome, every message that went out, and everything that is visible. The first deviation ends the run.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import TypeVar

from emulators.core.faults import UnknownFault
from emulators.core.journal import Cause, Entry, Journal
from emulators.core.outcome import Accepted, Outcome, Refused
from emulators.core.workdays import Workdays
from emulators.world import World
from harness.actions import WORLD
from harness.drivers import Driver
from harness.errors import BenchError, Mismatch, Violation
from harness.expecting import WORLD_FIELDS, count, same, word
from harness.facts import PhoneFacts
from harness.onboarding import Deviation, Prediction, Rules
from harness.onboarding.explaining import explain
from harness.person import Hands
from harness.pictures import Picture, letters_in
from harness.profile import InsurerProfile
from harness.scenario.steps import Act, ArmFault, Expect, Row, SetPhone, Step, Until, Wait
from harness.telling import title_of

T = TypeVar("T")
UP_AT = 9  # o'clock


@dataclass
class StepRecord:
    """What became of one step. `first_entry` and `last_entry` are the slice of the journal that it wrote."""

    number: int
    total: int
    step: Step
    title: str
    began: datetime
    ended: datetime
    first_entry: int
    last_entry: int
    status: str = "passed"  # passed | failed | broken
    outcome: Outcome | None = None
    predicted: Prediction | None = None
    message: str = ""


@dataclass
class Run:
    """A row, played. `touched` are the requirements whose rules took part on the way.

    `pictures` makes the pictures of what a person has seen, while the world is still there. `secrets` are kept out of
    whatever is told.
    """

    row: Row
    seed: int
    journal: Journal
    replay: str
    steps: list[StepRecord] = field(default_factory=list)
    failure: Exception | None = None
    touched: frozenset[str] = frozenset()
    pictures: Callable[[], Iterable[Picture]] = tuple
    secrets: frozenset[str] = frozenset()


def play(
    row: Row,
    world: World,
    driver: Driver,
    *,
    seed: int,
    replay: str = "",
    on_step: Callable[[StepRecord], None] | None = None,
) -> Run:
    """Play one row in an open world. A `Mismatch`, `Violation` or `BenchError` is found in `Run.failure`.

    `replay` is the command that plays this row again, for the reader of a failure; by default pytest's with the seed.
    """
    told = replay or replay_command(row, seed)
    run = Run(row, seed, world.journal, told, pictures=partial(letters_in, world), secrets=world.secrets)
    stage = _Stage(run, world, driver)
    for number, step in enumerate(row.steps, 1):
        record = stage.begin(number, step)
        try:
            stage.carry_out(record)
        except (Mismatch, Violation) as error:
            run.failure, record.status = error, "failed"
        except BenchError as error:
            run.failure, record.status = error, "broken"
        except Exception as error:  # a bug of ours or of the driver; it must not look like one of the system's
            run.failure, record.status = BenchError(stage.placed(record, f"{type(error).__name__}: {error}")), "broken"
            run.failure.__cause__ = error
        record.message = str(run.failure or "")
        stage.end(record)
        if on_step is not None:
            on_step(record)
        if run.failure is not None:
            break
    else:
        run.failure = stage.unspent()
    run.touched = frozenset(stage.rules.named)
    return run


class _Stage:
    """Everything that takes part in one run."""

    def __init__(self, run: Run, world: World, driver: Driver) -> None:
        self.run, self.world, self.driver = run, world, driver
        profile = InsurerProfile(**run.row.scenario.profile)
        self.workdays = Workdays(run.row.scenario.land, saturday=profile.saturday_is_workday)
        self.rules = Rules(
            profile, world.people, lambda by, on: PhoneFacts(world.phone(by, on)), world.clock.now, self.workdays
        )
        self.hands = Hands(world, driver, self.rules)

    def begin(self, number: int, step: Step) -> StepRecord:
        now, written = self.world.clock.now, len(self.world.journal)
        return StepRecord(number, len(self.run.row.steps), step, title_of(step), now, now, written, written)

    def end(self, record: StepRecord) -> None:
        record.ended, record.last_entry = self.world.clock.now, len(self.world.journal)
        self.run.steps.append(record)

    def carry_out(self, record: StepRecord) -> None:
        with self.world.journal.because(Cause(step=record.number)):
            match record.step:
                case Act():
                    self._act(record, record.step)
                case ArmFault() as fault:
                    self._arm(record, fault)
                case Wait(until_release_due=True):
                    self._wait_for_release(record)
                case Wait() as wait:
                    if wait.workdays:
                        self.world.advance_workdays(wait.workdays, self.workdays)
                    self.world.advance(wait.duration)
                    self._look_around(record, "person", "first")
                case Until() as until:
                    self._until(record, until)
                case SetPhone() as change:
                    self._set_phone(record, change)
                case Expect() as expect:
                    self._expect(record, expect)

    # -- a person acts --------------------------------------------------------------------------------------------

    def _act(self, record: StepRecord, step: Act) -> None:
        action = self._told(record, step, lambda: self.hands.concrete(step.action))
        predicted_as = self.hands.as_predicted(action)
        scene = self.rules.scene(predicted_as)
        facts = explain(scene)
        perform = self.hands.act if action.where == WORLD else self.driver.perform
        outcome = self._told(record, step, lambda: perform(action))
        self.world.happen()
        self.driver.settle()
        entries = list(self.world.journal.since(record.first_entry))
        self.world.journal.write("run", "step", action=action.verb, **action.changed(), outcome=str(outcome))
        late = self.rules.now(self.world.clock.now)
        prediction = self.rules.apply(predicted_as, entries, outcome)
        record.outcome, record.predicted = outcome, prediction
        self._compare_outcome(record, facts)
        self._hold(record, [*late, *self.rules.observe(entries), *self.rules.settled()], facts)
        self._asked_for(record, step)
        self._look_around(record, action.by, action.on, observed=True)

    def _told(self, record: StepRecord, step: Act, do: Callable[[], T]) -> T:
        """What `do` returns; its `BenchError` is told where the step stands."""
        try:
            return do()
        except BenchError as error:
            raise BenchError(self.placed(record, f"{step.place}: {error}")) from error

    def _compare_outcome(self, record: StepRecord, facts: str) -> None:
        outcome, prediction = record.outcome, record.predicted
        assert outcome is not None
        assert prediction is not None
        required = prediction.outcome
        if isinstance(outcome, Refused) and isinstance(required, Refused):
            same = outcome.reason == required.reason and set(required.notes) <= set(outcome.notes)
        else:
            same = type(outcome) is type(required) and set(required.notes) == set(outcome.notes)
        if not same:
            named = self._named(record, outcome, prediction)
            self._fail(record, Deviation(str(outcome), str(required), named), facts)

    def _named(self, record: StepRecord, outcome: Outcome, prediction: Prediction) -> tuple[str, ...]:
        """The requirements to name: those behind a wrong reason first, then those of the prediction."""
        wrong: tuple[str, ...] = ()
        if isinstance(outcome, Refused) and isinstance(record.step, Act):
            wrong = self.rules.behind(record.step.action, outcome.reason)
        return tuple(dict.fromkeys((*wrong, *prediction.requirements)))

    def _asked_for(self, record: StepRecord, step: Act) -> None:
        """What the file itself says of the outcome; the rules agree with the system, so the file is wrong.

        A refusal has to be stated (`refused: reason`): a scenario that was turned away unawares would test nothing.
        """
        outcome = record.outcome
        notes = set(outcome.notes) if outcome else set()
        as_told = outcome.reason in step.refused if isinstance(outcome, Refused) else not step.refused
        if not as_told or not set(step.accepted or ()) <= notes:
            wanted = " or ".join(str(Refused(reason)) for reason in step.refused) or str(Accepted(step.accepted or ()))
            text = f"{step.place}: the file says {wanted}; the system and the rules agree on: {outcome}"
            raise BenchError(self.placed(record, text))

    def _look_around(
        self, record: StepRecord, by: str, on: str, *, observed: bool = False, since: int | None = None
    ) -> None:
        """Take note of the journal (from entry `since` on, else all of the step's), of time, of what is visible."""
        deviations: list[Deviation] = []
        if not observed:
            entries: Sequence[Entry] = self.world.journal.since(record.first_entry if since is None else since)
            deviations += self.rules.observe(entries)
            deviations += self.rules.now(self.world.clock.now)
        deviations += self.rules.see(self.driver.look(by, on), by, on)
        self._hold(record, deviations)

    # -- other steps ----------------------------------------------------------------------------------------------

    def _arm(self, record: StepRecord, fault: ArmFault) -> None:
        try:
            self.world.faults.arm(fault.emulator, fault.kind, fault.parameters, nth=fault.nth, times=fault.times)
        except UnknownFault as error:
            raise BenchError(self.placed(record, f"{fault.place}: {error}")) from error

    def _wait_for_release(self, record: StepRecord) -> None:
        """To the moment at which a release would be overdue, for a look; then on to the hour at which people are up."""
        self.world.physics.advance_to(self.rules.release_overdue(self.world.clock.now))
        self._look_around(record, "person", "first")
        seen = len(self.world.journal)
        self.world.physics.advance_to(self.world.clock.now.replace(hour=UP_AT))
        self._look_around(record, "person", "first", since=seen)

    def _until(self, record: StepRecord, until: Until) -> None:
        try:
            self.world.physics.advance_to(until.moment)
        except ValueError as error:
            raise BenchError(self.placed(record, f"{until.place}: {error}")) from error
        self._look_around(record, "person", "first")

    def _set_phone(self, record: StepRecord, change: SetPhone) -> None:
        settings = dict(change.settings)
        if "enrolled" in settings:
            settings["enrolled"] = frozenset(settings["enrolled"])
        try:
            self.world.phone(change.by, change.on).set(**settings)
        except ValueError as error:
            raise BenchError(self.placed(record, f"{change.place}: {error}")) from error

    def _expect(self, record: StepRecord, expect: Expect) -> None:
        """What the system shows is right by the rules; whatever they do not permit is then a mistake of the file."""
        by, on = expect.by, expect.on
        view = self.driver.look(by, on)
        self._hold(record, self.rules.see(view, by, on))
        for name, wanted in expect.fields.items():
            seen = count(self.hands, name, by) if name in WORLD_FIELDS else getattr(view, name)
            permitted = self.rules.permitted(name, by, on)
            if same(seen, wanted) or (permitted is not None and seen is None):  # or the driver cannot see it
                continue
            if permitted is not None and not any(same(value, wanted) for value in permitted):
                agreed = f"the file says {name} = {word(wanted)}; the system and the rules agree on: {word(seen)}"
                raise BenchError(self.placed(record, f"{expect.place}: {agreed}"))
            told = f"{name} is {word(seen)}, the file says {word(wanted)}"
            raise Mismatch(self.placed(record, f"{told} ({', '.join(self.run.row.scenario.requirements)})"))

    # -- failing --------------------------------------------------------------------------------------------------

    def _hold(self, record: StepRecord, deviations: Sequence[Deviation], facts: str = "") -> None:
        if deviations:
            self._fail(record, deviations[0], facts)

    def _fail(self, record: StepRecord, deviation: Deviation, facts: str) -> None:
        raise Mismatch(self.placed(record, str(deviation), facts))

    def placed(self, record: StepRecord, text: str, facts: str = "") -> str:
        """The text as a reader needs it: which row and step, the facts, and the command that replays it."""
        step = record.step
        verb = step.action.verb if isinstance(step, Act) else type(step).__name__.lower()
        head = f"{self.run.row.title}, step {record.number} of {record.total}, {verb}: {text}"
        return "\n  ".join(part for part in (head, facts, f"replay: {self.run.replay}") if part)

    def unspent(self) -> BenchError | None:
        """A fault that was armed and never hit fails the scenario."""
        armed = self.world.faults.unspent
        if not armed:
            return None
        names = ", ".join(
            f"{a.name} (armed at step {a.cause.step}{f', {a.times} times left' if a.times > 1 else ''})" for a in armed
        )
        told = f"{self.run.row.title}: unspent fault, armed and never hit: {names}"
        return BenchError(f"{told}\n  replay: {self.run.replay}")


def replay_command(row: Row, seed: int, file: Path | None = None) -> str:
    """The command that plays exactly this row again; `file` is how the shell finds its file, if not by its name."""
    cover = " --cover all" if row.scenario.family else ""
    return f'pytest "{(file or row.scenario.file).as_posix()}::{row.name}" --seed {seed}{cover}'
