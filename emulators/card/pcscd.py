"""pcscd for as long as it is needed: a PC/SC service of our own where no init system runs one."""

from __future__ import annotations

import fcntl
import os
import shutil
import subprocess
import time
from collections.abc import Iterable
from pathlib import Path
from types import TracebackType
from typing import IO

from .virtual_reader import SLOTS, free, listens, port_of

RUN = Path("/run/pcscd")
DRIVER = Path("/usr/lib/pcsc/drivers/serial/libifdvpcd.so")
_GUARD = Path("/run/lock/pruefstand-pcscd.lock")
_TURN_WITHIN = 300.0  # seconds
_STARTED_WITHIN = 10.0
_PORTS_FREE_WITHIN = 90.0
"""A closed connection keeps its port for 60 s on Linux."""
_ENDED_WITHIN = 5.0


class PcscdMissing(RuntimeError):
    """pcscd cannot be started here; the text says what is missing."""


def missing() -> str:
    """What is missing to run pcscd with the virtual reader, with the remedy; empty if nothing is."""
    if shutil.which("pcscd", path=_path()) is None or not DRIVER.exists():
        return "pcscd with the virtual reader is not installed: apt-get install pcscd vsmartcard-vpcd"
    if os.geteuid() != 0:
        return "pcscd can be started by root only"
    return ""


class Pcscd:
    """Starts pcscd on entering and ends it on leaving. There is one at a time on a machine: others wait their turn.

    A connection that happens to have got one of the reader's ports is waited for, 90 s at most.
    Raises `PcscdMissing` if it is not installed, does not come up, or one that is not ours runs already.
    """

    def __init__(self, log: Path) -> None:
        self._log = log
        self._guard: IO[str] | None = None
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Pcscd:
        if reason := missing():
            raise PcscdMissing(reason)
        _GUARD.parent.mkdir(parents=True, exist_ok=True)
        self._guard = _GUARD.open("w")
        try:
            self._take_turn(self._guard)
            self._start()
        except BaseException:
            self._end()
            raise
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._end()

    def _take_turn(self, guard: IO[str]) -> None:
        deadline = time.monotonic() + _TURN_WITHIN
        while True:
            try:
                fcntl.flock(guard, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                if time.monotonic() > deadline:
                    raise PcscdMissing("another program of the bench has kept pcscd for too long") from None
                time.sleep(0.1)
            else:
                return

    def _start(self) -> None:
        if listens(port_of(0)):
            raise PcscdMissing("a pcscd that is not ours serves the virtual reader already; end it first")
        RUN.mkdir(parents=True, exist_ok=True)
        deadline = time.monotonic() + _PORTS_FREE_WITHIN
        ports = [port_of(slot) for slot in SLOTS]
        while True:
            await_free(ports, deadline)
            if self._came_up(ports):
                return
            overtaken = [port for port in ports if not listens(port) and not free(port)]
            self._terminate()
            if not overtaken:  # otherwise a connection was faster, and goes again
                told = self._log.read_text("utf-8", "replace").strip()
                raise PcscdMissing(f"pcscd did not come up; it says: {told or 'nothing'}")

    def _came_up(self, ports: list[int]) -> bool:
        with self._log.open("wb") as log:
            command = ("pcscd", "--foreground")
            self._process = subprocess.Popen(command, stdout=log, stderr=log, env={**os.environ, "PATH": _path()})
        deadline = time.monotonic() + _STARTED_WITHIN
        # Knocking at the driver's port would put a card in: look at the kernel's table instead.
        while not ((RUN / "pcscd.comm").exists() and all(map(listens, ports))):
            if self._process.poll() is not None or time.monotonic() > deadline:
                return False
            time.sleep(0.02)
        return True

    def _end(self) -> None:
        self._terminate()
        if self._guard is not None:
            self._guard.close()
        self._guard = None

    def _terminate(self) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        process.terminate()
        try:
            process.wait(_ENDED_WITHIN)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def await_free(ports: Iterable[int], deadline: float) -> None:
    """Wait until the driver could listen on all `ports`; `deadline` as `time.monotonic` counts.

    Raises `PcscdMissing`, naming the port, if one is still taken then.
    """
    for port in ports:
        while not free(port):
            if time.monotonic() > deadline:
                raise PcscdMissing(
                    f"port {port} of the virtual reader is taken by another connection of this machine; "
                    f"end it, or wait a minute if it is closed already: ss -tanp 'sport = :{port}'"
                )
            time.sleep(0.1)


def _path() -> str:
    """Debian puts pcscd where only root's PATH looks."""
    return os.pathsep.join((os.environ.get("PATH", os.defpath), "/usr/sbin"))
