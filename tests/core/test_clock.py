import gc
import weakref
from datetime import datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from emulators.core.clock import BERLIN, Clock, MonotonicPace, Timer, elapsed, moment_after


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=BERLIN)


def test_the_world_begins_on_the_tuesday_of_the_source_page() -> None:
    assert Clock().now == at("2021-03-23T09:00")


def test_three_days_across_the_change_to_summer_time_are_72_true_hours() -> None:
    clock = Clock(at("2021-03-26T09:00"))
    began = clock.now.timestamp()
    clock.advance(timedelta(days=3))
    assert clock.now.timestamp() - began == 72 * 3600
    assert clock.now.isoformat() == "2021-03-29T10:00:00+02:00"


def test_true_time_is_counted_across_both_changes_of_the_clocks() -> None:
    before = datetime(2021, 10, 31, 2, 50, tzinfo=BERLIN)  # summer time still
    after = datetime(2021, 10, 31, 2, 10, fold=1, tzinfo=BERLIN)  # 20 minutes later
    assert elapsed(before, after) == timedelta(minutes=20)
    assert moment_after(before, timedelta(minutes=20)).isoformat() == after.isoformat() == "2021-10-31T02:10:00+01:00"
    spring = datetime(2021, 3, 28, 1, 30, tzinfo=BERLIN)
    assert moment_after(spring, timedelta(hours=3)).isoformat() == "2021-03-28T05:30:00+02:00"
    clock = Clock(before)
    assert not clock.has_passed(after)
    clock.advance(timedelta(minutes=30))
    assert clock.has_passed(after)


def test_events_of_one_moment_run_in_the_order_in_which_they_were_asked_for() -> None:
    clock, ran = Clock(), list[str]()
    clock.after(timedelta(minutes=2), lambda: ran.append("last"))
    for name in ("first", "second", "third"):
        clock.after(timedelta(minutes=1), lambda name=name: ran.append(name))  # type: ignore[misc]
    clock.advance(timedelta(hours=1))
    assert ran == ["first", "second", "third", "last"]


def test_each_event_sees_its_own_moment() -> None:
    clock, seen = Clock(), list[datetime]()
    clock.after(timedelta(minutes=7), lambda: seen.append(clock.now))
    clock.advance(timedelta(hours=1))
    assert seen == [at("2021-03-23T09:07")]
    assert clock.now == at("2021-03-23T10:00")


def test_an_event_asked_for_by_an_event_still_runs_within_the_step() -> None:
    clock, ran = Clock(), list[datetime]()
    clock.after(timedelta(minutes=1), lambda: clock.after(timedelta(minutes=1), lambda: ran.append(clock.now)))
    clock.advance(timedelta(minutes=2))
    assert ran == [at("2021-03-23T09:02")]


def test_what_is_to_happen_soon_waits_for_the_step_and_for_what_is_due_already() -> None:
    clock, seen = Clock(), list[str]()
    clock.after(timedelta(0), lambda: seen.append("due"))
    clock.soon(lambda: seen.append("soon"), "something soon")
    clock.after(timedelta(0), lambda: seen.append("later"))
    assert seen == []
    assert [label for _, label in clock.upcoming(3)] == ["", "something soon", ""]
    clock.settle()
    assert seen == ["due", "soon", "later"]


def test_a_cancelled_event_neither_runs_nor_is_due() -> None:
    clock, ran = Clock(), list[int]()
    timer = clock.after(timedelta(minutes=1), lambda: ran.append(1))
    timer.cancel()
    assert clock.next_due is None
    clock.advance(timedelta(minutes=5))
    assert ran == []


class Thing:
    """What a timer would do, and keeps as long as it may."""

    def happen(self) -> None:
        """Nothing at all."""


def test_a_cancelled_event_keeps_nothing_alive() -> None:
    clock, thing = Clock(), Thing()
    kept = weakref.ref(thing)
    timer = clock.after(timedelta(days=1), thing.happen)
    del thing
    assert kept() is not None
    timer.cancel()
    assert kept() is None


def test_cancelled_events_are_forgotten_although_time_stands_still() -> None:
    clock, stays = Clock(), list[int]()
    for number in range(50):
        clock.after(timedelta(days=2), lambda number=number: stays.append(number))  # type: ignore[misc]
    for _ in range(10_000):
        clock.after(timedelta(days=1), lambda: None, "left").cancel()
    assert sum(isinstance(each, Timer) and each.label == "left" for each in gc.get_objects()) <= 200
    assert len(clock.upcoming(1000)) == 50
    clock.advance(timedelta(days=3))
    assert stays == list(range(50))


def test_an_event_that_cancels_most_others_leaves_the_rest_in_order() -> None:
    clock, ran = Clock(), list[int]()
    timers = [
        clock.after(timedelta(minutes=1), lambda number=number: ran.append(number))  # type: ignore[misc]
        for number in range(1000)
    ]

    def cancel_most() -> None:
        for number, timer in enumerate(timers):
            if number % 10:
                timer.cancel()
        clock.soon(lambda: ran.append(-1))

    clock.after(timedelta(seconds=30), cancel_most)
    clock.advance(timedelta(minutes=1))
    assert ran == [-1, *range(0, 1000, 10)]


@given(st.lists(st.tuples(st.integers(0, 3), st.booleans()), max_size=600))
@settings(deadline=None, max_examples=50)
def test_however_many_are_cancelled_the_others_run_in_the_order_of_moment_and_asking(
    asked: list[tuple[int, bool]],
) -> None:
    clock, ran = Clock(), list[tuple[int, int]]()
    for order, (minutes, cancelled) in enumerate(asked):
        timer = clock.after(timedelta(minutes=minutes), lambda at=(minutes, order): ran.append(at))  # type: ignore[misc]
        if cancelled:
            timer.cancel()
    clock.advance(timedelta(minutes=5))
    assert ran == sorted((minutes, order) for order, (minutes, cancelled) in enumerate(asked) if not cancelled)


def test_what_should_have_happened_already_happens_at_once() -> None:
    clock, ran = Clock(), list[datetime]()
    clock.at(at("2021-03-01T00:00"), lambda: ran.append(clock.now))
    clock.settle()
    assert ran == [at("2021-03-23T09:00")]


def test_time_does_not_run_backwards() -> None:
    clock = Clock()
    with pytest.raises(ValueError, match="backwards"):
        clock.advance(timedelta(seconds=-1))
    with pytest.raises(ValueError, match="has passed"):
        clock.advance_to(at("2021-03-22T09:00"))


def test_a_moment_without_a_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="no time zone"):
        Clock().advance_to(datetime(2021, 4, 1))  # noqa: DTZ001  # the very thing that is refused


def test_a_paced_clock_runs_at_its_rate_from_the_moment_it_follows() -> None:
    wall = [100.0]
    pace = MonotonicPace(lambda: wall[0], rate=60)
    wall[0] += 5  # before the clock follows: does not count
    clock = Clock()
    clock.follow(pace)
    wall[0] += 2
    clock.tick()
    assert clock.now == at("2021-03-23T09:02")


def test_a_paced_clock_goes_on_after_a_step_by_hand() -> None:
    wall = [0.0]
    clock = Clock()
    clock.follow(MonotonicPace(lambda: wall[0]))
    clock.advance(timedelta(days=1))
    wall[0] += 60
    clock.tick()
    assert clock.now == at("2021-03-24T09:01")


def test_without_a_pace_a_tick_changes_nothing() -> None:
    clock = Clock()
    clock.follow(MonotonicPace(lambda: 0.0))
    clock.follow(None)
    clock.tick()
    assert clock.now == at("2021-03-23T09:00")


@pytest.mark.parametrize("rate", [0, -1])
def test_a_pace_must_move_forwards(rate: float) -> None:
    with pytest.raises(ValueError, match="positive"):
        MonotonicPace(lambda: 0.0, rate)


def test_upkeep_is_due_but_no_deed() -> None:
    clock = Clock()
    clock.after(timedelta(hours=1), lambda: None, upkeep=True)
    assert clock.next_due == clock.later(timedelta(hours=1))
    assert clock.next_deed is None
    clock.after(timedelta(hours=2), lambda: None)
    assert clock.next_deed == clock.later(timedelta(hours=2))


def test_what_would_be_due_after_the_end_of_the_calendar_never_is() -> None:
    clock, ran = Clock(datetime(9999, 12, 1, tzinfo=BERLIN)), list[str]()

    def again() -> None:
        ran.append("again")
        clock.after(timedelta(days=10), again)

    again()
    clock.advance(timedelta(days=28))
    assert len(ran) == 3
    with pytest.raises(ValueError, match="9999"):
        clock.advance(timedelta(days=10))


def test_a_clock_that_runs_stands_still_at_the_end_of_the_calendar() -> None:
    clock, seconds = Clock(datetime(9999, 12, 29, tzinfo=BERLIN)), [0.0]
    clock.follow(MonotonicPace(lambda: seconds[0]))
    seconds[0] = 1e7
    clock.tick()
    clock.tick()
    assert clock.now.year == 9999
