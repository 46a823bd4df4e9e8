"""The other PC/SC stacks: pcsc_scan, pyscard's own ways, Java's smartcardio, Node's pcsclite."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from emulators.card import HealthCard
from emulators.card.vpcd import ATRS
from tests.pcsc.virtual_reader import SLOT_NAMES, Insert, in_slot, installed, need, run

PROGRAMS = Path(__file__).parent / "programs"
SELECT, READ_GDO, READ_VERSION = "00A4040C", "00B0820000", "00B09100000000"
ANSWERS = (
    ATRS["starcos"].hex().upper(),
    "9000",
    "5A0A802768831100001527159000",
    "EF2BC003020000C103040502C210544553544F544553544F4E4C59010000C403010000C503020000C7030100009000",
)
PCSCLITE = "@pokusew/pcsclite@0.6.0"


def test_pcsc_scan_sees_the_card_and_names_its_atr(insert: Insert, card: HealthCard) -> None:
    scan = need("pcsc_scan", "pcsc-tools")
    with insert(card):
        shown = run(scan, "-c").stdout
    first, second = shown.split("Reader 1:")
    assert "Reader 0: Virtual PCD 00 00" in first
    assert "Card inserted" in first
    assert "ATR: 3B D0 97 FF 81 B1 FE 45 1F 07 2B" in first
    assert "Card removed" in second


def test_pcsc_scan_counts_insertions(insert: Insert, card: HealthCard) -> None:
    scan = need("pcsc_scan", "pcsc-tools")
    with insert(card) as door:
        door.remove()
        in_slot(False)
        assert "Card inserted" not in run(scan, "-c").stdout
        door.insert(card)
        in_slot(True)
        assert "Card inserted" in run(scan, "-c").stdout


def test_pyscard_is_told_of_cards_that_come_and_go(insert: Insert, card: HealthCard) -> None:
    # In a process of its own: pyscard's monitor is one thread for all, and outlives the test that started it.
    command = [sys.executable, str(PROGRAMS / "watch_cards.py"), SLOT_NAMES[0]]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as watcher:
        assert watcher.stdout is not None
        assert watcher.stdout.readline() == "watching\n"
        with insert(card):
            assert watcher.stdout.readline() == "added\n"
        assert watcher.stdout.readline() == "removed\n"


def test_pyscard_waits_for_a_card_by_its_atr(insert: Insert, card: HealthCard) -> None:
    from smartcard.CardRequest import CardRequest
    from smartcard.CardType import ATRCardType

    with insert(card):
        service = CardRequest(timeout=10, cardType=ATRCardType(list(ATRS["starcos"]))).waitforcard()
        service.connection.connect()
        data, *sw = service.connection.transmit(list(bytes.fromhex(READ_VERSION)))
        service.connection.release()
    assert (bytes(data) + bytes(sw)).hex().upper() == ANSWERS[3]


def test_java_smartcardio_reads_the_card(insert: Insert, card: HealthCard) -> None:
    java = need("java", "default-jdk-headless")
    libraries = sorted(Path("/usr/lib").glob("*-linux-gnu*/libpcsclite.so.1"))
    library = [f"-Dsun.security.smartcardio.library={path}" for path in libraries[:1]]
    with insert(card):
        done = run(java, *library, str(PROGRAMS / "ReadCard.java"), SLOT_NAMES[0], SELECT, READ_GDO, READ_VERSION)
    assert tuple(done.stdout.split()) == ANSWERS, done.stderr


def test_node_pcsclite_reads_the_card(insert: Insert, card: HealthCard, pytestconfig: pytest.Config) -> None:
    node, npm = need("node", "nodejs"), need("npm", "npm")
    need("g++", "g++ libpcsclite-dev")
    folder = installed(
        pytestconfig, "npm-pcsclite", npm, "install", "--no-audit", "--no-fund", "--prefix", ".", PCSCLITE
    )
    program = str(PROGRAMS / "read_card.js")
    with insert(card):
        done = run(node, program, SLOT_NAMES[0], SELECT, READ_GDO, READ_VERSION, NODE_PATH=str(folder / "node_modules"))
    assert tuple(done.stdout.split()) == ANSWERS, done.stderr
