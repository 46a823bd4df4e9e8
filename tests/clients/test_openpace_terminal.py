"""PACE and secure messaging with a terminal of another make, OpenPACE's libeac, through the virtual reader."""

from __future__ import annotations

import ctypes
from collections.abc import Iterator
from contextlib import closing, contextmanager

import pytest

from emulators.card import HealthCard
from emulators.card.connection import connect
from emulators.card.passwords import pin_block
from tests.clients.openpace import LIBRARY, OpenPaceError, OpenPaceTerminal
from tests.pcsc.virtual_reader import PERSON, PIN, SLOT_NAMES, Insert, do_without

READ_GDO, GDO = bytes.fromhex("00B08200"), bytes.fromhex("5A0A802768831100001527159000")
SELECT, VERIFY, PIN_STATUS = bytes.fromhex("00A4040C"), bytes.fromhex("00200002"), bytes.fromhex("80200002")


@pytest.fixture(autouse=True)
def _library() -> None:
    try:
        ctypes.CDLL(LIBRARY)
    except OSError:
        do_without(LIBRARY, "apt-get install libeac3")


@contextmanager
def terminal(can: str = PERSON.card.can) -> Iterator[OpenPaceTerminal]:
    with closing(connect(f"pcsc:{SLOT_NAMES[0]}")) as card:
        card_access = card.transmit(bytes.fromhex("00B09C0000"))
        yield OpenPaceTerminal(card.transmit, card_access[:-2], can)


def test_openpace_opens_a_channel_and_reads_through_it(insert: Insert, card: HealthCard) -> None:
    with insert(card), terminal() as theirs:
        theirs.open()
        assert theirs.secured(SELECT) == b"\x90\x00"
        assert theirs.secured(READ_GDO, le=b"\x00") == GDO


def test_openpace_logs_in_through_the_channel(insert: Insert, card: HealthCard) -> None:
    with insert(card), terminal() as theirs:
        theirs.open()
        assert theirs.secured(PIN_STATUS) == b"\x63\xc3"
        assert theirs.secured(VERIFY, pin_block("999999")) == b"\x63\xc2"
        assert theirs.secured(VERIFY, pin_block(PIN)) == b"\x90\x00"
        theirs.secured(SELECT, bytes.fromhex("A000000167455349474E"))
        assert theirs.secured(bytes.fromhex("002241B6"), bytes.fromhex("840184800100")) == b"\x90\x00"
        signature = theirs.secured(bytes.fromhex("002A9E9A"), bytes(32), b"\x00")
        assert (len(signature), signature[-2:].hex()) == (66, "9000")


def test_a_wrong_can_fails_at_the_last_round_and_costs_no_pin_try(insert: Insert, card: HealthCard) -> None:
    with insert(card):
        with terminal("999999") as theirs, pytest.raises(OpenPaceError, match="6300"):
            theirs.open()
        assert card.password.tries == 3
        with terminal() as theirs:
            theirs.open()


def test_many_sessions_one_after_the_other_all_open(insert: Insert, card: HealthCard) -> None:
    with insert(card):
        for _ in range(20):
            with terminal() as theirs:
                theirs.open()
                assert theirs.secured(READ_GDO, le=b"\x00") == GDO
