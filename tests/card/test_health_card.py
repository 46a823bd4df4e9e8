"""The card from outside: octets in, octets out."""

from __future__ import annotations

import gzip
from dataclasses import replace
from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from emulators.card import HealthCard, Interface, TransportState
from emulators.card.passwords import pin_block
from tests.card_holder import CARD, holder

TODAY = date(2021, 3, 23)
ANNA = holder("Anna", "von Test", title="Dr.", birth_name="Test")

ESIGN = "00A4040C0AA000000167455349474E"
VERIFY_HOME = "0020000208"
CHOOSE_KEY = "002241B606840184800100"
SIGN = "002A9E9A20" + "AB" * 32 + "00"
PIN_STATUS = "80200002"


class Reader:
    """A card in a contact reader, spoken to in hex."""

    def __init__(self, card: HealthCard) -> None:
        self.card = card

    def __call__(self, command: str) -> str:
        return self.card.transmit(bytes.fromhex(command)).hex().upper()

    def verify(self, pin: str, reference: int = 0x02) -> str:
        return self(f"002000{reference:02X}08{pin_block(pin).hex()}")


@pytest.fixture
def card() -> HealthCard:
    return HealthCard.personalised(ANNA, today=TODAY)


@pytest.fixture
def reader(card: HealthCard) -> Reader:
    card.power_on()
    return Reader(card)


def test_power_on_gives_an_answer_to_reset(card: HealthCard) -> None:
    assert card.power_on().hex().upper() == "3BD096FF81B1FE451F032E"
    assert card.power_on(Interface.CONTACTLESS).hex().upper() == "3B858001300101301014"


def test_the_root_answers_with_its_control_parameters(reader: Reader) -> None:
    assert reader("00A4040400") == "6213820178" + "83023F00" + "8A0105" + "8407D2760001448000" + "9000"


# As in the transcripts of gematik's OpenHealth-Core, the product identifier apart.
def test_the_files_an_app_reads_first_are_there(reader: Reader) -> None:
    assert reader("00B09100000000").startswith("EF2BC003020000C103040502C210")
    assert reader("00A4020C02011C") == "9000"
    assert reader("00B00000000000") == "31143012060A04007F0007020204020202010202010D9000"


def test_gdo_holds_the_number_printed_on_the_back(reader: Reader) -> None:
    assert reader("00B0820000") == "5A0A802768831100001527159000"


def test_ef_dir_lists_the_folders_and_ends(reader: Reader) -> None:
    assert reader("00B201F400") == "61094F07D27600014480009000"
    assert reader("00B203F400") == "610C4F0AA000000167455349474E9000"
    assert reader("00B204F400") == "61084F06D276000144079000"
    assert reader("00B209F400") == "6A83"


def test_a_contact_only_card_has_no_card_access(card: HealthCard) -> None:
    plain = HealthCard.personalised(replace(ANNA, card=replace(CARD, can="", nfc=False)), today=TODAY)
    assert card.nfc
    assert not plain.nfc
    assert Reader(plain)("00A4020C02011C") == "6A82"


def test_an_explicit_length_beyond_the_end_is_answered_with_6282(reader: Reader) -> None:
    assert reader("00B0820020") == "5A0A802768831100001527156282"
    assert reader("00B0820004") == "5A0A80279000"


def test_an_offset_at_the_end_is_refused(reader: Reader) -> None:
    assert reader("00B0820C00") == "6B00"


def test_personal_data_name_the_person(reader: Reader) -> None:
    reader("00A4040C06D27600000102")
    answer = bytes.fromhex(reader("00B08100000000"))
    xml = gzip.decompress(answer[2 : 2 + int.from_bytes(answer[:2], "big")]).decode("iso8859-15")
    assert "<Versicherten_ID>X110540756<" in xml
    assert "<Strasse>Teststraße<" in xml
    assert answer[-2:] == b"\x90\x00"


def test_the_control_parameters_tell_how_long_the_certificate_is(reader: Reader) -> None:
    reader(ESIGN)
    fcp = reader("00A4020402C50400")
    content = reader("00B00000000000")
    assert fcp.startswith("6215" + "8002076C" + "820141" + "8302C504" + "880120" + "8A0105" + "C502")
    assert int(fcp[-8:-4], 16) == len(content) // 2 - 2


def test_reading_without_a_current_file_is_refused(reader: Reader) -> None:
    assert reader("00B0000000") == "6986"


@pytest.mark.parametrize(
    ("command", "status"),
    [
        ("00A4040C03010203", "6A82"),
        ("00A4010C02DEAD", "6A82"),
        ("00A4020C02DEAD", "6A82"),
        ("00B08B0000", "6A82"),
        ("0020001F08" + "26123456FFFFFFFF", "6A88"),
        ("0020008208" + "26123456FFFFFFFF", "6A88"),
        ("0020000204" + "26123456", "6700"),
        ("002C0202" + "08" + "26123456FFFFFFFF", "6982"),
        ("002241B606840185800100", "6A88"),
        ("00DA0000", "6D00"),
        ("A0A40000", "6E00"),
        ("0CB09100", "6988"),
        ("01B09100", "6881"),
        ("00", "6700"),
        ("", "6700"),
    ],
)
def test_what_cannot_be_done_has_its_status_word(reader: Reader, command: str, status: str) -> None:
    assert reader(command) == status


def test_third_wrong_pin_blocks_even_the_right_one(reader: Reader) -> None:
    assert [reader.verify("000000") for _ in range(3)] == ["63C2", "63C1", "63C0"]
    assert reader.verify("123456") == "6983"
    assert reader(PIN_STATUS) == "63C0"


def test_the_right_pin_brings_all_tries_back(reader: Reader) -> None:
    reader.verify("000000")
    assert reader(PIN_STATUS) == "63C2"
    assert reader.verify("123456") == "9000"
    assert reader(PIN_STATUS) == "9000"


def test_both_references_share_the_tries_but_not_the_verification(reader: Reader) -> None:
    assert reader.verify("000000", 0x01) == "63C2"
    assert reader.verify("000000", 0x02) == "63C1"
    assert reader.verify("123456", 0x01) == "9000"
    assert reader(PIN_STATUS) == "63C3"


def test_a_block_that_is_none_counts_as_a_wrong_pin(reader: Reader) -> None:
    assert reader(VERIFY_HOME + "00" * 8) == "63C2"


def test_tries_outlive_a_reset_and_the_verification_does_not(card: HealthCard, reader: Reader) -> None:
    reader.verify("123456")
    card.reset()
    assert reader(PIN_STATUS) == "63C3"
    reader.verify("000000")
    card.reset()
    assert reader(PIN_STATUS) == "63C2"


def test_a_wrong_pin_takes_the_verification_back(reader: Reader) -> None:
    reader.verify("123456")
    reader.verify("000000")
    reader(ESIGN)
    reader(CHOOSE_KEY)
    assert reader(SIGN) == "6982"


def test_a_password_in_no_need_of_verification_says_so(reader: Reader) -> None:
    assert reader("80200003") == "62D0"


def test_the_puk_unblocks_and_every_use_counts(reader: Reader) -> None:
    for _ in range(3):
        reader.verify("000000")
    assert reader("002C010208" + pin_block("12345678").hex()) == "9000"
    assert reader.verify("123456") == "9000"
    assert reader("002C010208" + pin_block("00000000").hex()) == "63C8"
    assert reader(PIN_STATUS) == "63C3"


def test_a_used_up_puk_stays_used_up(reader: Reader) -> None:
    for left in range(9, -1, -1):
        assert reader("002C010208" + pin_block("00000000").hex()) == f"63C{left:X}"
    assert reader("002C010208" + pin_block("12345678").hex()) == "6983"


def test_the_puk_can_set_a_new_pin(reader: Reader) -> None:
    assert reader("002C000210" + pin_block("12345678").hex() + pin_block("654321").hex()) == "9000"
    assert reader.verify("123456") == "63C2"
    assert reader.verify("654321") == "9000"


def test_a_new_pin_of_wrong_length_uses_up_nothing(reader: Reader) -> None:
    assert reader("0024000210" + pin_block("123456").hex() + pin_block("12345").hex()) == "6985"
    assert reader("002C000210" + pin_block("12345678").hex() + pin_block("123456789").hex()) == "6985"
    assert reader.card.password.tries == 3
    assert reader.card.password.puk_uses == 10


def test_changing_the_pin_needs_the_old_one_and_verifies_nothing(reader: Reader) -> None:
    assert reader("0024000210" + pin_block("000000").hex() + pin_block("654321").hex()) == "63C2"
    assert reader("0024000210" + pin_block("123456").hex() + pin_block("654321").hex()) == "9000"
    assert reader(PIN_STATUS) == "63C3"
    assert reader.verify("654321") == "9000"


def test_a_wrong_old_pin_takes_the_verification_back(reader: Reader) -> None:
    reader.verify("123456")
    assert reader("0024000210" + pin_block("000000").hex() + pin_block("654321").hex()) == "63C2"
    assert reader(PIN_STATUS) == "63C2"


def test_a_transport_pin_must_be_changed_before_use() -> None:
    reader = Reader(HealthCard.personalised(ANNA, today=TODAY, transport=TransportState.TRANSPORT_PIN))
    assert reader(PIN_STATUS) == "62C1"
    assert reader.verify("12345") == "6985"
    assert reader("0024000210" + pin_block("12345").hex() + pin_block("654321").hex()) == "9000"
    assert reader.verify("654321") == "9000"


def test_an_empty_pin_is_set_without_an_old_one_but_only_once() -> None:
    reader = Reader(HealthCard.personalised(ANNA, today=TODAY, transport=TransportState.EMPTY_PIN))
    assert reader(PIN_STATUS) == "62C7"
    assert reader("0024000210" + pin_block("123456").hex() + pin_block("654321").hex()) == "6985"
    assert reader("0024010208" + pin_block("654321").hex()) == "9000"
    assert reader("0024010208" + pin_block("111111").hex()) == "6982"
    assert reader.verify("654321") == "9000"


def test_blocked_wins_over_transport() -> None:
    card = HealthCard.personalised(ANNA, today=TODAY, transport=TransportState.TRANSPORT_PIN)
    card.block_pin()
    assert Reader(card).verify("12345") == "6983"


def test_a_signature_needs_the_pin_for_home_use(reader: Reader) -> None:
    reader(ESIGN)
    assert reader(SIGN) == "6985"
    assert reader(CHOOSE_KEY) == "9000"
    assert reader(SIGN) == "6982"
    reader.verify("123456", 0x01)
    assert reader(SIGN) == "6982"
    reader.verify("123456", 0x02)
    assert reader(SIGN)[-4:] == "9000"
    assert len(reader(SIGN)) == 2 * (64 + 2)


def test_leaving_the_folder_forgets_the_key_but_not_the_pin(reader: Reader) -> None:
    reader.verify("123456")
    reader(ESIGN)
    reader(CHOOSE_KEY)
    reader("00A4040C")
    assert reader(SIGN) == "6985"
    assert reader(PIN_STATUS) == "9000"


def test_only_a_digest_of_32_octets_is_signed(reader: Reader) -> None:
    reader.verify("123456")
    reader(ESIGN)
    reader(CHOOSE_KEY)
    assert reader("002A9E9A1F" + "AB" * 31 + "00") == "6A80"


def test_the_same_card_signs_the_same_digest_alike() -> None:
    answers = set()
    for _ in range(2):
        reader = Reader(HealthCard.personalised(ANNA, today=TODAY))
        answers.add(tuple(reader(c) for c in (ESIGN, VERIFY_HOME + "26123456FFFFFFFF", CHOOSE_KEY, SIGN, "00B0840000")))
    assert len(answers) == 1


def test_commands_have_names(card: HealthCard) -> None:
    names = [card.describe(bytes.fromhex(c)) for c in (ESIGN, VERIFY_HOME + "26123456FFFFFFFF", "00A4020C02C504")]
    assert names == ["SELECT DF.ESIGN", "VERIFY MRPIN.home", "SELECT EF.C.CH.AUT.E256"]
    assert card.describe(b"\x00") == "malformed command"


known = st.sampled_from([ESIGN, CHOOSE_KEY, SIGN, "00B0840000", "00B201F400", "00A40400", "002C0002", "00240102"])
anything = st.binary(max_size=40) | st.tuples(known, st.binary(max_size=20)).map(
    lambda parts: bytes.fromhex(parts[0]) + parts[1]
)


@settings(deadline=None, max_examples=200)
@given(st.lists(anything, max_size=8), st.sampled_from(Interface))
def test_any_octets_are_answered_with_a_status_word(commands: list[bytes], interface: Interface) -> None:
    card = HealthCard.personalised(ANNA, today=TODAY)
    for command in commands:
        assert card.transmit(command, interface)[-2] in (0x90, *range(0x62, 0x70))
        assert card.describe(command)
