"""The insurer across the changes to and from summer time: what serves for days serves for days of 24 hours."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING

import pytest

from emulators.core.clock import BERLIN
from emulators.core.outcome import Accepted, Outcome, Refused
from harness import actions as act
from harness.profile import InsurerProfile

if TYPE_CHECKING:
    from tests.reference.conftest import Bench

Make = Callable[..., "Bench"]

DAYS = InsurerProfile().letter_code_days

AHEAD = datetime(2021, 3, 23, 9, 0, tzinfo=BERLIN)  # the clocks change five days later
BACK = datetime(2021, 10, 26, 9, 0, tzinfo=BERLIN)


@pytest.mark.parametrize("start", [AHEAD, BACK])
@pytest.mark.parametrize(("early", "outcome"), [(1, Accepted()), (0, Refused("code_expired"))])
def test_a_code_from_the_letter_serves_days_of_24_hours(
    make_bench: Make, start: datetime, early: int, outcome: Outcome
) -> None:
    bench = make_bench(start=start)
    bench.register()
    bench.done(act.RequestTan())
    bench.done(act.EnterTan(code=bench.tan), act.ConfirmEmail(link=bench.link))
    bench.done(act.RequestLetter())
    bench.wait(days=DAYS, minutes=-early)
    assert bench.do(act.EnterActivationCode(code=bench.from_letter("Aktivierungscode"))) == outcome


def test_a_case_is_asked_after_as_long_as_the_providers_link_lives(make_bench: Make) -> None:
    bench = make_bench(start=datetime(2021, 3, 20, 9, 0, tzinfo=BERLIN))
    bench.activate()  # takes seven days: the next night has an hour less
    bench.done(act.FollowIdentLink())
    bench.wait(hours=46, minutes=59, seconds=30)
    bench.world.faults.arm("ident", "webhook_lost")
    bench.film_newest()
    bench.wait(minutes=5)
    assert bench.view.identity == "running"
    bench.wait(hours=1)
    assert bench.view.identity == "passed"
