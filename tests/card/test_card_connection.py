"""Cards as a program written for pyscard holds them, without pcscd."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

pytest.importorskip("smartcard", reason="pip install 'pruefstand[pcsc]' after apt-get install libpcsclite-dev swig gcc")

from smartcard.CardConnection import CardConnection
from smartcard.Exceptions import CardConnectionException, NoCardException
from smartcard.sw.ErrorCheckingChain import ErrorCheckingChain
from smartcard.sw.ISO7816_4ErrorChecker import ISO7816_4ErrorChecker
from smartcard.sw.SWExceptions import CheckingErrorException

from emulators.card import HealthCard
from emulators.card.connection import Contactless, MissingExtra, connect
from emulators.card.passwords import pin_block
from emulators.card.pcsc import Disposition, InProcessConnection
from tests.pcsc.virtual_reader import PIN, issue

SELECT = list(bytes.fromhex("00A4040C"))
READ_GDO = list(bytes.fromhex("00B0820000"))
VERIFY = list(bytes.fromhex("0020000208") + pin_block(PIN))
PIN_STATUS = list(bytes.fromhex("80200002"))


@pytest.fixture
def card() -> HealthCard:
    return issue()


@pytest.fixture
def connection(card: HealthCard) -> InProcessConnection:
    connection = InProcessConnection(card)
    connection.connect()
    return connection


def test_a_connection_gives_the_atr_and_transmits(connection: InProcessConnection) -> None:
    assert bytes(connection.getATR()).hex().upper() == "3BD096FF81B1FE451F032E"
    assert connection.transmit(SELECT) == ([], 0x90, 0x00)
    assert connection.transmit(READ_GDO) == (list(bytes.fromhex("5A0A80276883110000152715")), 0x90, 0x00)
    assert connection.getProtocol() == CardConnection.T1_protocol


def test_nothing_is_transmitted_before_connecting(card: HealthCard) -> None:
    with pytest.raises(CardConnectionException, match="not connected"):
        InProcessConnection(card).transmit(SELECT)


def test_a_card_does_not_speak_t0_alone(card: HealthCard) -> None:
    with pytest.raises(CardConnectionException, match="T=1 only"):
        InProcessConnection(card).connect(CardConnection.T0_protocol)


def test_an_empty_reader_has_no_card() -> None:
    with pytest.raises(NoCardException):
        InProcessConnection(None).connect()


def test_a_card_pulled_out_is_missed_at_the_next_command(connection: InProcessConnection) -> None:
    connection.card = None
    with pytest.raises(NoCardException):
        connection.transmit(SELECT)


def test_a_disconnected_card_forgets_the_pin(card: HealthCard, connection: InProcessConnection) -> None:
    assert connection.transmit(VERIFY)[1:] == (0x90, 0x00)
    connection.disconnect()
    assert card.transmit(bytes(PIN_STATUS)).hex() == "63c3"


def test_a_card_left_as_it_is_keeps_the_pin_verified(card: HealthCard) -> None:
    connection = InProcessConnection(card)
    connection.connect(disposition=Disposition.LEAVE)
    connection.transmit(VERIFY)
    connection.disconnect()
    assert card.transmit(bytes(PIN_STATUS)).hex() == "9000"


def test_reconnecting_resets_the_card_unless_told_to_leave_it(connection: InProcessConnection) -> None:
    connection.transmit(VERIFY)
    connection.reconnect(disposition=Disposition.LEAVE)
    assert connection.transmit(PIN_STATUS)[1:] == (0x90, 0x00)
    connection.reconnect()
    assert connection.transmit(PIN_STATUS)[1:] == (0x63, 0xC3)


def test_error_checkers_of_pyscard_see_the_status_word(connection: InProcessConnection) -> None:
    connection.setErrorCheckingChain([ErrorCheckingChain([], ISO7816_4ErrorChecker())])
    with pytest.raises(CheckingErrorException):
        connection.transmit([0x00, 0xB0, 0x9A, 0x00, 0x00])


def test_a_card_on_the_antenna_answers_with_that_interface(card: HealthCard) -> None:
    connection = InProcessConnection(Contactless(card))
    connection.connect()
    assert bytes(connection.getATR()).hex().upper() == "3B858001300101301014"
    assert connection.transmit(list(bytes.fromhex("00B09C0000")))[1:] == (0x90, 0x00)


def test_another_kind_of_address_is_refused() -> None:
    with pytest.raises(ValueError, match="pcsc:READER"):
        connect("usb:1")


def test_without_pyscard_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "smartcard", None)
    monkeypatch.delitem(sys.modules, "emulators.card.pcsc")
    with pytest.raises(MissingExtra, match=r"pip install 'pruefstand\[pcsc\]'"):
        connect("pcsc:")


def test_a_machine_without_a_running_pcscd_is_told_so() -> None:
    asked = "from emulators.card.connection import connect, NoSuchReader\ntry: connect('pcsc:')\n"
    done = subprocess.run(
        (sys.executable, "-c", asked + "except NoSuchReader as error: print(error)"),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        env={**os.environ, "PCSCLITE_CSOCK_NAME": "/nonexistent/pcscd.comm"},
    )
    assert "PC/SC does not answer" in done.stdout, done.stderr
    assert "is pcscd running?" in done.stdout
