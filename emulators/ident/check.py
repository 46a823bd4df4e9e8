"""The data check: from the last picture to the result, with or without a human in between."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from functools import partial
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from emulators.core.clock import Timer

from .documents import Finding, Verdict, judge
from .faults import ManualReview, ProcessingTimeout, ResultLate, Revoked
from .states import SUCCESSES, State

if TYPE_CHECKING:
    from .case import Case

# What a finding makes of a case once all who look have looked. A human who sees the old name lets it pass.
_RESULTS: Final[Mapping[Finding, State]] = MappingProxyType(
    {
        Finding.PASSED: State.SUCCESS,
        Finding.REVIEW: State.SUCCESS,
        Finding.PASSED_WITH_CHANGES: State.SUCCESS_WITH_CHANGES,
        Finding.REJECTED: State.REJECTED,
    }
)


class DataCheck:
    """The check of one case. At most one timer runs; `stop()` takes it back."""

    def __init__(self, case: Case) -> None:
        self._case = case
        self._timer: Timer | None = None

    def start(self) -> None:
        """Begin to check what has been filmed."""
        case = self._case
        case.move(State.PROCESSING)
        hit = case.physics.faults.strike(case.channel, "result")
        with case.physics.bent_by(hit):
            match hit and hit.fault:
                case ResultLate(minutes=minutes):
                    self._finish_in(timedelta(minutes=minutes), None)
                case ManualReview(minutes=minutes):
                    self._finish_in(case.profile.check, timedelta(minutes=minutes))
                case ProcessingTimeout():
                    self._finish_in(timedelta.max, None)
                case _:
                    self._finish_in(case.profile.check, None)

    def stop(self) -> None:
        if self._timer is not None:
            self._timer.cancel()

    def _finish_in(self, duration: timedelta, review: timedelta | None) -> None:
        limit = self._case.profile.hard_limit
        if duration > limit:
            self._later(limit, partial(self._case.move, State.ERROR, "tech.processing_timeout"))
        else:
            self._later(duration, partial(self._decide, review))

    def _decide(self, review: timedelta | None) -> None:
        case = self._case
        verdict = judge(case.evidence, case.order, case.opened_at.date())
        if review is None and verdict.finding is not Finding.REVIEW:
            self._conclude(verdict)
            return
        reasons = verdict.reasons if verdict.finding is Finding.REVIEW else ("review.manual",)
        case.move(State.REVIEW, *reasons)
        self._later(review or case.profile.review, partial(self._conclude, verdict))

    def _conclude(self, verdict: Verdict) -> None:
        case = self._case
        if verdict.finding is not Finding.RETRY:
            case.move(_RESULTS[verdict.finding], *verdict.reasons)
        elif case.attempt < case.profile.attempts:
            case.move(State.RETRY, *verdict.reasons)
            case.begin_anew()
        else:
            case.move(State.REJECTED, *verdict.reasons, "policy.retry_limit")
        if case.state in SUCCESSES:
            self._may_be_revoked()

    def _may_be_revoked(self) -> None:
        case = self._case
        hit = case.physics.faults.strike(case.channel, "success")
        with case.physics.bent_by(hit):
            match hit and hit.fault:
                case Revoked(hours=hours):
                    self._later(timedelta(hours=hours), partial(case.move, State.REVOKED, "fraud.confirmed"))

    def _later(self, delay: timedelta, what: partial[None]) -> None:
        self._timer = self._case.physics.later(delay, what, f"check of case {self._case.case_id}")
