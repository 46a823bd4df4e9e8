"""The descriptions of the two APIs for letters, and what they say about requests that are wrong."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pytest

from emulators.core.physics import Physics
from emulators.post import epost, epost_openapi, letterxpress, letterxpress_openapi
from emulators.post.office import PostOffice
from emulators.wire.http import Answer, call
from tests.post.sender import TUESDAY, Epost, epost_letter, order

APIS = pytest.mark.parametrize(
    ("base", "handlers", "operations"),
    [
        ("/v3", letterxpress.HANDLERS, letterxpress_openapi.OPERATIONS),
        ("/api", epost.HANDLERS, epost_openapi.OPERATIONS),
    ],
)
UPLOAD = {"plugInName": "UploadManagement", "plugInModel": {"useMinimumQuantity": False, "dueDays": 3}}


def ask(office: PostOffice, method: str, path: str, body: object = None, **headers: str) -> Answer:
    raw = b"" if body is None else json.dumps(body).encode()
    return call(office.app, method, f"http://post.example{path}", headers, raw)


def login(office: PostOffice) -> dict[str, object]:
    return {"auth": {"username": office.credentials.username, "apikey": office.credentials.apikey}}


@APIS
def test_every_route_is_described_and_every_operation_exists(
    base: str, handlers: Mapping[str, Mapping[str, object]], operations: Mapping[tuple[str, str], object]
) -> None:
    handled = {(path, method) for path, by_method in handlers.items() for method in by_method}
    assert handled - {(f"{base}/openapi.json", "GET")} == set(operations)


@APIS
def test_the_app_has_no_route_beside_those_in_the_table(
    office: PostOffice, base: str, handlers: Mapping[str, object], operations: object
) -> None:
    paths = {getattr(route, "path", "") for route in office.app.routes}
    assert {path for path in paths if path.startswith(base)} == set(handlers)


@APIS
def test_a_description_is_there_for_everybody_and_no_reference_leads_nowhere(
    office: PostOffice, base: str, handlers: object, operations: Mapping[tuple[str, str], object]
) -> None:
    answer = ask(office, "GET", f"{base}/openapi.json")
    described = json.loads(answer.body)
    assert answer.status == 200
    assert {(p, m.upper()) for p, methods in described["paths"].items() for m in methods} == set(operations)
    text, names = answer.body.decode(), described["components"]["schemas"]
    assert text.count("#/components/schemas/") == sum(text.count(f'"#/components/schemas/{name}"') for name in names)
    assert office.credentials.apikey not in text
    assert office.credentials.secret not in text


@APIS
def test_without_a_prefix_a_description_says_so(
    office: PostOffice, base: str, handlers: object, operations: object
) -> None:
    assert json.loads(ask(office, "GET", f"{base}/openapi.json").body)["servers"] == [{"url": "/"}]


def test_only_the_operations_without_security_are_open(office: PostOffice) -> None:
    for path, methods in epost_openapi.document()["paths"].items():
        for method, described in methods.items():
            answer = ask(office, method.upper(), path.replace("{number}", "1"))
            needs_token = json.loads(answer.body).get("code") == "E101"
            assert needs_token is bool(described["security"]), path


# -- faults can be answered by every operation ------------------------------------------------------------------------


@APIS
@pytest.mark.parametrize(("fault", "status"), [("outage", 503), ("rate_limited", 429)])
def test_what_a_fault_answers_is_described_everywhere(
    office: PostOffice,
    physics: Physics,
    base: str,
    handlers: object,
    operations: Mapping[tuple[str, str], object],
    fault: str,
    status: int,
) -> None:
    paths = json.loads(ask(office, "GET", f"{base}/openapi.json").body)["paths"]
    for path, method in operations:
        physics.faults.arm("post", fault)
        assert ask(office, method, path.replace("{number}", "1")).status == status
        assert str(status) in paths[path][method.lower()]["responses"]


# -- what is wrong ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("DELETE", "/api/Letter", "POST"),
        ("GET", "/api/Letter/StatusQuery", "POST"),
        ("POST", "/api/Letter/1", "GET"),
        ("PATCH", "/v3/printjobs", "POST, GET"),
        ("POST", "/v3/printjobs/1", "GET, PUT, DELETE"),
        ("BREW", "/v3/balance", "GET"),
        ("POST", "/v3/openapi.json", "GET"),
    ],
)
def test_a_method_that_a_path_does_not_have_is_told_all_that_it_has(
    office: PostOffice, method: str, path: str, allowed: str
) -> None:
    answer = ask(office, method, path)
    assert (answer.status, dict(answer.headers)["allow"]) == (405, allowed)
    assert allowed in str(json.loads(answer.body))


@pytest.mark.parametrize(
    ("path", "keys"), [("/v3/letters", {"status", "message"}), ("/api/Post", {"level", "code", "description"})]
)
def test_a_path_that_is_not_there_is_told_in_the_shape_of_the_api(
    office: PostOffice, path: str, keys: set[str]
) -> None:
    answer = ask(office, "GET", path)
    assert (answer.status, set(json.loads(answer.body))) == (404, keys)


@pytest.mark.parametrize("number", ["0", "99", "-1", "x", "1.0", "٣", "9" * 5000])
def test_a_number_that_no_letter_has_is_not_found(epost: Epost, number: str) -> None:
    status, answer = epost.ask("GET", f"/api/Letter/{number}")
    assert (status, answer["code"]) == (404, "E201")
    other = ask(epost.office, "GET", f"/v3/printjobs/{number}", login(epost.office))
    assert (other.status, json.loads(other.body)["status"]) == (404, 404)


@pytest.mark.parametrize(
    ("specification", "word"), [({"c4": False}, "c4"), ({"c4": 2}, "c4"), ({"pages": "3"}, "pages")]
)
def test_a_value_of_another_type_is_no_value(office: PostOffice, specification: dict[str, object], word: str) -> None:
    answer = ask(office, "GET", "/v3/price", {**login(office), "letter": {"specification": specification}})
    assert answer.status == 400
    assert word in json.loads(answer.body)["message"]


@pytest.mark.parametrize(
    "path",
    [
        "Batch?batchId=%201",
        "Batch?batchId=1_0",
        "Batch?batchId=" + "9" * 5000,
        "Date?fromDate=20210323&tillDate=2021-03-23",
        "Date?fromDate=2021-03-23&tillDate=2021-03-23 oder so",
        "Date?fromDate=2021-02-30&tillDate=2021-03-23",
    ],
)
def test_a_parameter_that_is_nearly_right_is_refused(epost: Epost, path: str) -> None:
    status, answer = epost.ask("GET", f"/api/Letter/{path}")
    assert (status, answer["code"]) == (400, "E313")


@pytest.mark.parametrize(
    "moment", ["2021-03-23", "2021-03-23T00:00:00", "2021-03-23T08:00:00.5%2B01:00", "2021-03-23T08:00:00+01:00"]
)
def test_a_day_may_be_given_as_a_moment(epost: Epost, moment: str) -> None:
    number = epost.send()
    status, answer = epost.ask("GET", f"/api/Letter/Date?fromDate={moment}&tillDate={moment}")
    assert (status, [shown["letterID"] for shown in answer]) == (200, [number])


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ([], "E313"),
        ([epost_letter(isColor="yes")], "E313"),
        ([epost_letter(batchID="7", plugInList=[{"plugInName": "Automover"}])], "E313"),
        ([epost_letter(plugInList=[UPLOAD | {"plugInModel": {"useMinimumQuantity": False, "dueDays": "3"}}])], "E622"),
        ([epost_letter(plugInList=[UPLOAD | {"plugInModel": {"useMinimumQuantity": 0}}])], "E601"),
    ],
)
def test_a_letter_that_is_nearly_right_is_refused(epost: Epost, body: object, code: str) -> None:
    status, answer = epost.ask("POST", "/api/Letter", body)
    assert (status, answer["code"]) == (400, code)


def test_the_epost_api_neither_shows_nor_moves_letters_of_the_other() -> None:
    epost = Epost(PostOffice(Physics(start=TUESDAY)))
    draft = epost.office.submit(order(channel="letterxpress", test=True))
    waiting = epost.office.submit(
        order(channel="letterxpress", queued_until=TUESDAY.date().replace(day=30), file_name="waiting.pdf")
    )
    assert epost.ask("GET", f"/api/Letter/TestResult?letterID={draft.number}")[0] == 404
    for wish in ("ReleaseQueued", "CancelQueued"):
        answers: list[dict[str, Any]] = epost.ask("POST", f"/api/Letter/{wish}", [waiting.number])[1]
        assert [answer["successful"] for answer in answers] == [False]
    assert waiting.queued
    assert not waiting.canceled
