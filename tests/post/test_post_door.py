"""The post's door on a socket: what is too long gets the answer of the API that was asked, not that of the line."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace

import pytest
import requests

from emulators.host.surfaces import SURFACES
from emulators.post.doors import limits
from emulators.post.epost import MAX_REQUEST
from emulators.post.epost_model import MAX_PDF
from emulators.post.office import PostOffice
from emulators.wire.http import HttpDoor
from emulators.wire.loop import BackgroundLoop
from tests.post.sender import Epost, epost_letter, letter

FEW = 1000  # bytes that the narrow door takes


@pytest.fixture
def loop() -> Iterator[BackgroundLoop]:
    with BackgroundLoop() as loop:
        yield loop


@pytest.fixture
def narrow_url(loop: BackgroundLoop, office: PostOffice) -> Iterator[str]:
    """The post's door, only that it takes less."""
    door = HttpDoor("post", office.app, office.physics.lock, limits=replace(limits(), body=FEW))
    with closing(door):
        yield door.open(loop)


@pytest.mark.parametrize(("size", "status"), [(MAX_PDF, 200), (MAX_PDF + 1, 400)])
def test_two_pdfs_as_long_as_may_be_get_through_the_door(
    loop: BackgroundLoop, office: PostOffice, epost: Epost, size: int, status: int
) -> None:
    token = epost.log_in()[1]["token"]
    pdf = letter()
    long = pdf + b"\n" * (size - len(pdf))
    body = [epost_letter(pdf=long, fileName=name) for name in ("one.pdf", "two.pdf")]
    (door,) = office.doors()
    with closing(door), requests.Session() as session:
        url = door.open(loop)
        answer = session.post(f"{url}/api/Letter", json=body, headers={"Authorization": f"Bearer {token}"}, timeout=60)
    assert answer.status_code == status, answer.text
    assert status == 200 or answer.json()["code"] == "E303"


def test_each_door_takes_a_request_of_300_megabytes() -> None:
    (shared,) = (surface.limits for surface in SURFACES if surface.name == "post")
    assert shared is not None
    assert shared.body == limits().body == MAX_REQUEST == 300 * 1024 * 1024
    assert shared.held >= shared.body


@pytest.mark.parametrize(
    ("path", "shape"),
    [
        ("/api/Letter", {"level", "code", "description"}),
        ("/worlds/main/api/Letter", {"level", "code", "description"}),
        ("/v3/printjobs", {"status", "message"}),
        ("/worlds/main/v3/printjobs", {"status", "message"}),
        ("/elsewhere", {"error", "detail"}),
    ],
)
def test_what_the_door_does_not_take_is_answered_in_the_shape_of_the_api(
    narrow_url: str, path: str, shape: set[str]
) -> None:
    answer = requests.post(narrow_url + path, data=bytes(FEW + 1), timeout=10)
    assert (answer.status_code, answer.headers["content-type"]) == (413, "application/json")
    assert set(answer.json()) == shape
