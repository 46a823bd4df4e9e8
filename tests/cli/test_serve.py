"""`pruefstand serve` as a process: what it prints and writes, and how it ends."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from threading import Timer
from typing import Any
from urllib.parse import urlsplit

import pytest
import requests

from tests.until import until


class Served:
    """The process, and what it has said once it is ready."""

    def __init__(self, folder: Path, *options: str) -> None:
        command = [sys.executable, "-m", "harness.cli", "serve", "--endpoints", str(folder / "e.json"), *options]
        env = {name: value for name, value in os.environ.items() if name != "PRUEFSTAND_TOKEN"}
        self.process = subprocess.Popen(
            command, cwd=folder, env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )
        assert self.process.stdout is not None
        self.said = ""
        never = Timer(60, self.process.kill)
        never.daemon = True
        never.start()
        for line in self.process.stdout:
            self.said += line
            if line.startswith("ready"):
                break
        else:
            raise AssertionError(self.said)
        never.cancel()
        self.endpoints: dict[str, Any] = json.loads((folder / "e.json").read_text("utf-8"))
        self.control: str = self.endpoints["doors"]["control"]

    def __enter__(self) -> Served:
        return self

    def __exit__(self, *_: object) -> None:
        self.process.kill()
        self.process.communicate()

    def end(self, number: int) -> tuple[int, float, str]:
        """The exit code, the seconds it took, and what was said at the end."""
        began = time.monotonic()
        self.process.send_signal(number)
        said, _ = self.process.communicate(timeout=60)
        return self.process.returncode, time.monotonic() - began, said


def quick(end: Callable[[Path], float], folder: Path) -> bool:
    """Whether it ends within two seconds, once in three times: the machine may have been busy, but hardly each time."""
    for number in range(3):
        (here := folder / str(number)).mkdir()
        if end(here) < 2.0:
            return True
    return False


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_it_within_two_seconds_with_all_journals_written(tmp_path: Path, number: int) -> None:
    def end(folder: Path) -> float:
        options = ("--world", "one", "--world", "two", "--journals", str(folder / "journals"))
        with Served(folder, *options) as served, ExitStack() as lines:
            requests.post(f"{served.control}/worlds", json={"name": "three"}, timeout=10)
            requests.post(f"{served.control}/worlds/one/people", json={}, timeout=10)
            fault = {"emulator": "sms", "kind": "lost"}
            requests.post(f"{served.control}/worlds/one/faults", json=fault, timeout=10)
            for address in served.endpoints["doors"].values():
                lines.enter_context(connect(address))
            body = json.dumps({"event": "never", "timeout": 60}).encode()
            head = "POST /worlds/one/wait HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
            waiter = lines.enter_context(connect(served.control))
            waiter.sendall(f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body)
            code, seconds, said = served.end(number)
        assert code == 0, said
        assert "3 journals are in" in said
        files = sorted((folder / "journals").iterdir())
        assert [file.name for file in files] == ["one.jsonl", "three.jsonl", "two.jsonl"]
        assert json.loads(files[0].read_text("utf-8"))["event"] == "armed"
        return seconds

    assert quick(end, tmp_path)


def connect(address: str) -> socket.socket:
    parts = urlsplit(address)
    return socket.create_connection((parts.hostname or "", parts.port or 0), timeout=10)


def test_it_prints_its_doors_and_an_environment_and_writes_them_for_machines(tmp_path: Path) -> None:
    with Served(tmp_path, "--world", "one", "--seed", "7", "--token", "secret", "--clock", "60") as served:
        assert all(address in served.said for address in served.endpoints["doors"].values())
        env = served.endpoints["worlds"]["one"]["env"]
        assert all(f'{name}="{value}"\n' in served.said for name, value in env.items())
        assert "token of the control API: secret" in served.said
        assert served.endpoints["token"] == "secret"
        assert (tmp_path / "e.json").stat().st_mode & 0o077 == 0
        assert requests.get(f"{served.control}/worlds", timeout=10).status_code == 401
        (world,) = requests.get(
            f"{served.control}/worlds", headers={"Authorization": "Bearer secret"}, timeout=10
        ).json()
        assert (world["name"], world["seed"], world["mode"], world["rate"]) == ("one", 7, "paced", 60)
        assert served.end(signal.SIGTERM)[0] == 0


def test_a_dropped_world_leaves_its_journal_and_a_second_of_that_name_another(tmp_path: Path) -> None:
    with Served(tmp_path, "--world", "one", "--journals", "journals") as served:
        requests.delete(f"{served.control}/worlds/one", timeout=10)
        requests.post(f"{served.control}/worlds", json={"name": "one"}, timeout=10)
        assert served.end(signal.SIGTERM)[0] == 0
    assert sorted(file.name for file in (tmp_path / "journals").iterdir()) == ["one.2.jsonl", "one.jsonl"]


def test_what_was_journalled_survives_a_kill(tmp_path: Path) -> None:
    with Served(tmp_path, "--world", "one", "--journals", "journals") as served:
        fault = {"emulator": "sms", "kind": "lost"}
        requests.post(f"{served.control}/worlds/one/faults", json=fault, timeout=10)
        file = tmp_path / "journals" / "one.jsonl"
        until(lambda: file.exists() and file.read_text("utf-8").endswith("\n"))
        served.process.kill()
        served.process.wait(10)
    assert [json.loads(line)["event"] for line in file.read_text("utf-8").splitlines()] == ["armed"]


def test_a_journal_that_could_not_be_written_is_told_by_the_exit_code(tmp_path: Path) -> None:
    with Served(tmp_path, "--world", "one", "--journals", "journals") as served:
        folder = tmp_path / "journals"
        requests.post(f"{served.control}/worlds", json={"name": "two"}, timeout=10)
        for file in folder.iterdir():
            file.unlink()
        folder.rmdir()
        folder.write_text("somebody has put a file in its place", "utf-8")
        requests.post(f"{served.control}/worlds", json={"name": "three"}, timeout=10)
        code, _, said = served.end(signal.SIGTERM)
    assert code == 2
    assert "A JOURNAL IS NOT WHOLE: the world '" in said
    assert "three.jsonl cannot be written (Not a directory)" in said


def test_a_signal_ends_it_within_two_seconds_even_if_whom_a_world_calls_never_answers(tmp_path: Path) -> None:
    def end(folder: Path) -> float:
        with Served(folder, "--world", "one", "--journals", "journals") as served, ExitStack() as lines:
            silent = lines.enter_context(socket.create_server(("127.0.0.1", 0)))
            silent.settimeout(10)
            person = requests.post(f"{served.control}/worlds/one/people", json={}, timeout=10).json()
            env = served.endpoints["worlds"]["one"]["env"]
            requests.post(
                f"{env['TWILIO_BASE_URL']}/2010-04-01/Accounts/{env['TWILIO_ACCOUNT_SID']}/Messages.json",
                auth=(env["TWILIO_ACCOUNT_SID"], env["TWILIO_AUTH_TOKEN"]),
                data={
                    "To": person["mobile"],
                    "From": "Test",
                    "Body": "x",
                    "StatusCallback": f"http://127.0.0.1:{silent.getsockname()[1]}/",
                },
                timeout=10,
            ).raise_for_status()
            body = json.dumps({"event": "never", "advance": True, "timeout": 60}).encode()
            head = "POST /worlds/one/wait HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
            waiter = lines.enter_context(connect(served.control))
            waiter.sendall(f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body)
            lines.enter_context(silent.accept()[0])
            code, seconds, said = served.end(signal.SIGTERM)
        assert code == 0, said
        return seconds

    assert quick(end, tmp_path)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--port", "fax=1"), "one of control, sms"),
        (("--port", "sms=no"), "--port is DOOR=PORT"),
        (("--port", "sms=70000"), "--port is DOOR=PORT"),
        (("--clock", "fast"), "--clock is 'stepped', 'real' or"),
        (("--clock", "-1"), "--clock is 'stepped', 'real' or"),
        (("--world", "a", "--world", "a"), "there is a world 'a' already"),
        (("--world", "No"), "a world's name is 1 to 32"),
        (("--host", "0.0.0.0"), "needs a token"),
        (("--host", "0.0.0.0", "--token", ""), "the token is empty"),
        (("--host", "192.0.2.1", "--token", "auto"), "cannot listen on 192.0.2.1"),
        (("--port-base", "0"), "--port-base"),
    ],
)
def test_what_cannot_be_done_is_told_in_a_sentence(tmp_path: Path, options: tuple[str, ...], said: str) -> None:
    command = [sys.executable, "-m", "harness.cli", "serve", *options]
    ended = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False)
    assert ended.returncode == 2
    assert said in ended.stderr
    assert "Traceback" not in ended.stderr


def test_a_taken_port_is_told_with_its_door(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = f"mail={taken.getsockname()[1]}"
        command = [sys.executable, "-m", "harness.cli", "serve", "--port", port]
        ended = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False)
    assert ended.returncode == 2
    assert "the door 'mail' cannot listen" in ended.stderr
    assert "Traceback" not in ended.stderr
