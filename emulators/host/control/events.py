"""Time and journal: move the clock, read what happened, wait for what is to come."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Annotated

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import PlainTextResponse

from emulators.core.clock import elapsed
from emulators.core.journal import Entry, to_jsonl
from emulators.world import World

from ..hosted import LAST_YEAR, Ended, Hosted, Mode
from ..waiting import Match, Wait, nearest
from .apart import apart
from .models import (
    ArmedFault,
    Awaited,
    ClockShown,
    DifferenceShown,
    Due,
    EntryShown,
    JournalShown,
    MissShown,
    Occurring,
    Running,
    Step,
    TimedOut,
    Until,
)
from .problems import MEDIA_TYPE, TooLate, answers
from .worlds import TheHost, TheWorld

router = APIRouter()

_CLOCK = answers(400, 401, 403, 404, 409, 410, 413, 422)
_MOST = 10_000
_MOST_KINDS = 30
_MOST_ARMED = 30
_STANDS_STILL = "; time stands still in this world until it is moved: by clock/advance, or by a wait with 'advance'"


@router.get("/worlds/{name}/clock", tags=["clock"], responses=answers(401, 403, 404, 422))
def show_clock(hosted: TheWorld) -> ClockShown:
    """What time it is there, how time runs, and what is due next."""
    return ClockShown.of(hosted)


@router.post("/worlds/{name}/clock/advance", tags=["clock"], responses=_CLOCK)
def advance(hosted: TheWorld, step: Step) -> ClockShown:
    """Move on, event by event. An empty step lets happen what is due now; 409 beyond the last year."""
    with _told():
        hosted.advance_to(_target(hosted.world, step))
    return ClockShown.of(hosted)


@router.post("/worlds/{name}/clock/until", tags=["clock"], responses=_CLOCK)
def advance_until(hosted: TheWorld, until: Until) -> ClockShown:
    """Move on to a moment; 409 if it has passed."""
    with _told():
        hosted.advance_to(until.at)
    return ClockShown.of(hosted)


@router.post("/worlds/{name}/clock/mode", tags=["clock"], responses=_CLOCK)
def run_clock(host: TheHost, hosted: TheWorld, running: Running) -> ClockShown:
    """Let time run: by steps, at a pace, or as real time does."""
    hosted.follow(Mode(running.mode), running.rate, host.monotonic)
    return ClockShown.of(hosted)


@router.get("/worlds/{name}/journal", tags=["journal"], responses=answers(401, 403, 404, 422))
def read_journal(
    hosted: TheWorld,
    after: Annotated[int, Query(ge=0, le=2**53, description="position to read on from")] = 0,
    limit: Annotated[int, Query(ge=1, le=_MOST)] = 1000,
    channel: Annotated[str | None, Query(description="only this emulator's entries")] = None,
    event: Annotated[str | None, Query(description="only entries of this event")] = None,
) -> JournalShown:
    """What happened, in order."""
    entries, position = _entries(hosted, after, limit, Match(channel, event))
    return JournalShown(entries=[EntryShown.of(entry) for entry in entries], position=position)


@router.get(
    "/worlds/{name}/journal.jsonl",
    tags=["journal"],
    response_class=PlainTextResponse,
    responses={200: {"content": {"application/jsonl": {"schema": {"type": "string"}}}}, **answers(401, 403, 404, 422)},
)
def read_journal_lines(
    hosted: TheWorld, after: Annotated[int, Query(ge=0, le=2**53, description="position to read on from")] = 0
) -> Response:
    """The journal as JSON Lines, one entry a line."""
    with hosted.world.physics.lock:
        entries = tuple(hosted.world.journal.since(after))
    return Response(to_jsonl(entries), media_type="application/jsonl")


@router.post(
    "/worlds/{name}/wait",
    tags=["journal"],
    response_model=EntryShown,
    responses=answers(400, 401, 403, 404, 408, 409, 410, 413, 422, on_408=TimedOut),
)
async def wait(request: Request, host: TheHost, hosted: TheWorld, awaited: Awaited) -> Response:
    """Wait for an entry of the journal. 408 says what came nearest and what is due next."""
    loop, over = asyncio.get_running_loop(), asyncio.Event()
    seconds = min(awaited.timeout, host.longest_wait)
    deadline = loop.time() + seconds
    waiting, target = await apart(lambda: _begin(hosted, awaited, lambda: loop.call_soon_threadsafe(over.set)))
    hurrying = apart(lambda: _hurry(hosted, waiting, target)) if awaited.advance and not waiting.over else None
    reason = "nobody waits any more"
    try:
        # Who hurries ends once the wait is over, with whatever that moment brings about.
        if await _ends(over.wait() if hurrying is None else hurrying, request, deadline - loop.time()):
            still = hosted.mode is Mode.STEPPED and not awaited.advance
            reason = f"nothing came within {seconds:g} seconds{_STANDS_STILL if still else ''}"
    finally:
        left = apart(lambda: hosted.leave(waiting, reason))
    await left
    if waiting.entry is not None:
        return _json(EntryShown.of(waiting.entry).model_dump_json(exclude_none=True))
    if hosted.ended is not None:
        raise Ended(hosted.ended)
    return await apart(lambda: _missed(hosted, waiting, awaited))


async def _ends(what: Awaitable[object], request: Request, seconds: float) -> bool:
    """Whether `what` did not come in so many seconds, nor did the client leave. Raises what it raises."""
    waited, left = asyncio.ensure_future(what), asyncio.ensure_future(_left(request))
    try:
        done, _ = await asyncio.wait({waited, left}, timeout=max(0.0, seconds), return_when=asyncio.FIRST_COMPLETED)
        if waited in done:
            with _told():
                waited.result()
        return not done
    finally:
        waited.cancel()
        left.cancel()


async def _left(request: Request) -> None:
    """Return once the client has closed its connection."""
    while (await request.receive())["type"] != "http.disconnect":
        pass


def _begin(hosted: Hosted, awaited: Awaited, tell: Callable[[], object]) -> tuple[Wait, datetime | None]:
    """Begin to wait; the moment up to which the world's time counts, if it does."""
    match = Match(awaited.channel, awaited.event, awaited.data, awaited.contains)
    with hosted.world.physics.lock:
        target = _target(hosted.world, awaited.within) if awaited.within else None
        within = elapsed(hosted.world.clock.now, target) if target and not awaited.advance else None
        return hosted.wait(match, awaited.after, within, tell), target


def _hurry(hosted: Hosted, waiting: Wait, target: datetime | None) -> None:
    """Move the world on until the wait is over, to `target`, or else until nothing is due any more."""
    hosted.advance_to(target, lambda: waiting.over)
    hosted.leave(waiting, "nothing is due any more" if target is None else "virtual time is up")


def _missed(hosted: Hosted, waiting: Wait, awaited: Awaited) -> Response:
    with hosted.world.physics.lock:
        clock, entries = hosted.world.clock, hosted.world.journal.entries
        due = [Due(at=at, what=what) for at, what in clock.upcoming(5)]
        armed = [ArmedFault.of(each) for each in hosted.world.faults.unspent]
        now = clock.now
    kinds = Counter((entry.channel, entry.event) for entry in entries)
    told = TimedOut(
        title="Request Timeout",
        status=408,
        detail=waiting.reason or "",
        nearest=[
            MissShown(
                entry=EntryShown.of(miss.entry),
                differs=[DifferenceShown(field=d.field, expected=d.expected, got=d.got) for d in miss.differs],
            )
            for miss in nearest(waiting.match, entries[awaited.after :])
        ],
        journal=[Occurring(channel=at, event=event, count=n) for (at, event), n in kinds.most_common(_MOST_KINDS)],
        armed=armed[:_MOST_ARMED],
        due=due,
        now=now,
        position=len(entries),
    )
    return _json(told.model_dump_json(), 408, MEDIA_TYPE)


def _json(content: str, status: int = 200, media_type: str = "application/json") -> Response:
    return Response(content, status, media_type=media_type)


def _entries(hosted: Hosted, after: int, limit: int, match: Match) -> tuple[list[Entry], int]:
    """Up to `limit` fitting entries, and the position of the last one looked at."""
    found: list[Entry] = []
    with hosted.world.physics.lock:
        position = min(after, len(hosted.world.journal))
        for entry in hosted.world.journal.since(after):
            if len(found) == limit:
                break
            position = entry.seq
            if match.fits(entry):
                found.append(entry)
    return found, position


def _target(world: World, step: Step) -> datetime:
    """The moment a step leads to. Raises `TooLate` beyond the last year."""
    with world.physics.lock:
        when = world.clock.later(step.duration)
        if step.workdays and when.year < LAST_YEAR:
            there = world.physics.workdays.add_to(when, step.workdays)
            when = there if elapsed(when, there) > timedelta(0) else when
    if when.year >= LAST_YEAR:
        raise TooLate(f"the clocks here end with the year {LAST_YEAR - 1}")
    return when


@contextmanager
def _told() -> Iterator[None]:
    """A moment that has passed is a conflict with the world's clock."""
    try:
        yield
    except ValueError as error:
        raise TooLate(str(error)) from error
