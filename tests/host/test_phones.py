"""Somebody's phone in the hands of a client of the control API."""

from __future__ import annotations

from typing import Any

import pytest

from emulators.host.host import Host
from emulators.sms.message import SmsOrder

from .conftest import Control

PERSON = "/worlds/main/people/person"
SENDER = "+491713920050"


@pytest.fixture
def phone(control: Control, host: Host) -> str:
    """The number of somebody in a world 'main'."""
    control("POST", "/worlds", 201, json={"name": "main"})
    number: str = control("POST", "/worlds/main/people", 201, json={})["mobile"]
    return number


def send(host: Host, number: str, text: str) -> None:
    world = host.get("main").world
    with world.physics.lock:
        world.sms.submit(SmsOrder(number, SENDER, text))
    world.happen()


def texts(control: Control) -> list[str]:
    return [sms["body"] for sms in control("GET", f"{PERSON}/sms", 200)]


def test_a_person_writes_stop_and_gets_nothing_more(control: Control, host: Host, phone: str) -> None:
    sent = control("POST", f"{PERSON}/sms", 201, json={"to": SENDER, "text": "STOP"})
    assert host.get("main").world.sms.message(sent["sid"]).body == "STOP"
    with pytest.raises(Exception, match="21610"):
        send(host, phone, "TAN 123456")


@pytest.mark.parametrize("change", [{"to": "Kasse"}, {"number": "+491713920051"}])
def test_a_message_that_cannot_be_sent_is_refused_with_the_reason(
    control: Control, phone: str, change: dict[str, str]
) -> None:
    refused = control("POST", f"{PERSON}/sms", 409, json={"to": SENDER, "text": "hello", **change})
    assert next(iter(change.values())) in refused["detail"]


@pytest.mark.parametrize("why", ["off", "memory_full"])
def test_what_is_sent_to_a_phone_that_can_take_nothing_comes_once_it_can(
    control: Control, host: Host, phone: str, why: str
) -> None:
    assert control("PATCH", f"{PERSON}/phone", 200, json={why: True})[why] is True
    send(host, phone, "TAN 123456")
    assert texts(control) == []
    assert control("PATCH", f"{PERSON}/phone", 200, json={why: False})[why] is False
    assert texts(control) == ["TAN 123456"]


def test_a_phone_tells_its_numbers_and_settings(control: Control, phone: str) -> None:
    change = {"platform": "android", "contacts": ["Mutter"], "receives_sms": False}
    shown = control("PATCH", f"{PERSON}/phone", 200, json=change)
    assert shown == {"numbers": [phone], "off": False, "memory_full": False, **change}
    assert control("GET", f"{PERSON}/phone", 200) == shown


def test_an_app_is_given_the_code_that_its_hash_stands_for(control: Control, host: Host, phone: str) -> None:
    asked = control("POST", f"{PERSON}/code-requests", 201, json={"api": "sms_retriever", "app_hash": "FA+9qCX9VSu"})
    assert asked == {"number": 1, "api": "sms_retriever", "outcome": "waiting", "code": None}
    send(host, phone, "<#> Ihr Code: 123456\nFA+9qCX9VSu")
    assert control("GET", f"{PERSON}/code-requests", 200) == [{**asked, "outcome": "taken", "code": "123456"}]


@pytest.mark.parametrize(
    ("answer", "outcome", "code"),
    [("allow", "taken", "123456"), ("deny", "denied", None), ("dismiss", "dismissed", None)],
)
def test_the_person_decides_whether_the_app_may_have_the_code(
    control: Control, host: Host, phone: str, answer: str, outcome: str, code: str | None
) -> None:
    control("POST", f"{PERSON}/code-requests", 201, json={"api": "user_consent"})
    early = control("POST", f"{PERSON}/code-requests/1", 409, json={"answer": answer})
    assert "nothing is being asked" in early["detail"]
    send(host, phone, "Ihre TAN lautet 123456")
    told = control("POST", f"{PERSON}/code-requests/1", 200, json={"answer": answer})
    assert (told["outcome"], told["code"]) == (outcome, code)


def test_a_code_is_offered_on_the_page_it_is_bound_to_and_for_five_minutes(
    control: Control, host: Host, phone: str
) -> None:
    control("PATCH", f"{PERSON}/phone", 200, json={"platform": "ios"})
    for domain in ("epa.example", "evil.example"):
        control("POST", f"{PERSON}/code-requests", 201, json={"api": "autofill", "domain": domain})
    control("POST", f"{PERSON}/code-requests", 201, json={"api": "user_consent"})
    send(host, phone, "Ihr Code\n@epa.example #123456")
    outcomes = [each["outcome"] for each in control("GET", f"{PERSON}/code-requests", 200)]
    assert outcomes == ["prompted", "waiting", "unavailable"]
    control("POST", "/worlds/main/clock/advance", 200, json={"minutes": 5})
    outcomes = [each["outcome"] for each in control("GET", f"{PERSON}/code-requests", 200)]
    assert outcomes == ["timed_out", "timed_out", "unavailable"]


@pytest.mark.parametrize(
    ("body", "problem"),
    [
        ({"api": "sms_retriever"}, "app_hash: Field required"),
        ({"api": "autofill"}, "domain: Field required"),
        ({"api": "user_consent", "domain": "epa.example"}, "domain: Extra inputs"),
        ({"api": "sms_retriever", "app_hash": "short"}, "app_hash"),
        ({"api": "telepathy"}, "sms_retriever"),
    ],
)
def test_a_request_without_what_it_needs_is_told_so(
    control: Control, phone: str, body: dict[str, Any], problem: str
) -> None:
    assert problem in control("POST", f"{PERSON}/code-requests", 422, json=body)["detail"]


def test_what_nobody_asked_for_cannot_be_answered(control: Control, phone: str) -> None:
    told = control("POST", f"{PERSON}/code-requests/2", 404, json={"answer": "allow"})
    assert "there are 0" in told["detail"]
