"""What is typed, by action and field: symbolic words become what a person reads, knows or gets wrong."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from emulators.core.numbers import PHONE_NUMBERS
from emulators.core.person import Person
from harness import actions as do
from harness.actions import Action
from harness.errors import BenchError
from harness.reading import activation_code_in, activation_code_in_link, pin_in, tan_in

if TYPE_CHECKING:
    from harness.person import Hands


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
            return of(hands.person(action.by if word == "own" else word))
        return _other(of(hands.person(action.by))) if word == "wrong" else word

    return read


def _known_name(hands: Hands, action: Action, word: str) -> str:
    account = hands.account(action)
    return (account.user_name or account.person.kvnr) if word == "own" else word


def _known_password(hands: Hands, action: Action, word: str) -> str:
    account = hands.account(action)
    known = account.password or account.person.password
    return known if word == "own" else _other(known) if word == "wrong" else word


def _repeated(hands: Hands, action: do.ChoosePassword, word: str) -> str:
    first = hands.person(action.by).password if action.password == "own" else action.password
    return first if word == "same" else word


def _taken_name(hands: Hands, action: Action, word: str) -> str:
    return _own(lambda p: p.user_name)(hands, action, word)


def _link(hands: Hands, action: Action, word: str) -> str:
    if word not in ("from-mail", "first-mail", "wrong", "stranger", "guardian"):
        return word
    person = hands.person(word if word in ("stranger", "guardian") else action.by)
    seen = [links[0] for m in hands.world.mail.mailbox(person.email).messages if (links := m.visible_links)]
    if not seen:
        raise BenchError(f"no mail with a link to click has come to {person.email}; wait, or expect that there is none")
    link = seen[0] if word == "first-mail" else seen[-1]
    return _other(link) if word == "wrong" else link


def _address(hands: Hands, action: Action, word: str) -> str:
    """`tagged` is one's own address with a detail behind a plus, by which many sort their mail (RFC 5233)."""
    if word == "tagged":
        local, _, domain = hands.person(action.by).email.rpartition("@")
        return f"{local}+epa@{domain}"
    return _own(lambda p: p.email)(hands, action, word)


def _number(hands: Hands, action: Action, word: str) -> str:
    if word == "landline":
        return next(iter(PHONE_NUMBERS.landlines[0].numbers()))
    return _own(lambda p: p.mobile)(hands, action, word)


def _tan(hands: Hands, action: Action, word: str) -> str:
    if word not in ("from-sms", "first-sms", "from-flash", "wrong"):
        return word
    person, account = hands.person(action.by), hands.account(action)
    if word == "wrong":
        return _other(account.tan.value if account.tan else "000000")
    handset = hands.world.sms.handset(account.mobile or person.mobile)
    inbox = handset.flashes if word == "from-flash" else handset.inbox
    codes = [code for message in inbox if (code := tan_in(message.body))]
    if not codes:
        raise BenchError(f"no SMS with a code has come to {account.mobile or person.mobile}; wait, or ask for another")
    return codes[0] if word == "first-sms" else codes[-1]


def _activation_code(hands: Hands, action: Action, word: str) -> str:
    if word == "wrong":
        letter = hands.account(action).letter
        return _other(letter.value if letter else "AAAAAAAA")
    roles = {"stranger": "stranger", "guardian": "guardian", "from-persons-letter": "person"}
    if word not in ("from-letter", "from-letter-qr", "first-letter", "strayed-letter", *roles):
        return word
    if word == "from-letter-qr":
        return _scanned_code(hands, action)
    role = roles.get(word, action.by)
    letters = hands.strayed_letters(role) if word == "strayed-letter" else hands.letters(role)
    sheets = [page for letter in letters for page in letter.pages]
    codes = [code for sheet in sheets if (code := activation_code_in(sheet))]
    if not codes:
        raise BenchError(f"no letter with a code has come for {hands.person(role).full_name}; wait, or ask again")
    return codes[0] if word == "first-letter" else codes[-1]


def _scanned_code(hands: Hands, action: Action) -> str:
    """The code that a camera reads off the newest letter with a readable QR code."""
    links = [link for letter in reversed(hands.letters(action.by)) for link in letter.codes]
    codes = [code for link in links if (code := activation_code_in_link(link))]
    if not codes:
        raise BenchError(f"no letter with a readable QR code has come for {hands.person(action.by).full_name}")
    return codes[0]


def _digits(hands: Hands, action: Action, word: str) -> str:
    length = hands.rules.situation.profile.card_digits
    return _own(lambda p: p.card.iccsn[-length:])(hands, action, word)


def _release_code(hands: Hands, action: Action, word: str) -> str:
    if word in ("first-shown", "last-shown"):
        return _remembered(hands, action, word)
    if word not in ("from-app", "wrong", "second", "stranger", "guardian"):
        return word
    by = word if word in ("stranger", "guardian") else action.by
    shown = hands.driver.look(by, "second" if word == "second" else action.on).release_code
    if word == "wrong":
        return _other(shown or "000000")
    if shown is None:
        raise BenchError("the Barmer app shows no release code; create one first")
    return shown


def _remembered(hands: Hands, action: Action, word: str) -> str:
    """A release code as the person noted it down: the app itself shows none that is used, expired or replaced."""
    codes = hands.rules.situation.device(action.by, action.on).codes_shown
    if not codes:
        raise BenchError("the Barmer app has shown no release code so far; create one first")
    return codes[0] if word == "first-shown" else codes[-1]


def _key(hands: Hands, action: Action, word: str) -> str:
    saved = hands.account(action).recovery_key or ""
    return {"saved": saved, "wrong": _other(saved or "0"), "none": ""}.get(word, word)


def _held(hands: Hands, action: Action) -> Person:
    which = getattr(action, "card", "person")
    return hands.person(which if which in ("guardian", "stranger") else action.by)


def _can(hands: Hands, action: Action, word: str) -> str:
    can = _held(hands, action).card.can
    return {"own": can, "wrong": _other(can), "none": ""}.get(word, word)


def _pin(hands: Hands, action: Action, word: str) -> str:
    if word == "from-letter":
        pins = [pin for letter in hands.letters(action.by) if (pin := pin_in(letter.text))]
        if not pins:
            raise BenchError(f"no letter with a PIN has come for {hands.person(action.by).full_name}; wait for it")
        return pins[-1]
    pin = _held(hands, action).card.pin
    return {"own": pin, "wrong": _other(pin), "none": ""}.get(word, word)


Read = Callable[["Hands", Any, str], str]

READ: Mapping[type[Action], Mapping[str, Read]] = {
    do.Register: {
        "given_names": _own(lambda p: p.given_names),
        "family_name": _own(lambda p: p.family_name),
        "birth_date": _own(lambda p: p.birth_date.isoformat()),
        "kvnr": _own(lambda p: p.kvnr),
    },
    do.LogIn: {"user_name": _known_name, "password": _known_password},
    do.ChooseUserName: {"user_name": _taken_name},
    do.ChoosePassword: {"password": _own(lambda p: p.password), "repeat": _repeated},
    do.EnterEmail: {"address": _address},
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
