"""A card in the field: commands, how long they take, and the ways in which the card is lost meanwhile.

Durations are virtual and counted by the connection itself; they never move the world's clock.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple, NoReturn, Protocol

from emulators.core.clock import elapsed
from emulators.core.faults import Armed
from emulators.core.physics import Physics

from ..faults import NoAnswer, PresenceRace, TearOff
from ..profile import OperatingSystem
from .card import Hold, TearableCard
from .errors import PlatformError, SessionEnded, TagLost, TransceiveTooLong, Trouble

# What AOSP resets the timeout of ISO-DEP to (libnfc-nci, NfcTag::resetAllTransceiveTimeouts).
ISO_DEP_TIMEOUT = 0.618


class Field(Protocol):
    """What a connection needs of its reader."""

    held: Hold | None
    presence_check_delay: float
    tag_limit: float | None

    @property
    def enabled(self) -> bool: ...
    @property
    def os(self) -> OperatingSystem: ...
    @property
    def max_transceive(self) -> int | None: ...
    @property
    def extended_length_supported(self) -> bool: ...
    @property
    def session_limit(self) -> float | None: ...
    @property
    def presence_is_checked(self) -> bool: ...
    @property
    def polls_computing_cards(self) -> bool: ...
    def lose(self, command: int, when: str, *, taken_away: bool, reason: str | None = None) -> None: ...
    def note(self, event: str, **data: object) -> None: ...
    def error(self, trouble: Trouble) -> PlatformError | None: ...


class Deadline(NamedTuple):
    """After how many seconds of waiting for one answer something gives up, what, and under which name."""

    seconds: float
    reason: str
    trouble: Trouble


class Connection:
    """A card in the field. Each exchange is written as `apdu` on the channel `card`.

    `found_after` are the seconds of the session that finding the card has taken.
    """

    def __init__(self, nfc: Field, hold: Hold, physics: Physics, tear: Armed | None, found_after: float = 0.0) -> None:
        self._nfc = nfc
        self._card = hold.card
        self._times = hold.times
        self._physics = physics
        self._tear = tear
        self._count = 0
        self._ended: Trouble | None = None
        self._since = physics.clock.now
        self._computed = 0.0
        self._found_after = found_after
        self._timeout = ISO_DEP_TIMEOUT

    @property
    def max_transceive(self) -> int | None:
        """The longest command in octets, or `None` if no limit is known. Answers may be longer, as in AOSP."""
        return self._nfc.max_transceive

    @property
    def extended_length_supported(self) -> bool:
        return self._nfc.extended_length_supported

    @property
    def age(self) -> float:
        """Seconds since the card was connected: those of the world's clock and those it has computed."""
        return elapsed(self._since, self._physics.clock.now).total_seconds() + self._computed

    @property
    def timeout(self) -> float | None:
        """Seconds Android waits for an answer (`IsoDep.setTimeout`); `None` on systems where apps have no say.

        A new connection begins with `ISO_DEP_TIMEOUT` again. Setting it raises `ValueError` where there is none to
        set or for what is no duration.
        """
        return self._timeout if self._nfc.os is OperatingSystem.ANDROID else None

    @timeout.setter
    def timeout(self, seconds: float) -> None:
        if self._nfc.os is not OperatingSystem.ANDROID:
            raise ValueError(f"apps set no timeout on {self._nfc.os.value}")
        if not seconds > 0:
            raise ValueError("The supplied timeout is not valid")  # the words of Android's IllegalArgumentException
        self._timeout = seconds

    def transceive(self, command: bytes) -> bytes:
        """Send a command, return the response. Raises `TagLost` and `TransceiveTooLong`."""
        self._demand_field()
        limit = self._nfc.max_transceive
        if limit is not None and len(command) > limit:
            self._nfc.note("nfc.too_long", length=len(command), limit=limit)
            raise TransceiveTooLong(len(command), limit, self._nfc.error(Trouble.TOO_LONG))
        self._count += 1
        self._tear_off(command)
        self._compute(command)
        race = self._physics.faults.strike("phone", PresenceRace.point) if self._nfc.presence_is_checked else None
        mute = self._physics.faults.strike("phone", NoAnswer.point) if race is None else None
        response = self._exchange(command)
        if race is not None:
            self._lose(race, "after", Trouble.TAG_LOST)
        if mute is not None:
            self._lose(mute, "after", Trouble.NO_ANSWER, reason="no_answer")
        return response

    def close(self) -> None:
        """Let the card go. A tear that never got its turn is armed again: it has not struck."""
        self.end(Trouble.CLOSED)

    def end(self, why: Trouble) -> bool:
        """Let the card go, for that reason; false if it was gone already, for the first reason stays."""
        tear, self._tear = self._tear, None
        if tear is not None:
            self._physics.faults.arm(tear.emulator, tear.kind, tear.fault.model_dump())
        if self._ended is not None:
            return False
        self._ended = why
        return True

    def _demand_field(self) -> None:
        """Raises `TagLost` if the connection has ended, by now or long ago."""
        held = self._nfc.held
        if not self._nfc.enabled:
            self.end(Trouble.RADIO_LOST)
        elif held is None or held.card is not self._card:
            self.end(Trouble.TAG_LOST)
        over = next((end for end in self._ends_of_session() if end.seconds <= 0), None)
        if over is not None and self.end(over.trouble):
            self._nfc.note("nfc.session_ended", reason=over.reason)
        if self._ended is not None:
            raise self._gone(self._ended, "the card is not in the field any more")

    def _tear_off(self, command: bytes) -> None:
        """Take the card away if it is the turn of the tear that is armed."""
        match self._tear.fault if self._tear else None:
            case TearOff(after_command=self._count, when=when):
                if when == "inside":
                    self._interrupt(command)
                elif when == "after":
                    self._exchange(command)
                self._lose(self._tear, when, Trouble.TAG_LOST, taken_away=True)

    def _compute(self, command: bytes) -> None:
        """Let the card compute. Raises `TagLost` if anything gives up waiting first: its power then fails inside."""
        seconds = self._times.seconds(command)
        if not seconds:
            return
        end = min((end for end in self._deadlines() if end.seconds < seconds), default=None)
        spent = seconds if end is None else end.seconds
        self._computed += spent
        extensions = self._times.extensions(spent)
        self._nfc.note("nfc.computing", command=self._count, seconds=round(spent, 6), extensions=extensions)
        if end is not None:
            self._interrupt(command)
            self._lose(None, "inside", end.trouble, reason=end.reason)

    def _deadlines(self) -> Iterator[Deadline]:
        """What gives up on a card that computes too long."""
        if not self._times.extends:
            yield Deadline(self._times.fwt, "frame_waiting_time", Trouble.NO_ANSWER)
        if self.timeout is not None:
            yield Deadline(self.timeout, "timeout", Trouble.NO_ANSWER)
        if self._nfc.polls_computing_cards:
            yield Deadline(self._nfc.presence_check_delay, "presence_check", Trouble.TAG_LOST)
        yield from self._ends_of_session()

    def _ends_of_session(self) -> Iterator[Deadline]:
        if self._nfc.session_limit is not None:
            left = self._nfc.session_limit - self._found_after - self.age
            yield Deadline(left, "session_limit", Trouble.SESSION_EXPIRED)
        if self._nfc.tag_limit is not None:
            yield Deadline(self._nfc.tag_limit - self.age, "tag_limit", Trouble.TAG_LOST)

    def _exchange(self, command: bytes) -> bytes:
        response = self._card.transmit_contactless(command)
        self._record(command, response)
        return response

    def _interrupt(self, command: bytes) -> None:
        """The power fails while the card works. One that cannot tell what it then keeps has finished its work."""
        if isinstance(self._card, TearableCard):
            self._card.transmit_torn(command)
        else:
            self._card.transmit_contactless(command)
        self._record(command, b"")

    def _record(self, command: bytes, response: bytes) -> None:
        self._physics.journal.write(
            "card",
            "apdu",
            name=self._card.describe(command),
            c=command.hex().upper(),
            r=response.hex().upper(),
            sw=response[-2:].hex().upper(),
        )

    def _lose(
        self, hit: Armed | None, when: str, trouble: Trouble, *, taken_away: bool = False, reason: str | None = None
    ) -> NoReturn:
        if hit is self._tear:
            self._tear = None
        self.end(trouble)
        with self._physics.bent_by(hit):
            self._nfc.lose(self._count, when, taken_away=taken_away, reason=reason)
        raise self._gone(trouble, f"the card left the field at command {self._count}")

    def _gone(self, trouble: Trouble, text: str) -> TagLost:
        kind = SessionEnded if trouble in (Trouble.CANCELLED, Trouble.SESSION_EXPIRED) else TagLost
        return kind(text, self._nfc.error(trouble))
