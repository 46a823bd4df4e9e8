"""The descriptions of the REST surfaces, and what they made us mend in the surfaces."""

from __future__ import annotations

import json
import re
from base64 import b64encode
from collections.abc import Mapping
from itertools import product
from typing import Any
from urllib.parse import urlencode

import pytest

from emulators.core.physics import Physics
from emulators.sms import openapi, rest, rest_openapi, seven, seven_openapi
from emulators.sms.errors import REFUSALS
from emulators.sms.gateway import SmsGateway
from emulators.sms.rest_fields import CREATE
from emulators.sms.surface import Request
from emulators.wire.http import METHODS, Answer, call
from tests.sms.conftest import events

DOCUMENTS = {openapi.TWILIO: rest_openapi.document, openapi.SEVEN: seven_openapi.document}
ASKED = [method for method in METHODS if method != "HEAD"]
TWILIO = "twilio"
SEVEN = "seven"


def ask(
    sms: SmsGateway, method: str, path: str, form: Mapping[str, str] | None = None, *, by: str | None = TWILIO
) -> Answer:
    """What is answered to the account, by Twilio's or seven.io's key or (`None`) without one."""
    keys = sms.credentials
    pairs = {TWILIO: f"{keys.account_sid}:{keys.auth_token}", "test": f"{keys.test_account_sid}:{keys.test_auth_token}"}
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    if by == SEVEN:
        headers["X-Api-Key"] = sms.seven_key
    elif by is not None:
        headers["Authorization"] = f"Basic {b64encode(pairs[by].encode()).decode()}"
    return call(sms.app, method, f"http://sms.test{path}", headers, urlencode(form or {}).encode())


def messages(sms: SmsGateway) -> str:
    return f"/2010-04-01/Accounts/{sms.account_sid}/Messages"


def described(document: Mapping[str, Any]) -> set[tuple[str, str]]:
    return {(path, method.upper()) for path, by_method in document["paths"].items() for method in by_method}


# -- every route is described, and every operation exists -------------------------------------------------------------


def test_every_handler_of_twilios_shape_is_described_and_every_operation_has_one() -> None:
    handled = {(rest.PATHS[kind], method) for kind, method in rest.LIVE}
    assert handled == described(rest_openapi.document())
    assert set(rest.TEST) < set(rest.LIVE)


def test_every_handler_of_sevens_shape_is_described_and_every_operation_has_one() -> None:
    handled = {(path, method) for path, by_method in seven.HANDLERS.items() for method in by_method}
    assert handled == described(seven_openapi.document())


@pytest.mark.parametrize("where", DOCUMENTS)
def test_what_is_described_is_answered_and_no_other_method(sms: SmsGateway, where: str) -> None:
    known = described(DOCUMENTS[where]())
    for path, method in product(sorted({path for path, _ in known}), ASKED):
        filled = re.sub(r"{(?!AccountSid)\w+}", "SM" + "0" * 32, path).replace("{AccountSid}", sms.account_sid)
        answer = ask(sms, method, filled, by=TWILIO if where == openapi.TWILIO else SEVEN)
        assert (answer.status != 405) == ((path, method) in known), (method, path)
        if answer.status == 405:
            allowed = dict(answer.headers)["allow"].split(", ")
            assert {(path, each) for each in allowed} == {each for each in known if each[0] == path}


@pytest.mark.parametrize("where", DOCUMENTS)
def test_every_reference_leads_somewhere_and_every_schema_is_used(where: str) -> None:
    document = DOCUMENTS[where]()
    names = set(document["components"]["schemas"])
    assert names
    assert set(re.findall(r"#/components/schemas/(\w+)", str(document))) == names


def test_every_field_of_a_message_is_described_and_every_refusal() -> None:
    create = rest_openapi.document()["paths"][rest.PATHS["Messages"]]["post"]
    form = create["requestBody"]["content"]["application/x-www-form-urlencoded"]["schema"]
    assert set(form["properties"]) == set(CREATE)
    responses = create["responses"]
    assert all(str(code) in responses[str(status)]["description"] for code, (status, _) in REFUSALS.items())


# -- how they are served ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", DOCUMENTS)
def test_a_description_needs_no_key_and_uses_up_no_fault(physics: Physics, sms: SmsGateway, path: str) -> None:
    physics.faults.arm("sms", "outage")
    answer = ask(sms, "GET", path, by=None)
    assert answer.status == 200
    assert json.loads(answer.body) == {**DOCUMENTS[path](), "servers": [{"url": "/"}]}
    assert events(physics) == []
    assert ask(sms, "GET", f"{messages(sms)}.json").status == 503


def test_a_description_says_what_stands_in_front_of_its_paths(sms: SmsGateway) -> None:
    request = Request("GET", openapi.SEVEN, b"", {}, b"")
    reply = openapi.respond(request, "/worlds/a")
    assert json.loads(reply.body)["servers"] == [{"url": "/worlds/a"}]


@pytest.mark.parametrize("path", DOCUMENTS)
def test_a_description_can_only_be_read(sms: SmsGateway, path: str) -> None:
    answer = ask(sms, "POST", path, by=None)
    assert (answer.status, dict(answer.headers)["allow"]) == (405, "GET, HEAD")
    assert ask(sms, "HEAD", path, by=None).status == 200


# -- what the descriptions made us mend -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("query", "says"),
    [
        ("PageSize=0", "from 1 to 1000"),
        ("PageSize=1001", "from 1 to 1000"),
        ("PageSize=-1", "from 1 to 1000"),
        ("PageSize=x", "PageSize"),
        ("Page=x", "Page is"),
        ("Page=1000000", "from 0 to 999999"),
        ("Page=%C2%B2", "Page is"),
    ],
)
def test_a_page_that_is_none_is_refused_by_name(sms: SmsGateway, query: str, says: str) -> None:
    answer = ask(sms, "GET", f"{messages(sms)}.json?{query}")
    assert (answer.status, json.loads(answer.body)["code"]) == (400, 20001)
    assert says in json.loads(answer.body)["message"]


@pytest.mark.parametrize("query", ["", "?PageSize=&Page=", "?PageSize=1000", "?Page=999999"])
def test_a_page_at_the_bounds_is_given(sms: SmsGateway, query: str) -> None:
    assert ask(sms, "GET", f"{messages(sms)}.json{query}").status == 200


@pytest.mark.parametrize(
    ("field", "value"), [("MaxPrice", "nan"), ("MaxPrice", "inf"), ("Attempt", "1.5"), ("Attempt", "-inf")]
)
def test_a_number_that_is_none_is_refused_by_name(sms: SmsGateway, field: str, value: str) -> None:
    form = {"To": "+491713920000", "From": "Musterkasse", "Body": "x", field: value}
    answer = ask(sms, "POST", f"{messages(sms)}.json", form)
    assert (answer.status, json.loads(answer.body)["code"]) == (400, 20001)
    assert field in json.loads(answer.body)["message"]
    assert sms.messages == ()


def test_feedback_with_a_field_that_it_does_not_have_is_refused_by_name(physics: Physics, sms: SmsGateway) -> None:
    sid = sms.receive("+491713920000", "+491713920050", "x").sid
    answer = ask(sms, "POST", f"{messages(sms)}/{sid}/Feedback.json", {"Colour": "red"})
    assert (answer.status, "Colour" in json.loads(answer.body)["message"]) == (400, True)
    assert "feedback" not in events(physics)


@pytest.mark.parametrize(
    ("method", "path"),
    sorted({(method, rest.PATHS[kind]) for kind, method in rest.LIVE} - {("POST", rest.PATHS["Messages"])}),
)
def test_the_test_credentials_can_send_and_nothing_else(sms: SmsGateway, method: str, path: str) -> None:
    """Source: Twilio, Test Credentials, "Supported Resources"."""
    sid = sms.receive("+491713920000", "+491713920050", "x").sid
    where = re.sub(r"{\w*Sid}", sid, path.replace("{AccountSid}", sms.credentials.test_account_sid))
    answer = ask(sms, method, where, by="test")
    assert (answer.status, json.loads(answer.body)["code"]) == (403, 20008)
    assert "20008" in rest_openapi.document()["paths"][path][method.lower()]["responses"]["403"]["description"]


@pytest.mark.parametrize(
    ("port", "accepted"),
    [("", True), (":1", True), (":9999", True), (":10000", True), (":59999", True), (":64999", True), (":65499", True),
     (":65529", True), (":65535", True), (":65536", False), (":66000", False), (":70000", False), (":99999", False),
     (":100000", False), (":0", False)],
)  # fmt: skip
def test_a_callback_may_be_at_any_port_that_there_is_by_the_description_and_by_the_server(
    sms: SmsGateway, port: str, accepted: bool
) -> None:
    url = f"http://epa.example{port}/hook"
    assert bool(re.search(str(CREATE["StatusCallback"].schema["pattern"]), url)) == accepted
    form = {"To": "+491713920000", "From": "Musterkasse", "Body": "x", "StatusCallback": url}
    answer = ask(sms, "POST", f"{messages(sms)}.json", form)
    assert answer.status == (201 if accepted else 400)
    assert accepted or (json.loads(answer.body)["code"], url in json.loads(answer.body)["message"]) == (21609, True)


@pytest.mark.parametrize(("method", "path", "status"), [("DELETE", "/api/sms", 405), ("GET", "/api/voice", 404)])
def test_a_path_or_method_that_seven_does_not_have_is_told_without_a_key(
    physics: Physics, sms: SmsGateway, method: str, path: str, status: int
) -> None:
    assert ask(sms, method, path, by=None).status == status
    assert events(physics) == []
