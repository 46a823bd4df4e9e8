"""Rules of the branch: appointments, and what the insurer makes of the clerk's report."""

from __future__ import annotations

from emulators.core.outcome import Refused
from harness.actions import BookAppointment, VisitBranch

from .outages import BRANCH_DOWN
from .rows import Move, Refusal, Rule, Scene, Table


def _shut(scene: Scene) -> bool:
    """Nobody is there: a fault, or a day on which the branch does not open. The clerk has then reported nothing."""
    events = {e.event: e.data for e in scene.entries if e.channel == "branch"}
    ended = events.get("visit.ended", {}).get("outcome")
    return "branch.closed" in scene.struck or (ended == str(Refused("closed")) and "visit.reported" not in events)


def _appointment_missing(scene: Scene) -> bool:
    needed = scene.situation.profile.visits_need_appointment
    return needed and scene.situation.today not in scene.account.appointments


def _advised_to_wait(scene: Scene) -> tuple[str, ...]:
    until, restricted = (
        scene.situation.profile.visits_advised_against_until,
        scene.situation.profile.visits_need_appointment,
    )
    booked = [e.data["at"][:10] for e in scene.entries if (e.channel, e.event) == ("branch", "appointment.booked")]
    return ("advised_to_wait",) if restricted and until and booked and booked[-1] <= until.isoformat() else ()


def _role_meant(scene: Scene, word: str) -> str:
    """`entitled` is whose document counts today; `person` is the insured person of this account."""
    account = scene.account
    if word == "entitled":
        return scene.situation.entitled(account)
    return account.role if word == "person" else word


def _shown(scene: Scene) -> str:
    return _role_meant(scene, scene.action.whose)


def _document_expired(scene: Scene) -> bool:
    owner = scene.situation.accounts[_shown(scene)].person
    documents = [d for d in owner.documents if d.kind.value == scene.action.document]
    return not documents or not documents[0].is_valid_on(scene.situation.today)


def _document_damaged(scene: Scene) -> bool:
    if scene.action.document == "none":
        return False
    owner = scene.situation.accounts[_shown(scene)].person
    return any(d.damaged for d in owner.documents if d.kind.value == scene.action.document)


def _child_shows_own(scene: Scene) -> bool:
    return scene.situation.guardian_needed(scene.account) and _shown(scene) == scene.account.role


def _not_the_deputy(scene: Scene) -> bool:
    return scene.situation.guardian_needed(scene.account) and _shown(scene) != "guardian"


def _not_the_person(scene: Scene) -> bool:
    return not scene.situation.guardian_needed(scene.account) and _shown(scene) != scene.account.role


_VISIT = (
    Refusal("closed", ("BRN-01", "BRN-02"), _shut),
    Refusal("document_damaged", ("BRN-01",), _document_damaged),
    Refusal("core_system_down", ("BRN-01",), lambda s: "branch.terminal_down" in s.struck),
    Refusal("appointment_needed", ("BRN-02",), _appointment_missing),
    Refusal("card_missing", ("BRN-01",), lambda s: s.action.card == "none" or "branch.card_forgotten" in s.struck),
    Refusal(
        "wrong_card", ("BRN-01",), lambda s: s.action.card != "none" and _role_meant(s, s.action.card) != s.account.role
    ),
    Refusal(
        "document_missing",
        ("BRN-01",),
        lambda s: s.action.document == "none" or "branch.document_forgotten" in s.struck,
    ),
    Refusal("document_expired", ("BRN-01",), _document_expired),
    Refusal("deputy_needed", ("FAM-02", "FAM-04"), _child_shows_own),
    Refusal("deputy_not_entitled", ("FAM-02", "FAM-04"), _not_the_deputy),
    Refusal("wrong_person", ("FAM-03", "BRN-01"), _not_the_person),
    Refusal("account_missing", ("BRN-01",), lambda s: s.action.purpose == "verify" and not s.account.active),
    Refusal(
        "record_exists",
        ("NOA-01",),
        lambda s: s.action.purpose == "create_record" and s.account.state["record"] != "none",
    ),
)


def _visited(scene: Scene) -> None:
    scene.account.for_practice |= scene.action.purpose == "create_record"


BRANCH = Table(
    "Geschäftsstelle",
    {
        BookAppointment: Rule(
            ("BRN-02",),
            (
                Refusal("no_slot", ("BRN-02",), lambda s: "branch.no_slot" in s.struck),
                Refusal("branch_unavailable", ("BRN-02",), lambda s: bool(s.struck & BRANCH_DOWN)),
            ),
            notes=_advised_to_wait,
        ),
        VisitBranch: Rule(
            ("BRN-01", "NOA-01", "FAM-02", "FAM-03", "FAM-04"),
            _VISIT,
            moves=(
                Move("identity", ("none", "running", "passed", "refused"), "passed", ("BRN-01",)),
                Move("release", ("none", "pending", "released"), "pending", ("REL-01",)),
                Move("record", ("none",), "without_app", ("NOA-01",), lambda s: s.action.purpose == "create_record"),
            ),
            then=_visited,
            proves=True,
        ),
    },
)
