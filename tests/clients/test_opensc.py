"""OpenSC reads the card: opensc-tool, opensc-explorer, and egk-tool where it is new enough."""

from __future__ import annotations

import gzip
import re
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed, encode_dss_signature

from emulators.card import HealthCard
from emulators.card.vpcd import ATRS
from tests.pcsc.virtual_reader import PERSON, Insert, need, run

ROOT, HCA, ESIGN = "D2760001448000", "D27600000102", "A000000167455349474E"
DIGEST = "AB" * 32


def octets(printed: str) -> bytes:
    """What OpenSC prints as rows of hex, with characters beside them."""
    rows = re.findall(r"^((?:[0-9A-F]{2} ){1,16})(?=.{1,16}$)", printed, re.MULTILINE)
    return bytes.fromhex("".join(rows))


def explore(folder: str, *commands: str) -> str:
    explorer = need("opensc-explorer", "opensc")
    return run(explorer, "--mf", f"aid:{folder}", typed="\n".join((*commands, "quit")) + "\n").stdout


def test_opensc_knows_the_card_by_its_atr(insert: Insert, card: HealthCard) -> None:
    tool = need("opensc-tool", "opensc")
    with insert(card):
        assert run(tool, "--atr").stdout.strip() == "3b:d0:97:ff:81:b1:fe:45:1f:07:2b"
        assert run(tool, "--name").stdout.strip() == "STARCOS 3.4"
        assert re.search(r"^0 +Yes +Virtual PCD 00 00$", run(tool, "--list-readers").stdout, re.MULTILINE)


def test_opensc_has_no_driver_for_another_atr(insert: Insert, card: HealthCard) -> None:
    tool = need("opensc-tool", "opensc")
    with insert(card, atr=ATRS["contactless"]):
        assert run(tool, "--name").stdout.strip() != "STARCOS 3.4"


def test_opensc_tool_sends_commands_and_shows_the_answers(insert: Insert, card: HealthCard) -> None:
    tool = need("opensc-tool", "opensc")
    with insert(card):
        shown = run(tool, "-s", "00A4040C", "-s", "00B0820000", "-s", "00B2", "-s", "00A4020C02DEAD").stdout
    assert "Received (SW1=0x90, SW2=0x00)" in shown
    assert octets(shown) == bytes.fromhex("5A0A80276883110000152715")


def test_opensc_tool_resets_the_card(insert: Insert, card: HealthCard) -> None:
    tool = need("opensc-tool", "opensc")
    verify = "002000020826123456FFFFFFFF"
    with insert(card):
        assert "SW1=0x90" in run(tool, "-s", verify).stdout
        assert run(tool, "--reset").returncode == 0
        assert "SW1=0x63, SW2=0xC3" in run(tool, "-s", "80200002").stdout


def test_opensc_explorer_reads_file_sizes_from_the_control_parameters(insert: Insert, card: HealthCard) -> None:
    with insert(card):
        shown = explore(ROOT, "info 2F02", "cat 2F02", "info 011C", "cat 011C")
    assert re.search(r"File size: +12 bytes\nEF structure: +Transparent", shown)
    assert "5A 0A 80 27 68 83 11 00 00 15 27 15" in shown
    assert "31 14 30 12 06 0A 04 00 7F 00 07 02 02 04 02 02" in shown


def test_opensc_explorer_fetches_the_personal_data(insert: Insert, card: HealthCard, tmp_path: Path) -> None:
    file = tmp_path / "pd"
    with insert(card):
        explore(HCA, f"get D001 {file}")
    content = file.read_bytes()
    xml = gzip.decompress(content[2 : 2 + int.from_bytes(content[:2], "big")]).decode("iso8859-15")
    assert f"<Nachname>{PERSON.family_name}</Nachname>" in xml


def test_opensc_explorer_signs_with_the_key_of_the_certificate(
    insert: Insert, card: HealthCard, tmp_path: Path
) -> None:
    file = tmp_path / "certificate"
    with insert(card):
        explore(ESIGN, f"get C504 {file}")
        shown = explore(
            ESIGN, "apdu 0020000208 26123456FFFFFFFF", "apdu 002241B606840184800100", f"apdu 002A9E9A20 {DIGEST} 00"
        )
    signature = octets(shown)
    key = x509.load_der_x509_certificate(file.read_bytes()).public_key()
    assert isinstance(key, ec.EllipticCurvePublicKey)
    der = encode_dss_signature(int.from_bytes(signature[:32], "big"), int.from_bytes(signature[32:], "big"))
    key.verify(der, bytes.fromhex(DIGEST), ec.ECDSA(Prehashed(hashes.SHA256())))


# OpenSC 0.23 selects by path from the MF and can read no G2.1 card at all (issue #2861, fixed in 0.24).
def test_egk_tool_prints_the_personal_data(insert: Insert, card: HealthCard) -> None:
    tool = need("egk-tool", "opensc")
    said = run(need("opensc-tool", "opensc"), "--version").stdout + run("opensc-tool", "--info").stdout
    version = re.search(r"(\d+)\.(\d+)\.\d+", said)
    if version is None or (int(version[1]), int(version[2])) < (0, 24):
        pytest.skip(f"egk-tool of OpenSC {version and version[0]} cannot read G2.1 cards (OpenSC #2861); 0.24 can")
    with insert(card):
        assert f"<Nachname>{PERSON.family_name}</Nachname>" in run(tool, "--pd").stdout
