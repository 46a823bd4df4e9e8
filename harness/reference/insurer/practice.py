"""What the insurer offers a practice: to be let into a record by a card and its PIN."""

from __future__ import annotations

from harness.reference.declined import Declined

from .cards import CardLogin
from .register import Insured, Register


class PracticeAccess:
    """Authorisations given in practices."""

    def __init__(self, register: Register, cards: CardLogin) -> None:
        self._register = register
        self._cards = cards
        self._authorised: set[str] = set()

    def admit(self, iccsn: str) -> tuple[str, str]:
        """Whether there is anything to open with that card: its insured person's number and a challenge for the card.

        Raises `Declined`.
        """
        insured = self._holder(iccsn)
        if not insured.record.exists:
            raise Declined("record_missing")
        insured.require_released(iccsn)
        return insured.kvnr, self._cards.challenge()

    def authorise(self, kvnr: str, jws: str) -> None:
        """Let the practice in. Raises `Declined`."""
        self._cards.judge(kvnr, jws)
        self._authorised.add(kvnr)

    def create_record(self, kvnr: str) -> None:
        """A record is set up by the insured person alone."""
        raise Declined("not_entitled")

    def _holder(self, iccsn: str) -> Insured:
        insured = self._register.holder_of(iccsn)
        if insured is None:
            raise Declined("record_missing")
        return insured
