"""What the partner is shown of a case, and the result that is handed out once."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from typing import TYPE_CHECKING

from emulators.core.person import IdentityDocument

if TYPE_CHECKING:
    from .case import Case, Change

Json = dict[str, object]


def overview(case: Case) -> Json:
    """The state of a case, for polling."""
    return {
        "case_id": case.case_id,
        "external_ref": case.order.external_ref,
        "state": case.state,
        "final": case.is_over,
        "attempt": case.attempt,
        "attempts_left": case.attempts_left,
        "reasons": list(case.reasons),
        "reason_groups": sorted({reason.partition(".")[0] for reason in case.reasons}),
        "created_at": case.history[0].at.isoformat(timespec="seconds"),
        "changed_at": case.changed_at.isoformat(timespec="seconds"),
        "expires_at": case.expires_at.isoformat(timespec="seconds"),
        "redeemed": case.redeemed,
    }


def timeline(case: Case) -> list[Json]:
    """The append-only history."""
    return [_line(change) for change in case.history]


def result(case: Case) -> Json:
    """The whole result: what was read, how it compares with what was asked for, and what it rests on."""
    document = case.evidence.documents.get("front")
    card = case.evidence.cards.get("back")
    return {
        "case_id": case.case_id,
        "external_ref": case.order.external_ref,
        "final": case.is_over,
        "state": case.state,
        "reasons": list(case.reasons),
        "procedure": case.order.procedure,
        "loa": case.order.loa,
        "document": _document(document) if document else None,
        "attributes": dict(_attributes(case, document)) if document else {},
        "health_card": {
            "iccsn_suffix": card.iccsn[-case.order.health_card.suffix_length :],
            "kvnr_read": card.kvnr,
            "matches_case": (card.iccsn, card.kvnr) == (case.order.health_card.iccsn, case.order.subject.kvnr),
        }
        if card
        else None,
        "representative": {"acting": case.order.representative is not None},
        "fraud": {"suspected": any(reason.startswith("fraud.") for reason in case.reasons)},
        "evidence": list(_evidence(case)),
        "attempt": case.attempt,
        "timeline": timeline(case),
    }


def _line(change: Change) -> Json:
    return {
        "seq": change.seq,
        "at": change.at.isoformat(timespec="seconds"),
        "state": change.state,
        "reasons": list(change.reasons),
    }


def _document(document: IdentityDocument) -> Json:
    return {
        "type": document.kind,
        "issuer": "DE",
        "number_hash": _sha256(document.number),
        "valid_until": document.valid_until.isoformat(),
    }


def _attributes(case: Case, document: IdentityDocument) -> Iterator[tuple[str, Json]]:
    """Value read and value asked for, in IDnow's manner: MATCH, or CHANGE with the original."""
    wanted = case.order.shows_document
    read = {
        "given_name": (document.given_names, wanted.given_name),
        "family_name": (document.family_name, wanted.family_name),
        "birth_date": (document.birth_date.isoformat(), wanted.birth_date.isoformat()),
    }
    for name, (value, original) in read.items():
        status = "MATCH" if value == original else "CHANGE"
        yield name, {"value": value, "original": original, "status": status, "source": "ocr"}


def _evidence(case: Case) -> Iterator[Json]:
    for side, document in case.evidence.documents.items():
        yield {"kind": f"doc_{side}", "sha256": _sha256(document.kind, document.number, document.family_name)}
    for side, card in case.evidence.cards.items():
        yield {"kind": f"card_{side}", "sha256": _sha256(card.iccsn, card.kvnr)}


def _sha256(*values: str) -> str:
    return hashlib.sha256(json.dumps(values, ensure_ascii=False).encode()).hexdigest()
