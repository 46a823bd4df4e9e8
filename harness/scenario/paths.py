"""Named compositions of steps: the ways through the page that many scenarios share.

A composition is a function from the row's choices to steps. What a row does not choose takes a default: a new
account, the digital identity check with an identity card, the TAN typed by hand, no unlocking by biometrics,
the key on a memory card, login by account.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from itertools import product

from harness import actions as do
from harness.actions import Action

from .steps import Act, ArmFault, Place, Step, Wait

Choices = Mapping[str, str]

DEFAULTS: Choices = {
    "account": "create",
    "identity": "nect",
    "document": "identity_card",
    "recovery_key": "memory_card",
    "tan": "manual",
    "unlock": "none",
    "login": "account",
}


@dataclass(frozen=True, slots=True)
class Mishap:
    """A fault that is armed on the way; here its parameters may depend on the row's choices."""

    emulator: str
    kind: str
    parameters: Mapping[str, str]


class ReleaseDue:
    """Waiting until a release of account and card would be overdue: an insurer may take all of that time (REL-01)."""


# What a composition is made of, before it knows its place: actions, faults and waiting.
Part = Action | Mishap | ReleaseDue | timedelta | int  # an int counts working days
Recipe = Callable[[Choices], tuple[Part, ...]]


def _apps(choices: Choices) -> tuple[Part, ...]:
    return do.InstallApp(app="barmer"), do.InstallApp(app="ecare"), do.OpenApp(app="barmer")


def _tan(choices: Choices) -> tuple[Part, ...]:
    return do.RequestTan(), do.EnterTan(code="auto" if choices["tan"] == "auto" else "from-sms")


def _registered(choices: Choices) -> tuple[Part, ...]:
    return (
        do.Register(),
        do.ChooseUserName(),
        do.ChoosePassword(),
        do.EnterEmail(),
        do.AcceptTerms(),
        do.RequestLetter(),
    )


def _letter_came(choices: Choices) -> tuple[Part, ...]:
    return do.ConfirmEmail(), 3, do.LogIn()


def _letter_returned(choices: Choices) -> tuple[Part, ...]:
    """As `letter_came`, but the letter goes back for the chosen reason, and by then it has."""
    back = Mishap("post", "returned", {"reason": choices["return_reason"]})
    return back, *_apps(choices), *_registered(choices), do.ConfirmEmail(), 8, do.LogIn()


def _created(choices: Choices) -> tuple[Part, ...]:
    return (
        *_registered(choices),
        *_letter_came(choices),
        do.EnterMobile(),
        *_tan(choices),
        do.EnterActivationCode(),
    )


def _updated(choices: Choices) -> tuple[Part, ...]:
    return (
        do.GivenAccount(),
        do.LogIn(),
        do.EnterEmail(),
        do.ConfirmEmail(),
        do.ConfirmMobile(),
        *_tan(choices),
        do.AcceptTerms(),
        do.RequestLetter(),
        3,
        do.LogIn(),
        do.ConfirmMobile(),
        do.EnterActivationCode(),
    )


def _account_active(choices: Choices) -> tuple[Part, ...]:
    way = {"create": _created, "update": _updated}[choices["account"]]
    return *_apps(choices), *way(choices), do.ChooseUnlock(app="barmer", method=choices["unlock"])


def _in_ecare(choices: Choices) -> tuple[Part, ...]:
    return *_account_active(choices), do.OpenApp(app="ecare"), do.LogIn(app="ecare")


def _filmed(choices: Choices) -> tuple[Part, ...]:
    """The ident provider's steps, from the link to the last picture."""
    document = choices["document"]
    return (
        do.FollowIdentLink(),
        do.EnterCardDigits(),
        do.OpenIdentApp(),
        do.AcceptIdentTerms(),
        do.FilmDocument(side="front", document=document),
        do.FilmDocument(side="back", document=document),
        do.ReadWords(),
        do.FilmCard(side="front"),
        do.FilmCard(side="back"),
    )


def _by_ident(choices: Choices) -> tuple[Part, ...]:
    return *_filmed(choices), timedelta(minutes=5)


def _in_branch(choices: Choices) -> tuple[Part, ...]:
    return do.BookAppointment(), 1, do.VisitBranch(document=choices["document"])


def _identity(choices: Choices) -> tuple[Part, ...]:
    return {"nect": _by_ident, "branch": _in_branch}[choices["identity"]](choices)


def _identity_proved(choices: Choices) -> tuple[Part, ...]:
    return *_in_ecare(choices), *_identity(choices)


def _released(choices: Choices) -> tuple[Part, ...]:
    return *_identity_proved(choices), ReleaseDue()


def _device_released(choices: Choices) -> tuple[Part, ...]:
    return (
        *_released(choices),
        do.LogIn(app="ecare"),
        do.CreateReleaseCode(),
        do.EnterReleaseCode(),
        do.ChooseUnlock(app="ecare", method=choices["unlock"]),
    )


def _key_confirmed(choices: Choices) -> tuple[Part, ...]:
    return (
        do.StartSetup(),
        do.AcceptTerms(app="ecare"),
        do.AcceptDataTransfer(),
        do.ConfirmSummary(),
        do.MovePhone(),
        do.SaveRecoveryKey(to=choices["recovery_key"]),
        do.ConfirmKeySaved(),
    )


def _setup(choices: Choices) -> tuple[Part, ...]:
    by_account = choices["login"] == "account"
    return (
        *_key_confirmed(choices),
        do.ChooseLogin(method=choices["login"]),
        *((do.ConfirmSecurityNotes(),) if by_account else ()),
        do.CheckEmail(),
        do.ConfirmEmail(),
        do.ConfirmDevice(),
    )


def _set_up(choices: Choices) -> tuple[Part, ...]:
    return *_device_released(choices), *_setup(choices)


def _first_login(choices: Choices) -> tuple[Part, ...]:
    """The app is started anew and the record opened, in each of the ways that were chosen."""
    again: tuple[Part, ...] = (do.OpenApp(app="ecare"), do.LogIn(app="ecare"), do.ViewRecord())
    if choices["unlock"] != "none":
        again += (do.OpenApp(app="ecare"), do.UnlockApp(app="ecare", method=choices["unlock"]), do.ViewRecord())
    if choices["login"] == "card":
        again += (3, do.OpenApp(app="ecare"), do.LogInWithCard(), do.ViewRecord())
    return again


def _onboard(choices: Choices) -> tuple[Part, ...]:
    return *_set_up(choices), *_first_login(choices)


def _without_app(choices: Choices) -> tuple[Part, ...]:
    """The branch checks the identity and creates the record; the PIN comes by post; the practice is authorised."""
    return (
        do.BookAppointment(),
        1,
        do.VisitBranch(purpose="create_record", document=choices["document"]),
        ReleaseDue(),
        3,
        do.AuthorisePractice(),
    )


_RECIPES: Mapping[str, Recipe] = {
    "apps_installed": _apps,
    "registered": lambda choices: (*_apps(choices), *_registered(choices)),
    "letter_came": lambda choices: (*_apps(choices), *_registered(choices), *_letter_came(choices)),
    "letter_returned": _letter_returned,
    "account_active": _account_active,
    "in_ecare": _in_ecare,
    "filmed": _filmed,
    "ident": _by_ident,
    "branch": _in_branch,
    "identity_proved": _identity_proved,
    "released": _released,
    "device_released": _device_released,
    "key_confirmed": lambda choices: (*_device_released(choices), *_key_confirmed(choices)),
    "setup": _setup,
    "set_up": _set_up,
    "first_login": _first_login,
    "onboard": _onboard,
    "without_app": _without_app,
}


@dataclass(frozen=True, slots=True)
class Composition:
    """A recipe, and the choices that make a difference to it."""

    recipe: Recipe
    reads: tuple[str, ...]

    def __call__(self, choices: Choices, place: Place) -> tuple[Step, ...]:
        return tuple(_placed(part, place) for part in self.recipe({**DEFAULTS, **choices}))


# What a recipe may be asked, and values by which it goes its different ways.
_WAYS: Mapping[str, tuple[str, ...]] = {
    **{name: (value,) for name, value in DEFAULTS.items()},
    "account": ("create", "update"),
    "identity": ("nect", "branch"),
    "return_reason": ("unknown",),
}


class _Noting(dict[str, str]):
    """Choices that note which of them are looked at."""

    def __init__(self, choices: Choices, noted: set[str]) -> None:
        super().__init__(choices)
        self._noted = noted

    def __getitem__(self, name: str) -> str:
        self._noted.add(name)
        return super().__getitem__(name)


def _composition(recipe: Recipe) -> Composition:
    noted: set[str] = set()
    for values in product(*_WAYS.values()):
        recipe(_Noting(dict(zip(_WAYS, values, strict=True)), noted))
    return Composition(recipe, tuple(name for name in _WAYS if name in noted))


def _placed(part: Part, place: Place) -> Step:
    match part:
        case Action():
            return Act(part, place)
        case Mishap():
            return ArmFault(part.emulator, part.kind, part.parameters, place)
        case ReleaseDue():
            return Wait(place, until_release_due=True)
        case int():
            return Wait(place, workdays=part)
        case timedelta():
            return Wait(place, duration=part)


PATHS: Mapping[str, Composition] = {name: _composition(recipe) for name, recipe in _RECIPES.items()}
