"""A world with the reference system in it, and hands that act."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

import pytest

from emulators.core.clock import DEFAULT_START
from emulators.core.outcome import Accepted, Outcome
from emulators.core.person import DocumentKind, Person
from emulators.phone.profile import DeviceProfile
from emulators.world import World
from harness import actions as act
from harness.drivers import View
from harness.drivers.reference import ReferenceDriver
from harness.profile import InsurerProfile


@dataclass
class Bench:
    """One world, one driver, one insured person."""

    world: World
    driver: ReferenceDriver

    @property
    def person(self) -> Person:
        return self.world.people["person"]

    @property
    def view(self) -> View:
        return self.driver.look()

    def do(self, action: act.Action) -> Outcome:
        outcome = self.driver.perform(action)
        self.world.happen()
        return outcome

    def done(self, *actions: act.Action) -> None:
        """All of these are accepted."""
        for action in actions:
            outcome = self.do(action)
            assert isinstance(outcome, Accepted), f"{action.verb}: {outcome}"

    def wait(self, **duration: float) -> None:
        self.world.advance(timedelta(**duration))

    # -- what a person reads --------------------------------------------------------------------------------------

    @property
    def tan(self) -> str:
        newest = self.world.sms.handset(self.person.mobile).newest
        assert newest is not None
        return newest.codes[0]

    @property
    def link(self) -> str:
        newest = self.world.mail.mailbox(self.person.email).newest
        assert newest is not None
        return newest.links[0]

    def from_letter(self, word: str) -> str:
        """What follows `word:` in the newest letter that has it."""
        letters = self.world.post.letterbox(self.person.address).letters
        return next(
            found[1] for letter in reversed(letters) if (found := re.search(rf"^{word}: (\S+)$", letter.text, re.M))
        )

    # -- stretches of the way -------------------------------------------------------------------------------------

    def open_app(self, app: str) -> None:
        phone = self.world.phone("person", "first")
        phone.install(app)
        self.done(act.OpenApp(app=app))

    def register(self) -> None:
        """Up to the terms; the letter is not asked for yet."""
        p = self.person
        self.open_app("barmer")
        self.done(
            act.Register(
                given_names=p.given_names,
                family_name=p.family_name,
                birth_date=p.birth_date.isoformat(),
                kvnr=p.kvnr,
            ),
            act.ChooseUserName(user_name=p.user_name),
            act.ChoosePassword(password=p.password, repeat=p.password),
            act.EnterEmail(address=p.email),
            act.EnterMobile(number=p.mobile),
            act.AcceptTerms(app="barmer"),
        )

    def activate(self) -> None:
        """Up to the active account, with the device bound, and a login to the eCare app."""
        self.register()
        self.done(act.RequestTan())
        self.done(act.EnterTan(code=self.tan), act.ConfirmEmail(link=self.link), act.RequestLetter())
        self.wait(days=7)
        self.done(act.EnterActivationCode(code=self.from_letter("Aktivierungscode")))
        self.open_app("ecare")
        self.done(act.LogIn(app="ecare", user_name=self.person.user_name, password=self.person.password))

    def film(self, *, holder: Person | None = None) -> None:
        """The way through the ident provider, up to the check."""
        self.done(act.FollowIdentLink())
        self.film_newest(holder=holder)

    def film_newest(self, *, holder: Person | None = None) -> None:
        """The way through the case that was opened last."""
        case = list(self.world.ident.cases.values())[-1]
        who = holder or self.person
        document = who.document(DocumentKind.IDENTITY_CARD)
        steps: list[Callable[[], Outcome]] = [
            lambda: case.enter_card_digits(self.person.card.iccsn[-8:]),
            case.open_app,
            lambda: case.accept_terms(True),
            lambda: case.film_document("front", document),
            lambda: case.film_document("back", document),
            lambda: case.read_words(list(case.words), face_of=who),
            lambda: case.film_card("front", self.person.card, self.person.kvnr),
            lambda: case.film_card("back", self.person.card, self.person.kvnr),
        ]
        for step in steps:
            assert isinstance(outcome := step(), Accepted), outcome
            self.world.happen()

    def released(self) -> None:
        """Up to the release of account and card, letter and all."""
        self.activate()
        self.film()
        self.wait(minutes=5)
        self.wait(days=7)

    def set_up(self, login: str = "account") -> None:
        """The whole way, up to the record in use."""
        self.released()
        self.done(act.CreateReleaseCode())
        self.done(act.EnterReleaseCode(code=self.view.release_code or ""), act.StartSetup())
        self.done(
            act.AcceptTerms(app="ecare"),
            act.AcceptDataTransfer(),
            act.ConfirmSummary(),
            act.MovePhone(),
            act.SaveRecoveryKey(),
            act.ConfirmKeySaved(),
            act.ChooseLogin(method=login),
            *((act.ConfirmSecurityNotes(),) if login == "account" else ()),
            act.CheckEmail(),
        )
        self.done(act.ConfirmEmail(link=self.link), act.ConfirmDevice())


@pytest.fixture
def make_bench() -> Iterator[Callable[..., Bench]]:
    worlds: list[World] = []

    def make(
        persona: str = "adult",
        device: str | DeviceProfile = "pixel-6",
        profile: InsurerProfile | None = None,
        sockets: bool = False,
        start: datetime = DEFAULT_START,
    ) -> Bench:
        world = World(seed=7, start=start)
        worlds.append(world)
        world.settle_in("person", persona)
        world.settle_in("stranger", "umlaut")
        world.give_phone("person", "first", device)
        world.open(sockets=sockets)
        return Bench(world, ReferenceDriver(world, profile or InsurerProfile(), 7))

    yield make
    for world in reversed(worlds):
        world.close()


@pytest.fixture
def bench(make_bench: Callable[..., Bench]) -> Bench:
    return make_bench()
