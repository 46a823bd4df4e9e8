"""Packets and frames of the two Bluetooth profiles."""

from __future__ import annotations

from contextlib import suppress
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emulators.card.ble import acr1255, fidesmo
from emulators.card.ble.acr1255 import Block, HostProof, Kind, Malformed, ReaderProof

# Examples of the ACR1255U-J1 Reference Manual V1.01, 5.6.6, with the checksums printed there. Its other examples
# (5.6.1, and the replies E1 00 00 45, E1 00 00 40 and E1 00 00 E0) print checksums that do not follow its own rule.
PRINTED = [
    "6B0005000000CBE000004500",
    "6B0025000000EAE000004600A68117919F4607AEAE4E948E0514E8C825F7900576F8DE7D6DED553F8010C2CA",
    "83001500000253E10000460047D55054F349D417B16540219BDAC9B2",
]

OCTET = st.integers(0, 255)
BLOCKS = st.builds(Block, OCTET, st.binary(max_size=300), OCTET, OCTET)


@pytest.mark.parametrize("printed", PRINTED)
def test_blocks_of_the_manual_are_read_and_written_as_printed(printed: str) -> None:
    raw = bytes.fromhex(printed)
    assert Block.parse(raw).to_bytes() == raw


def test_a_frame_wraps_a_block_with_length_and_check() -> None:
    # 0007 ^ 62 00 00 00 00 00 62 -> 07
    assert acr1255.frame(Block(Kind.POWER_ON)).hex() == "05" + "0007" + "62000000000062" + "07" + "0a"


@given(st.lists(BLOCKS, max_size=3), st.integers(1, 30))
def test_frames_come_out_of_packets_of_any_size(blocks: list[Block], payload: int) -> None:
    stream = b"".join(map(acr1255.frame, blocks))
    deframer = acr1255.Deframer()
    assert [block for packet in acr1255.packets(stream, payload) for block in deframer.feed(packet)] == blocks


@given(st.binary(max_size=100))
def test_any_octets_are_frames_or_malformed(octets: bytes) -> None:
    with suppress(Malformed):
        assert all(isinstance(block, Block) for block in acr1255.Deframer().feed(octets))


@given(st.binary(min_size=1, max_size=60), st.data())
def test_one_wrong_octet_is_noticed(data: bytes, draw: st.DataObject) -> None:
    good = bytearray(Block(Kind.APDU, data).to_bytes())
    at = draw.draw(st.integers(0, len(good) - 1))
    good[at] ^= draw.draw(st.integers(1, 255))
    with pytest.raises(Malformed):
        Block.parse(bytes(good))


def test_host_and_reader_that_share_a_key_agree_on_a_session_key() -> None:
    host, reader = HostProof(acr1255.FACTORY_KEY, Random(1)), ReaderProof(acr1255.FACTORY_KEY, Random(2))
    challenge = reader.answer(host.opening())
    assert challenge is not None
    answer = reader.answer(host.prove(challenge))
    assert answer is not None
    assert host.check(answer)
    assert host.session_key == reader.session_key is not None


def test_a_host_with_another_key_is_not_let_in() -> None:
    host, reader = HostProof(bytes(16), Random(1)), ReaderProof(acr1255.FACTORY_KEY, Random(2))
    challenge = reader.answer(host.opening())
    assert challenge is not None
    assert reader.answer(host.prove(challenge)) is None
    assert reader.session_key is None


def test_a_proof_is_not_taken_twice() -> None:
    host, reader = HostProof(acr1255.FACTORY_KEY, Random(1)), ReaderProof(acr1255.FACTORY_KEY, Random(2))
    proof = host.prove(reader.answer(host.opening()) or b"")
    assert reader.answer(proof) is not None
    assert reader.answer(proof) is None


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
