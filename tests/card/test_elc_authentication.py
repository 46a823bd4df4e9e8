"""GENERAL AUTHENTICATE with EC keys: a device with a CV certificate and the card agree on session keys."""

from __future__ import annotations

from collections.abc import Callable

from cryptography.hazmat.primitives.asymmetric import ec

from emulators.card import CardPki, HealthCard, cvc, tlv
from emulators.card.access import CHAT_OIDS, Chat, flag_bits
from emulators.card.apdu import CommandApdu
from emulators.card.authority import private_key
from emulators.card.elc_authentication import session_keys
from emulators.card.keys import PublicKey
from emulators.card.secure_messaging import TerminalChannel
from tests.card.conftest import CLARA, PRACTICE, ROOT_CAR, TODAY, Answer, Insert, MakeCard, Reader, data, tell, through

CHOOSE = "002241A406840109800154"
OWN_NUMBER = bytes.fromhex("0009" + CLARA.card.iccsn)
DEVICE, EPHEMERAL = private_key("TEST-ONLY/practice"), private_key("TEST-ONLY/ephemeral")
OPEN = "10860000107C0EC30C"
ISSUER = bytes.fromhex("000A" + "80276883118888888888")
INSURANCE_DATA, PERSON = "00A4040C06D27600000102", "00B0830000"


def answer_of(key: ec.EllipticCurvePrivateKey = EPHEMERAL) -> str:
    return "00860000457C438541" + cvc.public_point(key.public_key()).hex()


def issuing_certificate() -> cvc.CvCertificate:
    """Of somebody whose name has the length of one who authenticates, and who may issue certificates."""
    root = private_key("PRUEFSTAND/cv-root")
    return cvc.issue(root, ROOT_CAR, ISSUER, DEVICE.public_key(), Chat.ti(0), "210323", "251231")


def present(reader: Reader, *roles: int) -> None:
    """Show the certificate of a device with these roles."""
    pki = CardPki()
    authority = pki.cv_issuer_certificate()
    certificate = pki.cv_certificate(PRACTICE, DEVICE.public_key(), Chat.ti(*roles), TODAY)
    assert tell(reader, authority, ROOT_CAR) == "9000"
    assert tell(reader, certificate, authority.holder) == "9000"


def card_key(reader: Reader) -> ec.EllipticCurvePublicKey:
    point = cvc.parse(data(reader("00B0860000"))).point
    return ec.EllipticCurvePublicKey.from_encoded_point(cvc.CURVE, point)


def agree(card: HealthCard, reader: Reader) -> Callable[[CommandApdu], Answer]:
    """Both steps, as a device does them that has the private key; returns the way through the session."""
    static = card_key(reader)
    assert reader(CHOOSE) == "9000"
    told = data(reader(OPEN + PRACTICE.hex() + "00"))
    assert told[:4].hex() == "7c438541"
    theirs = ec.EllipticCurvePublicKey.from_encoded_point(cvc.CURVE, told[4:])
    assert reader(answer_of()) == "9000"
    keys = session_keys(EPHEMERAL, static, DEVICE, theirs)
    channel = TerminalChannel(keys)
    return lambda command: through(card, channel, command)


def test_a_device_and_the_card_agree_on_keys_and_the_roles_count_while_they_last(
    make_card: MakeCard, insert: Insert
) -> None:
    card = make_card()
    reader = insert(card)
    present(reader, 30)
    send = agree(card, reader)
    assert send(CommandApdu(0, 0xA4, 4, 0x0C, bytes.fromhex("D27600000102"))).sw == 0x9000
    assert send(CommandApdu(0, 0xB0, 0x83, 0, b"", 256)).sw == 0x9000
    assert reader(PERSON) == "6982"  # a command in plain ends the session, and what it has proved


# gemSpec_COS N030.400 a and N030.740 a: the role is on the list but once, and leaves it with the session keys.
def test_a_role_proved_before_the_session_ends_with_it(
    make_card: MakeCard, insert: Insert, grant: Callable[..., None]
) -> None:
    card = make_card()
    reader = insert(card)
    grant(reader, 30)
    agree(card, reader)
    reader(INSURANCE_DATA)
    assert reader(PERSON) == "6982"


# gemSpec_COS N084.500 and N030.700
def test_a_wrong_proof_of_the_role_behind_the_session_ends_it(make_card: MakeCard, insert: Insert) -> None:
    card = make_card()
    reader = insert(card)
    present(reader, 30)
    send = agree(card, reader)
    assert send(CommandApdu(0, 0x22, 0x81, 0xA4, tlv.encode(0x83, PRACTICE) + bytes.fromhex("800100"))).sw == 0x9000
    assert len(send(CommandApdu(0, 0x84, 0, 0, b"", 16)).data) == 16
    assert send(CommandApdu(0, 0x82, 0, 0, bytes(64))) == Answer(0x6300, protected=False)
    assert send(CommandApdu(0, 0xA4, 4, 0x0C)) == Answer(0x6988, protected=False)


# gemSpec_COS N104.200 e: keys out of certificates are the root's.
def test_restoring_an_environment_of_the_root_takes_roles_and_session(make_card: MakeCard, insert: Insert) -> None:
    card = make_card()
    reader = insert(card)
    present(reader, 30)
    send = agree(card, reader)
    assert send(CommandApdu(0, 0x22, 0xF3, 1)) == Answer(0x9000, protected=False)
    assert send(CommandApdu(0, 0xA4, 4, 0x0C)) == Answer(0x6988, protected=False)


def test_who_has_no_private_key_cannot_speak_in_the_session(make_card: MakeCard, insert: Insert) -> None:
    card = make_card()
    reader = insert(card)
    present(reader, 30)
    reader(CHOOSE)
    reader(OPEN + PRACTICE.hex() + "00")
    assert reader(answer_of()) == "9000"
    forged = TerminalChannel(session_keys(EPHEMERAL, card_key(insert(make_card())), DEVICE, DEVICE.public_key()))
    assert card.transmit(forged.wrap(CommandApdu(0, 0xA4, 4, 0x0C)).to_bytes()).hex() == "6988"
    reader(INSURANCE_DATA)
    assert reader(PERSON) == "6982"


def test_each_session_has_a_key_of_its_own(reader: Reader) -> None:
    present(reader)
    reader(CHOOSE)
    first = reader(OPEN + PRACTICE.hex() + "00")
    assert reader(OPEN + PRACTICE.hex() + "00") != first


def test_what_the_first_step_cannot_do_is_refused(reader: Reader) -> None:
    assert reader(OPEN + PRACTICE.hex() + "00") == "6985"
    reader(CHOOSE)
    assert reader(OPEN + PRACTICE.hex() + "00") == "6A88"
    present(reader)
    reader(CHOOSE)
    assert reader(OPEN + OWN_NUMBER.hex() + "00") == "6300"
    assert reader("108600000E7C0CC30A" + PRACTICE.hex()[:20] + "00") == "6A80"
    assert reader("00860000107C0EC30C" + PRACTICE.hex() + "00") == "6985"
    assert reader(OPEN + PRACTICE.hex()) == "6700"
    assert tell(reader, issuing_certificate(), ROOT_CAR) == "9000"
    reader(CHOOSE)
    assert reader(OPEN + ISSUER.hex() + "00") == "6A81"
    assert reader(OPEN.replace("0000", "0001", 1) + PRACTICE.hex() + "00") == "6A86"
    assert reader("002241A406840109800100") == "9000"
    assert reader(OPEN + PRACTICE.hex() + "00") == "6A81"


def test_a_certificate_past_its_last_day_opens_nothing(make_card: MakeCard, insert: Insert) -> None:
    card = make_card()
    reader = insert(card)
    present(reader)
    card.chip.point_in_time = "990101"
    reader(CHOOSE)
    assert reader(OPEN + PRACTICE.hex() + "00") == "6983"


def test_the_second_step_needs_the_first_right_before_it(reader: Reader) -> None:
    present(reader)
    reader(CHOOSE)
    assert reader(answer_of()) == "6985"
    reader(OPEN + PRACTICE.hex() + "00")
    reader("80200002")
    assert reader(answer_of()) == "6985"
    reader(OPEN + PRACTICE.hex() + "00")
    assert reader(answer_of()[:-2] + f"{int(answer_of()[-2:], 16) ^ 1:02X}") == "6A80"
    assert reader(answer_of()) == "6985"


def test_the_key_chosen_last_decides_on_the_protocol(reader: Reader) -> None:
    present(reader)
    pace, opening = "0022C1A40F800A04007F00070202040202830102", "10860000027C0000"
    reader(pace)
    assert reader(opening).startswith("7C12")
    reader(CHOOSE)
    assert reader(opening) == "6985"
    assert reader(OPEN + PRACTICE.hex() + "00").endswith("9000")
    reader(pace)
    assert reader("0088000018" + "00" * 24 + "00") == "6985"  # PACE has taken the place of the private key
    assert reader(opening).startswith("7C12")


def test_card_management_by_certificate_may_write(make_card: MakeCard, insert: Insert) -> None:
    card = make_card()
    reader = insert(card)
    pki = CardPki()
    role = Chat(CHAT_OIDS["cms"], flag_bits(8))
    certificate = pki.cv_certificate(PRACTICE, DEVICE.public_key(), role, TODAY)
    learnt = next(anchor for anchor in card.chip.anchors if anchor.chat.oid == role.oid)
    card.chip.learn(PublicKey("PuK.CMS", PRACTICE, certificate.point, role, "991231", learnt.rules))
    send = agree(card, reader)
    assert send(CommandApdu(0, 0xD6, 0x91, 0, b"\xef\x2b")).sw == 0x9000
    question = tlv.encode(0x83, PRACTICE)
    assert send(CommandApdu(0x80, 0x82, 0x80, 0, question)).sw == 0x9000
    assert reader("00D6910002EF2B") == "6982"


def test_the_rule_is_asked_in_the_second_step(reader: Reader) -> None:
    present(reader)
    assert reader("0022F302") == "9000"  # in another security environment nothing is allowed
    assert reader(CHOOSE) == "9000"
    assert reader(OPEN + PRACTICE.hex() + "00").endswith("9000")
    assert reader(answer_of()) == "6982"
