"""Sessions of a card: how PACE goes, what ends it, what becomes of the session, what is asked in it."""

from __future__ import annotations

from random import Random

import pytest

from emulators.card import HealthCard, Interface, brainpool
from emulators.card.apdu import CommandApdu
from emulators.card.pace import Round, TerminalSide
from emulators.card.secure_messaging import TerminalChannel
from emulators.card.terminal import ESIGN, ApduError, Format, Terminal
from tests.card.conftest import Answer, through
from tests.card.golden import (
    AGREEMENT,
    ANNA,
    GOLDEN,
    KEYS,
    MSE_PACE,
    SECURED,
    SELECT_ROOT,
    TERMINAL_EPHEMERALS,
    TODAY,
    a_physics,
    golden_card,
    in_session,
    open_terminal,
    say,
)


@pytest.mark.parametrize(
    ("command", "status"),
    [
        ("0022C1A40F800A04007F00070202040203830102", "6A81"),
        ("0022C1A40F800A04007F00070202040202830103", "6A88"),
        ("0022C1A403830102", "6A81"),
        ("0022C1A4", "6A88"),
        ("0022C1A4028301", "6A80"),
        ("108600000000027C000000", "6985"),
    ],
)
def test_choosing_the_key_of_the_can_has_its_status_words(command: str, status: str) -> None:
    assert say(golden_card(), command) == status


def test_rounds_must_be_chained_and_come_in_order() -> None:
    card = golden_card()
    say(card, MSE_PACE)
    assert say(card, AGREEMENT[2].command) == "6985"
    assert say(card, "00" + AGREEMENT[1].command[2:]) == "6985"
    assert say(card, AGREEMENT[1].command) == AGREEMENT[1].response
    assert say(card, "108601" + AGREEMENT[2].command[6:]) == "6A86"
    assert say(card, AGREEMENT[3].command) == "6985"
    assert say(card, AGREEMENT[2].command) == "6985"


@pytest.mark.parametrize("behind", [2, 3, 4])
def test_the_first_round_begins_anew_at_any_time(behind: int) -> None:
    card = golden_card()
    for command, _ in AGREEMENT[:behind]:
        say(card, command)
    assert [say(card, command) for command, _ in AGREEMENT[1:]] == [response for _, response in AGREEMENT[1:]]


@pytest.mark.parametrize(
    ("between", "answer"), [("00A4040C", "9000"), ("80200002", "6982"), ("00B0820000", "6982"), (MSE_PACE, "9000")]
)
def test_a_command_between_the_rounds_runs_and_the_agreement_is_over(between: str, answer: str) -> None:
    """It runs by the rules of the air: what is protected says 6982 as long as there is no session."""
    card = golden_card()
    for command, _ in AGREEMENT[:3]:
        say(card, command)
    assert say(card, between)[-4:] == answer
    assert say(card, AGREEMENT[3].command) == "6985"


def test_a_reset_ends_agreement_and_session() -> None:
    card = golden_card()
    say(card, MSE_PACE)
    card.reset()
    assert say(card, AGREEMENT[1].command) == "6985"
    card, _ = in_session()
    card.reset()
    assert say(card, SECURED[0][1].command) == "6988"


def test_a_wrong_mac_ends_the_session() -> None:
    card, channel = in_session()
    good = channel.wrap(SELECT_ROOT)
    bad = good._replace(data=good.data[:-1] + bytes((good.data[-1] ^ 1,)))
    assert card.transmit_contactless(bad.to_bytes()).hex() == "6988"
    assert card.transmit_contactless(good.to_bytes()).hex() == "6988"
    assert say(card, "00B0820000") == "6982"


def test_a_malformed_command_ends_the_session() -> None:
    card, channel = in_session()
    assert say(card, "0C20000208") == "6988"
    assert card.transmit_contactless(channel.wrap(SELECT_ROOT).to_bytes()).hex() == "6988"


# gemSpec_COS N031.600.a
@pytest.mark.parametrize("plain", ["00A4040C", "80200002", "00DA0000", "00", ""])
def test_a_plain_command_ends_the_session_and_runs_in_plain(plain: str) -> None:
    card, channel = in_session()
    fresh = golden_card()
    assert say(card, plain) == say(fresh, plain)
    assert card.transmit_contactless(channel.wrap(SELECT_ROOT).to_bytes()).hex() == "6988"


def test_a_command_out_of_the_channel_is_judged_like_any_other() -> None:
    terminal = open_terminal(golden_card())
    for command, sw in [
        (CommandApdu(0x00, 0xDA, 0, 0), 0x6D00),
        (CommandApdu(0x01, 0xA4, 4, 0x0C), 0x6881),
        (CommandApdu(0x00, 0xA4, 2, 0x0C, b"\xde\xad"), 0x6A82),
        (CommandApdu(0x00, 0x2A, 0x9E, 0x9A, bytes(32), 256), 0x6985),
    ]:
        assert terminal.exchange(command).sw == sw
    assert terminal.secured


def test_control_parameters_come_back_in_plain_and_data_enciphered() -> None:
    card, channel = in_session()
    for command, tag in (
        (CommandApdu(0, 0xA4, 4, 4, b"", 256), 0x81),
        (CommandApdu(0, 0xB0, 0x82, 0, b"", 256), 0x87),
    ):
        answer = Format(card.transmit_contactless).send(channel.wrap(command))
        assert answer.data[0] == tag
        assert channel.unwrap(answer).data[0] in (0x62, 0x5A)


def test_a_session_can_be_agreed_on_within_a_session() -> None:
    card = golden_card()
    terminal = open_terminal(card)
    first = terminal.exchange(CommandApdu(0, 0x22, 0xC1, 0xA4, bytes.fromhex(MSE_PACE[10:])))
    assert first.sw == 0x9000
    opening = terminal.exchange(CommandApdu(0x10, 0x86, 0, 0, b"\x7c\x00", 256))
    assert opening.data.hex().upper() + "9000" == AGREEMENT[1].response


def over_the_air(card: HealthCard, channel: TerminalChannel, command: CommandApdu) -> Answer:
    return through(card, channel, command, Interface.CONTACTLESS)


def agree_within(card: HealthCard, channel: TerminalChannel, can: str) -> Answer:
    """PACE within the session; what the last round comes to."""

    def sent(cla: int, data: bytes) -> Answer:
        return over_the_air(card, channel, CommandApdu(cla, 0x86, 0, 0, data, 256))

    choice = CommandApdu(0, 0x22, 0xC1, 0xA4, bytes.fromhex(MSE_PACE[10:]))
    assert over_the_air(card, channel, choice) == Answer(0x9000)
    run = TerminalSide(can, TERMINAL_EPHEMERALS)
    data: bytes | None = run.opening()
    while data is not None and run.round is not Round.CONFIRMATION:
        data = run.receive(sent(0x10, data).data)
    assert data is not None
    return sent(0x00, data)


# gemSpec_COS N085.064 d.6.i, N030.700 and N031.900 b.
def test_a_failed_agreement_within_a_session_ends_it() -> None:
    card, channel = in_session()
    assert agree_within(card, channel, "654321") == Answer(0x6300, protected=False)
    assert over_the_air(card, channel, SELECT_ROOT) == Answer(0x6988, protected=False)
    assert say(card, "00B0820000") == "6982"


def test_a_good_agreement_within_a_session_is_answered_under_the_old_keys() -> None:
    card, channel = in_session()
    assert agree_within(card, channel, "123456").data.hex().startswith("7c0a8608")
    assert over_the_air(card, TerminalChannel(KEYS), SELECT_ROOT) == Answer(0x9000)


# gemSpec_COS N104.200 e, N030.720 and N030.700: SK.CAN is the root's.
@pytest.mark.parametrize("environment", [1, 2])
def test_restoring_an_environment_of_the_root_ends_the_session(environment: int) -> None:
    card, channel = in_session()
    restore = CommandApdu(0, 0x22, 0xF3, environment)
    assert over_the_air(card, channel, restore) == Answer(0x9000, protected=False)
    assert over_the_air(card, channel, SELECT_ROOT) == Answer(0x6988, protected=False)


def test_restoring_an_environment_below_the_root_leaves_the_session() -> None:
    card, channel = in_session()
    for command in (CommandApdu(0, 0xA4, 4, 0x0C, ESIGN), CommandApdu(0, 0x22, 0xF3, 1), SELECT_ROOT):
        assert over_the_air(card, channel, command) == Answer(0x9000)


# gemSpec_COS N104.200 b
def test_restoring_an_environment_of_the_root_takes_the_can_out_of_use() -> None:
    card = golden_card()
    assert say(card, MSE_PACE) == "9000"
    assert say(card, "0022F301") == "9000"
    assert say(card, AGREEMENT[1].command) == "6985"


def test_each_run_draws_anew_and_each_card_alike() -> None:
    def opening(card: HealthCard) -> str:
        say(card, MSE_PACE)
        return say(card, AGREEMENT[1].command)

    one, same = (HealthCard.personalised(ANNA, today=TODAY) for _ in range(2))
    first = opening(one)
    assert first == opening(same)
    assert first != opening(one)


def test_faults_and_counters_are_seen_through_the_channel() -> None:
    physics = a_physics()
    card = golden_card(physics)
    terminal = open_terminal(card)
    with pytest.raises(ApduError):
        terminal.verify("000000")
    assert [entry.event for entry in physics.journal.entries] == ["password.changed"]
    physics.faults.arm("card", "memory_failure", {})
    with pytest.raises(ApduError, match="6581"):
        terminal.verify("123456")
    assert card.password.tries == 2


def test_a_world_can_force_the_leading_zero() -> None:
    physics = a_physics()
    physics.faults.arm("card", "leading_zero", {})
    card = HealthCard.personalised(ANNA, today=TODAY, physics=physics)
    answers: list[bytes] = []

    def listen(command: bytes) -> bytes:
        answers.append(card.transmit_contactless(command))
        return answers[-1]

    Terminal(listen, Random(1)).open_pace("123456", TERMINAL_EPHEMERALS)
    secret = brainpool.x_coordinate(brainpool.decode(answers[3][4:-2]) * TERMINAL_EPHEMERALS.x2)
    assert secret[0] == 0
    assert [entry.event for entry in physics.journal.named("card", "secret.forced")] == ["secret.forced"]


def test_secured_commands_have_names() -> None:
    card = golden_card()
    names = [card.describe(bytes.fromhex(exchange.command)) for exchange in GOLDEN]
    assert names[0] == "MANAGE SECURITY ENVIRONMENT"
    assert names[1:5] == ["GENERAL AUTHENTICATE"] * 4
    assert names[5:8] == ["secured SELECT", "secured GET PIN STATUS MRPIN.home", "secured VERIFY MRPIN.home"]
    assert names[12] == "secured READ BINARY SFID 02"
