"""Webhooks: retries and overrides, the one for inbound messages, and what can go wrong with them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qsl

import pytest
import requests
import responses

from emulators.core.physics import Physics
from emulators.sms.callback import Target, signature
from emulators.sms.gateway import Rejected, SmsGateway, SmsOrder
from emulators.wire.outside import Patience, Unanswered
from tests.sms.conftest import last

NUMBER, SENDER = "+491713920000", "+491713920050"
HOOK = "https://epa.example/sms-status"


@pytest.fixture
def mock() -> Iterator[responses.RequestsMock]:
    with responses.RequestsMock() as mock:
        yield mock


def run(physics: Physics, sms: SmsGateway, url: str = HOOK) -> None:
    sms.handset(NUMBER)
    sms.submit(SmsOrder(NUMBER, SENDER, "TAN 123456", status_callback=url))
    physics.happen()


def forms(mock: responses.RequestsMock) -> list[dict[str, str]]:
    return [dict(parse_qsl(each.request.body.decode())) for each in mock.calls if isinstance(each.request.body, bytes)]


def states(mock: responses.RequestsMock) -> list[str]:
    return [form["SmsStatus"] for form in forms(mock)]


@pytest.mark.parametrize(
    ("fragment", "status", "attempts"),
    [
        ("", 500, 1),
        ("#rc=2&rp=all", 500, 3),
        ("#rc=2&rp=5xx", 503, 3),
        ("#rc=2&rp=4xx,5xx", 404, 3),
        ("#rc=2&rp=4xx", 500, 1),
        ("#rc=2&rp=all", 204, 1),
        ("#rc=0", 500, 1),
        ("#rc=9&rp=5xx", 500, 2),
        ("#rc=x", 200, 1),
    ],
)
def test_a_callback_is_tried_again_as_its_url_says(
    physics: Physics, sms: SmsGateway, mock: responses.RequestsMock, fragment: str, status: int, attempts: int
) -> None:
    mock.post(HOOK, status=status)
    run(physics, sms, HOOK + fragment)
    assert states(mock) == ["sent"] * attempts + ["delivered"] * attempts
    assert mock.calls[0].request.url == HOOK
    tokens = {each.request.headers["I-Twilio-Idempotency-Token"] for each in mock.calls}
    assert len(tokens) == 2
    assert all(
        each.request.headers["X-Twilio-Signature"] == signature(sms.auth_token, HOOK, form)
        for each, form in zip(mock.calls, forms(mock), strict=True)
    )


@pytest.mark.parametrize(
    ("fragment", "unreachable", "late"),
    [
        ("", 2, 1),
        ("#rc=0", 1, 1),
        ("#rc=5", 6, 1),
        ("#rp=rt", 1, 2),
        ("#rp=ct,rt", 2, 2),
        ("#rc=3&rp=all", 4, 4),
        ("#rc=3&rp=5xx", 1, 1),
        ("#rc=3&rp=whatever", 4, 1),
    ],
)
def test_no_connection_and_no_answer_in_time_are_tried_again_apart(
    physics: Physics, sms: SmsGateway, mock: responses.RequestsMock, fragment: str, unreachable: int, late: int
) -> None:
    """Source: Twilio, Connection overrides: the policy is `ct` unless the URL has another."""
    for error, attempts, why in (
        (requests.ConnectTimeout(), unreachable, "not connected"),
        (requests.ConnectionError(), unreachable, "not connected"),
        (requests.ReadTimeout(), late, "too late"),
    ):
        mock.upsert("POST", HOOK, body=error)
        mock.calls.reset()
        run(physics, sms, HOOK + fragment)
        assert states(mock) == ["sent"] * attempts + ["delivered"] * attempts
        noted = last(physics, "callback")
        assert (noted["answer"], noted["why"]) == (None, why)


@pytest.mark.parametrize(
    ("fragment", "connect", "read", "total"),
    [
        ("", 5, 15, 15),
        ("#ct=100&rt=250&tt=10000", 0.1, 0.25, 10),
        ("#ct=10000&rt=15000", 10, 15, 15),
        ("#ct=10001&rt=15001&tt=15001", 5, 15, 15),
        ("#ct=99&rt=99&tt=99", 5, 15, 15),
        ("#ct=&rt=x&tt=-1", 5, 15, 15),
        ("#ct=\u0661\u0660\u0660", 5, 15, 15),
    ],
)
def test_a_callback_waits_as_long_as_its_url_says(
    physics: Physics,
    sms: SmsGateway,
    mock: responses.RequestsMock,
    fragment: str,
    connect: float,
    read: float,
    total: float,
) -> None:
    """Source: Twilio, Connection overrides: milliseconds, each with its least, its most and what counts unsaid."""
    mock.post(HOOK)
    run(physics, sms, HOOK + fragment)
    request: Any = mock.calls[0].request
    timeout = request.req_kwargs["timeout"]
    assert (timeout.connect_timeout, timeout.read_timeout, round(timeout.total, 1)) == (connect, read, total)


@pytest.mark.parametrize(("fragment", "waits"), [("#rc=5&rp=all", [15.0, 9.0, 3.0]), ("#rc=1&rp=all&tt=6000", [6.0])])
def test_all_attempts_together_take_no_longer_than_the_total(fragment: str, waits: list[float]) -> None:
    now, left = 100.0, list[float | None]()

    def post(_: str, patience: Patience) -> Unanswered:
        nonlocal now
        now += 6
        left.append(patience.total)
        return Unanswered.TOO_LATE

    assert Target.of(HOOK + fragment).call(post, lambda: now) == [Unanswered.TOO_LATE] * len(waits)
    assert left == waits


def test_a_retry_ends_with_the_first_good_answer() -> None:
    expected: list[int | Unanswered] = [Unanswered.NOT_CONNECTED, 200]
    answers = iter(expected)
    assert Target.of(f"{HOOK}#rc=5").call(lambda _, __: next(answers), lambda: 0.0) == expected


@pytest.mark.parametrize(
    ("kind", "seen"),
    [
        ("callback_lost", ["delivered"]),
        ("callback_twice", ["sent", "sent", "delivered"]),
        ("callback_late", ["delivered", "sent"]),
    ],
)
def test_callbacks_are_lost_doubled_and_out_of_order(
    physics: Physics, sms: SmsGateway, mock: responses.RequestsMock, kind: str, seen: list[str]
) -> None:
    mock.post(HOOK, status=200)
    physics.faults.arm("sms", kind)
    run(physics, sms)
    physics.advance_to(physics.clock.now + timedelta(minutes=1))
    assert states(mock) == seen
    assert physics.faults.unspent == ()


def test_a_wrong_signature_is_wrong_for_one_callback(
    physics: Physics, sms: SmsGateway, mock: responses.RequestsMock
) -> None:
    mock.post(HOOK, status=403)
    physics.faults.arm("sms", "callback_wrongly_signed")
    run(physics, sms)
    right = [
        each.request.headers["X-Twilio-Signature"] == signature(sms.auth_token, HOOK, form)
        for each, form in zip(mock.calls, forms(mock), strict=True)
    ]
    assert right == [False, True]
    assert next(physics.journal.named("sms", "callback")).cause.fault == "sms.callback_wrongly_signed"


@pytest.mark.parametrize("asked", ["https://epa.example", "https://epa.example/ü?y=ä", "https://epa.example/a?q=%41"])
def test_the_signature_covers_the_url_that_is_really_asked_for(
    physics: Physics, sms: SmsGateway, mock: responses.RequestsMock, asked: str
) -> None:
    mock.post(re.compile("https://epa.example/.*"))
    run(physics, sms, asked)
    for call, form in zip(mock.calls, forms(mock), strict=True):
        assert call.request.headers["X-Twilio-Signature"] == signature(sms.auth_token, call.request.url or "", form)


@pytest.mark.parametrize("url", ["http://127.0.0.1:1/\r\nX: y", "http://127.0.0.1/a b", "http://127.0.0.1/\x00"])
def test_a_url_with_a_blank_or_a_line_end_is_none(sms: SmsGateway, url: str) -> None:
    with pytest.raises(Rejected, match="21609"):
        sms.submit(SmsOrder(NUMBER, SENDER, "TAN 123456", status_callback=url))


def test_an_inbound_message_is_reported_with_its_text(
    physics: Physics, sms: SmsGateway, mock: responses.RequestsMock
) -> None:
    mock.post(HOOK, status=200)
    sms.inbound_url = HOOK
    sms.handset(NUMBER).send(SENDER, "Grüße")
    physics.happen()
    (form,) = forms(mock)
    assert (form["From"], form["To"], form["Body"], form["SmsStatus"]) == (NUMBER, SENDER, "Grüße", "received")
    assert mock.calls[0].request.headers["X-Twilio-Signature"] == signature(sms.auth_token, HOOK, form)
    assert last(physics, "webhook")["answer"] == 200
