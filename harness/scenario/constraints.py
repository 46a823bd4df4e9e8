"""Named rules that say which combinations of choices a person can be in. Each has its requirement.

Device classes and what they have: reference, section 6.1 (the table of choices).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

Choices = Mapping[str, str]

NO_SMS = frozenset({"android_tablet", "ipad"})
NO_FACE = frozenset({"iphone_7", "iphone_no_nfc"})
CARD_READERS = frozenset({"android_phone_nfc", "iphone_nfc"})


@dataclass(frozen=True, slots=True)
class Constraint:
    """`allows` is asked only once all choices in `needs` have been made."""

    name: str
    requirement: str
    needs: tuple[str, ...]
    allows: Callable[[Choices], bool]
    text: str
    text_de: str


def _tan(choices: Choices) -> bool:
    return choices["tan"] != "auto" or choices["device_class"] not in NO_SMS


def _face(choices: Choices) -> bool:
    return choices["unlock"] != "face" or choices["device_class"] not in NO_FACE


def _card_login(choices: Choices) -> bool:
    return choices["login"] != "card" or (choices["device_class"] in CARD_READERS and choices["card"] == "nfc")


CONSTRAINTS: Mapping[str, Constraint] = {
    constraint.name: constraint
    for constraint in (
        Constraint(
            "tan-auto-needs-sms-device",
            "TAN-02",
            ("tan", "device_class"),
            _tan,
            "the TAN can be taken over only on a device that receives SMS",
            "Die TAN kann nur ein Gerät übernehmen, das SMS empfängt.",
        ),
        Constraint(
            "face-needs-face-hardware",
            "BIO-02",
            ("unlock", "device_class"),
            _face,
            "unlocking by face needs a device that can recognise one",
            "Entsperren per Gesicht braucht ein Gerät mit Gesichtserkennung.",
        ),
        Constraint(
            "card-login-needs-nfc",
            "EGK-01",
            ("login", "device_class", "card"),
            _card_login,
            "card login needs a device that reads cards and a card with NFC",
            "Die Anmeldung mit Karte braucht ein Gerät, das Karten liest, und eine Karte mit NFC.",
        ),
    )
}
