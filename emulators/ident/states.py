"""The states of a case, what may follow what, and how long things take.

Source: contract `ident/v1`, table of states.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from types import MappingProxyType
from typing import Final, Literal


class State(StrEnum):
    CREATED = "CREATED"
    OPENED = "OPENED"
    CARD_BOUND = "CARD_BOUND"
    IN_APP = "IN_APP"
    CAPTURING = "CAPTURING"
    PROCESSING = "PROCESSING"
    REVIEW = "REVIEW"
    RETRY = "RETRY"
    SUCCESS = "SUCCESS"
    SUCCESS_WITH_CHANGES = "SUCCESS_WITH_CHANGES"
    REJECTED = "REJECTED"
    CANCELLED = "CANCELLED"
    ABANDONED = "ABANDONED"
    EXPIRED = "EXPIRED"
    ERROR = "ERROR"
    REVOKED = "REVOKED"


S = State
_NOTHING: Final[frozenset[State]] = frozenset()

# The contract's table, with what its text asks for beyond it: the partner may cancel from OPENED, CARD_BOUND and
# RETRY too, a case left in RETRY expires like an unused link, and `strict` leaving ends PROCESSING.
NEXT: Final[Mapping[State, frozenset[State]]] = MappingProxyType(
    {
        S.CREATED: frozenset({S.OPENED, S.CANCELLED, S.EXPIRED}),
        S.OPENED: frozenset({S.CARD_BOUND, S.CANCELLED, S.EXPIRED}),
        S.CARD_BOUND: frozenset({S.IN_APP, S.CANCELLED, S.EXPIRED}),
        S.IN_APP: frozenset({S.CAPTURING, S.CANCELLED}),
        S.CAPTURING: frozenset({S.PROCESSING, S.IN_APP, S.CANCELLED, S.ABANDONED}),
        S.PROCESSING: frozenset(
            {S.SUCCESS, S.SUCCESS_WITH_CHANGES, S.RETRY, S.REVIEW, S.REJECTED, S.ERROR, S.ABANDONED}
        ),
        S.REVIEW: frozenset({S.SUCCESS, S.SUCCESS_WITH_CHANGES, S.RETRY, S.REJECTED}),
        S.RETRY: frozenset({S.CAPTURING, S.CANCELLED, S.EXPIRED, S.REJECTED}),
        S.SUCCESS: frozenset({S.REVOKED}),
        S.SUCCESS_WITH_CHANGES: frozenset({S.REVOKED}),
        S.REJECTED: _NOTHING,
        S.CANCELLED: _NOTHING,
        S.ABANDONED: _NOTHING,
        S.EXPIRED: _NOTHING,
        S.ERROR: _NOTHING,
        S.REVOKED: _NOTHING,
    }
)
SUCCESSES: Final = frozenset({S.SUCCESS, S.SUCCESS_WITH_CHANGES})
FINAL: Final = frozenset(s for s, after in NEXT.items() if not after) | SUCCESSES

# Which webhook a state is reported with; states that are not here are not reported.
EVENT_TYPES: Final[Mapping[State, str]] = MappingProxyType(
    {
        S.OPENED: "case.opened",
        S.PROCESSING: "case.processing",
        S.REVIEW: "case.review",
        S.RETRY: "case.retry",
        S.REVOKED: "case.revoked",
        **dict.fromkeys(sorted(FINAL - {S.REVOKED}), "case.finished"),
    }
)
# The others are notices of progress.
RESULTS: Final = frozenset({"case.retry", "case.finished", "case.revoked"})


class Step(StrEnum):
    """What the user does, in this order."""

    CARD_DIGITS = "card_digits"
    OPEN_APP = "open_app"
    TERMS = "terms"
    DOC_FRONT = "doc_front"
    DOC_BACK = "doc_back"
    LIVENESS = "liveness"
    CARD_FRONT = "card_front"
    CARD_BACK = "card_back"


CAPTURES: Final = (Step.DOC_FRONT, Step.DOC_BACK, Step.LIVENESS, Step.CARD_FRONT, Step.CARD_BACK)


@dataclass(frozen=True, slots=True)
class Profile:
    """Limits and durations, all of them settings; the defaults are the contract's.

    Leaving the app during the check: `strict` ends the case (IDN-08), `lenient` lets it go on.
    """

    leaving: Literal["strict", "lenient"] = "strict"
    link_life: timedelta = timedelta(hours=48)
    digit_tries: int = 3
    idle: timedelta = timedelta(minutes=15)
    words_window: timedelta = timedelta(seconds=10)
    step_tries: int = 3
    check: timedelta = timedelta(seconds=120)
    hard_limit: timedelta = timedelta(minutes=15)
    review: timedelta = timedelta(minutes=30)
    attempts: int = 3
    result_kept: timedelta = timedelta(days=14)
    # Retry profile `short`; `long` is 5 min, 1 h, 5 h, 18 h.
    webhook_retries: tuple[timedelta, ...] = (
        timedelta(seconds=30),
        timedelta(seconds=30),
        timedelta(minutes=1),
        timedelta(minutes=5),
    )


ROBO_IDENT_2021: Final = Profile()
STRICT: Final = ROBO_IDENT_2021
LENIENT: Final = Profile(leaving="lenient")
