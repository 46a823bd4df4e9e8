"""The pictures of letters: which sheets, under which names, and how many."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from emulators.core.person import Person
from emulators.post.order import LetterOrder
from emulators.world import World
from harness.pictures import MOST_SHEETS, letters_in
from harness.reference.insurer.print import print_letter


@pytest.fixture
def world() -> Iterator[World]:
    world = World(seed=1)
    world.settle_in("person", "adult")
    world.settle_in("stranger", "umlaut")
    yield world
    world.close()


def post(world: World, to: Person, *texts: str) -> None:
    """A letter with a sheet for each text."""
    recipient = (to.full_name, *to.address.lines())
    pdf = print_letter("Kasse", recipient, world.clock.now.date(), "TEST ONLY", "\f".join(texts))
    world.post.submit(LetterOrder(pdf, "a.pdf"))


def test_each_sheet_that_came_is_shown_with_the_zones_of_the_window(world: World) -> None:
    post(world, world.people["person"], "Erstes Blatt", "Zweites Blatt")
    assert list(letters_in(world)) == []  # it has not come yet
    world.advance_workdays(4)
    (letter,) = world.post.letters.values()
    one, two = letters_in(world)
    assert one.name.startswith("Brief L000001, Blatt 1 von 2, im Briefkasten ")
    assert [one.png, two.png] == [letter.preview(number, 100, overlay=True) for number in (1, 2)]
    assert one.png != letter.preview(1, 100)


def test_a_letter_in_a_wrong_letterbox_is_shown_with_that_letterbox(world: World) -> None:
    world.faults.arm("post", "misdelivered")
    post(world, world.people["person"], "Text")
    world.advance_workdays(4)
    (picture,) = letters_in(world)
    assert world.people["person"].address.street not in picture.name


def test_of_very_many_sheets_the_newest_are_shown(world: World) -> None:
    for number in range(MOST_SHEETS + 2):
        post(world, world.people["person"], f"Brief {number}")
        world.advance_workdays(1)
    world.advance_workdays(4)
    shown = [picture.name.split(",")[0] for picture in letters_in(world)]
    assert shown == [f"Brief L{number:06d}" for number in range(3, MOST_SHEETS + 3)]
