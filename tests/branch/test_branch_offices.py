"""A visit to a branch, seen by the visitor; the insurer's system is a recorded answer."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import date, datetime
from typing import Any

import pytest
import requests
import responses

from emulators.branch.office import BranchOffices
from emulators.core.clock import BERLIN
from emulators.core.outcome import Accepted, Refused
from emulators.core.person import Address, CardData, DocumentKind, IdentityDocument, Person
from emulators.core.physics import Physics
from emulators.core.workdays import Workdays
from emulators.wire.http import call

INSURER = "http://insurer.example/clerk"
BORN = date(1980, 5, 17)
DOCUMENT = IdentityDocument(DocumentKind.IDENTITY_CARD, "T22000129", "Änne", "Müller", BORN, date(2025, 1, 1))
CARD = CardData("80276883110000000017", "123456", "123456", "12345678")
PERSON = Person(
    title="",
    given_names="Änne",
    family_name="Müller",
    birth_name="Klein",
    birth_date=BORN,
    sex="W",
    kvnr="A123456780",
    ik="109500969",
    address=Address("Hauptstraße", "5", "40210", "Düsseldorf", "NW"),
    email="aenne@post.example",
    mobile="+4915228817386",
    user_name="aenne",
    password="TEST-only-1",
    card=CARD,
    documents=(DOCUMENT,),
)


POCKET: dict[str, Any] = {
    "visitor": PERSON,
    "insured": PERSON,
    "purpose": "verify",
    "card": CARD,
    "card_kvnr": PERSON.kvnr,
    "document": DOCUMENT,
    "appointment_id": None,
}


@pytest.fixture
def physics() -> Physics:
    physics = Physics(seed=1)
    physics.faults.declare("branch", BranchOffices.faults)
    return physics


@pytest.fixture
def offices(physics: Physics) -> BranchOffices:
    offices = BranchOffices(physics)
    offices.connect(INSURER, "terminal-key")
    return offices


@pytest.fixture
def insurer() -> Iterator[responses.RequestsMock]:
    with responses.RequestsMock(assert_all_requests_are_fired=False) as mock:
        yield mock


def ask(
    offices: BranchOffices, method: str, path: str, body: object = None, key: str | None = None
) -> tuple[int, dict[str, Any]]:
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    headers = {"X-Api-Key": offices.api_key if key is None else key}
    status, _, content = call(offices.app, method, f"http://branch.example{path}", headers, raw)
    return status, json.loads(content)


def book(offices: BranchOffices, **wish: str) -> tuple[int, dict[str, Any]]:
    return ask(offices, "POST", "/api/appointments", {"kvnr": PERSON.kvnr, **wish})


def test_the_first_slot_is_at_ten_on_the_next_working_day(offices: BranchOffices) -> None:
    status, first = book(offices)
    assert (status, first["at"]) == (201, "2021-03-24T10:00+01:00")
    assert book(offices)[1]["at"] == "2021-03-24T10:30+01:00"
    assert ask(offices, "GET", f"/api/appointments/{first['appointment_id']}") == (200, first)


def test_before_easter_the_next_working_day_is_tuesday() -> None:
    offices = BranchOffices(Physics(start=datetime(2021, 4, 1, 9, tzinfo=BERLIN)))
    assert book(offices)[1]["at"] == "2021-04-06T10:00+02:00"


@pytest.mark.parametrize("day", ["2021-03-23", "2021-03-22", "2021-03-28", "2021-04-02", "9999-12-31"])
def test_today_the_past_and_holidays_have_no_slot(offices: BranchOffices, day: str) -> None:
    assert book(offices, day=day) == (409, {"error": "no_slot"})


def test_a_day_holds_twelve_visits(offices: BranchOffices) -> None:
    assert [book(offices, day="2021-03-25")[0] for _ in range(13)] == [201] * 12 + [409]


def test_branches_have_their_own_books(physics: Physics) -> None:
    offices = BranchOffices(physics, {"Augsburg": Workdays("BY"), "Berlin": Workdays("BE")})
    assert book(offices, branch="Berlin")[1]["branch"] == "Berlin"
    assert book(offices)[1] == {
        "appointment_id": "A000002",
        "kvnr": PERSON.kvnr,
        "branch": "Augsburg",
        "at": "2021-03-24T10:00+01:00",
    }
    assert book(offices, branch="Atlantis")[0] == 404


def test_no_slot_is_to_be_had_when_the_fault_says_so(offices: BranchOffices, physics: Physics) -> None:
    physics.faults.arm("branch", "no_slot")
    assert book(offices) == (409, {"error": "no_slot"})
    assert book(offices)[0] == 201


def test_an_outage_of_the_appointments_is_one_503(offices: BranchOffices, physics: Physics) -> None:
    physics.faults.arm("branch", "outage")
    assert book(offices)[0] == 503
    assert book(offices)[0] == 201


@pytest.mark.parametrize("body", [b"", b"\xff", [], {"kvnr": "1"}, {"kvnr": PERSON.kvnr, "day": "soon"}])
def test_bad_wishes_are_refused(offices: BranchOffices, body: object) -> None:
    assert ask(offices, "POST", "/api/appointments", body)[0] == 400
    assert ask(offices, "POST", "/api/appointments", body, key="no")[0] == 401


def test_the_clerk_reports_the_facts_and_tells_the_answer(
    offices: BranchOffices, insurer: responses.RequestsMock
) -> None:
    insurer.post(INSURER, json={"accepted": True, "notes": ["advised_to_wait"]})
    appointment_id = book(offices)[1]["appointment_id"]
    assert offices.visit(**{**POCKET, "appointment_id": appointment_id}) == Accepted(("advised_to_wait",))
    request = insurer.calls[0].request
    assert request.headers["X-Terminal-Key"] == "terminal-key"
    assert json.loads(request.body or b"") == {
        "appointment_id": appointment_id,
        "purpose": "verify",
        "insured_kvnr": "A123456780",
        "visitor": {"given_names": "Änne", "family_name": "Müller", "birth_date": "1980-05-17"},
        "card": {"iccsn": CARD.iccsn, "kvnr": "A123456780"},
        "document": {
            "given_names": "Änne",
            "family_name": "Müller",
            "birth_date": "1980-05-17",
            "kind": "identity_card",
            "number": "T22000129",
            "valid_until": "2025-01-01",
        },
    }


def test_an_expired_document_is_for_the_insurer_to_refuse(
    offices: BranchOffices, insurer: responses.RequestsMock
) -> None:
    insurer.post(INSURER, json={"accepted": False, "reason": "document_expired"})
    expired = replace(DOCUMENT, valid_until=date(2020, 1, 1))
    assert offices.visit(**{**POCKET, "document": expired}) == Refused("document_expired")


@pytest.mark.parametrize(
    ("document", "reason"),
    [
        (replace(DOCUMENT, damaged=True), "document_damaged"),
        (replace(DOCUMENT, birth_date=date(1981, 5, 17)), "not_the_holder"),
        (replace(DOCUMENT, family_name="Anders"), "not_the_holder"),
    ],
)
def test_the_clerk_sees_a_damaged_or_foreign_document(
    offices: BranchOffices, document: IdentityDocument, reason: str
) -> None:
    assert offices.visit(**{**POCKET, "document": document}) == Refused(reason)


@pytest.mark.parametrize("family_name", ["MUELLER", "Klein"])
def test_transcriptions_and_the_birth_name_are_the_holder(
    offices: BranchOffices, insurer: responses.RequestsMock, family_name: str
) -> None:
    insurer.post(INSURER, json={"accepted": True})
    assert offices.visit(**{**POCKET, "document": replace(DOCUMENT, family_name=family_name)}) == Accepted()


def test_the_door_is_closed_on_sunday(offices: BranchOffices, physics: Physics) -> None:
    physics.advance_to(datetime(2021, 3, 28, 12, tzinfo=BERLIN))
    assert offices.visit(**POCKET) == Refused("closed")


@pytest.mark.parametrize(("fault", "part"), [("card_forgotten", "card"), ("document_forgotten", "document")])
def test_what_was_forgotten_is_missing_in_the_report(
    offices: BranchOffices, physics: Physics, insurer: responses.RequestsMock, fault: str, part: str
) -> None:
    insurer.post(INSURER, json={"accepted": False, "reason": f"no_{part}"})
    physics.faults.arm("branch", fault)
    assert offices.visit(**POCKET) == Refused(f"no_{part}")
    assert json.loads(insurer.calls[0].request.body or b"")[part] is None
    (ended,) = physics.journal.named("branch", "visit.ended")
    assert ended.cause.fault == f"branch.{fault}"


@pytest.mark.parametrize(("fault", "reason"), [("closed", "closed"), ("terminal_down", "core_system_down")])
def test_a_closed_branch_and_a_dead_terminal_send_home(
    offices: BranchOffices, physics: Physics, fault: str, reason: str
) -> None:
    physics.faults.arm("branch", fault)
    assert offices.visit(**POCKET) == Refused(reason)


def test_an_insurer_that_is_down_or_odd_does_not_crash_the_visit(
    offices: BranchOffices, insurer: responses.RequestsMock
) -> None:
    insurer.post(INSURER, body=requests.ConnectionError("gone"))
    insurer.post(INSURER, status=503)
    insurer.post(INSURER, status=200, body=b"<html>")
    insurer.post(INSURER, status=401, json={"accepted": True})
    assert [offices.visit(**POCKET) for _ in range(4)] == [
        Refused("core_system_down"),
        Refused("core_system_down"),
        Refused("report_rejected", ("http_200",)),
        Refused("report_rejected", ("http_401",)),
    ]


def test_a_branch_without_an_insurer_is_a_mistake_of_the_bench(physics: Physics) -> None:
    with pytest.raises(RuntimeError, match="connect"):
        BranchOffices(physics).visit(**POCKET)
