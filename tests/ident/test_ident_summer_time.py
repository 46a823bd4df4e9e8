"""The nights in which the clocks change: what must be done in ten seconds or fetched in a fortnight, in true time."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
import responses

from emulators.core.clock import BERLIN
from emulators.core.outcome import Accepted, Outcome, Refused
from emulators.core.person import Person
from emulators.core.physics import Physics
from emulators.ident.provider import IdentProvider
from tests.ident.conftest import CALLBACK, Partner

# Sunday 31 October 2021: at three o'clock it becomes two again. Sunday 28 March: at two it becomes three.
BACK = datetime(2021, 10, 31, 2, 59, 56, tzinfo=BERLIN)
AHEAD = datetime(2021, 3, 28, 1, 59, 56, tzinfo=BERLIN)


def partner_at(start: datetime) -> Any:
    physics = Physics(seed=1, start=start)
    physics.faults.declare("ident", IdentProvider.faults)
    return Partner(IdentProvider(physics))


@pytest.mark.parametrize("start", [BACK, AHEAD])
@pytest.mark.parametrize(("seconds", "outcome"), [(5, Accepted()), (11, Refused("words_timed_out"))])
def test_words_are_read_within_ten_true_seconds(
    person: Person, start: datetime, seconds: int, outcome: Outcome
) -> None:
    partner = partner_at(start)
    case = partner.open(person)
    case.enter_card_digits(case.order.health_card.suffix)
    case.open_app()
    case.accept_terms(True)
    case.film_document("front", person.documents[0])
    case.film_document("back", person.documents[0])
    words = case.show_words()
    partner.provider.physics.clock.advance(timedelta(seconds=seconds))
    assert case.read_words(list(words), face_of=person) == outcome


@pytest.mark.parametrize("start", [BACK, AHEAD])
@pytest.mark.parametrize(("minutes", "status"), [(-30, 200), (30, 410)])
def test_a_result_is_kept_for_fourteen_true_days(person: Person, start: datetime, minutes: int, status: int) -> None:
    partner = partner_at(start - timedelta(days=3))
    case = partner.open(person)
    with responses.RequestsMock() as mock:
        mock.add("POST", CALLBACK, status=204)
        partner.ask("POST", f"/ident/v1/cases/{case.case_id}/cancel")
        partner.provider.physics.advance_to(
            partner.provider.physics.clock.later(timedelta(days=14, minutes=minutes)),
        )
    assert partner.ask("POST", f"/ident/v1/cases/{case.case_id}/redeem")[0] == status
