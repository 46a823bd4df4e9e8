"""A person, a provider, and the walk through the app."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

import pytest
import requests
import responses

from emulators.core.outcome import Accepted, Outcome
from emulators.core.person import Address, CardData, DocumentKind, IdentityDocument, Person
from emulators.core.physics import Physics
from emulators.ident.case import Case
from emulators.ident.provider import IdentProvider
from emulators.wire.http import call

BORN = date(1980, 5, 17)
CALLBACK = "http://insurer.example/ident"


@pytest.fixture
def person() -> Person:
    return Person(
        title="",
        given_names="Änne Maria",
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
        card=CardData("80276883110000000017", "123456", "123456", "12345678"),
        documents=(
            IdentityDocument(DocumentKind.IDENTITY_CARD, "T22000129", "Änne Maria", "Müller", BORN, date(2025, 1, 1)),
        ),
    )


@pytest.fixture
def physics() -> Physics:
    physics = Physics(seed=1)
    physics.faults.declare("ident", IdentProvider.faults)
    return physics


@pytest.fixture
def provider(physics: Physics) -> IdentProvider:
    return IdentProvider(physics)


@dataclass
class Partner:
    """The insurer's side: the API with its key, and what the callback received."""

    provider: IdentProvider
    received: list[requests.PreparedRequest] = field(default_factory=list)
    statuses: list[int] = field(default_factory=list)

    def ask(
        self, method: str, path: str, body: object = None, headers: dict[str, str] | None = None
    ) -> tuple[int, dict[str, Any]]:
        raw = body if isinstance(body, bytes) else b"" if body is None else json.dumps(body).encode()
        sent = {"X-Api-Key": self.provider.api_key, **(headers or {})}
        status, _, content = call(self.provider.app, method, f"http://ident.example{path}", sent, raw)
        return status, json.loads(content)

    def order(self, person: Person, **changes: object) -> dict[str, object]:
        return {
            "external_ref": "ref-1",
            "subject": {
                "given_name": person.given_names,
                "family_name": person.family_name,
                "birth_name": person.birth_name,
                "birth_date": person.birth_date.isoformat(),
                "kvnr": person.kvnr,
            },
            "health_card": {"iccsn": person.card.iccsn},
            "callback": {"url": CALLBACK},
            "return_url": "http://insurer.example/back",
            **changes,
        }

    def open(self, person: Person, **changes: object) -> Case:
        status, answer = self.ask("POST", "/ident/v1/cases", self.order(person, **changes))
        assert status == 201, answer
        return self.provider.case(answer["case_id"])

    @property
    def events(self) -> list[dict[str, Any]]:
        return [json.loads(request.body or b"") for request in self.received]

    def answer(self, request: requests.PreparedRequest) -> tuple[int, dict[str, str], str]:
        self.received.append(request)
        return (self.statuses.pop(0) if self.statuses else 204), {}, ""


@pytest.fixture
def partner(provider: IdentProvider) -> Iterator[Partner]:
    partner = Partner(provider)
    with responses.RequestsMock(assert_all_requests_are_fired=False) as mock:
        mock.add_callback("POST", CALLBACK, callback=partner.answer)
        yield partner


Walk = Callable[..., Outcome]


@pytest.fixture
def walk() -> Walk:
    """Do every step from the jump page to the back of the card; returns the last outcome."""

    def steps(
        case: Case,
        who: Person,
        *,
        document: IdentityDocument | None = None,
        card: CardData | None = None,
        kvnr: str | None = None,
        face: Person | None = None,
    ) -> Outcome:
        document, card, kvnr = document or who.documents[0], card or who.card, kvnr or who.kvnr
        if case.attempt == 1:
            assert case.enter_card_digits(case.order.health_card.suffix) == Accepted()
            assert case.open_app() == Accepted()
            assert case.accept_terms(True) == Accepted()
        assert case.film_document("front", document) == Accepted()
        assert case.film_document("back", document) == Accepted()
        assert case.read_words(list(case.words), face_of=face or who) == Accepted()
        assert case.film_card("front", card, kvnr) == Accepted()
        return case.film_card("back", card, kvnr)

    return steps


@pytest.fixture
def wait(physics: Physics) -> Callable[..., None]:
    """Let virtual time pass: `wait(minutes=2)`."""

    def passes(**duration: float) -> None:
        physics.advance_to(physics.clock.later(timedelta(**duration)))

    return passes
