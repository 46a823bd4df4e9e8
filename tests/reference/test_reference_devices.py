"""The conditions of the device at every start, and the ways of login on offer."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest

from emulators.core.outcome import Accepted, Refused
from emulators.phone.catalogue import device
from harness import actions as act

if TYPE_CHECKING:
    from tests.reference.conftest import Bench

Make = Callable[..., "Bench"]


@pytest.mark.parametrize(
    ("os", "version", "outcome"),
    [
        ("android", "8.0", Accepted()),
        ("android", "7.1.2", Refused("os_too_old")),
        ("ios", "13.0", Accepted()),
        ("ios", "12.5", Refused("os_too_old")),
        ("windows", "10.0", Refused("os_not_supported")),
    ],
)
def test_the_operating_system_decides(make_bench: Make, os: str, version: str, outcome: object) -> None:
    profile = device("pixel-6").model_copy(update={"os_version": version, "os": type(device("pixel-6").os)(os)})
    bench = make_bench(device=profile)
    bench.world.phone().install("barmer")
    assert bench.do(act.OpenApp(app="barmer")) == outcome


@pytest.mark.parametrize(
    ("setting", "reason"),
    [
        ({"rooted": True}, "rooted"),
        ({"keystore": False}, "no_keystore"),
        ({"lock": False}, "no_screen_lock"),
        ({"auto_time": False}, "clock_not_automatic"),
    ],
)
def test_what_changes_after_the_first_start_is_found_at_the_next(
    bench: Bench, setting: dict[str, object], reason: str
) -> None:
    bench.open_app("barmer")
    bench.world.phone().set(**setting)
    assert bench.do(act.OpenApp(app="barmer")) == Refused(reason)
    assert bench.do(act.ConfirmMobile()) == Refused("app_not_open")


def test_ecare_needs_the_barmer_app_on_the_same_device(bench: Bench) -> None:
    assert bench.do(act.OpenApp(app="ecare")) == Refused("app_missing")
    bench.world.phone().install("ecare")
    assert bench.do(act.OpenApp(app="ecare")) == Refused("barmer_app_missing")


def test_an_app_that_was_removed_and_installed_again_does_not_run(bench: Bench) -> None:
    bench.open_app("barmer")
    bench.world.phone().remove("barmer")
    assert bench.do(act.ConfirmMobile()) == Refused("app_missing")
    bench.world.phone().install("barmer")
    assert bench.do(act.ConfirmMobile()) == Refused("app_not_open")


@pytest.mark.parametrize(
    ("id", "offers", "outcome"),
    [
        ("pixel-6", ("account", "card"), Accepted()),
        ("iphone_7", ("account",), Refused("device_excluded")),
        ("ipad", ("account",), Refused("device_without_nfc")),
    ],
)
def test_card_login_is_offered_where_it_works(
    make_bench: Make, id: str, offers: tuple[str, ...], outcome: object
) -> None:
    bench = make_bench(device=id)
    bench.released()
    assert bench.view.login_offers == offers
    bench.done(act.CreateReleaseCode())
    bench.done(act.EnterReleaseCode(code=bench.view.release_code or ""), act.StartSetup())
    bench.done(act.AcceptTerms(app="ecare"), act.AcceptDataTransfer(), act.ConfirmSummary(), act.MovePhone())
    bench.done(act.SaveRecoveryKey(), act.ConfirmKeySaved())
    assert bench.do(act.ChooseLogin(method="card")) == outcome


def test_a_card_without_nfc_leads_to_the_advice_and_the_new_one_must_be_checked_again(make_bench: Make) -> None:
    bench = make_bench("card_without_nfc")
    bench.released()
    bench.done(act.CreateReleaseCode())
    bench.done(act.EnterReleaseCode(code=bench.view.release_code or ""), act.StartSetup())
    bench.done(act.AcceptTerms(app="ecare"), act.AcceptDataTransfer(), act.ConfirmSummary(), act.MovePhone())
    bench.done(act.SaveRecoveryKey(), act.ConfirmKeySaved())
    assert bench.do(act.ChooseLogin(method="card")) == Refused("card_without_nfc", ("order_new_card",))
    bench.done(act.OrderCard())
    bench.wait(days=7)
    bench.world.take_new_card()
    assert bench.do(act.OrderCard()) == Refused("card_has_nfc")
    assert bench.do(act.ChooseLogin(method="card")) == Refused("card_not_released")
    bench.film()
    bench.wait(days=7)
    bench.done(act.ChooseLogin(method="card"))
    assert bench.from_letter("PIN") == bench.person.card.pin
