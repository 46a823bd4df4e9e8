"""Packets and frames of the two Bluetooth profiles."""

from __future__ import annotations

from contextlib import suppress
from random import Random

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from emulators.card.ble import acr1255_frames as frames
from emulators.card.ble import fidesmo
from emulators.card.ble.acr1255_frames import Block, Bodies, CardStatus, Kind, Malformed
from emulators.card.ble.acr1255_proof import FACTORY_KEY, HostProof, ReaderProof

# Examples of the ACR1255U-J1 Reference Manual V1.01, 5.6.6, with the checksums printed there. Its other examples
# (5.6.1, and the replies E1 00 00 45, E1 00 00 40 and E1 00 00 E0) print checksums that do not follow its own rule.
# The last two: what polling is asked for with in V1.07, 5.6.7.1, and what a reader was recorded to say to it.
PRINTED = [
    "6B0005000000CBE000004500",
    "6B0025000000EAE000004600A68117919F4607AEAE4E948E0514E8C825F7900576F8DE7D6DED553F8010C2CA",
    "83001500000253E10000460047D55054F349D417B16540219BDAC9B2",
    "6B0005000000CFE000004001",
    "830005000202" + "26" + "E100004001",
]
# The proof and the last reply of that example: the same random number of the host, decrypted and encrypted.
PROOF = bytes.fromhex(PRINTED[1])[12:]
PROVED = bytes.fromhex(PRINTED[2])[12:]
SESSION_KEY = bytes(range(16))

OCTET = st.integers(0, 255)
BLOCKS = st.builds(Block, OCTET, st.binary(max_size=300), OCTET, OCTET)


@pytest.mark.parametrize("printed", PRINTED)
def test_blocks_of_the_manual_are_read_and_written_as_printed(printed: str) -> None:
    raw = bytes.fromhex(printed)
    assert Block.parse(raw).to_bytes() == raw


def test_a_frame_wraps_a_block_with_length_and_check() -> None:
    # 0007 ^ 62 00 00 00 00 00 62 -> 07
    assert frames.frame(Block(Kind.POWER_ON).to_bytes()).hex() == "05" + "0007" + "62000000000062" + "07" + "0a"


@given(st.lists(BLOCKS, max_size=3), st.integers(1, 30))
def test_frames_come_out_of_packets_of_any_size(blocks: list[Block], payload: int) -> None:
    stream = b"".join(frames.frame(block.to_bytes()) for block in blocks)
    deframer = frames.Deframer()
    assert [block for packet in frames.packets(stream, payload) for block in deframer.feed(packet)] == blocks


@given(st.binary(max_size=100))
def test_any_octets_are_frames_or_malformed(octets: bytes) -> None:
    with suppress(Malformed):
        assert all(isinstance(block, Block) for block in frames.Deframer().feed(octets))


@given(st.binary(min_size=1, max_size=60), st.data())
def test_one_wrong_octet_is_noticed(data: bytes, draw: st.DataObject) -> None:
    good = bytearray(Block(Kind.APDU, data).to_bytes())
    at = draw.draw(st.integers(0, len(good) - 1))
    good[at] ^= draw.draw(st.integers(1, 255))
    with pytest.raises(Malformed):
        Block.parse(bytes(good))


def test_host_and_reader_that_share_a_key_agree_on_a_session_key() -> None:
    host, reader = HostProof(FACTORY_KEY, Random(1)), ReaderProof(FACTORY_KEY, Random(2))
    challenge = reader.answer(host.opening())
    assert challenge is not None
    answer = reader.answer(host.prove(challenge))
    assert answer is not None
    assert host.check(answer)
    assert host.session_key == reader.session_key is not None


def test_a_host_with_another_key_is_not_let_in() -> None:
    host, reader = HostProof(bytes(16), Random(1)), ReaderProof(FACTORY_KEY, Random(2))
    challenge = reader.answer(host.opening())
    assert challenge is not None
    assert reader.answer(host.prove(challenge)) is None
    assert reader.session_key is None


def test_a_proof_is_not_taken_twice() -> None:
    host, reader = HostProof(FACTORY_KEY, Random(1)), ReaderProof(FACTORY_KEY, Random(2))
    proof = host.prove(reader.answer(host.opening()) or b"")
    assert reader.answer(proof) is not None
    assert reader.answer(proof) is None


def test_the_example_of_the_manual_was_made_with_the_factory_key_and_an_initial_vector_of_zero() -> None:
    assert frames.encrypt(FACTORY_KEY, PROOF)[:16] == frames.decrypt(FACTORY_KEY, PROVED)


def test_a_sealed_block_is_filled_up_with_ff_and_encrypted_whole() -> None:
    # The plain text of a reply recorded from a reader: a card has been laid on it.
    recorded = bytes.fromhex("50000000000353" + "FF" * 9)
    bodies = Bodies()
    bodies.key = SESSION_KEY
    sealed = bodies.seal(Block(Kind.CARD_STATUS, parameter=CardStatus.PRESENT))
    # AES-128-CBC of the recorded text, computed with another implementation (openssl enc -aes-128-cbc -nopad).
    assert sealed.hex() == "40b20342b84d150f39b2a59f2a71acb6"
    assert frames.decrypt(SESSION_KEY, sealed) == recorded


def test_a_block_of_whole_sixteen_octets_gets_no_filler() -> None:
    bodies = Bodies()
    bodies.key = SESSION_KEY
    assert len(bodies.seal(Block(Kind.APDU, bytes(9)))) == 16


@given(BLOCKS, st.binary(min_size=16, max_size=16))
@example(Block(Kind.HARDWARE_ERROR, bytes(9)), SESSION_KEY)
def test_what_is_sealed_with_a_key_is_opened_with_it(block: Block, key: bytes) -> None:
    bodies = Bodies()
    bodies.key = key
    assert bodies.open(bodies.seal(block)) == block


@pytest.mark.parametrize(
    "block",
    [
        Block(Kind.HARDWARE_ERROR, parameter=4),
        *(Block(Kind.ESCAPE, bytes((0xE0, 0, 0, step, 0)) + bytes(32)) for step in (0x45, 0x46)),
        *(Block(Kind.ESCAPED, bytes((0xE1, 0, 0, step, 0)) + bytes(16)) for step in (0x45, 0x46)),
    ],
)
def test_errors_and_authentication_stay_in_plain(block: Block) -> None:
    bodies = Bodies()
    bodies.key = SESSION_KEY
    assert bodies.seal(block) == block.to_bytes()
    assert bodies.open(block.to_bytes()) == block


@pytest.mark.parametrize("data", [b"", bytes(9), b"\x00\xb0\x82\x00\x00"])
def test_a_block_in_plain_is_refused_once_there_is_a_key(data: bytes) -> None:
    bodies = Bodies()
    bodies.key = SESSION_KEY
    with pytest.raises(Malformed, match=r"in plain|not encrypted"):
        bodies.open(Block(Kind.APDU, data).to_bytes())


@given(st.binary(max_size=100))
def test_any_octets_are_a_sealed_block_or_malformed(octets: bytes) -> None:
    bodies = Bodies()
    bodies.key = SESSION_KEY
    with suppress(Malformed):
        assert isinstance(bodies.open(octets), Block)


def test_what_comes_after_a_broken_frame_is_still_understood() -> None:
    good = frames.frame(Block(Kind.POWER_ON).to_bytes())
    broken = good[:-2] + bytes((good[-2] ^ 1, good[-1]))
    deframer = frames.Deframer()
    with pytest.raises(Malformed, match="check octet"):
        list(deframer.feed(broken + good))
    assert list(deframer.feed(b"")) == [Block(Kind.POWER_ON)]


def test_an_apdu_is_cut_into_numbered_packets() -> None:
    assert [packet.hex() for packet in fidesmo.packets(bytes.fromhex("00A4040C"), 7)] == [
        "0200" + "0100" + "00a404",
        "0200" + "0200" + "0c",
    ]


@given(st.binary(max_size=2000), st.integers(5, 600))
def test_packets_are_put_together_again(apdu: bytes, payload: int) -> None:
    whole = fidesmo.Reassembly()
    cut = list(fidesmo.packets(apdu, payload))
    assert all(len(packet) <= payload for packet in cut)
    assert [whole.add(packet) for packet in cut] == [None] * (len(cut) - 1) + [apdu]


def test_packets_too_small_for_their_header_are_refused() -> None:
    with pytest.raises(ValueError, match="does not fit"):
        list(fidesmo.packets(b"\x00", 4))


@pytest.mark.parametrize("packet", ["", "010001", "02000200FF", "01000200FF", "00000100"])
def test_a_packet_out_of_turn_is_refused_and_the_next_apdu_is_taken(packet: str) -> None:
    whole = fidesmo.Reassembly()
    with pytest.raises(fidesmo.PacketsBroken):
        whole.add(bytes.fromhex(packet))
    assert whole.add(bytes.fromhex("01000100FF")) == b"\xff"


def test_no_apdu_is_longer_than_extended_length_allows() -> None:
    whole = fidesmo.Reassembly()
    *cut, last = fidesmo.packets(bytes(65545), 512)
    assert [whole.add(packet) for packet in cut] == [None] * len(cut)
    with pytest.raises(fidesmo.PacketsBroken, match="no APDU is longer than 65544"):
        whole.add(last)
