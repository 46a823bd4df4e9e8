"""One case at the ident provider: what the user may do when, and what comes of it.

The states are a table (`states.NEXT`). Everything the user does returns `Accepted` or `Refused`:
`wrong_step`, `case_over`, `app_closed`, `wrong_digits`, `no_attempts_left`, `terms_declined`, `blurry`, `glare`,
`words_misread`, `words_timed_out`, `no_face`. What the check finds is the case's `reasons`, in the codes of
the contract (`doc.expired`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from random import Random
from types import MappingProxyType
from typing import ClassVar, Final

from emulators.core.clock import Timer, elapsed
from emulators.core.faults import Fault
from emulators.core.outcome import Accepted, Outcome, Refused
from emulators.core.person import CardData, IdentityDocument
from emulators.core.physics import Physics

from .check import DataCheck
from .documents import Evidence, FilmedCard, Side, Visible
from .faults import DocBlurry, DocGlare
from .order import CaseOrder
from .states import CAPTURES, FINAL, NEXT, Profile, State, Step
from .words import are_read, two_words

_DOCUMENT_STEPS: Final[Mapping[Side, Step]] = {"front": Step.DOC_FRONT, "back": Step.DOC_BACK}
_CARD_STEPS: Final[Mapping[Side, Step]] = {"front": Step.CARD_FRONT, "back": Step.CARD_BACK}
# A bad picture: what the user is told, and the code that ends the case when it happens too often.
_BAD_PICTURES: Final[Mapping[type[Fault], tuple[str, str]]] = MappingProxyType(
    {DocBlurry: ("blurry", "doc.blurry"), DocGlare: ("glare", "doc.glare")}
)
_CANCELLABLE: Final = frozenset(state for state, after in NEXT.items() if State.CANCELLED in after)
_IN_APP: Final = frozenset({State.IN_APP, State.CAPTURING, State.PROCESSING, State.REVIEW, State.RETRY})
_IDLE_ENDS: Final[Mapping[State, State]] = {State.IN_APP: State.CANCELLED, State.CAPTURING: State.ABANDONED}


@dataclass(frozen=True, slots=True)
class Change:
    """One line of a case's history."""

    seq: int
    at: datetime
    state: State
    reasons: tuple[str, ...]


class Case:
    """A case and its user. `announce` is called after each change of state."""

    channel: ClassVar[str] = "ident"

    def __init__(
        self,
        case_id: str,
        session_id: str,
        order: CaseOrder,
        physics: Physics,
        profile: Profile,
        randomness: Random,
        announce: Callable[[Case], None],
    ) -> None:
        self.case_id = case_id
        self.session_id = session_id
        self.order = order
        self.physics = physics
        self.profile = profile
        self.state = State.CREATED
        self.reasons: tuple[str, ...] = ()
        self.attempt = 1
        self.evidence = Evidence()
        self.redeemed = False
        self.words = two_words(randomness)
        self._randomness = randomness
        self._announce = announce
        self._check = DataCheck(self)
        self._captured = 0
        self._failures = 0
        self._digit_failures = 0
        self._away = False
        self._words_shown = physics.clock.now
        self._idle: Timer | None = None
        self.history = [Change(1, physics.clock.now, self.state, ())]
        self.expires_at = physics.clock.later(profile.link_life)
        physics.at(self.expires_at, self._expire, f"link of case {case_id}")

    # -- looking ----------------------------------------------------------------

    @property
    def is_over(self) -> bool:
        return self.state in FINAL

    @property
    def opened_at(self) -> datetime:
        """By this day all is judged: who must show a document is settled in the order, so its validity is, too."""
        return self.history[0].at

    @property
    def changed_at(self) -> datetime:
        return self.history[-1].at

    @property
    def attempts_left(self) -> int:
        return 0 if self.is_over else self.profile.attempts - self.attempt + 1

    @property
    def next_step(self) -> Step | None:
        """What the user is asked to do now; `None` while nothing is to be done."""
        match self.state:
            case State.CREATED | State.OPENED:
                return Step.CARD_DIGITS
            case State.CARD_BOUND:
                return Step.OPEN_APP
            case State.IN_APP:
                return Step.TERMS
            case State.CAPTURING | State.RETRY:
                return CAPTURES[self._captured]
            case _:
                return None

    def show_words(self) -> tuple[str, str]:
        """Show the words; from now on there are ten seconds to read them."""
        self._words_shown = self.physics.clock.now
        return self.words

    # -- the user's steps ---------------------------------------------------------

    def open_link(self) -> Outcome:
        """Follow the link to the jump page; a page once open can be opened again."""
        if self.state is State.CREATED:
            self.move(State.OPENED)
            return self._told("open_link", Accepted())
        return Refused("case_over") if self.is_over else Accepted()

    def enter_card_digits(self, digits: str) -> Outcome:
        """Type in the last digits of the card's number; blanks do not matter. Three wrong tries end the case."""
        if self.state is State.CREATED:
            self.open_link()
        if barred := self._barred(Step.CARD_DIGITS):
            return barred
        if "".join(digits.split()) == self.order.health_card.suffix:
            self.move(State.CARD_BOUND)
            return self._told(Step.CARD_DIGITS, Accepted())
        self._digit_failures += 1
        if self._digit_failures < self.profile.digit_tries:
            return self._told(Step.CARD_DIGITS, Refused("wrong_digits"))
        self.move(State.EXPIRED, "card.number_mismatch")
        return self._told(Step.CARD_DIGITS, Refused("no_attempts_left"))

    def open_app(self) -> Outcome:
        """Open the provider's app from the jump page, or again after having left it."""
        if self._away:
            return self.resume_app()
        if barred := self._barred(Step.OPEN_APP):
            return barred
        self.move(State.IN_APP)
        return self._told(Step.OPEN_APP, Accepted())

    def accept_terms(self, accept: bool = True) -> Outcome:
        """Agree to the provider's terms; declining them ends the case."""
        if barred := self._barred(Step.TERMS):
            return barred
        if not accept:
            self.move(State.CANCELLED, "user.consent_declined")
            return self._told(Step.TERMS, Refused("terms_declined"))
        self.move(State.CAPTURING)
        return self._told(Step.TERMS, Accepted())

    def film_document(self, side: Side, document: IdentityDocument) -> Outcome:
        """Hold one side of a document before the camera. Whether it will do is found out in the check."""
        step = _DOCUMENT_STEPS[side]
        if barred := self._barred(step):
            return barred
        hit = self.physics.faults.strike(self.channel, "film_document")
        with self.physics.bent_by(hit):
            if hit is not None:
                return self._failed(step, *_BAD_PICTURES[type(hit.fault)])
        self.evidence.documents[side] = document
        return self._taken(step)

    def read_words(self, words: str | Sequence[str], *, face_of: Visible | None) -> Outcome:
        """Read the shown words aloud, with one's face in the picture."""
        if barred := self._barred(Step.LIVENESS):
            return barred
        hit = self.physics.faults.strike(self.channel, "read_words")
        with self.physics.bent_by(hit):
            if hit is not None or not are_read(words, self.words):
                return self._failed(Step.LIVENESS, "words_misread", "live.words_misread")
        if elapsed(self._words_shown, self.physics.clock.now) > self.profile.words_window:
            return self._failed(Step.LIVENESS, "words_timed_out", "user.timeout")
        if face_of is None:
            return self._failed(Step.LIVENESS, "no_face", "live.no_face")
        self.evidence.face = face_of
        return self._taken(Step.LIVENESS)

    def film_card(self, side: Side, card: CardData, kvnr: str) -> Outcome:
        """Hold one side of a health card before the camera; after the back the data check begins."""
        step = _CARD_STEPS[side]
        if barred := self._barred(step):
            return barred
        self.evidence.cards[side] = FilmedCard.of(card, kvnr)
        return self._taken(step)

    def leave_app(self) -> Outcome:
        """Put the app away. During the data check this ends the case (profile `strict`); else only time counts."""
        if self.state not in _IN_APP:
            return self._told("leave_app", Refused("case_over" if self.is_over else "wrong_step"))
        self._away = True
        if self.state is State.PROCESSING and self.profile.leaving == "strict":
            self._check.stop()
            self.move(State.ABANDONED, "user.app_closed_in_check")
        return self._told("leave_app", Accepted())

    def resume_app(self) -> Outcome:
        """Come back to the app."""
        if self.state not in _IN_APP:
            return self._told("resume_app", Refused("case_over" if self.is_over else "wrong_step"))
        self._away = False
        return self._told("resume_app", Accepted())

    def cancel(self) -> Outcome:
        """Give up, on either side. Not possible any more once the data check has begun."""
        if self.state not in _CANCELLABLE:
            return self._told("cancel", Refused("case_over" if self.is_over else "wrong_step"))
        self.move(State.CANCELLED, "user.cancelled")
        return self._told("cancel", Accepted())

    # -- what follows ---------------------------------------------------------------

    def move(self, to: State, *reasons: str) -> None:
        """Go over to `to`. Raises `ValueError` for a change that the table does not know."""
        if to not in NEXT[self.state]:
            raise ValueError(f"case {self.case_id} cannot go from {self.state} to {to}")
        before, self.state, self.reasons = self.state, to, reasons
        self.history.append(Change(len(self.history) + 1, self.physics.clock.now, to, reasons))
        changed = {"from": before, "to": to, "reasons": list(reasons)}
        self.physics.journal.write(self.channel, "case.state", case_id=self.case_id, **changed)
        self._watch()
        self._announce(self)

    def begin_anew(self) -> None:
        """Forget what has been taken: the next attempt starts with the front of the document."""
        self.attempt += 1
        self.evidence = Evidence()
        self._captured = self._failures = 0
        self._new_words()

    def _barred(self, step: Step) -> Outcome | None:
        """Why `step` cannot be done now. Filming again is what takes a case out of RETRY."""
        reason = "case_over" if self.is_over else "wrong_step" if step is not self.next_step else None
        if reason is None and self._away:
            reason = "app_closed"
        if reason is not None:
            return self._told(step, Refused(reason))
        if self.state is State.RETRY:
            self.move(State.CAPTURING)
        return None

    def _taken(self, step: Step) -> Outcome:
        self._failures = 0
        self._captured += 1
        outcome = self._told(step, Accepted())
        if self._captured == len(CAPTURES):
            self._check.start()
        else:
            self._watch()
            self.show_words()
        return outcome

    def _failed(self, step: Step, told: str, code: str) -> Outcome:
        """A try that did not work; the third at one step ends the case."""
        self._failures += 1
        self._new_words()
        self._watch()
        if self._failures < self.profile.step_tries:
            return self._told(step, Refused(told))
        self.move(State.ABANDONED, code)
        return self._told(step, Refused("no_attempts_left"))

    def _new_words(self) -> None:
        self.words = two_words(self._randomness)
        self.show_words()

    def _told(self, step: str, outcome: Outcome) -> Outcome:
        self.physics.journal.write(self.channel, "step", case_id=self.case_id, step=str(step), outcome=str(outcome))
        return outcome

    def _watch(self) -> None:
        """Count the idle time afresh where a case does not wait for ever."""
        if self._idle is not None:
            self._idle.cancel()
            self._idle = None
        if self.state in _IDLE_ENDS:
            self._idle = self.physics.later(self.profile.idle, self._give_up, f"idle case {self.case_id}")

    def _give_up(self) -> None:
        self.move(_IDLE_ENDS[self.state], "user.timeout")

    def _expire(self) -> None:
        if State.EXPIRED in NEXT[self.state]:
            self.move(State.EXPIRED, "idp.jump_link_expired")
