"""A card in the virtual reader of a real pcscd, seen through PC/SC."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from itertools import pairwise
from pathlib import Path
from time import perf_counter

import pytest

from emulators.card import HealthCard, doors
from emulators.card.pcscd import Pcscd
from emulators.card.vpcd import ATRS, InsertableCard
from tests.pcsc.virtual_reader import PIN, SLOT_NAMES, Insert, in_slot, issue

READ_GDO = bytes.fromhex("00B0820000")
GDO = bytes.fromhex("5A0A802768831100001527159000")
VERIFY = bytes.fromhex("0020000208") + bytes.fromhex(f"26{PIN}FFFFFFFF")
PIN_STATUS = bytes.fromhex("80200002")


@contextmanager
def held(slot: int = 0) -> Iterator[InsertableCard]:
    """The card in a slot, in the hands of a PC/SC program."""
    from emulators.card.connection import connect

    with closing(connect(f"pcsc:{SLOT_NAMES[slot]}")) as card:
        yield card


def test_a_card_is_read_through_pcsc(insert: Insert, card: HealthCard) -> None:
    with insert(card), held() as seen:
        assert seen.power_on().hex().upper() == "3BD097FF81B1FE451F072B"
        assert seen.transmit(READ_GDO) == GDO


@pytest.mark.parametrize("name", sorted(ATRS))
def test_the_atr_is_a_choice(name: str, insert: Insert, card: HealthCard) -> None:
    with insert(card, atr=ATRS[name]), held() as seen:
        assert seen.power_on() == ATRS[name]


def test_a_card_may_show_its_own_atr(insert: Insert, card: HealthCard) -> None:
    with insert(card, atr=None), held() as seen:
        assert seen.power_on() == card.power_on()


def test_a_warm_and_a_cold_reset_make_the_card_forget_the_pin(insert: Insert, card: HealthCard) -> None:
    with insert(card), held() as seen:
        for forget in (seen.reset, seen.power_on):
            assert seen.transmit(VERIFY) == b"\x90\x00"
            assert seen.transmit(PIN_STATUS) == b"\x90\x00"
            forget()
            assert seen.transmit(PIN_STATUS).hex() == "63c3"


def test_polling_for_the_card_does_not_disturb_a_session(insert: Insert, card: HealthCard) -> None:
    with insert(card, atr=None), held() as seen:
        seen.transmit(VERIFY)
        for _ in range(3):  # each of these waits for pcscd to have looked at the card again
            in_slot(True)
        assert seen.transmit(PIN_STATUS) == b"\x90\x00"


def test_two_slots_hold_two_cards(insert: Insert) -> None:
    one, other = issue(), issue()
    other.block_pin()
    with insert(one, 0), insert(other, 1), held(0) as left, held(1) as right:
        assert left.transmit(PIN_STATUS).hex() == "63c3"
        assert right.transmit(PIN_STATUS).hex() == "63c0"


def test_the_second_reader_is_found_by_a_part_of_its_name(insert: Insert, card: HealthCard) -> None:
    from emulators.card.connection import NoCard, NoSuchReader, connect

    with insert(card, 1):
        for address in ("pcsc:", "pcsc:00 01"):
            with closing(connect(address)) as seen:
                assert seen.reader == SLOT_NAMES[1]
        with pytest.raises(NoSuchReader, match="several readers are called 'Virtual'"):
            connect("pcsc:Virtual")
        with pytest.raises(NoSuchReader, match=r"no reader is called 'x'; PC/SC knows: Virtual PCD 00 00, "):
            connect("pcsc:x")
        with pytest.raises(NoCard, match=SLOT_NAMES[0]):
            connect(f"pcsc:{SLOT_NAMES[0]}")


def test_a_card_pulled_out_is_missed_and_the_next_one_is_found(insert: Insert, card: HealthCard) -> None:
    from emulators.card.connection import NoCard

    with insert(card) as door, held() as seen:
        door.remove()
        in_slot(False)
        with pytest.raises(NoCard):
            seen.transmit(READ_GDO)
        door.insert(issue())
        in_slot(True)
        assert seen.transmit(READ_GDO) == GDO


@pytest.mark.parametrize("length", [2, 3, 300, 65535])
def test_commands_of_any_length_up_to_the_limit_get_a_status_word(
    length: int, insert: Insert, card: HealthCard
) -> None:
    with insert(card), held() as seen:
        assert seen.transmit(READ_GDO[:length].ljust(length, b"\xff")).hex() == "6700"


def test_the_card_survives_a_command_of_64_kib(insert: Insert, card: HealthCard) -> None:
    from emulators.card.connection import NoCard

    with insert(card), held() as seen:
        with pytest.raises(NoCard):
            seen.transmit(READ_GDO + bytes(65536))
        in_slot(False)
        in_slot(True)
        assert seen.transmit(READ_GDO) == GDO


def test_a_card_that_answers_64_kib_is_cut_and_stays(insert: Insert) -> None:
    class Talker:
        def power_on(self) -> bytes:
            return ATRS["starcos"]

        def reset(self) -> None:
            pass

        def transmit(self, command: bytes) -> bytes:
            return bytes(70000) + b"\x90\x00" if command == READ_GDO else GDO

    with insert(Talker()), held() as seen:
        answer = seen.transmit(READ_GDO)
        assert (len(answer), answer[-2:].hex()) == (65535, "6200")
        assert seen.transmit(PIN_STATUS) == GDO


@contextmanager
def kept(card: InsertableCard, slot: int = 0) -> Iterator[None]:
    """`doors.insert` on a thread of its own, for it blocks."""
    end = threading.Event()
    keeping = threading.Thread(target=doors.insert, args=(card, slot, ATRS["starcos"], end.is_set))
    keeping.start()
    try:
        in_slot(True, slot)
        yield
    finally:
        end.set()
        keeping.join(10)
        in_slot(False, slot)


def test_a_card_is_kept_in_the_reader_until_it_is_stopped(pcscd: Pcscd, card: HealthCard) -> None:
    with kept(card), held() as seen:
        assert [seen.transmit(READ_GDO) for _ in range(50)] == [GDO] * 50


# Without TCP_QUICKACK each exchange takes 44 ms on Debian 12. A busy machine delays some, but not three in four.
def test_exchanges_do_not_wait_for_delayed_acknowledgements(insert: Insert, card: HealthCard) -> None:
    with insert(card), held() as seen:
        moments = [perf_counter()]
        for _ in range(200):
            seen.transmit(READ_GDO)
            moments.append(perf_counter())
    taken = sorted(end - begin for begin, end in pairwise(moments))
    assert taken[50] < 0.03


def test_a_second_card_in_a_slot_is_told_that_it_is_taken(
    insert: Insert, card: HealthCard, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(doors, "PATIENCE", 1.5)
    with insert(card), pytest.raises(doors.SlotTaken):
        doors.insert(issue())


def test_a_card_in_one_slot_can_be_relayed_from_the_other(insert: Insert, card: HealthCard) -> None:
    """A card behind `connect` is as good as an emulated one, also in the virtual reader."""
    with insert(card, 0), held(0) as far, kept(far, 1), held(1) as near:
        assert near.transmit(READ_GDO) == GDO


@pytest.mark.parametrize(("options", "answer"), [((), GDO.hex()), (("--contactless",), "6982")])
def test_the_command_line_keeps_a_card_in_the_reader_by_contact_or_on_its_antenna(
    options: tuple[str, ...], answer: str, pcscd: Pcscd, card: HealthCard, tmp_path: Path
) -> None:
    file = tmp_path / "paula.card"
    card.save(file)
    command = (sys.executable, "-m", "harness.cli", "card", "insert", "--file", str(file), *options)
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as keeping:
        try:
            in_slot(True)
            with held() as seen:
                assert seen.transmit(READ_GDO).hex() == answer
        finally:
            keeping.terminate()
            said, _ = keeping.communicate(timeout=20)
    in_slot(False)
    assert keeping.returncode == 0
    assert f"its state is kept in {file}" in said
