"""seven.io's /api/sms: query, form and JSON in, a code or JSON out, delivery reports to a webhook."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

import pytest
import requests
import responses
from hypothesis import given, settings
from hypothesis import strategies as st

from emulators.core.physics import Physics
from emulators.sms.gateway import SmsGateway
from emulators.wire.http import Answer, call
from tests.sms.conftest import last

NUMBER, OTHER = "+491713920000", "+491713920001"
FORM = {"to": NUMBER, "text": "Ihre TAN lautet 123456.", "from": "Musterkasse"}
HOOK = "https://epa.example/dlr"


@pytest.fixture(autouse=True)
def handsets(sms: SmsGateway) -> None:
    sms.handset(NUMBER)
    sms.handset(OTHER)


def ask(
    sms: SmsGateway,
    method: str = "POST",
    query: Mapping[str, str] | None = None,
    body: bytes = b"",
    *,
    path: str = "/api/sms",
    headers: Mapping[str, str] | None = None,
) -> Answer:
    url = f"http://sms.test{path}?{urlencode(query or {})}"
    return call(sms.app, method, url, {"X-Api-Key": sms.seven_key} | dict(headers or {}), body)


def send(sms: SmsGateway, **changes: str) -> str:
    return ask(sms, body=urlencode(FORM | changes).encode()).body.decode()


def detail(sms: SmsGateway, **changes: str) -> dict[str, Any]:
    found = json.loads(send(sms, json="1", **changes))
    assert isinstance(found, dict)
    return found


def test_a_query_a_form_and_json_all_send_a_message(physics: Physics, sms: SmsGateway) -> None:
    assert ask(sms, "GET", FORM | {"text": "Frage"}).body == b"100"
    assert send(sms, text="Formular") == "100"
    as_json = json.dumps(FORM | {"text": "JSON", "to": [NUMBER]}).encode()
    assert ask(sms, body=as_json, headers={"Content-Type": "application/json"}).body == b"100"
    physics.happen()
    assert [text.body for text in sms.handset(NUMBER).inbox] == ["Frage", "Formular", "JSON"]
    assert sms.messages[0].order.channel == "seven"


def test_parts_with_a_header_are_joined_on_the_handset(physics: Physics, sms: SmsGateway) -> None:
    assert send(sms, text=", Ende", udh="050003CC0202") == "100"
    assert send(sms, text="Anfang", udh="050003CC0201") == "100"
    physics.happen()
    assert [text.body for text in sms.handset(NUMBER).inbox] == ["Anfang, Ende"]


def test_json_tells_of_each_recipient(sms: SmsGateway) -> None:
    found = detail(sms, to=f"{NUMBER},49 171 3920001,0171 1234567")
    assert (found["success"], found["sms_type"], found["balance"]) == ("101", "direct", 500.0)
    assert [(m["recipient"], m["success"], m["error"]) for m in found["messages"]] == [
        ("491713920000", True, None), ("491713920001", True, None), ("491711234567", False, "202"),
    ]  # fmt: skip
    assert found["total_price"] == 0.17
    first = found["messages"][0]
    assert (first["parts"], first["encoding"], first["sender"]) == (1, "gsm", "Musterkasse")
    assert first["id"].isdigit()
    assert detail(sms, text="„ja“")["messages"][0]["encoding"] == "ucs2"


@pytest.mark.parametrize("ways", [({"Accept": "application/json"}, {}), ({}, {"json": "1"})])
def test_json_is_answered_to_whoever_asks_for_it_also_if_nothing_comes_of_it(
    sms: SmsGateway, ways: tuple[dict[str, str], dict[str, str]]
) -> None:
    headers, more = ways
    sent = json.loads(ask(sms, "POST", FORM | more, headers=headers).body)
    assert sent["success"] == "100"
    about = {"msg_id": sent["messages"][0]["id"]}
    status = ask(sms, "GET", about | more, path="/api/status", headers=headers).body
    assert json.loads(status) == {"id": about["msg_id"], "status": "ACCEPTED", "status_time": "2021-03-23 09:00:00.000"}
    for asked, path, keys, code in (
        (FORM | {"text": ""}, "/api/sms", {}, "305"),
        (FORM, "/api/sms", {"X-Api-Key": "wrong"}, "900"),
        ({"msg_id": "7"}, "/api/status", {}, "901"),
    ):
        answer = ask(sms, "POST", asked | more, path=path, headers=headers | keys)
        assert json.loads(answer.body) == {"success": code, "messages": []}


def test_a_label_comes_back_with_the_message(sms: SmsGateway) -> None:
    assert detail(sms, label="TAN-Versand_1@kasse.example")["messages"][0]["label"] == "TAN-Versand_1@kasse.example"
    assert detail(sms, text="ohne")["messages"][0]["label"] is None
    assert [message.order.label for message in sms.messages] == ["TAN-Versand_1@kasse.example", None]


def test_ids_and_details_stand_below_the_code(sms: SmsGateway) -> None:
    lines = send(sms, return_msg_id="1", details="1").split("\n")
    assert lines[0] == "100"
    assert lines[1].isdigit()
    assert "Preis: 0.085" in lines


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"to": ""}, "301"),
        ({"to": " , "}, "301"),
        ({"to": "+491701234567"}, "202"),
        ({"to": "+493023125000"}, "202"),
        ({"to": "x"}, "202"),
        ({"text": ""}, "305"),
        ({"text": "x" * 1521}, "401"),
        ({"from": "Viel zu langer Name"}, "306"),
        ({"delivery_report": "ftp://example"}, "307"),
        ({"ttl": "0"}, "400"),
        ({"label": "x" * 101}, "400"),
        ({"label": "zwei Wörter"}, "400"),
        ({"label": "x\n"}, "400"),
        ({"udh": "xyz"}, "400"),
        ({"udh": "0500FF"}, "400"),
        ({"delay": "tomorrow"}, "400"),
        ({"delay": "9" * 30}, "400"),
    ],
)
def test_what_is_wrong_is_told_by_its_code(sms: SmsGateway, changes: dict[str, str], code: str) -> None:
    assert send(sms, **changes) == code
    assert sms.messages == ()


@pytest.mark.parametrize(("key", "code"), [("", "300"), ("wrong", "900"), ("ü", "900")])
def test_without_the_key_nothing_is_sent(physics: Physics, sms: SmsGateway, key: str, code: str) -> None:
    assert ask(sms, "POST", FORM, headers={"X-Api-Key": key}).body.decode() == code
    assert last(physics, "request.refused")["code"] == int(code)
    assert sms.messages == ()


def test_the_key_may_come_as_a_parameter_or_in_authorization(sms: SmsGateway) -> None:
    assert ask(sms, "POST", FORM | {"p": sms.seven_key}, headers={"X-Api-Key": ""}).body == b"100"
    more = {"X-Api-Key": "", "Authorization": f"basic {sms.seven_key}"}
    assert ask(sms, "POST", FORM | {"text": "zwei"}, headers=more).body == b"100"


def test_the_reload_lock_holds_the_same_text_for_three_minutes(physics: Physics, sms: SmsGateway) -> None:
    assert send(sms) == "100"
    assert send(sms) == "402"
    assert send(sms, text="anders") == "100"
    assert send(sms, to=OTHER) == "100"
    physics.advance_to(physics.clock.now + timedelta(seconds=180))
    assert send(sms) == "402"
    physics.advance_to(physics.clock.now + timedelta(seconds=1))
    assert send(sms) == "100"
    assert len(sms.messages) == 4


@pytest.mark.parametrize(("kind", "answer"), [("credit_exhausted", "500"), ("queue_full", "403"), ("rejected", "600")])
def test_a_refusal_of_the_gateway_has_its_code(physics: Physics, sms: SmsGateway, kind: str, answer: str) -> None:
    physics.faults.arm("sms", kind)
    assert send(sms) == answer


@pytest.mark.parametrize(("kind", "status"), [("outage", 503), ("throttled", 429)])
def test_a_gateway_in_trouble_answers_with_its_status(
    physics: Physics, sms: SmsGateway, kind: str, status: int
) -> None:
    physics.faults.arm("sms", kind)
    assert ask(sms, query=FORM).status == status
    assert ask(sms, query=FORM).body == b"100"


@pytest.mark.parametrize("delay", ["253402300799", "9999-12-31T23:59:59-05:00", "9999-12-31 23:59"])
def test_a_message_at_the_end_of_the_calendar_waits_and_stops_nothing_else(
    physics: Physics, sms: SmsGateway, delay: str
) -> None:
    handset = sms.handset(NUMBER)
    assert send(sms, text="nie", delay=delay).startswith("100")
    send(sms, text="jetzt")
    assert [due.year for due, _ in physics.clock.upcoming(2)] == [2021, 9999]
    physics.advance_to(physics.clock.now + timedelta(days=365))
    assert [text.body for text in handset.inbox] == ["jetzt"]
    assert physics.clock.next_due is not None


def test_flash_delay_and_ttl_are_honoured(physics: Physics, sms: SmsGateway) -> None:
    handset = sms.handset(NUMBER)
    send(sms, text="eins", flash="1")
    send(sms, text="zwei", delay="2021-03-23 10:00", ttl="5")
    send(sms, text="drei", delay=str(int((physics.clock.now + timedelta(minutes=30)).timestamp())))
    physics.advance_to(physics.clock.now + timedelta(minutes=30))
    assert [text.body for text in handset.flashes] == ["eins"]
    assert [text.body for text in handset.inbox] == ["drei"]
    physics.faults.arm("sms", "switched_off", {"hours": 1})
    physics.advance_to(physics.clock.now + timedelta(minutes=35))
    assert sms.messages[1].expired


@pytest.mark.parametrize("given_by", ["order", "account"])
def test_each_state_is_reported_to_the_webhook(physics: Physics, sms: SmsGateway, given_by: str) -> None:
    more = {"delivery_report": HOOK} if given_by == "order" else {}
    sms.seven_hook = HOOK if given_by == "account" else None
    with responses.RequestsMock() as mock:
        mock.post(HOOK, status=200)
        id_of = detail(sms, foreign_id="vorgang-7", **more)["messages"][0]["id"]
        physics.faults.arm("sms", "lost")
        physics.happen()
        reports = [json.loads(each.request.body or b"") for each in mock.calls]
    assert [report["data"]["status"] for report in reports] == ["TRANSMITTED", "NOTDELIVERED"]
    assert all(report["webhook_event"] == "dlr" and report["data"]["msg_id"] == id_of for report in reports)
    assert reports[0]["data"]["timestamp"] == "2021-03-23 09:00:00.000"
    assert reports[0]["data"]["foreign_id"] == "vorgang-7"


@pytest.mark.parametrize("error", [requests.ReadTimeout(), requests.ConnectTimeout(), requests.ConnectionError()])
def test_a_report_without_an_answer_is_posted_once_more_and_twilios_overrides_are_not_sevens(
    physics: Physics, sms: SmsGateway, error: Exception
) -> None:
    """Source: seven.io, Webhooks: five seconds an attempt, and timeouts are connection errors, too."""
    with responses.RequestsMock() as mock:
        mock.post(HOOK, body=error)
        detail(sms, delivery_report=f"{HOOK}#rc=5&rp=4xx&rt=100")
        physics.happen()
        asked: list[Any] = [each.request for each in mock.calls]
    assert [json.loads(each.body)["data"]["status"] for each in asked] == ["TRANSMITTED"] * 2 + ["DELIVERED"] * 2
    assert {each.req_kwargs["timeout"].read_timeout for each in asked} == {5}


def test_the_status_of_a_message_can_be_asked(physics: Physics, sms: SmsGateway) -> None:
    id_of = detail(sms)["messages"][0]["id"]
    physics.happen()
    found = ask(sms, "GET", {"msg_id": id_of}, path="/api/status").body.decode()
    assert found == "DELIVERED\n2021-03-23 09:00:00.000"
    assert ask(sms, "GET", {"msg_id": "7"}, path="/api/status").body == b"901"
    assert ask(sms, "GET", {"msg_id": "9" * 99}, path="/api/status").body == b"901"


@pytest.mark.parametrize(("method", "path", "status"), [("DELETE", "/api/sms", 405), ("GET", "/api/voice", 404)])
def test_other_methods_and_paths_are_refused(sms: SmsGateway, method: str, path: str, status: int) -> None:
    assert ask(sms, method, path=path).status == status


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (b"{", "application/json"),
        (b"[1]", "application/json"),
        (b"text=\xff", ""),
        (b'{"text": "\\ud800"}', "application/json"),
        (b"[" * 100_000, "application/json"),
    ],
)
def test_a_body_that_cannot_be_read_is_400(sms: SmsGateway, body: bytes, kind: str) -> None:
    answer = ask(sms, body=body, headers={"Content-Type": kind})
    assert answer.status == 400
    assert answer.body.startswith(b"400\n")


@given(body=st.binary(max_size=200), kind=st.sampled_from(["", "application/json", "text/plain"]))
@settings(deadline=None)
def test_no_body_is_a_server_error(body: bytes, kind: str) -> None:
    sms = SmsGateway(Physics())
    assert ask(sms, body=body, headers={"Content-Type": kind}).status in (200, 400)
