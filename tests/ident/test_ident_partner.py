"""The provider as its partner sees it: API, result, webhooks; and the user's pages over HTTP."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emulators.core.person import Person
from emulators.core.physics import Physics
from emulators.ident.order import CaseOrder
from emulators.ident.provider import IdentProvider
from emulators.ident.states import State
from emulators.ident.webhooks import sign
from emulators.wire.http import Refusal, call

Wait = Callable[..., None]
Walk = Callable[..., Any]


def is_genuine(provider: IdentProvider, request: Any) -> bool:
    """Check a signature as a partner would, by the words of Standard Webhooks and not by our own function."""
    key = base64.b64decode(provider.webhook_secret.removeprefix("whsec_"))
    head = f"{request.headers['webhook-id']}.{request.headers['webhook-timestamp']}."
    wanted = base64.b64encode(hmac.new(key, head.encode() + request.body, hashlib.sha256).digest()).decode()
    return bool(request.headers["webhook-signature"] == f"v1,{wanted}")


def test_the_signature_is_that_of_standard_webhooks() -> None:
    # Vector of the reference libraries of Standard Webhooks
    secret, event_id = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "msg_p5jXN8AQM9LWM0D4loKWxJek"
    assert sign(secret, event_id, 1614265330, b'{"test": 2432232314}') == (
        "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
    )


def test_a_case_is_created_and_found(partner: Any, person: Person) -> None:
    status, made = partner.ask("POST", "/ident/v1/cases", partner.order(person))
    assert status == 201
    assert made["jump_url"] == f"http://ident.example/jump/{made['case_id']}"
    assert made["expires_at"] == "2021-03-25T09:00:00+01:00"
    status, seen = partner.ask("GET", f"/ident/v1/cases/{made['case_id']}")
    assert (status, seen["state"], seen["attempts_left"], seen["external_ref"]) == (200, "CREATED", 3, "ref-1")


def test_the_same_idempotency_key_gives_the_same_case(partner: Any, person: Person) -> None:
    headers = {"Idempotency-Key": "k1"}
    first = partner.ask("POST", "/ident/v1/cases", partner.order(person), headers)
    assert partner.ask("POST", "/ident/v1/cases", partner.order(person), headers) == first
    other = partner.order(person, external_ref="ref-2")
    assert partner.ask("POST", "/ident/v1/cases", other, headers) == (409, {"error": "idempotency_conflict"})
    assert len(partner.provider.cases) == 1


def test_a_result_is_handed_out_once_and_only_when_final(partner: Any, person: Person, walk: Walk, wait: Wait) -> None:
    case = partner.open(person)
    redeem = f"/ident/v1/cases/{case.case_id}/redeem"
    assert partner.ask("POST", redeem) == (409, {"error": "not_final", "state": "CREATED"})
    walk(case, person)
    wait(minutes=2)
    status, result = partner.ask("POST", redeem)
    assert (status, result["state"], result["final"]) == (200, "SUCCESS", True)
    assert result["attributes"]["family_name"] == {
        "value": "Müller",
        "original": "Müller",
        "status": "MATCH",
        "source": "ocr",
    }
    assert result["health_card"] == {"iccsn_suffix": "00000017", "kvnr_read": person.kvnr, "matches_case": True}
    assert person.documents[0].number not in json.dumps(result)
    assert partner.ask("POST", redeem) == (409, {"error": "already_redeemed"})


def test_a_result_is_kept_for_fourteen_days(partner: Any, person: Person, walk: Walk, wait: Wait) -> None:
    case = partner.open(person)
    walk(case, person)
    wait(days=14, minutes=3)
    assert partner.ask("POST", f"/ident/v1/cases/{case.case_id}/redeem")[0] == 410


def test_the_history_only_grows(partner: Any, person: Person, walk: Walk, wait: Wait) -> None:
    case = partner.open(person)
    walk(case, person)
    wait(minutes=2)
    events = partner.ask("GET", f"/ident/v1/cases/{case.case_id}/events")[1]["events"]
    assert [e["state"] for e in events] == [
        "CREATED",
        "OPENED",
        "CARD_BOUND",
        "IN_APP",
        "CAPTURING",
        "PROCESSING",
        "SUCCESS",
    ]
    assert [e["seq"] for e in events] == list(range(1, 8))


def test_the_partner_can_cancel_an_open_case_only(partner: Any, person: Person) -> None:
    case = partner.open(person)
    assert partner.ask("POST", f"/ident/v1/cases/{case.case_id}/cancel")[1]["state"] == "CANCELLED"
    assert partner.ask("POST", f"/ident/v1/cases/{case.case_id}/cancel")[0] == 409


def test_unknown_cases_wrong_keys_and_bad_bodies_are_told_apart(partner: Any, person: Person) -> None:
    assert partner.ask("GET", "/ident/v1/cases/none")[0] == 404
    assert partner.ask("GET", "/ident/v1/elsewhere") == (404, {"error": "not_found"})
    assert partner.ask("POST", "/ident/v1/cases", partner.order(person), {"X-Api-Key": "no"})[0] == 401
    status, answer = partner.ask("POST", "/ident/v1/cases", partner.order(person, health_card={"iccsn": "1"}))
    assert (status, answer["problems"][0]["field"]) == (400, "health_card.iccsn")


@given(body=st.binary(max_size=100) | st.dictionaries(st.text(), st.text()).map(lambda v: json.dumps(v).encode()))
def test_no_body_crashes_partner_api_or_pages(body: bytes) -> None:
    provider = IdentProvider(Physics())
    key = {"X-Api-Key": provider.api_key, "Host": "[odd"}
    assert call(provider.app, "POST", "http://ident.example/ident/v1/cases", key, body)[0] == 400


def test_an_outage_is_one_503_and_a_refused_connection_no_answer(partner: Any, physics: Physics) -> None:
    physics.faults.arm("ident", "outage")
    assert partner.ask("GET", "/ident/v1/health")[0] == 503
    assert partner.ask("GET", "/ident/v1/health") == (200, {"status": "ok"})
    physics.faults.arm("ident", "refused_connection")
    with pytest.raises(Refusal):
        partner.ask("GET", "/ident/v1/health")


# -- webhooks ----------------------------------------------------------------------


def finish(partner: Any, person: Person, walk: Walk, wait: Wait) -> Any:
    case = partner.open(person)
    walk(case, person)
    wait(minutes=2)
    return case


def test_webhooks_report_progress_and_result_signed_and_in_order(
    partner: Any, person: Person, walk: Walk, wait: Wait
) -> None:
    case = finish(partner, person, walk, wait)
    assert [(e["seq"], e["type"], e["final"]) for e in partner.events] == [
        (1, "case.opened", False),
        (2, "case.processing", False),
        (3, "case.finished", True),
    ]
    assert partner.events[-1]["data"] == {"external_ref": "ref-1", "state": "SUCCESS", "reasons": [], "attempt": 1}
    assert partner.events[-1]["case_id"] == case.case_id
    assert all(is_genuine(partner.provider, request) for request in partner.received)


def test_a_refused_webhook_is_repeated_with_the_same_id(
    partner: Any, person: Person, physics: Physics, wait: Wait
) -> None:
    partner.statuses = [500, 404]
    partner.open(person).open_link()
    physics.happen()
    assert len(partner.received) == 1
    wait(seconds=30)
    wait(seconds=30)
    assert len(partner.received) == 3
    assert len({e["event_id"] for e in partner.events}) == 1
    assert len({r.headers["webhook-timestamp"] for r in partner.received}) == 3
    wait(hours=1)
    assert len(partner.received) == 3


def test_a_webhook_nobody_takes_is_given_up_after_four_repetitions(
    partner: Any, person: Person, physics: Physics, wait: Wait
) -> None:
    partner.statuses = [500] * 9
    partner.open(person).open_link()
    wait(hours=2)
    assert len(partner.received) == 5
    assert len(list(physics.journal.named("ident", "webhook.given_up"))) == 1


def test_410_ends_the_attempts(partner: Any, person: Person, wait: Wait) -> None:
    partner.statuses = [410]
    partner.open(person).open_link()
    wait(hours=2)
    assert len(partner.received) == 1


def test_a_lost_webhook_is_found_by_polling(
    partner: Any, person: Person, physics: Physics, walk: Walk, wait: Wait
) -> None:
    physics.faults.arm("ident", "webhook_lost")
    case = finish(partner, person, walk, wait)
    wait(hours=2)
    assert [e["type"] for e in partner.events] == ["case.opened", "case.processing"]
    assert partner.ask("GET", f"/ident/v1/cases/{case.case_id}")[1]["state"] == "SUCCESS"


def test_a_duplicate_webhook_is_the_same_event(
    partner: Any, person: Person, physics: Physics, walk: Walk, wait: Wait
) -> None:
    physics.faults.arm("ident", "webhook_duplicate")
    finish(partner, person, walk, wait)
    assert partner.events[-1] == partner.events[-2]
    assert len(partner.events) == 4


def test_a_late_webhook_comes_late(partner: Any, person: Person, physics: Physics, walk: Walk, wait: Wait) -> None:
    physics.faults.arm("ident", "webhook_late", {"minutes": 5})
    finish(partner, person, walk, wait)
    assert len(partner.events) == 2
    wait(minutes=5)
    assert partner.events[-1]["type"] == "case.finished"


def test_a_reordered_webhook_comes_after_the_result(
    partner: Any, person: Person, physics: Physics, walk: Walk, wait: Wait
) -> None:
    physics.faults.arm("ident", "webhook_reordered", nth=2)
    finish(partner, person, walk, wait)
    assert [e["seq"] for e in partner.events] == [1, 3, 2]


def test_a_forged_webhook_claims_success_with_a_bad_signature(
    partner: Any, person: Person, physics: Physics, walk: Walk, wait: Wait
) -> None:
    case = partner.open(person)
    physics.faults.arm("ident", "webhook_forged")
    walk(case, person, kvnr="B123456786")
    wait(minutes=2)
    forged, true = partner.received[-2:]
    assert json.loads(forged.body)["data"]["state"] == "SUCCESS"
    assert json.loads(true.body)["data"]["state"] == "REJECTED"
    assert [is_genuine(partner.provider, r) for r in (forged, true)] == [False, True]
    (entry,) = physics.journal.named("ident", "webhook.forged")
    assert entry.cause.fault == "ident.webhook_forged"


def test_a_revocation_is_reported(partner: Any, person: Person, physics: Physics, walk: Walk, wait: Wait) -> None:
    physics.faults.arm("ident", "revoked", {"hours": 1})
    finish(partner, person, walk, wait)
    wait(hours=1)
    assert partner.events[-1]["type"] == "case.revoked"
    assert partner.events[-1]["data"]["state"] == "REVOKED"


# -- the user's pages ---------------------------------------------------------------


def test_the_whole_way_can_be_gone_over_http(partner: Any, person: Person, wait: Wait) -> None:
    case = partner.open(person)
    document = person.documents[0]
    shown_document = {
        "kind": document.kind,
        "number": document.number,
        "given_names": document.given_names,
        "family_name": document.family_name,
        "birth_date": document.birth_date.isoformat(),
        "valid_until": document.valid_until.isoformat(),
    }
    face = {k: shown_document[k] for k in ("given_names", "family_name", "birth_date")}
    card = {"iccsn": person.card.iccsn, "kvnr": person.kvnr}
    assert partner.ask("GET", f"/jump/{case.case_id}")[1] == {"state": "OPENED", "next_step": "card_digits"}
    refused = partner.ask("POST", f"/jump/{case.case_id}/card-digits", {"digits": "0"})[1]
    assert (refused["outcome"], refused["reason"]) == ("refused", "wrong_digits")
    partner.ask("POST", f"/jump/{case.case_id}/card-digits", {"digits": "00000017"})
    wallet = f"/wallet/{partner.ask('POST', f'/jump/{case.case_id}/open')[1]['session']}"
    for step, body in (
        ("terms", {"accept": True}),
        ("doc_front", {"document": shown_document}),
        ("doc_back", {"document": shown_document}),
    ):
        assert partner.ask("GET", wallet)[1]["next_step"] == step
        assert partner.ask("POST", f"{wallet}/steps/{step}", body)[1]["outcome"] == "accepted"
    words = partner.ask("GET", wallet)[1]["words"]
    spoken = {"words": words, "face": face}
    for step, evidence in (("liveness", spoken), ("card_front", card), ("card_back", card)):
        assert partner.ask("POST", f"{wallet}/steps/{step}", evidence)[1]["outcome"] == "accepted"
    wait(minutes=2)
    assert case.state is State.SUCCESS
    assert partner.ask("GET", wallet)[1] == {
        "state": "SUCCESS",
        "next_step": None,
        "return_to": f"http://insurer.example/back?case_id={case.case_id}",
    }


@pytest.mark.parametrize("step", ["terms", "doc_front", "liveness", "card_back", "nonsense"])
def test_no_body_crashes_a_step(partner: Any, person: Person, step: str) -> None:
    case = partner.open(person)
    for body in (b"", b"\xff\x00", b"[]", b'{"words": 1}'):
        assert partner.ask("POST", f"/wallet/{case.session_id}/steps/{step}", body)[0] in (400, 404)


def test_same_deeds_give_the_same_journal(person: Person, walk: Walk) -> None:
    order = CaseOrder.model_validate(
        {
            "external_ref": "r",
            "subject": {
                "given_name": person.given_names,
                "family_name": person.family_name,
                "birth_date": person.birth_date,
                "kvnr": person.kvnr,
            },
            "health_card": {"iccsn": person.card.iccsn},
        }
    )

    def run(seed: int) -> str:
        physics = Physics(seed=seed)
        walk(IdentProvider(physics).create(order), person)
        physics.advance_to(physics.clock.now.replace(hour=12))
        return physics.journal.to_jsonl()

    assert run(5) == run(5)
    assert run(5) != run(6)
