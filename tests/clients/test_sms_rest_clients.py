"""Clients that others wrote, unchanged, at the gateway's REST surfaces on a socket: twilio, sms77api, curl."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

import pytest
import responses

from emulators.sms.gateway import SmsGateway, SmsOrder
from emulators.sms.surface import BODY_LIMIT
from emulators.wire.http import HttpDoor
from emulators.wire.loop import BackgroundLoop
from tests.pcsc.virtual_reader import do_without, need

ROOT = Path(__file__).parents[2]
PROGRAMS = Path(__file__).parent / "programs"
NUMBER = "+491713920000"
HOOK = "https://epa.example/sms-status?tenant=1"


@pytest.fixture
def address(sms: SmsGateway) -> Iterator[str]:
    """The door of a gateway whose world goes on by itself after each request."""
    door = HttpDoor("sms", sms.app, sms.physics.lock, settle=sms.physics.clock.settle)
    with BackgroundLoop() as loop:
        try:
            yield door.open(loop)
        finally:
            door.close()


def client(program: str, given: dict[str, Any]) -> Any:
    """What a program says, run with the interpreter that has the clients."""
    python = ROOT / ".venv-clients" / "bin" / "python"
    if not python.exists():
        do_without("the third-party clients' environment (.venv-clients)", "make clients")
    command = [str(python), str(PROGRAMS / program), json.dumps(given)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def curl(*arguments: str, body: bytes = b"") -> tuple[int, str]:
    """Status and body of one call."""
    command = [need("curl", "curl"), "--silent", "--show-error", "--write-out", "\n%{http_code}", *arguments]
    done = subprocess.run(command, input=body, capture_output=True, timeout=60)
    assert done.returncode == 0, done.stderr
    text, _, status = done.stdout.decode().rpartition("\n")
    return int(status), text


def test_twilio_creates_pages_fetches_redacts_and_deletes(sms: SmsGateway, address: str) -> None:
    given = {"address": address, "sid": sms.account_sid, "token": sms.auth_token, "to": NUMBER, "callback": HOOK}
    found = client("sms_twilio.py", given)
    assert len(set(found["sids"])) == 5
    assert found["listed"] == found["sids"][::-1]
    assert (found["status"], found["body"], found["redacted"]) == ("delivered", "Ihre TAN lautet 000000", "")
    assert found["deleted"] is True
    assert found["left"] == 4
    assert found["refused"] == [400, 21211]
    assert len(sms.handset(NUMBER).inbox) == 5


def test_twilios_validator_accepts_the_signatures_and_no_foreign_one(sms: SmsGateway) -> None:
    sms.physics.faults.arm("sms", "callback_wrongly_signed", nth=3)
    with responses.RequestsMock() as mock:
        mock.post(HOOK, status=204)
        for body in ("Ihre TAN lautet 123456", "Grüße – 654321"):
            sms.submit(SmsOrder(NUMBER, "Musterkasse", body, status_callback=HOOK))
        sms.physics.happen()
        calls = [
            {
                "form": dict(parse_qsl((each.request.body or b"").decode())),  # type: ignore[union-attr]
                "signature": each.request.headers["X-Twilio-Signature"],
            }
            for each in mock.calls
        ]
    assert len(calls) == 4
    found = client("sms_twilio_validate.py", {"token": sms.auth_token, "url": HOOK, "calls": calls})
    assert found == [True, True, False, True]


def test_sms77api_sends_plain_and_json(sms: SmsGateway, address: str) -> None:
    found = client("sms_seven.py", {"address": address, "key": sms.seven_key, "to": NUMBER})
    assert (found["plain"], found["locked"], found["wrong_key"]) == ("100", "402", "900")
    assert (found["json"]["success"], found["json"]["messages"][0]["text"]) == ("100", "Grüße: 222222")
    assert found["status"].startswith("DELIVERED\n")
    assert [text.body for text in sms.handset(NUMBER).inbox] == ["Ihre TAN lautet 111111", "Grüße: 222222"]


def test_curl_sends_by_either_surface(sms: SmsGateway, address: str) -> None:
    url = f"{address}/2010-04-01/Accounts/{sms.account_sid}/Messages.json"
    user = ("--user", f"{sms.account_sid}:{sms.auth_token}")
    fields = ("--data-urlencode", f"To={NUMBER}", "--data-urlencode", "From=Musterkasse")
    status, text = curl(*user, *fields, "--data-urlencode", "Body=Grüße: 123456", url)
    assert (status, json.loads(text)["body"]) == (201, "Grüße: 123456")
    key = ("--header", f"X-Api-Key: {sms.seven_key}", "--header", "Content-Type: application/json")
    status, text = curl(*key, "--data", json.dumps({"to": NUMBER, "text": "TAN 654321"}), f"{address}/api/sms")
    assert (status, text) == (200, "100")
    assert [text.body for text in sms.handset(NUMBER).inbox] == ["Grüße: 123456", "TAN 654321"]


@pytest.mark.parametrize(("size", "code"), [(BODY_LIMIT + 1, 20413), (10_000_000, 20413)])
def test_curl_with_far_too_much_gets_an_error_body(sms: SmsGateway, address: str, size: int, code: int) -> None:
    url = f"{address}/2010-04-01/Accounts/{sms.account_sid}/Messages.json"
    user = ("--user", f"{sms.account_sid}:{sms.auth_token}")
    status, text = curl(*user, "--data-binary", "@-", url, body=b"Body=" + b"x" * (size - 5))
    assert (status, json.loads(text)["code"]) == (413, code)
    assert sms.messages == ()
