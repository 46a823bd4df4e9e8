"""Rules of the eCare: releasing the device, the chain of the setup, the recovery key."""

from __future__ import annotations

from datetime import timedelta

from emulators.core.clock import elapsed
from harness.actions import (
    AcceptDataTransfer,
    AddDocument,
    CheckEmail,
    ChooseLogin,
    ConfirmDevice,
    ConfirmKeySaved,
    ConfirmSecurityNotes,
    ConfirmSummary,
    CreateReleaseCode,
    EnterReleaseCode,
    MovePhone,
    RestoreData,
    SaveRecoveryKey,
    StartSetup,
    ViewRecord,
)

from .apps import ecare_session, needs_session
from .outages import mail_fails
from .rows import Condition, Duty, Move, Refusal, Rule, Scene, Table
from .sameness import same_code
from .situation import CHAIN, Device, Situation

ECARE = needs_session("ecare", "APP-02", "REL-04")

# Which requirement asks for each link of the chain.
_LINK_REQUIREMENT = {
    "terms": "SET-02",
    "data_transfer": "SET-02",
    "summary": "SET-02",
    "random_code": "SET-03",
    "key_saved": "SET-04",
    "key_confirmed": "SET-04",
    "login_way": "SET-05",
    "security_notes": "SET-06",
    "mail": "SET-07",
}


def _missing(link: str) -> Condition:
    def when(scene: Scene) -> bool:
        if link == "security_notes" and scene.account.login_way == "card":
            return False
        return link not in scene.account.done

    return when


def _chain_refusals(own: str | None) -> tuple[Refusal, ...]:
    """What refuses a link of the chain: the setup is over or not begun, or an earlier link is missing (SET-08)."""
    links = list(CHAIN)
    earlier = links[: links.index(own)] if own else links
    return (
        Refusal("already_set_up", ("SET-08",), lambda s: s.account.state["record"] == "ready"),
        Refusal("setup_not_started", ("SET-08",), lambda s: s.account.state["record"] != "setting_up"),
        *(Refusal(CHAIN[link], (_LINK_REQUIREMENT[link],), _missing(link)) for link in earlier),
    )


def ecare_terms_refusals() -> tuple[Refusal, ...]:
    """The chain's refusals for the terms of the eCare app, which share an action with those of the Barmer app."""

    def in_ecare(condition: Condition) -> Condition:
        return lambda s: s.action.app == "ecare" and condition(s)

    return tuple(Refusal(r.reason, r.requirements, in_ecare(r.when)) for r in _chain_refusals("terms"))


def _link(link: str, *own: Refusal, **more: object) -> Rule:
    def then(scene: Scene) -> None:
        if link == "random_code" and link not in scene.account.done:
            scene.account.key_on = scene.device.name
        scene.account.done.add(link)

    return Rule(
        (_LINK_REQUIREMENT[link],),
        (ECARE, *_chain_refusals(link), *own),
        moves=(Move("setup", ("started", *CHAIN), link, (_LINK_REQUIREMENT[link],)),),
        app="ecare",
        then=then,
        **more,  # type: ignore[arg-type]
    )


# -- releasing the device -----------------------------------------------------------------------------------------


def not_released(scene: Scene) -> bool:
    return scene.account.state["release"] != "released"


def _code_expired(scene: Scene) -> bool:
    code = scene.device.release_code
    minutes = timedelta(minutes=scene.situation.profile.release_code_minutes)
    return code is not None and elapsed(code.at, scene.now) >= minutes


def _code_wrong(scene: Scene) -> bool:
    code = scene.device.release_code
    return code is None or not same_code(scene.action.code, code.value)


def _code_written_otherwise(scene: Scene) -> bool:
    code = scene.device.release_code
    return code is not None and scene.action.code != code.value


def _code_asked_for(scene: Scene) -> None:
    scene.device.release_code, scene.device.release_code_owed = None, True


def _device_released(scene: Scene) -> None:
    scene.device.release_code = None
    scene.device.released_for = scene.account


def _device_not_released(scene: Scene) -> bool:
    return scene.device.released_for is not scene.account


# -- links with a mind of their own -------------------------------------------------------------------------------


def has_usable_nfc(device: Device) -> bool:
    return device.facts.has_nfc


def is_excluded(situation: Situation, device: Device) -> bool:
    """The iPhone 7 has a chip and is excluded all the same; the 7 Plus is not named by the page (decision A27)."""
    return device.facts.model in situation.profile.excluded_models


DEVICE_CANNOT = (
    Refusal("device_without_nfc", ("DEV-08", "EGK-01"), lambda s: not has_usable_nfc(s.device)),
    Refusal("device_excluded", ("DEV-09",), lambda s: is_excluded(s.situation, s.device)),
)


def wants_card(condition: Condition) -> Condition:
    return lambda s: s.action.method == "card" and condition(s)


def _way_chosen(scene: Scene) -> None:
    scene.account.done.add("login_way")
    scene.account.login_way = scene.action.method


def _too_little(scene: Scene) -> bool:
    return bool(scene.action.vigour != "full" or scene.action.seconds < scene.situation.profile.shake_seconds)


def _mail_owed(scene: Scene) -> tuple[Duty, ...]:
    return (Duty("mail_setup", scene.account.email or "", ("SET-07",), scene.account, scene.now),)


def _mail_checked(scene: Scene) -> None:
    scene.account.done.discard("mail")
    scene.account.done.add("mail_asked")


def _set_up(scene: Scene) -> None:
    scene.account.record_on.add(scene.device.name)


def _restored(scene: Scene) -> None:
    scene.account.record_on.add(scene.device.name)


def _in_record(scene: Scene) -> str:
    return ecare_session(scene.account, scene.device)


_IN_RECORD = (ECARE, Refusal("record_missing", ("REL-04", "SET-08", "APP-02"), lambda s: _in_record(s) != "open"))

SETUP = Table(
    "eCare einrichten",
    {
        CreateReleaseCode: Rule(
            ("SET-01",),
            (
                needs_session("barmer", "SET-01"),
                Refusal("account_not_active", ("PST-02",), lambda s: not s.account.active),
                Refusal("device_not_bound", ("APP-02", "SET-01"), lambda s: s.device.bound_to is not s.account),
                Refusal("not_released", ("REL-04", "SWI-01"), not_released),
            ),
            app="barmer",
            then=_code_asked_for,
        ),
        EnterReleaseCode: Rule(
            ("SET-01",),
            (
                ECARE,
                Refusal("no_release_code", ("SET-01",), lambda s: s.device.release_code is None),
                Refusal("release_code_expired", ("SET-01",), _code_expired),
                Refusal("release_code_wrong", ("SET-01",), _code_wrong),
                Refusal("release_code_wrong", ("SET-01",), _code_written_otherwise, tolerated=True),
            ),
            moves=(Move("binding", ("bound", "released"), "released", ("SET-01",)),),
            app="ecare",
            then=_device_released,
        ),
        StartSetup: Rule(
            ("SET-08", "REL-04"),
            (
                ECARE,
                Refusal("not_released", ("REL-04",), not_released),
                Refusal("device_not_released", ("SET-01",), _device_not_released),
                Refusal("record_exists", ("APP-04",), lambda s: s.account.state["record"] == "ready"),
            ),
            moves=(
                Move("record", ("none", "without_app", "setting_up"), "setting_up", ("SET-08", "SWI-01")),
                Move("setup", ("none", "started", *CHAIN), "started", ("SET-09",)),
            ),
            app="ecare",
        ),
        AcceptDataTransfer: _link(
            "data_transfer", Refusal("data_transfer_declined", ("SET-02",), lambda s: not s.action.accept)
        ),
        ConfirmSummary: _link("summary"),
        MovePhone: _link("random_code", Refusal("too_little_movement", ("SET-03",), _too_little)),
        SaveRecoveryKey: _link(
            "key_saved", Refusal("not_outside_device", ("SET-04",), lambda s: s.action.to == "this_device")
        ),
        ConfirmKeySaved: _link("key_confirmed"),
        ChooseLogin: Rule(
            ("SET-05", "EGK-01", "DEV-08", "DEV-09"),
            (
                ECARE,
                *_chain_refusals("login_way"),
                *(Refusal(r.reason, r.requirements, wants_card(r.when)) for r in DEVICE_CANNOT),
                Refusal(
                    "card_without_nfc",
                    ("EGK-01", "EGK-03"),
                    wants_card(lambda s: not s.account.card.data.nfc),
                    lambda s: ("order_new_card",),
                ),
                Refusal("card_not_released", ("EGK-01", "EGK-03"), wants_card(lambda s: not s.account.card.released)),
            ),
            moves=(Move("setup", ("started", *CHAIN), "login_way", ("SET-05",)),),
            app="ecare",
            then=_way_chosen,
        ),
        ConfirmSecurityNotes: _link(
            "security_notes", Refusal("not_needed", ("SET-06",), lambda s: s.account.login_way == "card")
        ),
        CheckEmail: Rule(
            ("SET-07",),
            (
                ECARE,
                *_chain_refusals("mail"),
                # Nobody has typed an address here that could be rejected: every failure is the mail's.
                Refusal("mail_unavailable", ("SET-07",), mail_fails),
            ),
            app="ecare",
            then=_mail_checked,
            owes=_mail_owed,
        ),
        ConfirmDevice: Rule(
            ("SET-08",),
            (ECARE, *_chain_refusals(None)),
            moves=(
                Move("record", ("setting_up",), "ready", ("SET-08",)),
                Move("ecare", ("limited",), "open", ("SET-08",)),
            ),
            app="ecare",
            then=_set_up,
        ),
        RestoreData: Rule(
            ("KEY-01",),
            (
                ECARE,
                Refusal("device_not_released", ("SET-01", "KEY-01"), _device_not_released),
                Refusal("record_missing", ("KEY-01",), lambda s: s.account.state["record"] != "ready"),
                Refusal("key_missing", ("KEY-01",), lambda s: not s.action.key),
                Refusal("key_wrong", ("KEY-01",), lambda s: not same_code(s.action.key, s.account.recovery_key or "")),
                Refusal("key_wrong", ("KEY-01",), lambda s: s.action.key != s.account.recovery_key, tolerated=True),
            ),
            moves=(Move("ecare", ("limited", "open"), "open", ("KEY-01",)),),
            app="ecare",
            then=_restored,
        ),
        ViewRecord: Rule(("NOA-02", "SET-08"), _IN_RECORD, app="ecare"),
        AddDocument: Rule(("NOA-02", "SET-08"), _IN_RECORD, app="ecare"),
    },
)
