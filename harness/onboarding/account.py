"""Rules of the account: creating it, bringing an old one up to date, and the activation letter."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

from emulators.core.clock import elapsed
from emulators.core.numbers import is_kvnr
from harness.actions import (
    AcceptTerms,
    ChangePassword,
    ChangeUserName,
    ChoosePassword,
    ChooseUserName,
    EnterActivationCode,
    GivenAccount,
    Register,
    RequestLetter,
)

from .apps import bound_elsewhere, needs_session
from .outages import POST_DOWN
from .rows import Duty, Move, Refusal, Rule, Scene, Table
from .sameness import code_of, same_code, same_words
from .setup import ecare_terms_refusals

_DIGITS = frozenset("0123456789")  # "eine Ziffer (0-9)": no other script's, and none that is raised
_CLASSES = (str.islower, str.isupper, _DIGITS.__contains__, lambda c: not c.isalnum() and not c.isspace())


def password_is_weak(password: str | None, minimum: int) -> bool:
    """NEW-04: at least `minimum` characters, with a lower- and an upper-case letter, a digit and a special one."""
    return password is None or len(password) < minimum or not all(any(map(c, password)) for c in _CLASSES)


def _weak(scene: Scene, password: str | None) -> bool:
    return password_is_weak(password, scene.situation.profile.password_minimum)


# -- who registers ------------------------------------------------------------------------------------------------


def _somebody_else(scene: Scene) -> bool:
    person, action = scene.account.person, scene.action
    told = (action.given_names, action.family_name, action.birth_date, action.kvnr)
    own = (person.given_names, person.family_name, person.birth_date.isoformat(), person.kvnr)
    return not all(map(same_words, told, own))


def _written_otherwise(scene: Scene) -> bool:
    person, action = scene.account.person, scene.action
    told = (action.given_names, action.family_name, action.birth_date)
    return told != (person.given_names, person.family_name, person.birth_date.isoformat())


def _registering(scene: Scene) -> None:
    """Begun, or gone on with: what was given before the app died is not asked for again."""
    scene.device.sessions["barmer"] = scene.account


def _old_account(scene: Scene) -> None:
    account, action = scene.account, scene.action
    account.updating = True
    account.user_name = account.person.user_name if action.user_name else None
    account.password = OLD_WEAK_PASSWORD if action.weak_password else account.person.password
    account.email = account.person.email
    account.state["email"] = "unconfirmed"
    if action.mobile:
        account.mobile = account.person.mobile
        account.state["mobile"] = "unconfirmed"


OLD_WEAK_PASSWORD = "abc123"


def _set(field: str, value: str) -> Callable[[Scene], None]:
    def then(scene: Scene) -> None:
        setattr(scene.account, field, getattr(scene.action, value))

    return then


def _name_taken(scene: Scene) -> bool:
    return scene.action.user_name in _names_of_others(scene)


def _name_resembles(scene: Scene) -> bool:
    return any(same_words(scene.action.user_name, name) for name in _names_of_others(scene))


def _names_of_others(scene: Scene) -> list[str]:
    return [a.user_name for a in scene.situation.accounts.values() if a is not scene.account and a.user_name]


# -- the activation letter ----------------------------------------------------------------------------------------


def _mobile_unproved(scene: Scene) -> bool:
    return scene.account.state["mobile"] != "confirmed"


def _email_unproved(scene: Scene) -> bool:
    return scene.account.state["email"] != "confirmed"


def _stored_number_unchecked(scene: Scene) -> bool:
    return scene.account.updating and not scene.account.number_seen


def _number_unchecked(scene: Scene) -> bool:
    """Who has just typed the number has no stored one left to check; whether it is shown once more is left open."""
    return _stored_number_unchecked(scene) and not scene.account.number_typed


def _letter_requested(scene: Scene) -> None:
    scene.account.letter, scene.account.letter_tries = None, 0


def _letter_owed(scene: Scene) -> tuple[Duty, ...]:
    address = " / ".join(scene.account.person.address.lines())
    return (Duty("letter_activation", address, ("PST-01",), scene.account, scene.now),)


def _code_expired(scene: Scene) -> bool:
    letter, profile = scene.account.letter, scene.situation.profile
    return letter is not None and elapsed(letter.at, scene.now) >= timedelta(days=profile.letter_code_days)


def _code_wrong(scene: Scene) -> bool:
    letter = scene.account.letter
    return letter is None or not same_code(scene.action.code, letter.value)


def _code_written_otherwise(scene: Scene) -> bool:
    letter = scene.account.letter
    return letter is not None and scene.action.code != letter.value


def _code_refused(scene: Scene, reason: str) -> None:
    if reason == "code_wrong":
        scene.account.letter_tries += 1


def _activated(scene: Scene) -> None:
    scene.account.letter = None
    scene.device.bound_to = scene.account
    scene.account.state["account"] = "active"


_OPEN = needs_session("barmer", "APP-05")

ACCOUNT = Table(
    "Benutzerkonto",
    {
        GivenAccount: Rule(("UPD-01",), moves=(Move("account", ("none",), "old", ("UPD-01",)),), then=_old_account),
        Register: Rule(
            ("NEW-01",),
            (
                Refusal("kvnr_invalid", ("NEW-02",), lambda s: not is_kvnr(code_of(s.action.kvnr))),
                Refusal("kvnr_invalid", ("NEW-02",), lambda s: not is_kvnr(s.action.kvnr), tolerated=True),
                Refusal("cannot_register", ("NEW-01",), _somebody_else),
                Refusal("cannot_register", ("NEW-01",), _written_otherwise, tolerated=True),
                Refusal("cannot_register", ("NEW-08", "UPD-01", "FAM-01"), lambda s: s.account.exists),
            ),
            moves=(Move("account", ("none", "registering"), "registering", ("NEW-01",)),),
            app="barmer",
            then=_registering,
        ),
        ChooseUserName: Rule(
            ("NEW-03", "UPD-05"),
            (
                _OPEN,
                Refusal("user_name_fixed", ("NEW-03", "UPD-05"), lambda s: s.account.user_name is not None),
                Refusal("user_name_invalid", ("NEW-03",), lambda s: not s.action.user_name.strip()),
                Refusal("user_name_taken", ("NEW-03",), _name_taken),
                Refusal("user_name_taken", ("NEW-03",), _name_resembles, tolerated=True),
            ),
            app="barmer",
            then=_set("user_name", "user_name"),
        ),
        ChangeUserName: Rule(
            ("NEW-03",), (_OPEN, Refusal("user_name_fixed", ("NEW-03",), lambda s: True)), app="barmer"
        ),
        ChoosePassword: Rule(
            ("NEW-04", "NEW-05", "UPD-04"),
            (
                _OPEN,
                Refusal("password_too_weak", ("NEW-04", "UPD-04"), lambda s: _weak(s, s.action.password)),
                Refusal("passwords_differ", ("NEW-05",), lambda s: s.action.repeat != s.action.password),
            ),
            app="barmer",
            then=_set("password", "password"),
        ),
        ChangePassword: Rule(
            ("APP-05",),
            (
                Refusal("managed_in_barmer_app", ("APP-05",), lambda s: s.action.app == "ecare"),
                _OPEN,
                Refusal("password_too_weak", ("NEW-04",), lambda s: _weak(s, s.action.password)),
            ),
            app="action",
            then=_set("password", "password"),
        ),
        AcceptTerms: Rule(
            ("NEW-07", "UPD-06", "SET-02"),
            (
                Refusal(
                    "not_logged_in",
                    ("NEW-07",),
                    lambda s: s.session(s.action.app) is not s.account,
                ),
                *ecare_terms_refusals(),
                Refusal("terms_declined", ("NEW-07", "UPD-06", "SET-02"), lambda s: not s.action.accept),
            ),
            app="action",
            then=lambda s: (
                s.account.done.add("terms") if s.action.app == "ecare" else setattr(s.account, "terms", True)
            ),
        ),
        RequestLetter: Rule(
            ("PST-01", "PST-06", "UPD-07"),
            (
                _OPEN,
                Refusal("user_name_missing", ("UPD-05",), lambda s: s.account.user_name is None),
                Refusal("password_missing", ("UPD-04", "NEW-04"), lambda s: _weak(s, s.account.password)),
                Refusal("email_missing", ("NEW-06",), lambda s: s.account.email is None),
                Refusal("terms_missing", ("NEW-07", "UPD-06"), lambda s: not s.account.terms),
                Refusal("email_unconfirmed", ("UPD-02",), lambda s: s.account.updating and _email_unproved(s)),
                Refusal("mobile_unconfirmed", ("UPD-03",), lambda s: s.account.updating and _mobile_unproved(s)),
                Refusal(
                    "already_active",
                    ("PST-05",),
                    lambda s: s.account.active and s.device.bound_to is s.account,
                ),
                Refusal("post_unavailable", ("PST-06",), lambda s: bool(s.struck & POST_DOWN)),
            ),
            moves=(
                Move(
                    "account", ("registering", "old", "pending"), "pending", ("PST-02",), lambda s: not s.account.active
                ),
                Move("letter", ("none", "sent", "used"), "sent", ("PST-01", "PST-06")),
            ),
            app="barmer",
            then=_letter_requested,
            owes=_letter_owed,
        ),
        EnterActivationCode: Rule(
            ("PST-02", "PST-03"),
            (
                _OPEN,
                Refusal("no_letter", ("PST-05", "PST-02"), lambda s: s.account.state["letter"] != "sent"),
                Refusal(
                    "email_unconfirmed",
                    ("NEW-06",),
                    lambda s: s.situation.profile.activation_needs_email and _email_unproved(s),
                ),
                Refusal("mobile_unconfirmed", ("TAN-03",), _mobile_unproved),
                Refusal("mobile_unchecked", ("UPD-07",), _number_unchecked),
                Refusal("mobile_unchecked", ("UPD-07",), _stored_number_unchecked, tolerated=True),
                Refusal("device_taken", ("APP-04", "FAM-01"), bound_elsewhere),
                Refusal(
                    "code_locked",
                    ("PST-04",),
                    lambda s: s.account.letter_tries >= s.situation.profile.letter_code_tries,
                ),
                Refusal("code_expired", ("PST-05",), _code_expired),
                Refusal("code_wrong", ("PST-04", "PST-06", "PST-07"), _code_wrong),
                Refusal("code_wrong", ("PST-04",), _code_written_otherwise, tolerated=True),
            ),
            moves=(
                Move("letter", ("sent",), "used", ("PST-05",)),
                Move("account", ("pending", "active"), "active", ("PST-03",)),
                Move("binding", ("unbound", "bound"), "bound", ("PST-03",)),
            ),
            app="barmer",
            then=_activated,
            on_refusal=_code_refused,
        ),
    },
)
