"""Through PC/SC: pcscd, the virtual reader, and a card in it; ours beside `vicc`, all in one run."""

from __future__ import annotations

import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from time import perf_counter

from emulators.card.pcscd import Pcscd, PcscdMissing, missing
from harness.bench import Figure, Measurement, Unmeasured
from harness.bench.vicc import REMEDY, Vicc

READER = "Virtual PCD 00 00"
_OURS = """
import warnings
warnings.simplefilter("ignore")
from emulators.card.doors import insert
from harness.bench.card import new_card
insert(new_card())
"""
_CHALLENGE = bytes.fromhex("0084000008")
# The root by each card's own name for it: an eGK knows no SELECT by 3F00.
_OUR_COMMANDS = {"SELECT": bytes.fromhex("00A4040C"), "GET CHALLENGE": _CHALLENGE}
_VICC_COMMANDS = {"SELECT": bytes.fromhex("00A4000C023F00"), "GET CHALLENGE": _CHALLENGE}
_ROUNDS = 5
_SLOW, _FAST = 10, 1000  # exchanges in a round; as shipped each takes 44 ms
_WITHIN = 15.0  # seconds for a card to come or go
_TITLE = "through PC/SC"
Transmit = Callable[[list[int]], list[int]]


class _NoCard(ConnectionError):
    """The reader is empty, or its card does not answer."""


def measure(vicc: Vicc | None) -> Iterator[Figure]:
    """SELECT and GET CHALLENGE through pcscd: ours, vicc as shipped, and vicc with QUICKACK."""
    if reason := missing():
        yield Unmeasured(_TITLE, reason)
    elif find_spec("smartcard") is None:
        remedy = "apt-get install libpcsclite-dev swig gcc python3-dev, then pip install 'pruefstand[pcsc]'"
        yield Unmeasured(_TITLE, f"pyscard is not installed: {remedy}")
    else:
        try:
            with tempfile.TemporaryDirectory() as folder, Pcscd(Path(folder, "pcscd.log")):
                yield from _beside(vicc)
        except PcscdMissing as error:
            yield Unmeasured(_TITLE, str(error))


def _beside(vicc: Vicc | None) -> Iterator[Figure]:
    ours: list[Mapping[str, float]] = []
    quick: list[Mapping[str, float]] = []
    shipped: list[Mapping[str, float]] = []
    for _ in range(_ROUNDS):  # in turns: what slows the machine down slows all of them
        ours.append(_exchanges((sys.executable, "-c", _OURS), None, _OUR_COMMANDS, _FAST))
        if vicc:
            quick.append(_exchanges(vicc.with_quickack, vicc.environment, _VICC_COMMANDS, _FAST))
            shipped.append(_exchanges(vicc.as_shipped, vicc.environment, _VICC_COMMANDS, _SLOW))
    for name in _OUR_COMMANDS:
        own = _median(ours, name)
        yield Measurement(f"{name} {_TITLE}", own * 1e6, "µs")
        if vicc is None:
            yield Unmeasured(f"{name} {_TITLE}, vicc", f"not installed: {REMEDY}")
            continue
        peer = _median(quick, name)
        yield Measurement(f"{name} {_TITLE}, vicc with QUICKACK", peer * 1e6, "µs")
        yield Measurement(f"{name} {_TITLE}, vicc as shipped", _median(shipped, name) * 1e6, "µs")
        yield Measurement(f"{name} {_TITLE}, ours against QUICKACK", peer / own, "times", "≥ 1.5", peer / own >= 1.5)
        yield Measurement(f"{name} {_TITLE}, ours against as shipped", _median(shipped, name) / own, "times")


def _median(rounds: Sequence[Mapping[str, float]], name: str) -> float:
    return statistics.median(figures[name] for figures in rounds)


def _exchanges(
    program: Sequence[str], environment: Mapping[str, str] | None, commands: Mapping[str, bytes], times: int
) -> dict[str, float]:
    """Seconds an exchange, by command, with the card that `program` puts into the reader."""
    with _running(program, environment), _connected() as transmit:
        return {name: _typical(transmit, command, times) for name, command in commands.items()}


def _typical(transmit: Transmit, command: bytes, times: int) -> float:
    octets = list(command)
    answer = transmit(octets)
    if answer[-2:] != [0x90, 0x00]:
        raise RuntimeError(f"{command.hex()} was answered with {bytes(answer).hex()}")
    taken = []
    for _ in range(times):
        began = perf_counter()
        transmit(octets)
        taken.append(perf_counter() - began)
    return statistics.median(taken)


@contextmanager
def _connected() -> Iterator[Transmit]:
    """pyscard's thinnest layer, the C functions: what a client of its own costs would be in both sides' figures."""
    scard = import_module("smartcard.scard")
    _, context = scard.SCardEstablishContext(scard.SCARD_SCOPE_USER)
    try:
        either = scard.SCARD_PROTOCOL_T0 | scard.SCARD_PROTOCOL_T1
        result, card, protocol = scard.SCardConnect(context, READER, scard.SCARD_SHARE_SHARED, either)
        if result != scard.SCARD_S_SUCCESS:
            raise _NoCard(scard.SCardGetErrorMessage(result))
        control = scard.SCARD_PCI_T1 if protocol == scard.SCARD_PROTOCOL_T1 else scard.SCARD_PCI_T0

        def transmit(octets: list[int]) -> list[int]:
            answer: list[int]
            result, answer = scard.SCardTransmit(card, control, octets)
            if result != scard.SCARD_S_SUCCESS:
                raise _NoCard(scard.SCardGetErrorMessage(result))
            return answer

        yield transmit
        scard.SCardDisconnect(card, scard.SCARD_UNPOWER_CARD)
    finally:
        scard.SCardReleaseContext(context)


@contextmanager
def _running(program: Sequence[str], environment: Mapping[str, str] | None) -> Iterator[None]:
    """A program that puts a card in; before and after, the slot is empty."""
    quiet = subprocess.DEVNULL
    process = subprocess.Popen(program, env=environment, stdin=quiet, stdout=quiet, stderr=quiet)
    try:
        _until(present=True)
        yield
    finally:
        process.terminate()
        process.wait()
        _until(present=False)


def _until(*, present: bool) -> None:
    deadline = time.monotonic() + _WITHIN
    while time.monotonic() < deadline:
        try:
            with _connected():
                found = True
        except _NoCard:
            found = False
        if found is present:
            return
        time.sleep(0.1)
    raise PcscdMissing(f"the card never {'came into' if present else 'left'} the virtual reader")
