"""The post's door on a socket: a PDF that is too large gets the post's own answer, not that of the line."""

from __future__ import annotations

import pytest
import requests

from emulators.post.office import PostOffice
from emulators.post.order import MAX_BYTES
from emulators.wire.loop import BackgroundLoop
from tests.post.sender import Epost, epost_letter, letter


@pytest.mark.parametrize(("size", "status"), [(MAX_BYTES, 200), (MAX_BYTES + 1, 400)])
def test_twenty_megabytes_get_through_the_door(office: PostOffice, epost: Epost, size: int, status: int) -> None:
    token = epost.log_in()[1]["token"]
    pdf = letter()
    body = [epost_letter(pdf=pdf + b"\n" * (size - len(pdf)))]
    (door,) = office.doors()
    with BackgroundLoop() as loop, requests.Session() as session:
        url = door.open(loop)
        answer = session.post(f"{url}/api/Letter", json=body, headers={"Authorization": f"Bearer {token}"}, timeout=60)
        door.close()
    assert answer.status_code == status, answer.text
    assert status == 200 or answer.json()["code"] == "E303"
