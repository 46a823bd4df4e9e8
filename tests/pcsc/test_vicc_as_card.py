"""The other way round: our reader side reads a card that is not ours, the `vicc` of vsmartcard-vpicc."""

from __future__ import annotations

import os
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from emulators.card.connection import connect
from emulators.card.pcscd import Pcscd
from tests.pcsc.virtual_reader import SLOT_NAMES, in_slot, installed, need

# Debian puts its module where no Python looks for it, and does not depend on what it imports.
DEBIAN_PACKAGES = "/usr/lib/python3/site-packages/virtualsmartcard"


def test_our_reader_side_reads_another_emulators_card(pcscd: Pcscd, pytestconfig: pytest.Config) -> None:
    vicc = need("vicc", "vsmartcard-vpicc")
    pip = (sys.executable, "-m", "pip", "install", "--quiet", "--target", ".", "pycryptodome")
    cryptodome = installed(pytestconfig, "pip-pycryptodome", *pip)
    path = os.pathsep.join((str(cryptodome), DEBIAN_PACKAGES))
    log = Path(cryptodome / "vicc.log")
    with log.open("wb") as told:
        process = subprocess.Popen(
            [sys.executable, vicc, "--type", "iso7816"],
            stdout=told,
            stderr=told,
            stdin=subprocess.DEVNULL,
            env={**os.environ, "PYTHONPATH": path},
        )
    try:
        in_slot(True)
        with closing(connect(f"pcsc:{SLOT_NAMES[0]}")) as card:
            atr = card.power_on()
            assert atr[0] in (0x3B, 0x3F)
            assert card.transmit(bytes.fromhex("00A4000C023F00")).hex() == "9000"
            challenge = card.transmit(bytes.fromhex("0084000008"))
            assert (len(challenge), challenge[-2:].hex()) == (10, "9000")
    finally:
        process.terminate()
        process.wait(10)
        in_slot(False)
