"""The night in which an hour comes twice: what is due in five minutes or within an hour is so in true time."""

from __future__ import annotations

from datetime import datetime, time, timedelta

import pytest

from emulators.core.clock import BERLIN
from emulators.core.physics import Physics
from emulators.post.letter import LetterStatus
from emulators.post.office import PostOffice
from emulators.post.profile import PostProfile
from tests.post.sender import order

# Sunday 31 October 2021: at three o'clock it becomes two again. Sunday 28 March: at two it becomes three.
BACK = datetime(2021, 10, 31, 2, 57, tzinfo=BERLIN)
AHEAD = datetime(2021, 3, 28, 1, 57, tzinfo=BERLIN)


def office_at(start: datetime, **profile: timedelta | time) -> PostOffice:
    physics = Physics(seed=1, start=start)
    physics.faults.declare("post", PostOffice.faults)
    return PostOffice(physics, PostProfile(**profile))  # type: ignore[arg-type]


@pytest.mark.parametrize("start", [BACK, AHEAD])
def test_a_letter_is_processed_after_five_minutes_also_when_the_clocks_change(start: datetime) -> None:
    office = office_at(start)
    clock = office.physics.clock
    sent = office.submit(order())
    assert (sent.status(clock.now), sent.reached(LetterStatus.PROCESSED, clock.now)) == (LetterStatus.ACCEPTED, None)
    clock.advance(timedelta(minutes=5))
    assert (sent.status(clock.now), sent.reached(LetterStatus.PROCESSED, clock.now)) == (
        LetterStatus.PROCESSED,
        clock.now,
    )


@pytest.mark.parametrize(("start", "minutes", "taken"), [(BACK, 59, False), (BACK, 61, True), (AHEAD, 59, False)])
def test_the_guard_against_duplicates_lasts_one_true_hour(start: datetime, minutes: int, taken: bool) -> None:
    office = office_at(start)
    office.submit(order(failsafe=True))
    office.physics.clock.advance(timedelta(minutes=minutes))
    again = office.submit(order(failsafe=True))
    assert [problem.code for problem in again.problems] == ([] if taken else ["E324"])


@pytest.mark.parametrize("start", [BACK, AHEAD])
def test_the_pause_between_two_queries_is_kept_in_true_time(start: datetime) -> None:
    office = office_at(start, status_interval=timedelta(minutes=10))
    assert office.may_query()
    office.physics.clock.advance(timedelta(minutes=9))
    assert not office.may_query()
    office.physics.clock.advance(timedelta(minutes=1))
    assert office.may_query()


def test_a_letter_that_the_centre_rejects_fails_once_more_as_long_after_it_came_there() -> None:
    office = office_at(BACK - timedelta(minutes=17))
    clock = office.physics.clock
    office.physics.faults.arm("post", "print_error")
    sent = office.submit(order())
    clock.advance(timedelta(hours=1, minutes=59))
    assert sent.status(clock.now) is LetterStatus.AT_PRINT_CENTRE
    clock.advance(timedelta(minutes=1))
    assert sent.status(clock.now) is LetterStatus.FAILED
