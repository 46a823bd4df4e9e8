"""Worlds side by side: what each has of its own, and who finds which."""

from __future__ import annotations

from datetime import timedelta

import pytest

from emulators.core.numbers import PHONE_NUMBERS
from emulators.host.host import Host, NameTaken, NoSuchWorld
from emulators.host.hosted import Ended
from emulators.host.router import mail_route
from emulators.host.surfaces import ACCOUNTS
from emulators.host.waiting import Match
from emulators.world import World


@pytest.fixture
def host() -> Host:
    return Host()


def test_two_worlds_of_one_seed_differ_in_their_credentials_and_domain_and_in_nothing_else(host: Host) -> None:
    one, other = (host.create(name, seed=7).world for name in ("one", "other"))
    a, b = (world.settle_in("person", "child") for world in (one, other))
    assert set(one.keys.values()).isdisjoint(other.keys.values())
    assert a.email.replace("@one.", "@other.") == b.email
    assert (a.full_name, a.kvnr, a.mobile, a.card) == (b.full_name, b.kvnr, b.mobile, b.card)


def test_a_world_has_the_same_credentials_in_every_run(host: Host) -> None:
    assert host.create("one", seed=7).world.keys == Host().create("one", seed=7).world.keys
    assert host.create("two", seed=7).world.keys != Host().create("two", seed=8).world.keys


def test_a_world_by_itself_keeps_its_well_known_keys() -> None:
    assert World().keys["ident"] == "TEST-ONLY-ident-key"
    assert World().mail_domain == "post.example"


@pytest.mark.parametrize("surface", ACCOUNTS)
def test_each_world_is_found_by_each_of_its_own_credentials_and_once_dropped_by_none(host: Host, surface: str) -> None:
    one, other = host.create("one"), host.create("other")
    accounts = list(ACCOUNTS[surface](one.world))
    assert accounts
    for account in accounts:
        assert host.having(surface, account) == (one,)
    for account in ACCOUNTS[surface](other.world):
        assert host.having(surface, account) == (other,)
    host.drop("one")
    assert [host.having(surface, account) for account in accounts] == [()] * len(accounts)
    assert host.get("other") is other


@pytest.mark.parametrize("name", ["", "-a", "a-", "A", "a.b", "a/b", "ä", "a" * 33, "a\n"])
def test_a_name_that_is_no_label_of_a_domain_is_refused(host: Host, name: str) -> None:
    with pytest.raises(ValueError, match="1 to 32"):
        host.create(name)


def test_a_name_is_given_once(host: Host) -> None:
    host.create("one")
    with pytest.raises(NameTaken, match="drop it first"):
        host.create("one", seed=5)
    host.drop("one")
    assert host.create("one", seed=5).world.physics.seed == 5


def test_an_unknown_world_is_told_with_those_that_there_are(host: Host) -> None:
    host.create("one")
    with pytest.raises(NoSuchWorld, match="no world 'on'; there are 1: one"):
        host.get("on")
    with pytest.raises(NoSuchWorld):
        host.drop("on")
    with pytest.raises(NoSuchWorld):
        host.create("two", account_of="on")
    assert len(host) == 1


def test_worlds_may_share_an_account_until_the_last_is_dropped(host: Host) -> None:
    one, two = host.create("one"), host.create("two", seed=3, account_of="one")
    sid = one.world.sms.account_sid
    assert two.world.keys == one.world.keys
    assert host.having("sms", sid) == (one, two)
    host.drop("one")
    assert host.having("sms", sid) == (two,)
    host.drop("two")
    assert host.having("sms", sid) == ()


def test_a_stranger_is_remembered_and_the_memory_is_bounded(host: Host) -> None:
    for number in range(1000):
        host.note_stranger("sms", str(number))
    assert host.strangers[-1].account == "999"
    assert len(host.strangers) == 100


def test_a_mail_finds_its_world_by_the_user_or_else_by_the_recipients_domain(host: Host) -> None:
    one, two = host.create("one"), host.create("two")
    route = mail_route(host)
    assert route(None, "a@ONE.post.example") is one.world.mail
    assert route(two.world.mail.smtp_user, "") is two.world.mail
    assert route("whoever", "a@two.post.example") is two.world.mail
    assert route(None, "a@elsewhere.example") is None
    assert route(None, "") is None
    assert host.strangers[-1].account == "a@elsewhere.example"


def test_a_mail_user_of_several_worlds_leaves_it_to_the_recipient(host: Host) -> None:
    one, two = host.create("one"), host.create("two", account_of="one")
    route = mail_route(host)
    user = one.world.mail.smtp_user
    assert route(user, "a@one.post.example") is one.world.mail
    assert route(user, "a@two.post.example") is two.world.mail


def test_the_only_world_is_meant_from_the_greeting_on(host: Host) -> None:
    one = host.create("one")
    assert mail_route(host)(None, "") is one.world.mail


def test_who_waits_in_a_dropped_world_is_let_go(host: Host) -> None:
    one = host.create("one")
    told: list[str] = []
    wait = one.wait(Match(event="delivered"), 0, None, lambda: told.append("over"))
    host.drop("one")
    assert told == ["over"]
    assert (wait.entry, wait.reason) == (None, "the world 'one' was dropped")
    with pytest.raises(Ended):
        one.advance_to(one.world.clock.later(timedelta(hours=1)))


def test_a_thousand_worlds_with_people_do_not_mix(host: Host) -> None:
    number = PHONE_NUMBERS.mobiles[0]
    for index in range(1000):
        world = host.create(f"w{index}").world
        world.sms.handset(number).receive("SM1", "Test", f"for {index}")
    for index in range(1000):
        handset = host.get(f"w{index}").world.sms.handset(number)
        assert [message.body for message in handset.inbox] == [f"for {index}"]
