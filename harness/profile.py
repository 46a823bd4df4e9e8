"""The insurer profile: everything that the source page leaves open, in one place.

Each value marked `assumed` is our choice, not the page's (requirements.yaml, `assumed: true`; the decisions are
named as in the reference, section 6.4). The rules and the reference system are given the same profile; a vendor
gives its own.
"""

from __future__ import annotations

from datetime import date
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field


def _assumed(default: Any, why: str, *, ge: float | None = None, le: float | None = None) -> Any:
    return Field(default=default, description=why, json_schema_extra={"assumed": True}, ge=ge, le=le)


class InsurerProfile(BaseModel):
    """Settings of one insurer. Durations carry their unit in the name."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str = Field(default="Musterkasse", min_length=1)

    tan_digits: int = _assumed(6, "TAN-04: length of the smsTAN", ge=4, le=10)
    tan_minutes: int = _assumed(10, "TAN-05: how long a TAN is valid", ge=1, le=1440)
    tan_tries: int = _assumed(3, "TAN-04: wrong ones until a new TAN is needed", ge=1, le=20)

    letter_code_length: int = _assumed(8, "decision A4", ge=6, le=32)
    letter_code_days: int = _assumed(21, "PST-05: how long an activation code is valid", ge=1, le=366)
    letter_code_tries: int = _assumed(3, "PST-04: wrong ones until a new letter is needed", ge=1, le=20)
    activation_needs_email: bool = _assumed(True, "decision A7: the page has the link followed while the letter comes")

    letter_delivery: Literal["fixed", "law_2025", "before_2025"] = _assumed(
        "fixed", "the page names no time: two working days each, or drawn as the law asks (§ 18 PostG, PUDLV § 2)"
    )

    release_code_digits: int = _assumed(6, "decision A4", ge=4, le=12)
    release_code_minutes: int = _assumed(10, "decision A4", ge=1, le=1440)

    mail_link_hours: int = _assumed(48, "the page names no end for a link", ge=1, le=8784)
    card_digits: int = _assumed(8, "decision A10: how many last digits of the card's number", ge=4, le=20)
    ident_lag_hours: float = _assumed(
        24, "IDN-10: until when the insurer has noticed a result of whose report it was deprived", ge=0, le=48
    )
    recovery_key_digits: int = _assumed(24, "decision A20", ge=8, le=100)
    shake_seconds: float = _assumed(5.0, "SET-03: vigorous movement until the bar is full", ge=0.1, le=60)

    password_minimum: int = Field(default=8, ge=1, le=128)
    android_minimum: int = Field(default=8, ge=1)
    ios_minimum: int = Field(default=13, ge=1)
    excluded_models: tuple[str, ...] = ("iPhone 7",)
    age_of_consent: int = Field(default=15, ge=0, le=120)

    release_workdays: int = Field(default=1, ge=1, le=250)
    release_when: Literal["at_once", "next_morning", "last_minute"] = _assumed(
        "next_morning", "REL-01 names an end only: what the reference system takes of that time; rules permit all of it"
    )
    release_days: Literal["any", "working_days"] = _assumed(
        "any", "REL-05 counts working days; whether nothing is released on other days is the insurer's own matter"
    )
    saturday_is_workday: bool = _assumed(False, "decision A18")
    visits_need_appointment: bool = True
    visits_advised_against_until: date | None = date(2021, 4, 18)
    interrupted_setup: Literal["goes_on", "starts_again"] = _assumed("goes_on", "SET-09 allows both")
