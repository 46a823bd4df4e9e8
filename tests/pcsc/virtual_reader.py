"""What the tests with a real pcscd share: the service, cards in its virtual reader, and what to do without them."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from datetime import date
from importlib.util import find_spec
from pathlib import Path
from typing import NoReturn

import pytest

from emulators.card import HealthCard
from emulators.card.doors import VpcdDoor
from emulators.card.pcscd import Pcscd, missing
from emulators.card.vpcd import STARCOS, InsertableCard
from emulators.wire.loop import BackgroundLoop
from tests.card_holder import holder

SLOT_NAMES = ("Virtual PCD 00 00", "Virtual PCD 00 01")
PIN = "123456"
PERSON = holder("Paula", "Prüfling", born=date(1984, 2, 29))
_SERVICE = pytest.StashKey[Pcscd]()
Insert = Callable[..., AbstractContextManager[VpcdDoor]]


def do_without(what: str, remedy: str) -> NoReturn:
    """Skip the test with the remedy; in CI, where everything has to be there, fail it."""
    told = f"{what} is not here: {remedy}"
    if os.environ.get("CI") == "true":
        pytest.fail(told, pytrace=False)
    pytest.skip(told)


def need(program: str, package: str) -> str:
    """The path of a program, or the test ends here."""
    return shutil.which(program) or do_without(program, f"apt-get install {package}")


def issue() -> HealthCard:
    return HealthCard.personalised(PERSON, today=date(2021, 3, 23))


def in_slot(present: bool, slot: int = 0, within: float = 15.0) -> None:
    """Wait until PC/SC has seen a card come or go, as its own events tell."""
    from smartcard import scard

    _, context = scard.SCardEstablishContext(scard.SCARD_SCOPE_USER)
    wanted = scard.SCARD_STATE_PRESENT if present else scard.SCARD_STATE_EMPTY
    known = scard.SCARD_STATE_UNAWARE
    try:
        for _ in range(20):
            change = (SLOT_NAMES[slot], known)
            result, states = scard.SCardGetStatusChange(context, int(within * 1000), [change])
            assert result == scard.SCARD_S_SUCCESS, scard.SCardGetErrorMessage(result)
            known = states[0][1] & ~scard.SCARD_STATE_CHANGED
            if known & wanted and not known & scard.SCARD_STATE_MUTE:
                return
    finally:
        scard.SCardReleaseContext(context)
    raise AssertionError(f"slot {slot} never became {'full' if present else 'empty'}")


@pytest.fixture(scope="session")
def pcscd(pytestconfig: pytest.Config, tmp_path_factory: pytest.TempPathFactory) -> Pcscd:
    """pcscd for all tests of this process, whatever their folder; other processes wait for their turn."""
    if _SERVICE not in pytestconfig.stash:
        if reason := missing():
            do_without("pcscd", reason)
        if find_spec("smartcard") is None:
            do_without("pyscard", "pip install 'pruefstand[pcsc]' after apt-get install libpcsclite-dev swig gcc")
        service = ExitStack()
        pytestconfig.stash[_SERVICE] = service.enter_context(Pcscd(tmp_path_factory.mktemp("pcscd") / "log.txt"))
        pytestconfig.add_cleanup(service.close)
    return pytestconfig.stash[_SERVICE]


@pytest.fixture
def loop() -> Iterator[BackgroundLoop]:
    with BackgroundLoop("virtual reader") as running:
        yield running


@pytest.fixture
def insert(pcscd: Pcscd, loop: BackgroundLoop) -> Insert:
    """`with insert(card, slot=0, atr=STARCOS):` a card that PC/SC has seen come, and afterwards has seen go."""

    @contextmanager
    def inserted(card: InsertableCard, slot: int = 0, atr: bytes | None = STARCOS) -> Iterator[VpcdDoor]:
        door = VpcdDoor("card", card, slot=slot, atr=atr)
        door.open(loop)
        try:
            in_slot(True, slot)
            yield door
        finally:
            door.close()
            in_slot(False, slot)

    return inserted


@pytest.fixture
def card() -> HealthCard:
    return issue()


def run(*command: str, typed: str = "", **environment: str) -> subprocess.CompletedProcess[str]:
    """A program to its end, what is typed into it and what it prints; one that hangs fails the test."""
    return subprocess.run(
        command,
        input=typed,
        capture_output=True,
        text=True,
        errors="replace",
        timeout=60,
        check=False,
        env={**os.environ, "LC_ALL": "C.UTF-8", **environment},
    )


def installed(config: pytest.Config, name: str, *command: str) -> Path:
    """A folder that `command` has filled from a package registry, kept in pytest's cache for the next time."""
    cache: pytest.Cache | None = getattr(config, "cache", None)  # not there with -p no:cacheprovider
    folder = cache.mkdir(name) if cache else Path(tempfile.mkdtemp(prefix=name))
    done = folder / ".installed"
    if not done.exists():
        try:
            subprocess.run([*command], cwd=folder, check=True, capture_output=True, text=True, timeout=300)
        except (OSError, subprocess.SubprocessError) as error:
            told = getattr(error, "stderr", "") or error
            do_without(name, f"{' '.join(command)} failed: {str(told).strip()[-300:]}")
        done.touch()
    return folder
