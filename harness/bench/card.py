"""How fast the card is: plain commands, PACE, a login, memory, PC/SC; beside Debian's vicc where it is installed."""

from __future__ import annotations

import hashlib
import resource
import subprocess
import sys
from collections.abc import Iterator
from datetime import date
from functools import partial
from pathlib import Path
from random import Random

from emulators.card import CardPki, HealthCard
from emulators.card.pace import CardEphemerals, CardSide, TerminalEphemerals, TerminalSide
from emulators.card.passwords import pin_block
from emulators.card.terminal import ESIGN, Terminal
from emulators.core.person import Address, CardData, Person
from harness.bench import Figure, Measurement, Unmeasured, card_in_reader, seconds, vicc
from harness.bench.vicc import REMEDY, Vicc

CAN, PIN = "123123", "123456"
_TODAY = date(2021, 3, 23)
_COMMANDS = {
    "SELECT": "00A4040C",
    "GET CHALLENGE": "0084000008",
    "VERIFY": "0020000208" + pin_block(PIN).hex(),
    "SELECT DF.ESIGN": "00A4040C0A" + ESIGN.hex(),
    "READ BINARY EF.GDO": "00B0820000",
    "GET PIN STATUS": "80200002",
    "MSE SET": "002241B606840184800100",
}
# The same to vicc's ISO 7816 card, whose PIN is 1234; the rest it has not or not like that.
_VICC_COMMANDS = {"SELECT": "00A4000C023F00", "GET CHALLENGE": "0084000008", "VERIFY": "002000000431323334"}
_CARDS = 1000
_PAGES = Path("/proc/self/statm")  # Linux only
_VERSION2, _CARD_ACCESS, _CERTIFICATE = 0x11, 0x011C, 0xC504  # the first by its short identifier


def measure(full: bool) -> Iterator[Figure]:
    """All figures of the card; there are no longer ones."""
    with vicc.installed() as peer:
        yield from _plain_commands(peer)
        yield _pace()
        yield _login()
        yield _memory()
        yield from card_in_reader.measure(peer)


def new_card(number: int = 0, pki: CardPki | None = None) -> HealthCard:
    """Card `number` of as many people, each with keys of their own."""
    return HealthCard.personalised(_person(number), today=_TODAY, pki=pki)


def _person(number: int) -> Person:
    return Person(
        "",
        "Bernd",
        "Messer",
        "Messer",
        date(1990, 1, 1),
        "M",
        "X110359890",
        "109500969",
        Address("Teststraße", "7", "42285", "Wuppertal", "NW"),
        "bernd@example.org",
        "+491713920002",
        "bernd",
        "geheim",
        CardData(f"8027688311{number:010}", CAN, PIN, "12345678"),
        (),
    )


def _plain_commands(peer: Vicc | None) -> Iterator[Figure]:
    theirs = peer.in_process(_VICC_COMMANDS) if peer else {}
    card = new_card()
    for name, command in _COMMANDS.items():
        took = seconds(partial(_transmitted, card, bytes.fromhex(command)), 7, batch=2000) * 1e6
        yield Measurement(f"{name}, in process", took, "µs", "< 8 µs", took < 8)
        if name in theirs:
            yield Measurement(f"{name}, in process, vicc's card OS", theirs[name] * 1e6, "µs")
    if peer is None:
        yield Unmeasured("vicc's card OS, in process", f"not installed: {REMEDY}")


def _transmitted(card: HealthCard, command: bytes) -> None:
    """Raises `RuntimeError` for any answer but success: refusals are cheap."""
    answer = card.transmit(command)
    if answer[-2:] != b"\x90\x00":
        raise RuntimeError(f"{command.hex()} was answered with {answer.hex()}")


def _pace() -> Measurement:
    random = Random(1)

    def run() -> None:
        card = CardSide(CAN, CardEphemerals.draw(random))
        terminal = TerminalSide(CAN, TerminalEphemerals.draw(random))
        data: bytes | None = terminal.opening()
        while data is not None:
            data = terminal.receive(card.answer(data))

    took = seconds(run, 100) * 1e3
    return Measurement("PACE, both sides together, in process", took, "ms", "< 6 ms", took < 6)


def _login() -> Measurement:
    """What an app does over the air: root, EF.CardAccess, PACE, certificate, PIN, signature; both sides."""
    random, card = Random(2), new_card()
    digest = hashlib.sha256(b"challenge").digest()

    def run() -> None:
        card.reset()
        terminal = Terminal(card.transmit_contactless, random)
        terminal.select(with_fcp=True)
        terminal.read_binary(_VERSION2)
        terminal.select_file(_CARD_ACCESS)
        terminal.read_binary()
        terminal.open_pace(CAN)
        terminal.select(ESIGN)
        terminal.select_file(_CERTIFICATE, with_fcp=True)
        terminal.read_file()
        terminal.select()
        terminal.pin_status()
        terminal.verify(PIN)
        terminal.select(ESIGN)
        terminal.sign(digest)

    took = seconds(run, 100) * 1e3
    return Measurement("a full login with the card, both sides, in process", took, "ms", "< 10 ms", took < 10)


def _memory() -> Figure:
    """In a process of its own, for memory once taken is not given back."""
    what = f"memory of {_CARDS:,} cards, personalised and each used for a login"
    if not _PAGES.exists():
        return Unmeasured(what, f"this system has no {_PAGES}; Linux does")
    program = "from harness.bench.card import growth; print(growth())"
    told = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True)
    grown = float(told.stdout)
    return Measurement(what, grown, "MB", "< 100 MB", grown < 100)


def growth() -> float:
    """By how many MB this process grows while it makes the cards, uses each once and keeps them all."""
    pki = CardPki()
    _use(new_card(0, pki))
    before = _resident()
    cards = [new_card(number, pki) for number in range(1, _CARDS + 1)]
    for card in cards:
        _use(card)
    return (_resident() - before) / 1e6


def _use(card: HealthCard) -> None:
    terminal = Terminal(card.transmit, Random(3))
    terminal.verify(PIN)
    terminal.select(ESIGN)
    terminal.select_file(_CERTIFICATE)
    terminal.read_file()
    terminal.sign(bytes(32))


def _resident() -> int:
    """Octets of this process in memory. Not its peak: a child begins with that of its parent."""
    return int(_PAGES.read_text("ascii").split()[1]) * resource.getpagesize()
