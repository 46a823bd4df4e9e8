"""Twilio's Messages resource: fields, scheduling, paging, redaction, deletion, test credentials, bad input."""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qsl, urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emulators.core.physics import Physics
from emulators.sms import magic
from emulators.sms.gateway import SmsGateway, SmsOrder
from emulators.sms.message import Replacement
from emulators.sms.surface import BODY_LIMIT, Request, account_of
from emulators.wire.http import Answer, call
from tests.sms.conftest import events, last

NUMBER, OTHER, SENDER = "+491713920000", "+491713920001", "+491713920050"
FORM = {"To": NUMBER, "From": "Musterkasse", "Body": "Ihre TAN lautet 123456."}


@pytest.fixture(autouse=True)
def handsets(sms: SmsGateway) -> None:
    sms.handset(NUMBER)
    sms.handset(OTHER)


def ask(
    sms: SmsGateway,
    method: str,
    path: str = ".json",
    form: Mapping[str, str] | bytes = b"",
    *,
    test: bool = False,
    kind: str = "application/x-www-form-urlencoded",
) -> Answer:
    keys = sms.credentials
    sid, token = (keys.test_account_sid, keys.test_auth_token) if test else (keys.account_sid, keys.auth_token)
    url = path if path.startswith("/2010") else f"/2010-04-01/Accounts/{sid}/Messages{path}"
    auth = b64encode(f"{sid}:{token}".encode()).decode()
    body = form if isinstance(form, bytes) else urlencode(form).encode()
    return call(
        sms.app, method, f"http://sms.test{url}", {"Authorization": f"Basic {auth}", "Content-Type": kind}, body
    )


def content(answer: Answer) -> dict[str, Any]:
    found = json.loads(answer.body)
    assert isinstance(found, dict)
    return found


def create(sms: SmsGateway, **changes: str) -> dict[str, Any]:
    answer = ask(sms, "POST", form=FORM | changes)
    assert answer.status == 201, answer.body
    return content(answer)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("SmartEncoded", "true"),
        ("ContentRetention", "retain"),
        ("AddressRetention", "retain"),
        ("ForceDelivery", "true"),
        ("ProvideFeedback", "false"),
        ("MaxPrice", "0.5"),
        ("Attempt", "1"),
        ("TrafficType", "free"),
        ("RiskCheck", "disable"),
        ("FallbackFrom", "+491713920051"),
        ("ValidityPeriod", "36000"),
        ("SendAsMms", "false"),
        ("ShortenUrls", "false"),
    ],
)
def test_a_field_without_harm_is_taken(sms: SmsGateway, field: str, value: str) -> None:
    assert create(sms, **{field: value})["status"] == "queued"


@pytest.mark.parametrize(
    ("field", "value", "code"),
    [
        ("MediaUrl", "https://musterkasse.example/a.png", 20001),
        ("SendAsMms", "true", 20001),
        ("ContentSid", "HX0", 20001),
        ("ContentVariables", "{}", 20001),
        ("ShortenUrls", "true", 20001),
        ("PersistentAction", "geo:0,0", 20001),
        ("ApplicationSid", "AP0", 20001),
        ("SmartEncoded", "perhaps", 20001),
        ("MaxPrice", "cheap", 20001),
        ("TrafficType", "paid", 20001),
        ("RiskCheck", "maybe", 20001),
        ("ContentRetention", "burn", 20001),
        ("Colour", "red", 20001),
        ("ValidityPeriod", "0", 21624),
        ("ValidityPeriod", "36001", 21624),
        ("ValidityPeriod", "1.5", 21624),
        ("MessagingServiceSid", "MG0", 21701),
    ],
)
def test_a_field_that_cannot_be_honoured_is_refused_by_name(sms: SmsGateway, field: str, value: str, code: int) -> None:
    answer = ask(sms, "POST", form=FORM | {field: value})
    assert (answer.status, content(answer)["code"]) == (400, code)
    assert code != 20001 or field in content(answer)["message"]
    assert sms.messages == ()


def test_smart_encoding_saves_segments(sms: SmsGateway) -> None:
    body = "Ihre „TAN“ – 123456…" * 5
    assert create(sms, Body=body)["num_segments"] == "2"
    smart = create(sms, Body=body, SmartEncoded="true")
    assert (smart["num_segments"], smart["body"][:20]) == ("1", 'Ihre "TAN" - 123456.')


def test_what_is_not_to_be_retained_is_not_shown_but_arrives(physics: Physics, sms: SmsGateway) -> None:
    uri = create(sms, ContentRetention="discard", AddressRetention="obfuscate")["uri"]
    physics.happen()
    fetched = content(ask(sms, "GET", uri))
    assert (fetched["body"], fetched["to"]) == ("", "+49171392XXXX")
    assert [text.body for text in sms.handset(NUMBER).inbox] == [FORM["Body"]]


def test_a_sent_message_has_its_price(physics: Physics, sms: SmsGateway) -> None:
    created = create(sms, Body="x" * 161)
    assert created["price"] is None
    physics.happen()
    assert content(ask(sms, "GET", created["uri"]))["price"] == "-0.17000"


# -- scheduling, cancelling, redaction, deletion ----------------------------------------------------------------------


def scheduled(sms: SmsGateway, delay: timedelta, **changes: str) -> Answer:
    send_at = (sms.physics.clock.now + delay).astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    service = sms.credentials.messaging_service_sid
    form = {"To": NUMBER, "Body": "4711", "MessagingServiceSid": service, "ScheduleType": "fixed", "SendAt": send_at}
    return ask(sms, "POST", form=form | changes)


def test_a_scheduled_message_sets_out_at_its_time(physics: Physics, sms: SmsGateway) -> None:
    created = content(scheduled(sms, timedelta(hours=1)))
    assert (created["status"], created["messaging_service_sid"]) == (
        "scheduled", sms.credentials.messaging_service_sid,
    )  # fmt: skip
    physics.advance_to(physics.clock.now + timedelta(minutes=59))
    assert content(ask(sms, "GET", created["uri"]))["status"] == "scheduled"
    physics.advance_to(physics.clock.now + timedelta(minutes=1))
    assert content(ask(sms, "GET", created["uri"]))["status"] == "delivered"
    assert sms.handset(NUMBER).inbox[0].sender == sms.service_sender


@pytest.mark.parametrize(
    ("delay", "changes", "code"),
    [
        (timedelta(minutes=14), {}, 35114),
        (timedelta(days=36), {}, 35114),
        (timedelta(hours=1), {"SendAt": "tomorrow"}, 35114),
        (timedelta(hours=1), {"SendAt": ""}, 35114),
        (timedelta(hours=1), {"ScheduleType": ""}, 20001),
        (timedelta(hours=1), {"MessagingServiceSid": "", "From": "Musterkasse"}, 35118),
    ],
)
def test_a_schedule_that_cannot_be_kept_is_refused(
    sms: SmsGateway, delay: timedelta, changes: dict[str, str], code: int
) -> None:
    answer = scheduled(sms, delay, **changes)
    assert (answer.status, content(answer)["code"]) == (400, code)


def test_a_scheduled_message_is_taken_back_and_no_other(physics: Physics, sms: SmsGateway) -> None:
    created = content(scheduled(sms, timedelta(hours=1)))
    canceled = ask(sms, "POST", created["uri"], {"Status": "canceled"})
    assert (canceled.status, content(canceled)["status"]) == (200, "canceled")
    assert content(ask(sms, "POST", created["uri"], {"Status": "canceled"}))["code"] == 20409
    assert content(ask(sms, "POST", create(sms)["uri"], {"Status": "canceled"}))["code"] == 20409
    physics.advance_to(physics.clock.now + timedelta(hours=2))
    assert [text.body for text in sms.handset(NUMBER).inbox] == [FORM["Body"]]


def test_a_finished_message_is_redacted_and_deleted(physics: Physics, sms: SmsGateway) -> None:
    uri = create(sms)["uri"]
    assert content(ask(sms, "POST", uri, {"Body": ""}))["code"] == 20409
    assert content(ask(sms, "DELETE", uri))["code"] == 20409
    physics.happen()
    assert content(ask(sms, "POST", uri, {"Body": "new"}))["code"] == 20001
    assert content(ask(sms, "POST", uri, {"To": OTHER}))["code"] == 20001
    assert content(ask(sms, "POST", uri, {"Body": ""}))["body"] == ""
    assert content(ask(sms, "GET", uri))["body"] == ""
    gone = ask(sms, "DELETE", uri)
    assert (gone.status, gone.body) == (204, b"")
    assert ask(sms, "GET", uri).status == 404
    assert content(ask(sms, "GET"))["messages"] == []
    assert events(physics)[-2:] == ["redacted", "deleted"]


def test_the_messages_of_a_number_are_all_there_after_one_was_deleted(physics: Physics, sms: SmsGateway) -> None:
    first, second = create(sms), create(sms)
    physics.happen()
    assert ask(sms, "DELETE", first["uri"]).status == 204
    third, fourth = create(sms), create(sms)
    assert [message.sid for message in sms.store.to(NUMBER)] == [each["sid"] for each in (second, third, fourth)]


def test_feedback_is_noted_and_there_is_never_media(physics: Physics, sms: SmsGateway) -> None:
    uri = create(sms)["uri"].removesuffix(".json")
    feedback = ask(sms, "POST", f"{uri}/Feedback.json", {"Outcome": "confirmed"})
    assert (feedback.status, content(feedback)["outcome"]) == (201, "confirmed")
    assert last(physics, "feedback")["outcome"] == "confirmed"
    assert content(ask(sms, "POST", f"{uri}/Feedback.json", {"Outcome": "great"}))["code"] == 20001
    assert content(ask(sms, "GET", f"{uri}/Media.json"))["media_list"] == []


# -- the list ---------------------------------------------------------------------------------------------------------


def sids(answer: Answer) -> list[str]:
    return [message["sid"] for message in content(answer)["messages"]]


def test_the_list_is_narrowed_by_numbers_and_days(physics: Physics, sms: SmsGateway) -> None:
    monday = create(sms)["sid"]
    physics.advance_to(physics.clock.now + timedelta(days=1))
    other = create(sms, To=OTHER)["sid"]
    physics.advance_to(physics.clock.now + timedelta(days=1))
    named = create(sms, From="Anders")["sid"]
    pending = content(scheduled(sms, timedelta(hours=1)))["sid"]
    physics.happen()

    def found(**query: str) -> list[str]:
        return sids(ask(sms, "GET", f".json?{urlencode(query)}"))

    assert found() == [pending, named, other, monday]
    assert found(To=OTHER) == [other]
    assert found(To=NUMBER, From="Anders") == [named]
    assert found(DateSent="2021-03-24") == [other]
    assert found(**{"DateSent>": "2021-03-24"}) == [named, other]
    assert found(**{"DateSent<": "2021-03-24", "To": NUMBER}) == [monday]
    assert found(**{"DateSent>": "2021-03-25T08:00:00Z"}) == [named]
    assert found(**{"DateSent>": "9999-12-31T23:59:59-05:00"}) == []
    assert content(ask(sms, "GET", ".json?DateSent=yesterday"))["code"] == 20001


def test_pages_are_not_shifted_by_messages_that_come_meanwhile(sms: SmsGateway) -> None:
    made = [create(sms, Body=str(number))["sid"] for number in range(5)][::-1]
    first = content(ask(sms, "GET", ".json?PageSize=2"))
    create(sms, Body="new")
    second = content(ask(sms, "GET", first["next_page_uri"]))
    third = content(ask(sms, "GET", second["next_page_uri"]))
    assert [m["sid"] for page in (first, second, third) for m in page["messages"]] == made
    assert (third["next_page_uri"], third["page"], third["start"]) == (None, 2, 4)
    back = content(ask(sms, "GET", third["previous_page_uri"]))
    assert [m["sid"] for m in back["messages"]] == made[2:4]
    assert content(ask(sms, "GET", ".json?PageSize=2&Page=1"))["messages"][0]["sid"] == made[1]
    assert content(ask(sms, "GET", ".json?PageToken=PX1"))["code"] == 20001


def test_a_filter_is_kept_on_every_page(sms: SmsGateway) -> None:
    made = [create(sms, To=(NUMBER, OTHER)[number % 2])["sid"] for number in range(6)]
    page = content(ask(sms, "GET", f".json?{urlencode({'To': OTHER, 'PageSize': 2})}"))
    rest = content(ask(sms, "GET", page["next_page_uri"]))
    assert [m["sid"] for each in (page, rest) for m in each["messages"]] == made[::-2]
    assert rest["next_page_uri"] is None


def test_the_hour_that_comes_twice_in_october_is_two_hours_in_utc(physics: Physics, sms: SmsGateway) -> None:
    physics.advance_to(datetime(2021, 10, 31, 0, 30, tzinfo=UTC))
    first = create(sms)["date_created"]
    physics.advance_to(physics.clock.later(timedelta(hours=1)))
    assert (first[-14:], create(sms)["date_created"][-14:]) == ("00:30:00 +0000", "01:30:00 +0000")


# -- inbound ----------------------------------------------------------------------------------------------------------


def test_a_message_from_a_handset_is_in_the_list_as_inbound(physics: Physics, sms: SmsGateway) -> None:
    sms.handset(NUMBER).send(SENDER, "Danke")
    (message,) = content(ask(sms, "GET", f".json?{urlencode({'From': NUMBER})}"))["messages"]
    assert (message["direction"], message["status"], message["to"], message["body"]) == (
        "inbound", "received", SENDER, "Danke",
    )  # fmt: skip


# -- test credentials -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("to", "code"), sorted(magic.RECIPIENTS.items()))
def test_a_magic_recipient_gives_its_error(sms: SmsGateway, to: str, code: int) -> None:
    answer = ask(sms, "POST", form={"To": to, "From": magic.VALID_SENDER, "Body": "x"}, test=True)
    assert content(answer)["code"] == code


def test_test_credentials_measure_the_text_as_the_others_do(sms: SmsGateway) -> None:
    form = {"To": NUMBER, "From": magic.VALID_SENDER, "Body": "x" * 1601}
    assert content(ask(sms, "POST", form=form, test=True))["code"] == 21617


@pytest.mark.parametrize(("sender", "code"), [*sorted(magic.SENDERS.items()), ("+491713920050", 21606), ("", 21603)])
def test_a_magic_sender_gives_its_error(sms: SmsGateway, sender: str, code: int) -> None:
    answer = ask(sms, "POST", form={"To": NUMBER, "From": sender, "Body": "x"}, test=True)
    assert content(answer)["code"] == code


def test_with_the_test_credentials_nothing_is_sent(physics: Physics, sms: SmsGateway) -> None:
    form = {"To": NUMBER, "From": magic.VALID_SENDER, "Body": "x", "StatusCallback": "http://epa.example/"}
    answer = ask(sms, "POST", form=form, test=True)
    assert (answer.status, content(answer)["account_sid"]) == (201, sms.credentials.test_account_sid)
    physics.happen()
    assert sms.messages == ()
    assert sms.handset(NUMBER).inbox == ()
    assert events(physics) == []


# -- bad input --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("body", "kind", "status", "says"),
    [
        (b"To=" + b"1" * BODY_LIMIT, "application/x-www-form-urlencoded", 413, "limit"),
        (b"To=%2B491713920000&Body=\xff", "application/x-www-form-urlencoded", 400, "UTF-8"),
        (b"Body=%FF", "application/x-www-form-urlencoded", 400, "UTF-8"),
        (b"&a" * 2000, "application/x-www-form-urlencoded", 400, "fields"),
        (b'{"To": "+491713920000"}', "application/json", 400, "application/json"),
        (b"--x\r\n", "multipart/form-data; boundary=x", 400, "multipart"),
        (b"", "application/x-www-form-urlencoded", 400, "'To'"),
    ],
)
def test_a_body_that_cannot_be_read_is_answered_with_what_is_wrong(
    sms: SmsGateway, body: bytes, kind: str, status: int, says: str
) -> None:
    answer = ask(sms, "POST", form=body, kind=kind)
    assert answer.status == status
    assert content(answer)["status"] == status
    assert says in content(answer)["message"]
    assert len(answer.body) < 1000


def test_an_account_is_told_by_what_a_client_sends_anyway(sms: SmsGateway) -> None:
    basic = b"Basic " + b64encode(f"{sms.account_sid}:x".encode())

    def account(path: str, query: bytes = b"", *headers: tuple[bytes, bytes]) -> str | None:
        return account_of({"type": "http", "path": path, "query_string": query, "headers": list(headers)})

    assert account("/2010-04-01/Accounts/AC1/Messages.json") == "AC1"
    assert account("/2010-04-01/Accounts/AC1.json") == "AC1"
    assert account("/elsewhere", b"", (b"authorization", basic)) == sms.account_sid
    assert account("/elsewhere") is None
    assert account("/api/sms", b"", (b"x-api-key", b"K1")) == "K1"
    assert account("/api/sms", b"p=K2") == "K2"
    assert account("/api/sms", b"", (b"authorization", b"basic K3")) == "K3"
    assert account("/api/sms") is None
    assert account("/api/sms", b"p=%FF") is None


def test_replacing_and_cancelling_reach_a_message_that_still_waits(physics: Physics, sms: SmsGateway) -> None:
    at = physics.clock.now + timedelta(hours=1)
    first, second = (sms.submit(SmsOrder(NUMBER, "Musterkasse", "alt", send_at=at)) for _ in range(2))
    sms.replace(first.sid, Replacement("neu"))
    sms.cancel(second.sid)
    physics.advance_to(at)
    assert [text.body for text in sms.handset(NUMBER).inbox] == ["neu"]


def test_a_listener_hears_every_change(physics: Physics, sms: SmsGateway) -> None:
    heard: list[str] = []
    sms.submit(SmsOrder(NUMBER, "Musterkasse", "x", listener=lambda message: heard.append(message.status.value)))
    assert heard == []
    physics.happen()
    assert heard == ["sent", "delivered"]


def test_the_credentials_fit_the_fields_of_smpp(sms: SmsGateway) -> None:
    assert len(sms.smpp_system_id) <= 15
    assert len(sms.smpp_password) <= 8


@given(st.dictionaries(st.text(min_size=1, max_size=20), st.text(max_size=40), max_size=6))
def test_a_form_is_read_as_it_was_written(fields: dict[str, str]) -> None:
    body = urlencode({name: value.encode("utf-8", "replace") for name, value in fields.items()}).encode()
    expected = dict(parse_qsl(body.decode(), keep_blank_values=True))
    assert Request("POST", "/", b"", {}, body).form() == expected
