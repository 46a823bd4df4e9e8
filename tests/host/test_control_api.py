"""The control API over a real socket: what it does, how it refuses, whom it lets in."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import requests
from starlette.responses import PlainTextResponse
from starlette.types import Receive, Scope, Send

from emulators.host.control.gate import Gate, is_loopback
from emulators.host.doors import Building
from emulators.host.endpoints import endpoints
from emulators.host.host import Host
from emulators.post.order import LetterOrder
from emulators.wire.http import answer
from harness.reference.insurer.print import print_letter
from tests.until import until

from .conftest import Control, Meanwhile
from .test_shared_doors import send_mail, send_sms


@pytest.fixture
def main(control: Control) -> dict[str, Any]:
    """A world 'main' with somebody in it, made over the API."""
    control("POST", "/worlds", 201, json={"name": "main", "seed": 3})
    person: dict[str, Any] = control("POST", "/worlds/main/people", 201, json={"device": "pixel-6"})
    return person


def test_worlds_are_made_listed_shown_and_dropped(control: Control, host: Host) -> None:
    made = control("POST", "/worlds", 201, json={"name": "one", "seed": 5, "start": "2021-03-27T23:30:00+01:00"})
    assert made["now"] == "2021-03-27T23:30:00+01:00"
    assert made["credentials"] == host.get("one").keys
    assert control("GET", "/worlds/one", 200) == made
    assert control("GET", "/worlds", 200) == [made]
    control("POST", "/worlds", 409, json={"name": "one"})
    control("DELETE", "/worlds/one", 204)
    control("DELETE", "/worlds/one", 404)
    assert control("GET", "/worlds", 200) == []


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "body.name"),
        ({"name": "A"}, "body.name"),
        ({"name": 1}, "body.name"),
        ({"name": "a", "seed": "1"}, "body.seed"),
        ({"name": "a", "seed": -1}, "body.seed"),
        ({"name": "a", "sed": 1}, "body.sed"),
        ({"name": "a", "land": "XX"}, "body.land"),
        ({"name": "a", "start": "yesterday"}, "body.start"),
        ({"name": "a", "start": "2021-03-27T23:30:00"}, "body.start"),
        ({"name": "a", "start": "9999-12-31T23:59:59Z"}, "body.start"),
        ([], "body"),
    ],
)
def test_a_body_that_does_not_fit_is_refused_with_the_field(control: Control, body: object, field: str) -> None:
    told = control("POST", "/worlds", 422, json=body)
    assert [mistake["field"] for mistake in told["errors"]] == [field]


def test_a_body_that_is_no_json_is_refused(control: Control) -> None:
    for junk in (b"{", b"\xff\xfe", b"", b"[" * 100_000):
        told = control("POST", "/worlds", data=junk, headers={"content-type": "application/json"})
        assert told["status"] in (400, 422)


def test_people_settle_in_and_are_shown(control: Control, main: dict[str, Any]) -> None:
    child = control("POST", "/worlds/main/people", 201, json={"role": "kid", "persona": "child"})
    people = control("GET", "/worlds/main/people", 200)
    assert set(people) == {"person", "kid", "guardian"}
    assert people["kid"] == child == control("GET", "/worlds/main/people/kid", 200)
    assert control("GET", "/worlds/main/people/nobody", 404)["detail"].endswith("there: person, kid, guardian")
    control("POST", "/worlds/main/people", 409, json={})
    told = control("POST", "/worlds/main/people", 404, json={"role": "x", "persona": "adlt"})
    assert "did you mean 'adult'?" in told["detail"]
    told = control("POST", "/worlds/main/people", 404, json={"role": "x", "device": "pixel-66"})
    assert "no device 'pixel-66'" in told["detail"]
    assert "x" not in control("GET", "/worlds/main/people", 200)


def test_a_fault_is_found_in_the_catalogue_armed_and_strikes(
    control: Control, host: Host, main: dict[str, Any]
) -> None:
    shown = control("GET", "/worlds/main/faults", 200)
    late = shown["catalogue"]["sms"]["late"]
    assert late["about"]
    assert "minutes" in late["parameters"]["properties"]
    assert set(shown["catalogue"]) >= {"sms", "mail", "post", "ident", "branch", "card", "phone"}
    armed = control(
        "POST", "/worlds/main/faults", 201, json={"emulator": "sms", "kind": "late", "parameters": {"minutes": 7}}
    )
    assert control("GET", "/worlds/main/faults?emulator=sms", 200)["armed"] == [armed]
    send_sms(host, host.get("main"), "x")
    assert control("POST", "/worlds/main/wait", 200, json={"event": "delayed"})["fault"] == "sms.late"
    assert control("GET", "/worlds/main/faults?emulator=none", 200) == {"catalogue": {}, "armed": []}


@pytest.mark.parametrize(
    ("fault", "status", "said"),
    [
        ({"emulator": "fax", "kind": "lost"}, 404, "no emulator 'fax'; known: ble, branch"),
        ({"emulator": "sms", "kind": "gone"}, 404, "known: "),
        ({"emulator": "sms", "kind": "late", "parameters": {"minutes": -1}}, 422, "minutes"),
        ({"emulator": "sms", "kind": "late", "nth": 0}, 422, "body.nth"),
        ({"emulator": "sms", "kind": "late", "times": 0}, 422, "body.times"),
    ],
)
def test_a_fault_that_there_is_not_is_refused_with_what_there_is(
    control: Control, main: dict[str, Any], fault: dict[str, Any], status: int, said: str
) -> None:
    assert said in control("POST", "/worlds/main/faults", status, json=fault)["detail"]


def test_the_clock_moves_by_steps_and_to_moments_and_tells_what_is_due(
    control: Control, host: Host, main: dict[str, Any]
) -> None:
    control("POST", "/worlds/main/faults", 201, json={"emulator": "mail", "kind": "late"})
    send_mail(host, main["email"], "Hallo")
    clock = control("GET", "/worlds/main/clock", 200)
    assert clock["due"][0]["at"] == "2021-03-23T10:00:00+01:00"
    moved = control("POST", "/worlds/main/clock/advance", 200, json={"hours": 1, "minutes": 30})
    assert (moved["now"], moved["due"]) == ("2021-03-23T10:30:00+01:00", [])
    assert [m["subject"] for m in control("GET", "/worlds/main/people/person/mail", 200)] == ["Hallo"]
    moved = control("POST", "/worlds/main/clock/advance", 200, json={"workdays": 4})
    assert moved["now"] == "2021-03-29T10:30:00+02:00"
    moved = control("POST", "/worlds/main/clock/until", 200, json={"at": "2021-04-01T00:00:00+02:00"})
    assert moved["now"] == "2021-04-01T00:00:00+02:00"
    told = control("POST", "/worlds/main/clock/until", 409, json={"at": "2021-03-01T00:00:00+01:00"})
    assert "has passed" in told["detail"]
    control("POST", "/worlds/main/clock/advance", 422, json={"days": 3660, "seconds": -1})
    for _ in range(7):
        control("POST", "/worlds/main/clock/advance", 200, json={"days": 3660})
    told = control("POST", "/worlds/main/clock/advance", 409, json={"days": 3660})
    assert "end with the year 2099" in told["detail"]


def test_a_running_clock_brings_what_is_due_by_itself(open_host: Callable[..., Building]) -> None:
    seconds = [0.0]
    host = open_host(Host(monotonic=lambda: seconds[0])).host
    control = Control(host.addresses["control"])
    control("POST", "/worlds", 201, json={"name": "main"})
    person = control("POST", "/worlds/main/people", 201, json={})
    control("POST", "/worlds/main/faults", 201, json={"emulator": "mail", "kind": "late"})
    assert control("POST", "/worlds/main/clock/mode", 200, json={"mode": "paced", "rate": 3600})["rate"] == 3600
    send_mail(host, person["email"], "Hallo")
    with ThreadPoolExecutor(1) as waiter:
        waiting = waiter.submit(control, "POST", "/worlds/main/wait", 200, json={"event": "delivered", "timeout": 30})
        seconds[0] = 1.0
        assert waiting.result()["at"] == "2021-03-23T10:00:00+01:00"
    assert control("POST", "/worlds/main/clock/mode", 200, json={"mode": "stepped"})["rate"] == 0
    control("POST", "/worlds/main/clock/mode", 422, json={"mode": "paced", "rate": 0})
    control.close()


def test_the_journal_is_read_by_position_and_kind_and_as_lines(
    control: Control, host: Host, main: dict[str, Any]
) -> None:
    send_sms(host, host.get("main"), "Grüße")
    control("POST", "/worlds/main/wait", 200, json={"event": "notice"})
    whole = control("GET", "/worlds/main/journal", 200)
    assert [e["seq"] for e in whole["entries"]] == list(range(1, whole["position"] + 1))
    part = control("GET", "/worlds/main/journal?after=1&limit=1", 200)
    assert ([e["seq"] for e in part["entries"]], part["position"]) == ([2], 2)
    found = control("GET", "/worlds/main/journal?channel=sms&event=delivered", 200)
    assert ([e["event"] for e in found["entries"]], found["position"]) == (["delivered"], whole["position"])
    lines = control("GET", "/worlds/main/journal.jsonl", 200)
    assert lines == host.get("main").world.journal.to_jsonl()
    assert [json.loads(line)["seq"] for line in lines.splitlines()] == [e["seq"] for e in whole["entries"]]
    assert control("GET", "/worlds/main/journal?after=99999", 200)["entries"] == []


def test_a_wait_is_over_as_soon_as_it_comes(control: Control, host: Host, main: dict[str, Any]) -> None:
    wanted = {"channel": "sms", "event": "notice", "contains": {"text": "4711"}, "timeout": 30}
    with ThreadPoolExecutor(1) as waiter:
        waiting = waiter.submit(control, "POST", "/worlds/main/wait", 200, json=wanted)
        for code in ("4710", "4711", "4712"):
            send_sms(host, host.get("main"), f"Code {code}")
        assert waiting.result()["data"]["text"] == "Code 4711"


def test_a_wait_in_vain_tells_what_came_nearest_and_what_is_due(
    control: Control, host: Host, main: dict[str, Any]
) -> None:
    control("POST", "/worlds/main/faults", 201, json={"emulator": "sms", "kind": "late", "nth": 2})
    for text in ("first", "second"):
        send_sms(host, host.get("main"), text)
    wanted = {"channel": "sms", "event": "delivered", "data": {"to": "+4917139200"}, "timeout": 0.0}
    told = control("POST", "/worlds/main/wait", 408, json=wanted)
    best = told["nearest"][0]
    assert (best["entry"]["event"], len(best["differs"])) == ("delivered", 1)
    assert best["differs"][0] == {"field": "data.to", "expected": "+4917139200", "got": main["mobile"]}
    assert "arrives" in told["due"][0]["what"]
    assert told["position"] == len(host.get("main").world.journal)


def test_a_wait_may_move_the_clock_on_until_it_comes(control: Control, host: Host, main: dict[str, Any]) -> None:
    control("POST", "/worlds/main/faults", 201, json={"emulator": "mail", "kind": "late"})
    send_mail(host, main["email"], "Hallo")
    wanted = {"channel": "mail", "event": "delivered", "advance": True}
    told = control("POST", "/worlds/main/wait", 408, json={**wanted, "within": {"minutes": 59}})
    assert (told["detail"], told["now"]) == ("virtual time is up", "2021-03-23T09:59:00+01:00")
    assert control("POST", "/worlds/main/wait", 200, json=wanted)["at"] == "2021-03-23T10:00:00+01:00"
    told = control("POST", "/worlds/main/wait", 408, json={**wanted, "after": 100})
    assert told["detail"] == "nothing is due any more"


def test_a_wait_counts_the_worlds_time_too(control: Control, main: dict[str, Any], meanwhile: Meanwhile) -> None:
    wanted = {"event": "delivered", "within": {"minutes": 5}, "timeout": 30}
    waiting = meanwhile("POST", "/worlds/main/wait", 408, json=wanted)
    until(lambda: waiting.done() or control("GET", "/worlds/main/clock", 200)["due"])
    control("POST", "/worlds/main/clock/advance", 200, json={"minutes": 5})
    assert waiting.result()["detail"] == "virtual time is up"


def test_a_wait_that_says_nothing_takes_whatever_comes(control: Control, host: Host, main: dict[str, Any]) -> None:
    send_sms(host, host.get("main"), "x")
    assert control("POST", "/worlds/main/wait", 200, json={})["seq"] == 1


def test_a_wait_in_a_world_that_is_dropped_is_answered_410(
    control: Control, main: dict[str, Any], meanwhile: Meanwhile
) -> None:
    wanted = {"event": "delivered", "within": {"days": 1}, "timeout": 30}
    waiting = meanwhile("POST", "/worlds/main/wait", 410, json=wanted)
    until(lambda: waiting.done() or control("GET", "/worlds/main/clock", 200)["due"])
    control("DELETE", "/worlds/main", 204)
    assert waiting.result()["detail"] == "the world 'main' was dropped"


def test_what_somebody_received_is_shown(control: Control, host: Host, main: dict[str, Any]) -> None:
    send_sms(host, host.get("main"), "Ihr Code lautet 123456")
    send_mail(host, main["email"], "Hallo")
    for event in ("notice", "delivered"):
        control("POST", "/worlds/main/wait", 200, json={"event": event, "channel": "sms"})
    control("POST", "/worlds/main/wait", 200, json={"event": "delivered", "channel": "mail"})
    (sms,) = control("GET", "/worlds/main/people/person/sms", 200)
    assert (sms["body"], sms["codes"]) == ("Ihr Code lautet 123456", ["123456"])
    (mail,) = control("GET", "/worlds/main/people/person/mail", 200)
    assert (mail["subject"], mail["folder"], mail["text"].strip()) == ("Hallo", "inbox", "Hallo")
    assert control("GET", "/worlds/main/people/person/letters", 200) == []
    control("GET", "/worlds/main/people/nobody/sms", 404)


def test_a_mail_says_which_links_the_person_sees(control: Control, host: Host, main: dict[str, Any]) -> None:
    control("POST", "/worlds/main/faults", 201, json={"emulator": "mail", "kind": "images_blocked"})
    button = '<a href="https://a.example/"><img src="https://b.example/b.png"></a>'
    send_mail(host, main["email"], "Hallo", html=button)
    control("POST", "/worlds/main/wait", 200, json={"event": "delivered", "channel": "mail"})
    (shown,) = control("GET", "/worlds/main/people/person/mail", 200)
    assert (shown["links"], shown["visible_links"]) == (["https://a.example/"], [])


def test_letters_are_read_and_looked_at(control: Control, host: Host, main: dict[str, Any]) -> None:
    world = host.get("main").world
    person = world.people["person"]
    to = (person.full_name, *person.address.lines())
    pdf = print_letter("Musterkasse", to, world.clock.now.date(), "Ihr Code", "Code 4711", "4711-QR")
    with world.physics.lock:
        world.post.submit(LetterOrder(pdf, "R1.pdf"))
    control("POST", "/worlds/main/wait", 200, json={"channel": "post", "event": "delivered", "advance": True})
    (letter,) = control("GET", "/worlds/main/people/person/letters", 200)
    assert (letter["reference"], "4711" in letter["pages"][0]) == ("R1.pdf", True)
    assert letter["codes"] == ["4711-QR"]
    path = f"/worlds/main/people/person/letters/{letter['letter_id']}"
    picture = requests.get(f"{control.base}{path}/1.png?overlay=true", timeout=10)
    assert picture.content.startswith(b"\x89PNG")
    control("GET", f"{path}/2.png", 404)
    control("GET", "/worlds/main/people/person/letters/none/1.png", 404)


def test_the_host_tells_its_doors_and_who_was_not_known(control: Control, host: Host) -> None:
    requests.get(f"{host.addresses['branch']}/api/appointments/1", headers={"X-Api-Key": "whose"}, timeout=10)
    told = control("GET", "/endpoints", 200)
    assert told["doors"] == host.addresses
    assert told["strangers"] == [{"surface": "branch", "account": "whose"}]
    assert control("GET", "/healthz", 200) == {"status": "ok", "worlds": 0}
    assert "BEGIN CERTIFICATE" in control("GET", "/mail-ca.pem", 200)


def test_the_environment_points_at_this_world(control: Control, host: Host, main: dict[str, Any]) -> None:
    told = control("GET", "/worlds/main/env", 200)
    keys = host.get("main").world.keys
    assert (told["TWILIO_ACCOUNT_SID"], told["TWILIO_BASE_URL"]) == (keys["sms_sid"], host.addresses["sms"])
    assert f"{told['SMTP_HOST']}:{told['SMTP_PORT']}" in host.addresses["mail"]


def test_twilios_messaging_service_is_told_wherever_its_account_is(control: Control, host: Host) -> None:
    made = control("POST", "/worlds", 201, json={"name": "one"})
    sid = host.get("one").world.sms.credentials.messaging_service_sid
    told = endpoints(host, None)["worlds"]["one"]
    assert control("GET", "/worlds/one/env", 200)["TWILIO_MESSAGING_SERVICE_SID"] == sid
    assert control("GET", "/worlds/one", 200)["credentials"]["sms_service_sid"] == sid
    assert made["credentials"]["sms_service_sid"] == told["credentials"]["sms_service_sid"] == sid
    assert told["env"]["TWILIO_MESSAGING_SERVICE_SID"] == sid


def test_unknown_paths_and_methods_are_problem_details(control: Control, main: dict[str, Any]) -> None:
    control("GET", "/nothing", 404)
    control("PUT", "/worlds/main", 405)
    allowed = requests.options(f"{control.base}/worlds/main", timeout=10).headers["allow"]
    assert allowed == "DELETE, GET"
    control("GET", "/worlds/NOT%20A%20NAME", 422)


def test_the_page_lists_every_operation_and_names_no_other_machine(control: Control) -> None:
    described = control("GET", "/openapi.json", 200)
    page = control("GET", "/", 200)
    for path, operations in described["paths"].items():
        assert f"<code>{path}</code>" in page
        for operation in operations.values():
            assert operation["responses"]
    assert not re.search(r"(src|href)=\W?(https?:)?//", page)
    assert "<script" not in page


def test_every_answer_that_is_described_refers_to_a_shape_that_there_is(control: Control) -> None:
    described = control("GET", "/openapi.json", 200)
    wanted = set(re.findall(r"#/components/schemas/(\w+)", json.dumps(described)))
    assert wanted
    assert wanted <= set(described["components"]["schemas"])


# -- who may call ------------------------------------------------------------------------------------------------------


def test_a_token_is_asked_for_where_there_is_one(open_host: Callable[..., Building]) -> None:
    base = open_host(token="secret").host.addresses["control"]
    control = Control(base)
    for headers in ({}, {"Authorization": "Bearer wrong"}, {"Authorization": "Basic secret"}):
        control("GET", "/worlds", 401, headers=headers)
    assert requests.get(f"{base}/worlds", timeout=10).headers["www-authenticate"].startswith("Bearer")
    control("GET", "/worlds", 200, headers={"Authorization": "Bearer secret"})
    control("GET", "/worlds", 200, auth=("whoever", "secret"))
    control("GET", "/healthz", 200)
    assert control("GET", "/openapi.json", 200)["paths"]["/worlds"]["get"]["security"] == [{"token": []}]
    control.close()


@pytest.mark.parametrize(
    ("client", "called", "status"),
    [
        ("127.0.0.1", "127.0.0.1:1", 200),
        ("::1", "[::1]:1", 200),
        ("127.0.0.1", "localhost", 200),
        ("192.0.2.7", "127.0.0.1", 403),
        ("127.0.0.1", "attacker.example", 403),
        ("127.0.0.1", "127.0.0.1.attacker.example", 403),
        ("127.0.0.1", "[odd", 403),
    ],
)
def test_without_a_token_only_this_machine_is_let_in_and_only_by_a_name_of_its_own(
    client: str, called: str, status: int
) -> None:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await PlainTextResponse("in")(scope, receive, send)

    scope = {"method": "GET", "path": "/worlds", "type": "http", "client": (client, 1)}
    answered = answer(Gate(app, None), {**scope, "headers": [(b"host", called.encode())]}, b"")
    assert answered.status == status


def test_names_of_this_machine() -> None:
    assert [is_loopback(name) for name in ("127.0.0.1", "127.8.8.8", "::1", "localhost")] == [True] * 4
    assert [is_loopback(name) for name in ("0.0.0.0", "192.0.2.7", "", "localhost.example")] == [False] * 4
