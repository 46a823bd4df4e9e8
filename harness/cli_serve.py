"""`pruefstand serve`: many worlds behind shared doors, until ended."""

from __future__ import annotations

import json
import os
import signal
import sys
import threading
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from queue import Empty, SimpleQueue
from secrets import token_urlsafe
from threading import Thread
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.table import Table

from harness.errors import BenchError

if TYPE_CHECKING:
    from emulators.host.doors import Building
    from emulators.host.hosted import Mode
    from emulators.host.journals import JournalFiles

_CLOSING = 1.5  # seconds of real time for doors to shut; journals are written after that in any case

_LOOK = 0.1  # seconds of real time between two looks for a signal

_OK, _WRONG = 0, 2  # as of all commands: the bench is wrong

_HINTS = """\
How to point a client at it:
  twilio     client.api.base_url = os.environ["TWILIO_BASE_URL"]
  sms77api   Sms77api.baseUrl = os.environ["SEVEN_BASE_URL"]
  smpplib    smpplib.client.Client(os.environ["SMPP_HOST"], int(os.environ["SMPP_PORT"]))
  smtplib    smtplib.SMTP(os.environ["SMTP_HOST"], int(os.environ["SMTP_PORT"]))
"""


def serve(
    world: Annotated[list[str] | None, typer.Option(help="a world to begin with, as often as needed")] = None,
    seed: Annotated[int, typer.Option(min=0, help="seed of these worlds")] = 0,
    host: Annotated[
        str, typer.Option(help="address to listen on; one beyond this machine needs --token")
    ] = "127.0.0.1",
    announce: Annotated[
        str | None,
        typer.Option(help="name or address by which clients call, where it is not --host; for 0.0.0.0 this machine's"),
    ] = None,
    port: Annotated[list[str] | None, typer.Option(help="a door's port, as in sms=8081; as often as needed")] = None,
    port_base: Annotated[int | None, typer.Option(min=1, max=65000, help="count the doors' ports from here")] = None,
    token: Annotated[
        str | None,
        typer.Option(
            envvar="PRUEFSTAND_TOKEN",
            help="token of control API (and of mail_api beyond this machine); 'auto' makes one; none: loopback only",
        ),
    ] = None,
    clock: Annotated[str, typer.Option(help="stepped, real, or virtual seconds a second")] = "stepped",
    endpoints: Annotated[Path | None, typer.Option(help="write addresses and keys there, as JSON")] = None,
    journals: Annotated[
        Path | None, typer.Option(help="folder for the worlds' journals, JSON Lines, which grow there")
    ] = None,
) -> None:
    """Open every door for many worlds at once. A control API makes worlds, arms faults, moves clocks. Ctrl-C ends."""
    from emulators.host.doors import DOORS, Building
    from emulators.host.garbage import Garbage
    from emulators.host.host import Host
    from emulators.host.journals import JournalFiles
    from harness.scenario.vocabulary import vocabulary

    mode, rate = _mode(clock)
    ports = _ports(port or (), port_base, DOORS)
    made = Host(vocabulary(Path("scenarios/any.yaml")).personas)
    try:
        for name in world or ["main"]:
            made.create(name, seed).follow(mode, rate, made.monotonic)
        secret = token_urlsafe(24) if token == "auto" else token
        building = Building(made, address=host, ports=ports, token=secret, announce=announce)
        files = JournalFiles(made, journals) if journals is not None else None
        ended = _listen_to_signals()
        building.open()
        if files is not None:
            files.start()
    except (ValueError, LookupError, OSError) as error:
        raise BenchError(str(error)) from error
    garbage = Garbage()
    made.on_drop(lambda _: garbage.dropped())
    garbage.start()
    try:
        _announce(building, endpoints)
        _wait_for(ended)
    except OSError as error:
        raise BenchError(str(error)) from error
    finally:
        code = _end(building, files)
    raise typer.Exit(code)


def _listen_to_signals() -> SimpleQueue[int]:
    # Of all that can be waited for, only this may be put to by a signal that comes while it is waited for.
    ended: SimpleQueue[int] = SimpleQueue()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda sent, _: ended.put(sent))
    return ended


def _wait_for(ended: SimpleQueue[int]) -> None:
    """Return once a signal has come. The system may hand it to another thread, which does not wake this one."""
    while True:
        with suppress(Empty):
            ended.get(timeout=_LOOK)
            return


def _end(building: Building, journals: JournalFiles | None) -> int:
    """Shut the doors and write the journals, within two seconds even if somebody holds a door or a world.

    Returns the exit code.
    """
    code = _OK
    failed: list[Exception] = []

    def close() -> None:
        try:
            building.close()
        except Exception as error:  # told below, as whatever else went wrong
            failed.append(error)

    closing = Thread(target=close, name="closing", daemon=True)
    closing.start()
    closing.join(_CLOSING)
    for error in failed:
        code = _WRONG
        _say(f"A DOOR COULD NOT BE SHUT: {type(error).__name__}: {error}")
    if journals is not None:
        try:
            _say(f"{len(journals.end())} journals are in {journals.folder}")
        except OSError as error:
            code = _WRONG
            _say(f"A JOURNAL IS NOT WHOLE: {error}")
    _say("ended")
    others = [thread for thread in threading.enumerate() if thread is not threading.main_thread()]
    if closing.is_alive() or any(not thread.daemon for thread in others):
        # A call to the outside that nobody answers, or a door that does not shut, would keep the process for seconds.
        sys.stdout.flush()
        os._exit(code)
    return code


def _announce(building: Building, file: Path | None) -> None:
    from emulators.host.endpoints import endpoints, env_lines, environment

    host = building.host
    out = Console(width=None if sys.stdout.isatty() else 110)
    table = Table(title="Doors", title_justify="left", header_style="bold")
    table.add_column("door")
    table.add_column("address", overflow="fold")
    for name, address in host.addresses.items():
        table.add_row(name, address)
    out.print(table)
    for hosted in host:
        _say(f"# the world '{hosted.name}', for a .env file. TEST ONLY\n{env_lines(environment(host, hosted))}")
    _say(f"token of the control API: {building.token or 'none; it answers callers on this machine only'}")
    _say(f"what can be done there: {host.addresses['control']}/ and /openapi.json")
    _say(_HINTS)
    if file is not None:
        _write_private(file, json.dumps(endpoints(host, building.token), ensure_ascii=False, indent=2) + "\n")
        _say(f"endpoints: {file}")
    _say("ready; Ctrl-C or SIGTERM ends it")


def _write_private(file: Path, text: str) -> None:
    """Whole or not at all, for this user only: the token is in it."""
    file.parent.mkdir(parents=True, exist_ok=True)
    draft = file.with_name(f".{file.name}.new")
    draft.unlink(missing_ok=True)
    with open(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as out:
        out.write(text)
    draft.replace(file)


def _mode(clock: str) -> tuple[Mode, float]:
    from emulators.host.hosted import Mode

    if clock in (Mode.STEPPED, Mode.REAL):
        return Mode(clock), 1.0
    try:
        rate = float(clock)
    except ValueError:
        rate = 0.0
    if not 0 < rate <= 1_000_000:
        raise BenchError(f"--clock is 'stepped', 'real' or virtual seconds a second such as 60, not '{clock}'")
    return Mode.PACED, rate


def _ports(given: Sequence[str], base: int | None, doors: Sequence[str]) -> dict[str, int]:
    """The port of each door that is to have a certain one."""
    ports = {} if base is None else {name: base + place for place, name in enumerate(doors)}
    for each in given:
        name, _, number = each.partition("=")
        if name not in doors or not number.isascii() or not number.isdigit() or not 0 < int(number) < 65536:
            raise BenchError(f"--port is DOOR=PORT with a port up to 65535 and one of {', '.join(doors)}; not '{each}'")
        ports[name] = int(number)
    return ports


def _say(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()
