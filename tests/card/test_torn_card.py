"""What a card keeps that loses its power in the midst of a command: counters are written first."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from emulators.card.access import Enforcement
from emulators.card.card import HealthCard
from emulators.card.passwords import TransportState
from emulators.core.clock import DEFAULT_START
from emulators.core.people import People

TODAY = DEFAULT_START.date()
PERSON = People(1, TODAY).adult()


def card(transport: TransportState = TransportState.REGULAR) -> HealthCard:
    return HealthCard.personalised(
        PERSON, today=TODAY, enforcement=Enforcement.CONTACT_RULES_EVERYWHERE, transport=transport
    )


def block(digits: str) -> bytes:
    return bytes.fromhex(f"2{len(digits)}{digits:F<14}")


VERIFY, RESET = bytes.fromhex("0020000208"), bytes.fromhex("002C010208")


@pytest.mark.parametrize("pin", [PERSON.card.pin, "000000"])
def test_a_torn_verify_has_used_up_a_try_whether_the_pin_was_right_or_not(pin: str) -> None:
    subject = card()
    subject.transmit_torn(VERIFY + block(pin))
    assert subject.password.tries == 2


def test_a_torn_verify_opens_nothing() -> None:
    subject = card()
    subject.transmit_torn(VERIFY + block(PERSON.card.pin))
    assert subject.transmit(bytes.fromhex("80200002")).hex() == "63c2"


def test_a_torn_use_of_the_puk_is_used_up_and_unblocks_nothing() -> None:
    subject = card()
    subject.block_pin()
    subject.transmit_torn(RESET + block(PERSON.card.puk))
    assert (subject.password.tries, subject.password.puk_uses) == (0, 9)


def test_a_torn_first_pin_was_never_set() -> None:
    subject = card(TransportState.EMPTY_PIN)
    subject.transmit_torn(bytes.fromhex("0024010208") + block("654321"))
    assert subject.password.transport is TransportState.EMPTY_PIN
    assert subject.transmit(bytes.fromhex("0024010208") + block("654321")).hex() == "9000"


@pytest.mark.parametrize("setting", ["0024010D08", "002C020D08"])
def test_a_torn_password_of_the_deputy_was_never_set(setting: str) -> None:
    subject = card()
    assert subject.transmit(bytes.fromhex("0020000108") + block(PERSON.card.pin)).hex() == "9000"
    subject.transmit_torn(bytes.fromhex(setting) + block("654321"))
    assert subject.transmit(bytes.fromhex("0020000D08") + block("654321")).hex() == "63c2"


READ_GDO = bytes.fromhex("00B0820000")
UNHEARD: tuple[Callable[[], bytes], ...] = (lambda: READ_GDO, lambda: b"", lambda: VERIFY)


@pytest.mark.parametrize("command", UNHEARD)
def test_any_other_torn_command_leaves_the_card_as_it_was(command: Callable[[], bytes]) -> None:
    subject = card()
    subject.transmit_torn(command())
    assert subject.password.tries == 3
    assert subject.transmit(READ_GDO)[-2:].hex() == "9000"


def test_a_card_works_again_after_it_was_torn_away() -> None:
    subject = card()
    subject.transmit_torn(VERIFY + block("000000"))
    assert subject.transmit(VERIFY + block(PERSON.card.pin)).hex() == "9000"
    assert subject.password.tries == 3
