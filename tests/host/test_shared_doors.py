"""One door for many worlds, over real sockets."""

from __future__ import annotations

import base64
import smtplib
import socket
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from email.message import EmailMessage
from urllib.parse import urlsplit

import pytest
import requests

from emulators.host.doors import DOORS, Building, PortTaken
from emulators.host.host import Host
from emulators.host.hosted import Hosted, Mode
from emulators.host.router import mail_settle, smpp_accounts
from emulators.sms.smpp.bodies import Bind, ShortMessage
from emulators.sms.smpp.codes import Command, Status
from emulators.sms.smpp.framer import Framer, Pdu
from emulators.sms.smpp.pdu import encode, pdu

from .conftest import Control


def send_sms(host: Host, hosted: Hosted, body: str, to: str | None = None) -> requests.Response:
    keys = hosted.world.keys
    return requests.post(
        f"{host.addresses['sms']}/2010-04-01/Accounts/{keys['sms_sid']}/Messages.json",
        data={"To": to or hosted.world.people["person"].mobile, "From": "Test", "Body": body},
        auth=(keys["sms_sid"], keys["sms_token"]),
        timeout=10,
    )


def send_mail(host: Host, to: str, subject: str, login: tuple[str, str] | None = None, html: str | None = None) -> None:
    mail = EmailMessage()
    mail["From"], mail["To"], mail["Subject"] = "service@musterkasse.example", to, subject
    mail.set_content(html or "Hallo", "html" if html else "plain")
    address = urlsplit(host.addresses["mail"])
    with smtplib.SMTP(address.hostname or "", address.port or 0, timeout=10) as client:
        if login:
            client.login(*login)
        client.send_message(mail)


def bodies(hosted: Hosted, number: str | None = None) -> list[str]:
    world = hosted.world
    with world.physics.lock:
        return [m.body for m in world.sms.handset(number or world.people["person"].mobile).inbox]


def subjects(hosted: Hosted) -> list[str]:
    world = hosted.world
    with world.physics.lock:
        return [m.subject for m in world.mail.mailbox(world.people["person"].email).messages]


def settled(host: Host, *names: str, seed: int = 0) -> list[Hosted]:
    made = [host.create(name, seed) for name in names]
    for hosted in made:
        hosted.world.settle_in("person", "adult")
    return made


@pytest.mark.parametrize(
    ("door", "path"),
    [
        ("mail_api", "/openapi.json"),
        ("post", "/v3/openapi.json"),
        ("post", "/api/openapi.json"),
        ("sms", "/2010-04-01/openapi.json"),
        ("sms", "/api/openapi.json"),
    ],
)
def test_a_description_says_where_the_world_is_that_was_asked(host: Host, door: str, path: str) -> None:
    settled(host, "one", "two")
    described = requests.get(f"{host.addresses[door]}/worlds/two{path}", timeout=10).json()
    assert described["servers"] == [{"url": "/worlds/two"}]


def test_two_worlds_of_one_seed_hear_nothing_of_each_other(host: Host) -> None:
    one, two = settled(host, "one", "two", seed=4)
    assert one.world.people["person"].mobile == two.world.people["person"].mobile
    one.world.faults.arm("sms", "lost")
    for hosted in (one, two):
        assert send_sms(host, hosted, f"for {hosted.name}").status_code == 201
        send_mail(host, hosted.world.people["person"].email, f"for {hosted.name}")
    assert (bodies(one), bodies(two)) == ([], ["for two"])
    assert (subjects(one), subjects(two)) == (["for one"], ["for two"])
    assert "two" not in one.world.journal.to_jsonl()
    assert "one" not in two.world.journal.to_jsonl()


def test_a_hundred_worlds_at_once_keep_their_messages_apart(host: Host) -> None:
    worlds = settled(host, *(f"w{index}" for index in range(100)))

    def visit(hosted: Hosted) -> None:
        assert send_sms(host, hosted, hosted.name).status_code == 201

    with ThreadPoolExecutor(8) as visitors:
        list(visitors.map(visit, worlds))
    assert [bodies(hosted) for hosted in worlds] == [[hosted.name] for hosted in worlds]


def test_a_world_that_is_busy_keeps_nobody_else_waiting(host: Host) -> None:
    busy, free = settled(host, "busy", "free")
    with ThreadPoolExecutor(1) as visitor:
        with busy.world.physics.lock:
            assert send_sms(host, free, "quick").status_code == 201
            waiting = visitor.submit(requests.get, f"{host.addresses['branch']}/worlds/nobody/x", timeout=10)
            assert waiting.result().status_code == 404
        assert send_sms(host, busy, "late").status_code == 201


@pytest.mark.parametrize(
    ("surface", "path", "headers", "status"),
    [
        ("sms", "/2010-04-01/Accounts/AC0/Messages.json", {}, 401),
        ("branch", "/api/appointments/A1", {"X-Api-Key": "nobody's"}, 401),
        ("ident", "/ident/v1/health", {"X-Api-Key": "nobody's"}, 401),
        ("ident", "/jump/unknown", {}, 404),
    ],
)
def test_a_stranger_is_refused_in_the_words_of_the_surface_and_remembered(
    host: Host, surface: str, path: str, headers: dict[str, str], status: int
) -> None:
    settled(host, "one", "two")
    answer = requests.get(host.addresses[surface] + path, headers=headers, timeout=10)
    assert answer.status_code == status
    assert answer.json()
    assert host.strangers[-1].surface == surface
    assert all(len(hosted.world.journal) == 0 for hosted in host)


def test_worlds_that_share_an_account_are_told_apart_by_the_recipients_number(host: Host) -> None:
    (one,) = settled(host, "one", seed=1)
    two = host.create("two", seed=2, account_of="one")
    two.world.settle_in("person", "teen")
    number = two.world.people["person"].mobile
    assert number != one.world.people["person"].mobile
    sent = send_sms(host, one, "for two", to=number)
    assert (bodies(one), bodies(two)) == ([], ["for two"])
    keys = one.world.keys
    url = f"{host.addresses['sms']}{sent.json()['uri']}"
    fetched = requests.get(url, auth=(keys["sms_sid"], keys["sms_token"]), timeout=10)
    assert fetched.json()["status"] == "delivered"


def test_a_world_can_be_named_in_front_of_the_path(host: Host) -> None:
    one, two = settled(host, "one", "two")
    for hosted in (one, two):
        url = f"{host.addresses['branch']}/worlds/{hosted.name}/api/appointments"
        key = {"X-Api-Key": one.world.branch.api_key}
        answer = requests.post(url, json={"kvnr": "X123456780"}, headers=key, timeout=10)
        assert answer.status_code == (201 if hosted is one else 401)
    assert list(two.world.branch.appointments) == []


def test_the_link_to_an_ident_case_leads_back_into_its_world(host: Host) -> None:
    one, two = settled(host, "one", "two")
    cases = []
    for hosted in (one, two):
        person = hosted.world.people["person"]
        order = {
            "external_ref": "R1",
            "subject": {
                "given_name": person.given_names,
                "family_name": person.family_name,
                "birth_date": person.birth_date.isoformat(),
                "kvnr": person.kvnr,
            },
            "health_card": {"iccsn": person.card.iccsn},
        }
        key = {"X-Api-Key": hosted.world.ident.api_key}
        cases.append(requests.post(f"{host.addresses['ident']}/ident/v1/cases", json=order, headers=key, timeout=10))
    one_case, two_case = (case.json() for case in cases)
    assert one_case["case_id"] == two_case["case_id"]  # same seed: only the link tells the worlds apart
    before = len(one.world.journal)
    assert requests.get(two_case["jump_url"], timeout=10).status_code == 200
    assert len(one.world.journal) == before
    assert [entry.data["case_id"] for entry in two.world.journal.named("ident", "case.state")]


def test_a_status_callback_may_come_back_in_through_a_door_of_the_same_loop(host: Host, control: Control) -> None:
    (one,) = settled(host, "one")
    keys = one.world.keys
    answer = requests.post(
        f"{host.addresses['sms']}/2010-04-01/Accounts/{keys['sms_sid']}/Messages.json",
        data={
            "To": one.world.people["person"].mobile,
            "From": "Test",
            "Body": "x",
            "StatusCallback": f"{host.addresses['branch']}/worlds/one/nothing-here",
        },
        auth=(keys["sms_sid"], keys["sms_token"]),
        timeout=10,
    )
    assert answer.status_code == 201
    wanted = {"channel": "sms", "event": "callback", "data": {"status": "delivered"}}
    assert control("POST", "/worlds/one/wait", 200, json=wanted)["data"]["answer"] == 404


def test_a_taken_port_is_told_with_the_doors_name_and_nothing_stays_open() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        building = Building(Host(), ports={"post": port})
        with pytest.raises(PortTaken, match=f"'post' cannot listen on 127.0.0.1:{port}.*--port post=PORT"):
            building.open()
        control = urlsplit(building.host.addresses["control"])
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection((control.hostname or "", control.port or 0), timeout=5)


def test_doors_open_at_the_ports_asked_for(open_host: Callable[..., Building]) -> None:
    def free_ports() -> dict[str, int]:
        with ExitStack() as held:
            sockets = {name: held.enter_context(socket.create_server(("127.0.0.1", 0))) for name in DOORS}
            return {name: free.getsockname()[1] for name, free in sockets.items()}

    for attempt in range(5):  # somebody else may take a port in between
        ports = free_ports()
        try:
            addresses = open_host(ports=ports).host.addresses
            break
        except PortTaken:
            if attempt == 4:
                raise
    assert {name: urlsplit(address).port for name, address in addresses.items()} == ports


def test_an_unknown_door_and_an_open_address_without_a_token_are_refused() -> None:
    with pytest.raises(ValueError, match="no door 'fax'; known: control, sms"):
        Building(Host(), ports={"fax": 1})
    with pytest.raises(ValueError, match="needs a token"):
        Building(Host(), address="0.0.0.0")
    for token in ("", " "):
        with pytest.raises(ValueError, match="the token is empty"):
            Building(Host(), address="0.0.0.0", token=token)


def test_what_is_announced_is_where_clients_call(open_host: Callable[..., Building]) -> None:
    here = open_host().host.addresses
    assert {urlsplit(address).hostname for address in here.values()} == {"127.0.0.1"}
    there = open_host(announce="bench.example").host.addresses
    assert {urlsplit(address).hostname for address in there.values()} == {"bench.example"}
    assert all(urlsplit(address).port for address in there.values())
    assert urlsplit(open_host(announce="2001:db8::1").host.addresses["sms"]).hostname == "2001:db8::1"


def test_beyond_this_machine_mails_are_read_with_the_token_only(open_host: Callable[..., Building]) -> None:
    host = open_host(address="0.0.0.0", token="secret").host
    host.create("one")
    at = urlsplit(host.addresses["mail_api"])
    assert at.hostname == socket.gethostname()
    url = f"http://127.0.0.1:{at.port}/worlds/one/api/v1/messages"
    refused = requests.get(url, timeout=10)
    assert (refused.status_code, refused.headers["www-authenticate"]) == (
        401,
        'Bearer realm="mail", Basic realm="mail"',
    )
    assert requests.get(url, auth=("whoever", "wrong"), timeout=10).status_code == 401
    assert requests.get(url, auth=("whoever", "secret"), timeout=10).status_code == 200
    assert requests.get(url, headers={"Authorization": "Bearer secret"}, timeout=10).status_code == 200


def test_what_a_visit_over_smpp_or_smtp_has_brought_about_is_not_overslept(host: Host) -> None:
    worlds = [host.create("one"), host.create("two", account_of="one")]
    nudged: list[str] = []
    host.on_change(lambda: nudged.append("nudged"))
    for hosted in worlds:
        hosted.follow(Mode.REAL, 1.0, lambda: 0.0)
    nudged.clear()
    account = smpp_accounts(host)(worlds[0].world.sms.smpp_system_id)
    assert account is not None
    account.settle()
    assert nudged == ["nudged"]
    mail_settle(host)(worlds[1].world.mail)
    assert nudged == ["nudged"] * 2


def test_a_mail_to_a_world_that_has_just_been_dropped_is_settled_all_the_same(host: Host) -> None:
    one = host.create("one")
    happened: list[str] = []
    one.world.physics.soon(lambda: happened.append("it"), "it")
    host.drop("one")
    mail_settle(host)(one.world.mail)
    assert happened == ["it"]


def test_an_smpp_client_binds_to_the_world_of_its_system_id(host: Host) -> None:
    one, two = settled(host, "one", "two")
    at = urlsplit(host.addresses["smpp"])
    for hosted, system_id in ((one, one.world.sms.smpp_system_id), (None, "nobody")):
        with socket.create_connection((at.hostname or "", at.port or 0), timeout=10) as line:
            bind = Bind(system_id, one.world.sms.smpp_password)
            to = one.world.people["person"].mobile.removeprefix("+")
            submit = ShortMessage("", 0, 0, "4711", 1, 1, to, short_message=b"by SMPP")
            line.sendall(pdu(Command.BIND_TRANSCEIVER, 1, encode(bind)) + pdu(Command.SUBMIT_SM, 2, encode(submit)))
            framer, heard = Framer(), list[Pdu]()
            while len(heard) < (2 if hosted else 1):
                data = line.recv(65536)
                assert data, heard
                heard += framer.feed(data)
            assert heard[0].status == (Status.ROK if hosted else Status.RINVSYSID)
    assert (bodies(one), bodies(two)) == (["by SMPP"], [])
    assert host.strangers[-1].account == "nobody"


def test_mails_are_read_by_the_worlds_name_or_its_mail_user(host: Host, control: Control) -> None:
    one, two = settled(host, "one", "two")
    send_mail(host, one.world.people["person"].email, "Hallo")
    control("POST", "/worlds/one/wait", 200, json={"channel": "mail", "event": "delivered"})
    base, path = host.addresses["mail_api"], "/api/v1/messages"
    login = (two.world.mail.smtp_user, two.world.mail.smtp_password)
    assert requests.get(f"{base}/worlds/one{path}", timeout=10).json()["total"] == 1
    assert requests.get(base + path, auth=login, timeout=10).json()["total"] == 0


@pytest.mark.parametrize("given", ["Basic", "Basic !!", "Basic " + base64.b64encode(b"\xff:\xfe").decode(), "Bearer x"])
def test_credentials_that_are_none_open_no_mailbox(host: Host, given: str) -> None:
    settled(host, "one", "two")
    url = f"{host.addresses['mail_api']}/api/v1/messages"
    answer = requests.get(url, headers={"Authorization": given}, timeout=10)
    assert (answer.status_code, "/worlds/NAME" in answer.text) == (404, True)
