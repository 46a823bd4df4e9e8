"""Results of the ident provider: only genuine ones count, each of them once, and a lost one is found."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
import requests

from emulators.core.outcome import Refused
from emulators.ident.webhooks import sign
from harness import actions as act

if TYPE_CHECKING:
    from tests.reference.conftest import Bench


@pytest.fixture
def knock(bench: Bench) -> Callable[..., int]:
    """A webhook as the provider would send it, or somebody else; the case is the newest."""

    def post(type: str, seq: int, *, secret: str | None = None, event_id: str = "", late: float = 0) -> int:
        case_id = list(bench.world.ident.cases)[-1]
        event_id = event_id or f"evt_{type}_{seq}"
        event = {"event_id": event_id, "type": type, "case_id": case_id, "seq": seq, "data": {"state": "SUCCESS"}}
        body = json.dumps(event).encode()
        stamp = int((bench.world.clock.now - timedelta(seconds=late)).timestamp())
        headers = {
            "webhook-id": event_id,
            "webhook-timestamp": str(stamp),
            "webhook-signature": sign(secret or bench.world.keys["ident_webhook"], event_id, stamp, body),
        }
        url = f"{bench.world.addresses['insurer']}/webhooks/ident"
        status = requests.post(url, data=body, headers=headers, timeout=5).status_code
        bench.world.happen()
        return status

    return post


def test_a_forged_webhook_is_turned_away(bench: Bench, knock: Callable[..., int]) -> None:
    bench.activate()
    bench.done(act.FollowIdentLink())
    assert knock("case.retry", 9, secret="whsec_AAAA") == 401
    assert bench.view.identity == "running"


@pytest.mark.parametrize(("late", "status"), [(299, 200), (301, 401), (-301, 401)])
def test_a_webhook_is_good_for_five_minutes(bench: Bench, knock: Callable[..., int], late: float, status: int) -> None:
    bench.activate()
    bench.done(act.FollowIdentLink())
    assert knock("case.retry", 9, late=late) == status


def test_a_genuine_knock_without_a_result_at_the_provider_releases_nothing(
    bench: Bench, knock: Callable[..., int]
) -> None:
    bench.activate()
    bench.done(act.FollowIdentLink())
    assert knock("case.finished", 9) == 200
    assert (bench.view.identity, bench.view.release) == ("running", "none")


def test_a_repeated_or_overtaken_event_changes_nothing(bench: Bench, knock: Callable[..., int]) -> None:
    bench.activate()
    bench.done(act.FollowIdentLink())
    assert knock("case.retry", 5) == 200
    assert bench.view.identity == "refused"
    assert knock("case.processing", 4) == 200
    assert bench.view.identity == "refused"
    assert knock("case.processing", 6) == 200
    assert bench.view.identity == "running"
    assert knock("case.retry", 7, event_id="evt_case.processing_6") == 200
    assert bench.view.identity == "running"


@pytest.mark.parametrize("body", [b"", b"[]", b"{", b'{"case_id": 1}', b"\xff", b'{"case_id": [], "seq": "1"}'])
def test_no_body_upsets_the_door(bench: Bench, body: bytes) -> None:
    stamp = int(bench.world.clock.now.timestamp())
    headers = {
        "webhook-id": "e",
        "webhook-timestamp": str(stamp),
        "webhook-signature": sign(bench.world.keys["ident_webhook"], "e", stamp, body),
    }
    base = bench.world.addresses["insurer"]
    assert requests.post(f"{base}/webhooks/ident", data=body, headers=headers, timeout=5).status_code == 200
    assert requests.post(f"{base}/webhooks/ident", data=body, timeout=5).status_code == 401
    assert requests.post(f"{base}/webhooks/sms", data=body, timeout=5).status_code == 401
    assert requests.post(f"{base}/branch/reports", data=body, timeout=5).status_code == 401
    key = {"x-terminal-key": bench.world.keys["terminal"]}
    assert requests.post(f"{base}/branch/reports", data=body, headers=key, timeout=5).status_code == 400


@pytest.mark.parametrize(
    "fault", ["webhook_lost", "webhook_duplicate", "webhook_reordered", "webhook_forged", "outage"]
)
def test_the_result_comes_through_once_whatever_happens_to_the_webhook(bench: Bench, fault: str) -> None:
    bench.activate()
    # The outage strikes when the result is fetched: the second request, after the order of the case.
    bench.world.faults.arm("ident", fault, nth=2 if fault == "outage" else 1)
    bench.film()
    bench.wait(hours=2)
    assert (bench.view.identity, bench.view.release) == ("passed", "pending")
    bench.wait(days=7)
    assert bench.view.messages == ("released",)
    assert not bench.world.faults.unspent


def test_an_app_left_during_the_check_can_be_started_again(bench: Bench) -> None:
    bench.activate()
    bench.film()
    list(bench.world.ident.cases.values())[-1].leave_app()
    bench.world.happen()
    assert bench.view.identity == "refused"
    bench.film()
    bench.wait(minutes=5)
    assert bench.view.identity == "passed"


def test_a_result_revoked_before_the_release_releases_nothing(bench: Bench) -> None:
    bench.activate()
    bench.world.faults.arm("ident", "revoked", {"hours": 1})
    bench.film()
    bench.wait(hours=3)
    assert (bench.view.identity, bench.view.release) == ("refused", "none")
    bench.wait(days=7)
    assert bench.view.messages == ()


def test_an_outage_is_said_and_the_next_try_works(bench: Bench) -> None:
    bench.activate()
    for fault in ("outage", "refused_connection"):
        bench.world.faults.arm("ident", fault)
        assert bench.do(act.FollowIdentLink()) == Refused("ident_unavailable")
        assert bench.view.identity == "none"
    bench.done(act.FollowIdentLink())


def test_a_post_that_is_down_delays_the_pin_letter_by_an_hour_and_does_not_lose_it(bench: Bench) -> None:
    bench.activate()
    bench.world.faults.arm("post", "outage")
    bench.film()
    bench.wait(days=7)
    assert not bench.world.faults.unspent
    assert bench.from_letter("PIN") == bench.person.card.pin


def test_a_case_that_nobody_finishes_is_not_asked_after_for_ever(bench: Bench) -> None:
    bench.activate()
    bench.done(act.FollowIdentLink())
    bench.wait(hours=72)
    assert bench.view.identity == "refused"  # the provider's link has expired
    assert bench.world.clock.next_due is None
