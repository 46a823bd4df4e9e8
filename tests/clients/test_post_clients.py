"""curl at the door of the post office: a real socket, JSON as anybody would send it."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from emulators.core.person import Address
from emulators.core.physics import Physics
from emulators.post.office import PostOffice
from emulators.wire.loop import BackgroundLoop
from tests.pcsc.virtual_reader import need, run
from tests.post.sender import HOME, epost_letter, letter


class Curl:
    """A post office with an open door, and curl before it."""

    def __init__(self, office: PostOffice, base: str, folder: Path) -> None:
        self.office = office
        self.base = base
        self._body = folder / "body.json"

    def ask(self, method: str, path: str, body: object = None, *options: str) -> tuple[int, Any]:
        self._body.write_bytes(body if isinstance(body, bytes) else json.dumps(body).encode())
        sent = [] if body is None else ["-H", "Content-Type: application/json", "--data-binary", f"@{self._body}"]
        told = run(need("curl", "curl"), "-s", "-w", "\n%{http_code}", "-X", method, *sent, *options, self.base + path)
        content, _, status = told.stdout.rpartition("\n")
        return int(status), json.loads(content)

    def token(self) -> str:
        mine = self.office.credentials
        login = {"vendorID": mine.vendor_id, "ekp": mine.ekp, "secret": mine.secret, "password": mine.password}
        status, answer = self.ask("POST", "/api/Login", login)
        assert status == 200
        return f"Authorization: Bearer {answer['token']}"


@pytest.fixture
def curl(tmp_path: Path) -> Iterator[Curl]:
    office = PostOffice(Physics())
    office.household("Änne Groß", Address(HOME.street, HOME.house_number, HOME.postcode, HOME.city, HOME.land))
    background = BackgroundLoop("post")
    (door,) = office.doors()
    try:
        yield Curl(office, door.open(background), tmp_path)
    finally:
        door.close()
        background.stop()


def test_curl_posts_a_letter_and_follows_it(curl: Curl) -> None:
    token = curl.token()
    status, answer = curl.ask("POST", "/api/Letter", [epost_letter()], "-H", token)
    assert (status, answer) == (200, [{"fileName": "letter.pdf", "letterID": 1}])
    physics = curl.office.physics
    physics.advance_to(physics.clock.later(timedelta(hours=20)))
    assert curl.ask("GET", "/api/Letter/1", None, "-H", token)[1]["statusID"] == 4
    physics.advance_to(physics.clock.later(timedelta(days=2)))
    newest = curl.office.letterbox(HOME).newest
    assert newest is not None
    assert "ABCD-1234" in newest.text


def test_curl_is_refused_without_a_token_and_with_garbage(curl: Curl) -> None:
    assert curl.ask("POST", "/api/Letter", [epost_letter()])[1]["code"] == "E101"
    status, answer = curl.ask("POST", "/api/Letter", b"\x00\xff" * 500, "-H", curl.token())
    assert (status, answer["code"]) == (400, "E313")
    assert curl.ask("GET", "/api/Login/HealthCheck")[1]["code"] == "I501"


def test_curl_sends_ten_megabytes(curl: Curl) -> None:
    whole = letter() + b"\n" * (10 * 1024 * 1024)
    status, answer = curl.ask("POST", "/api/Letter", [epost_letter(pdf=whole)], "-H", curl.token())
    assert (status, answer[0]["letterID"]) == (200, 1)


def test_curl_sends_a_get_with_its_login_in_the_body(curl: Curl) -> None:
    """As LetterXpress asks for, also of a GET."""
    mine = curl.office.credentials
    auth = {"username": mine.username, "apikey": mine.apikey, "mode": "live"}
    text = base64.b64encode(letter()).decode()
    body = {"base64_file": text, "base64_file_checksum": hashlib.md5(text.encode()).hexdigest()}
    status, answer = curl.ask("POST", "/v3/printjobs", {"auth": auth, "letter": body})
    assert (status, answer["data"]["items"][0]["address"]) == (200, "Änne Groß\nHauptstr. 5\n40210 Düsseldorf")
    assert curl.ask("GET", f"/v3/printjobs/{answer['data']['id']}", {"auth": auth})[1]["data"]["status"] == "queue"
    assert curl.ask("GET", "/v3/balance", {"auth": auth | {"apikey": "x"}})[0] == 401
