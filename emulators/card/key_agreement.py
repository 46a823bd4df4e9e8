"""What lies between MSE SET and session keys: the protocol that GENERAL AUTHENTICATE has under way on a channel.

COS tells the protocols apart by the keys chosen: SK.CAN means PACE, a private key with elcSessionkey4SM the mutual
authentication by CV certificates, one with elcAsynchronAdmin or an AES key alone asynchronous administration
(gemSpec_COS N085.051). Any other command in between ends a run; COS leaves open what follows, this card wants the
protocol begun anew.
"""

from __future__ import annotations

from typing import NamedTuple

from cryptography.hazmat.primitives.asymmetric import ec

from . import status
from .access import Chat
from .keys import KeyObject, PublicKey
from .pace import CardSide, Round, SessionKeys
from .status import CommandRefused

CAN_KEY_NAME = "SK.CAN"


class ElcOpening(NamedTuple):
    """The first step of the authentication by CV certificates: whose keys, and what the card drew for it."""

    own: KeyObject
    theirs: PublicKey
    ephemeral: ec.EllipticCurvePrivateKey


class AdministrationOpening(NamedTuple):
    """The first step of asynchronous administration: the card's key and, unless that is symmetric, the other side's."""

    own: KeyObject
    theirs: PublicKey | None


class Agreed(NamedTuple):
    """Session keys for the commands to come: the name of the key behind them, and the role that key proves."""

    keys: SessionKeys
    key: str
    role: Chat | None = None


class KeyAgreement:
    """`chosen` tells whether SK.CAN was chosen last, `agreed` what the last command has come to."""

    __slots__ = ("_opening", "_run", "agreed", "chosen")

    def __init__(self) -> None:
        self.chosen = False
        self._run: CardSide | None = None
        self._opening: ElcOpening | AdministrationOpening | None = None
        self.agreed: Agreed | None = None

    def begin(self, run: CardSide) -> None:
        """A first round, whatever was before."""
        self._run = run

    def interrupt(self) -> None:
        """Another command has come in between."""
        self._run = self._opening = None

    def refuse(self) -> None:
        """The command was refused: it has agreed on nothing, and what was under way is over."""
        self.agreed = None
        self.interrupt()

    def advance(self, data: bytes, *, chained: bool) -> bytes:
        """One round. Raises `CommandRefused`: 6985 without a run or with the wrong class byte, else as `CardSide`."""
        run, self._run = self._run, None
        if run is None or chained == (run.round is Round.CONFIRMATION):
            raise CommandRefused(status.CONDITIONS_NOT_SATISFIED)
        answer = run.answer(data)
        if run.keys is None:
            self._run = run
        else:
            self.agreed = Agreed(run.keys, CAN_KEY_NAME)
        return answer

    def open(self, opening: ElcOpening | AdministrationOpening) -> None:
        """A first step, whatever was before."""
        self._opening = opening

    def close(self) -> ElcOpening | AdministrationOpening | None:
        """What the first step left for the second, once."""
        opening, self._opening = self._opening, None
        return opening

    def take(self) -> Agreed | None:
        """What was agreed on, once."""
        agreed, self.agreed = self.agreed, None
        return agreed
