"""How long the letters of a world are on their way: chosen when it is made."""

from __future__ import annotations

from datetime import date, timedelta

from emulators.post.profile import Delivery
from emulators.services import Services
from emulators.world import World
from tests.post.sender import HOME, TUESDAY, order


def days_of_arrival(delivery: Delivery, seed: int = 1) -> list[date]:
    world = World(seed, TUESDAY, services=Services(letter_delivery=delivery))
    world.post.household("Änne Groß", HOME)
    for _ in range(40):
        world.post.submit(order())
    world.advance(timedelta(days=40))
    return [letter.delivered_at.date() for letter in world.post.letters_at(HOME) if letter.delivered_at]


def test_letters_take_two_working_days_unless_a_world_says_otherwise() -> None:
    assert set(days_of_arrival("fixed")) == {date(2021, 3, 25)}
    assert World().post.profile.delivery == "fixed"


def test_a_world_may_have_the_delivery_times_of_the_law_drawn_from_its_seed() -> None:
    assert {date(2021, 3, 24), date(2021, 3, 25), date(2021, 3, 26)} <= set(days_of_arrival("law_2025"))
    assert days_of_arrival("law_2025") == days_of_arrival("law_2025")
    assert days_of_arrival("law_2025") != days_of_arrival("law_2025", seed=2)
    assert days_of_arrival("law_2025") != days_of_arrival("before_2025")
