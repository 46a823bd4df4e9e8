"""A centre with a handset, and a client bound to it."""

from __future__ import annotations

import pytest

from tests.sms.smpp.peer import Centre, Client


@pytest.fixture
def centre() -> Centre:
    return Centre()


@pytest.fixture
def client(centre: Centre) -> Client:
    return centre.client()
