"""The one who holds the card in tests of the bench: fixed data where a test compares octets. TEST ONLY."""

from __future__ import annotations

from datetime import date

from emulators.core.numbers import PHONE_NUMBERS, TEST_INSURER
from emulators.core.person import Address, CardData, Person

ADDRESS = Address("Teststraße", "7", "42285", "Wuppertal", "NW")
CARD = CardData("80276883110000152715", "123123", "123456", "12345678")


def holder(
    given_names: str,
    family_name: str = "Test",
    *,
    title: str = "",
    birth_name: str = "",
    born: date = date(1980, 5, 17),
    sex: str = "W",
    kvnr: str = "X110540756",
    address: Address = ADDRESS,
    card: CardData = CARD,
) -> Person:
    """A person with that card and no documents; the mobile number is one for fiction."""
    return Person(
        title=title,
        given_names=given_names,
        family_name=family_name,
        birth_name=birth_name or family_name,
        birth_date=born,
        sex=sex,
        kvnr=kvnr,
        ik=TEST_INSURER,
        address=address,
        email=f"{given_names.lower()}@post.example",
        mobile=PHONE_NUMBERS.mobiles[0],
        user_name=given_names.lower(),
        password="geheim",
        card=card,
        documents=(),
    )
