"""Rules of the device and the apps: conditions at every start, sessions, unlocking, the list of devices."""

from __future__ import annotations

from harness.actions import (
    ChooseUnlock,
    InstallApp,
    KillApp,
    LogIn,
    LogOut,
    OpenApp,
    RemoveApp,
    RemoveDevice,
    UnlockApp,
)

from .rows import Condition, Move, Refusal, Rule, Scene, Table
from .sameness import same_words
from .situation import CHAIN, Account, Device


def app_refusals(app: str) -> tuple[Refusal, ...]:
    """What refuses everything that is done in an app: it is not there, or it is not running."""
    own = ("APP-01",) if app == "barmer" else ("APP-02", "NOA-02")
    return (
        Refusal("app_missing", own, lambda s: app not in s.device.facts.apps),
        Refusal("app_not_open", ("DEV-10",), lambda s: app not in s.device.running),
        Refusal("no_network", ("SET-09",), lambda s: not s.device.facts.online),
    )


def needs_session(app: str, *requirements: str) -> Refusal:
    return Refusal("not_logged_in", requirements, lambda s: s.session(app) is not s.account)


def bound_elsewhere(scene: Scene) -> bool:
    return scene.device.bound_to not in (None, scene.account)


def ecare_session(account: Account, device: Device) -> str:
    """What a session in the eCare app is worth on this device: `open` once the record is set up there."""
    return "open" if account.state["record"] == "ready" and device.name in account.record_on else "limited"


# -- the start of an app: all conditions, each time ---------------------------------------------------------------


def _below(scene: Scene, system: str, minimum: int) -> bool:
    return scene.device.facts.os == system and scene.device.facts.os_major < minimum


START = (
    Refusal("app_missing", ("APP-01",), lambda s: s.action.app not in s.device.facts.apps),
    Refusal("os_not_supported", ("DEV-01", "DEV-10"), lambda s: s.device.facts.os not in ("android", "ios")),
    Refusal("os_too_old", ("DEV-02", "DEV-10"), lambda s: _below(s, "android", s.situation.profile.android_minimum)),
    Refusal("os_too_old", ("DEV-03", "DEV-10"), lambda s: _below(s, "ios", s.situation.profile.ios_minimum)),
    Refusal("rooted", ("DEV-05", "DEV-10"), lambda s: s.device.facts.rooted),
    Refusal("no_keystore", ("DEV-06", "DEV-10"), lambda s: not s.device.facts.keystore_present),
    Refusal("no_screen_lock", ("DEV-04", "DEV-10"), lambda s: not s.device.facts.lock),
    Refusal("clock_not_automatic", ("DEV-07", "DEV-10"), lambda s: not s.device.facts.auto_time),
    Refusal(
        "barmer_app_missing", ("APP-01",), lambda s: s.action.app == "ecare" and "barmer" not in s.device.facts.apps
    ),
)


def _started(scene: Scene) -> None:
    scene.device.running.add(scene.action.app)
    scene.device.sessions.pop(scene.action.app, None)


def _start_refused(scene: Scene, reason: str) -> None:
    _stopped(scene)


def _stopped(scene: Scene) -> None:
    scene.device.running.discard(scene.action.app)
    scene.device.sessions.pop(scene.action.app, None)


def _removed(scene: Scene) -> None:
    _stopped(scene)
    scene.device.unlock.pop(scene.action.app, None)
    if scene.action.app == "ecare":
        scene.account.record_on.discard(scene.device.name)
        if scene.account.key_on == scene.device.name:
            scene.account.key_on = ""


# -- sessions -----------------------------------------------------------------------------------------------------


def _bad_credentials(scene: Scene) -> bool:
    account, action = scene.account, scene.action
    return not account.exists or not same_words(action.user_name, _name(account)) or action.password != account.password


def _name(account: Account) -> str:
    return account.user_name or account.person.kvnr


_CREDENTIALS = (
    Refusal("bad_credentials", ("APP-05",), _bad_credentials),
    Refusal("bad_credentials", ("APP-05",), lambda s: s.action.user_name != _name(s.account), tolerated=True),
)


ECARE_LOG_IN = (
    Refusal("account_not_active", ("PST-02",), lambda s: s.action.app == "ecare" and not s.account.active),
    Refusal("device_taken", ("APP-04", "FAM-01"), lambda s: s.action.app == "ecare" and bound_elsewhere(s)),
    Refusal("device_not_bound", ("APP-02", "APP-03"), lambda s: s.action.app == "ecare" and s.device.bound_to is None),
)


def _enters(session: str) -> Condition:
    return lambda s: s.action.app == "ecare" and ecare_session(s.account, s.device) == session


def _logged_in(scene: Scene) -> None:
    app, device, account = scene.action.app, scene.device, scene.account
    device.sessions[app] = account
    if app == "barmer":
        account.number_seen = account.number_typed = False
    if app in device.unlock and device.unlock[app][0] is account:
        device.unlock[app] = (account, device.unlock[app][1], device.facts.enrolment_id)
    _take_stock(scene)


def _take_stock(scene: Scene) -> None:
    """An unfinished setup goes on or starts again, as the insurer has it; without its random code it goes back there.

    The code is in the app on one device: it is lost with the app, and another device does not have it.
    """
    account = scene.account
    if scene.action.app != "ecare" or account.state["record"] != "setting_up":
        return
    if scene.situation.profile.interrupted_setup == "starts_again":
        account.state["record"] = "without_app" if account.for_practice else "none"
        account.state["setup"], account.login_way = "none", "none"
        account.done.clear()
    elif "random_code" in account.done and account.key_on != scene.device.name:
        links = list(CHAIN)
        account.done.difference_update(links[links.index("random_code") :])
        account.login_way = "none"


def _logged_out(scene: Scene) -> None:
    scene.device.sessions.pop(scene.action.app, None)


def _unlock_not_chosen(scene: Scene) -> bool:
    chosen = scene.device.unlock.get(scene.action.app)
    return chosen is None or chosen[0] is not scene.account or chosen[1] != scene.action.method


def _enrolment_changed(scene: Scene) -> bool:
    return scene.device.unlock[scene.action.app][2] != scene.device.facts.enrolment_id


def _unlock_chosen(scene: Scene) -> None:
    device, action = scene.device, scene.action
    if action.method == "none":
        device.unlock.pop(action.app, None)
    else:
        device.unlock[action.app] = (scene.account, action.method, device.facts.enrolment_id)


def _unlocked(scene: Scene) -> None:
    scene.device.sessions[scene.action.app] = scene.account
    _take_stock(scene)


def no_session(scene: Scene) -> bool:
    return scene.session(scene.action.app) is not scene.account


# -- the list of devices ------------------------------------------------------------------------------------------


def _listed(scene: Scene) -> Device:
    return scene.situation.device(scene.account.role, scene.action.device)


def _device_removed(scene: Scene) -> None:
    device = _listed(scene)
    device.bound_to = device.released_for = None
    device.sessions.pop("ecare", None)
    scene.account.record_on.discard(device.name)
    device.release_code = None


APPS = Table(
    "Geräte und Apps",
    {
        InstallApp: Rule(("APP-01",)),
        RemoveApp: Rule(("APP-01",), then=_removed),
        OpenApp: Rule(
            ("DEV-01", "DEV-10", "BIO-01"),
            START,
            moves=(
                Move("barmer", ("closed", "open"), "closed", ("BIO-01",), lambda s: s.action.app == "barmer"),
                Move("ecare", ("closed", "limited", "open"), "closed", ("BIO-01",), lambda s: s.action.app == "ecare"),
            ),
            then=_started,
            on_refusal=_start_refused,
        ),
        KillApp: Rule(("SET-09",), then=_stopped),
        LogIn: Rule(
            ("APP-05", "APP-02"),
            (*_CREDENTIALS, *ECARE_LOG_IN),
            moves=(
                Move("barmer", ("closed", "open"), "open", ("APP-05",), lambda s: s.action.app == "barmer"),
                Move("ecare", ("closed", "limited", "open"), "limited", ("APP-02", "REL-04"), _enters("limited")),
                Move("ecare", ("closed", "limited", "open"), "open", ("EGK-09", "APP-02"), _enters("open")),
            ),
            app="action",
            then=_logged_in,
        ),
        LogOut: Rule(("APP-05",), (Refusal("not_logged_in", ("APP-05",), no_session),), app="action", then=_logged_out),
        ChooseUnlock: Rule(
            ("BIO-01",),
            (
                Refusal("not_logged_in", ("BIO-01",), no_session),
                Refusal(
                    "not_enrolled",
                    ("BIO-02",),
                    lambda s: s.action.method != "none" and s.action.method not in s.device.facts.enrolled,
                ),
            ),
            app="action",
            then=_unlock_chosen,
        ),
        UnlockApp: Rule(
            ("BIO-01",),
            (
                Refusal("unlock_not_chosen", ("BIO-01",), _unlock_not_chosen),
                Refusal("enrolment_changed", ("BIO-03",), _enrolment_changed),
                *ECARE_LOG_IN,
            ),
            app="action",
            then=_unlocked,
        ),
        RemoveDevice: Rule(
            ("APP-03",),
            (
                needs_session("barmer", "APP-03"),
                Refusal("device_unknown", ("APP-03",), lambda s: _listed(s).bound_to is not s.account),
            ),
            app="barmer",
            then=_device_removed,
        ),
    },
)
