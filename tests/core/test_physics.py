import asyncio
from collections.abc import Callable
from datetime import datetime, timedelta
from queue import Queue
from threading import Event, Thread

import pytest

from emulators.core.faults import Armed, Fault
from emulators.core.journal import Cause
from emulators.core.physics import Physics


class Lost(Fault):
    """Gone."""

    point = "transit"


def test_what_happens_later_keeps_the_cause_of_the_moment_it_was_asked_for() -> None:
    physics = Physics()
    with physics.journal.because(Cause(step=2)):
        physics.later(timedelta(minutes=1), lambda: physics.journal.write("sms", "delivered"), "delivery")
    with physics.journal.because(Cause(step=3)):
        physics.advance_to(physics.clock.later(timedelta(minutes=5)))
    assert [e.cause.step for e in physics.journal.named("sms", "delivered")] == [2]


def test_an_errand_keeps_its_cause_too() -> None:
    physics = Physics()
    with physics.journal.because(Cause(step=7, fault="ident.late")):
        physics.send_out(lambda: physics.journal.write("ident", "webhook"))
    physics.happen()
    assert physics.journal.entries[0].cause == Cause(step=7, fault="ident.late")


def test_errands_run_at_the_moment_they_were_sent_out() -> None:
    physics, seen = Physics(), list[datetime]()
    moments = [physics.clock.later(timedelta(hours=h)) for h in (1, 2)]
    for moment in moments:
        physics.at(moment, lambda: physics.send_out(lambda: seen.append(physics.clock.now)), "webhook")
    end = physics.clock.later(timedelta(hours=5))
    physics.advance_to(end)
    assert seen == moments
    assert physics.clock.now == end


def test_an_errand_may_ask_for_something_that_still_falls_into_the_step() -> None:
    physics, seen = Physics(), list[datetime]()
    due = physics.clock.later(timedelta(minutes=10))
    physics.send_out(lambda: physics.at(due, lambda: seen.append(physics.clock.now), "retry"))
    physics.advance_to(physics.clock.later(timedelta(hours=1)))
    assert seen == [due]


def test_the_world_is_unlocked_while_an_errand_runs() -> None:
    physics, entered = Physics(), list[bool]()

    def come_back_in() -> None:
        entered.append(physics.lock.acquire(timeout=2))
        if entered[-1]:
            physics.lock.release()

    def errand() -> None:
        visitor = Thread(target=come_back_in)
        visitor.start()
        visitor.join()

    physics.later(timedelta(0), lambda: physics.send_out(errand), "webhook")
    physics.happen()
    assert entered == [True]


def test_the_world_does_not_go_back() -> None:
    physics = Physics()
    with pytest.raises(ValueError, match="has passed"):
        physics.advance_to(physics.clock.now - timedelta(days=1))


def test_a_struck_fault_is_named_within_its_block_only() -> None:
    physics = Physics()
    with physics.journal.because(Cause(step=1)), physics.bent_by(Armed("post", "lost", Lost())):
        physics.journal.write("post", "lost")
    with physics.bent_by(None):
        physics.journal.write("post", "posted")
    assert [e.cause for e in physics.journal.entries] == [Cause(1, "post.lost"), Cause()]


def test_each_part_draws_from_a_source_of_its_own() -> None:
    one, other = Physics(seed=5), Physics(seed=5)
    one.randomness("post").random()
    assert one.randomness("sms").random() == other.randomness("sms").random()
    assert one.randomness("sms").random() != one.randomness("post").random()
    assert one.randomness("sms").random() != Physics(seed=6).randomness("sms").random()


PATIENCE = 10.0  # seconds until a thread that never reports counts as stuck


def on_an_event_loop(what: Callable[[], object]) -> None:
    async def do() -> None:
        what()

    asyncio.run(do())


def test_the_thread_of_an_event_loop_does_not_wait_for_an_errand() -> None:
    physics, may_end, ended = Physics(), Event(), Event()

    def errand() -> None:
        may_end.wait(PATIENCE)
        ended.set()

    physics.later(timedelta(0), lambda: physics.send_out(errand), "webhook")
    on_an_event_loop(physics.happen)
    assert not ended.is_set()
    may_end.set()
    assert ended.wait(PATIENCE)


def test_who_may_wait_waits_for_the_errands_of_others_too() -> None:
    physics, begun, may_end, order = Physics(), Event(), Event(), list[str]()

    def slow() -> None:
        begun.set()
        may_end.wait(PATIENCE)
        order.append("slow")

    physics.send_out(slow)
    on_an_event_loop(physics.happen)
    begun.wait(PATIENCE)
    physics.send_out(lambda: order.append("quick"))
    Thread(target=may_end.set).start()
    physics.happen()
    assert order == ["slow", "quick"]


def test_what_an_errand_brings_about_happens_as_well() -> None:
    physics, told = Physics(), Queue[str]()
    again = "first", "second"

    def errand(number: int) -> Callable[[], None]:
        def run() -> None:
            told.put(again[number])
            if number == 0:
                physics.later(timedelta(0), lambda: physics.send_out(errand(1)), "retry")

        return run

    physics.send_out(errand(0))
    on_an_event_loop(physics.happen)
    assert [told.get(timeout=PATIENCE), told.get(timeout=PATIENCE)] == ["first", "second"]


def test_the_cause_of_a_couriers_errand_is_not_the_cause_of_what_happens_meanwhile() -> None:
    physics, begun, may_end, ended = Physics(), Event(), Event(), Event()

    def errand() -> None:
        begun.set()
        may_end.wait(PATIENCE)
        physics.journal.write("sms", "callback")
        ended.set()

    with physics.journal.because(Cause(step=2, fault="sms.late")):
        physics.send_out(errand)
    on_an_event_loop(physics.happen)
    begun.wait(PATIENCE)
    with physics.journal.because(Cause(step=3)):
        physics.journal.write("sms", "submitted")
        may_end.set()
        assert ended.wait(PATIENCE)
    physics.journal.write("sms", "delivered")
    assert [(e.event, e.cause) for e in physics.journal.entries] == [
        ("submitted", Cause(step=3)),
        ("callback", Cause(step=2, fault="sms.late")),
        ("delivered", Cause()),
    ]
