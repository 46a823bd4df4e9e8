"""Object systems as data: what the files say, how rules are read, and what the air demands."""

from __future__ import annotations

from collections.abc import Callable
from random import Random

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from emulators.card import HealthCard, Interface
from emulators.card.access import (
    GRANTED,
    GRANTED_ENCIPHERED,
    REFUSED,
    Chat,
    Enforcement,
    SecurityStatus,
)
from emulators.card.apdu import CommandApdu
from emulators.card.notation import Notation, RuleError
from emulators.card.object_data import CardProfile, card_profile
from emulators.card.object_system import ObjectSystemError, known, object_system, parse
from emulators.card.passwords import pin_block
from emulators.card.terminal import Terminal

Reader = Callable[[str], str]
MakeCard = Callable[..., HealthCard]
Insert = Callable[..., Reader]

VERIFY_HOME = "0020000208" + pin_block("123456").hex()
MINIMAL = """
name: tiny
object system version: 1.0.0
nfc: false
access: {open: {READ BINARY: ALW}, none: {}}
root:
  name: MF
  aid: D2760001448000
  access: none
  files: [{name: EF.One, fid: 0x0001, sfid: 1, size: 10, access: open}]
"""


# -- the built-in ones ------------------------------------------------------------------------------------------------


def test_three_object_systems_are_built_in() -> None:
    assert known() == ("egk-g2.0", "egk-g2.1", "egk-g2.1-contact")


@pytest.mark.parametrize("name", ["egk-g2.0", "egk-g2.1", "egk-g2.1-contact"])
def test_every_rule_of_a_built_in_system_can_be_judged(name: str) -> None:
    system = object_system(name)
    things = [thing for thing in system.things.values() if hasattr(thing, "rules")]
    status = SecurityStatus(set(system.disabled))
    assert len(things) > 60
    for thing in things:
        for interface in Interface:
            for condition in thing.rules.of(interface).values():
                assert condition.judge(status) in (REFUSED, GRANTED, GRANTED_ENCIPHERED)


def test_the_generations_differ_in_keys_files_and_passwords() -> None:
    old, new, contact = (object_system(name).things.keys() for name in ("egk-g2.0", "egk-g2.1", "egk-g2.1-contact"))
    assert new - contact == {"SK.CAN", "EF.CardAccess"}
    assert not contact - new
    assert old - new == {"DF.CIA_ESIGN", "EF.CIA_Info", "EF.TTN", "MRPIN.DPE_READ", "EF.EinwilligungAMTS"}
    assert {name for name in new - old if "E256" not in name} == set()


@pytest.mark.parametrize(
    ("name", "version"), [("egk-g2.0", "040302"), ("egk-g2.1", "040502"), ("egk-g2.1-contact", "040401")]
)
def test_version_2_tells_the_generation(make_card: MakeCard, insert: Insert, name: str, version: str) -> None:
    assert insert(make_card(system=name))("00B0910000")[14:24] == f"C103{version}"


def test_a_card_without_antenna_knows_no_can(make_card: MakeCard, insert: Insert) -> None:
    reader = insert(make_card(system="egk-g2.1-contact"))
    assert reader("00B09C0000") == "6A82"
    assert reader("0022C1A40F800A04007F00070202040202830102") == "6A88"


def test_only_generation_2_1_gives_random_numbers_away(make_card: MakeCard, insert: Insert) -> None:
    assert insert(make_card())("8084000008").endswith("9000")
    assert insert(make_card(system="egk-g2.0"))("8084000008") == "6982"


def test_a_vendor_may_answer_otherwise(make_card: MakeCard) -> None:
    profile = card_profile()
    other = CardProfile.model_validate(profile.model_dump(by_alias=True) | {"wrong p1 p2": 0x6B00, "name": "OTHER"})
    card = make_card()
    card.chip.profile = other
    assert card.transmit(bytes.fromhex("00A4000C023F00")) == b"\x6b\x00"


# -- what the air demands ---------------------------------------------------------------------------------------------


@pytest.fixture
def strict(make_card: MakeCard) -> HealthCard:
    return make_card(enforcement=Enforcement.AS_SPECIFIED)


OPEN_OVER_THE_AIR = ["00B09D0000", "00B09C0000", "00B0910000", "00B2018400", "0084000008"]
CLOSED_OVER_THE_AIR = ["00B0820000", "00B0860000", "00B0870000", "00B201F400", "80200002", VERIFY_HOME, "8084000008"]


@pytest.mark.parametrize("command", OPEN_OVER_THE_AIR)
def test_some_things_are_read_without_the_can(strict: HealthCard, insert: Insert, command: str) -> None:
    assert insert(strict, Interface.CONTACTLESS)(command).endswith("9000")


@pytest.mark.parametrize("command", CLOSED_OVER_THE_AIR)
def test_most_things_need_the_can_over_the_air_but_not_on_the_contacts(
    strict: HealthCard, insert: Insert, command: str
) -> None:
    assert insert(strict)(command)[-4:] in ("9000", "63C3")
    assert insert(strict, Interface.CONTACTLESS)(command) == "6982"
    assert strict.password.tries == 3


def test_with_the_can_the_whole_login_works_over_the_air(strict: HealthCard) -> None:
    strict.power_on(Interface.CONTACTLESS)
    terminal = Terminal(strict.transmit_contactless, Random(1))
    terminal.open_pace("123123")
    assert terminal.read_binary(0x02).hex() == "5a0a80276883110000152715"
    terminal.verify("123456")
    terminal.select(bytes.fromhex("A000000167455349474E"))
    assert len(terminal.read_file(0x04)) > 700
    assert len(terminal.sign(bytes(32))) == 64
    terminal.select()
    assert len(terminal.get_random(32)) == 32
    assert terminal.exchange(CommandApdu(0x80, 0xFA, 0, 0, bytes(128), 256)).sw == 0x6982


def test_a_command_in_plain_ends_what_the_can_has_opened(strict: HealthCard, insert: Insert) -> None:
    reader = insert(strict, Interface.CONTACTLESS)
    terminal = Terminal(strict.transmit_contactless, Random(1))
    terminal.open_pace("123123")
    terminal.verify("123456")
    assert reader("00B0820000") == "6982"
    assert reader("00B0910000").endswith("9000")


def test_the_can_on_the_contacts_is_no_hindrance(strict: HealthCard) -> None:
    strict.power_on()
    terminal = Terminal(strict.transmit, Random(1))
    terminal.open_pace("123123")
    assert terminal.read_binary(0x02).hex() == "5a0a80276883110000152715"


def test_a_wrong_can_costs_no_try_of_the_pin(strict: HealthCard) -> None:
    for can in ("000000", "111111", "222222", "333333"):
        with pytest.raises(Exception, match=r".*"):
            Terminal(strict.transmit_contactless, Random(1)).open_pace(can)
    assert strict.password.tries == 3


# -- notation ---------------------------------------------------------------------------------------------------------

PASSWORDS = {1: "PIN.CH", 2: "MRPIN.home"}
NOTATION = Notation({"PACE": "SmMac(SK.CAN)", "EITHER": "PWD(01) or flagTI.12"}, PASSWORDS.get)


@pytest.mark.parametrize(
    ("text", "status", "verdict"),
    [
        ("ALW", {}, GRANTED),
        ("NEVER", {}, REFUSED),
        ("PWD(02)", {}, REFUSED),
        ("PWD(02)", {"verified": {"MRPIN.home"}}, GRANTED),
        ("PWD(02)", {"verified": {"PIN.CH"}}, REFUSED),
        ("PWD(02)", {"disabled": {"MRPIN.home"}}, GRANTED),
        ("PACE and RspEnc", {"session_key": "SK.CAN"}, GRANTED_ENCIPHERED),
        ("PACE and RspEnc", {}, REFUSED),
        ("PACE and CmdEnc", {"session_key": "SK.CAN"}, REFUSED),
        ("PACE and CmdEnc", {"session_key": "SK.CAN", "command_encrypted": True}, GRANTED),
        ("flagTI.12", {"roles": [Chat.ti(12, 30)]}, GRANTED),
        ("flagCMS.8", {"roles": [Chat.ti(8)]}, REFUSED),
        ("EITHER and PACE", {"roles": [Chat.ti(12)], "session_key": "SK.CAN"}, GRANTED),
        ("EITHER and PACE", {"verified": {"PIN.CH"}}, REFUSED),
        ("PWD(01) and flagTI.12 or RspEnc", {}, GRANTED_ENCIPHERED),
        ("(PWD(01) or PACE) and flagTI.1", {"session_key": "SK.CAN", "roles": [Chat.ti(1)]}, GRANTED),
    ],
)
def test_a_condition_is_judged_as_it_reads(text: str, status: dict[str, object], verdict: int) -> None:
    known = SecurityStatus(**{"disabled": set(), **status})  # type: ignore[arg-type]  # as the table has it
    assert NOTATION.read(text).judge(known) == verdict


def test_two_roles_are_not_added_up() -> None:
    both = Notation({}, PASSWORDS.get).read("flagTI.1 and flagTI.2")
    assert both.judge(SecurityStatus(set(), roles=[Chat.ti(1), Chat.ti(2)])) == GRANTED
    assert not Chat.ti(1).covers(Chat.ti(1, 2))


@pytest.mark.parametrize(
    "text", ["", "PWD(03)", "ALW ALW", "(ALW", "ALW)", "and", "ALW and", "perhaps", "PWD(x)", "flagTI.56", "§"]
)
def test_what_is_no_condition_is_named(text: str) -> None:
    with pytest.raises(RuleError, match=r".+"):
        NOTATION.read(text)


atoms = st.sampled_from(["ALW", "NEVER", "CmdEnc", "PWD(01)", "PWD(02)", "SmMac(SK.CAN)", "flagTI.12", "flagCMS.8"])
conditions = st.recursive(
    atoms, lambda c: st.tuples(c, st.sampled_from(["and", "or"]), c).map(lambda p: f"({p[0]}) {p[1]} ({p[2]})")
)


@given(conditions)
def test_a_condition_written_out_reads_the_same(text: str) -> None:
    condition = NOTATION.read(text)
    assert str(NOTATION.read(str(condition))) == str(condition)
    for status in (SecurityStatus(set()), SecurityStatus({"PIN.CH"}, roles=[Chat.ti(12)], session_key="SK.CAN")):
        assert NOTATION.read(str(condition)).judge(status) == condition.judge(status)


@given(st.text("()andorPWDALW0129.§ ", max_size=30))
def test_any_text_is_a_condition_or_an_error(text: str) -> None:
    try:
        NOTATION.read(text)
    except RuleError:
        return


# -- mistakes in files ------------------------------------------------------------------------------------------------


def test_a_file_of_ones_own_is_read() -> None:
    assert parse(MINIMAL).root.files[0].name == "EF.One"


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ({"root": {"files": [{"name": "EF.One", "fid": 1, "access": "open"}]}}, "it has a size"),
        ({"root": {"files": [{"name": "EF.One", "fid": 1, "size": 2, "access": "open"}] * 2}}, "more than once"),
        ({"root": {"files": [{"name": "EF.One", "fid": 1, "kind": "cyclic", "access": "open"}]}}, "it needs"),
        (
            {"root": {"keys": [{"name": "K", "kid": 1, "kind": "ec", "algorithms": ["magic"], "access": "open"}]}},
            "magic",
        ),
        ({"access": {"open": {"SING": "ALW"}}}, "SING"),
        ({"access": {"open": {"READ BINARY": {"CB": "ALW"}}}}, "a rule is"),
        ({"colour": "blue"}, "colour"),
        ({"nfc": "perhaps"}, "nfc"),
    ],
)
def test_a_mistake_in_a_file_is_named(change: dict[str, object], complaint: str) -> None:
    raw = yaml.safe_load(MINIMAL)
    root = change.pop("root", {})
    raw |= change
    raw["root"] |= root
    with pytest.raises(ObjectSystemError, match=complaint):
        parse(yaml.safe_dump(raw))


def test_an_unknown_system_and_what_it_does_not_have_are_named() -> None:
    with pytest.raises(ObjectSystemError, match=r"no object system 'egk-g9'; known: egk-g2.0"):
        object_system("egk-g9")
    with pytest.raises(ObjectSystemError, match=r"does not have: EF.Nothing"):
        parse("{name: x, extends: egk-g2.1, object system version: 1.0.0, nfc: false, without: [EF.Nothing]}")
