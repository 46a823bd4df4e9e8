"""The LetterXpress API: the login in every body, the address in the PDF only."""

from __future__ import annotations

import base64
import hashlib
import json
from typing import Any

import pytest

from emulators.core.physics import Physics
from emulators.post.letterxpress import MAX_PDF
from emulators.post.office import PostOffice
from emulators.wire.http import call
from tests.post.sender import ANNE, HOME, at, epost_letter, front, letter, pdf
from tests.post.sender import Epost as EpostClient


class LetterXpress:
    def __init__(self, office: PostOffice, mode: str = "live") -> None:
        self.office = office
        self.auth = {"username": office.credentials.username, "apikey": office.credentials.apikey, "mode": mode}

    def ask(self, method: str, path: str, **body: object) -> tuple[int, Any]:
        raw = json.dumps({"auth": self.auth, **body}).encode()
        answer = call(self.office.app, method, f"http://post.example/v3/{path}", {}, raw)
        return answer.status, json.loads(answer.body)

    def send(self, content: bytes | None = None, /, **changes: object) -> tuple[int, Any]:
        text = base64.b64encode(letter() if content is None else content).decode()
        checksum = hashlib.md5(text.encode()).hexdigest()
        body: dict[str, object] = {"base64_file": text, "base64_file_checksum": checksum}
        return self.ask("POST", "printjobs", letter=body | changes)


@pytest.fixture
def client(office: PostOffice) -> LetterXpress:
    return LetterXpress(office)


def test_a_job_tells_the_address_that_stands_in_the_window(client: LetterXpress, physics: Physics) -> None:
    status, answer = client.send()
    assert (status, answer["status"], answer["message"]) == (200, 200, "OK")
    (item,) = answer["data"]["items"]
    assert (item["address"], item["pages"], item["status"]) == ("\n".join(ANNE), 1, "queue")
    physics.advance_to(at(25, 11))
    assert client.office.letterbox(HOME).newest is not None
    job = client.ask("GET", f"printjobs/{answer['data']['id']}")[1]["data"]
    assert (job["status"], job["items"][0]["status"]) == ("done", "sent")


def test_a_job_in_test_mode_stays_a_draft(client: LetterXpress, physics: Physics) -> None:
    client.auth["mode"] = "test"
    number = client.send()[1]["data"]["id"]
    physics.advance_to(at(31, 11))
    assert client.ask("GET", f"printjobs/{number}")[1]["data"]["status"] == "draft"
    assert client.office.letterbox(HOME).newest is None
    assert client.ask("GET", "balance")[1]["data"]["balance"] == "1000.00"


@pytest.mark.parametrize("auth", [None, {}, {"username": "x", "apikey": "y"}, {"username": "x"}, "x"])
@pytest.mark.parametrize(("method", "path"), [("GET", "balance"), ("POST", "printjobs"), ("DELETE", "printjobs/1")])
def test_without_the_login_in_the_body_nothing_is_done(
    client: LetterXpress, auth: object, method: str, path: str
) -> None:
    client.auth = auth  # type: ignore[assignment]
    assert client.ask(method, path) == (401, {"message": "Unauthorized."})


def test_a_mode_that_does_not_exist_is_told(client: LetterXpress) -> None:
    client.auth["mode"] = "prod"
    status, answer = client.ask("GET", "balance")
    assert status == 400
    assert "auth.mode" in answer["message"]


@pytest.mark.parametrize(
    ("changes", "word"),
    [
        ({"base64_file_checksum": "0" * 32}, "checksum"),
        ({"base64_file": "!!"}, "base64"),
        ({"specification": {"color": "2"}}, "color"),
        ({"registered": "r3"}, "registered"),
        ({"dispatch_date": "2021-03-23"}, "future"),
        ({"dispatch_date": "2031-03-23"}, "year"),
        ({"notice": "x" * 256}, "notice"),
        ({"address": "x"}, "address"),
    ],
)
def test_a_mistake_in_the_job_is_named(client: LetterXpress, changes: dict[str, object], word: str) -> None:
    status, answer = client.send(**changes)
    assert (status, answer["status"]) == (400, 400)
    assert word in answer["message"]


@pytest.mark.parametrize(
    ("content", "word"),
    [
        (b"no pdf", "PDF"),
        (pdf([front()], encrypt="geheim"), "verschlüsselt"),
        (pdf([front()], size=(148, 210)), "148 x 210 mm"),
        (pdf([front(ANNE[1:])]), "Anschrift"),
        (pdf([[(25, 150, "nichts im Fenster")]]), "steht nichts"),
    ],
)
def test_a_pdf_that_cannot_be_posted_is_refused_with_the_reason(
    client: LetterXpress, content: bytes, word: str
) -> None:
    status, answer = client.send(content)
    assert status == 400
    assert word in answer["message"]
    assert client.office.letters == {}


@pytest.mark.parametrize(("size", "status"), [(MAX_PDF, 200), (MAX_PDF + 1, 413)])
def test_a_pdf_has_at_most_50_megabytes(client: LetterXpress, size: int, status: int) -> None:
    told, answer = client.send(letter() + b"\n" * (size - len(letter())))
    assert (told, answer["status"]) == (status, status)


def test_a_registered_job_can_be_tracked(client: LetterXpress, physics: Physics) -> None:
    number = client.send(registered="r1")[1]["data"]["id"]
    physics.advance_to(at(25, 11))
    (item,) = client.ask("GET", f"printjobs/{number}")[1]["data"]["items"]
    assert (item["tracking_code"][:2], item["tracking_status"]) == ("RT", "DELIVERED")


def test_a_job_with_a_day_waits_for_it_and_can_be_given_another(client: LetterXpress, physics: Physics) -> None:
    number = client.send(dispatch_date="2021-03-30")[1]["data"]["id"]
    status, answer = client.ask("PUT", f"printjobs/{number}", letter={"dispatch_date": "2021-03-24"})
    assert (status, answer["data"]["dispatch_date"]) == (200, "2021-03-24")
    physics.advance_to(at(26, 11))
    assert client.office.letterbox(HOME).newest is not None
    assert client.ask("PUT", f"printjobs/{number}", letter={"dispatch_date": "2021-03-30"})[0] == 409


def test_without_a_day_a_waiting_job_goes_at_once(client: LetterXpress, physics: Physics) -> None:
    number = client.send(dispatch_date="2021-03-30")[1]["data"]["id"]
    assert client.ask("PUT", f"printjobs/{number}", letter={})[0] == 200
    physics.advance_to(at(25, 11))
    assert client.office.letterbox(HOME).newest is not None


def test_a_job_can_be_cancelled_until_it_is_printed(client: LetterXpress, physics: Physics) -> None:
    first, second = (client.send()[1]["data"]["id"] for _ in range(2))
    assert client.ask("DELETE", f"printjobs/{first}")[1]["data"]["status"] == "canceled"
    physics.advance_to(at(23, 10))
    assert client.ask("DELETE", f"printjobs/{second}")[0] == 409
    physics.advance_to(at(25, 11))
    assert len(client.office.letterbox(HOME).letters) == 1


def test_jobs_are_listed_by_their_state(client: LetterXpress, physics: Physics) -> None:
    for _ in range(2):
        client.send()
    client.ask("DELETE", "printjobs/1")
    listed = {
        state: [job["id"] for job in client.ask("GET", f"printjobs?filter={state}")[1]["data"]]
        for state in ("queue", "canceled", "done")
    }
    assert listed == {"queue": [2], "canceled": [1], "done": []}
    assert len(client.ask("GET", "printjobs")[1]["data"]) == 2
    assert client.ask("GET", "printjobs?filter=lost")[0] == 400


def test_a_job_the_print_centre_rejects_is_held(client: LetterXpress, physics: Physics) -> None:
    physics.faults.arm("post", "print_error")
    number = client.send()[1]["data"]["id"]
    physics.advance_to(at(24, 9))
    assert client.ask("GET", f"printjobs/{number}")[1]["data"]["status"] == "hold"


def test_the_balance_falls_by_what_a_letter_costs(client: LetterXpress) -> None:
    priced = client.ask("GET", "price", letter={"specification": {"color": "4", "pages": 1}})[1]["data"]
    (item,) = client.send(specification={"color": "4"})[1]["data"]["items"]
    assert (item["amount"], item["vat"]) == (priced["price"], priced["vat"])
    left = float(client.ask("GET", "balance")[1]["data"]["balance"])
    assert left == pytest.approx(1000 - priced["price"] - priced["vat"])


def test_jobs_of_the_other_api_are_nobodys_here(client: LetterXpress) -> None:
    status, answer = EpostClient(client.office).ask("POST", "/api/Letter", [epost_letter()])
    assert status == 200
    assert client.ask("GET", f"printjobs/{answer[0]['letterID']}")[0] == 404
    number = client.send()[1]["data"]["id"]
    assert EpostClient(client.office).ask("GET", f"/api/Letter/{number}")[0] == 404


def test_an_outage_is_one_503(client: LetterXpress, physics: Physics) -> None:
    physics.faults.arm("post", "outage")
    assert client.send()[0] == 503
    assert client.send()[0] == 200
