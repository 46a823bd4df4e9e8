"""schemathesis, which reads the control API's own description and tries to catch it lying."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

from emulators.host.doors import Building
from emulators.host.host import Host
from tests.pcsc.virtual_reader import do_without

ROOT = Path(__file__).parents[2]
CONFIG = Path(__file__).parent / "programs" / "schemathesis.toml"


def test_the_control_api_does_what_its_description_says_and_never_breaks(tmp_path: Path) -> None:
    program = ROOT / ".venv-clients" / "bin" / "schemathesis"
    if not program.exists():
        do_without("schemathesis (.venv-clients)", "make clients")
    host = Host(longest_wait=0.01)
    host.create("main").world.settle_in("person", "adult")
    with Building(host).open():
        command = [
            *(str(program), "--config-file", str(CONFIG), "run", f"{host.addresses['control']}/openapi.json"),
            *("--phases", "examples,coverage,fuzzing", "--max-examples", "8", "--generation-deterministic"),
            *("--request-timeout", "10", "--no-color"),
        ]
        done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stdout + done.stderr
    made, passed = (int(count) for count in re.findall(r"(\d+) generated, (\d+) passed", done.stdout)[0])
    assert made == passed > 500, done.stdout
