"""An object system of one's own, where rules allow what no health card does: the rest of the commands' behaviour."""

from __future__ import annotations

import pytest

from emulators.card import CardPki, HealthCard
from emulators.card.apdu import CommandApdu
from emulators.card.chip import Chip
from emulators.card.object_system import ObjectSystem, ObjectSystemError, parse
from emulators.card.passwords import Secret, pin_block
from emulators.card.personalisation import Personalisation
from tests.card.conftest import CLARA, ROOT_CAR, TODAY, Answer, Insert, Management, Reader, tell, through

TEXT = """
name: own
object system version: 9.9.9
nfc: false
access:
  all:
    READ BINARY: ALW
    READ RECORD: ALW
    UPDATE BINARY: ALW
    ACTIVATE: ALW
    DEACTIVATE: ALW
    TERMINATE: ALW
    DELETE: ALW
    LOAD APPLICATION: ALW
    VERIFY: ALW
    GET PIN STATUS: ALW
    RESET RETRY COUNTER 02: ALW
    RESET RETRY COUNTER 03: ALW
    ENABLE VERIFICATION REQUIREMENT 01: ALW
    DISABLE VERIFICATION REQUIREMENT 01: ALW
    PSO VERIFY CERTIFICATE: ALW
    INTERNAL AUTHENTICATE: ALW
    MUTUAL AUTHENTICATE: ALW
  hidden:
    READ BINARY: ALW
    DEACTIVATE: ALW
    deactivated: {READ BINARY: PWD(01), ACTIVATE: ALW}
root:
  name: MF
  aid: D2760001448000
  fid: 0x3F00
  access: all
  passwords: [{name: PIN.CH, reference: 0x01, access: all}]
  keys: [{name: PrK.Own, kid: 0x09, kind: ec, algorithms: [elcRoleAuthentication], access: all}]
  anchors: [{name: PuK.Root, authority: root, chat: ti, flags: ffffffffffffff, access: all}]
  files:
    - {name: EF.One, fid: 0x0001, sfid: 1, size: 10, access: all}
    - {name: EF.List, fid: 0x0002, sfid: 2, kind: linear variable, record size: 5, records: 5, access: all}
    - {name: EF.Hidden, fid: 0x0003, sfid: 3, size: 10, access: hidden}
  folders:
    - name: DF.Own
      aid: D27600014499
      fid: 0xDF01
      access: all
      keys: [{name: SK.Own.AES128, kid: 0x05, kind: aes128, algorithms: [aesSessionkey4SM], access: all}]
      files: [{name: EF.Inner, fid: 0x0001, sfid: 1, size: 10, access: all}]
    - {name: DF.Bare, aid: D27600014498, access: hidden}
"""


@pytest.fixture
def card() -> HealthCard:
    chip = Chip(
        ObjectSystem("own", parse(TEXT)), Secret("123456", "12345678"), Personalisation(CLARA, TODAY, CardPki())
    )
    return HealthCard(chip)


@pytest.fixture
def reader(card: HealthCard, insert: Insert) -> Reader:
    return insert(card)


def test_a_folder_with_an_identifier_is_found_by_it_below_the_current_one(reader: Reader) -> None:
    assert reader("00A4010402DF0100") == "6212" + "820178" + "8302DF01" + "8A0105" + "8406D27600014499" + "9000"
    assert reader("00A4010C02DF01") == "6A82"


def test_the_kind_of_file_is_looked_at_after_the_rule(reader: Reader) -> None:
    assert reader("00B0820000") == "6981"
    assert reader("00B2010C00") == "6981"
    assert reader("00B0A10000") == "6A86"


# gemSpec_COS N048.200 b.5, N030.720 and N030.700
def test_a_session_of_a_folders_key_ends_when_the_folder_is_left(card: HealthCard, reader: Reader) -> None:
    reader("00A4040C06D27600014499")
    channel = Management(card, reader, 0x85, "SK.Own.AES128").agree()
    select_again = CommandApdu(0, 0xA4, 4, 0x0C, bytes.fromhex("D27600014499"))
    assert through(card, channel, select_again) == Answer(0x9000)
    assert through(card, channel, CommandApdu(0, 0xA4, 4, 0x0C)) == Answer(0x9000, protected=False)
    assert through(card, channel, CommandApdu(0, 0xA4, 4, 0x0C)) == Answer(0x6988, protected=False)


def test_what_has_ended_stays_ended(reader: Reader) -> None:
    reader("00A4020C020001")
    assert reader("00E80000") == "9000"
    assert reader("00A4020C020001") == "6285"
    assert reader("00B0000000") == "6982"
    assert reader("00440000") == "6982"
    assert reader("00E81001") == "9000"
    assert reader("0020000108" + pin_block("123456").hex()) == "6982"


def test_a_folder_that_has_ended_takes_its_files_with_it(reader: Reader) -> None:
    reader("00A4040C06D27600014499")
    assert reader("00D6810001FF") == "9000"
    assert reader("00E60000") == "9000"
    assert reader("00B0810000") == "6982"
    assert reader("00A4040C06D27600014499") == "6285"
    assert reader("00A4030C") == "9000"
    assert reader("00B0810000") == "6B00"


# gemSpec_COS N047.590, N048.752 and N048.756
def test_a_card_that_has_ended_only_confirms_it(card: HealthCard, reader: Reader) -> None:
    reader("0070000001")
    assert reader("00FE0000") == "9000"
    assert reader("01A4040C") == "6881"
    for _ in range(2):
        for command in ("00A4040C", "00A4040C06D27600014499", "00B0810000", "80200001", "0084000008", "00EA0000"):
            assert reader(command) == "6D00"
        assert reader("00FE0000") == "9000"
        card.reset()


# gemSpec_COS N048.954 a.1
def test_without_a_current_file_there_is_none_to_end(reader: Reader) -> None:
    assert reader("00E80000") == "6986"
    assert reader("00A4040C") == "9000"


def test_rules_of_a_deactivated_file_can_be_stated(reader: Reader) -> None:
    reader("00A4020C020003")
    assert reader("00B0000000") == "6B00"
    assert reader("00040000") == "9000"
    assert reader("00B0000000") == "6982"
    reader("0020000108" + pin_block("123456").hex())
    assert reader("00B0000000") == "6B00"
    assert reader("00440000") == "9000"
    assert reader("00A4020C020003") == "9000"


def test_a_deactivated_key_proves_nothing(reader: Reader) -> None:
    reader("002241A406840109800100")
    assert reader("00042009") == "9000"
    assert reader("0088000018" + "01" * 24 + "00") == "6982"
    assert reader("00442009") == "9000"
    assert reader("0088000018" + "01" * 24 + "00").endswith("9000")


def test_tries_come_back_where_a_rule_says_so(reader: Reader) -> None:
    for _ in range(3):
        reader("0020000108" + pin_block("000000").hex())
    assert reader("80200001") == "63C0"
    assert reader("002C0301") == "9000"
    assert reader("80200001") == "63C3"
    assert reader("002C020108" + pin_block("654321").hex()) == "9000"
    assert reader("002C020108" + pin_block("1234").hex()) == "6985"
    assert reader("0020000108" + pin_block("654321").hex()) == "9000"


def test_a_password_is_switched_without_its_secret_where_a_rule_says_so(reader: Reader) -> None:
    assert reader("00260101") == "9000"
    assert reader("80200001") == "62D0"
    assert reader("00280101") == "9000"
    assert reader("80200001") == "63C3"


def test_what_a_rule_alone_allows_is_not_begun_by_a_card_torn_away(card: HealthCard, reader: Reader) -> None:
    assert reader("0020000108" + pin_block("000000").hex()) == "63C2"
    for command in ("002C0301", "002C020108" + pin_block("654321").hex(), "00260101"):
        card.transmit_torn(bytes.fromhex(command))
        assert reader("80200001") == "63C2"
    assert reader("00260101") == "9000"
    card.transmit_torn(bytes.fromhex("00280101"))
    assert reader("80200001") == "62D0"


def test_an_imported_key_can_be_deleted_and_has_no_life_cycle(reader: Reader) -> None:
    authority = CardPki().cv_issuer_certificate()
    assert tell(reader, authority, ROOT_CAR) == "9000"
    reference = "0A8308" + authority.holder.hex()
    assert reader("00042100" + reference) == "6981"
    assert reader("00E42100" + reference) == "9000"
    assert reader("00E42100" + reference) == "6A88"
    assert reader("00E42100" + "0A8308" + ROOT_CAR.hex()) == "6A81"


def test_there_is_no_room_for_another_application(reader: Reader) -> None:
    assert reader("00EA0000") == "6A84"
    assert reader("00442200") == "6A86"
    reader("00A4040C06D27600014499")
    assert reader("00EA0000") == "6A84"
    reader("00A4040C06D27600014498")
    assert reader("00EA0000") == "6982"


@pytest.mark.parametrize(
    ("old", "new", "complaint"),
    [
        ("access: hidden}", "access: lost}", "MF names the unknown access set 'lost'"),
        ("PWD(01)", "PWD(02)", "access set 'hidden' in MF: no password 02"),
        ("PSO VERIFY CERTIFICATE: ALW", "PSO VERIFY CERTIFICATE: MAYBE", "'MAYBE' is no condition"),
        ("reference: 0x01, ", "reference: 0x01, of: PIN.Other, ", "PIN.CH refers to the unknown password PIN.Other"),
    ],
)
def test_a_rule_that_cannot_be_is_named_with_its_place(old: str, new: str, complaint: str) -> None:
    assert old in TEXT
    with pytest.raises(ObjectSystemError, match=complaint):
        ObjectSystem("own", parse(TEXT.replace(old, new)))
