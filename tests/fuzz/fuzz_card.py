"""Coverage-guided fuzzing of the card: `make fuzz`. Never part of the tests; what it finds becomes one.

An input is a little story: one octet for the card and the way to it, then commands, each with an octet for how it is
sent and one for its length. `stories` has those to begin with.
Replay a finding with `python -m tests.fuzz.fuzz_card FILE`.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from random import Random

atheris = import_module("atheris")  # has no types; `make fuzz` installs it

with atheris.instrument_imports(include=["emulators.card"]):
    from emulators.card import HealthCard, Interface, TransportState
    from emulators.card.access import CHAT_OIDS, Chat, flag_bits
    from emulators.card.apdu import MalformedApdu, Response, parse
    from emulators.card.cos import CardOs
    from emulators.card.pace import CardSide, TerminalEphemerals, TerminalSide
    from emulators.card.passwords import Secret, pin_block
    from emulators.card.secure_messaging import CardChannel, SecureMessagingError, TerminalChannel
    from emulators.card.status import StatusWord
    from tests.fuzz.stories import CAN, PERSON, TO_THE_END, TODAY, Sent, Setting, ephemerals, stories

_SYSTEMS = ("egk-g2.1", "egk-g2.1", "egk-g2.1-contact", "egk-g2.0")
_TRANSPORT = (TransportState.REGULAR, TransportState.REGULAR, TransportState.EMPTY_PIN, TransportState.TRANSPORT_PIN)
_MOST_COMMANDS = 24
_WITH_PIN, _WITH_PUK = (0x20, 0x24, 0x26, 0x28), 0x2C


class Broken(AssertionError):
    """The card did what no card may."""


def _agreed() -> tuple[CardChannel, TerminalChannel]:
    return CardChannel(_KEYS), TerminalChannel(_KEYS)


def _run_pace() -> TerminalSide:
    card = CardSide(CAN, ephemerals())
    terminal = TerminalSide(CAN, TerminalEphemerals.draw(Random(8)))
    data: bytes | None = terminal.opening()
    while data is not None:
        data = terminal.receive(card.answer(data))
    return terminal


_keys = _run_pace().keys
assert _keys is not None
_KEYS = _keys


class Story:
    """A card fresh from the envelope, and what is sent to it."""

    def __init__(self, setting: int) -> None:
        self.card = HealthCard.personalised(
            PERSON,
            today=TODAY,
            system=_SYSTEMS[setting & 3],
            transport=_TRANSPORT[setting >> 2 & 3],
            ephemerals=ephemerals,
        )
        self._interface = Interface.CONTACTLESS if setting & Setting.CONTACTLESS else Interface.CONTACT
        self._os = CardOs(self.card.chip)
        self._terminal: TerminalChannel | None = None
        self._authorised = bool(setting & Setting.AUTHORISED)
        self._bare = bool(setting & (Setting.SECURED | Setting.AUTHORISED))
        if self._authorised:
            self._os.session.security.roles.extend(Chat(oid, flag_bits(*range(56))) for oid in CHAT_OIDS.values())
        if setting & Setting.SECURED:
            self._os.session.secure_channel, self._terminal = _agreed()
            self._os.session.session_key = "SK.CAN"

    def tell(self, how: int, octets: bytes) -> None:
        """Send one command and look at what has come of it. Raises `Broken`."""
        sent, wrapped = self._as_sent(Sent(how & 3), how >> 2, octets)
        before = _Look(self.card.chip.secret, authorised=self._authorised)
        answer = self._transmit(sent)
        if len(answer) < 2 or answer[-2] not in (0x90, *range(0x61, 0x70)):
            raise Broken(f"{sent.hex()} was answered with {answer.hex() or 'nothing'}")
        self._hear(answer, wrapped=wrapped, intact=how & 3 == Sent.PROTECTED)
        before.compare(self.card.chip.secret, (octets, sent))
        self.card.describe(sent)

    def _transmit(self, octets: bytes) -> bytes:
        if self._bare:
            return self._os.transmit(octets, self._interface).to_bytes()
        return self.card.transmit(octets, self._interface)

    def _as_sent(self, kind: Sent, where: int, octets: bytes) -> tuple[bytes, bool]:
        """The octets that go to the card, and whether the terminal's end of the session wrapped them."""
        if kind is Sent.POSING and octets:
            return bytes((octets[0] | 0x0C,)) + octets[1:], False
        if kind in (Sent.AS_IT_IS, Sent.POSING) or self._terminal is None:
            return octets, False
        try:
            wrapped = bytearray(self._terminal.wrap(parse(octets)).to_bytes())
        except MalformedApdu:
            self._terminal = None
            return octets, False
        except SecureMessagingError:  # a class byte that cannot be protected: the terminal sends nothing else instead
            return octets, False
        if kind is Sent.DAMAGED:
            wrapped[where % len(wrapped)] ^= 1 << (where >> 3)
        return bytes(wrapped), True

    def _hear(self, answer: bytes, *, wrapped: bool, intact: bool) -> None:
        """The terminal's end of the session: it ends where the card's does."""
        if self._terminal is None or not wrapped:
            return
        if self._os.session.secure_channel is None or not intact:
            self._terminal = None
            return
        try:
            self._terminal.unwrap(Response(answer[:-2], StatusWord.from_bytes(answer[-2:], "big")))
        except SecureMessagingError as error:
            raise Broken(f"a session goes on that the terminal cannot follow: {error}; {answer.hex()}") from error


class _Look:
    """Into the chip, before a command."""

    def __init__(self, secret: Secret, *, authorised: bool) -> None:
        self._authorised = authorised  # to reset the counter without the PUK
        self._state, self._pin, self._puk = secret.state, secret.pin, secret.puk

    def compare(self, secret: Secret, told: tuple[bytes, ...]) -> None:
        """Raises `Broken` for tries or a new PIN that no right secret among what was told has earned."""
        before, after = self._state, secret.state
        resets = [octets for octets in told if octets[1:2] == bytes((_WITH_PUK,))]
        puk = any(self._authorised or pin_block(self._puk) in octets for octets in resets)
        first = before.transport is TransportState.EMPTY_PIN and any(o[1:3] == b"\x24\x01" for o in told)
        pin = any(len(o) > 1 and o[1] in _WITH_PIN and pin_block(self._pin) in o for o in told)
        earned = puk or (before.tries > 0 and (pin or first))
        if after.tries > before.tries and not earned:
            raise Broken(f"tries rose from {before.tries} to {after.tries} unearned")
        if secret.pin != self._pin and not earned:
            raise Broken("the PIN changed without the old one or the PUK")
        if before.tries - after.tries > 1 or before.puk_uses - after.puk_uses not in (0, 1):
            raise Broken(f"counters jumped from {before} to {after}")
        if before.transport is TransportState.REGULAR and after.transport is not TransportState.REGULAR:
            raise Broken("transport protection came back")


def commands(told: bytes) -> Iterator[tuple[int, bytes]]:
    """How each command is sent, and its octets."""
    at = 0
    for _ in range(_MOST_COMMANDS):
        if len(told) < at + 2:
            return
        how, size = told[at : at + 2]
        end = len(told) if size == TO_THE_END else at + 2 + size
        yield how, told[at + 2 : end]
        at = end


def play(told: bytes) -> None:
    """One input of the fuzzer."""
    story = Story(told[0] if told else 0)
    for how, octets in commands(told[1:]):
        story.tell(how, octets)


def main(arguments: list[str]) -> None:
    """Options are libFuzzer's. The folder named first gets the stories; a file is played and that is all."""
    corpus = next((Path(a) for a in arguments[1:] if not a.startswith("-")), None)
    if corpus is not None and corpus.is_dir():
        for number, story in enumerate(stories()):
            (corpus / f"story-{number:04}").write_bytes(story)
    atheris.Setup(arguments, play)
    atheris.Fuzz()


if __name__ == "__main__":
    main(sys.argv)
