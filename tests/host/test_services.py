"""How those who run a world's services have set them up: said when the world is made."""

from __future__ import annotations

import smtplib
import socket
from dataclasses import asdict
from typing import Any
from urllib.parse import urlsplit

import pytest

from emulators.host.control.new_world import NewServices, SmppService
from emulators.host.host import Host
from emulators.services import Services
from emulators.sms.smpp.account import Rules
from emulators.sms.smpp.bodies import Bind
from emulators.sms.smpp.codes import Command
from emulators.sms.smpp.framer import Framer, Pdu
from emulators.sms.smpp.pdu import encode, pdu

from .conftest import Control

OTHERS: dict[str, Any] = {
    "window": 5, "over_window": "queue_full", "sessions": 2, "deliveries": 7, "tries": 9, "retry_seconds": 5,
    "keep": 11, "enquire_seconds": 30, "idle_seconds": 300,
    "receipts": {
        "date_digits": 12, "text_label": "Text", "answer_id": "decimal", "receipt_id": "decimal", "sub": False,
        "tlvs": False,
    },
}  # fmt: skip


def make(control: Control, status: int = 201, **services: Any) -> Any:
    return control("POST", "/worlds", status, json={"name": "main", "services": services})


def test_nothing_said_leaves_everything_as_a_world_has_it_by_itself() -> None:
    assert asdict(NewServices().made()) == asdict(Services())


def test_all_rules_of_smpp_and_all_of_a_dialect_can_be_set() -> None:
    usual, set_otherwise = asdict(Rules()), asdict(SmppService(**OTHERS).rules())
    assert [name for name in usual if usual[name] == set_otherwise[name]] == []
    assert [name for name in usual["dialect"] if usual["dialect"][name] == set_otherwise["dialect"][name]] == []


def test_letters_take_as_long_as_the_law_has_it(control: Control, host: Host) -> None:
    make(control, letter_delivery="law_2025")
    assert host.get("main").world.post.profile.delivery == "law_2025"


@pytest.mark.parametrize(("logins", "code"), [("any", 250), ("own", 530)])
def test_mail_is_taken_from_anybody_or_only_after_a_login(control: Control, host: Host, logins: str, code: int) -> None:
    make(control, mail_logins=logins)
    to = control("POST", "/worlds/main/people", 201, json={})["email"]
    at = urlsplit(host.addresses["mail"])
    with smtplib.SMTP(at.hostname or "", at.port or 0, timeout=10) as client:
        client.ehlo()
        codes = [client.mail("kasse@insurer.example")[0], client.rcpt(to)[0]]
    assert max(codes) == code


def hear(line: socket.socket, framer: Framer) -> Pdu:
    while not (heard := list(framer.feed(data := line.recv(65536)))):
        assert data, "the line has ended"
    return heard[0]


def test_a_silent_client_is_asked_whether_it_is_there_and_then_hung_up_on(control: Control, host: Host) -> None:
    make(control, smpp={"enquire_seconds": 30, "idle_seconds": 50})
    sms, at = host.get("main").world.sms, urlsplit(host.addresses["smpp"])
    with socket.create_connection((at.hostname or "", at.port or 0), timeout=10) as line:
        framer = Framer()
        line.sendall(pdu(Command.BIND_TRANSCEIVER, 1, encode(Bind(sms.smpp_system_id, sms.smpp_password))))
        hear(line, framer)
        control("POST", "/worlds/main/clock/advance", 200, json={"seconds": 31})
        assert hear(line, framer).command == Command.ENQUIRE_LINK
        control("POST", "/worlds/main/clock/advance", 200, json={"seconds": 20})
        assert line.recv(65536) == b""


@pytest.mark.parametrize(
    ("services", "named"),
    [
        ({"letter_delivery": "never"}, "letter_delivery"),
        ({"smpp": {"window": 0}}, "window"),
        ({"smpp": {"window": "5"}}, "window"),
        ({"smpp": {"receipts": {"date_digits": 11}}}, "date_digits"),
        ({"fax": {}}, "fax"),
    ],
)
def test_what_cannot_be_set_is_named(control: Control, services: dict[str, Any], named: str) -> None:
    assert named in str(make(control, 422, **services))


@pytest.mark.parametrize("timer", ["enquire_seconds", "idle_seconds"])
def test_a_session_that_is_looked_after_for_ever_is_nothing_to_wait_for(
    control: Control, host: Host, timer: str
) -> None:
    make(control, smpp={timer: 30})
    sms, at = host.get("main").world.sms, urlsplit(host.addresses["smpp"])
    with socket.create_connection((at.hostname or "", at.port or 0), timeout=10) as line:
        line.sendall(pdu(Command.BIND_TRANSCEIVER, 1, encode(Bind(sms.smpp_system_id, sms.smpp_password))))
        hear(line, Framer())
        before = control("GET", "/worlds/main", 200)["now"]
        wait = {"channel": "sms", "event": "delivered", "advance": True}
        told = control("POST", "/worlds/main/wait", 408, json=wait)
        assert told["detail"] == "nothing is due any more"
        assert told["now"] == before


def test_sessions_of_an_account_are_set_up_where_the_account_is(control: Control) -> None:
    make(control)
    other = {"name": "other", "account_of": "main", "services": {"smpp": {"window": 1}}}
    assert "set in 'main'" in control("POST", "/worlds", 409, json=other)["detail"]
