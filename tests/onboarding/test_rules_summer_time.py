"""The rules across the changes to and from summer time: they count true time, as the world does."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from emulators.core.clock import BERLIN, moment_after
from emulators.core.outcome import Outcome, Refused
from harness import actions as do
from harness.drivers import View
from harness.onboarding.rows import Duty
from harness.onboarding.situation import Issued
from harness.profile import InsurerProfile
from tests.onboarding.test_rules import rules, walk

DAYS = InsurerProfile().letter_code_days

# Sunday 31 October 2021: at three o'clock it becomes two again. Sunday 28 March: at two it becomes three.
BACK = datetime(2021, 10, 31, 2, 30, tzinfo=BERLIN)
AHEAD = datetime(2021, 3, 28, 1, 30, tzinfo=BERLIN)


@pytest.mark.parametrize("posted", [BACK - timedelta(days=3), AHEAD - timedelta(days=3)])
@pytest.mark.parametrize(("early", "reason"), [(1, "code_wrong"), (0, "code_expired")])
def test_a_code_from_the_letter_serves_days_of_24_hours(posted: datetime, early: int, reason: str) -> None:
    subject = rules()
    account = subject.situation.accounts["person"]
    walk(subject, "pending", "none", "none", running=True)
    account.state.update({"email": "confirmed", "mobile": "confirmed", "letter": "sent"})
    account.letter = Issued("WXYZ2345", posted, "")
    subject.now(moment_after(posted, timedelta(days=DAYS, minutes=-early)))
    assert reason_of(subject.predict(do.EnterActivationCode(code="falsch")).outcome) == reason


def reason_of(outcome: Outcome) -> str:
    return outcome.reason if isinstance(outcome, Refused) else "accepted"


@pytest.mark.parametrize(("minutes", "late"), [(-1, 0), (0, 0), (1, 1), (40, 1)])
def test_a_duty_of_the_hour_that_comes_twice_is_overdue_a_minute_later(minutes: int, late: int) -> None:
    subject = rules()
    account = subject.situation.accounts["person"]
    subject.debts.open.append(Duty("sms_tan", "", ("TAN-01",), account, BACK))
    assert len(subject.now(moment_after(BACK, timedelta(minutes=minutes)))) == late


def test_a_duty_of_this_very_moment_is_overdue_once_all_has_settled() -> None:
    subject = rules()
    account = subject.situation.accounts["person"]
    subject.debts.open.append(Duty("sms_tan", "", ("TAN-01",), account, BACK))
    assert subject.now(BACK) == []
    assert len(subject.settled()) == 1


@pytest.mark.parametrize("decided", [BACK, AHEAD])
@pytest.mark.parametrize(("minutes", "running"), [(-1, True), (1, False)])
def test_a_bent_decision_may_stay_unknown_for_the_true_hours_of_the_profile(
    decided: datetime, minutes: int, running: bool
) -> None:
    subject = rules()
    account = subject.situation.accounts["person"]
    account.state["identity"] = "passed"
    account.lag, account.decided_at = "IDN-10", decided
    hours = subject.situation.profile.ident_lag_hours
    subject.now(moment_after(decided, timedelta(hours=hours, minutes=minutes)))
    deviations = [str(each) for each in subject.see(View(identity="running")) if "identity" in str(each)]
    assert (deviations == []) is running
