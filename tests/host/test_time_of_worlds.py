"""How time runs in hosted worlds, with a clock of our own in place of the machine's."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Event

import pytest

from emulators.core.clock import DEFAULT_START
from emulators.core.journal import Cause
from emulators.host.host import Host
from emulators.host.hosted import Hosted, Mode
from emulators.host.ticker import LONGEST, Ticker


class Watch:
    """Real seconds, as far as the test lets them pass."""

    def __init__(self) -> None:
        self.seconds = 1000.0

    def __call__(self) -> float:
        return self.seconds


@pytest.fixture
def watch() -> Watch:
    return Watch()


@pytest.fixture
def host(watch: Watch) -> Host:
    return Host(monotonic=watch)


def plan(hosted: Hosted, minutes: float) -> list[str]:
    """Something that happens in so many minutes of the world's time."""
    happened: list[str] = []
    hosted.world.physics.later(timedelta(minutes=minutes), lambda: happened.append("it"), "it")
    return happened


def test_a_stepped_world_stays_where_it_is(host: Host, watch: Watch) -> None:
    one = host.create("one")
    watch.seconds += 3600
    assert Ticker(host).step() is None
    one.tick()
    assert one.world.clock.now == DEFAULT_START


def test_a_paced_world_moves_on_by_its_rate_and_runs_what_is_due(host: Host, watch: Watch) -> None:
    one = host.create("one")
    one.follow(Mode.PACED, 60.0, watch)
    happened = plan(one, minutes=5)
    watch.seconds += 4.5
    Ticker(host).step()
    assert happened == []
    watch.seconds += 0.5
    Ticker(host).step()
    assert happened == ["it"]
    assert one.world.clock.now == DEFAULT_START + timedelta(minutes=5)


def test_the_ticker_rests_until_the_next_world_has_something_due_but_never_longer_than_its_limit(
    host: Host, watch: Watch
) -> None:
    slow, fast = host.create("slow"), host.create("fast")
    slow.follow(Mode.REAL, 1.0, watch)
    assert Ticker(host).step() == LONGEST
    fast.follow(Mode.PACED, 600.0, watch)
    plan(fast, minutes=5)
    assert Ticker(host).step() == pytest.approx(0.5)


def test_a_world_that_is_stepped_again_keeps_what_it_has_gained(host: Host, watch: Watch) -> None:
    one = host.create("one")
    one.follow(Mode.REAL, 9.0, watch)
    watch.seconds += 10
    one.follow(Mode.STEPPED, 1.0, watch)
    watch.seconds += 10
    one.tick()
    assert one.world.clock.now == DEFAULT_START + timedelta(seconds=10)
    assert one.rate == 0.0


def test_steps_come_on_top_of_the_pace(host: Host, watch: Watch) -> None:
    one = host.create("one")
    one.follow(Mode.REAL, 1.0, watch)
    one.advance_to(DEFAULT_START + timedelta(hours=1))
    watch.seconds += 60
    one.tick()
    assert one.world.clock.now == DEFAULT_START + timedelta(hours=1, minutes=1)


def test_a_world_that_breaks_does_not_stop_the_others(
    host: Host, watch: Watch, caplog: pytest.LogCaptureFixture
) -> None:
    broken, sound = host.create("broken"), host.create("sound")
    for each in (broken, sound):
        each.follow(Mode.REAL, 1.0, watch)
    broken.world.physics.later(timedelta(seconds=1), lambda: 1 / 0, "break")
    happened = plan(sound, minutes=1)
    watch.seconds += 60
    Ticker(host).step()
    assert happened == ["it"]
    assert "'broken' failed" in caplog.text


def test_a_world_of_which_nobody_can_say_when_it_goes_on_does_not_stop_the_others(
    host: Host, watch: Watch, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    def beyond() -> float:
        raise OverflowError("date value out of range")

    broken, sound = host.create("broken"), host.create("sound")
    for each in (broken, sound):
        each.follow(Mode.REAL, 1.0, watch)
    monkeypatch.setattr(broken, "due_in", beyond)
    happened = plan(sound, minutes=1)
    watch.seconds += 59.5
    ticker = Ticker(host)
    assert [ticker.step(), ticker.step()] == pytest.approx([0.5, 0.5])
    watch.seconds += 0.5
    ticker.step()
    assert happened == ["it"]
    assert caplog.text.count("'broken' failed") == 1


def test_what_fell_due_when_a_running_world_is_stepped_again_is_sent_out(host: Host, watch: Watch) -> None:
    one = host.create("one")
    one.follow(Mode.REAL, 1.0, watch)
    physics, sent = one.world.physics, []

    def could_come_in() -> bool:
        if not physics.lock.acquire(timeout=1):
            return False
        physics.lock.release()
        return True

    def webhook() -> None:
        with ThreadPoolExecutor(1) as receiver:  # who may well come back in, through a door
            sent.append(receiver.submit(could_come_in).result())

    physics.later(timedelta(seconds=5), lambda: physics.send_out(webhook), "webhook")
    watch.seconds += 10
    one.follow(Mode.STEPPED, 1.0, watch)
    assert sent == [True]


def test_moving_on_runs_each_errand_at_its_own_moment(host: Host) -> None:
    one = host.create("one")
    physics = one.world.physics
    seen = []
    for hours in (1, 2):
        physics.later(
            timedelta(hours=hours), lambda: physics.send_out(lambda: seen.append(physics.clock.now)), "webhook"
        )
    one.advance_to(DEFAULT_START + timedelta(hours=5))
    assert seen == [DEFAULT_START + timedelta(hours=1), DEFAULT_START + timedelta(hours=2)]
    assert one.world.clock.now == DEFAULT_START + timedelta(hours=5)


def test_moving_on_stops_early_when_told_so(host: Host) -> None:
    one = host.create("one")
    happened = plan(one, minutes=10)
    assert one.advance_to(DEFAULT_START + timedelta(days=1), lambda: bool(happened))
    assert one.world.clock.now == DEFAULT_START + timedelta(minutes=10)
    with pytest.raises(ValueError, match="has passed"):
        one.advance_to(DEFAULT_START)


def test_what_is_called_outside_is_no_cause_of_what_others_do_meanwhile(host: Host) -> None:
    """As a control request lets a world settle on its thread, while a door goes on."""
    one = host.create("one")
    physics = one.world.physics
    called, answered = Event(), Event()

    def call() -> None:
        called.set()
        answered.wait(10)

    with physics.journal.because(Cause(fault="sms.callback_twice")):
        physics.send_out(call)
    with ThreadPoolExecutor(1) as control:
        settling = control.submit(one.settle)
        assert called.wait(10)
        physics.journal.write("branch", "request.of.somebody.else")
        answered.set()
        settling.result(10)
    assert [entry.cause for entry in physics.journal.named("branch", "request.of.somebody.else")] == [Cause()]
