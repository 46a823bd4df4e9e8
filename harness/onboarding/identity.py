"""Rules of the digital identity check: the provider's steps, what is shown, who may act for whom."""

from __future__ import annotations

from harness.actions import (
    AcceptIdentTerms,
    EnterCardDigits,
    FilmCard,
    FilmDocument,
    FollowIdentLink,
    LeaveIdentApp,
    OpenIdentApp,
    ReadWords,
)

from .apps import needs_session
from .outages import IDENT_DOWN
from .rows import Condition, Duty, Move, Refusal, Rule, Scene, Table
from .situation import Account, Evidence

# The order of the provider's steps; `step` in the account's evidence is how far the person has come.
STEPS = ("digits", "app", "terms", "document_front", "document_back", "words", "card_front", "card_back")


def _role_meant(scene: Scene, word: str) -> str:
    """`entitled` is whose document the case was opened for; `person` is the insured person of this account."""
    account = scene.account
    if word == "entitled":
        return account.evidence.entitled
    return account.role if word == "person" else word


def _out_of_order(step: str) -> Refusal:
    return Refusal("wrong_step", (_STEP_REQUIREMENT[step],), lambda s: s.account.ident_step != step)


_STEP_REQUIREMENT = {
    "digits": "IDN-03",
    "app": "IDN-03",
    "terms": "IDN-04",
    "document_front": "IDN-05",
    "document_back": "IDN-05",
    "words": "IDN-06",
    "card_front": "IDN-07",
    "card_back": "IDN-07",
}


# The provider's own limit: the third try that fails at one step ends the case (contract `ident/v1`).
STEP_TRIES = 3


def _bad_try(reason: str, requirements: tuple[str, ...], when: Condition) -> tuple[Refusal, ...]:
    """A try that does not work, and the one too many."""

    def is_last(scene: Scene) -> bool:
        return scene.account.ident_failures + 1 >= STEP_TRIES and when(scene)

    return Refusal("no_attempts_left", requirements, is_last), Refusal(reason, requirements, when)


_BAD_TRIES = frozenset(("wrong_digits", "blurry", "glare", "words_misread"))


def _count_failure(scene: Scene, reason: str) -> None:
    scene.account.ident_failures += reason in _BAD_TRIES


def _next(scene: Scene) -> None:
    index = STEPS.index(scene.account.ident_step) + 1
    scene.account.ident_step = STEPS[index] if index < len(STEPS) else "check"
    scene.account.ident_failures = 0


def _case_owed(scene: Scene) -> tuple[Duty, ...]:
    return (Duty("case", "", ("IDN-01",), scene.account, scene.now),)


def _case_opened(scene: Scene) -> None:
    account = scene.account
    account.evidence = Evidence(scene.situation.entitled(account), scene.situation.today)
    account.ident_step, account.ident_failures = STEPS[0], 0
    account.ident_left, account.ident_away, account.lag = "", False, ""


def _case_over(scene: Scene) -> bool:
    return scene.account.ident_step == "none"


_OVER = Refusal("case_over", ("IDN-01", "IDN-08"), _case_over)
_AWAY = Refusal("app_closed", ("IDN-08",), lambda s: s.account.ident_away)

# -- what is shown ------------------------------------------------------------------------------------------------


def _filmed(scene: Scene) -> None:
    evidence, action = scene.account.evidence, scene.action
    whose = _role_meant(scene, action.whose)
    documents = [d for d in scene.situation.accounts[whose].person.documents if d.kind.value == action.document]
    evidence.documents.add((whose, action.document))
    evidence.document_valid &= bool(documents) and documents[0].is_valid_on(evidence.day)
    evidence.document_valid &= not any(d.damaged for d in documents)
    _next(scene)


def _read(scene: Scene) -> None:
    scene.account.evidence.face_of = _role_meant(scene, scene.action.face)
    _next(scene)


def _card_filmed(scene: Scene) -> None:
    scene.account.evidence.cards_of.add(_role_meant(scene, scene.action.whose))
    _next(scene)


def _document_step(scene: Scene) -> bool:
    return scene.account.ident_step != f"document_{scene.action.side}"


def _card_step(scene: Scene) -> bool:
    return scene.account.ident_step != f"card_{scene.action.side}"


def _left(scene: Scene) -> None:
    scene.account.ident_left, scene.account.ident_away = scene.account.ident_step, True


def _app_opened(scene: Scene) -> None:
    """For the first time, or again after it was left."""
    if scene.account.ident_away:
        scene.account.ident_away = False
    else:
        _next(scene)


IDENTITY = Table(
    "Identität prüfen",
    {
        FollowIdentLink: Rule(
            ("IDN-01", "FAM-04"),
            (
                needs_session("ecare", "IDN-01"),
                Refusal("ident_unavailable", ("IDN-11",), lambda s: bool(s.struck & IDENT_DOWN)),
            ),
            moves=(Move("identity", ("none", "running", "passed", "refused"), "running", ("IDN-01",)),),
            app="ecare",
            then=_case_opened,
            owes=_case_owed,
        ),
        EnterCardDigits: Rule(
            ("IDN-03",),
            (
                _OVER,
                _out_of_order("digits"),
                *_bad_try(
                    "wrong_digits",
                    ("IDN-03", "FAM-02"),
                    lambda s: s.action.digits != s.account.card.data.iccsn[-s.situation.profile.card_digits :],
                ),
            ),
            then=_next,
            on_refusal=_count_failure,
        ),
        OpenIdentApp: Rule(
            ("IDN-04", "IDN-08"),
            (
                _OVER,
                Refusal(
                    "wrong_step", ("IDN-03",), lambda s: s.account.ident_step != "app" and not s.account.ident_away
                ),
            ),
            then=_app_opened,
        ),
        AcceptIdentTerms: Rule(
            ("IDN-04",),
            (
                _OVER,
                _out_of_order("terms"),
                _AWAY,
                Refusal("terms_declined", ("IDN-04",), lambda s: not s.action.accept),
            ),
            then=_next,
        ),
        FilmDocument: Rule(
            ("IDN-02", "IDN-05"),
            (
                _OVER,
                Refusal("wrong_step", ("IDN-05",), _document_step),
                _AWAY,
                *_bad_try("blurry", ("IDN-05",), lambda s: "ident.doc_blurry" in s.struck),
                *_bad_try("glare", ("IDN-05",), lambda s: "ident.doc_glare" in s.struck),
            ),
            then=_filmed,
            on_refusal=_count_failure,
        ),
        ReadWords: Rule(
            ("IDN-06",),
            (
                _OVER,
                _out_of_order("words"),
                _AWAY,
                *_bad_try(
                    "words_misread",
                    ("IDN-06",),
                    lambda s: s.action.words != "shown" or "ident.words_misread" in s.struck,
                ),
            ),
            then=_read,
            on_refusal=_count_failure,
        ),
        FilmCard: Rule(("IDN-07",), (_OVER, Refusal("wrong_step", ("IDN-07",), _card_step), _AWAY), then=_card_filmed),
        LeaveIdentApp: Rule(
            ("IDN-08",),
            (_OVER, Refusal("wrong_step", ("IDN-08",), lambda s: s.account.ident_step in ("digits", "app"))),
            then=_left,
        ),
    },
)


def verdict(account: Account) -> tuple[bool, tuple[str, ...]]:
    """Whether the provider must let the present case pass, judged by what was shown, and by which requirements.

    Who must show a document, and whether it is valid, is settled on the day on which the case is opened: the insurer
    orders it for that person. The page says nothing of a check that goes on past midnight.
    """
    evidence, entitled = account.evidence, account.evidence.entitled
    if not evidence.document_valid:
        return False, ("IDN-09",)
    if {whose for whose, _ in evidence.documents} != {entitled} or len(evidence.documents) > 1:
        return False, ("FAM-02", "FAM-03", "IDN-05", "IDN-09")
    if evidence.face_of != entitled:
        return False, ("IDN-06", "IDN-09")
    if evidence.cards_of != {account.role}:
        return False, ("IDN-07", "FAM-02")
    return True, ("IDN-02", "IDN-09")
