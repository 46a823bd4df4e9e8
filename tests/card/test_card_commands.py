"""The commands that files, records, folders, passwords and channels know; octets in, octets out."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from emulators.card import HealthCard
from emulators.card.passwords import pin_block

Reader = Callable[[str], str]
MakeCard = Callable[..., HealthCard]
Insert = Callable[..., Reader]
Grant = Callable[..., None]

HCA = "00A4040C06D27600000102"
NFD = "00A4040C06D27600014407"
ROOT = "00A4040C"
CHALLENGE_16 = "0084000010"


def verify(reader: Reader, reference: int = 0x02, pin: str = "123456") -> str:
    return reader(f"002000{reference:02X}08{pin_block(pin).hex()}")


# -- SELECT -----------------------------------------------------------------------------------------------------------


def test_a_folder_within_a_folder_is_found_from_anywhere_and_has_a_parent(reader: Reader) -> None:
    assert reader(NFD) == "9000"
    assert reader("00A4030400") == "620E" + "820178" + "8A0105" + "8406D27600000102" + "9000"
    assert reader("00A4030C") == "9000"
    assert reader("00A4030C") == "6A82"


def test_there_is_no_second_folder_of_the_same_aid(reader: Reader) -> None:
    assert reader("00A4040E06D27600000102") == "6A82"
    assert reader("00A4040606D2760000010200") == "6A82"


def test_the_root_is_not_found_by_its_file_identifier(reader: Reader) -> None:
    assert reader("00A4000C023F00") == "6A86"
    assert reader("00A4010C023F00") == "6A82"


def test_the_control_parameters_of_records_tell_their_size_and_number(reader: Reader) -> None:
    assert (
        reader("00A40204022F0000") == "6215" + "800200C8" + "82054441002014" + "83022F00" + "8801F0" + "8A0105" + "9000"
    )


# gemSpec_COS N014.000 and N014.600
def test_only_records_of_variable_length_have_a_size_and_those_with_a_life_cycle_a_profile(reader: Reader) -> None:
    assert reader("00A40204022F1000") == "6211" + "82054241000504" + "83022F10" + "880180" + "8A0105" + "9000"
    reader(HCA)
    consent, reference = "82054241" + "0045" + "0A" + "8302D005", "82054241" + "0014" + "0A" + "8302D009"
    assert reader("00A4020402D00500") == "6214" + consent + "880128" + "8A0105" + "8F0101" + "9000"
    assert reader("00A4020402D00900") == "6214" + reference + "880148" + "8A0105" + "8F0101" + "9000"
    assert reader("00A4020402D00600") == "6211" + "82054641002E32" + "8302D006" + "880130" + "8A0105" + "9000"


# gemSpec_COS N027.200 and N048.300 a
@pytest.mark.parametrize(("le", "octets"), [("", 0), ("05", 5), ("15", 21), ("17", 23), ("FF", 23), ("00", 23)])
def test_selecting_answers_with_as_much_as_was_asked_for(le: str, octets: int, reader: Reader) -> None:
    whole = reader("00A40204022F0000")
    assert len(whole) == 2 * 23 + 4
    for select in ("00A40204022F00", "00A4040407D2760001448000"):
        assert reader(select + le) == reader(select + "00")[:-4][: 2 * octets] + "9000"
    assert reader("00A4020C022F00" + le) == "9000"


# -- life cycle -------------------------------------------------------------------------------------------------------


def test_an_application_can_be_hidden_with_all_in_it(make_card: MakeCard, insert: Insert, grant: Grant) -> None:
    card = make_card()
    reader = insert(card)
    reader(NFD)
    assert reader("00040000") == "6982"
    verify(reader)
    grant(reader, 18)
    assert reader("00040000") == "9000"
    assert reader(NFD) == "6283"
    assert reader("00A4040406D2760001440700") == "620E820178" + "8A0104" + "8406D27600014407" + "6283"
    fcp = reader("00A4020402D01000")  # the file itself is active, its folder is not (gemSpec_COS N014.500, N048.400)
    assert fcp.startswith("6215" + "80022F2B" + "820141" + "8302D010" + "880180" + "8A0105")
    assert fcp.endswith("6283")
    assert reader("00B0900000") == "6982"
    card.reset()
    assert reader(NFD) == "6283"
    assert reader("00440000") == "6982"
    verify(reader)
    assert reader("00440000") == "9000"
    assert reader(NFD) == "9000"


def test_nobody_may_end_the_card(reader: Reader) -> None:
    reader("00A4020C022F02")
    for command in ("00FE0000", "00E60000", "00E80000", "00E40000", "00041002", "00042009", "00FE0100"):
        assert reader(command) in ("6982", "6A86")
    assert reader("0004101F") == "6A88"
    assert reader("000421000A8308" + "00" * 8) == "6A88"


# -- passwords --------------------------------------------------------------------------------------------------------


def test_a_password_can_be_switched_off_and_on_with_its_secret(reader: Reader) -> None:
    assert reader("80200005") == "63C3"
    assert reader("0026000508" + pin_block("000000").hex()) == "63C2"
    assert reader("0026000508" + pin_block("123456").hex()) == "9000"
    assert reader("80200005") == "62D0"
    assert reader("0028000508" + pin_block("123456").hex()) == "9000"
    assert reader("80200005") == "63C3"


def test_pin_home_cannot_be_switched_off(reader: Reader) -> None:
    assert reader("0026000208" + pin_block("123456").hex()) == "6982"
    assert reader("00260102") == "6982"


def test_the_deputys_password_is_set_by_the_cardholder_and_counts_for_itself(reader: Reader) -> None:
    assert verify(reader, 0x0D, "654321") == "63C2"
    new = pin_block("654321").hex()
    assert reader(f"0024010D08{new}") == "6982"
    verify(reader, 0x01)
    assert reader(f"0024010D08{new}") == "9000"
    assert verify(reader, 0x0D, "654321") == "9000"
    assert reader("8020000D") == "9000"
    for _ in range(3):
        verify(reader, 0x0D, "111111")
    assert verify(reader, 0x0D, "654321") == "6983"
    assert reader(f"002C020D08{new}") == "9000"
    assert verify(reader, 0x0D, "654321") == "9000"
    assert reader("80200002") == "63C3"


def test_in_generation_2_0_the_applications_keep_their_passwords(make_card: MakeCard, insert: Insert) -> None:
    reader = insert(make_card(system="egk-g2.0"))
    assert reader("80200083") == "6A88"
    assert reader("80200003") == "6A88"
    reader(NFD)
    assert reader("80200083") == "62D0"
    assert reader("80200002") == "63C3"
    assert verify(reader, 0x87) == "9000"
    assert reader("80200087") == "9000"
    reader(HCA)
    reader(NFD)
    assert reader("80200087") == "63C3"


# -- security environments --------------------------------------------------------------------------------------------


def test_in_another_environment_nothing_is_allowed(reader: Reader) -> None:
    verify(reader)
    assert reader("0022F302") == "9000"
    assert reader("00B0820000") == "6982"
    assert reader("80200002") == "6982"
    assert reader("0022F305") == "6A88"
    assert reader("0022F301") == "9000"
    assert reader("80200002") == "63C3"


# -- channels ---------------------------------------------------------------------------------------------------------


def test_channels_share_the_card_but_not_what_was_proved(reader: Reader) -> None:
    assert reader("0070000001") == "019000"
    assert verify(reader) == "9000"
    assert reader("81200002") == "63C3"
    assert reader("01A4040C06D27600000102") == "9000"
    assert reader("01B08C0000").endswith("9000")
    assert reader("00B08C0000") == "6A82"
    assert verify(reader, pin="000000") == "63C2"
    assert reader("81200002") == "63C2"
    assert reader("01708000") == "9000"
    assert reader("81200002") == "6881"


def test_a_channel_can_be_reset_alone_or_all_at_once(reader: Reader) -> None:
    verify(reader)
    reader("0070000001")
    assert reader("01704000") == "9000"
    assert reader("80200002") == "9000"
    assert reader("00704000") == "9000"
    assert reader("80200002") == "63C3"
    assert reader("81200002") == "63C3"
    assert reader("00704001") == "9000"
    assert reader("81200002") == "6881"


def test_four_channels_are_all_there_are_and_the_first_stays(reader: Reader) -> None:
    assert [reader("0070000001") for _ in range(4)] == ["019000", "029000", "039000", "6981"]
    assert reader("00708000") == "6981"
    assert reader("00701234") == "6A86"


@pytest.mark.parametrize("cla", ["40", "4F", "60", "6F", "50", "C0", "EF", "FE"])
def test_a_class_of_the_further_channels_names_one_that_is_closed(cla: str, reader: Reader) -> None:
    assert reader(cla + "A4040C") == "6881"
    verify(reader)
    assert reader(cla + "200002") == "6881"
    assert reader("80200002") == "9000"


@pytest.mark.parametrize("cla", ["20", "23", "3F", "A0", "BF", "FF"])
def test_a_class_that_no_coding_knows_is_unknown(cla: str, reader: Reader) -> None:
    assert reader(cla + "A4040C") == "6E00"


def test_a_command_is_as_long_as_the_announced_buffer_at_most(reader: Reader) -> None:
    assert reader("00B09D0000")[:38] == "E011" + "02020809" + "0203008000" + "02020809" * 2
    header, most = "00D6070000", 0x0809 - 7
    assert reader(f"{header}{most:04X}" + "00" * most) == "6982"
    assert reader(f"{header}{most + 1:04X}" + "00" * (most + 1)) == "6700"


# -- numbers and lists ------------------------------------------------------------------------------------------------


def test_random_numbers_differ_and_repeat_in_the_same_world(make_card: MakeCard, insert: Insert) -> None:
    first, second = insert(make_card()), insert(make_card())
    numbers = [first(CHALLENGE_16), first("0084000008"), first("8084000020")]
    assert [len(number) for number in numbers] == [36, 20, 68]
    assert numbers == [second(CHALLENGE_16), second("0084000008"), second("8084000020")]
    assert first(CHALLENGE_16) != numbers[0]
    assert first("0084000009") == "6700"


def test_the_fingerprint_wants_a_prefix_of_128_octets(reader: Reader) -> None:
    assert len(reader("80FA000080" + "00" * 128 + "00")) == 2 * 34
    assert reader("80FA00007F" + "00" * 127 + "00") == "6700"


# gemSpec_COS N099.348, N096.472 and N039.100: the current folder is asked, and only the root has rules for these.
@pytest.mark.parametrize("command", ["8084000008", "80FA000080" + "00" * 128 + "00", "00EA0000"])
def test_what_is_asked_of_the_card_is_ruled_by_the_current_folder(command: str, reader: Reader) -> None:
    reader(HCA)
    assert reader(command) == "6982"


def test_anchors_are_listed_and_a_short_answer_says_so(reader: Reader) -> None:
    listed = reader("80CA0100000000")
    assert listed.startswith("E015" + "4F07D2760001448000" + "B60A8308" + b"DEPST".hex().upper() + "870221")
    assert "83080000000000000013" in listed
    assert reader("80CA010010") == listed[:32] + "6200"


@pytest.mark.parametrize("ins", range(256))
def test_every_instruction_has_a_name_or_is_refused(reader: Reader, make_card: MakeCard, ins: int) -> None:
    for cla in (0x00, 0x80, 0x10, 0x01):
        answer = reader(f"{cla:02X}{ins:02X}0000")
        assert answer[-4:-2] in ("90", *(f"{sw:02X}" for sw in range(0x62, 0x70)))
        assert make_card().describe(bytes((cla, ins, 0, 0)))
