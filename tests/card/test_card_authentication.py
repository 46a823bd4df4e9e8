"""Keys and certificates: proving, checking, signing, deciphering."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from datetime import date, timedelta

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from hypothesis import given
from hypothesis import strategies as st

from emulators.card import CardPki, HealthCard, cvc
from emulators.card.access import Chat
from emulators.card.apdu import CommandApdu
from emulators.card.authority import private_key
from emulators.card.key_commands import mutual_seal, role_digest
from emulators.card.passwords import pin_block
from emulators.card.pki import CARDS_CA, PRACTICES_CA, CvIssuer
from tests.card.conftest import ESIGN, ICCSN8, Answer, Management, data, through

Reader = Callable[[str], str]
MakeCard = Callable[..., HealthCard]
Insert = Callable[..., Reader]
Grant = Callable[..., None]
Present = Callable[[Reader, cvc.CvCertificate, bytes], str]

TODAY = date(2021, 3, 23)
ROOT_CAR = b"DEPST" + bytes.fromhex("870221")
STRANGER = bytes.fromhex("000A" + "80276883118888888888")
DIGEST = hashlib.sha256(b"TEST ONLY").digest()


# -- CV certificates --------------------------------------------------------------------------------------------------


def test_the_cards_certificates_have_the_sizes_of_real_ones_and_form_a_chain(reader: Reader) -> None:
    authority = cvc.parse(data(reader("00B0870000")))
    own = cvc.parse(data(reader("00B0860000")))
    assert (len(authority.to_bytes()), len(own.to_bytes())) == (220, 222)
    assert authority.issuer == ROOT_CAR
    assert own.issuer == authority.holder
    assert own.holder.hex() == "0009" + "80276883110000152715"
    assert own.chat == Chat.ti()
    assert authority.chat == Chat.ti(0)
    key = ec.EllipticCurvePublicKey.from_encoded_point(cvc.CURVE, authority.point)
    assert own.is_signed_by(key)


@given(st.binary(max_size=300))
def test_any_octets_are_a_certificate_or_an_error(octets: bytes) -> None:
    try:
        cvc.parse(octets)
    except cvc.CvcError:
        return


def test_a_certificate_survives_the_wire() -> None:
    certificate = CardPki().cv_issuer_certificate()
    assert cvc.parse(certificate.to_bytes()) == certificate
    assert cvc.parse(certificate.content()) == certificate


def test_roles_open_what_they_open(reader: Reader, grant: Grant) -> None:
    reader("00A4040C06D27600000102")
    assert reader("00B0830000") == "6982"
    grant(reader, 30)
    assert reader("00B0830000").endswith("9000")
    assert reader("00A4040C") == "9000"
    reader("00A4040C06D27600000102")
    assert reader("00B0830000").endswith("9000")


def test_a_role_is_forgotten_with_the_reset(make_card: MakeCard, insert: Insert, grant: Grant) -> None:
    card = make_card()
    reader = insert(card)
    grant(reader, 30)
    card.reset()
    reader("00A4040C06D27600000102")
    assert reader("00B0830000") == "6982"


def test_pin_ch_signs_for_a_practice_only(reader: Reader, grant: Grant) -> None:
    reader("0020000108" + pin_block("123456").hex())
    reader(ESIGN)
    reader("002241B606840184800100")
    assert reader("002A9E9A20" + DIGEST.hex() + "00") == "6982"
    grant(reader, 12)
    assert reader("002A9E9A20" + DIGEST.hex() + "00").endswith("9000")


def test_the_issuer_must_be_known_and_the_certificate_its_own(reader: Reader, present: Present) -> None:
    pki, foreign = CardPki(), CardPki("FOREIGN")
    own, other = pki.cv_issuer_certificate(), foreign.cv_issuer_certificate()
    assert reader("002A00BE00") == "6985"
    assert reader("002281B60A8308" + own.holder.hex()) == "6A88"
    assert present(reader, other, ROOT_CAR) == "6A80"
    changed = own._replace(message=own.message.replace(own.holder, own.holder[:-1] + b"\x22"))
    assert present(reader, changed, ROOT_CAR) == "6A80"
    assert present(reader, own, ROOT_CAR) == "9000"
    stranger = pki.cv_certificate(STRANGER, private_key("x").public_key(), Chat.ti(12), TODAY)
    assert present(reader, stranger, ROOT_CAR) == "6A88"
    assert present(reader, stranger, own.holder) == "9000"


def test_a_certificate_past_its_last_day_is_refused(reader: Reader, present: Present) -> None:
    pki = CardPki()
    authority = pki.cv_issuer_certificate()
    present(reader, authority, ROOT_CAR)
    old = pki.cv_certificate(
        STRANGER, private_key("x").public_key(), Chat.ti(12), TODAY - timedelta(30), validity=timedelta(29)
    )
    assert present(reader, old, authority.holder) == "6983"


# gemSpec_COS N095.900 b.12.ii: only a root's key never expires.
@pytest.mark.parametrize("issuer", [CARDS_CA, PRACTICES_CA])
def test_a_ca_past_its_last_day_is_refused(
    issuer: CvIssuer, make_card: MakeCard, insert: Insert, present: Present
) -> None:
    card = make_card()
    card.chip.point_in_time = "600101"
    assert present(insert(card), CardPki().cv_issuer_certificate(issuer), ROOT_CAR) == "6983"


# gemSpec_COS N095.900 b.15 and N104.300: the highest flag that is left decides what kind of key it is.
def test_the_flags_decide_what_a_key_is_for_and_not_the_length_of_its_name(reader: Reader, present: Present) -> None:
    root, key = private_key("PRUEFSTAND/cv-root"), private_key("x").public_key()
    short, long = STRANGER[-8:], STRANGER
    checks = cvc.issue(root, ROOT_CAR, short, key, Chat.ti(12), "210323", "251231")
    assert present(reader, checks, ROOT_CAR) == "9000"
    assert reader("002281B60A8308" + short.hex()) == "6A81"
    assert reader("002281A40D8308" + short.hex() + "800100") == "6A81"
    issues = cvc.issue(root, ROOT_CAR, long, key, Chat.ti(0, 12), "210323", "251231")
    assert present(reader, issues, ROOT_CAR) == "9000"
    assert reader("002281A411830C" + long.hex() + "800100") == "6A81"
    listed = reader("80CA0100000000")
    assert "A40A8308" + short.hex().upper() in listed
    assert "B60E830C" + long.hex().upper() in listed


@pytest.mark.parametrize(("begin", "until"), [("210323", "551231"), ("210324", "210323")])
def test_a_certificate_must_end_after_it_begins_and_before_its_issuer(
    begin: str, until: str, reader: Reader, present: Present
) -> None:
    pki, key = CardPki(), private_key("x").public_key()
    authority = pki.cv_issuer_certificate()
    present(reader, authority, ROOT_CAR)
    signer = pki.cv_issuer_key()
    wrong = cvc.issue(signer, authority.holder, STRANGER, key, Chat.ti(12), begin, until)
    assert present(reader, wrong, authority.holder) == "6A80"
    right = cvc.issue(signer, authority.holder, STRANGER, key, Chat.ti(12), "210323", authority.until)
    assert present(reader, right, authority.holder) == "9000"


def test_a_wrong_proof_gives_no_role_and_uses_the_random_number_up(
    reader: Reader, present: Present, grant: Grant
) -> None:
    pki = CardPki()
    authority = pki.cv_issuer_certificate()
    present(reader, authority, ROOT_CAR)
    present(reader, pki.cv_certificate(STRANGER, private_key("x").public_key(), Chat.ti(30), TODAY), authority.holder)
    choose = "002281A411830C" + STRANGER.hex() + "800100"
    proof = "0082000040" + "01" * 64
    assert reader("0082000040" + "01" * 64) == "6985"
    assert reader(choose) == "9000"
    assert reader(proof) == "6985"
    reader("0084000008")
    assert reader(proof) == "6985"
    reader("0084000010")
    assert reader(proof) == "6300"
    assert reader(proof) == "6985"
    reader("00A4040C06D27600000102")
    assert reader("00B0830000") == "6982"


def test_learnt_keys_are_listed_and_the_oldest_makes_room(reader: Reader, present: Present) -> None:
    pki = CardPki()
    authority = pki.cv_issuer_certificate()
    present(reader, authority, ROOT_CAR)
    for number in range(4):
        holder = bytes.fromhex(f"000A8027688311777777770{number}")
        present(reader, pki.cv_certificate(holder, private_key("x").public_key(), Chat.ti(), TODAY), authority.holder)
    assert authority.holder.hex().upper() in reader("80CA0100000000")
    holder = bytes.fromhex("000A80276883117777777709")
    present(reader, pki.cv_certificate(holder, private_key("x").public_key(), Chat.ti(), TODAY), authority.holder)
    listed = reader("80CA0100000000")
    assert authority.holder.hex().upper() not in listed
    assert "A40E830C" + holder.hex().upper() in listed


def test_the_security_status_of_a_role_can_be_asked_for(reader: Reader, grant: Grant) -> None:
    question = "808280001A" + "7F4C17" + "06082A8214004C048118" + "5307" + f"{Chat.ti(12).flags:014X}"
    question = question.replace("1A7F4C17", "167F4C13")
    assert reader(question) == "63CF"
    grant(reader, 12)
    assert reader(question) == "9000"
    assert reader("8082800003830113") == "63CF"


# -- INTERNAL and MUTUAL AUTHENTICATE ---------------------------------------------------------------------------------


def test_the_card_proves_its_own_key_but_not_to_itself(reader: Reader) -> None:
    token = bytes(range(16)) + bytes.fromhex("0276883117777777")
    assert reader("0088000018" + token.hex() + "00") == "6985"
    assert reader("002241A406840109800100") == "9000"
    proof = data(reader("0088000018" + token.hex() + "00"))
    certificate = cvc.parse(data(reader("00B0860000")))
    key = ec.EllipticCurvePublicKey.from_encoded_point(cvc.CURVE, certificate.point)
    assert cvc.verifies_digest(key, role_digest(token), proof)
    assert reader("0088000018" + token[:16].hex() + ICCSN8.hex() + "00") == "6A80"
    assert reader("0088000017" + token[:-1].hex() + "00") == "6700"
    assert reader("002241A406840109800105") == "6A81"


@pytest.mark.parametrize(("name", "kid"), [("SK.CMS.AES128", 0x13), ("SK.CMS.AES256", 0x18)])
def test_card_management_agrees_on_keys_and_may_then_write(
    make_card: MakeCard, insert: Insert, name: str, kid: int
) -> None:
    card = make_card()
    reader = insert(card)
    channel = Management(card, reader, kid, name).agree()

    def send(command: CommandApdu) -> Answer:
        return through(card, channel, command)

    assert send(CommandApdu(0, 0xD6, 0x91, 0, b"\xef\x2b")).sw == 0x9000
    assert send(CommandApdu(0x80, 0x82, 0x80, 0, bytes((0x83, 1, kid)))).sw == 0x9000
    assert send(CommandApdu(0, 0xA4, 4, 0x0C, bytes.fromhex("D27600000102"))).sw == 0x9000
    assert send(CommandApdu(0, 0xD6, 0x81, 0, b"\0")).sw == 0x6982  # that is for the key of the insurer's data
    assert reader("00D6810001EF") == "6982"


def test_a_wrong_cryptogram_agrees_on_nothing(reader: Reader) -> None:
    reader("0084000010")
    reader("002281A406830113800154")
    assert reader("0082000078" + "00" * 120 + "00") == "6300"
    assert reader("0082000078" + "00" * 120 + "00") == "6985"


# gemSpec_COS N084.410 a.7.iii
def test_the_card_agrees_on_nothing_with_itself(make_card: MakeCard, insert: Insert) -> None:
    card = make_card()
    reader = insert(card)
    cryptogram = Management(card, reader).cryptogram(ICCSN8)
    assert reader("0082000078" + cryptogram.hex() + "00") == "6300"


# gemSpec_COS N084.500 and N030.700: the key behind the session has failed; SK.VSD's failure would not matter to it.
@pytest.mark.parametrize(("kid", "ended"), [(0x13, True), (0x12, False)])
def test_a_failed_authentication_ends_the_session_of_the_same_key(
    kid: int, ended: bool, make_card: MakeCard, insert: Insert
) -> None:
    card = make_card()
    channel = Management(card, insert(card)).agree()
    assert len(through(card, channel, CommandApdu(0, 0x84, 0, 0, b"", 16)).data) == 16
    choice = CommandApdu(0, 0x22, 0x81, 0xA4, bytes((0x83, 1, kid, 0x80, 1, 0x54)))
    assert through(card, channel, choice) == Answer(0x9000)
    failed = through(card, channel, CommandApdu(0, 0x82, 0, 0, bytes(120), 256))
    assert failed == Answer(0x6300, protected=not ended)
    following = through(card, channel, CommandApdu(0, 0xA4, 4, 0x0C))
    assert following == (Answer(0x6988, protected=False) if ended else Answer(0x9000))


def test_without_room_for_an_answer_nothing_is_agreed_on(make_card: MakeCard, insert: Insert) -> None:
    """MUTUAL AUTHENTICATE without Le is refused, and what was agreed on before goes on."""
    card = make_card()
    management = Management(card, insert(card))
    channel = management.agree()
    challenge = through(card, channel, CommandApdu(0, 0x84, 0, 0, b"", 16)).data
    right = mutual_seal(management.keys, bytes(16) + b"TESTONLY" + challenge + ICCSN8 + management.material)
    assert through(card, channel, CommandApdu(0, 0x82, 0, 0, right)) == Answer(0x6700)
    assert through(card, channel, CommandApdu(0, 0xA4, 4, 0x0C)) == Answer(0x9000)
