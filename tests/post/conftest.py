"""A post office with one household, and a client at its door."""

from __future__ import annotations

import pytest

from emulators.core.physics import Physics
from emulators.post.office import PostOffice
from tests.post.sender import HOME, TUESDAY, Epost


@pytest.fixture
def physics() -> Physics:
    physics = Physics(seed=1, start=TUESDAY)
    physics.faults.declare("post", PostOffice.faults)
    return physics


@pytest.fixture
def office(physics: Physics) -> PostOffice:
    office = PostOffice(physics)
    office.household("Dr. Änne Groß", HOME)
    return office


@pytest.fixture
def epost(office: PostOffice) -> Epost:
    return Epost(office)
