"""Reading gematik's card images: XML with a `child` for each object and an `attribute` for each value.

What is known of the format, from the programs that read it: `child` elements nest as folders do and carry the object's
name in `id`; the values of an object are the `attribute` elements it has outside of further children, each with its
name in `id` and hexadecimal text; `body` is the content of a transparent file, `privateKey` the scalar of an EC key;
secrets are format-2 blocks. Names of attributes beyond those follow gemSpec_COS and are unproved: no image was at hand
when this was written. The tree of the image must fit one of the object systems here, whose rules then apply; rules in
the image are not read.
"""

from __future__ import annotations

import gzip
import xml.etree.ElementTree as ElementTree
from collections.abc import Iterator, Mapping
from datetime import date
from typing import NamedTuple
from xml.etree.ElementTree import Element

from cryptography.hazmat.primitives.asymmetric import ec

from emulators.core.person import Address, CardData, Person

from . import tlv
from .authority import CURVE
from .card import HealthCard
from .chip import CARDHOLDER_SECRET, Chip
from .filesystem import TransparentFile
from .keys import KeyKind, KeyObject
from .object_system import G20, G21, G21_CONTACT, ObjectSystem, object_system
from .passwords import PasswordReference, Secret, TransportState, digits_of
from .personalisation import Personalisation
from .pki import CardPki

_ALIASES = {"EF.C.CA.CS.E256": "EF.C.CA_eGK.CS.E256"}
_CAN_KEY, _CARD_ACCESS = "SK.CAN", "EF.CardAccess"
_TEST_PIN, _TEST_PUK, _TEST_CAN = "123456", "12345678", "123123"  # what gematik's test cards have
_NOWHERE = Address("Teststraße", "1", "10115", "Berlin", "BE")
# Objects that every card has in its own form, or that say nothing about the card.
_SILENT = frozenset({"MF"})


class ImageError(ValueError):
    """The image cannot be read, or holds what is not supported; the text lists all of it."""


class Imported(NamedTuple):
    """`left_out` names, object by object, the values that were not taken over."""

    card: HealthCard
    left_out: tuple[str, ...]


class _Object(NamedTuple):
    name: str
    values: Mapping[str, str]


def import_image(xml: str, *, today: date, pki: CardPki | None = None) -> Imported:
    """The card in an image, as if made `today`. TEST ONLY. Raises `ImageError`."""
    objects = tuple(_objects(_parsed(xml)))
    system = _fitting(objects)
    values = {_ALIASES.get(o.name, o.name): o.values for o in objects}
    _demand_known(system, values)
    person = _person(values, system)
    left_out: list[str] = []
    chip = Chip(system, _secret(values, person), Personalisation(person, today, pki or CardPki()))
    for name, listed in values.items():
        used = _take(chip, name, listed)
        left_out += [f"{name}: {value}" for value in listed if value not in used]
    return Imported(HealthCard(chip), tuple(left_out))


def _parsed(xml: str) -> Element:
    if "<!DOCTYPE" in xml or "<!ENTITY" in xml:
        raise ImageError("an image with a document type is not read")
    try:
        return ElementTree.fromstring(xml)
    except ElementTree.ParseError as error:
        raise ImageError(f"not XML: {error}") from error


def _objects(element: Element) -> Iterator[_Object]:
    for child in element.iter("child"):
        name = child.get("id", "")
        if not name:
            raise ImageError("a child without an id")
        yield _Object(name, dict(_values(child)))


def _values(element: Element) -> Iterator[tuple[str, str]]:
    """The attributes of an object, those of the objects in it left aside."""
    for part in element:
        if part.tag == "attribute":
            yield part.get("id", ""), "".join((part.text or "").split())
        elif part.tag != "child":
            yield from _values(part)


def _fitting(objects: tuple[_Object, ...]) -> ObjectSystem:
    names = {o.name for o in objects}
    if not names:
        raise ImageError("no `child` in it: this is no card image")
    if not any(name.startswith("PrK.CH.") and name.endswith(".E256") for name in names):
        return object_system(G20)
    return object_system(G21 if _CARD_ACCESS in names or _CAN_KEY in names else G21_CONTACT)


def _demand_known(system: ObjectSystem, values: Mapping[str, Mapping[str, str]]) -> None:
    anchors = {anchor.data.name for anchor in system.anchors}
    strange = [name for name in values if name not in system.things and name not in anchors and name not in _SILENT]
    if strange:
        raise ImageError(f"{system.title} here has no {', '.join(strange)}")


def _octets(name: str, value: str, text: str) -> bytes:
    try:
        return bytes.fromhex(text)
    except ValueError as error:
        raise ImageError(f"{name}: {value} is not hexadecimal") from error


def _block(name: str, values: Mapping[str, str], value: str) -> str | None:
    """The digits of a format-2 block."""
    text = values.get(value)
    if text is None:
        return None
    digits = digits_of(_octets(name, value, text))
    if digits is None:
        raise ImageError(f"{name}: {value} is no format-2 block")
    return digits


def _secret(values: Mapping[str, Mapping[str, str]], person: Person) -> Secret:
    listed = values.get(CARDHOLDER_SECRET, {})
    if listed.get("transportStatus", "regularPassword") != "regularPassword":
        raise ImageError(f"{CARDHOLDER_SECRET}: transportStatus {listed['transportStatus']} is not supported")
    return Secret(person.card.pin, person.card.puk, TransportState.REGULAR)


def _take(chip: Chip, name: str, values: Mapping[str, str]) -> frozenset[str]:
    """Put what an object says into the chip; which of its values that were."""
    thing = chip.system.things.get(name)
    match thing:
        case TransparentFile() if "body" in values:
            return _take_body(chip, thing, values)
        case KeyObject(kind=KeyKind.EC) if "privateKey" in values:
            scalar = int.from_bytes(_octets(name, "privateKey", values["privateKey"]), "big")
            try:
                chip.given_keys[name] = ec.derive_private_key(scalar, CURVE)
            except ValueError as error:
                raise ImageError(f"{name}: privateKey is no scalar of brainpoolP256r1") from error
            return frozenset({"privateKey"})
        case KeyObject(kind=KeyKind.CONNECTION):
            return frozenset({"can", "secret"})
        case PasswordReference(name="PIN.CH"):
            return frozenset({"secret", "PUK", "transportStatus"})
        case _:
            return frozenset()


def _take_body(chip: Chip, file: TransparentFile, values: Mapping[str, str]) -> frozenset[str]:
    body = _octets(file.name, "body", values["body"])
    if len(body) > file.size:
        raise ImageError(f"{file.name}: {len(body)} octets, there is room for {file.size}")
    end = values.get("positionLogicalEndOfFile")
    if end is not None:
        length = int.from_bytes(_octets(file.name, "positionLogicalEndOfFile", end), "big")
        body = body[:length].ljust(min(length, file.size), b"\0")
    chip.contents[file] = body
    return frozenset({"body", "positionLogicalEndOfFile"})


def _person(values: Mapping[str, Mapping[str, str]], system: ObjectSystem) -> Person:
    """Whose card it is, from EF.GDO and, where there is one, EF.PD. The rest is made up."""
    gdo = _octets("EF.GDO", "body", values.get("EF.GDO", {}).get("body", ""))
    try:
        iccsn = dict(tlv.decode(gdo))[0x5A].hex()
    except (tlv.TlvError, KeyError) as error:
        raise ImageError("EF.GDO holds no ICCSN") from error
    can = _block(_CAN_KEY, values.get(_CAN_KEY, {}), "can") or _block(_CAN_KEY, values.get(_CAN_KEY, {}), "secret")
    pin = _block(CARDHOLDER_SECRET, values.get(CARDHOLDER_SECRET, {}), "secret") or _TEST_PIN
    puk = _block(CARDHOLDER_SECRET, values.get(CARDHOLDER_SECRET, {}), "PUK") or _TEST_PUK
    told = _personal_data(_octets("EF.PD", "body", values.get("EF.PD", {}).get("body", "")))
    born = told.get("Geburtsdatum", "19800101")
    return Person(
        title=told.get("Titel", ""),
        given_names=told.get("Vorname", "TEST"),
        family_name=told.get("Nachname", "ONLY"),
        birth_name="",
        birth_date=_day(born),
        sex=told.get("Geschlecht", "X"),
        kvnr=told.get("Versicherten_ID", "A123456780"),
        ik="109500969",
        address=_NOWHERE,
        email="karte@example.org",
        mobile="",
        user_name="",
        password="",
        card=CardData(iccsn, (can or _TEST_CAN) if system.nfc else "", pin, puk, system.nfc),
        documents=(),
    )


def _day(text: str) -> date:
    """YYYYMMDD; an unknown month or day is 00 and becomes the first."""
    try:
        return date(int(text[:4]), max(1, int(text[4:6])), max(1, int(text[6:8])))
    except ValueError as error:
        raise ImageError(f"EF.PD: {text!r} is no day") from error


def _personal_data(octets: bytes) -> dict[str, str]:
    """The texts in EF.PD by element name; none if it is empty."""
    size = int.from_bytes(octets[:2], "big")
    if not size:
        return {}
    try:
        root = _parsed(gzip.decompress(octets[2 : 2 + size]).decode("iso8859-15").partition("?>")[2])
    except (OSError, EOFError) as error:
        raise ImageError("EF.PD is not zipped XML") from error
    return {part.tag.rpartition("}")[2]: part.text for part in root.iter() if part.text}
