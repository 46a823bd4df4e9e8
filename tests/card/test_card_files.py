"""What is written in files: transparent ones, then records; octets in, octets out."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from emulators.card import HealthCard
from emulators.card.passwords import pin_block
from tests.card.conftest import VERIFY_HOME, Reader

MakeCard = Callable[..., HealthCard]
Insert = Callable[..., Reader]
Grant = Callable[..., None]

HCA = "00A4040C06D27600000102"
GDD = "00A4040C06D2760001440A"


# -- transparent files ------------------------------------------------------------------------------------------------


def test_a_new_file_is_empty_then_written_cut_and_erased(reader: Reader) -> None:
    reader(HCA)
    assert reader("00B09C0000") == "6B00"
    assert reader("00D69C0003010203") == "9000"
    assert reader("00D00000020405") == "9000"
    assert reader("00D6000101FF") == "9000"
    assert reader("00B0000000") == "01FF030405" + "9000"
    assert reader("000E0003") == "9000"
    assert reader("00B0000000") == "01FF030000" + "9000"
    assert reader("800E0002") == "9000"
    assert reader("00B0000000") == "01FF" + "9000"


# gemSpec_COS N054.200, N054.300 and N054.500
def test_a_gap_before_what_is_written_is_filled_with_zeros(reader: Reader) -> None:
    reader(HCA)
    assert reader("00D69C0A03AABBCC") == "9000"
    assert reader("00B0000000") == "00" * 10 + "AABBCC" + "9000"
    assert reader("00D6000001FF") == "9000"
    assert reader("00B0000000") == "FF" + "00" * 9 + "AABBCC" + "9000"


def test_what_does_not_fit_is_refused(reader: Reader) -> None:
    reader(HCA)
    assert reader("00D69C0000012D" + "00" * 301) == "6A84"
    assert reader("00D6012C01FF") == "6B00"
    assert reader("00D6012B02FFFF") == "6A84"
    assert reader("00B0000000") == "6B00"
    assert reader("00D6012B01FF") == "9000"
    assert reader("00D09C0001FF") == "6A84"
    assert reader("800E9CFF") == "9000"
    assert reader("00B09C0000").endswith("9000")


# gemSpec_COS N050.000, N050.200, N052.948 and N052.954 b: the border is the room reserved, not the logical end.
@pytest.mark.parametrize("instruction", ["000E", "800E"])
def test_nothing_is_erased_or_cut_off_behind_the_logical_end(instruction: str, reader: Reader) -> None:
    reader(HCA)
    reader("00D69C0003010203")
    for offset, answer in (("0003", "9000"), ("000A", "9000"), ("012B", "9000"), ("012C", "6B00"), ("7FFF", "6B00")):
        assert reader(instruction + offset) == answer
        assert reader("00B0000000") == "0102039000"


def test_a_full_file_cannot_be_cut_off_at_its_end(reader: Reader) -> None:
    reader(HCA)
    assert reader("00D69C0000012C" + "11" * 300) == "9000"
    assert reader("800E012C") == "6B00"


# gemSpec_COS N051.800 a.1 and its like: the search makes the file current, whatever comes after.
@pytest.mark.parametrize(
    ("refused", "answer"),
    [("00B0820C00", "6B00"), ("00D6820001FF", "6982"), ("000E8200", "6982"), ("00B2011400", "6982")],
)
def test_a_short_identifier_makes_its_file_the_current_one_even_if_the_command_fails(
    refused: str, answer: str, reader: Reader
) -> None:
    assert reader("00B0000001") == "6986"
    assert reader(refused) == answer
    assert reader("00B0000001") == "5A9000"
    assert reader("00B0890001") == "6A82"
    assert reader("00B0000001") == "5A9000"


@pytest.mark.parametrize(
    ("refused", "answer"),
    [
        ("00B2159C00", "6A83"),
        ("00A2159C01FF00", "6A83"),
        ("00DC159C01FF", "6A83"),
        ("00E200983D" + "00" * 61, "6700"),
        ("000C159C", "6A83"),
        ("800C159C", "6A83"),
        ("0008159C", "6982"),
        ("0006159C", "6982"),
    ],
)
def test_so_does_one_in_a_command_for_records(refused: str, answer: str, reader: Reader) -> None:
    reader(GDD)
    reader(VERIFY_HOME)
    reader("00E2009801DD")
    reader(GDD)
    assert reader("00B2010400") == "6986"
    assert reader(refused) == answer
    assert reader("00B2010400") == "DD9000"


def test_data_of_the_insurer_are_written_by_the_insurer_only(reader: Reader) -> None:
    reader(HCA)
    for command in ("00D6810001FF", "00D0810001FF", "000E8100", "800E8100"):
        assert reader(command) == "6982"
    assert reader("00D69D0001FF") == "6A82"


def test_binary_commands_do_not_fit_records(reader: Reader) -> None:
    reader("00A4020C022F00")
    assert reader("00B0000000") == "6982"  # a command that an object does not list is refused by rule
    assert reader("00D69E0001FF") == "6982"
    reader("00A4020C022F02")
    assert reader("00B2010400") == "6982"


# -- records ----------------------------------------------------------------------------------------------------------


def test_search_gives_the_numbers_of_records(reader: Reader) -> None:
    assert reader("00A201F405D27600014400") == "0104050607089000"
    assert reader("00A202F405D27600014400") == "04050607089000"
    assert reader("00A201F402DEAD00") == "6282"
    assert reader("00A2FFF402DEAD00") == "6A83"


def test_records_of_variable_length_are_appended_changed_erased_and_deleted(
    make_card: MakeCard, insert: Insert
) -> None:
    reader = insert(make_card())
    reader(GDD)
    reader(VERIFY_HOME)
    assert reader("00B2019C00") == "6A83"
    assert reader("00E2009803AABBCC") == "9000"
    assert reader("00E2009801DD") == "9000"
    assert reader("00DC019C02EEFF") == "9000"
    assert reader("00B2010400") == "EEFF9000"
    assert reader("00DC013D3D" + "00" * 61) == "6A86"
    assert reader("00DC01043D" + "00" * 61) == "6700"
    assert reader("000C0104") == "9000"
    assert reader("00B2010400") == "00009000"  # as long as it was (gemSpec_COS N064.800 a)
    assert reader("800C0104") == "9000"
    assert reader("00B2010400") == "DD9000"


def test_a_full_list_of_records_takes_no_more(make_card: MakeCard, insert: Insert) -> None:
    reader = insert(make_card())
    reader(GDD)
    reader(VERIFY_HOME)
    answers = [reader("00E2009801AA") for _ in range(21)]
    assert answers == ["9000"] * 20 + ["6A84"]


def test_the_log_keeps_the_youngest_fifty_entries_the_last_one_first(reader: Reader, grant: Grant) -> None:
    reader(HCA)
    entry = "00E200302E" + "00" * 45
    assert reader(entry + "01") == "6982"
    grant(reader, 32)
    for number in range(52):
        assert reader(f"{entry}{number:02X}") == "9000"
    assert reader("00B2013400") == "6982"
    reader(VERIFY_HOME)
    assert reader("00B2013400").endswith("339000")
    assert reader("00B2323400").endswith("029000")
    assert reader("00B2333400") == "6A83"
    assert reader("00E2003001FF") == "6700"


def test_a_record_can_be_hidden_where_records_have_a_life_cycle(reader: Reader) -> None:
    reader(HCA)
    reader(VERIFY_HOME)
    assert reader("0006032C") == "9000"
    assert reader("00B2032C00") == "6287"
    assert reader("00B2042C00").endswith("9000")
    assert reader("0006032D") == "9000"
    assert reader("00B20A2C00") == "6287"
    assert reader("0008032D") == "9000"
    assert reader("00B2032C00").endswith("9000")


# gemSpec_COS N063.440
def test_a_hidden_record_is_not_deleted(reader: Reader, grant: Grant) -> None:
    reader(HCA)
    reader(VERIFY_HOME)
    reader("0020000108" + pin_block("123456").hex())
    grant(reader, 27)
    assert reader("0006012C") == "9000"
    assert reader("800C012C") == "6287"
    assert reader("0008012C") == "9000"
    assert reader("800C012C") == "9000"
    assert reader("00B20A2C00") == "6A83"
