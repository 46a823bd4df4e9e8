from datetime import datetime, timedelta
from threading import Thread

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
