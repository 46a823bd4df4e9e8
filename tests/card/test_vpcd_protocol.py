"""The protocol of the virtual reader, without a socket."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emulators.card.vpcd import ATRS, LONGEST, STARCOS, Deframer, VpcdSession, atr, frame

OFF, ON, RESET, ATR = (frame(bytes((control,))) for control in (0, 1, 2, 4))
SELECT = bytes.fromhex("00A4040C")


class Recorder:
    """A card that notes what is done to it and answers every command alike."""

    atr = bytes.fromhex("3B80800101")

    def __init__(self, answer: bytes = b"\x90\x00") -> None:
        self.answer = answer
        self.events: list[str] = []

    def power_on(self) -> bytes:
        self.events.append("on")
        return self.atr

    def reset(self) -> None:
        self.events.append("reset")

    def transmit(self, command: bytes) -> bytes:
        self.events.append(command.hex())
        return self.answer


class Broken(Recorder):
    def transmit(self, command: bytes) -> bytes:
        raise OSError("the contacts are dirty")


def test_only_the_request_for_the_atr_is_answered_among_the_controls() -> None:
    card = Recorder()
    session = VpcdSession(card)
    assert session.receive(ON) == b""
    assert session.receive(ATR) == frame(STARCOS)
    assert session.receive(RESET) == b""
    assert session.receive(OFF) == b""
    assert card.events == ["on", "reset", "reset"]


def test_a_command_is_answered_with_its_response() -> None:
    session = VpcdSession(Recorder(b"\x01\x02\x90\x00"))
    assert session.receive(ON + frame(SELECT)) == b"\x00\x04\x01\x02\x90\x00"


# As Debian 12's driver sends it: the length first, then the command.
def test_length_and_command_may_come_apart() -> None:
    session = VpcdSession(Recorder())
    session.receive(ON)
    assert session.receive(b"\x00\x04") == b""
    assert session.receive(SELECT) == b"\x00\x02\x90\x00"


def test_asking_for_the_atr_leaves_the_card_in_peace() -> None:
    card = Recorder()
    session = VpcdSession(card, None)
    session.receive(ON + frame(SELECT))
    assert session.receive(ATR + ATR) == frame(Recorder.atr) * 2
    assert card.events == ["on", SELECT.hex()]


def test_a_card_can_be_asked_for_its_own_atr_before_it_has_power() -> None:
    assert VpcdSession(Recorder(), None).receive(ATR) == frame(Recorder.atr)


def test_power_off_makes_the_card_forget_at_once() -> None:
    card = Recorder()
    VpcdSession(card).receive(ON + frame(SELECT) + OFF)
    assert card.events == ["on", SELECT.hex(), "reset"]


def test_a_command_without_power_on_before_it_is_answered_all_the_same() -> None:
    card = Recorder()
    assert VpcdSession(card).receive(frame(SELECT)) == b"\x00\x02\x90\x00"
    assert card.events == ["on", SELECT.hex()]


@pytest.mark.parametrize("answer", [b"", b"\x90"])
def test_an_answer_is_never_shorter_than_a_status_word(answer: bytes) -> None:
    assert VpcdSession(Recorder(answer)).receive(frame(SELECT)) == frame(b"\x6f\x00")


def test_a_card_that_fails_answers_with_an_internal_error() -> None:
    assert VpcdSession(Broken()).receive(frame(SELECT)) == frame(b"\x6f\x00")


@pytest.mark.parametrize(
    ("answer", "sw"),
    [
        (bytes(LONGEST - 2) + b"\x90\x00", "9000"),
        (bytes(LONGEST - 1) + b"\x90\x00", "6200"),
        (bytes(LONGEST + 1) + b"\x62\x82", "6282"),
    ],
)
def test_an_answer_beyond_the_limit_is_cut_and_says_so(answer: bytes, sw: str) -> None:
    (message,) = Deframer().feed(VpcdSession(Recorder(answer)).receive(frame(SELECT)))
    assert len(message) == LONGEST
    assert message[-2:].hex() == sw


def test_a_one_octet_command_that_is_no_control_reaches_the_card() -> None:
    card = Recorder()
    VpcdSession(card).receive(ON + frame(b"\x03"))
    assert card.events == ["on", "03"]


def test_a_message_beyond_the_limit_is_not_framed() -> None:
    with pytest.raises(ValueError, match="65536 octets does not fit"):
        frame(bytes(LONGEST + 1))


@given(st.lists(st.binary(max_size=300), max_size=5), st.integers(1, 7))
def test_messages_come_out_as_they_went_in_however_they_are_cut(messages: list[bytes], cut: int) -> None:
    stream = b"".join(map(frame, messages))
    deframer = Deframer()
    pieces = (stream[at : at + cut] for at in range(0, len(stream), cut))
    assert [message for piece in pieces for message in deframer.feed(piece)] == messages


@given(st.binary(max_size=200))
def test_any_octets_are_taken_without_complaint_and_no_answer_is_empty(data: bytes) -> None:
    assert all(Deframer().feed(VpcdSession(Recorder()).receive(data)))


@pytest.mark.parametrize("value", ATRS.values(), ids=str)
def test_every_named_atr_has_a_right_check_octet(value: bytes) -> None:
    """TCK is there as soon as another protocol than T=0 is (ISO 7816-3, 8.2.5): all but TS XOR to 0."""
    check = 0
    for octet in value[1:]:
        check ^= octet
    assert check == 0


def test_an_atr_is_chosen_by_name_or_in_hex() -> None:
    assert atr("starcos") == bytes.fromhex("3BD097FF81B1FE451F072B")
    assert atr("3B80800101") == bytes.fromhex("3B80800101")


@pytest.mark.parametrize("choice", ["", "tcos", "3B", "00" * 4, "3B" * 34])
def test_what_is_no_atr_is_refused_with_the_names_there_are(choice: str) -> None:
    with pytest.raises(ValueError, match="is no answer to reset; one in hex, or one of: starcos, g2"):
        atr(choice)
