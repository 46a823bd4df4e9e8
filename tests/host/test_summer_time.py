"""Time in hosted worlds across the change to and from summer time: true time counts, not the clock on the wall."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from emulators.core.clock import BERLIN
from emulators.host.host import Host
from emulators.host.hosted import Hosted, Mode
from tests.until import until

from .conftest import Control, Meanwhile

FALL = datetime(2021, 10, 31, 2, 50, tzinfo=BERLIN)  # ten minutes before three, which is two once more
SPRING = datetime(2021, 3, 28, 1, 50, tzinfo=BERLIN)  # ten minutes before two, which is three


def noting(hosted: Hosted, delay: timedelta) -> list[str]:
    """When something happened that was due after `delay`, as soon as it has."""
    happened: list[str] = []
    clock = hosted.world.clock
    hosted.world.physics.later(delay, lambda: happened.append(clock.now.isoformat()), "it")
    return happened


@pytest.fixture
def fall() -> Hosted:
    return Host().create("fall", start=FALL)


def test_what_is_due_in_the_hour_that_comes_twice_happens_on_the_way(fall: Hosted) -> None:
    happened = noting(fall, timedelta(minutes=20))
    turns = iter(range(100))
    fall.advance_to(fall.world.clock.later(timedelta(hours=2)), lambda: next(turns) > 90)
    assert happened == ["2021-10-31T02:10:00+01:00"]
    assert fall.world.clock.now.isoformat() == "2021-10-31T03:50:00+01:00"


def test_the_second_time_that_it_is_half_past_two_the_first_one_has_passed(fall: Hosted) -> None:
    fall.advance_to(fall.world.clock.later(timedelta(minutes=40)))
    assert fall.world.clock.now.isoformat() == "2021-10-31T02:30:00+01:00"
    with pytest.raises(ValueError, match="has passed"):
        fall.advance_to(datetime(2021, 10, 31, 2, 45, tzinfo=BERLIN))
    fall.advance_to(datetime(2021, 10, 31, 2, 31, tzinfo=BERLIN, fold=1))


def test_the_next_event_is_as_far_away_as_it_truly_is() -> None:
    for start in (FALL, SPRING):
        world = Host().create("one", start=start)
        world.follow(Mode.REAL, 1.0, lambda: 0.0)
        noting(world, timedelta(minutes=20))
        assert world.due_in() == 20 * 60


def test_a_wait_within_some_days_ends_when_as_much_true_time_has_passed(control: Control, meanwhile: Meanwhile) -> None:
    control("POST", "/worlds", 201, json={"name": "one"})
    control("POST", "/worlds", 201, json={"name": "two"})
    there = control("POST", "/worlds/one/clock/advance", 200, json={"days": 7})["now"]
    assert there == "2021-03-30T10:00:00+02:00"
    wanted = {"event": "never", "within": {"days": 7}, "timeout": 30}
    assert control("POST", "/worlds/two/wait", 408, json={**wanted, "advance": True})["now"] == there
    control("POST", "/worlds", 201, json={"name": "three"})
    waiting = meanwhile("POST", "/worlds/three/wait", 408, json=wanted)
    until(lambda: waiting.done() or control("GET", "/worlds/three/clock", 200)["due"])
    assert control("GET", "/worlds/three/clock", 200)["due"][0]["at"] == there
    control("POST", "/worlds/three/clock/advance", 200, json={"days": 7})
    assert waiting.result()["detail"] == "virtual time is up"


def test_a_wait_may_hurry_through_the_hour_that_comes_twice(control: Control, host: Host) -> None:
    control("POST", "/worlds", 201, json={"name": "fall", "start": "2021-10-31T02:50:00+02:00"})
    noting(host.get("fall"), timedelta(minutes=20))
    told = control("POST", "/worlds/fall/wait", 408, json={"event": "x", "within": {"hours": 2}, "advance": True})
    assert (told["detail"], told["now"]) == ("virtual time is up", "2021-10-31T03:50:00+01:00")
