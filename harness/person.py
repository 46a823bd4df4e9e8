"""What a person reads and does: symbolic values become what is typed, and hands act in the bench's own world.

`from-sms` is read off the lock screen, `from-letter` off paper, `own` is what the person knows or holds. What
cannot be read because nothing came is a mistake of the scenario and says so.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from emulators.core.outcome import Accepted, Outcome, Refused
from emulators.core.person import DocumentKind, IdentityDocument, Person
from emulators.post.letter import Letter
from emulators.post.letterbox import same_name
from emulators.world import World
from harness import actions as do
from harness.actions import Action
from harness.drivers import Driver
from harness.errors import BenchError
from harness.onboarding import Rules
from harness.onboarding.situation import Account
from harness.typed import READ


class Hands:
    """The people of one world, acting. What they remember (passwords, saved keys) the rules know too."""

    def __init__(self, world: World, driver: Driver, rules: Rules) -> None:
        self.world = world
        self.driver = driver
        self.rules = rules

    # -- reading --------------------------------------------------------------------------------------------------

    def concrete(self, action: Action) -> Action:
        """The action with all symbolic values replaced. Raises `BenchError` if there is nothing to read."""
        changes = {
            name: read(self, action, value)
            for name, read in READ.get(type(action), {}).items()
            if isinstance(value := getattr(action, name), str)
        }
        changed = {k: v for k, v in changes.items() if v != getattr(action, k)}
        return action.model_copy(update=changed) if changed else action

    def as_predicted(self, action: Action) -> Action:
        """The same action as the rules must see it: an automatic takeover stands for the code that is offered."""
        if isinstance(action, do.EnterTan) and action.code == "auto":
            code = self.world.offered_code(self.world.phone(action.by, action.on))
            return action.model_copy(update={"code": code}) if code else action
        return action

    def person(self, role: str) -> Person:
        try:
            return self.world.people[role]
        except KeyError:
            raise BenchError(f"nobody plays the role '{role}' here; there are {', '.join(self.world.people)}") from None

    def account(self, action: Action) -> Account:
        self.person(action.by)
        return self.rules.situation.accounts[action.by]

    def letters(self, role: str) -> list[Letter]:
        """The letters that came for that person, oldest first."""
        person = self.person(role)
        return [le for le in self.world.post.letters_at(person.address) if same_name(le.recipient[0], person.full_name)]

    def strayed_letters(self, role: str) -> list[Letter]:
        """The letters to that person which lie in somebody else's letterbox, oldest first."""
        person = self.person(role)
        own = self.world.post.letters_at(person.address)
        sent = [le for le in self.world.post.letters.values() if le.delivered_at is not None]
        mine = [le for le in sent if same_name(le.recipient[0], person.full_name)]
        return [le for le in mine if le not in own and le.inside is None]

    def of_role(self, action: Action, word: str) -> str:
        if word in ("own", "person"):
            return action.by
        if word != "entitled":
            return word
        account = self.account(action)
        ordered = "" if isinstance(action, do.VisitBranch) else account.evidence.entitled
        return ordered or self.rules.situation.entitled(account)

    def document(self, action: Action, word: str, kind: str) -> IdentityDocument:
        try:
            return self.person(self.of_role(action, word)).document(DocumentKind(kind))
        except LookupError as error:
            raise BenchError(str(error)) from error

    # -- acting in the world --------------------------------------------------------------------------------------

    def act(self, action: Action) -> Outcome:
        """Carry out an action that happens in the bench's own world. Raises `BenchError` for any other."""
        try:
            perform = _ACT[type(action)]
        except KeyError:
            raise BenchError(f"'{action.verb}' is not done in the bench's world but by the driver") from None
        return perform(self, action)


# -- what is done in the world ------------------------------------------------------------------------------------


def _install(hands: Hands, action: do.InstallApp) -> Outcome:
    hands.world.phone(action.by, action.on).install(action.app)
    return Accepted()


def _remove(hands: Hands, action: do.RemoveApp) -> Outcome:
    phone = hands.world.phone(action.by, action.on)
    if action.app in phone.apps:
        phone.remove(action.app)
    return Accepted()


def _case(hands: Hands, action: Action) -> Any:
    case_id = hands.account(action).evidence.case_id
    if not case_id:
        raise BenchError("no case at the ident provider; follow the link in the eCare app first")
    return hands.world.ident.case(case_id)


def _enter_digits(hands: Hands, action: do.EnterCardDigits) -> Outcome:
    case = _case(hands, action)
    case.open_link()
    outcome: Outcome = case.enter_card_digits(action.digits)
    return outcome


def _film_document(hands: Hands, action: do.FilmDocument) -> Outcome:
    document = hands.document(action, action.whose, action.document)
    outcome: Outcome = _case(hands, action).film_document(action.side, document)
    return outcome


def _read_words(hands: Hands, action: do.ReadWords) -> Outcome:
    case = _case(hands, action)
    shown = case.show_words()
    face = hands.person(hands.of_role(action, action.face))
    outcome: Outcome = case.read_words(shown if action.words == "shown" else "Prüfstand Messgerät", face_of=face)
    return outcome


def _film_card(hands: Hands, action: do.FilmCard) -> Outcome:
    owner = hands.person(hands.of_role(action, action.whose))
    outcome: Outcome = _case(hands, action).film_card(action.side, owner.card, owner.kvnr)
    return outcome


def _visit(hands: Hands, action: do.VisitBranch) -> Outcome:
    world, insured = hands.world, hands.person(action.by)
    document = None if action.document == "none" else hands.document(action, action.whose, action.document)
    holder = None if action.card == "none" else hands.person(hands.of_role(action, action.card))
    booked = [a.appointment_id for a in world.branch.appointments.values() if a.kvnr == insured.kvnr]
    return world.branch.visit(
        visitor=hands.person(hands.of_role(action, action.whose)),
        insured=insured,
        purpose=action.purpose,
        card=holder.card if holder else None,
        card_kvnr=holder.kvnr if holder else None,
        document=document,
        appointment_id=booked[-1] if booked else None,
    )


def _take_card(hands: Hands, action: do.TakeNewCard) -> Outcome:
    new = hands.person(action.by).replacement
    if new is None or not any(new.iccsn in letter.text for letter in hands.letters(action.by)):
        return Refused("no_card_came")
    hands.world.take_new_card(action.by)
    return Accepted()


_ACT: Mapping[type[Action], Callable[[Hands, Any], Outcome]] = {
    do.InstallApp: _install,
    do.RemoveApp: _remove,
    do.EnterCardDigits: _enter_digits,
    do.OpenIdentApp: lambda hands, action: _case(hands, action).open_app(),
    do.AcceptIdentTerms: lambda hands, action: _case(hands, action).accept_terms(action.accept),
    do.FilmDocument: _film_document,
    do.ReadWords: _read_words,
    do.FilmCard: _film_card,
    do.LeaveIdentApp: lambda hands, action: _case(hands, action).leave_app(),
    do.VisitBranch: _visit,
    do.TakeNewCard: _take_card,
}
