"""Worlds that share an account at the SMS gateway: the recipient decides, however a client writes it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import requests

from emulators.host.host import Host
from emulators.host.hosted import Hosted


class Pair:
    """Two worlds of one account, each with a person; `one` had the account first."""

    def __init__(self, host: Host) -> None:
        self.base = host.addresses["sms"]
        self.one, self.two = host.create("one", 1), host.create("two", 2, account_of="one")
        for hosted in (self.one, self.two):
            hosted.world.settle_in("person", "adult")
        self.sid, self.token = self.one.world.sms.account_sid, self.one.world.sms.auth_token
        self._session = requests.Session()

    def close(self) -> None:
        self._session.close()

    def seven(self, path: str = "/api/sms", method: str = "POST", **request: Any) -> requests.Response:
        headers = {"X-Api-Key": self.one.world.sms.seven_key}
        return self._session.request(method, self.base + path, headers=headers, timeout=10, **request)

    def twilio(self, method: str, path: str = "", **request: Any) -> requests.Response:
        url = f"{self.base}/2010-04-01/Accounts/{self.sid}/Messages{path}.json"
        return self._session.request(method, url, auth=(self.sid, self.token), timeout=10, **request)


@pytest.fixture
def pair(host: Host) -> Iterator[Pair]:
    pair = Pair(host)
    assert number(pair.one) != number(pair.two)
    yield pair
    pair.close()


def number(hosted: Hosted) -> str:
    return hosted.world.people["person"].mobile


def texts(hosted: Hosted) -> list[str]:
    with hosted.world.physics.lock:
        return [text.body for text in hosted.world.sms.handset(number(hosted)).inbox]


@pytest.mark.parametrize("written", ["{}", "0{national}", "0049{national}", "49{national}", "+49 {national}"])
def test_seven_finds_the_recipients_world_in_every_way_to_write_a_number(pair: Pair, written: str) -> None:
    to = written.format(number(pair.two), national=number(pair.two).removeprefix("+49"))
    assert pair.seven(data={"to": to, "text": "for two"}).text == "100"
    assert (texts(pair.one), texts(pair.two)) == ([], ["for two"])


@pytest.mark.parametrize(
    "way",
    [
        lambda fields: {"json": {**fields, "to": [fields["to"]]}},
        lambda fields: {"json": fields},
        lambda fields: {"json": {**fields, "msg_id": "7"}},
        lambda fields: {"params": fields, "method": "GET"},
        lambda fields: {"params": fields},
        lambda fields: {"params": {"to": fields["to"]}, "data": {"text": fields["text"]}},
    ],
    ids=["json list", "json", "json with a field that is passed over", "get", "query", "query and form"],
)
def test_seven_finds_the_recipients_world_wherever_the_number_stands(pair: Pair, way: Any) -> None:
    assert pair.seven(**way({"to": number(pair.two), "text": "for two"})).text == "100"
    assert (texts(pair.one), texts(pair.two)) == ([], ["for two"])


def test_recipients_of_one_world_are_served_together(pair: Pair) -> None:
    child = pair.two.world.settle_in("child", "child")
    assert pair.seven(data={"to": f"{child.mobile},{number(pair.two)}", "text": "for two"}).text == "100"
    assert (texts(pair.one), texts(pair.two)) == ([], ["for two"])


def test_recipients_of_several_worlds_are_refused_and_nobody_gets_anything(pair: Pair) -> None:
    answer = pair.seven(data={"to": f"{number(pair.two)},{number(pair.one)}", "text": "for both"})
    assert (answer.status_code, answer.text.partition("\n")[0]) == (400, "400")
    assert "several worlds" in answer.text
    assert (texts(pair.one), texts(pair.two)) == ([], [])


def test_a_number_that_no_world_has_is_the_first_worlds_to_refuse(pair: Pair) -> None:
    assert pair.seven(data={"to": "12", "text": "x"}).text == "202"
    assert [hosted for hosted in (pair.one, pair.two) if list(hosted.world.journal.named("sms", "refused"))] == [
        pair.one
    ]


def test_the_status_of_a_message_is_asked_of_its_own_world(pair: Pair) -> None:
    sent = pair.seven(data={"to": number(pair.two), "text": "for two", "json": "1"}).json()["messages"][0]["id"]
    assert pair.seven("/api/status", "GET", params={"msg_id": sent}).text.startswith("DELIVERED\n")
    assert pair.seven("/api/status", data={"msg_id": sent}).text.startswith("DELIVERED\n")
    assert pair.seven("/api/status", json={"msg_id": int(sent)}).text.startswith("DELIVERED\n")
    assert pair.seven("/api/status", "GET", params={"msg_id": "1"}).text == "901"
    assert pair.seven("/api/status", "GET", params={"msg_id": "x"}).text == "901"


def test_a_list_to_a_recipient_is_of_the_recipients_world(pair: Pair) -> None:
    for hosted in (pair.one, pair.two):
        order = {"To": number(hosted), "From": "Test", "Body": f"for {hosted.name}"}
        assert pair.twilio("POST", data=order).status_code == 201
    for hosted in (pair.one, pair.two):
        found = pair.twilio("GET", params={"To": number(hosted)}).json()["messages"]
        assert [message["body"] for message in found] == [f"for {hosted.name}"]


def test_a_list_without_a_recipient_is_the_first_worlds_unless_the_path_names_another(pair: Pair) -> None:
    for hosted in (pair.one, pair.two):
        pair.twilio("POST", data={"To": number(hosted), "From": "Test", "Body": f"for {hosted.name}"})
    assert [message["body"] for message in pair.twilio("GET").json()["messages"]] == ["for one"]
    pair.base += "/worlds/two"
    assert [message["body"] for message in pair.twilio("GET").json()["messages"]] == ["for two"]


@pytest.mark.parametrize("body", [b"%ff=%ff", b"\xff", b"{", b"[1]", b"[" * 100_000])
@pytest.mark.parametrize("kind", ["application/json", "application/x-www-form-urlencoded"])
def test_a_request_that_cannot_be_read_is_the_first_worlds_to_refuse(pair: Pair, body: bytes, kind: str) -> None:
    headers = {"X-Api-Key": pair.one.world.sms.seven_key, "Content-Type": kind}
    assert requests.post(f"{pair.base}/api/sms", data=body, headers=headers, timeout=10).status_code in (200, 400)
    login = (pair.sid, pair.token)
    url = f"{pair.base}/2010-04-01/Accounts/{pair.sid}/Messages.json"
    assert requests.post(url, data=body, headers={"Content-Type": kind}, auth=login, timeout=10).status_code == 400
