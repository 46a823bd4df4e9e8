"""schemathesis at the APIs for letters, with and without the login, by their own descriptions."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Literal

import pytest

from emulators.core.physics import Physics
from emulators.post.office import PostOffice
from emulators.post.order import Registered
from emulators.wire.loop import BackgroundLoop
from tests.clients.test_our_descriptions import caught
from tests.post.sender import HOME, TUESDAY, Epost, letter, order

HOOKS = Path(__file__).parent / "programs" / "schemathesis_letters.py"
Channel = Literal["epost", "letterxpress"]


@contextmanager
def sender(channel: Channel) -> Iterator[tuple[PostOffice, str]]:
    """A post office with letters in all states, and its address."""
    office = PostOffice(Physics(seed=1, start=TUESDAY))
    office.physics.faults.declare("post", PostOffice.faults)
    office.household("Änne Groß", HOME)
    one = order(channel=channel)
    office.physics.faults.arm("post", "returned", {"reason": "refused"})
    office.submit(replace(one, premium="Report", registered=Registered.HANDED_OVER))
    office.submit(replace(one, pdf=b"not a PDF"))
    office.physics.advance_to(office.physics.clock.later(timedelta(days=14)))
    today = office.physics.clock.now.date()
    for each in (replace(one, queued_until=today + timedelta(days=20)), one, replace(one, test=True)):
        office.submit(each)
    (door,) = office.doors()
    with BackgroundLoop("post") as loop:
        try:
            yield office, door.open(loop)
        finally:
            door.close()


def for_hooks(office: PostOffice) -> dict[str, str]:
    mine = office.credentials
    epost = {"vendorID": mine.vendor_id, "ekp": mine.ekp, "secret": mine.secret, "password": mine.password}
    return {
        "SCHEMATHESIS_HOOKS": str(HOOKS),
        "LOGIN": json.dumps({**epost, "username": mine.username, "apikey": mine.apikey}),
        "PDF": base64.b64encode(letter()).decode(),
        "DAY": (office.physics.clock.now + timedelta(days=9)).date().isoformat(),
        "LETTERS": str(len(office.letters)),
    }


def test_the_letterxpress_api_does_what_its_description_says_and_never_breaks(tmp_path: Path) -> None:
    with sender("letterxpress") as (office, url):
        before = len(office.letters)
        assert caught(tmp_path, f"{url}/v3/openapi.json", environment=for_hooks(office)) > 400
        assert len(office.letters) > before + 10


def test_the_epost_api_does_what_its_description_says_and_never_breaks(tmp_path: Path) -> None:
    with sender("epost") as (office, url):
        before, token = len(office.letters), Epost(office).log_in()[1]["token"]
        header = ("--header", f"Authorization: Bearer {token}")
        assert caught(tmp_path, f"{url}/api/openapi.json", *header, environment=for_hooks(office)) > 700
        assert len(office.letters) > before + 10


@pytest.mark.parametrize(("channel", "base"), [("letterxpress", "v3"), ("epost", "api")])
def test_without_a_login_an_api_for_letters_refuses_as_its_description_says(
    tmp_path: Path, channel: Channel, base: str
) -> None:
    with sender(channel) as (office, url):
        before = len(office.letters)
        assert caught(tmp_path, f"{url}/{base}/openapi.json") > 400
        assert len(office.letters) == before
