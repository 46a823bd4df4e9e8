"""Rules of the ways to reach a person: the confirmed e-mail address, the mobile number, the smsTAN."""

from __future__ import annotations

import re
from datetime import timedelta

from emulators.core.clock import elapsed
from harness.actions import ConfirmEmail, ConfirmMobile, EnterEmail, EnterMobile, EnterTan, RequestTan

from .apps import needs_session
from .outages import mail_refusals, sms_refusals
from .rows import Duty, Move, Refusal, Rule, Scene, Table
from .sameness import mobile_of, same_code
from .situation import Account, Issued

_E164 = re.compile(r"\+[1-9][0-9]{7,14}")
_EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")
# What every mail system takes (RFC 5321); letters beyond ASCII only some do (RFC 6531).
_PLAIN_EMAIL = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]+@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+")

# -- mail ---------------------------------------------------------------------------------------------------------


def _email_entered(scene: Scene) -> None:
    scene.account.email = scene.action.address.strip()


def _mail_owed(scene: Scene) -> tuple[Duty, ...]:
    return (Duty("mail_link", scene.action.address.strip(), ("NEW-06", "UPD-02"), scene.account, scene.now),)


def _link(scene: Scene) -> tuple[Account, list[Issued], Issued] | None:
    for account in scene.situation.accounts.values():
        for links in (account.links, account.setup_links):
            for link in links:
                if link.value == scene.action.link:
                    return account, links, link
    return None


def _link_invalid(scene: Scene) -> bool:
    found = _link(scene)
    return found is None or found[2] is not found[1][-1]


def _link_used(scene: Scene) -> bool:
    found = _link(scene)
    return found is not None and found[2].used


def _link_expired(scene: Scene) -> bool:
    found = _link(scene)
    hours = timedelta(hours=scene.situation.profile.mail_link_hours)
    return found is not None and elapsed(found[2].at, scene.now) >= hours


def _email_confirmed(scene: Scene) -> None:
    found = _link(scene)
    assert found is not None
    account, links, link = found
    link.used = True
    if links is account.setup_links:
        if account.state["record"] == "setting_up":
            account.done.add("mail")
    else:
        account.state["email"] = "confirmed"


# -- smsTAN -------------------------------------------------------------------------------------------------------


def _number_unconfirmed(scene: Scene) -> bool:
    return scene.account.updating and not scene.account.number_checked


def _another_number(scene: Scene) -> bool:
    return mobile_of(scene.action.number) != scene.account.mobile


def _mobile_entered(scene: Scene) -> None:
    if _another_number(scene):
        scene.account.tan = None
    scene.account.mobile = mobile_of(scene.action.number)
    scene.account.number_checked = scene.account.number_typed = True


def _mobile_checked(scene: Scene) -> None:
    scene.account.number_checked = scene.account.number_seen = True


def _tan_requested(scene: Scene) -> None:
    scene.account.tan, scene.account.tan_tries = None, 0


def _tan_owed(scene: Scene) -> tuple[Duty, ...]:
    return (Duty("sms_tan", scene.account.mobile or "", ("TAN-01",), scene.account, scene.now),)


def _tan_expired(scene: Scene) -> bool:
    tan, profile = scene.account.tan, scene.situation.profile
    return tan is not None and elapsed(tan.at, scene.now) >= timedelta(minutes=profile.tan_minutes)


def _tan_wrong(scene: Scene) -> bool:
    tan = scene.account.tan
    return tan is None or not same_code(scene.action.code, tan.value)


def _tan_written_otherwise(scene: Scene) -> bool:
    tan = scene.account.tan
    return tan is not None and scene.action.code != tan.value


def _tan_refused(scene: Scene, reason: str) -> None:
    if reason == "tan_wrong":
        scene.account.tan_tries += 1


def _tan_used(scene: Scene) -> None:
    scene.account.tan = None


_OPEN = needs_session("barmer", "APP-05")

CONTACT = Table(
    "E-Mail, Handynummer, smsTAN",
    {
        EnterEmail: Rule(
            ("NEW-06", "UPD-02"),
            (
                _OPEN,
                Refusal("email_invalid", ("NEW-06",), lambda s: not _EMAIL.fullmatch(s.action.address.strip())),
                Refusal(
                    "email_invalid",
                    ("NEW-06",),
                    lambda s: not _PLAIN_EMAIL.fullmatch(s.action.address),
                    tolerated=True,
                ),
                *mail_refusals("NEW-06"),
            ),
            moves=(Move("email", ("none", "unconfirmed", "confirmed"), "unconfirmed", ("NEW-06", "UPD-02")),),
            app="barmer",
            then=_email_entered,
            owes=_mail_owed,
        ),
        ConfirmEmail: Rule(
            ("NEW-06", "UPD-02", "SET-07"),
            (
                Refusal("link_invalid", ("SET-07", "NEW-06"), _link_invalid),
                Refusal("link_used", ("SET-07",), _link_used),
                Refusal("link_expired", ("SET-07",), _link_expired),
            ),
            then=_email_confirmed,
        ),
        EnterMobile: Rule(
            ("UPD-03", "TAN-01"),
            (
                _OPEN,
                Refusal("mobile_invalid", ("TAN-07",), lambda s: not _E164.fullmatch(mobile_of(s.action.number))),
                Refusal("mobile_invalid", ("TAN-07",), lambda s: not _E164.fullmatch(s.action.number), tolerated=True),
            ),
            moves=(
                Move("mobile", ("none", "unconfirmed", "confirmed"), "unconfirmed", ("UPD-03",)),
                # A TAN that went to another number proves nothing about this one.
                Move("tan", ("none", "sent", "undelivered"), "none", ("TAN-01",), _another_number),
            ),
            app="barmer",
            then=_mobile_entered,
        ),
        ConfirmMobile: Rule(
            ("UPD-03", "UPD-07"),
            (_OPEN, Refusal("mobile_missing", ("UPD-03",), lambda s: s.account.mobile is None)),
            app="barmer",
            then=_mobile_checked,
        ),
        RequestTan: Rule(
            ("TAN-01", "TAN-06"),
            (
                _OPEN,
                Refusal("mobile_missing", ("UPD-03",), lambda s: s.account.mobile is None),
                Refusal("mobile_unconfirmed", ("UPD-03",), _number_unconfirmed),
                *sms_refusals("TAN-07"),
            ),
            moves=(Move("tan", ("none", "sent", "undelivered"), "sent", ("TAN-01", "TAN-06")),),
            app="barmer",
            then=_tan_requested,
            owes=_tan_owed,
        ),
        EnterTan: Rule(
            ("TAN-02", "TAN-03"),
            (
                _OPEN,
                Refusal("no_tan", ("TAN-05",), lambda s: s.account.state["tan"] == "none"),
                Refusal("tan_locked", ("TAN-04",), lambda s: s.account.tan_tries >= s.situation.profile.tan_tries),
                Refusal("tan_expired", ("TAN-05",), _tan_expired),
                Refusal("no_takeover", ("TAN-02",), lambda s: s.action.code == "auto"),
                Refusal("tan_wrong", ("TAN-04", "TAN-06"), _tan_wrong),
                Refusal("tan_wrong", ("TAN-04",), _tan_written_otherwise, tolerated=True),
            ),
            moves=(
                Move("tan", ("sent", "undelivered"), "none", ("TAN-05",)),
                Move("mobile", ("unconfirmed", "confirmed"), "confirmed", ("TAN-02", "TAN-03")),
            ),
            app="barmer",
            then=_tan_used,
            on_refusal=_tan_refused,
        ),
    },
)
