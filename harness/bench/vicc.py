"""The peer: `vicc` of vsmartcard-vpicc, Debian's smartcard emulator, and its card OS for ISO 7816.

It runs in processes of its own. Debian puts its modules where no Python looks for them, and it needs pycryptodome
without depending on it: that is put into a folder which goes with the measurement.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

REMEDY = "apt-get install vsmartcard-vpicc"
_MODULES = Path("/usr/lib/python3/site-packages/virtualsmartcard")
_IN_PROCESS = """
import json, logging, sys
from time import perf_counter
logging.disable()
from virtualsmartcard.CardGenerator import CardGenerator
from virtualsmartcard.VirtualSmartcard import Iso7816OS
card = Iso7816OS(*CardGenerator("iso7816").getCard())
figures = {}
for name, command in json.loads(sys.argv[1]).items():
    octets = bytes.fromhex(command)
    assert card.execute(octets)[-2:] == b"\\x90\\x00", name
    rounds = []
    for _ in range(7):
        began = perf_counter()
        for _ in range(1000):
            card.execute(octets)
        rounds.append((perf_counter() - began) / 1000)
    figures[name] = sorted(rounds)[3]
print(json.dumps(figures))
"""
_QUICKACK = """
import runpy, socket, sys
class Quick(socket.socket):
    def recv(self, *size):
        self.setsockopt(socket.IPPROTO_TCP, socket.TCP_QUICKACK, 1)
        return super().recv(*size)
socket.socket = Quick
sys.argv = sys.argv[1:]
runpy.run_path(sys.argv[0], run_name="__main__")
"""


class Vicc:
    """An installed vicc, with an environment in which it runs."""

    def __init__(self, program: str, environment: dict[str, str]) -> None:
        self.environment = environment
        self.as_shipped = (sys.executable, program, "--type", "iso7816")
        self.with_quickack = (sys.executable, "-c", _QUICKACK, program, "--type", "iso7816")

    def in_process(self, commands: dict[str, str]) -> dict[str, float]:
        """Seconds for each command, by the names given; the median of rounds."""
        told = subprocess.run(
            [sys.executable, "-c", _IN_PROCESS, json.dumps(commands)],
            check=True,
            capture_output=True,
            text=True,
            env=self.environment,
        )
        figures: dict[str, float] = json.loads(told.stdout)
        return figures


@contextmanager
def installed() -> Iterator[Vicc | None]:
    """vicc if it is on this machine and can be made to run, else `None`."""
    program = shutil.which("vicc")
    if program is None:
        yield None
        return
    with tempfile.TemporaryDirectory() as folder:
        path = os.pathsep.join((folder, str(_MODULES)))
        pip = (sys.executable, "-m", "pip", "install", "--quiet", "--quiet", "--target", folder, "pycryptodome")
        fetched = subprocess.run(pip, check=False, capture_output=True).returncode == 0
        yield Vicc(program, {**os.environ, "PYTHONPATH": path}) if fetched else None
