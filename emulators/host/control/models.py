"""What the control API takes and gives. Bodies are strict: an unknown field or a number in quotes is an error."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, JsonValue, StringConstraints, WithJsonSchema

from emulators.core.clock import BERLIN
from emulators.core.faults import Armed
from emulators.core.journal import Entry, to_jsonl
from emulators.core.workdays import LAENDER

from ..host import NAME
from ..hosted import LAST_YEAR, Hosted, Mode

# RFC 3339 with an offset, in the years 1970 to 2099, every date a real one.
_DAY = (
    r"((19[7-9][0-9]|20[0-9]{2})-((0[1-9]|1[0-2])-(0[1-9]|1[0-9]|2[0-8])|(0[13-9]|1[0-2])-(29|30)|(0[13578]|1[02])-31)"
    r"|(19(7[26]|8[048]|9[26])|20([02468][048]|[13579][26]))-02-29)"
)
_RFC3339 = rf"^{_DAY}T([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](\.[0-9]{{1,6}})?(Z|[+-](0[0-9]|1[0-3]):[0-5][0-9])$"


def _moment(value: object) -> datetime:
    if not isinstance(value, str) or not re.fullmatch(_RFC3339, value, re.ASCII):
        raise ValueError(
            f"must be a date of the years 1970 to {LAST_YEAR - 1} and a time with an offset, "
            "such as 2021-03-26T11:00:00+01:00"
        )
    return datetime.fromisoformat(value).astimezone(BERLIN)


def _whole(value: object) -> object:
    """In JSON 5.0 is an integer."""
    return int(value) if isinstance(value, float) and value.is_integer() else value


Moment = Annotated[
    datetime,
    BeforeValidator(_moment),
    WithJsonSchema({"type": "string", "pattern": _RFC3339, "examples": ["2021-03-26T11:00:00+01:00"]}),
]
Integral = BeforeValidator(_whole)
WorldName = Annotated[str, StringConstraints(pattern=f"^{NAME.pattern}$")]
Word = Annotated[str, StringConstraints(min_length=1, max_length=200)]
Land = Literal[LAENDER]  # type: ignore[valid-type]  # one list of Länder, not two


class Body(BaseModel):
    """A request's body."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class WorldShown(BaseModel):
    """A world: its credentials (TEST ONLY) choose it at every door, and so does its mail domain."""

    name: str
    seed: int
    now: datetime
    mode: Mode
    rate: Annotated[float, Field(description="virtual seconds a real second; 0 while time is stepped")]
    mail_domain: str
    credentials: dict[str, str]
    people: list[str]
    journal: Annotated[int, Field(description="entries in the journal; the position to wait or read from")]
    armed: Annotated[int, Field(description="faults that have not struck yet")]

    @classmethod
    def of(cls, hosted: Hosted) -> WorldShown:
        world = hosted.world
        with world.physics.lock:
            return cls(
                name=hosted.name,
                seed=world.physics.seed,
                now=world.clock.now,
                mode=hosted.mode,
                rate=hosted.rate,
                mail_domain=world.mail_domain,
                credentials=hosted.keys,
                people=list(world.people),
                journal=len(world.journal),
                armed=len(world.faults.unspent),
            )


class NewPerson(Body):
    """Somebody to settle in: `role` is what this person is called here; a child comes with a `guardian`."""

    role: Word = "person"
    persona: Annotated[Word, Field(description="see `pruefstand people`")] = "adult"
    device: Annotated[Word | None, Field(description="the first phone of this person, such as pixel-6")] = None


class NewFault(Body):
    """A fault to arm for `times` events in a row at its point, beginning with the `nth`."""

    emulator: Word
    kind: Word
    parameters: dict[str, JsonValue] = Field(default_factory=dict)
    nth: Annotated[int, Field(ge=1, le=1_000_000), Integral] = 1
    times: Annotated[int, Field(ge=1, le=1_000_000), Integral] = 1


class FaultKind(BaseModel):
    """A kind of fault, and the JSON Schema of its parameters."""

    about: str
    point: str
    parameters: dict[str, Any]


class ArmedFault(BaseModel):
    emulator: str
    kind: str
    nth: Annotated[int, Field(description="events at its point until it strikes; less than 1 once it has")]
    times: Annotated[int, Field(description="how many events it is still to strike")]
    parameters: dict[str, Any]

    @classmethod
    def of(cls, armed: Armed) -> ArmedFault:
        parameters = armed.fault.model_dump(mode="json")
        return cls(emulator=armed.emulator, kind=armed.kind, nth=armed.nth, times=armed.times, parameters=parameters)


class FaultsShown(BaseModel):
    """What can be armed, by emulator and kind, and what is."""

    catalogue: dict[str, dict[str, FaultKind]]
    armed: list[ArmedFault]


class Step(Body):
    """How far to move: the parts add up; working days come last and keep the hour."""

    days: Annotated[int, Field(ge=0, le=3660), Integral] = 0
    hours: Annotated[int, Field(ge=0, le=100_000), Integral] = 0
    minutes: Annotated[int, Field(ge=0, le=1_000_000), Integral] = 0
    seconds: Annotated[int, Field(ge=0, le=10_000_000), Integral] = 0
    workdays: Annotated[int, Field(ge=0, le=2500), Integral] = 0

    @property
    def duration(self) -> timedelta:
        return timedelta(days=self.days, hours=self.hours, minutes=self.minutes, seconds=self.seconds)


class Until(Body):
    """The moment to move on to."""

    at: Moment


class Running(Body):
    """How time is to run: `stepped`, `paced` at `rate` virtual seconds a second, or `real`."""

    mode: Literal["stepped", "paced", "real"]
    rate: Annotated[float, Field(gt=0, le=1_000_000)] = 60.0


class Due(BaseModel):
    """Something that will happen."""

    at: datetime
    what: str


class ClockShown(BaseModel):
    """The clock, and what is due next."""

    now: datetime
    mode: Mode
    rate: float
    due: list[Due]

    @classmethod
    def of(cls, hosted: Hosted) -> ClockShown:
        with hosted.world.physics.lock:
            clock = hosted.world.clock
            clock.tick()
            due = [Due(at=at, what=what) for at, what in clock.upcoming(10)]
            return cls(now=clock.now, mode=hosted.mode, rate=hosted.rate, due=due)


class EntryShown(BaseModel):
    """An entry of the journal; `step` and `fault` are its cause, where it has one."""

    seq: int
    at: datetime
    channel: str
    event: str
    step: int | None = None
    fault: str | None = None
    data: dict[str, Any]

    @classmethod
    def of(cls, entry: Entry) -> EntryShown:
        return cls.model_validate_json(to_jsonl((entry,)))  # for what JSON has no form of, the journal's own


class JournalShown(BaseModel):
    """Entries in order. `position` is where to read on from."""

    entries: list[EntryShown]
    position: int


class Awaited(Body):
    """What to wait for among the entries after position `after`, and how long.

    `data` fits by equality, `contains` by a text that occurs in the field. `timeout` counts real seconds, `within`
    the world's time. With `advance` the world is moved on, event by event, until it comes or `within` has passed.
    """

    channel: Word | None = None
    event: Word | None = None
    data: dict[str, JsonValue] = Field(default_factory=dict)
    contains: dict[str, str] = Field(default_factory=dict)
    after: Annotated[int, Field(ge=0, le=2**53), Integral] = 0
    timeout: Annotated[float, Field(ge=0, le=300)] = 5.0
    within: Step | None = None
    advance: bool = False


class DifferenceShown(BaseModel):
    field: str
    expected: Any
    got: Any


class MissShown(BaseModel):
    """An entry that came near, and where it differs."""

    entry: EntryShown
    differs: list[DifferenceShown]


class Problem(BaseModel):
    """An error, in the form of RFC 9457."""

    type: str = "about:blank"
    title: str
    status: int
    detail: str


class Mistake(BaseModel):
    field: str
    problem: str


class Invalid(Problem):
    """A request that does not fit its description, with each mistake in it."""

    errors: list[Mistake] = Field(default_factory=list)


class Occurring(BaseModel):
    """A kind of entry, and how many of it there are."""

    channel: str
    event: str
    count: int


class TimedOut(Problem):
    """Nothing came: the nearest misses, what there is instead, what is due next, and where the journal stands."""

    nearest: list[MissShown]
    journal: Annotated[list[Occurring], Field(description="what the whole journal has most of")]
    armed: Annotated[list[ArmedFault], Field(description="faults that have not struck yet")]
    due: list[Due]
    now: datetime
    position: int


class SmsShown(BaseModel):
    sid: str
    sender: str
    body: str
    received_at: datetime
    codes: list[str]


class MailShown(BaseModel):
    id: str
    folder: str
    sender: str
    subject: str
    received_at: datetime
    text: str
    links: list[str]
    visible_links: list[str] = Field(description="those of which the person sees something to click")


class LetterShown(BaseModel):
    letter_id: str
    reference: str
    delivered_at: datetime | None
    opened: bool
    pages: list[str]
    codes: Annotated[list[str], Field(description="what a camera reads off its QR codes")]


class StrangerShown(BaseModel):
    surface: str
    account: str | None


class EndpointsShown(BaseModel):
    """Where the doors are."""

    doors: dict[str, str]
    worlds: int
    strangers: Annotated[list[StrangerShown], Field(description="the last callers that no world knew")]


class Health(BaseModel):
    status: Literal["ok"] = "ok"
    worlds: int
