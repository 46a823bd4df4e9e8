"""A practice's terminal: reads the card by contact and has the practice let into the record."""

from __future__ import annotations

from harness.reference.declined import Declined
from harness.reference.insurer.practice import PracticeAccess

from .card_reader import CardReader
from .platform import Transceiver


class PracticeTerminal:
    """One terminal, connected to the records."""

    def __init__(self, access: PracticeAccess) -> None:
        self._access = access

    def authorise(self, card: Transceiver, pin: str) -> None:
        """Card and PIN open the record to this practice. Raises `Declined`."""
        reader = CardReader(card)
        kvnr, challenge = self._access.admit(reader.iccsn())
        if not pin:
            raise Declined("pin_missing")
        certificate = reader.certificate()
        reader.verify_pin(pin)
        self._access.authorise(kvnr, reader.signed_challenge(certificate, challenge))
