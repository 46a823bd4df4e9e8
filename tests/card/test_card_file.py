"""A card as a file, as a tree, and out of an image."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import ocsp
from hypothesis import given
from hypothesis import strategies as st

from emulators.card import CardPki, HealthCard, TransportState, Variant
from emulators.card.card_file import CardFileError, from_text, to_text
from emulators.card.card_image import ImageError, import_image
from emulators.card.card_tree import tree
from emulators.card.passwords import pin_block
from emulators.card.pki import card_serial
from emulators.core.person import Person

Reader = Callable[[str], str]
MakeCard = Callable[..., HealthCard]
Insert = Callable[..., Reader]
Grant = Callable[..., None]

TODAY = date(2021, 3, 23)
ESIGN = "00A4040C0AA000000167455349474E"
VERIFY_HOME = "0020000208" + pin_block("123456").hex()
LOGIN = (VERIFY_HOME, ESIGN, "002241B606840184800100", "002A9E9A20" + "AB" * 32 + "00", "00B08400000000")


# -- files ------------------------------------------------------------------------------------------------------------


def test_a_card_comes_back_with_its_state(make_card: MakeCard, insert: Insert, grant: Grant, tmp_path: Path) -> None:
    card = make_card()
    reader = insert(card)
    grant(reader, 18)
    reader("0020000208" + pin_block("000000").hex())
    reader("002C010208" + pin_block("00000000").hex())
    reader(VERIFY_HOME)
    reader("0026000508" + pin_block("123456").hex())
    reader("00A4040C06D27600000102")
    reader("00D69C0003010203")
    reader("0006032C")
    reader("00A4040C06D27600014407")
    reader("00040000")
    card.save(tmp_path / "card.json")
    loaded = HealthCard.load(tmp_path / "card.json")
    assert loaded.password == card.password
    assert loaded.iccsn == card.iccsn
    again = insert(loaded)
    assert again("80200005") == "62D0"
    assert again("80200002") == "63C3"
    assert again("00A4040C06D27600014407") == "6283"
    assert again("00A4040C06D27600000102") == "9000"
    assert again("00B09C0000") == "0102039000"
    again(VERIFY_HOME)
    assert again("00B2032C00") == "6287"
    card.reset()
    assert again("80CA0100000000") == reader("80CA0100000000")
    assert again("0084000010") == reader("0084000010")


def test_a_card_saved_twice_is_the_same_file(make_card: MakeCard) -> None:
    card = make_card()
    assert to_text(card.chip) == to_text(make_card().chip)
    assert to_text(from_text(to_text(card.chip))) == to_text(card.chip)


@pytest.mark.parametrize("variant", Variant)
def test_a_loaded_card_signs_as_the_one_that_was_saved(make_card: MakeCard, insert: Insert, variant: Variant) -> None:
    card = make_card(variant=variant)
    loaded = HealthCard(from_text(to_text(card.chip)))
    first, second = insert(card), insert(loaded)
    assert [first(command) for command in LOGIN] == [second(command) for command in LOGIN]


def test_transport_state_and_blocking_are_kept(make_card: MakeCard) -> None:
    card = make_card(transport=TransportState.TRANSPORT_PIN, system="egk-g2.0")
    card.block_pin()
    loaded = HealthCard(from_text(to_text(card.chip)))
    assert loaded.password == card.password
    assert loaded.chip.system is card.chip.system


def test_the_file_says_test_only(make_card: MakeCard) -> None:
    assert json.loads(to_text(make_card().chip))["notice"].startswith("TEST ONLY")


def test_a_persons_guardian_comes_along(clara: Person) -> None:
    card = HealthCard.personalised(replace(clara, guardian=clara), today=TODAY)
    assert from_text(to_text(card.chip)).personalisation.person == card.person


@pytest.mark.parametrize(
    ("old", "new", "complaint"),
    [
        ('"format": "pruefstand health card 1"', '"format": "something else"', "format"),
        ('"object_system": "egk-g2.1"', '"object_system": "egk-g9"', "no object system"),
        ('"profile": "tcos"', '"profile": "vendor"', "no card profile"),
        ('"tries": 3', '"tries": "many"', "tries"),
        ('"seed": 0', '"seed": 0, "colour": 1', "colour"),
        ('"files": {}', '"files": {"EF.Nothing": ""}', "EF.Nothing"),
        ('"files": {}', '"files": {"EF.GDO": "zz"}', "hex"),
        ('"files": {}', '"files": {"EF.DIR": ""}', "transparent"),
        ("{", "", "JSON"),
    ],
)
def test_a_damaged_file_is_refused_with_the_reason(make_card: MakeCard, old: str, new: str, complaint: str) -> None:
    text = to_text(make_card().chip)
    assert old in text
    with pytest.raises(CardFileError, match=complaint):
        from_text(text.replace(old, new, 1))


@given(st.text(max_size=60))
def test_any_text_is_a_card_or_an_error(text: str) -> None:
    with pytest.raises(CardFileError):
        from_text(text)


# -- the tree ---------------------------------------------------------------------------------------------------------


def test_the_tree_shows_folders_state_and_rules(make_card: MakeCard, insert: Insert) -> None:
    card = make_card()
    insert(card)("0020000208" + pin_block("000000").hex())
    shown = tree(card)
    assert "TEST ONLY" in shown.details
    assert shown.find("MRPIN.home").details == "02, secret of PIN.CH, 2 tries, PUK 10 uses, regular"
    assert shown.find("EF.GDO").details == "FID 2F02 SFID 02, transparent, 12 of 12 octets"
    assert str(shown.find("EF.GDO").rules[0]) == "READ BINARY: contacts ALW; over the air SmMac(SK.CAN) and RspEnc"
    assert "folder DF.AMTS" in str(shown)
    assert len(list(shown.lines(with_rules=False))) == 1 + len(card.chip.system.things) + 2
    with pytest.raises(LookupError, match=r"EF.Nothing"):
        shown.find("EF.Nothing")


# -- images -----------------------------------------------------------------------------------------------------------


def element(name: str, inner: str = "", **values: str) -> str:
    listed = "".join(f'<attribute id="{key}">{value}</attribute>' for key, value in values.items())
    return f'<child id="{name}"><attributes>{listed}</attributes><children>{inner}</children></child>'


SCALAR = "1F" * 32
ROOT_OBJECTS = (
    element("EF.GDO", body="5A0A80276883110000099999", fileIdentifier="2F02"),
    element("EF.CardAccess", body="31143012060A04007F0007020204020202010202010D"),
    element("EF.C.CA.CS.E256", body="7F2100"),
    element("SK.CAN", can="26654321FFFFFFFF"),
    element("PIN.CH", secret="26112233FFFFFFFF", PUK="2887654321FFFFFF", transportStatus="regularPassword"),
)
SIGNATURE = element("DF.ESIGN", element("PrK.CH.AUT.E256", privateKey=SCALAR))


def image(*objects: str) -> str:
    return f'<?xml version="1.0"?><image>{element("MF", "".join(objects))}</image>'


IMAGE = image(*ROOT_OBJECTS, SIGNATURE)


def test_an_image_becomes_a_card(insert: Insert) -> None:
    card, left_out = import_image(IMAGE, today=TODAY)
    reader = insert(card)
    assert card.chip.system.name == "egk-g2.1"
    assert card.chip.can == "654321"
    assert reader("00B0820000") == "5A0A802768831100000999999000"
    assert reader("00B0870000") == "7F21009000"
    assert reader("0020000208" + pin_block("112233").hex()) == "9000"
    assert reader("002C010208" + pin_block("87654321").hex()) == "9000"
    assert card.chip.given_keys["PrK.CH.AUT.E256"]
    assert left_out == ("EF.GDO: fileIdentifier",)


def test_the_person_on_an_image_is_read_off_it(make_card: MakeCard, insert: Insert) -> None:
    reader = insert(make_card())
    reader("00A4040C06D27600000102")
    body = reader("00B08100000000")[:-4]
    length = f"{len(body) // 2:04X}"
    data = element("EF.PD", body=body + "00" * 9, positionLogicalEndOfFile=length)
    card, left_out = import_image(image(ROOT_OBJECTS[0], element("DF.HCA", data)), today=TODAY)
    assert (card.person.given_names, card.person.family_name) == ("Clara", "Prüfer")
    assert (card.person.kvnr, card.person.birth_date) == ("X110359890", date(1985, 2, 28))
    again = insert(card)
    again("00A4040C06D27600000102")
    assert again("00B08100000000")[:-4] == body
    assert left_out == ("EF.GDO: fileIdentifier",)


def test_an_imported_card_signs_with_its_own_key_and_can_be_saved(insert: Insert) -> None:
    card, _ = import_image(IMAGE, today=TODAY)
    again = HealthCard(from_text(to_text(card.chip)))
    answers = []
    for reader in (insert(card), insert(again)):
        reader("0020000208" + pin_block("112233").hex())
        answers.append([reader(command) for command in LOGIN[1:4]])
    assert answers[0] == answers[1]
    assert answers[0][-1].endswith("9000")


def test_an_image_of_an_old_or_a_contact_card_finds_its_system() -> None:
    gdo = ROOT_OBJECTS[0]
    assert import_image(image(gdo), today=TODAY).card.chip.system.name == "egk-g2.0"
    assert import_image(image(gdo, SIGNATURE), today=TODAY).card.chip.system.name == "egk-g2.1-contact"


@pytest.mark.parametrize(
    ("xml", "complaint"),
    [
        ("", "not XML"),
        ("<image/>", "no card image"),
        ("<!DOCTYPE x><image/>", "document type"),
        (image(element("EF.GDO", body="00")), "no ICCSN"),
        (image(ROOT_OBJECTS[0], element("DF.QES")), "no DF.QES"),
        (image(ROOT_OBJECTS[0], element("EF.PD", body="zz")), "EF.PD: body is not hexadecimal"),
        (image(ROOT_OBJECTS[0], element("EF.PD", body="0002FFFF")), "not zipped"),
        (image(ROOT_OBJECTS[0], element("EF.StatusVD", body="00" * 26)), "room for 25"),
        (image(*ROOT_OBJECTS[:3], element("SK.CAN", can="1234")), "format-2"),
        (image(*ROOT_OBJECTS, element("PrK.CH.AUT.E256", privateKey="00")), "no scalar"),
        (image(ROOT_OBJECTS[0], element("PIN.CH", transportStatus="Leer-PIN")), "Leer-PIN is not supported"),
    ],
)
def test_an_image_that_is_not_supported_says_why(xml: str, complaint: str) -> None:
    with pytest.raises(ImageError, match=complaint):
        import_image(xml, today=TODAY)


# -- certificate status -----------------------------------------------------------------------------------------------

NOON = datetime(2021, 3, 23, 12, tzinfo=UTC)


def asked(pki: CardPki, card: HealthCard, issuer: x509.Certificate) -> ocsp.OCSPResponse:
    certificate = x509.load_der_x509_certificate(card.chip.personalisation.certificate)
    question = ocsp.OCSPRequestBuilder().add_certificate(certificate, issuer, hashes.SHA256()).build()
    return ocsp.load_der_ocsp_response(pki.status(question.public_bytes(Encoding.DER), NOON))


def test_the_status_of_a_certificate_can_be_asked_for(make_card: MakeCard) -> None:
    pki = CardPki()
    card, issuer = make_card(pki=pki), pki.issuer_certificate()
    assert asked(pki, card, issuer).certificate_status is ocsp.OCSPCertStatus.GOOD
    pki.revocations.revoke(card_serial(card.person), NOON)
    assert asked(pki, card, issuer).certificate_status is ocsp.OCSPCertStatus.REVOKED
    foreign = CardPki("FOREIGN").issuer_certificate()
    assert asked(pki, card, foreign).certificate_status is ocsp.OCSPCertStatus.UNKNOWN
    malformed = ocsp.load_der_ocsp_response(pki.status(b"\0", NOON))
    assert malformed.response_status is ocsp.OCSPResponseStatus.MALFORMED_REQUEST


def test_the_revocation_list_holds_what_was_revoked_by_then(clara: Person) -> None:
    pki = CardPki()
    pki.revocations.revoke(card_serial(clara), NOON)
    before = x509.load_der_x509_crl(pki.revocation_list(datetime(2021, 3, 22, tzinfo=UTC)))
    after = x509.load_der_x509_crl(pki.revocation_list(NOON))
    assert len(before) == 0
    assert [entry.serial_number for entry in after] == [card_serial(clara)]
    key = pki.issuer_certificate().public_key()
    assert after.is_signature_valid(key)  # type: ignore[arg-type]  # an EC key
    assert pki.revocation_list(NOON) == pki.revocation_list(NOON)
