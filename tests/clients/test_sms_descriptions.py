"""schemathesis at the gateway's REST surfaces, with and without the keys, by their own descriptions."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, timedelta
from pathlib import Path

import pytest

from emulators.sms.gateway import Message, SmsGateway, SmsOrder
from emulators.sms.openapi import SEVEN, TWILIO
from emulators.wire.http import HttpDoor
from emulators.wire.loop import BackgroundLoop
from tests.clients.test_our_descriptions import caught

PROGRAMS = Path(__file__).parent / "programs"
ACCOUNT, MESSAGE = PROGRAMS / "schemathesis_sms.toml", PROGRAMS / "schemathesis_sms_message.toml"
NUMBER = "+491713920000"

# seven.io answers with 200 and a code, whatever is wrong: these checks want another status.
BY_STATUS = ("--exclude-checks", "ignored_auth,negative_data_rejection,missing_required_header")


@pytest.fixture
def delivered(sms: SmsGateway) -> Message:
    message = sms.submit(SmsOrder(NUMBER, "Musterkasse", "Ihre TAN lautet 123456."))
    sms.physics.happen()
    return message


@pytest.fixture
def address(sms: SmsGateway, delivered: Message) -> Iterator[str]:
    """The door of a gateway where no callback is ever made, and one message comes back however often it is deleted."""

    def settle() -> None:
        with sms.physics.lock:
            sms.physics.clock.settle()
            if sms.store.get(delivered.sid) is None:
                sms.store.add(delivered)

    door = HttpDoor("sms", sms.app, sms.physics.lock, settle=settle)
    with BackgroundLoop() as loop:
        try:
            yield door.open(loop)
        finally:
            door.close()


def known(sms: SmsGateway, delivered: Message) -> dict[str, str]:
    """What the configuration and the hooks are told of the account."""
    tomorrow = (sms.physics.clock.now + timedelta(days=1)).astimezone(UTC)
    return {
        "ACCOUNT_SID": sms.account_sid,
        "MESSAGE_SID": delivered.sid,
        "SERVICE_SID": sms.credentials.messaging_service_sid,
        "SEND_AT": tomorrow.isoformat(),
        "SCHEMATHESIS_HOOKS": "schemathesis_sms",
        "PYTHONPATH": str(PROGRAMS),
    }


def counted(sms: SmsGateway, event: str) -> int:
    return sum(1 for _ in sms.physics.journal.named("sms", event))


def test_twilios_shape_does_what_its_description_says_and_never_breaks(
    tmp_path: Path, sms: SmsGateway, delivered: Message, address: str
) -> None:
    login = ("--auth", f"{sms.account_sid}:{sms.auth_token}")
    made = caught(tmp_path, f"{address}{TWILIO}", *login, config=MESSAGE, environment=known(sms, delivered))
    assert made > 300
    for event in ("submitted", "feedback", "redacted", "deleted", "refused"):
        assert counted(sms, event) > 0, event
    assert any(message.order.send_at for message in sms.messages)


def test_the_links_of_twilios_description_lead_to_the_message_that_was_made(
    tmp_path: Path, sms: SmsGateway, delivered: Message, address: str
) -> None:
    # Which links are followed is the dice's choice, the same each time; eight walks may happen to delete nothing.
    options = ("--auth", f"{sms.account_sid}:{sms.auth_token}", "--max-examples", "16")
    known_here = known(sms, delivered)
    made = caught(tmp_path, f"{address}{TWILIO}", *options, config=ACCOUNT, phases="stateful", environment=known_here)
    assert made > 50
    assert counted(sms, "feedback") > 0
    assert counted(sms, "deleted") > 0


def test_twilios_shape_gives_nothing_to_a_stranger(
    tmp_path: Path, sms: SmsGateway, delivered: Message, address: str
) -> None:
    made = caught(tmp_path, f"{address}{TWILIO}", config=MESSAGE, environment=known(sms, delivered))
    assert made > 300
    assert counted(sms, "request.refused") == made
    assert sms.messages == (delivered,)


def test_sevens_shape_does_what_its_description_says_and_never_breaks(
    tmp_path: Path, sms: SmsGateway, address: str
) -> None:
    assert caught(tmp_path, f"{address}{SEVEN}", *BY_STATUS, "--header", f"X-Api-Key: {sms.seven_key}") > 300
    assert len(sms.messages) > 5
    refused = {entry.data["code"] for entry in sms.physics.journal.named("sms", "request.refused")}
    assert {301, 305, 401, 901} < refused


def test_sevens_shape_gives_nothing_to_a_stranger(
    tmp_path: Path, sms: SmsGateway, delivered: Message, address: str
) -> None:
    assert caught(tmp_path, f"{address}{SEVEN}", *BY_STATUS) > 300
    assert {entry.data["code"] for entry in sms.physics.journal.named("sms", "request.refused")} == {300, 900}
    assert sms.messages == (delivered,)
