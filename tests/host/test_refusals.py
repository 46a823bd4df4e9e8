"""How the control API says no: each time with what is the matter, what there is instead, and what helps."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from emulators.host.control.limit import MOST_OCTETS
from emulators.host.host import Host
from emulators.host.hosted import Hosted
from emulators.host.journals import JournalFiles

from .conftest import Control
from .test_journal_files import Full


@pytest.fixture
def one(host: Host) -> Hosted:
    return host.create("one")


# -- bodies ------------------------------------------------------------------------------------------------------------


def test_a_body_of_more_than_a_mebibyte_is_refused_however_it_comes(control: Control, one: Hosted) -> None:
    def pieces() -> Iterator[bytes]:
        yield from [b" " * 65536] * (MOST_OCTETS // 65536 + 1)

    headers = {"Content-Type": "application/json"}
    for body in (b" " * (MOST_OCTETS + 1), pieces()):
        told = control("POST", "/worlds/one/faults", 413, data=body, headers=headers)
        assert f"{MOST_OCTETS} octets" in told["detail"]
    most = json.dumps({"emulator": "sms", "kind": "lost"}).encode().ljust(MOST_OCTETS)
    control("POST", "/worlds/one/faults", 201, data=most, headers=headers)


def test_a_body_that_is_announced_too_long_is_refused_before_any_of_it_has_come(control: Control, one: Hosted) -> None:
    parts = urlsplit(control.base)
    head = "POST /worlds/one/wait HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
    with socket.create_connection((parts.hostname or "", parts.port or 0), timeout=10) as client:
        client.sendall(f"{head}Content-Length: 300000000\r\n\r\n".encode())
        assert client.recv(4096).startswith(b"HTTP/1.1 413 ")


def test_a_client_that_would_rather_speak_http_2_keeps_its_body(control: Control, one: Hosted) -> None:
    """As Java's client does, unless told otherwise."""
    upgrade = {"Connection": "Upgrade, HTTP2-Settings", "Upgrade": "h2c", "HTTP2-Settings": "AAMAAABkAAQAoAAAAAIAAAAA"}
    control("POST", "/worlds/one/faults", 201, json={"emulator": "sms", "kind": "lost"}, headers=upgrade)


def test_a_body_that_does_not_say_that_it_is_json_is_told_so(control: Control, one: Hosted) -> None:
    told = control("POST", "/worlds/one/wait", 422, data=b'{"timeout": 0}')
    assert told["detail"] == (
        "body: is taken as JSON with the header 'Content-Type: application/json'; it came with no Content-Type"
    )
    told = control("POST", "/worlds/one/wait", 422, data={"timeout": 0})
    assert "it came with 'Content-Type: application/x-www-form-urlencoded'" in told["detail"]
    told = control("POST", "/worlds/one/wait", 422, json=[])
    assert "Content-Type" not in told["detail"]


# -- paths and methods -------------------------------------------------------------------------------------------------


def test_what_is_not_there_is_told_with_where_to_look_for_what_is(control: Control, one: Hosted) -> None:
    assert control("GET", "/wrlds", 404)["detail"] == "there is no /wrlds here; GET / lists all that there is"
    told = control("PUT", "/worlds/one", 405)
    assert told["detail"] == "PUT is not for /worlds/one, which has DELETE, GET; GET / lists all that there is"


# -- faults ------------------------------------------------------------------------------------------------------------

_EARLY = (
    "outage", "refused_connection", "connect_refused", "ehlo_refused", "starttls_stripped", "starttls_refused",
    "bad_certificate", "smtputf8_refused",
)  # fmt: skip


@pytest.mark.parametrize("kind", _EARLY)
def test_a_fault_that_would_wait_in_vain_at_a_shared_door_is_refused(
    control: Control, host: Host, one: Hosted, kind: str
) -> None:
    host.create("two")
    told = control("POST", "/worlds/one/faults", 409, json={"emulator": "mail", "kind": kind})
    assert f"'mail.{kind}' strikes at '" in told["detail"]
    assert "serve that world alone" in told["detail"].lower()
    assert one.world.faults.unspent == ()


def test_the_same_fault_strikes_the_only_world_of_a_host(control: Control, host: Host, one: Hosted) -> None:
    control("POST", "/worlds/one/faults", 201, json={"emulator": "mail", "kind": "connect_refused"})
    parts = urlsplit(host.addresses["mail"])
    with socket.create_connection((parts.hostname or "", parts.port or 0), timeout=10) as client:
        assert client.recv(100).startswith(b"554 5.7.1")


@pytest.mark.parametrize("emulator", ["sms", "mail", "post", "ident", "branch"])
def test_all_other_faults_may_be_armed_at_shared_doors(
    control: Control, host: Host, one: Hosted, emulator: str
) -> None:
    host.create("two")
    kinds = [
        kind
        for kind, fault in one.world.faults.known[emulator].items()
        if not (emulator == "mail" and kind in _EARLY)
        and not any(field.is_required() for field in fault.model_fields.values())
    ]
    for kind in kinds:
        control("POST", "/worlds/one/faults", 201, json={"emulator": emulator, "kind": kind})
    assert kinds
    assert [armed.kind for armed in one.world.faults.unspent] == kinds


def test_all_faults_that_wait_can_be_taken_back(control: Control, host: Host, one: Hosted) -> None:
    armed = [
        control("POST", "/worlds/one/faults", 201, json={"emulator": emulator, "kind": "lost"})
        for emulator in ("sms", "post")
    ]
    assert control("DELETE", "/worlds/one/faults", 200) == armed
    assert control("GET", "/worlds/one/faults?emulator=none", 200)["armed"] == []
    told = [(entry.event, entry.data.get("emulator")) for entry in one.world.journal.entries]
    assert told[2:] == [("disarmed", "sms"), ("disarmed", "post")]
    assert control("DELETE", "/worlds/one/faults", 200) == []


def test_no_world_is_made_while_a_fault_waits_that_would_then_never_strike(control: Control, one: Hosted) -> None:
    """What a connection meets before it says whose it is strikes only as long as that is clear."""
    control("POST", "/worlds/one/faults", 201, json={"emulator": "mail", "kind": "refused_connection"})
    told = control("POST", "/worlds", 409, json={"name": "two"})
    assert "'mail.refused_connection' in the world 'one' would never strike" in told["detail"]
    control("DELETE", "/worlds/one/faults", 200)
    control("POST", "/worlds", 201, json={"name": "two"})


# -- waiting in vain ---------------------------------------------------------------------------------------------------


def test_a_wait_for_what_nobody_writes_tells_what_there_is_and_that_time_stands_still(
    control: Control, one: Hosted
) -> None:
    armed = control("POST", "/worlds/one/faults", 201, json={"emulator": "sms", "kind": "lost"})
    with one.world.physics.lock:
        for event in ("b", "a", "b"):
            one.world.journal.write("mail", event)
    told = control("POST", "/worlds/one/wait", 408, json={"channel": "maill", "timeout": 0.0})
    assert told["nearest"] == []
    assert [(kind["channel"], kind["event"], kind["count"]) for kind in told["journal"]] == [
        ("mail", "b", 2),
        ("fault", "armed", 1),
        ("mail", "a", 1),
    ]
    assert told["armed"] == [armed]
    assert told["detail"].startswith("nothing came within 0 seconds; time stands still in this world until it is moved")
    control("POST", "/worlds/one/clock/mode", 200, json={"mode": "real"})
    told = control("POST", "/worlds/one/wait", 408, json={"channel": "maill", "timeout": 0.0})
    assert told["detail"] == "nothing came within 0 seconds"


def test_what_a_wait_in_vain_tells_is_bounded(control: Control, one: Hosted) -> None:
    with one.world.physics.lock:
        for number in range(100):
            one.world.journal.write("test", f"event {number}")
            one.world.faults.arm("sms", "lost")
    told = control("POST", "/worlds/one/wait", 408, json={"channel": "maill", "timeout": 0.0})
    assert len(told["journal"]) < 100
    assert len(told["armed"]) < 100


# -- what the bench itself cannot do -----------------------------------------------------------------------------------


@pytest.fixture
def full_disc(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr("emulators.host.journals.FileIO", Full)
    monkeypatch.setattr(Full, "room", 10)
    return tmp_path


def test_a_journal_that_is_lost_with_its_world_is_told_with_how_much_and_where(
    control: Control, host: Host, one: Hosted, full_disc: Path
) -> None:
    files = JournalFiles(host, full_disc)
    one.world.journal.write("test", "first")
    one.world.journal.write("test", "second")
    told = control("DELETE", "/worlds/one", 500)
    assert told["detail"] == (
        "the world 'one' is gone, and of its journal the last 2 of 2 entries are lost: "
        f"{full_disc / 'one.jsonl'} cannot be written (No space left on device)"
    )
    control("GET", "/worlds/one", 404)
    assert files.end() == []


def test_what_nobody_foresaw_is_a_problem_too(control: Control, one: Hosted) -> None:
    one.world.physics.later(timedelta(minutes=1), lambda: 1 / 0, "break")
    told: dict[str, Any] = control("POST", "/worlds/one/clock/advance", 500, json={"minutes": 1})
    assert told["detail"] == "the bench itself has failed: ZeroDivisionError: division by zero"
