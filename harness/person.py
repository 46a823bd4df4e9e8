"""What a person reads and does: symbolic values become what is typed, and hands act in the bench's own world.

`from-sms` is read off the lock screen, `from-letter` off paper, `own` is what the person knows or holds. What
cannot be read because nothing came is a mistake of the scenario and says so.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from emulators.core.numbers import PHONE_NUMBERS
from emulators.core.outcome import Accepted, Outcome, Refused
from emulators.core.person import DocumentKind, IdentityDocument, Person
from emulators.post.letter import Letter
from emulators.world import World
from harness import actions as do
from harness.actions import Action
from harness.drivers import Driver
from harness.errors import BenchError
from harness.onboarding import Rules
from harness.onboarding.situation import Account
from harness.reading import activation_code_in, pin_in, tan_in

A = TypeVar("A", bound=Action)


class Hands:
    """The people of one world, acting. What they remember (passwords, saved keys) the rules know too."""

    def __init__(self, world: World, driver: Driver, rules: Rules) -> None:
        self._world = world
        self._driver = driver
        self._rules = rules

    # -- reading --------------------------------------------------------------------------------------------------

    def concrete(self, action: Action) -> Action:
        """The action with all symbolic values replaced. Raises `BenchError` if there is nothing to read."""
        changes = {
            name: read(self, action, value)
            for name, read in _READ.get(type(action), {}).items()
            if isinstance(value := getattr(action, name), str)
        }
        changed = {k: v for k, v in changes.items() if v != getattr(action, k)}
        return action.model_copy(update=changed) if changed else action

    def as_predicted(self, action: Action) -> Action:
        """The same action as the rules must see it: an automatic takeover stands for the code that is offered."""
        if isinstance(action, do.EnterTan) and action.code == "auto":
            code = self._world.offered_code(self._world.phone(action.by, action.on))
            return action.model_copy(update={"code": code}) if code else action
        return action

    def _person(self, role: str) -> Person:
        try:
            return self._world.people[role]
        except KeyError:
            raise BenchError(
                f"nobody plays the role '{role}' here; there are {', '.join(self._world.people)}"
            ) from None

    def _account(self, action: Action) -> Account:
        self._person(action.by)
        return self._rules.situation.accounts[action.by]

    def letters(self, role: str) -> list[Letter]:
        """The letters that came for that person, oldest first."""
        person = self._person(role)
        box = self._world.post.letterbox(person.address)
        return [letter for letter in box.letters if letter.order.recipient[0] == person.full_name]

    def _of_role(self, action: Action, word: str) -> str:
        if word in ("own", "person"):
            return action.by
        return self._rules.situation.entitled(self._account(action)) if word == "entitled" else word

    def _document(self, action: Action, word: str, kind: str) -> IdentityDocument:
        try:
            return self._person(self._of_role(action, word)).document(DocumentKind(kind))
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


# -- what is typed: by action and field ---------------------------------------------------------------------------


def _other(value: str) -> str:
    """A value of the same form that is not the same, nor in upper case: the last character is another one."""
    last = value[-1:]
    if last.isdigit():
        return value[:-1] + str((int(last) + 1) % 10)
    return value[:-1] + ("A" if last.upper() != "A" else "B")


def _own(of: Callable[[Person], str]) -> Callable[[Hands, Any, str], str]:
    """`own`, another role's, or a wrong one of a field of the person; anything else is meant literally."""

    def read(hands: Hands, action: Action, word: str) -> str:
        if word in ("own", "guardian", "stranger"):
            return of(hands._person(action.by if word == "own" else word))
        return _other(of(hands._person(action.by))) if word == "wrong" else word

    return read


def _known_name(hands: Hands, action: Action, word: str) -> str:
    account = hands._account(action)
    return (account.user_name or account.person.kvnr) if word == "own" else word


def _known_password(hands: Hands, action: Action, word: str) -> str:
    account = hands._account(action)
    known = account.password or account.person.password
    return known if word == "own" else _other(known) if word == "wrong" else word


def _repeated(hands: Hands, action: do.ChoosePassword, word: str) -> str:
    first = hands._person(action.by).password if action.password == "own" else action.password
    return first if word == "same" else word


def _taken_name(hands: Hands, action: Action, word: str) -> str:
    return _own(lambda p: p.user_name)(hands, action, word)


def _link(hands: Hands, action: Action, word: str) -> str:
    if word not in ("from-mail", "first-mail", "wrong", "stranger", "guardian"):
        return word
    person = hands._person(word if word in ("stranger", "guardian") else action.by)
    mails = [m for m in hands._world.mail.mailbox(person.email).messages if m.links]
    if not mails:
        raise BenchError(f"no mail with a link has come to {person.email}; wait, or expect that there is none")
    link = (mails[0] if word == "first-mail" else mails[-1]).links[0]
    return _other(link) if word == "wrong" else link


def _number(hands: Hands, action: Action, word: str) -> str:
    if word == "landline":
        return next(iter(PHONE_NUMBERS.landlines[0].numbers()))
    return _own(lambda p: p.mobile)(hands, action, word)


def _tan(hands: Hands, action: Action, word: str) -> str:
    if word not in ("from-sms", "first-sms", "wrong"):
        return word
    person, account = hands._person(action.by), hands._account(action)
    if word == "wrong":
        return _other(account.tan.value if account.tan else "000000")
    inbox = hands._world.sms.handset(account.mobile or person.mobile).inbox
    codes = [code for message in inbox if (code := tan_in(message.body))]
    if not codes:
        raise BenchError(f"no SMS with a code has come to {account.mobile or person.mobile}; wait, or ask for another")
    return codes[0] if word == "first-sms" else codes[-1]


def _activation_code(hands: Hands, action: Action, word: str) -> str:
    if word == "wrong":
        letter = hands._account(action).letter
        return _other(letter.value if letter else "AAAAAAAA")
    if word not in ("from-letter", "first-letter", "stranger", "guardian"):
        return word
    role = word if word in ("stranger", "guardian") else action.by
    codes = [code for letter in hands.letters(role) if (code := activation_code_in(letter.text))]
    if not codes:
        raise BenchError(f"no letter with a code has come for {hands._person(role).full_name}; wait, or ask again")
    return codes[0] if word == "first-letter" else codes[-1]


def _digits(hands: Hands, action: Action, word: str) -> str:
    length = hands._rules.situation.profile.card_digits
    return _own(lambda p: p.card.iccsn[-length:])(hands, action, word)


def _release_code(hands: Hands, action: Action, word: str) -> str:
    if word not in ("from-app", "wrong", "second", "stranger", "guardian"):
        return word
    by = word if word in ("stranger", "guardian") else action.by
    shown = hands._driver.look(by, "second" if word == "second" else action.on).release_code
    if word == "wrong":
        return _other(shown or "000000")
    if shown is None:
        raise BenchError("the Barmer app shows no release code; create one first")
    return shown


def _key(hands: Hands, action: Action, word: str) -> str:
    saved = hands._account(action).recovery_key or ""
    return {"saved": saved, "wrong": _other(saved or "0"), "none": ""}.get(word, word)


def _held(hands: Hands, action: Action) -> Person:
    which = getattr(action, "card", "person")
    return hands._person(which if which in ("guardian", "stranger") else action.by)


def _can(hands: Hands, action: Action, word: str) -> str:
    can = _held(hands, action).card.can
    return {"own": can, "wrong": _other(can), "none": ""}.get(word, word)


def _pin(hands: Hands, action: Action, word: str) -> str:
    if word == "from-letter":
        pins = [pin for letter in hands.letters(action.by) if (pin := pin_in(letter.text))]
        if not pins:
            raise BenchError(f"no letter with a PIN has come for {hands._person(action.by).full_name}; wait for it")
        return pins[-1]
    pin = _held(hands, action).card.pin
    return {"own": pin, "wrong": _other(pin), "none": ""}.get(word, word)


Read = Callable[[Hands, Any, str], str]

_READ: Mapping[type[Action], Mapping[str, Read]] = {
    do.Register: {
        "given_names": _own(lambda p: p.given_names),
        "family_name": _own(lambda p: p.family_name),
        "birth_date": _own(lambda p: p.birth_date.isoformat()),
        "kvnr": _own(lambda p: p.kvnr),
    },
    do.LogIn: {"user_name": _known_name, "password": _known_password},
    do.ChooseUserName: {"user_name": _taken_name},
    do.ChoosePassword: {"password": _own(lambda p: p.password), "repeat": _repeated},
    do.EnterEmail: {"address": _own(lambda p: p.email)},
    do.ConfirmEmail: {"link": _link},
    do.EnterMobile: {"number": _number},
    do.EnterTan: {"code": _tan},
    do.EnterActivationCode: {"code": _activation_code},
    do.EnterCardDigits: {"digits": _digits},
    do.EnterReleaseCode: {"code": _release_code},
    do.RestoreData: {"key": _key},
    do.LogInWithCard: {"can": _can, "pin": _pin},
    do.AuthorisePractice: {"pin": _pin},
}


# -- what is done in the world ------------------------------------------------------------------------------------


def _install(hands: Hands, action: do.InstallApp) -> Outcome:
    hands._world.phone(action.by, action.on).install(action.app)
    return Accepted()


def _remove(hands: Hands, action: do.RemoveApp) -> Outcome:
    phone = hands._world.phone(action.by, action.on)
    if action.app in phone.apps:
        phone.remove(action.app)
    return Accepted()


def _case(hands: Hands, action: Action) -> Any:
    case_id = hands._account(action).evidence.case_id
    if not case_id:
        raise BenchError("no case at the ident provider; follow the link in the eCare app first")
    return hands._world.ident.case(case_id)


def _enter_digits(hands: Hands, action: do.EnterCardDigits) -> Outcome:
    case = _case(hands, action)
    case.open_link()
    outcome: Outcome = case.enter_card_digits(action.digits)
    return outcome


def _film_document(hands: Hands, action: do.FilmDocument) -> Outcome:
    document = hands._document(action, action.whose, action.document)
    outcome: Outcome = _case(hands, action).film_document(action.side, document)
    return outcome


def _read_words(hands: Hands, action: do.ReadWords) -> Outcome:
    case = _case(hands, action)
    shown = case.show_words()
    face = hands._person(hands._of_role(action, action.face))
    outcome: Outcome = case.read_words(shown if action.words == "shown" else "Prüfstand Messgerät", face_of=face)
    return outcome


def _film_card(hands: Hands, action: do.FilmCard) -> Outcome:
    owner = hands._person(hands._of_role(action, action.whose))
    outcome: Outcome = _case(hands, action).film_card(action.side, owner.card, owner.kvnr)
    return outcome


def _visit(hands: Hands, action: do.VisitBranch) -> Outcome:
    world, insured = hands._world, hands._person(action.by)
    document = None if action.document == "none" else hands._document(action, action.whose, action.document)
    holder = None if action.card == "none" else hands._person(hands._of_role(action, action.card))
    booked = [a.appointment_id for a in world.branch.appointments.values() if a.kvnr == insured.kvnr]
    return world.branch.visit(
        visitor=hands._person(hands._of_role(action, action.whose)),
        insured=insured,
        purpose=action.purpose,
        card=holder.card if holder else None,
        card_kvnr=holder.kvnr if holder else None,
        document=document,
        appointment_id=booked[-1] if booked else None,
    )


def _take_card(hands: Hands, action: do.TakeNewCard) -> Outcome:
    new = hands._person(action.by).replacement
    if new is None or not any(new.iccsn in letter.text for letter in hands.letters(action.by)):
        return Refused("no_card_came")
    hands._world.take_new_card(action.by)
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
