"""The facts behind a prediction, for the reader of a failure: what was sent when, and until when it counts."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta

from emulators.core.clock import moment_after
from harness import actions as do
from harness.actions import Action

from .rows import Scene


def explain(scene: Scene) -> str:
    """One line of facts about the action in its situation; empty if there is nothing to say."""
    tell = _TELL.get(type(scene.action))
    return tell(scene) if tell else ""


def _moment(moment: datetime) -> str:
    return f"{moment:%a %d %b %Y %H:%M}"


def _tan(scene: Scene) -> str:
    tan, profile = scene.account.tan, scene.situation.profile
    if tan is None:
        return "no TAN is valid now"
    until = moment_after(tan.at, timedelta(minutes=profile.tan_minutes))
    tries = f"{scene.account.tan_tries} of {profile.tan_tries} wrong tries used"
    return f"the newest TAN {tan.value} was sent {_moment(tan.at)}, it is valid until {_moment(until)}, {tries}"


def _letter(scene: Scene) -> str:
    letter, profile = scene.account.letter, scene.situation.profile
    if letter is None:
        return "no activation code is valid now"
    until = moment_after(letter.at, timedelta(days=profile.letter_code_days))
    tries = f"{scene.account.letter_tries} of {profile.letter_code_tries} wrong tries used"
    posted = f"the newest letter with {letter.value} was posted {_moment(letter.at)}"
    return f"{posted}, it is valid until {_moment(until)}, {tries}"


def _link(scene: Scene) -> str:
    links = [*scene.account.links, *scene.account.setup_links]
    if not links:
        return "no mail with a link was sent"
    newest = max(links, key=lambda link: link.at.timestamp())
    used = " and has been used" if newest.used else ""
    return f"the newest link {newest.value} was sent {_moment(newest.at)}{used}"


def _release(scene: Scene) -> str:
    account = scene.account
    if account.release_due is None:
        return f"identity is {account.state['identity']}, nothing is to be released"
    return f"release is {account.state['release']}, due until {_moment(account.release_due)}"


def _card(scene: Scene) -> str:
    card = scene.account.card
    nfc = "with" if card.data.nfc else "without"
    freed = "released" if card.released else "not released"
    return f"the card {nfc} NFC is {freed}, {card.pin_tries} PIN tries left, login way {scene.account.login_way}"


def _device(scene: Scene) -> str:
    facts = scene.device.facts
    flags = {"screen lock": facts.lock, "rooted": facts.rooted, "keystore": facts.keystore_present}
    told = ", ".join(f"{name} {'yes' if value else 'no'}" for name, value in flags.items())
    return f"{facts.model}, {facts.os} {facts.os_major}, {told}, automatic time {'yes' if facts.auto_time else 'no'}"


def _person(scene: Scene) -> str:
    person = scene.account.person
    age = person.age_on(scene.situation.today)
    return f"{person.full_name}, born {person.birth_date}, {age} years old, account {scene.account.state['account']}"


_TELL: Mapping[type[Action], Callable[[Scene], str]] = {
    do.EnterTan: _tan,
    do.RequestTan: _tan,
    do.EnterActivationCode: _letter,
    do.RequestLetter: _letter,
    do.ConfirmEmail: _link,
    do.CreateReleaseCode: _release,
    do.StartSetup: _release,
    do.FollowIdentLink: _person,
    do.VisitBranch: _person,
    do.Register: _person,
    do.OpenApp: _device,
    do.LogInWithCard: _card,
    do.ChooseLogin: _card,
    do.AuthorisePractice: _card,
}
