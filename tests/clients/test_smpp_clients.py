"""SMPP clients that others wrote, unchanged, at the gateway's SMPP door: smpplib, aiosmpplib, npm's smpp."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from emulators.sms.smpp.doors import smpp_door
from emulators.wire.loop import BackgroundLoop
from tests.pcsc.virtual_reader import do_without, installed, need, run
from tests.sms.smpp.peer import NUMBER, Centre

ROOT = Path(__file__).parents[2]
PROGRAMS = Path(__file__).parent / "programs"
NPM_SMPP = "smpp@0.5.1"
LONG = "Grüße aus Köln: Ihr Zugangscode ist 123456, gültig für 10 Minuten. " * 4  # two parts, umlauts only


@pytest.fixture
def centre() -> Centre:
    return Centre()


@pytest.fixture
def given(centre: Centre) -> Iterator[dict[str, Any]]:
    door = smpp_door("smpp", centre.find)
    with BackgroundLoop() as loop:
        at = urlsplit(door.open(loop))
        account = {"system_id": centre.account.system_id, "password": centre.gateway.smpp_password}
        yield {"host": at.hostname, "port": at.port, "to": NUMBER, **account}
        door.close()


def python(program: str, given: dict[str, Any]) -> Any:
    """What a program says, run with the interpreter that has the clients."""
    interpreter = ROOT / ".venv-clients" / "bin" / "python"
    if not interpreter.exists():
        do_without("the third-party clients' environment (.venv-clients)", "make clients")
    done = run(str(interpreter), str(PROGRAMS / program), json.dumps(given))
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def shown(centre: Centre) -> list[str]:
    return [text.body for text in centre.handset.inbox]


def test_smpplib_sends_a_long_text_with_umlauts(centre: Centre, given: dict[str, Any]) -> None:
    seen = python("smpp_smpplib.py", given | {"text": LONG})
    assert shown(centre) == [LONG]
    assert len(seen["answers"]) == len(seen["receipts"]) == seen["parts"] == 2
    for taken, receipt in zip(seen["answers"], seen["receipts"], strict=True):
        assert receipt.startswith(f"id:{taken} sub:001 dlvrd:001 ")
        assert "stat:DELIVRD" in receipt
    assert centre.events("doubt") == []
    assert centre.events("unbound") == [{"by": "client"}]


def test_the_escape_pair_that_smpplib_splits_is_taken_and_reported(centre: Centre, given: dict[str, Any]) -> None:
    text = "a" * 152 + "€" + "b" * 20
    python("smpp_smpplib.py", given | {"text": text})
    assert [event["what"] for event in centre.events("doubt")] == ["escape_pair_split"]


def test_aiosmpplib_sends_a_long_text_and_reads_its_receipt(centre: Centre, given: dict[str, Any]) -> None:
    seen = python("smpp_aiosmpplib.py", given | {"text": LONG})
    assert shown(centre) == [LONG]
    (receipt,), (taken,) = seen["receipts"], seen["answers"]
    assert (receipt["id"], receipt["stat"], receipt["dlvrd"]) == (taken, "DELIVRD", "1")


def test_npm_smpp_binds_submits_enquires_and_unbinds(
    centre: Centre, given: dict[str, Any], pytestconfig: pytest.Config
) -> None:
    node, npm = need("node", "nodejs"), need("npm", "npm")
    folder = installed(pytestconfig, "npm-smpp", npm, "install", "--no-audit", "--no-fund", "--prefix", ".", NPM_SMPP)
    command = json.dumps(given | {"text": "Für Sie: 123456"})
    done = run(node, str(PROGRAMS / "smpp_node.js"), command, NODE_PATH=str(folder / "node_modules"))
    assert done.returncode == 0, done.stderr
    seen = json.loads(done.stdout)
    assert shown(centre) == ["Für Sie: 123456"]
    assert (seen["bind"], seen["enquire_link"], seen["unbind"]) == (0, 0, 0)
    (receipt,), (taken,) = seen["receipts"], seen["answers"]
    assert (receipt["id"], receipt["state"]) == (taken, 2)
