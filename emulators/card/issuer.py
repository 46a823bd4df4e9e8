"""Where cards come from: the emulator that the world knows under the name `card`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import ClassVar

from emulators.core.emulator import Door
from emulators.core.faults import Fault
from emulators.core.person import Person
from emulators.core.physics import Physics

from .access import ENFORCEMENT, Enforcement
from .card import HealthCard
from .faults import FAULTS, Misissued
from .object_system import G21_CONTACT, ObjectSystem, object_system
from .passwords import TransportState
from .pki import CardPki, Variant, card_serial


class CardIssuer:
    """Issues health cards under one PKI and can take their certificates back."""

    name: ClassVar[str] = "card"
    faults: ClassVar[Mapping[str, type[Fault]]] = FAULTS

    def __init__(self, physics: Physics) -> None:
        self._physics = physics
        self.pki = CardPki()

    def doors(self) -> Iterable[Door]:
        """None: a card is reached through a reader, `VpcdDoor` for PC/SC, `ble.radio.Air` for Bluetooth."""
        return ()

    def issue(
        self,
        person: Person,
        *,
        variant: Variant = Variant.GENUINE,
        transport: TransportState = TransportState.REGULAR,
        blocked: bool = False,
        system: str | None = None,
        enforcement: Enforcement = ENFORCEMENT,
    ) -> HealthCard:
        """A card for the person, made today; the data of `person.card` decide its number, PIN, PUK and NFC.

        `system` names the object system (`object_system.known()`), by default that of generation 2.1 which fits the
        person's NFC; one without NFC leaves the card without CAN. `enforcement` says whether the antenna has rules of
        its own. Raises `ObjectSystemError` for an unknown system, `ValueError` for one with NFC and no CAN to open it.
        """
        if system is not None:
            person = _fitting(person, object_system(system))
        hit = self._physics.faults.strike(self.name, "issue")
        match hit.fault if hit else None:
            case Misissued(variant=variant, transport=transport, blocked=blocked, without_nfc=without_nfc):
                if without_nfc:
                    person, system = _without_nfc(person), G21_CONTACT
        today = self._physics.clock.now.date()
        card = HealthCard.personalised(
            person,
            today=today,
            pki=self.pki,
            variant=variant,
            transport=transport,
            physics=self._physics,
            system=system,
            enforcement=enforcement,
        )
        if blocked:
            card.block_pin()
        with self._physics.bent_by(hit):
            self._physics.journal.write(
                self.name,
                "issued",
                iccsn=card.iccsn,
                kvnr=person.kvnr,
                nfc=card.nfc,
                system=card.chip.system.name,
                enforcement=enforcement.value,
                variant=variant.value,
                transport=transport.value,
                blocked=blocked,
            )
        if variant is Variant.REVOKED:
            self.revoke(card)
        return card

    def revoke(self, card: HealthCard) -> None:
        """Take the card's certificate back from this moment on."""
        self.pki.revocations.revoke(card_serial(card.person), self._physics.clock.now)
        self._physics.journal.write(self.name, "revoked", iccsn=card.iccsn, serial=f"{card_serial(card.person):X}")


def _without_nfc(person: Person) -> Person:
    return replace(person, card=replace(person.card, can="", nfc=False))


def _fitting(person: Person, system: ObjectSystem) -> Person:
    """The person, with the data of a card of that kind."""
    if not system.nfc:
        return _without_nfc(person)
    if not person.card.can:
        raise ValueError(f"{system.name} has NFC, and {person.full_name} has no CAN to open it with")
    return replace(person, card=replace(person.card, nfc=True))
