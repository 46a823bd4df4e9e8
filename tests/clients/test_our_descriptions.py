"""schemathesis, which reads our own descriptions of our APIs and tries to catch them lying."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Mapping
from email import message_from_string
from email.policy import SMTP
from pathlib import Path

from emulators.host.doors import Building
from emulators.host.host import Host
from emulators.world import World
from tests.pcsc.virtual_reader import do_without

ROOT = Path(__file__).parents[2]
PROGRAMS = Path(__file__).parent / "programs"
CONFIG = PROGRAMS / "schemathesis.toml"
MAIL = """\
From: Musterkasse <noreply@musterkasse.example>
To: {to}
Subject: Ihr Code
MIME-Version: 1.0
Content-Type: text/html; charset=utf-8

<p>Please <a href="https://musterkasse.example/confirm?token=1">confirm</a></p>
"""


def caught(
    tmp_path: Path,
    description: str,
    *options: str,
    config: Path = CONFIG,
    phases: str = "examples,coverage,fuzzing",
    environment: Mapping[str, str] | None = None,
) -> int:
    """How many cases schemathesis made of a description; the test ends here if the API failed one.

    `environment` is what `config` and hooks read.
    """
    program = ROOT / ".venv-clients" / "bin" / "schemathesis"
    if not program.exists():
        do_without("schemathesis (.venv-clients)", "make clients")
    command = [
        *(str(program), "--config-file", str(config), "run", description),
        *("--phases", phases, "--max-examples", "8", "--generation-deterministic"),
        *("--request-timeout", "10", "--no-color", *options),
    ]
    env = {**os.environ, **(environment or {})}
    done = subprocess.run(command, cwd=tmp_path, env=env, capture_output=True, text=True, timeout=600)
    assert done.returncode == 0, done.stdout + done.stderr
    made, passed = (int(count) for count in re.findall(r"(\d+) generated, (\d+) passed", done.stdout)[0])
    assert made == passed, done.stdout
    return made


def test_the_control_api_does_what_its_description_says_and_never_breaks(tmp_path: Path) -> None:
    host = Host(longest_wait=0.01)
    host.create("main").world.settle_in("person", "adult")
    with Building(host).open():
        assert caught(tmp_path, f"{host.addresses['control']}/openapi.json") > 500


def test_the_read_api_of_mails_does_what_its_description_says_and_never_breaks(tmp_path: Path) -> None:
    with World(1).open(sockets=True) as world:
        to = world.settle_in("person", "adult").email
        for _ in range(3):
            with world.smtp() as smtp:
                smtp.send_message(message_from_string(MAIL.format(to=to), policy=SMTP))
        hooks = {"SCHEMATHESIS_HOOKS": str(PROGRAMS / "schemathesis_mail.py")}
        assert caught(tmp_path, f"{world.addresses['mail_api']}/openapi.json", environment=hooks) > 800
