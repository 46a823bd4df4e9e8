"""The REST surface with `requests`: in process, and the same on a socket."""

from base64 import b64decode
from collections.abc import Iterator
from urllib.parse import parse_qsl

import pytest
import requests
import responses
from hypothesis import given, settings
from hypothesis import strategies as st

from emulators.core.physics import Physics
from emulators.sms.callback import signature
from emulators.sms.gateway import SmsGateway
from emulators.wire.http import call, mount
from emulators.wire.loop import BackgroundLoop

NUMBER = "+491713920000"
BASE = "https://sms.example"
HOOK = "https://epa.example/sms-status?tenant=1"


@pytest.fixture
def physics() -> Physics:
    return Physics(seed=4711)


@pytest.fixture
def sms(physics: Physics) -> SmsGateway:
    gateway = SmsGateway(physics)
    physics.faults.declare(gateway.name, gateway.faults)
    gateway.handset(NUMBER)
    return gateway


@pytest.fixture
def mock(sms: SmsGateway) -> Iterator[responses.RequestsMock]:
    with responses.RequestsMock(assert_all_requests_are_fired=False) as mock:
        mount(mock, BASE, sms.app)
        yield mock


def path(sms: SmsGateway) -> str:
    return f"/2010-04-01/Accounts/{sms.account_sid}/Messages"


def send(sms: SmsGateway, base: str = BASE, **changes: str) -> requests.Response:
    form = {"To": NUMBER, "From": "Musterkasse", "Body": "Ihre TAN lautet 123456."} | changes
    return requests.post(f"{base}{path(sms)}.json", data=form, auth=(sms.account_sid, sms.auth_token), timeout=5)


def get(sms: SmsGateway, url: str) -> requests.Response:
    return requests.get(BASE + url, auth=(sms.account_sid, sms.auth_token), timeout=5)


@pytest.mark.usefixtures("mock")
def test_a_message_is_created_with_all_fields_of_the_resource(sms: SmsGateway) -> None:
    answer = send(sms)
    created = answer.json()
    assert answer.status_code == 201
    assert created == {
        "account_sid": sms.account_sid, "api_version": "2010-04-01", "body": "Ihre TAN lautet 123456.",
        "date_created": "Tue, 23 Mar 2021 08:00:00 +0000", "date_sent": None,
        "date_updated": "Tue, 23 Mar 2021 08:00:00 +0000", "direction": "outbound-api", "error_code": None,
        "error_message": None, "from": "Musterkasse", "messaging_service_sid": None, "num_media": "0",
        "num_segments": "1", "price": None, "price_unit": "USD", "sid": created["sid"], "status": "queued",
        "subresource_uris": {"media": f"{path(sms)}/{created['sid']}/Media.json"}, "to": NUMBER,
        "uri": f"{path(sms)}/{created['sid']}.json",
    }  # fmt: skip
    assert created["sid"].startswith("SM")
    assert len(created["sid"]) == 34


@pytest.mark.usefixtures("mock")
def test_a_message_is_fetched_with_its_new_state(physics: Physics, sms: SmsGateway) -> None:
    uri = send(sms).json()["uri"]
    physics.happen()
    fetched = get(sms, uri).json()
    assert (fetched["status"], fetched["error_code"]) == ("delivered", None)
    assert fetched["date_sent"] is not None


@pytest.mark.usefixtures("mock")
def test_the_list_is_paged_newest_first_by_its_own_links(sms: SmsGateway) -> None:
    sids = [send(sms, Body=f"Nachricht {n}").json()["sid"] for n in range(5)]
    seen, uri = [], f"{path(sms)}.json?PageSize=2"
    while uri:
        page = get(sms, uri).json()
        seen += [message["sid"] for message in page["messages"]]
        uri = page["next_page_uri"]
    assert seen == sids[::-1]
    assert get(sms, f"{path(sms)}.json?To=%2B491713920099").json()["messages"] == []


@pytest.mark.usefixtures("mock")
@pytest.mark.parametrize(
    ("changes", "code"),
    [({"To": ""}, 21604), ({"To": "+491701234567"}, 21211), ({"From": "!"}, 21212), ({"Body": ""}, 21602)],
)
def test_an_error_body_names_code_message_and_status(sms: SmsGateway, changes: dict[str, str], code: int) -> None:
    answer = send(sms, **changes)
    body = answer.json()
    assert (answer.status_code, body["code"], body["status"]) == (400, code, 400)
    assert body["message"]
    assert body["more_info"].endswith(str(code))


@pytest.mark.usefixtures("mock")
@pytest.mark.parametrize("auth", [None, ("AC0", "wrong"), ("ü", "ü"), ("", "")])
def test_without_the_right_token_nothing_is_taken(
    physics: Physics, sms: SmsGateway, auth: tuple[str, str] | None
) -> None:
    answer = requests.post(f"{BASE}{path(sms)}.json", data={"To": NUMBER}, auth=auth, timeout=5)
    assert (answer.status_code, answer.json()["code"]) == (401, 20003)
    assert sms.messages == ()
    assert [entry.event for entry in physics.journal.entries] == ["request.refused"]


@pytest.mark.usefixtures("mock")
@pytest.mark.parametrize(
    "url",
    ["/", "/2010-04-01/Accounts/AC0/Messages.json", "/2010-04-01/Accounts/{sid}/Messages/SM0.json"],
)
def test_an_unknown_path_account_or_message_is_20404(sms: SmsGateway, url: str) -> None:
    answer = get(sms, url.replace("{sid}", sms.account_sid))
    assert (answer.status_code, answer.json()["code"]) == (404, 20404)


@pytest.mark.usefixtures("mock")
def test_a_method_that_the_resource_does_not_have_is_20004(sms: SmsGateway) -> None:
    answer = requests.delete(f"{BASE}{path(sms)}.json", auth=(sms.account_sid, sms.auth_token), timeout=5)
    assert (answer.status_code, answer.json()["code"]) == (405, 20004)
    assert answer.headers["Allow"] == "GET, POST"


@pytest.mark.usefixtures("mock")
@pytest.mark.parametrize(("kind", "status", "code"), [("outage", 503, 20503), ("throttled", 429, 20429)])
def test_a_gateway_in_trouble_takes_nothing_and_recovers(
    physics: Physics, sms: SmsGateway, kind: str, status: int, code: int
) -> None:
    physics.faults.arm("sms", kind)
    answer = send(sms)
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert ("Retry-After" in answer.headers) == (kind == "throttled")
    assert sms.messages == ()
    assert next(physics.journal.named("sms", "request.refused")).cause.fault == f"sms.{kind}"
    assert send(sms).status_code == 201


@pytest.mark.usefixtures("mock")
def test_a_refused_connection_is_a_connection_error(physics: Physics, sms: SmsGateway) -> None:
    physics.faults.arm("sms", "refused_connection")
    with pytest.raises(requests.ConnectionError):
        send(sms)
    assert send(sms).status_code == 201


def test_a_status_callback_is_signed_and_tells_each_state(
    physics: Physics, sms: SmsGateway, mock: responses.RequestsMock
) -> None:
    mock.post(HOOK, status=204)
    message = send(sms, StatusCallback=HOOK).json()
    physics.happen()
    calls = [entry.request for entry in mock.calls if entry.request.url == HOOK]
    forms = [
        dict(parse_qsl(str(request.body, "ascii") if isinstance(request.body, bytes) else "")) for request in calls
    ]
    assert [form["MessageStatus"] for form in forms] == ["sent", "delivered"]
    assert all(form["MessageSid"] == message["sid"] and form["To"] == NUMBER for form in forms)
    for request, form in zip(calls, forms, strict=True):
        assert request.headers["X-Twilio-Signature"] == signature(sms.auth_token, HOOK, form)
    assert [entry.data["answer"] for entry in physics.journal.named("sms", "callback")] == [204, 204]


def test_an_undelivered_message_is_called_back_with_its_error(
    physics: Physics, sms: SmsGateway, mock: responses.RequestsMock
) -> None:
    mock.post(HOOK, status=200)
    physics.faults.arm("sms", "lost")
    send(sms, StatusCallback=HOOK)
    physics.happen()
    body = mock.calls[-1].request.body
    assert isinstance(body, bytes)
    form = dict(parse_qsl(body.decode()))
    assert (form["MessageStatus"], form["ErrorCode"]) == ("undelivered", "30003")
    assert list(physics.journal.named("sms", "callback"))[-1].cause.fault == "sms.lost"


@pytest.mark.usefixtures("mock")
def test_a_callback_that_nobody_answers_is_tried_once_more_and_harms_nothing(physics: Physics, sms: SmsGateway) -> None:
    send(sms, StatusCallback="https://nobody.example/")
    physics.happen()
    calls = list(physics.journal.named("sms", "callback"))
    assert [entry.data["status"] for entry in calls] == ["sent", "sent", "delivered", "delivered"]
    assert [entry.data["answer"] for entry in calls] == [None] * 4
    assert sms.messages[0].status == "delivered"


def test_the_signature_is_the_one_of_the_published_example() -> None:
    """Vector: Twilio, Webhooks Security, the worked example with the token 12345."""
    url = "https://mycompany.com/myapp.php?foo=1&bar=2"
    form = {
        "CallSid": "CA1234567890ABCDE", "Caller": "+12349013030", "Digits": "1234", "From": "+12349013030",
        "To": "+18005551212",
    }  # fmt: skip
    made = signature("12345", url, form)
    assert len(b64decode(made)) == 20
    assert made == "0/KCTR6DLpKmkAf8muzZqo1nDgQ="


@given(body=st.binary(max_size=300), page=st.text(max_size=10), sid=st.text(max_size=10))
@settings(deadline=None)
def test_no_input_is_a_server_error(body: bytes, page: str, sid: str) -> None:
    sms = SmsGateway(Physics())
    auth = requests.models.PreparedRequest()
    auth.prepare(
        "GET", f"{BASE}{path(sms)}.json", params={"Page": page, "PageSize": sid}, auth=(sms.account_sid, sms.auth_token)
    )
    headers = {"Authorization": auth.headers["Authorization"]}
    url = auth.url or ""
    for method, where in (("POST", url), ("GET", url), ("GET", url.replace("Messages.json", "Messages/%FF.json"))):
        assert call(sms.app, method, where, headers, body).status in (200, 201, 400, 404)
    other = {"Authorization": f"Basic {sid.encode('unicode-escape').decode()}"}
    assert call(sms.app, "POST", url, other, body).status == 401


def test_the_door_answers_on_a_socket_as_in_process(physics: Physics, sms: SmsGateway) -> None:
    door = next(iter(sms.doors()))
    with BackgroundLoop() as loop:
        base = door.open(loop)
        try:
            assert send(sms, base).status_code == 201
            assert send(sms, base, To="").json()["code"] == 21604
            physics.faults.arm("sms", "refused_connection")
            with pytest.raises(requests.ConnectionError):
                send(sms, base)
        finally:
            door.close()
    physics.happen()
    assert [entry.event for entry in physics.journal.entries if entry.channel == "sms"][-2:] == ["delivered", "notice"]
