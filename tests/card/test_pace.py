"""PACE, both sides: the worked example of the BSI, derived keys, rounds out of order, points off the curve."""

from __future__ import annotations

from random import Random

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from emulators.card import brainpool
from emulators.card.brainpool import GENERATOR, ORDER, NotAPoint
from emulators.card.pace import (
    CardEphemerals,
    CardSide,
    KeyPurpose,
    PaceFailed,
    SessionKeys,
    TerminalEphemerals,
    TerminalSide,
    derive_key,
)
from emulators.card.status import CommandRefused

# BSI TR-03110 worked example, as in OpenPACE's eactest.c (reference card.md 3.3).
CARD = CardEphemerals(
    bytes.fromhex("7D98C00FC6C9E9543BBF94A87073A123"),
    0x19C428715663DE745D1824B855D2B967890C99D68ED5FEEE9DCDF8D7BBA289D2,
    0x15872C56908C144002177994CFAAEDD5467CE150853C44535051FF24183039D8,
)
TERMINAL = TerminalEphemerals(
    0x752287F5B02DE3C4BC3E17945118C51B23C97278E4CD748048AC56BA5BDC3D46,
    0x9D9A32DF93A57CCE33CA3CDD3457E33A976F293546C73550F397259C93BE0120,
)
Z = "CE834CDE69FFBB1D1EB21585CD709F18"
X1 = (
    "043DD29BBE5907FD21A152ADA4895FAAE7ACC55F5E50EFBFDE5AB0C6EB54F198D6"
    "15913635F0FDF5BEB383E00355F82D3C41ED0DF2E28363433DFB73856A15DC9F"
)
Y1 = (
    "049CFCF7582AC986D0DD52FA53123414C3E1B96B4D00ABA8E574679B70EFB5BC3B"
    "45D2F13729CC2AE178E7E241B443213533B77DBB44649A815DDC4A2384BA422A"
)
X2 = (
    "04518BC4E532AD2A9BD6527804D5D665ABD51041037A0CC8AA922804EB501C222B"
    "3427388599AFAAE9FBACE2DF93E13C3C4979CD12F0AE3E3C0126028391554582"
)
Y2 = (
    "04282CF38073036AFAC216AF135BD994DA0C357F10BD4C34AFEA1042B2EB0FD680"
    "4DF3658B835AC2E7133F13691184542BB50B109963A4662ABDC08B9763AF4B5B"
)
T_PCD, T_PICC = "A27AE7B36573C1D9", "A2658C2F38600B0F"
KEYS = SessionKeys(bytes.fromhex("68406B4162100563D9C901A6154D2901"), bytes.fromhex("73FF268784F72AF833FDC9464049AFC9"))
ROUNDS = (
    ("7C00", f"7C128010{Z}"),
    (f"7C438141{X1}", f"7C438241{Y1}"),
    (f"7C438341{X2}", f"7C438441{Y2}"),
    (f"7C0A8508{T_PCD}", f"7C0A8608{T_PICC}"),
)
REQUESTS = tuple(bytes.fromhex(request) for request, _ in ROUNDS)


def card_at(round_: int) -> CardSide:
    """The card of the worked example, with so many rounds behind it."""
    card = CardSide("123456", CARD)
    for request in REQUESTS[:round_]:
        card.answer(request)
    return card


def run(card: CardSide, terminal: TerminalSide) -> None:
    data: bytes | None = terminal.opening()
    while data is not None:
        data = terminal.receive(card.answer(data))


def test_the_card_answers_as_in_the_worked_example() -> None:
    card = CardSide("123456", CARD)
    assert [card.answer(request).hex().upper() for request in REQUESTS] == [answer for _, answer in ROUNDS]
    assert card.keys == KEYS


def test_the_terminal_asks_as_in_the_worked_example() -> None:
    terminal = TerminalSide("123456", TERMINAL)
    asked = [terminal.opening(), *(terminal.receive(bytes.fromhex(answer)) for _, answer in ROUNDS)]
    assert asked == [*REQUESTS, None]
    assert terminal.keys == KEYS


# reference card.md 3.3; the last four are unit vectors of gematik's OpenHealth-Core.
@pytest.mark.parametrize(
    ("secret", "purpose", "key"),
    [
        (b"123123", KeyPurpose.PASSWORD, "e9c1a4bf6e88dd00e80ed4dfe7d19154"),
        (b"123456", KeyPurpose.PASSWORD, "591468cda83d65219cccb8560233600f"),
        (b"000000", KeyPurpose.PASSWORD, "783397608c38b1d3d2b16b2a174dc536"),
        (b"12345678", KeyPurpose.PASSWORD, "663eababa99e954e8d22889540edc66c"),
        ("secret", KeyPurpose.ENCRYPTION, "ab5541629d18e5f33ee2b13dbdcdbe84"),
        ("secret", KeyPurpose.AUTHENTICATION, "e13d3757c7d9073794a3d7ca94b22d30"),
        ("secret", KeyPurpose.PASSWORD, "74c1f5e712b53baaa3b02b182e0961b9"),
    ],
)
def test_keys_are_derived_from_the_whole_secret(secret: bytes | str, purpose: KeyPurpose, key: str) -> None:
    shared = bytes.fromhex("2ECA74E72CD6C1E0DA235093569984987C34A9F4D34E4E60FB0AD87B983CDC62")
    assert derive_key(shared if isinstance(secret, str) else secret, purpose).hex() == key


@settings(deadline=None, max_examples=10)
@given(st.integers(), st.text("0123456789", min_size=6, max_size=6))
def test_both_sides_agree_on_the_same_keys(seed: int, can: str) -> None:
    random = Random(seed)
    card = CardSide(can, CardEphemerals.draw(random))
    terminal = TerminalSide(can, TerminalEphemerals.draw(random))
    run(card, terminal)
    assert card.keys is not None
    assert card.keys == terminal.keys


def test_the_same_source_of_randomness_draws_the_same_keys() -> None:
    assert CardEphemerals.draw(Random("card")) == CardEphemerals.draw(Random("card"))
    assert TerminalEphemerals.draw(Random(1)) != TerminalEphemerals.draw(Random(2))


def test_a_wrong_can_shows_in_the_last_round_only() -> None:
    card, terminal = CardSide("123456", CARD), TerminalSide("654321", TERMINAL)
    with pytest.raises(CommandRefused, match="6300"):
        run(card, terminal)
    assert card.keys is None
    assert terminal.keys is None


@pytest.mark.parametrize("seed", range(3))
def test_a_shared_secret_can_be_forced_to_begin_with_zero(seed: int) -> None:
    random = Random(seed)
    chosen = TerminalEphemerals.draw(random)
    card = CardSide("123456", CardEphemerals.draw(random, leading_zero=True))
    terminal = TerminalSide("123456", chosen)
    data, answers = terminal.opening(), []
    for _ in range(3):
        answers.append(card.answer(data))
        data = terminal.receive(answers[-1]) or b""
    secret = brainpool.x_coordinate(brainpool.decode(answers[2][4:]) * chosen.x2)
    assert secret[0] == 0
    assert terminal.receive(card.answer(data)) is None
    assert terminal.keys == card.keys == SessionKeys.derived(secret)
    assert terminal.keys != SessionKeys.derived(secret.lstrip(b"\0"))


def test_the_search_for_a_leading_zero_passes_the_end_of_the_group() -> None:
    card = CardSide("123456", CARD._replace(y2=ORDER - 1, leading_zero=True))
    terminal = TerminalSide("123456", TERMINAL)
    run(card, terminal)
    assert card.keys == terminal.keys


@pytest.mark.parametrize(("behind", "sent"), [(b, s) for b in range(4) for s in range(4) if b != s])
def test_a_round_out_of_order_is_refused_and_ends_the_run(behind: int, sent: int) -> None:
    card = card_at(behind)
    with pytest.raises(CommandRefused, match="6985"):
        card.answer(REQUESTS[sent])
    with pytest.raises(CommandRefused, match="6985"):
        card.answer(REQUESTS[behind])
    assert card.keys is None


def test_a_finished_run_answers_nothing_more() -> None:
    card = card_at(4)
    with pytest.raises(CommandRefused, match="6985"):
        card.answer(REQUESTS[3])


PRIME = 0xA9FB57DBA1EEA9BC3E660A909D838D726E3BF623D52620282013481D1F6E5377
X = int(X1[2:66], 16)
BAD_POINTS = {
    "not on the curve": "04" + "11" * 64,
    "compressed": "02" + X1[2:66],
    "hybrid": "07" + X1[2:],
    "cut short": X1[:-2],
    "one octet too long": X1 + "00",
    "infinity": "00",
    "nothing": "",
    "zero": "04" + "00" * 64,
    "of another curve": "046B17D1F2E12C4247F8BCE6E563A440F277037D812DEB33A0F4A13945D898C296"
    "4FE342E2FE1A7F9B8EE7EB4A7C0F9E162BCE33576B315ECECBB6406837BF51F5",
}


@pytest.mark.parametrize("octets", BAD_POINTS.values(), ids=BAD_POINTS)
@pytest.mark.parametrize(("behind", "tag"), [(1, "81"), (2, "83")])
def test_what_is_no_point_is_refused_and_ends_the_run(behind: int, tag: str, octets: str) -> None:
    card = card_at(behind)
    inner = f"{tag}{len(octets) // 2:02X}{octets}"
    with pytest.raises(CommandRefused, match="6A80"):
        card.answer(bytes.fromhex(f"7C{len(inner) // 2:02X}{inner}"))
    with pytest.raises(CommandRefused, match="6985"):
        card.answer(REQUESTS[behind])


def test_a_coordinate_must_be_smaller_than_the_prime() -> None:
    # 2^256 leaves room for X + p only where X is small: look for a point that has such an X.
    point = GENERATOR
    while (x := int.from_bytes(brainpool.x_coordinate(point), "big")) + PRIME >= 1 << 256:
        point = point + GENERATOR
    octets = brainpool.encode(point)
    assert brainpool.encode(brainpool.decode(octets)) == octets
    with pytest.raises(NotAPoint):
        brainpool.decode(b"\x04" + (x + PRIME).to_bytes(32, "big") + octets[33:])


def test_a_mapping_to_infinity_is_refused() -> None:
    """s·G + y1·X1 = 0 for X1 = -(s/y1)·G; who knows y1 can try."""
    factor = -int.from_bytes(CARD.nonce, "big") * pow(CARD.y1, -1, ORDER) % ORDER
    card = card_at(1)
    with pytest.raises(CommandRefused, match="6A80"):
        card.answer(bytes.fromhex("7C438141") + brainpool.encode(GENERATOR * factor))


@pytest.mark.parametrize(
    "data", ["", "7C", "7C02", "80", "7D00", "7C007C00", "7C048100" + "8100", "7C0281", "FF" * 5, "7C00" + "00"]
)
def test_what_is_no_object_7c_is_refused(data: str) -> None:
    with pytest.raises(CommandRefused, match=r"6A80|6985"):
        CardSide("123456", CARD).answer(bytes.fromhex(data))


@pytest.mark.parametrize("token", ["", "00", "00" * 8, T_PICC, T_PCD + "00", T_PCD[:-2]])
def test_a_wrong_token_is_an_authentication_failure(token: str) -> None:
    card = card_at(3)
    inner = f"85{len(token) // 2:02X}{token}"
    with pytest.raises(CommandRefused, match="6300"):
        card.answer(bytes.fromhex(f"7C{len(inner) // 2:02X}{inner}"))
    assert card.keys is None


ECHOES = {1: f"7C438241{X1}", 2: f"7C438441{X2}"}
FALSE_ANSWERS = [
    (0, "7C0A8008" + "00" * 8),
    (0, f"7C438241{Y1}"),
    (1, "7C438241" + BAD_POINTS["not on the curve"]),
    (1, ECHOES[1]),
    (2, ECHOES[2]),
    (3, "7C0A8608" + "00" * 8),
    (3, ""),
]


@pytest.mark.parametrize(("behind", "answer"), FALSE_ANSWERS)
def test_a_false_card_is_found_out(behind: int, answer: str) -> None:
    terminal = TerminalSide("123456", TERMINAL)
    for _, good in ROUNDS[:behind]:
        terminal.receive(bytes.fromhex(good))
    with pytest.raises(PaceFailed):
        terminal.receive(bytes.fromhex(answer))
    with pytest.raises(PaceFailed):
        terminal.receive(bytes.fromhex(ROUNDS[behind][1]))
    assert terminal.keys is None


@settings(deadline=None)
@given(st.integers(0, 3), st.binary(max_size=80))
def test_any_octets_are_refused_by_the_card_with_a_status_word(behind: int, data: bytes) -> None:
    assume(data != REQUESTS[behind])
    card = card_at(behind)
    with pytest.raises(CommandRefused, match=r"6A80|6985|6300"):
        card.answer(data)
    assert card.keys is None


@settings(deadline=None)
@given(st.integers(0, 3), st.binary(max_size=80))
def test_any_octets_are_refused_by_the_terminal(behind: int, data: bytes) -> None:
    terminal = TerminalSide("123456", TERMINAL)
    for _, answer in ROUNDS[:behind]:
        terminal.receive(bytes.fromhex(answer))
    with pytest.raises(PaceFailed):
        terminal.receive(data)
    assert terminal.keys is None


@given(st.integers(1, ORDER - 1))
def test_points_survive_the_wire(scalar: int) -> None:
    octets = brainpool.encode(GENERATOR * scalar)
    assert brainpool.encode(brainpool.decode(octets)) == octets
    assert brainpool.x_coordinate(brainpool.decode(octets)) == octets[1:33]


@given(st.binary(max_size=70) | st.binary(min_size=64, max_size=64).map(lambda xy: b"\x04" + xy))
def test_any_octets_are_a_point_or_none(octets: bytes) -> None:
    with pytest.raises(NotAPoint):
        brainpool.decode(octets)


def test_infinity_has_no_octets() -> None:
    with pytest.raises(NotAPoint):
        brainpool.encode(GENERATOR * ORDER)
    with pytest.raises(NotAPoint):
        brainpool.x_coordinate(GENERATOR * 0)
