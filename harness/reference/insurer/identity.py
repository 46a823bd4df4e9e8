"""The digital identity check: a case at the ident provider, and what its result is worth.

A webhook is only a knock: the result is fetched over the insurer's own line and matched. A knock that never comes
is made up for by asking once an hour.
"""

from __future__ import annotations

import hmac
import json
from base64 import b64decode, b64encode
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from random import Random
from typing import Any

from emulators.core.person import Person
from harness.profile import InsurerProfile
from harness.reference.declined import Declined

from .agenda import Agenda, age_on
from .names import is_same_person
from .outside import IdentClient, Rejected, Unavailable
from .register import Insured, parse_date
from .release import Releases

SUCCESSES = frozenset(("SUCCESS", "SUCCESS_WITH_CHANGES"))
TOLERANCE = timedelta(minutes=5)
POLL_EVERY = timedelta(hours=1)
POLL_FOR = timedelta(hours=48)  # the life of the provider's link


class Forged(Exception):
    """A webhook that the provider has not signed, or not now."""


@dataclass(eq=False, slots=True)
class IdentCase:
    """A case as the insurer has ordered it. `shows` is whose document is to be seen."""

    case_id: str
    reference: str
    insured: Insured
    iccsn: str
    shows: Person
    opened: datetime
    last_seq: int = 0
    passed: bool = False
    over: bool = False


@dataclass(slots=True)
class _Book:
    cases: dict[str, IdentCase] = field(default_factory=dict)
    newest: dict[str, IdentCase] = field(default_factory=dict)
    events: set[str] = field(default_factory=set)


class IdentityChecks:
    """All cases. `callback` is where the provider's webhooks come in."""

    def __init__(
        self,
        agenda: Agenda,
        provider: IdentClient,
        releases: Releases,
        profile: InsurerProfile,
        random: Random,
        secret: str,
    ) -> None:
        self._agenda = agenda
        self._provider = provider
        self._releases = releases
        self._profile = profile
        self._random = random
        self._key = b64decode(secret.removeprefix("whsec_"))
        self._book = _Book()

    def open_case(self, insured: Insured, iccsn: str, base: str) -> None:
        """Order a check with that card. A child under the age of consent is acted for by the main insured.

        Raises `Declined` (`ident_unavailable`).
        """
        person = insured.person
        is_child = age_on(person.birth_date, self._agenda.now.date()) < self._profile.age_of_consent
        deputy = person.guardian if is_child else None
        reference = f"case-{self._random.getrandbits(48):012x}"
        order = {
            "external_ref": reference,
            "subject": {**_holder(person), "kvnr": person.kvnr},
            "health_card": {"iccsn": iccsn, "suffix_length": self._profile.card_digits},
            "representative": _holder(deputy) if deputy else None,
            "callback": {"url": f"{base}/webhooks/ident"},
            "return_url": f"{base}/ident/return",
            "documents": ["identity_card", "passport"],
        }
        try:
            case_id = str(self._provider.open_case(reference, order)["case_id"])
        except (Unavailable, Rejected, KeyError) as error:
            raise Declined("ident_unavailable") from error
        case = IdentCase(case_id, reference, insured, iccsn, deputy or person, self._agenda.now)
        self._book.cases[case_id] = self._book.newest[insured.kvnr] = case
        insured.identity = "running"
        self._poll_later(case)

    def take_webhook(self, headers: Mapping[str, str], body: bytes) -> None:
        """A knock at the door. Raises `Forged`; a repeated or late one is taken and changes nothing."""
        event_id = self._verify(headers, body)
        event = _object(body)
        case = self._book.cases.get(str(event.get("case_id")))
        seq = event.get("seq")
        if event_id in self._book.events or case is None or not isinstance(seq, int) or seq < case.last_seq:
            return
        self._book.events.add(event_id)
        case.last_seq = seq
        match event.get("type"):
            case "case.finished" if not case.over:
                self._agenda.send_out(partial(self._fetch, case))
            case "case.revoked":
                self._revoke(case)
            case "case.retry" if not case.over:
                self._refuse(case)
            case "case.opened" | "case.processing" | "case.review" if not case.over:
                self._go_on(case)

    def _verify(self, headers: Mapping[str, str], body: bytes) -> str:
        """The event id of a genuine, fresh webhook. Source: Standard Webhooks 1.0.0."""
        event_id, stamp = headers.get("webhook-id", ""), headers.get("webhook-timestamp", "")
        signed = hmac.digest(self._key, f"{event_id}.{stamp}.".encode() + body, "sha256")
        expected = b"v1," + b64encode(signed)
        given = headers.get("webhook-signature", "").encode().split(b" ")
        if not any(hmac.compare_digest(expected, signature) for signature in given):
            raise Forged("signature")
        # The stamp is part of what was signed, so it is a number by now unless the provider itself errs.
        if not (stamp.isascii() and stamp.isdigit() and len(stamp) <= 11):
            raise Forged("timestamp")
        if abs(self._agenda.now.timestamp() - int(stamp)) > TOLERANCE.total_seconds():
            raise Forged("timestamp")
        return event_id

    def _poll_later(self, case: IdentCase) -> None:
        ask = partial(self._agenda.send_out, partial(self._poll, case))
        self._agenda.later(POLL_EVERY, ask, f"ask after {case.case_id}")

    def _poll(self, case: IdentCase) -> None:
        if case.over:
            return
        try:
            seen = self._provider.look(case.case_id)
        except (Unavailable, Rejected):
            seen = {}
        if seen.get("redeemed") is True:
            self._close(case, passed=False)  # the answer with the result was lost, and it is given once
        elif seen.get("final") is True:
            self._fetch(case)
        elif seen.get("state") == "RETRY":
            self._refuse(case)
        if not case.over and self._agenda.now.timestamp() - case.opened.timestamp() < POLL_FOR.total_seconds():
            self._poll_later(case)

    def _fetch(self, case: IdentCase) -> None:
        if case.over:
            return
        try:
            result = self._provider.redeem(case.case_id)
        except (Unavailable, Rejected):
            return  # the hourly question comes back to it
        self._close(case, passed=self._matches(case, result))

    def _close(self, case: IdentCase, *, passed: bool) -> None:
        case.over, case.passed = True, passed
        if passed:
            case.insured.identity = "passed"
            self._releases.begin(case.insured, case.iccsn)
        else:
            self._refuse(case)

    def _refuse(self, case: IdentCase) -> None:
        """A case that was left behind for a newer one has no say any more."""
        if self._book.newest[case.insured.kvnr] is case:
            case.insured.identity = "refused"

    def _go_on(self, case: IdentCase) -> None:
        if self._book.newest[case.insured.kvnr] is case:
            case.insured.identity = "running"

    def _revoke(self, case: IdentCase) -> None:
        if case.passed:
            self._releases.withdraw(case.insured, case.iccsn)
        case.over, case.passed = True, False
        self._refuse(case)

    def _matches(self, case: IdentCase, result: Mapping[str, Any]) -> bool:
        """Whether a result says that the right person showed the right, valid document and the right card."""
        attributes, card, document = (_part(result, name) for name in ("attributes", "health_card", "document"))
        given, family, born = (_part(attributes, n).get("value") for n in ("given_name", "family_name", "birth_date"))
        valid_until = parse_date(document.get("valid_until"))
        deputised = _part(result, "representative").get("acting") is True
        return (
            result.get("state") in SUCCESSES
            and result.get("case_id") == case.case_id
            and result.get("external_ref") == case.reference
            and is_same_person(case.shows, str(given), str(family), parse_date(born))
            and deputised == (case.shows is not case.insured.person)
            and valid_until is not None
            and valid_until >= case.opened.date()
            and card.get("kvnr_read") == case.insured.kvnr
            and card.get("iccsn_suffix") == case.iccsn[-self._profile.card_digits :]
        )


def _holder(person: Person) -> dict[str, str]:
    return {
        "given_name": person.given_names,
        "family_name": person.family_name,
        "birth_date": person.birth_date.isoformat(),
        **({"birth_name": person.birth_name} if person.birth_name else {}),
        **({"title": person.title} if person.title else {}),
    }


def _object(body: bytes) -> dict[str, Any]:
    try:
        parsed = json.loads(body)
    except ValueError:
        return {}
    return parsed if isinstance(parsed, dict) else {}


def _part(whole: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    part = whole.get(name)
    return part if isinstance(part, dict) else {}
