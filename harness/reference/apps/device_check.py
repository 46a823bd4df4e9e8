"""The conditions of the device, checked at every start."""

from __future__ import annotations

from collections.abc import Callable

from harness.profile import InsurerProfile
from harness.reference.declined import Declined

from .platform import Platform

Condition = Callable[[Platform, InsurerProfile], bool]


def _minimum(platform: Platform, profile: InsurerProfile) -> int:
    return {"android": profile.android_minimum, "ios": profile.ios_minimum}[platform.os]


# In the order in which a person would have to put things right: what cannot be changed first.
CONDITIONS: tuple[tuple[str, Condition], ...] = (
    ("os_not_supported", lambda platform, _: platform.os in ("android", "ios")),
    ("os_too_old", lambda platform, profile: platform.os_release >= (_minimum(platform, profile),)),
    ("rooted", lambda platform, _: not platform.rooted),
    ("no_keystore", lambda platform, _: platform.has_keystore),
    ("no_screen_lock", lambda platform, _: platform.screen_lock),
    ("clock_not_automatic", lambda platform, _: platform.automatic_time),
)


def check_device(platform: Platform, profile: InsurerProfile) -> None:
    """Raises `Declined` with the first condition that is not met."""
    for reason, is_met in CONDITIONS:
        if not is_met(platform, profile):
            raise Declined(reason)


def is_excluded(platform: Platform, profile: InsurerProfile) -> bool:
    """Whether the model is one that cannot read health cards although it has an NFC chip."""
    return platform.model in profile.excluded_models


def check_card_login(platform: Platform, profile: InsurerProfile) -> None:
    """Raises `Declined` where login with the card is not on offer."""
    if not platform.reads_cards:
        raise Declined("device_without_nfc")
    if is_excluded(platform, profile):
        raise Declined("device_excluded")


def login_offers(platform: Platform, profile: InsurerProfile) -> tuple[str, ...]:
    return ("account", "card") if platform.reads_cards and not is_excluded(platform, profile) else ("account",)
