"""What must be visible: for each field of the view the values that the rules allow now, and by which requirements.

A field that the driver cannot see (`None` where the rules expect a word) is not compared.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

from emulators.core.clock import elapsed
from harness.drivers import View

from .apps import ecare_session
from .releasing import released
from .rows import Deviation
from .setup import has_usable_nfc, is_excluded
from .situation import Account, Device, Issued, Situation


@dataclass(frozen=True, slots=True)
class Sight:
    """One situation as seen by one person on one device."""

    situation: Situation
    account: Account
    device: Device

    @property
    def in_ecare(self) -> bool:
        return self.device.sessions.get("ecare") is self.account


@dataclass(frozen=True, slots=True)
class Facet:
    """A field of the view: the allowed values, and the requirements that they stand for."""

    field: str
    allowed: Callable[[Sight], tuple[object, ...]]
    requirements: tuple[str, ...]


_ACCOUNT = {"none": "none", "registering": "none", "old": "pending", "pending": "pending", "active": "active"}


def _tan(sight: Sight) -> tuple[object, ...]:
    state = sight.account.state["tan"]
    if sight.account.tan_tries >= sight.situation.profile.tan_tries:
        return ("none",)
    return {"none": ("none",), "sent": ("sent",), "undelivered": ("sent", "undelivered")}[state]


def _device(sight: Sight) -> tuple[object, ...]:
    if sight.device.bound_to is not sight.account:
        return ("unbound",)
    return ("released",) if sight.device.released_for is sight.account else ("bound",)


def _devices(sight: Sight) -> tuple[object, ...]:
    return (sum(d.bound_to is sight.account for d in sight.situation.devices.values()),)


def _lags(sight: Sight) -> bool:
    """A decision whose message was bent may reach the insurer later, by polling."""
    account, situation = sight.account, sight.situation
    lag = timedelta(hours=situation.profile.ident_lag_hours)
    account, situation = sight.account, sight.situation
    lag = timedelta(hours=situation.profile.ident_lag_hours)
    return bool(account.lag) and account.decided_at is not None and elapsed(account.decided_at, situation.now) <= lag


def _identity(sight: Sight) -> tuple[object, ...]:
    state = sight.account.state["identity"]
    return (state, "running") if _lags(sight) else (state,)


def _release(sight: Sight) -> tuple[object, ...]:
    account = sight.account
    state = account.state["release"]
    if state != "pending":
        return (state,)
    due = account.release_due
    allowed: tuple[object, ...] = ("released",)
    if due is None or elapsed(due, sight.situation.now) <= timedelta(0):
        # A second proof (a new card, a new PIN) need not take back what was released before.
        allowed = ("pending", "released")
    return (*allowed, "none") if _lags(sight) else allowed


def _ecare(sight: Sight) -> tuple[object, ...]:
    return (ecare_session(sight.account, sight.device) if sight.in_ecare else "closed",)


def _barmer(sight: Sight) -> tuple[object, ...]:
    return ("open" if sight.device.sessions.get("barmer") is sight.account else "closed",)


def _login(sight: Sight) -> tuple[object, ...]:
    return (sight.account.login_way,)


def _login_offers(sight: Sight) -> tuple[object, ...]:
    if not sight.in_ecare:
        return ((),)
    card = has_usable_nfc(sight.device) and not is_excluded(sight.situation, sight.device)
    return (("account", "card") if card else ("account",),)


def _unlock_offers(sight: Sight) -> tuple[object, ...]:
    if not sight.device.running:
        return ((),)
    return (tuple(way for way in ("fingerprint", "face") if way in sight.device.facts.enrolled),)


def _record(sight: Sight) -> tuple[object, ...]:
    state = sight.account.state["record"]
    return (state, "none") if state == "without_app" and _lags(sight) else (state,)


FACETS: tuple[Facet, ...] = (
    Facet("account", lambda s: (_ACCOUNT[s.account.state["account"]],), ("PST-02", "PST-03", "NEW-08")),
    Facet("email", lambda s: (s.account.state["email"],), ("NEW-06", "UPD-02")),
    Facet("mobile", lambda s: (s.account.state["mobile"],), ("TAN-01", "TAN-03", "UPD-03")),
    Facet("tan", _tan, ("TAN-05", "TAN-07")),
    Facet("device", _device, ("PST-02", "PST-03", "APP-02", "SET-01")),
    Facet("devices", _devices, ("APP-03", "APP-04")),
    Facet("identity", _identity, ("IDN-08", "IDN-09", "IDN-10")),
    Facet("release", _release, ("REL-01", "REL-04", "REL-05")),
    Facet("record", _record, ("SET-08", "SET-09", "NOA-01")),
    Facet("ecare", _ecare, ("APP-02", "APP-03", "REL-04", "BIO-01")),
    Facet("barmer", _barmer, ("BIO-01", "APP-05")),
    Facet("login", _login, ("SET-05",)),
    Facet("login_offers", _login_offers, ("DEV-08", "DEV-09", "EGK-09")),
    Facet("unlock_offers", _unlock_offers, ("BIO-02",)),
)


def changed(before: View, now: View) -> tuple[str, ...]:
    """The requirements of the fields that differ between two looks."""
    return tuple(r for f in FACETS if getattr(before, f.field) != getattr(now, f.field) for r in f.requirements)


def compare(sight: Sight, view: View) -> list[Deviation]:
    """Adopt what only the system can know (release, shown codes), then hold every field against the rules."""
    deviations = _adopt(sight, view)
    for facet in FACETS:
        seen = getattr(view, facet.field)
        if seen is None:
            continue
        allowed = facet.allowed(sight)
        if seen not in allowed:
            wanted = " or ".join(map(_word, allowed))
            deviations.append(Deviation(f"{facet.field} is {_word(seen)}", wanted, _requirements(facet, sight)))
    return deviations


def told_of_release(sight: Sight, view: View) -> int | None:
    """How often the person was told that they are released; `None` while that is not to be judged."""
    if view.messages is None or not sight.account.exists or sight.account.state["release"] == "pending":
        return None
    return view.messages.count("released")


def permitted(sight: Sight, field: str) -> tuple[object, ...] | None:
    """What that field may show now; `None` where the rules leave it to whoever asks."""
    if field == "messages" and sight.account.state["release"] != "pending":
        return (("released",) * sight.account.releases,)
    return next((facet.allowed(sight) for facet in FACETS if facet.field == field), None)


def _requirements(facet: Facet, sight: Sight) -> tuple[str, ...]:
    """The facet's own; for what a case at the ident provider decides those of the case come first."""
    account = sight.account
    if facet.field not in ("identity", "release"):
        return facet.requirements
    bent = (account.lag,) if account.lag else ()
    return tuple(dict.fromkeys((*bent, *account.decided_by, *facet.requirements)))


def _word(value: object) -> str:
    if isinstance(value, tuple):
        return f"({', '.join(map(str, value))})" if value else "nothing"
    return str(value)


def _adopt(sight: Sight, view: View) -> list[Deviation]:
    account, device, profile = sight.account, sight.device, sight.situation.profile
    deviations: list[Deviation] = []
    if view.release == "pending" and account.state["release"] == "pending":
        account.release_pending_at = sight.situation.now
    if view.release == "released" and account.state["release"] == "pending" and account.releases == 0:
        deviations += released(sight.situation, account, sight.situation.now)
    told = told_of_release(sight, view)
    if told is not None and told != account.releases:
        seen, wanted = f"{told} messages of a release", str(account.releases)
        deviations.append(Deviation(seen, wanted, ("REL-02", "IDN-10")))
    code = device.release_code
    if view.release_code is not None and (code is None or code.value != view.release_code):
        if not device.release_code_owed:
            deviations.append(Deviation("a release code is shown", "none was made", ("SET-01",)))
        elif len(view.release_code) != profile.release_code_digits:
            deviations.append(Deviation(f"release code {view.release_code}", "six digits", ("SET-01",)))
        device.release_code = Issued(view.release_code, sight.situation.now)
        device.release_code_owed = False
        device.codes_shown.append(view.release_code)
    deviations += _recovery_key(sight, view)
    return deviations


def _recovery_key(sight: Sight, view: View) -> list[Deviation]:
    account = sight.account
    if view.recovery_key is None:
        return []
    if any(a.recovery_key == view.recovery_key for a in sight.situation.accounts.values() if a is not account):
        return [Deviation("a recovery key that somebody else has", "a key of one's own", ("SET-03",))]
    if "random_code" not in account.done or account.key_on != sight.device.name:
        return [Deviation("a recovery key is shown", "none unless this phone was moved", ("SET-03",))]
    account.recovery_key = view.recovery_key
    return []
