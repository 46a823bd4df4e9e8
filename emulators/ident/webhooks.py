"""Results reported to the partner: signed, repeated until they are taken, and bent by faults.

Signature: Standard Webhooks, `webhook-signature: v1,<base64 HMAC-SHA256 of id.timestamp.body>`; the time stamp
is virtual. 2xx within five seconds counts as delivered, 410 ends the attempts, anything else is repeated with
the same event id. `seq` rises per case.
"""

from __future__ import annotations

import hmac
import json
from base64 import b64decode, b64encode
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import partial
from typing import Final

from emulators.core.physics import Physics

from .case import Case
from .doors import send
from .faults import WebhookDuplicate, WebhookForged, WebhookLate, WebhookLost, WebhookReordered
from .states import EVENT_TYPES, FINAL, RESULTS, State

GONE: Final = 410
_FOREIGN_SECRET: Final = "whsec_" + b64encode(b"TEST ONLY: nobody's webhook key.").decode()


@dataclass(frozen=True, slots=True)
class Event:
    """One event as it is sent; a repetition is the same event."""

    event_id: str
    type: str
    case_id: str
    seq: int
    url: str
    body: bytes


def sign(secret: str, event_id: str, timestamp: int, body: bytes) -> str:
    """The value of `webhook-signature`; `secret` is `whsec_` and base64. Source: Standard Webhooks 1.0.0."""
    key = b64decode(secret.removeprefix("whsec_"))
    signed = f"{event_id}.{timestamp}.".encode() + body
    return "v1," + b64encode(hmac.digest(key, signed, "sha256")).decode()


class Webhooks:
    """All webhooks of a provider. Deliveries are errands: they run while the world is unlocked."""

    def __init__(self, physics: Physics, channel: str, secret: str, retries: tuple[timedelta, ...]) -> None:
        self._physics = physics
        self._channel = channel
        self._secret = secret
        self._retries = retries
        self._last_seq: defaultdict[str, int] = defaultdict(int)
        self._held_back: defaultdict[str, list[Event]] = defaultdict(list)

    def announce(self, case: Case) -> None:
        """Report the state that `case` has come to, if it is one to report."""
        kind = EVENT_TYPES.get(case.state)
        if kind is None or case.order.callback is None:
            return
        event = self._event(case, kind, case.state, case.reasons, case.order.callback.url)
        if kind in RESULTS:
            self._result(case, event)
        else:
            self._notice(event)

    def _notice(self, event: Event) -> None:
        hit = self._physics.faults.strike(self._channel, "notice")
        with self._physics.bent_by(hit):
            match hit and hit.fault:
                case WebhookReordered():
                    self._held_back[event.case_id].append(event)
                    self._note("webhook.held", event)
                case _:
                    self._send(event)

    def _result(self, case: Case, event: Event) -> None:
        hit = self._physics.faults.strike(self._channel, "webhook")
        with self._physics.bent_by(hit):
            match hit and hit.fault:
                case WebhookLost():
                    self._note("webhook.lost", event)
                case WebhookDuplicate():
                    self._send(event)
                    self._send(event)
                case WebhookLate(minutes=minutes):
                    self._physics.later(timedelta(minutes=minutes), partial(self._send, event), "late webhook")
                case WebhookForged():
                    forged = self._event(case, "case.finished", State.SUCCESS, (), event.url, seq=event.seq)
                    self._forge(replace(forged, event_id=f"evt_{case.case_id}_x{event.seq}"))
                    self._send(event)
                case _:
                    self._send(event)
        for held in self._held_back.pop(event.case_id, ()):
            self._send(held)

    def _event(
        self, case: Case, kind: str, state: State, reasons: tuple[str, ...], url: str, seq: int | None = None
    ) -> Event:
        if seq is None:
            seq = self._last_seq[case.case_id] = self._last_seq[case.case_id] + 1
        event_id = f"evt_{case.case_id}_{seq}"
        told = {
            "event_id": event_id,
            "type": kind,
            "case_id": case.case_id,
            "seq": seq,
            "final": state in FINAL,
            "occurred_at": self._physics.clock.now.isoformat(timespec="seconds"),
            "data": {
                "external_ref": case.order.external_ref,
                "state": state,
                "reasons": list(reasons),
                "attempt": case.attempt,
            },
        }
        body = json.dumps(told, ensure_ascii=False, separators=(",", ":")).encode()
        return Event(event_id, kind, case.case_id, seq, url, body)

    def _send(self, event: Event, attempt: int = 1) -> None:
        self._physics.send_out(
            partial(self._deliver, event, self._secret, "webhook.sent", partial(self._again, event, attempt))
        )

    def _forge(self, event: Event) -> None:
        self._physics.send_out(partial(self._deliver, event, _FOREIGN_SECRET, "webhook.forged", _let_be))

    def _deliver(self, event: Event, secret: str, noted_as: str, refused: Callable[[], None]) -> None:
        timestamp = int(self._physics.clock.now.timestamp())
        headers = {
            "content-type": "application/json",
            "webhook-id": event.event_id,
            "webhook-timestamp": str(timestamp),
            "webhook-signature": sign(secret, event.event_id, timestamp, event.body),
        }
        status = send(event.url, headers, event.body)
        with self._physics.lock:
            self._note(noted_as, event, status=status)
            if status != GONE and (status is None or not 200 <= status < 300):
                refused()

    def _again(self, event: Event, attempt: int) -> None:
        if attempt <= len(self._retries):
            repeat = partial(self._send, event, attempt + 1)
            self._physics.later(self._retries[attempt - 1], repeat, f"webhook {event.event_id}")
        else:
            self._note("webhook.given_up", event)

    def _note(self, happened: str, event: Event, **data: int | None) -> None:
        self._physics.journal.write(
            self._channel,
            happened,
            case_id=event.case_id,
            event_id=event.event_id,
            type=event.type,
            seq=event.seq,
            **data,
        )


def _let_be() -> None:
    """A forger does not repeat."""
