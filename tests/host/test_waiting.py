"""Waiting for an entry of the journal, and the nearest misses."""

from __future__ import annotations

from datetime import timedelta

import pytest

from emulators.host.host import Host
from emulators.host.hosted import Hosted
from emulators.host.waiting import Match, nearest


@pytest.fixture
def world() -> Hosted:
    return Host().create("one")


def write(hosted: Hosted, channel: str, event: str, **data: object) -> None:
    with hosted.world.physics.lock:
        hosted.world.journal.write(channel, event, **data)


@pytest.mark.parametrize(
    ("match", "fits"),
    [
        (Match(channel="sms"), True),
        (Match(channel="mail"), False),
        (Match("sms", "delivered", {"to": "+49"}), True),
        (Match("sms", "delivered", {"to": "+48"}), False),
        (Match(data={"sid": None}), False),
        (Match(contains={"body": "123"}), True),
        (Match(contains={"body": "124"}), False),
        (Match(contains={"subject": "x"}), False),
    ],
)
def test_a_match_wants_all_that_it_says(world: Hosted, match: Match, fits: bool) -> None:
    write(world, "sms", "delivered", to="+49", body="Code 1234")
    entry = world.world.journal.entries[-1]
    assert match.fits(entry) is fits
    assert (match.differences(entry) == ()) is fits


def test_what_is_there_already_ends_a_wait_at_once_unless_it_lies_before(world: Hosted) -> None:
    write(world, "sms", "delivered", to="+49")
    told: list[int] = []
    assert world.wait(Match(event="delivered"), 0, None, lambda: told.append(1)).entry is not None
    later = world.wait(Match(event="delivered"), 1, None, lambda: told.append(2))
    assert (later.entry, told) == (None, [1])
    write(world, "sms", "delivered", to="+48")
    assert later.entry is not None
    assert later.entry.data == {"to": "+48"}
    assert told == [1, 2]
    write(world, "sms", "delivered", to="+47")
    assert told == [1, 2]


def test_a_wait_ends_when_the_worlds_clock_has_moved_on(world: Hosted) -> None:
    wait = world.wait(Match(event="delivered"), 0, timedelta(minutes=10), lambda: None)
    world.world.advance(timedelta(minutes=9))
    assert not wait.over
    world.world.advance(timedelta(minutes=1))
    assert wait.reason == "virtual time is up"


def test_what_came_in_time_leaves_no_timer_behind(world: Hosted) -> None:
    wait = world.wait(Match(event="delivered"), 0, timedelta(minutes=10), lambda: None)
    write(world, "sms", "delivered")
    assert wait.entry is not None
    assert world.world.clock.upcoming(5) == []


def test_the_nearest_misses_differ_least_and_the_newest_comes_first(world: Hosted) -> None:
    write(world, "sms", "delivered", to="+49", n=1)
    write(world, "sms", "delivered", to="+48", n=1)
    write(world, "mail", "lost", to="+47")
    write(world, "sms", "delivered", to="+48", n=2)
    misses = nearest(Match("sms", "delivered", {"to": "+50", "n": 1}), world.world.journal.entries)
    assert [miss.entry.seq for miss in misses] == [2, 1, 4]
    assert misses[0].differs == (("data.to", "+50", "+48"),)
