"""Rules of the health card and of the record without the app: card login, PIN, new card, practice."""

from __future__ import annotations

import re

from harness.actions import (
    AuthorisePractice,
    LogInWithCard,
    OrderCard,
    PhysicianCreatesRecord,
    RequestPin,
    TakeNewCard,
)

from .apps import ecare_session, needs_session
from .outages import POST_DOWN
from .rows import Duty, Move, Refusal, Rule, Scene, Table
from .setup import DEVICE_CANNOT
from .situation import CardFacts

PIN_TRIES = 3
VERIFY = "20"  # the INS in the journal's hexadecimal, whether or not the class byte says secure messaging
PROPRIETARY = "8"  # begins the class byte of GET PIN STATUS, which has the same INS and presents nothing
_PIN = re.compile("[0-9]{6,8}")

# A card that is not the person's own, or not a good one, and what the insurer says of its certificate (EGK-10).
BAD_CARDS = {
    "expired": "card_expired",
    "revoked": "card_revoked",
    "foreign": "card_foreign",
    "copied": "card_not_proved",
    "guardian": "wrong_card",
    "stranger": "wrong_card",
}


def _held(scene: Scene) -> CardFacts:
    """The card in the hand (in a practice: the person's own); the bad ones are variants with tries of their own."""
    which = getattr(scene.action, "card", "person")
    if which in ("guardian", "stranger"):
        return scene.situation.accounts[which].card
    if which == "person":
        return scene.account.card
    return scene.account.variants.setdefault(which, CardFacts(scene.account.card.data))


def _blocked(scene: Scene) -> bool:
    return _held(scene).pin_tries == 0


def _wrong_pin(scene: Scene) -> bool:
    return bool(scene.action.pin != _held(scene).data.pin)


def _last_try(scene: Scene) -> bool:
    return _wrong_pin(scene) and _tries_then(scene) == 0


def _tries_left(scene: Scene) -> tuple[str, ...]:
    return (f"tries_left:{_tries_then(scene)}",)


def _tries_then(scene: Scene) -> int:
    """The tries after a wrong PIN: one less, unless it never reached the card (EGK-08)."""
    return max(0, _held(scene).pin_tries - _was_presented(scene))


def _was_presented(scene: Scene) -> bool:
    """Whether the card was given the PIN. Where its commands are not in the journal the form decides: a health card's
    PIN has 6 to 8 digits, and no system need send what cannot be one."""
    commands = [e.data["c"] for e in scene.entries if (e.channel, e.event) == ("card", "apdu")]
    if commands:
        return any(command[0] != PROPRIETARY and command[2:4] == VERIFY for command in commands)
    return _PIN.fullmatch(scene.action.pin) is not None


def _use_puk(scene: Scene) -> tuple[str, ...]:
    return ("use_puk",)


def _count_try(scene: Scene, reason: str) -> None:
    """A PIN that reached the card counts: a wrong one down, a right one back to the start (EGK-05, EGK-08).

    Whether it did before the card was lost, the card's own answers tell.
    """
    card = _held(scene)
    if reason == "card_lost":
        for entry in scene.entries:
            if (entry.channel, entry.event) == ("card", "apdu") and entry.data["c"][2:4] == VERIFY:
                card.pin_tries = _tries_after(card.pin_tries, entry.data["sw"])
    if reason in ("pin_wrong", "pin_blocked"):
        card.pin_tries = _tries_then(scene)
    elif reason in BAD_CARDS.values():
        card.pin_tries = PIN_TRIES


def _tries_after(tries: int, sw: str) -> int:
    """The tries after VERIFY: 63Cn says them, 9000 gives all back (gemSpec_COS, VERIFY).

    Without an answer the card was torn away while it worked: it had counted the try before it compared.
    """
    if not sw:
        return max(0, tries - 1)
    return PIN_TRIES if sw == "9000" else int(sw[3], 16) if sw.startswith("63C") else tries


def _tries_restored(scene: Scene) -> None:
    _held(scene).pin_tries = PIN_TRIES


def _out_of_reach(scene: Scene) -> bool:
    """The hand tried no place where this phone has its antenna (EGK-07)."""
    return scene.device.facts.antenna not in scene.action.at or bool(scene.struck & _NOT_FOUND)


_TORN = frozenset({"phone.tear_off", "phone.presence_race", "phone.no_answer"})
_NOT_FOUND = frozenset({"phone.nfc_dead", "phone.cancelled"})

PIN_REFUSALS = (
    Refusal("pin_blocked", ("EGK-05",), _blocked, _use_puk),
    Refusal("pin_blocked", ("EGK-05",), _last_try, _use_puk),
    Refusal("pin_wrong", ("EGK-05",), _wrong_pin, _tries_left),
)


def _bad_card(which: str, reason: str) -> Refusal:
    return Refusal(reason, ("EGK-10",), lambda s: s.action.card == which)


def _is_revoked(scene: Scene) -> bool:
    """The certificate is on the list: then neither the card nor a copy of it serves any more."""
    return scene.account.card_revoked and getattr(scene.action, "card", "person") in ("person", "copied")


_REVOKED = Refusal("card_revoked", ("EGK-10",), _is_revoked)
_BAD_SIGNATURE = Refusal("card_not_proved", ("EGK-10",), lambda s: "card.damaged_signature" in s.struck)


def _new_card(scene: Scene) -> None:
    replacement = scene.account.person.replacement
    assert replacement is not None
    scene.account.card = CardFacts(replacement)
    scene.account.card_shown = scene.account.card_revoked = False


def _card_owed(scene: Scene) -> tuple[Duty, ...]:
    address = " / ".join(scene.account.person.address.lines())
    return (Duty("letter_card", address, ("EGK-03",), scene.account, scene.now),)


def _logged_in(scene: Scene) -> None:
    _tries_restored(scene)
    scene.device.sessions["ecare"] = scene.account


CARDS = Table(
    "Gesundheitskarte und Praxis",
    {
        LogInWithCard: Rule(
            ("EGK-01", "EGK-02", "SET-05"),
            (
                Refusal("record_missing", ("REL-04", "SET-08"), lambda s: ecare_session(s.account, s.device) != "open"),
                *DEVICE_CANNOT,
                Refusal("card_login_not_chosen", ("SET-05",), lambda s: s.account.login_way != "card"),
                Refusal("can_missing", ("EGK-02",), lambda s: not s.action.can),
                Refusal("pin_missing", ("EGK-01", "EGK-02"), lambda s: not s.action.pin),
                Refusal(
                    "card_without_nfc",
                    ("EGK-03",),
                    lambda s: not s.account.card.data.nfc,
                    lambda s: ("order_new_card",),
                ),
                Refusal("card_not_released", ("EGK-01", "EGK-03"), lambda s: not s.account.card.released),
                Refusal("nfc_off", ("EGK-06",), lambda s: not s.device.facts.nfc_on),
                Refusal("card_not_found", ("EGK-07",), _out_of_reach),
                Refusal("card_lost", ("EGK-08",), lambda s: bool(s.struck & _TORN)),
                Refusal("can_wrong", ("EGK-04",), lambda s: s.action.can != _held(s).data.can),
                *PIN_REFUSALS,
                _REVOKED,
                *(_bad_card(which, reason) for which, reason in BAD_CARDS.items()),
                _BAD_SIGNATURE,
            ),
            moves=(Move("ecare", ("closed", "limited", "open"), "open", ("EGK-02", "EGK-09")),),
            app="ecare",
            then=_logged_in,
            on_refusal=_count_try,
        ),
        OrderCard: Rule(
            ("EGK-03",),
            (
                needs_session("barmer", "EGK-03"),
                Refusal("account_not_active", ("PST-02",), lambda s: not s.account.active),
                Refusal("card_has_nfc", ("EGK-03",), lambda s: s.account.card.data.nfc),
                Refusal("post_unavailable", ("EGK-03",), lambda s: bool(s.struck & POST_DOWN)),
            ),
            app="barmer",
            owes=_card_owed,
        ),
        TakeNewCard: Rule(
            ("EGK-03",),
            (Refusal("no_card_came", ("EGK-03",), lambda s: not s.account.card_came),),
            moves=(Move("pin", ("none", "sent", "held"), "none", ("EGK-03",)),),
            then=_new_card,
        ),
        RequestPin: Rule(
            ("SWI-02",),
            (
                needs_session("barmer", "SWI-02"),
                Refusal("identity_check_needed", ("SWI-02",), lambda s: True),
            ),
            app="barmer",
        ),
        AuthorisePractice: Rule(
            ("NOA-02", "SWI-02"),
            (
                Refusal(
                    "record_missing",
                    ("NOA-01", "NOA-03"),
                    lambda s: s.account.state["record"] != "ready" and not s.account.for_practice,
                ),
                Refusal("card_not_released", ("NOA-01", "EGK-01"), lambda s: not s.account.card.released),
                Refusal("pin_missing", ("NOA-02",), lambda s: not s.action.pin),
                *PIN_REFUSALS,
                _REVOKED,
                _BAD_SIGNATURE,
            ),
            then=_tries_restored,
            on_refusal=_count_try,
        ),
        PhysicianCreatesRecord: Rule(("NOA-03",), (Refusal("not_entitled", ("NOA-03",), lambda s: True),)),
    },
)
